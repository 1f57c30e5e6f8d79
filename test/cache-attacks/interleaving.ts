/**
 * The object table under a seeded scheduler: readers, fetches, purges, the slices of sweeps and of the lurker take their steps in an order
 * that a seed decides. The origin's content is a version number that every purge follows; nobody who comes after a purge was recorded may
 * get an older version, although most of it has not been carried out yet.
 */
import type { Clock } from '../../src/clock.ts'
import { Counters } from '../../src/counters.ts'
import { Banning, type PositionedLog } from '../../src/invalidation/banning.ts'
import { Bans } from '../../src/invalidation/bans.ts'
import { Invalidation } from '../../src/invalidation/invalidation.ts'
import type { Claim, ClaimOutcome } from '../../src/object/claim.ts'
import type { LocalClaim } from '../../src/object/head.ts'
import { keyOf } from '../../src/object/key-text.ts'
import { LocalTable } from '../../src/object/local-table.ts'
import { CachedObject, Marker } from '../../src/object/object.ts'
import { bodyOf } from '../../src/object/stored-body.ts'
import type { Invalidations, Lookup } from '../../src/object/table.ts'
import { MemoryStore } from '../../src/storage/memory.ts'
import type { PurgeSubject } from '../../vcl-ts/actions.ts'
import { HeaderMap } from '../../vcl-ts/headers.ts'

const HOST = 'www.example'
const URL = '/shop/1'
const KEY = keyOf({ url: URL, host: HOST })
const TAG = 'product'
const NO_NAMES: readonly string[] = []
const VARY: readonly string[] = ['x-v']
/** Others that the same purges are for, so that a sweep has a way to go. */
const BYSTANDERS = 12

/** What is purged, and how fetches are answered. */
export interface Course {
  readonly subjects: readonly PurgeSubject[]
  /** Share of purges that are by key. */
  readonly byKey: number
  /** Share of fetches with a stale object that are answered 304 if the content is as it was. */
  readonly confirms: number
}

const TAGS: PurgeSubject = { by: 'tags', tags: [TAG, 'nobody has it'] }
const PLACES: readonly PurgeSubject[] = [
  { by: 'all' },
  { by: 'host', host: HOST },
  { by: 'prefix', prefix: '/shop/', host: HOST },
  { by: 'url', url: URL, host: HOST },
]
const BANS: readonly PurgeSubject[] = [
  'obj.url ~ ^/shop/',
  'obj.tags has product',
  'obj.status == 200 && obj.host == www.example',
  'obj.http.x-of ~ sh.p',
].map((expression) => ({ by: 'ban', expression }))

export const COURSES: Readonly<Record<string, Course>> = {
  'purges by key, tag, host, prefix, URL and of all': { subjects: [TAGS, TAGS, ...PLACES], byKey: 0.4, confirms: 0 },
  'purges by tag before the answer tells its tags': { subjects: [TAGS], byKey: 0, confirms: 0 },
  '304 answers across purges': { subjects: [TAGS, ...PLACES], byKey: 0.3, confirms: 0.8 },
  'bans with patterns': { subjects: BANS, byKey: 0, confirms: 0 },
  'bans, purges and 304 answers together': { subjects: [TAGS, ...PLACES, ...BANS], byKey: 0.2, confirms: 0.5 },
}

/** What one run came to. */
export interface Verdict {
  /** Whoever got older content than the last purge before it arrived, and what was left over at the end. */
  readonly violations: readonly string[]
  readonly served: number
  readonly purges: number
  /** Fetches that a purge overtook. */
  readonly overtaken: number
  /** Purges and bans that were not over when they had been recorded. */
  readonly sliced: number
  /** 304 answers that renewed a stale object. */
  readonly confirmed: number
  /** Requests that waited for a fetch that a purge had overtaken. */
  readonly patient: number
}

export type Log = Invalidations & PositionedLog

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

export function interleave(seed: number, log: Log, steps: number, course: Course): Verdict {
  const run = new Run(seeded(seed), log, course)
  for (let i = 0; i < steps; i++) run.step()
  run.settle()
  return run
}

type Task = () => void

/** What a request may not get any more: content older than the last hard purge, and fresh content older than the last purge of any kind. */
interface Floor {
  readonly hard: number
  readonly any: number
}

