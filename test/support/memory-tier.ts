/**
 * A tier behind memory that is memory: what a fleet's nodes share, in one process. It does what the contract says, at a pace and with failures
 * that tests set, and keeps books of every claim.
 */
import type { Clock } from '../../src/clock.ts'
import { Marker } from '../../src/object/marker.ts'
import type { CachedObject } from '../../src/object/object.ts'
import { copyOf } from '../../src/object/object-copy.ts'
import { StoredBody } from '../../src/object/stored-body.ts'
import type { ObjectTable } from '../../src/object/table.ts'
import type { FleetClaim, Keeping, Recalled, Refusing, Tier, Wanted } from '../../src/object/tier.ts'

interface Place {
  readonly names: readonly string[]
  readonly variant: string
  readonly since: number
}

interface ObjectPlace extends Place {
  readonly object: CachedObject
  readonly bytes: Buffer
}

interface RefusalPlace extends Place {
  readonly marker: Marker
}

type Outcome = 'kept' | 'refused' | 'again' | 'alone'

/** A turn in the fleet. */
export class Turn implements FleetClaim {
  readonly key: string
  /** How it ended; more than one is a mistake. */
  readonly ends: Outcome[] = []
  readonly #ended: (outcome: Outcome) => void

  constructor(key: string, ended: (outcome: Outcome) => void) {
    this.key = key
    this.#ended = ended
  }

  release(outcome: Outcome): void {
    this.ends.push(outcome)
    if (this.ends.length === 1) this.#ended(outcome)
  }
}

/** What all nodes see. */
export class Shelf {
  readonly turns: Turn[] = []
  /** Keys asked for, in order. */
  readonly asked: string[] = []
  readonly kept: Keeping[] = []
  readonly refused: Refusing[] = []
  readonly forgotten: string[] = []
  /** Each recall waits for it before it looks. */
  before: Promise<void> | null = null
  /** Each recall waits for it when it has looked. */
  behind: Promise<void> | null = null
  /** Redis is away. */
  away = false
  /** Recalls reject, against the contract. */
  broken = false
  position = 1
  readonly #objects = new Map<string, ObjectPlace[]>()
  readonly #refusals = new Map<string, RefusalPlace[]>()
  readonly #purged = new Map<string, number>()
  readonly #held = new Map<string, Turn>()
  readonly #waiting = new Map<string, Set<(outcome: Outcome) => void>>()

  /** Of one thread. */
  tier(table: Pick<ObjectTable, 'position'>, clock: Clock): Tier {
    return new MemoryTier(this, table, clock)
  }

  /** A hard purge somewhere in the fleet. */
  purge(key: string): void {
    this.#purged.set(key, ++this.position)
  }

  objectsUnder(key: string): readonly ObjectPlace[] {
    return this.#objects.get(key) ?? []
  }

