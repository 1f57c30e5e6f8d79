/** Everything that makes stored objects unusable: the one door for every surface (HTTP, policy, admin, command line). */
import type { PurgeSubject } from '../../vcl-ts/actions.ts'
import type { CachedObject } from '../object/object.ts'
import type { ObjectTable, PurgeResult } from '../object/table.ts'
import type { FleetReceipt } from './fleet.ts'
import type { Order } from './fleet-home.ts'

export interface Invalidated {
  /** Objects that went, or were made stale, so far. */
  readonly objects: number
  /** `false`: a ban whose older objects have not all been tested yet; each of them is tested before it is served. */
  readonly complete: boolean
  /** Of a ban, as `ban.list` has it. */
  readonly id?: string
  /** What became of it beyond this node; absent where the node is alone. */
  readonly fleet?: FleetReceipt
}

/** A ban as `ban.list` shows it. */
export interface BanInfo {
  readonly id: string
  readonly expression: string
  /** When it was added, epoch milliseconds. */
  readonly added: number
  /** Stored objects that are older than it and have not been tested against it. */
  readonly references: number
  readonly state: 'active' | 'completed'
  readonly objects: number
}

/** What of the table it needs. */
export type Purgeable = Pick<ObjectTable, 'purge' | 'purgeSubject' | 'count'>

/** What of bans it needs. */
export interface BanSurface {
  ban(expression: string): Invalidated | Promise<Invalidated>
  count(expression: string): Promise<number>
  list(): Promise<readonly BanInfo[]>
  gauges(): Readonly<Record<string, number>>
  stop(): void
}

/** Where what is invalidated on this node is carried out, and told to the others. */
export interface FleetDoor {
  /**
   * Answered when it is in force here, and unless it is `quiet` when the others are told, or it is known that they cannot be now. Throws or rejects
   * with a `BanError` or a `BanLimitError`: then nothing has happened.
   */
  invalidate(order: Order, quiet: boolean, gone?: (object: CachedObject) => void): Invalidated | Promise<Invalidated>
}

export class Invalidation {
  readonly #table: Purgeable
  readonly #banning: BanSurface
  readonly #fleet: FleetDoor | null
  /** Told of each key under which everything is purged from here, hard. */
  onKey: ((key: string) => void) | null = null

  /** `fleet`: the way of everything, where other nodes have to be told. */
  constructor(table: Purgeable, banning: BanSurface, fleet: FleetDoor | null = null) {
    this.#table = table
    this.#banning = banning
    this.#fleet = fleet
  }

  /** Everything under one primary key. */
  purgeKey(key: string, soft: boolean): Invalidated | Promise<Invalidated> {
    if (!soft) this.onKey?.(key)
    if (this.#fleet !== null) return this.#fleet.invalidate({ do: 'key', key, soft }, false)
    const result = this.#table.purge(key, soft)
    return result instanceof Promise ? result.then(whole) : whole(result)
  }

  /**
   * What a subject names. From the moment this is called no older copy is served. `gone` is told of each object that goes, except by a ban,
   * which is always hard. Throws a `BanError` for what is no ban, a `BanLimitError` when there are too many.
   */
  purge(subject: PurgeSubject, soft: boolean, gone?: (object: CachedObject) => void): Invalidated | Promise<Invalidated> {
    if (this.#fleet !== null) {
      const order: Order = subject.by === 'ban' ? { do: 'ban', text: subject.expression } : { do: 'subject', subject, soft }
      return this.#fleet.invalidate(order, false, gone)
    }
    if (subject.by === 'ban') return this.#banning.ban(subject.expression)
    const result = this.#table.purgeSubject(subject, soft, gone)
    return result instanceof Promise ? result.then(whole) : whole(result)
  }

  /** A request with an unsafe method has changed what lies under a key, or carries these tags. In force here when it is answered; others hear of it. */
  unsafe(changed: { readonly key: string } | { readonly tags: readonly string[] }): PurgeResult | Promise<PurgeResult> {
    if ('key' in changed) {
      const { key } = changed
      this.onKey?.(key)
      return this.#fleet === null ? this.#table.purge(key, false) : this.#fleet.invalidate({ do: 'key', key, soft: false }, true)
    }
    const subject = { by: 'tags', tags: changed.tags } as const
    return this.#fleet === null
      ? this.#table.purgeSubject(subject, false)
      : this.#fleet.invalidate({ do: 'subject', subject, soft: false }, true)
  }

  /** How many objects a purge of this would take. Rejects with a `BanError` for what is no ban. */
  async count(subject: PurgeSubject): Promise<number> {
    return subject.by === 'ban' ? this.#banning.count(subject.expression) : (await this.#table.count(subject)).objects
  }

  /** Newest first. What has not been tested yet is counted in slices. */
  bans(): Promise<readonly BanInfo[]> {
    return this.#banning.list()
  }

  /** What the list of bans holds, by the names of Varnish's counters. */
  gauges(): Readonly<Record<string, number>> {
    return this.#banning.gauges()
  }

  /** Ends what goes on in the background. */
  stop(): void {
    this.#banning.stop()
  }
}

function whole({ objects }: PurgeResult): Invalidated {
  return { objects, complete: true }
}
