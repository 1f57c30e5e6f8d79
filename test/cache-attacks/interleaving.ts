/**
 * The object table under a seeded scheduler: readers, fetches and purges of one key take their steps in an order that a seed decides.
 * The origin's content is a version number that every purge follows, by key, tag, host, prefix or all; nobody who comes after a purge may get an older version.
 */
import { Counters } from '../../src/counters.ts'
import type { Claim, ClaimOutcome } from '../../src/object/claim.ts'
import { keyPart } from '../../src/object/key-text.ts'
import { LocalTable } from '../../src/object/local-table.ts'
import { CachedObject, Marker } from '../../src/object/object.ts'
import { bodyOf } from '../../src/object/stored-body.ts'
import type { SubjectPurge } from '../../src/object/subject.ts'
import type { Invalidations, Lookup } from '../../src/object/table.ts'
import { MemoryStore } from '../../src/storage/memory.ts'
import { HeaderMap } from '../../vcl-ts/headers.ts'

const HOST = 'www.example'
const KEY = `${keyPart('/shop/1')}${keyPart(HOST)}`
const TAG = 'product'
const PREFIX: SubjectPurge = { by: 'prefix', prefix: '/shop/', host: HOST }
const NO_NAMES: readonly string[] = []
const VARY: readonly string[] = ['x-v']

/** What one run came to. */
export interface Verdict {
  /** Whoever got older content than the last purge before it arrived. */
  readonly violations: readonly string[]
  readonly served: number
  readonly purges: number
  /** Fetches that a purge overtook. */
  readonly overtaken: number
}