  valid(key: string, { since }: Place): boolean {
    return since >= (this.#purged.get(key) ?? 0)
  }

  refusalsUnder(key: string): readonly RefusalPlace[] {
    return this.#refusals.get(key) ?? []
  }

  put({ object, names, variant, since }: Omit<Keeping, 'claim'>): void {
    if (!(object.body instanceof StoredBody)) throw new Error('what is kept is not whole')
    const place = { object, names: [...names], variant, since, bytes: Buffer.concat(object.body.segments) }
    this.#objects.set(object.key, [place, ...this.objectsUnder(object.key).filter((other) => !alike(other, place))])
    this.#refusals.delete(object.key)
  }

  putRefusal({ marker, names, variant, since }: Omit<Refusing, 'claim'>): void {
    const place = { marker, names, variant, since }
    this.#refusals.set(marker.key, [place, ...this.refusalsUnder(marker.key).filter((other) => !alike(other, place))])
  }

  drop(key: string): void {
    this.#objects.delete(key)
    this.#refusals.delete(key)
  }

  /** Somebody's turn under a name; `null`: it is another one's. */
  claim(name: string, key: string): Turn | null {
    if (this.#held.has(name)) return null
    const turn = new Turn(key, (outcome) => {
      this.#held.delete(name)
      const waiting = this.#waiting.get(name) ?? []
      this.#waiting.delete(name)
      for (const wake of waiting) wake(outcome)
    })
    this.#held.set(name, turn)
    this.turns.push(turn)
    return turn
  }

  /** Until the turn under a name has ended, or a moment of the clock; `null`: that came first. */
  wait(name: string, until: number, clock: Clock): Promise<Outcome | null> {
    return new Promise((resolve) => {
      const waiting = this.#waiting.get(name) ?? new Set()
      this.#waiting.set(name, waiting)
      const timer = clock.after(Math.max(0, until - clock.now()), () => {
        waiting.delete(wake)
        resolve(null)
      })
      const wake = (outcome: Outcome): void => {
        timer.cancel()
        resolve(outcome)
      }
      waiting.add(wake)
    })
  }
}

class MemoryTier implements Tier {
  readonly #shelf: Shelf
  readonly #table: Pick<ObjectTable, 'position'>
  readonly #clock: Clock

  constructor(shelf: Shelf, table: Pick<ObjectTable, 'position'>, clock: Clock) {
    this.#shelf = shelf
    this.#table = table
    this.#clock = clock
  }

  get position(): number {
    return this.#shelf.position
  }

  async recall(wanted: Wanted): Promise<Recalled> {
    const shelf = this.#shelf
    shelf.asked.push(wanted.key)
    if (shelf.broken) throw new Error('the tier is broken')
    if (shelf.before !== null) await shelf.before
    const recalled = await this.#look(wanted)
    if (shelf.behind !== null) await shelf.behind
    return recalled
  }

  keep(keeping: Keeping): void {
    const shelf = this.#shelf
    shelf.kept.push(keeping)
    if (!shelf.away && shelf.valid(keeping.object.key, keeping)) shelf.put(keeping)
    endTurn(keeping.claim, 'kept')
  }

  refuse(refusing: Refusing): void {
    const shelf = this.#shelf
    shelf.refused.push(refusing)
    if (!shelf.away && shelf.valid(refusing.marker.key, refusing)) shelf.putRefusal(refusing)
    endTurn(refusing.claim, 'refused')
  }

  forget(key: string): void {
    this.#shelf.forgotten.push(key)
    this.#shelf.drop(key)
  }

  stop(): void {}

  async #look(wanted: Wanted): Promise<Recalled> {
    const shelf = this.#shelf
    const { key, until, after } = wanted
    for (;;) {
      if (shelf.away) return { type: 'nothing', claim: null }
      const found = this.#find(wanted)
      if (found !== null && (found.type === 'refused' || found.object.freshness(this.#clock.now()) !== 'stale')) return found
      const name = `${wanted.credentialed} ${wanted.variant(shelf.objectsUnder(key)[0]?.names ?? [])} ${key}`
      const turn = shelf.claim(name, key)
      if (turn !== null) return found === null ? { type: 'nothing', claim: turn } : { ...found, claim: turn }
      if (until <= this.#clock.now()) return found ?? { type: 'nothing', claim: null }
      const outcome = await shelf.wait(name, until, this.#clock)
      if (outcome === 'alone') return { type: 'alone' }
      if (outcome === null && after === null && found !== null) return found
    }
  }

  #find({ key, credentialed, variant, after }: Wanted): Exclude<Recalled, { type: 'nothing' | 'alone' }> | null {
    const shelf = this.#shelf
    const now = this.#clock.now()
    const place = shelf.objectsUnder(key).find((each) => shelf.valid(key, each) && variant(each.names) === each.variant)
    if (place !== undefined && now < place.object.expiresAt) {
      const { object, names, bytes } = place
      const copy = copyOf(object, { body: new StoredBody(Buffer.from(bytes)), position: this.#table.position })
      if (after === null || (copy.freshness(now) === 'fresh' && copy.storedAt > after))
        return { type: 'object', object: copy, names: [...names], variant: place.variant, claim: null }
    }
    if (after !== null) return null
    const refusal = shelf
      .refusalsUnder(key)
      .find((each) => shelf.valid(key, each) && each.marker.credentialed === credentialed && variant(each.names) === each.variant)
    if (refusal === undefined || now >= refusal.marker.expiresAt) return null
    const { type, expiresAt } = refusal.marker
    const marker = new Marker(key, type, expiresAt, this.#table.position, credentialed)
    return { type: 'refused', marker, names: refusal.names, variant: refusal.variant }
  }
}

function endTurn(claim: FleetClaim | null, outcome: Outcome): void {
  if (claim === null) return
  if (!(claim instanceof Turn)) throw new Error('the claim is not one of this tier')
  claim.release(outcome)
}

function alike(a: Place & { readonly marker?: Marker }, b: Place & { readonly marker?: Marker }): boolean {
  return a.variant === b.variant && a.names.join() === b.names.join() && a.marker?.credentialed === b.marker?.credentialed
}
