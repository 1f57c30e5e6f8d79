/** Objects, markers and look-ups with whatever a test does not care about filled in. */
import type { BodySink } from '../../src/body/body.ts'
import { ManualClock } from '../../src/clock.ts'
import { Counters } from '../../src/counters.ts'
import { InvalidationLog } from '../../src/invalidation/log.ts'
import type { BanTests } from '../../src/object/ban-view.ts'
import type { Claim, ClaimOutcome, Waiter } from '../../src/object/claim.ts'
import { Expiry } from '../../src/object/expiry.ts'
import { FillBudget } from '../../src/object/fill-budget.ts'
import { Filling } from '../../src/object/filling.ts'
import { LocalTable } from '../../src/object/local-table.ts'
import { Marker } from '../../src/object/marker.ts'
import { CachedObject, type ObjectInit } from '../../src/object/object.ts'
import type { Pace } from '../../src/object/pace.ts'
import { bodyOf } from '../../src/object/stored-body.ts'
import type { Found, Lookup, ObjectTable } from '../../src/object/table.ts'
import { MemoryStore } from '../../src/storage/memory.ts'
import { HeaderMap } from '../../vcl-ts/headers.ts'

export type ObjectOptions = Partial<Omit<ObjectInit, 'life'>> & {
  readonly at?: number
  readonly ttl?: number
  readonly grace?: number
  readonly staleIfError?: number
  readonly keep?: number
}

export function object(options: ObjectOptions = {}): CachedObject {
  const { at = 0, ttl = 60, grace = 0, staleIfError = 0, keep = 0, ...init } = options
  return new CachedObject({
    key: 'k',
    target: null,
    status: 200,
    reason: 'OK',
    headers: HeaderMap.of([['Content-Type', 'text/plain']]),
    fieldLines: 'Content-Type: text/plain\r\n',
    withheld: [],
    life: { storedAt: at, ttl, grace, staleIfError, staleIfErrorExplicit: false, keep, age: 0 },
    retention: 'max',
    position: 0,
    etag: null,
    lastModified: null,
    date: 0,
    part: null,
    tags: new Set(),
    mustRevalidate: false,
    lifetimeSource: 'max-age',
    body: bodyOf(Buffer.from('body')),
    backend: 'http://origin',
    ...init,
  })
}

export function marker(options: { key?: string; until?: number; credentialed?: boolean; type?: Marker['type'] } = {}): Marker {
  return new Marker(options.key ?? 'k', options.type ?? 'hitForMiss', options.until ?? 120_000, 0, options.credentialed ?? false)
}

export interface Ask extends Partial<Lookup> {
  /** What the request's fields say, by lower-case name. */
  readonly fields?: Readonly<Record<string, string>>
}

export function ask(options: Ask = {}): Lookup {
  const { fields = {}, ...rest } = options
  const now = options.now ?? 0
  return {
    key: 'k',
    credentialed: false,
    now,
    variant: (names) => names.map((name) => `${name}=${fields[name] ?? ''}`).join('&'),
    alsoMatches: () => false,
    judge: (found) => found.freshness(now),
    covers: () => false,
    range: null,
    alwaysMiss: false,
    ignoreBusy: false,
    ignoreVary: false,
    solitary: false,
    attempt: 0,
    demanding: false,
    completesParts: false,
    ...rest,
  }
}

export function variantOf(names: readonly string[], fields: Readonly<Record<string, string>>): string {
  return ask({ fields }).variant(names)
}

/** The claim of an answer that must have one. */
export function claimOf(found: Found): Claim {
  if ((found.type !== 'fetch' && found.type !== 'object') || found.claim === null) throw new Error(`no claim but ${found.type}`)
  return found.claim
}

/** One who waits and remembers what it was told. */
export class Witness implements Waiter {
  readonly told: ClaimOutcome[] = []

  released(outcome: ClaimOutcome): void {
    this.told.push(outcome)
  }
}

/** A reader that takes all, unless told to pause. */
export class Reader implements BodySink {
  readonly chunks: Buffer[] = []
  readonly ends: string[] = []
  paused = false

  get bytes(): Buffer {
    return Buffer.concat(this.chunks)
  }

  chunk(bytes: Buffer): boolean {
    this.chunks.push(bytes)
    return !this.paused
  }

  end(end: { type: 'complete' } | { type: 'reset'; cause: Error }): void {
    this.ends.push(end.type === 'complete' ? 'complete' : end.cause.message)
  }
}

export const MIB: number = 1024 * 1024

/** A filling that tells the table when it ends, as a fetch does. */
export function fillingFor(
  table: ObjectTable,
  options: ObjectOptions = {},
  kept: boolean = true,
): { filling: Filling; object: CachedObject } {
  const filling: Filling = new Filling(
    null,
    kept,
    { keep: MIB, window: MIB, budget: new FillBudget(16 * MIB) },
    {
      oversize: () => table.discard(made),
      deserted: () => {},
      filled(end, stored) {
        if (end.type === 'complete' && stored !== null) {
          made.body = stored
          table.complete(made)
        } else table.discard(made)
      },
    },
  )
  const made = object({ ...options, body: filling })
  return { filling, object: made }
}

/** Time that a look at it moves, and turns that are taken when told to. */
export class ManualPace implements Pace {
  readonly between: number = 64
  readonly #turns: (() => void)[] = []
  readonly #step: number
  #time = 0

  /** Milliseconds from one look at the time to the next. */
  constructor(step: number) {
    this.#step = step
  }

  get waiting(): number {
    return this.#turns.length
  }

  now(): number {
    this.#time += this.#step
    return this.#time
  }

  turn(callback: () => void): void {
    this.#turns.push(callback)
  }

  /** Takes the next turn. `false`: nobody waits for one. */
  take(): boolean {
    const callback = this.#turns.shift()
    callback?.()
    return callback !== undefined
  }
}

/** Turns that are taken when told to, after each single step; or none that is ever needed. */
export class Turns extends ManualPace {
  override readonly between: number = 1

  constructor(endless: boolean = false) {
    super(endless ? 0 : 4)
  }
}

export interface Rig {
  readonly exact: boolean
  readonly clock: ManualClock
  readonly store: MemoryStore
  readonly table: LocalTable
  readonly expiry: Expiry
  readonly counters: Counters
}

/** A table over a memory store, with time that moves when told to. */
export function rig(options: { budget?: number; variants?: number; pace?: Pace; bans?: BanTests } = {}): Rig {
  const clock = new ManualClock()
  const store = new MemoryStore(options.budget ?? 16 * MIB)
  const counters = new Counters()
  const expiry = new Expiry(clock, (entry) => table.expire(entry))
  const table: LocalTable = new LocalTable({
    store,
    invalidations: new InvalidationLog(),
    now: () => clock.now(),
    variants: options.variants ?? 64,
    counters,
    expiry,
    ...(options.pace === undefined ? {} : { pace: options.pace }),
    ...(options.bans === undefined ? {} : { bans: options.bans }),
  })
  return { exact: true, clock, store, table, expiry, counters }
}
