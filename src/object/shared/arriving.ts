/**
 * What fetches of this worker bring, until it is stored. Nobody else can test it, so it counts as under way from the last ban on that it was tested
 * against: bans that are newer are not forgotten, and none has to wait until it is whole.
 */
import type { LocalTable } from '../local-table.ts'
import type { CachedObject } from '../object.ts'
import type { InFlight } from '../table.ts'

export class Arriving {
  readonly #near: LocalTable
  readonly #flights: InFlight
  /** With the position from which on bans may be of interest. */
  readonly #since = new Map<CachedObject, number>()

  constructor(near: LocalTable, flights: InFlight) {
    this.#near = near
    this.#flights = flights
  }

  /** It is to be shown in the table now, tested up to the head of the log, and to be stored once it is whole. */
  begin(object: CachedObject): void {
    const { position } = this.#near
    this.#since.set(object, position)
    this.#flights.begin(position)
  }

  /** It is stored, or will not be. */
  end(object: CachedObject): void {
    const since = this.#since.get(object)
    if (since === undefined) return
    this.#since.delete(object)
    this.#flights.end(since)
  }

  /** A ban has come. */
  test(): void {
    const { position } = this.#near
    for (const [object, since] of this.#since) {
      this.#near.test(object)
      this.#since.set(object, position)
      this.#flights.begin(position)
      this.#flights.end(since)
    }
  }
}