class Run implements Verdict {
  readonly violations: string[] = []
  served = 0
  purges = 0
  overtaken = 0
  sliced = 0
  confirmed = 0
  patient = 0
  readonly #open = new Set<LocalClaim>()
  readonly #random: () => number
  readonly #course: Course
  readonly #table: LocalTable
  readonly #bans: Bans
  readonly #invalidation: Invalidation
  readonly #tasks: Task[] = []
  readonly #versions = new Map<number, number>()
  readonly #vary: boolean
  #now = 0
  /** The origin's content. */
  #version = 1
  #floor: Floor = { hard: 0, any: 0 }

  constructor(random: () => number, log: Log, course: Course) {
    this.#random = random
    this.#course = course
    this.#vary = random() < 0.4
    let passed = 0
    const now = (): number => {
      passed += random() * 4
      return passed
    }
    const turn = (task: Task): void => {
      this.#tasks.push(task)
    }
    const clock: Clock = { now, wall: () => 0, after: () => ({ cancel: () => {}, refresh: () => {} }) }
    const counters = new Counters()
    this.#bans = new Bans({ clock, counters, knows: (name) => this.#table.variesBy(name) })
    this.#table = new LocalTable({
      store: new MemoryStore(random() < 0.2 ? 6000 : 1_000_000),
      invalidations: log,
      bans: this.#bans,
      pace: { between: 1, now, turn },
      now: () => this.#now,
      variants: 64,
      counters,
      expiry: { add: () => {}, remove: () => {} },
    })
    const banning = new Banning({ bans: this.#bans, table: this.#table, log, clock, counters, turn })
    this.#invalidation = new Invalidation(this.#table, banning)
    for (let i = 0; i < BYSTANDERS; i++) this.#keep(this.#object(keyOf({ url: `/shop/${i + 2}`, host: HOST }), 0, 0))
  }

  step(): void {
    this.#now++
    const dice = this.#random()
    if (dice < 0.3) this.#arrive()
    else if (dice < 0.4) this.#purge()
    else this.#takeOne()
  }

  settle(): void {
    this.#takeAll()
    for (let i = 0; i < 4; i++) {
      this.#arrive()
      this.#takeAll()
    }
    if (this.#table.flights.oldest !== Number.POSITIVE_INFINITY) this.violations.push('a fetch is under way for ever')
    if (this.#bans.size > 0) this.violations.push('a ban does not end')
  }

  #takeAll(): void {
    while (this.#tasks.length > 0) this.#takeOne()
  }

  #takeOne(): void {
    const at = Math.floor(this.#random() * this.#tasks.length)
    const [task] = this.#tasks.splice(at, 1)
    task?.()
  }

  /** The resource changes, then it is purged: it counts from the moment at which the purge is recorded. */
  #purge(): void {
    this.#version++
    this.purges++
    const { subjects, byKey } = this.#course
    const subject = subjects[Math.floor(this.#random() * subjects.length)] as PurgeSubject
    const soft = this.#random() < 0.25 && subject.by !== 'ban'
    if (this.#random() < byKey) this.#invalidation.purgeKey(KEY, soft)
    else if (this.#invalidation.purge(subject, soft) instanceof Promise) this.sliced++
    this.#floor = { hard: soft ? this.#floor.hard : this.#version, any: this.#version }
  }

  #arrive(): void {
    const { lookup, names } = this.#request()
    this.#lookUp(lookup, names, this.#floor, 0)
  }

  #lookUp(lookup: Lookup, names: readonly string[], floor: Floor, tries: number): void {
    if (tries > 50) {
      this.violations.push('a request found no end')
      return
    }
    const found = this.#table.find({ ...lookup, now: this.#now })
    if ((found.type === 'fetch' || found.type === 'object') && found.claim !== null) this.#claimed(found.claim as LocalClaim, lookup)
    switch (found.type) {
      case 'object':
        this.#got(found.object, found.freshness === 'fresh' ? floor : { hard: floor.hard, any: 0 })
        if (found.claim !== null) this.#fetch(found.claim, lookup, names, null)
        return
      case 'fetch':
        this.#fetch(found.claim, lookup, names, floor)
        return
      case 'refused':
        this.#fetch(null, lookup, names, floor)
        return
      case 'wait':
        if (found.claim.detached) this.patient++
        this.#table.wait(found.claim, { released: (outcome) => this.#released(outcome, lookup, names, floor, tries) })
    }
  }

  /** A fetch begins. Unless the request insists on one of its own, it is the only one for its variant and class. */
  #claimed(claim: LocalClaim, lookup: Lookup): void {
    for (const other of this.#open) {
      if (other.released) this.#open.delete(other)
      else if (lookup.alwaysMiss || lookup.ignoreBusy || other.credentialed !== lookup.credentialed) continue
      else if (other.variant === lookup.variant(other.names)) this.violations.push('a second fetch beside one under way')
    }
    this.#open.add(claim)
  }

  #released(outcome: ClaimOutcome, lookup: Lookup, names: readonly string[], floor: Floor, tries: number): void {
    if (outcome.type === 'object' && lookup.variant(outcome.names) === outcome.variant) this.#got(outcome.object, floor)
    else if (outcome.type === 'alone') this.#fetch(null, lookup, names, floor)
    else this.#lookUp(lookup, names, floor, tries + 1)
  }

  /** The steps of a fetch: asked, head there, body there; each some time later. */
  #fetch(claim: Claim | null, lookup: Lookup, names: readonly string[], reader: Floor | null): void {
    const position = claim?.position ?? this.#table.position
    this.#table.flights.begin(position)
    this.#ask({ claim, lookup, names, reader, position }, claim?.stale ?? null)
  }

  #ask(fetch: Fetching, stale: CachedObject | null): void {
    this.#tasks.push(() => {
      const version = this.#version
      const confirms = stale !== null && this.#versions.get(stale.id) === version && this.#random() < this.#course.confirms
      this.#tasks.push(() => {
        if (!confirms || stale === null) this.#answer(fetch, version)
        else if (fetch.claim?.detached === true || this.#table.outdated(stale, fetch.position) !== 'valid') this.#ask(fetch, null)
        else {
          this.confirmed++
          this.#answer(fetch, version)
        }
      })
    })
  }

  #answer({ claim, lookup, names, reader, position }: Fetching, version: number): void {
    const variant = lookup.variant(names)
    const table = this.#table
    const landed = (): void => table.flights.end(position)
    if (table.outdated(this.#object(KEY, position, version), position) !== 'valid') this.overtaken++
    const dice = this.#random()
    if (dice < 0.1) {
      if (claim !== null) table.release(claim, { type: 'failed', cause: new Error('broken'), page: null })
      landed()
      return
    }
    if (dice < 0.2) {
      const marker = new Marker(KEY, 'hitForMiss', this.#now + 20, position, lookup.credentialed)
      if (claim !== null) table.refuse(claim, names, variant, marker, true)
      else if (table.overtaken(KEY, position) !== 'hard') table.remember(KEY, names, variant, marker)
      landed()
      return
    }
    const object = this.#object(KEY, position, version)
    if (reader !== null) this.#got(object, reader)
    table.publish(claim, object, names, variant, true)
    landed()
    this.#tasks.push(() => {
      if (this.#random() < 0.15) table.discard(object)
      else table.complete(object)
    })
  }

  /** A request was given an object. */
  #got(object: CachedObject, floor: Floor): void {
    this.served++
    const version = this.#versions.get(object.id) ?? 0
    if (version < floor.hard) this.violations.push(`version ${version} after the purge of ${floor.hard}`)
    else if (version < floor.any) this.violations.push(`version ${version}, called fresh, after the soft purge of ${floor.any}`)
  }

  #keep(object: CachedObject): void {
    this.#table.publish(null, object, NO_NAMES, '', true)
    this.#table.complete(object)
  }

  #object(key: string, position: number, version: number): CachedObject {
    const ttl = this.#random() < 0.5 ? 1000 : 0.005
    const object = new CachedObject({
      key,
      target: null,
      status: 200,
      reason: 'OK',
      headers: HEADERS,
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
      body: BODY,
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

interface Fetching {
  readonly claim: Claim | null
  readonly lookup: Lookup
  readonly names: readonly string[]
  /** Of the request that it is for; `null` when that has been answered. */
  readonly reader: Floor | null
  readonly position: number
}

const HEADERS = HeaderMap.of([['X-Of', 'the shop']])
const BODY = bodyOf(Buffer.alloc(100))