/** A fast generator of numbers in [0, 1). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

export function interleave(seed: number, log: Invalidations, steps: number): Verdict {
  const run = new Run(seeded(seed), log)
  for (let i = 0; i < steps; i++) run.step()
  run.settle()
  return run
}

type Task = () => void

class Run implements Verdict {
  readonly violations: string[] = []
  served = 0
  purges = 0
  overtaken = 0
  readonly #random: () => number
  readonly #table: LocalTable
  readonly #tasks: Task[] = []
  readonly #versions = new Map<number, number>()
  readonly #vary: boolean
  #now = 0
  /** The origin's content, the last hard purge and the last purge of any kind. */
  #version = 1
  #hard = 0
  #any = 0

  constructor(random: () => number, log: Invalidations) {
    this.#random = random
    this.#vary = random() < 0.4
    this.#table = new LocalTable({
      store: new MemoryStore(random() < 0.2 ? 2500 : 1_000_000),
      invalidations: log,
      now: () => this.#now,
      variants: 64,
      counters: new Counters(),
      expiry: { add: () => {}, remove: () => {} },
    })
  }

  step(): void {
    this.#now++
    const dice = this.#random()
    if (dice < 0.3) this.#arrive()
    else if (dice < 0.4) this.#purge()
    else this.#takeOne()
  }

  settle(): void {
    while (this.#tasks.length > 0) this.#takeOne()
    for (let i = 0; i < 4; i++) {
      this.#arrive()
      while (this.#tasks.length > 0) this.#takeOne()
    }
  }

  #takeOne(): void {
    const at = Math.floor(this.#random() * this.#tasks.length)
    const [task] = this.#tasks.splice(at, 1)
    task?.()
  }

  /** The resource changes, then it is purged: the answer to the purge is the end of this call. */
  #purge(): void {
    this.#version++
    this.purges++
    const soft = this.#random() < 0.25
    const dice = this.#random()
    if (dice < 0.4) this.#table.purge(KEY, soft)
    else if (dice < 0.85) this.#table.purgeSubject({ by: 'tags', tags: [TAG, 'nobody has it'] }, soft)
    else this.#table.purgeSubject(dice < 0.9 ? { by: 'all' } : dice < 0.95 ? { by: 'host', host: HOST } : PREFIX, soft)
    this.#any = this.#version
    if (!soft) this.#hard = this.#version
  }

  #arrive(): void {
    const { lookup, names } = this.#request()
    this.#lookUp(lookup, names, this.#hard, this.#any, 0)
  }

  #lookUp(lookup: Lookup, names: readonly string[], hard: number, any: number, tries: number): void {
    if (tries > 50) {
      this.violations.push('a request found no end')
      return
    }
    const found = this.#table.find({ ...lookup, now: this.#now })
    switch (found.type) {
      case 'object':
        this.#got(found.object, hard, found.freshness === 'fresh' ? any : 0)
        if (found.claim !== null) this.#fetch(found.claim, lookup, names, null)
        return
      case 'fetch':
        this.#fetch(found.claim, lookup, names, { hard, any })
        return
      case 'refused':
        this.#fetch(null, lookup, names, { hard, any })
        return
      case 'wait':
        this.#table.wait(found.claim, { released: (outcome) => this.#released(outcome, lookup, names, hard, any, tries) })
    }
  }

  #released(outcome: ClaimOutcome, lookup: Lookup, names: readonly string[], hard: number, any: number, tries: number): void {
    if (outcome.type === 'object' && lookup.variant(outcome.names) === outcome.variant) this.#got(outcome.object, hard, any)
    else if (outcome.type === 'alone') this.#fetch(null, lookup, names, { hard, any })
    else this.#lookUp(lookup, names, hard, any, tries + 1)
  }

  /** The steps of a fetch: asked, head there, body there; each some time later. */
  #fetch(claim: Claim | null, lookup: Lookup, names: readonly string[], reader: { hard: number; any: number } | null): void {
    const position = claim?.position ?? this.#table.position
    this.#tasks.push(() => {
      const version = this.#version
      this.#tasks.push(() => this.#answer(claim, lookup, names, reader, position, version))
    })
  }

  #answer(
    claim: Claim | null,
    lookup: Lookup,
    names: readonly string[],
    reader: { hard: number; any: number } | null,
    position: number,
    version: number,
  ): void {
    const variant = lookup.variant(names)
    const table = this.#table
    if (this.#table.overtaken(KEY, position) !== 'valid') this.overtaken++
    const dice = this.#random()
    if (dice < 0.1) {
      if (claim !== null) table.release(claim, { type: 'failed', cause: new Error('broken') })
      return
    }
    if (dice < 0.2) {
      const marker = new Marker(KEY, 'hitForMiss', this.#now + 20, position, lookup.credentialed)
      if (claim !== null) table.refuse(claim, names, variant, marker, true)
      else if (table.overtaken(KEY, position) !== 'hard') table.remember(KEY, names, variant, marker)
      return
    }
    const object = this.#object(position, version)
    if (reader !== null) this.#got(object, reader.hard, reader.any)
    table.publish(claim, object, names, variant, true)
    this.#tasks.push(() => {
      if (this.#random() < 0.15) table.discard(object)
      else table.complete(object)
    })
  }

  /** A request was given an object; `fresh` is the last soft purge that it counts for. */
  #got(object: CachedObject, hard: number, fresh: number): void {
    this.served++
    const version = this.#versions.get(object.id) ?? 0
    if (version < hard) this.violations.push(`version ${version} after the purge of ${hard}`)
    else if (version < fresh) this.violations.push(`version ${version}, called fresh, after the soft purge of ${fresh}`)
  }

  #object(position: number, version: number): CachedObject {
    const ttl = this.#random() < 0.5 ? 1000 : 0.005
    const object = new CachedObject({
      key: KEY,
      target: null,
      status: 200,
      reason: 'OK',
      headers: new HeaderMap(),
      fieldLines: '',
      withheld: NO_NAMES,
      life: { storedAt: this.#now, ttl, grace: 1000, staleIfError: 0, staleIfErrorExplicit: false, keep: 0, age: 0 },
      retention: 'max',
      position,
      etag: null,
      lastModified: null,
      date: 0,
      part: null,
      tags: ['other', TAG],
      mustRevalidate: false,
      lifetimeSource: 'max-age',
      body: bodyOf(Buffer.alloc(100)),
      backend: '',
    })
    this.#versions.set(object.id, version)
    return object
  }

  #request(): { lookup: Lookup; names: readonly string[] } {
    const value = this.#vary && this.#random() < 0.5 ? 'b' : 'a'
    const lookup: Lookup = {
      key: KEY,
      credentialed: this.#random() < 0.2,
      now: this.#now,
      variant: (names) => (names.length === 0 ? '' : value),
      alsoMatches: () => false,
      judge: (object) => object.freshness(this.#now),
      covers: () => false,
      range: null,
      alwaysMiss: this.#random() < 0.05,
      ignoreBusy: this.#random() < 0.05,
      ignoreVary: false,
      solitary: this.#random() < 0.05,
      attempt: 0,
      demanding: false,
      completesParts: false,
    }
    return { lookup, names: this.#vary ? VARY : NO_NAMES }
  }
}
