/** A ring of consistent hashing: every member has places on it, and a key goes to the owner of the next place. */
import { hash32 } from '../../../vcl-ts/directors/key-by.ts'

export class Ring {
  /** Sorted. */
  readonly #places: Uint32Array
  readonly #owners: Uint32Array
  readonly #members: number

  /** `idents` tell members apart, whatever their order; a member has `replicas` × weight places, at least one. */
  constructor(idents: readonly string[], weights: readonly number[], replicas: number) {
    const places = idents.flatMap((ident, owner) =>
      Array.from({ length: Math.max(1, Math.round(replicas * (weights[owner] ?? 1))) }, (_, replica) => ({
        place: hash32(`${ident} ${replica}`),
        owner,
        ident,
      })),
    )
    places.sort((a, b) => a.place - b.place || (a.ident < b.ident ? -1 : 1))
    this.#places = Uint32Array.from(places, ({ place }) => place)
    this.#owners = Uint32Array.from(places, ({ owner }) => owner)
    this.#members = idents.length
  }

  /** Every member once, in the order in which they come for a key, until `found` answers `true`. */
  walk(key: string, found: (owner: number) => boolean): void {
    const seen = new Set<number>()
    const { length } = this.#places
    for (let at = this.#first(hash32(key)), steps = 0; steps < length && seen.size < this.#members; at++, steps++) {
      const owner = this.#owners[at % length] as number
      if (seen.has(owner)) continue
      seen.add(owner)
      if (found(owner)) return
    }
  }

  /** The first place at or behind a hash. */
  #first(hash: number): number {
    let low = 0
    let high = this.#places.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#places[middle] as number) < hash) low = middle + 1
      else high = middle
    }
    return low
  }
}
