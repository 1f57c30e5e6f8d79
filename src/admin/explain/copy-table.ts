/**
 * A table of its own for one request: the real one, with copies of what lies under the keys that the request looks up. What the machines do to
 * it happens to nobody else.
 */
import type { Counters } from '../../counters.ts'
import type { Claim, ClaimOutcome, Waiter } from '../../object/claim.ts'
import { FillBudget } from '../../object/fill-budget.ts'
import { Filling } from '../../object/filling.ts'
import type { LocalClaim } from '../../object/head.ts'
import { LocalTable } from '../../object/local-table.ts'
import { Marker } from '../../object/marker.ts'
import type { CachedObject } from '../../object/object.ts'
import { copyOf } from '../../object/object-copy.ts'
import type { PeekedClaim } from '../../object/peek.ts'
import { StoredBody } from '../../object/stored-body.ts'
import type { Found, Lookup, PurgeResult } from '../../object/table.ts'
import { MemoryStore } from '../../storage/memory.ts'

export interface CopyTableInit {
  readonly real: LocalTable
  readonly now: () => number
  /** As the real one's. */
  readonly variants: number
  readonly retention: 'max' | 'sum'
  readonly counters: Counters
  /** Something ended or began to wait. */
  readonly moved: () => void
}

const NO_TIMES = { add: () => {}, remove: () => {} }
const SILENT: Waiter = { released: () => {} }
/** Nothing is evicted from a copy. */
const ROOM = 2 ** 50

export class CopyTable extends LocalTable {
  /** Claims that this request got, in order. */
  readonly claims: Claim[] = []
  /** Somebody else's fetch that it waits for. */
  waitsFor: Claim | null = null
  /** How many wait for it already. */
  waitsWith = 0
  /** What its fetches brought and would be kept. */
  readonly kept: Set<CachedObject> = new Set()
  readonly #init: CopyTableInit
  readonly #copied = new Set<string>()
  readonly #originals = new Map<CachedObject, CachedObject>()

  constructor(init: CopyTableInit) {
    const { real, now, variants, counters } = init
    super({
      store: new MemoryStore(ROOM),
      invalidations: {
        get head() {
          return real.position
        },
        purgeKey: () => {},
        purgeSubject: () => real.position,
        // Copies are made of what stands; what a fetch brings is tested by its key.
        verdict: (key, since) => real.overtaken(key, since),
      },
      now,
      variants,
      counters,
      expiry: NO_TIMES,
    })
    this.#init = init
  }

  /** The stored object that one of this table is a copy of; `null` for what came since. */
  original(copy: CachedObject): CachedObject | null {
    return this.#originals.get(copy) ?? null
  }

  override find(lookup: Lookup): Found {
    this.#copy(lookup.key)
    const found = super.find(lookup)
    if ((found.type === 'fetch' || found.type === 'object') && found.claim !== null) this.claims.push(found.claim)
    return found
  }

  override wait(claim: Claim, waiter: Waiter): () => void {
    this.waitsFor = claim
    this.waitsWith = claim.waiters
    this.#init.moved()
    return super.wait(claim, waiter)
  }

  override publish(claim: Claim | null, object: CachedObject, names: readonly string[], variant: string, store: boolean): void {
    super.publish(claim, object, names, variant, store)
    if (store) this.kept.add(object)
    this.#init.moved()
  }

  override refuse(claim: Claim, names: readonly string[], variant: string, marker: Marker | null, supersedes: boolean): void {
    super.refuse(claim, names, variant, marker, supersedes)
    this.#init.moved()
  }

  override release(claim: Claim, outcome: ClaimOutcome): void {
    super.release(claim, outcome)
    this.#init.moved()
  }

  override purge(key: string, soft: boolean): PurgeResult {
    for (const each of [key, ...this.#init.real.slicesOf(key)]) this.#copy(each)
    return super.purge(key, soft)
  }

  #copy(key: string): void {
    if (this.#copied.has(key)) return
    this.#copied.add(key)
    const { variants, claims } = this.#init.real.peek(key)
    for (const claim of claims) this.#claimAs(key, claim)
    for (const { names, variant, whole, part, filling, markers, softened } of variants) {
      for (const object of [whole, part]) {
        if (object === null) continue
        const copy = this.#copyOf(object)
        const stale = softened.get(object)
        if (stale !== undefined) copy.soften(stale)
        super.publish(null, copy, names, variant, true)
        super.complete(copy)
      }
      if (filling !== null) super.publish(null, this.#copyOf(filling), names, variant, true)
      for (const { type, expiresAt, credentialed } of markers)
        super.remember(key, names, variant, new Marker(key, type, expiresAt, this.position, credentialed))
    }
  }

  /** A claim like somebody else's. Its names are those that are the newest when it is made, so for a moment something is there under them. */
  #claimAs(key: string, claim: PeekedClaim): void {
    const now = this.#init.now()
    const stand = new Marker(key, 'hitForMiss', now, this.position, false)
    super.remember(key, claim.names, claim.variant, stand)
    const found = super.find(forcing(key, claim, now))
    this.expire(stand)
    if (found.type !== 'fetch' || found.claim === null) return
    if (claim.overtakenAt !== null) (found.claim as LocalClaim).overtake(claim.overtakenAt)
    for (let i = 0; i < claim.waiters; i++) super.wait(found.claim, { ...SILENT })
  }

  #copyOf(object: CachedObject): CachedObject {
    const { body } = object
    const copy = copyOf(object, {
      position: this.position,
      retention: this.#init.retention,
      // Reading one that arrives would count as a reader.
      body: body instanceof StoredBody ? body : new Filling(body.length, false, NO_ROOM, NOBODY),
    })
    this.#originals.set(copy, object)
    return copy
  }
}

const NO_ROOM = { keep: 0, window: 1, budget: new FillBudget(0) }
const NOBODY = { oversize: () => {}, deserted: () => {}, filled: () => {} }

/** A look-up that always gets a claim, of that variant. */
function forcing(key: string, { variant, credentialed, range, attempt }: PeekedClaim, now: number): Lookup {
  return {
    key,
    credentialed,
    now,
    variant: () => variant,
    alsoMatches: () => false,
    judge: () => 'stale',
    covers: () => false,
    range,
    alwaysMiss: true,
    ignoreBusy: true,
    ignoreVary: false,
    solitary: false,
    attempt,
    demanding: false,
    completesParts: false,
  }
}
