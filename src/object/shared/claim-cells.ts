/**
 * Who fetches what, over all workers: a cell holds the tag of a key and the worker whose claim it is. Never do two hold the same tag.
 *
 * A taker enters the group's first empty cell as a *candidate*, looks through the group again, and then takes. Of two candidates with one tag that
 * in the lower cell ends the other, which then finds it; what one of them cannot see came after it, and sees it. No cell is waited for.
 */
import { CLAIM_GROUP, type SharedMemory } from './memory.ts'

/** A cell: 24 bits of tag, which are never all 0, one of candidacy, seven of the participant. */
const TAG = ~0xff
const CANDIDATE = 0x80
const PARTICIPANT = 0x7f
const TAG_ONE = 0x100
const EMPTY = 0

/** Who has no luck goes without a claim. */
const TRIES = 32
/** After so many tries, a candidate in a lower cell is one whose thread does not run, or is dead: it is ended as well. */
const PATIENCE = 16

/**
 * What `take` gives is the cell, and above that how often this participant has taken it. A claim that another overtook may end long after its cell
 * came back to the same participant for a newer one: by that number its end is told from the newer claim's.
 */
const CELL_BITS = 16
const CELL = 0xffff
const MOST_TURNS = 0x3fff

export class ClaimCells {
  readonly #cells: Int32Array
  readonly #groups: number
  readonly #turns: Uint16Array

  constructor(memory: SharedMemory) {
    this.#cells = new Int32Array(memory.claims)
    this.#groups = this.#cells.length / CLAIM_GROUP
    this.#turns = new Uint16Array(this.#cells.length)
  }

  /**
   * Asks for the key with that hash and, from another seed, that tag, of which the upper 24 bits count. `participant` is a worker, 1 and up.
   *
   * A positive number is the claim, for `free`. A negative one is the worker that holds it, negated; it may be this one, and it may be another key
   * with the same tag. 0: there is no room.
   */
  take(hash: number, tag: number, participant: number): number {
    const cells = this.#cells
    const group = this.#groupOf(hash)
    const held = tagOf(tag) | participant
    const candidate = held | CANDIDATE
    for (let tries = 0; tries < TRIES; tries++) {
      const holder = this.#holderIn(group, held & TAG)
      if (holder !== 0) return -holder
      const cell = this.#enter(group, candidate)
      if (cell < 0) return 0
      const other = this.#prevail(group, cell, candidate, tries < PATIENCE)
      if (other === 0 && Atomics.compareExchange(cells, cell, candidate, held) === candidate) return this.#claimOf(cell)
      if (other !== 0) Atomics.compareExchange(cells, cell, candidate, EMPTY)
    }
    return 0
  }

  /** Ends a claim that `take` or `steal` gave this participant. `false`: it was no longer its own. */
  free(claim: number, tag: number, participant: number): boolean {
    const cell = claim & CELL
    if (this.#turns[cell] !== claim >> CELL_BITS) return false
    const held = tagOf(tag) | participant
    return Atomics.compareExchange(this.#cells, cell, held, EMPTY) === held
  }

  /** Takes over what `from` holds, because what it fetches is overtaken. The claim, as of `take`; 0: `from` holds it no longer. */
  steal(hash: number, tag: number, from: number, to: number): number {
    const group = this.#groupOf(hash)
    const held = tagOf(tag) | from
    for (let cell = group; cell < group + CLAIM_GROUP; cell++) {
      if (Atomics.compareExchange(this.#cells, cell, held, tagOf(tag) | to) === held) return this.#claimOf(cell)
    }
    return 0
  }

  /** The worker that holds it; 0: nobody. */
  holder(hash: number, tag: number): number {
    return this.#holderIn(this.#groupOf(hash), tagOf(tag))
  }

  /** Empties all cells of a participant that is dead; tells how many claims it held. */
  freeAll(participant: number): number {
    const cells = this.#cells
    let count = 0
    for (let cell = 0; cell < cells.length; cell++) {
      const word = Atomics.load(cells, cell)
      if (word === EMPTY || (word & PARTICIPANT) !== participant) continue
      if (Atomics.compareExchange(cells, cell, word, EMPTY) === word && (word & CANDIDATE) === 0) count++
    }
    return count
  }

  #groupOf(hash: number): number {
    return (hash & (this.#groups - 1)) * CLAIM_GROUP
  }

  #holderIn(group: number, tag: number): number {
    const cells = this.#cells
    for (let cell = group; cell < group + CLAIM_GROUP; cell++) {
      const word = Atomics.load(cells, cell)
      if ((word & TAG) === tag && (word & CANDIDATE) === 0) return word & PARTICIPANT
    }
    return 0
  }

  /** The cell of the group that the candidate now stands in; -1: all are taken. */
  #enter(group: number, candidate: number): number {
    const cells = this.#cells
    for (let cell = group; cell < group + CLAIM_GROUP; cell++) {
      if (Atomics.compareExchange(cells, cell, EMPTY, candidate) === EMPTY) return cell
    }
    return -1
  }

  /** Ends the candidates with the same tag in higher cells, or in all. 0, or who stands in the way: a holder, or a candidate in a lower cell. */
  #prevail(group: number, own: number, candidate: number, patient: boolean): number {
    const cells = this.#cells
    for (let cell = group; cell < group + CLAIM_GROUP; cell++) {
      if (cell === own) continue
      for (;;) {
        const word = Atomics.load(cells, cell)
        if ((word & TAG) !== (candidate & TAG)) break
        if ((word & CANDIDATE) === 0 || (patient && cell < own)) return word & PARTICIPANT
        // Should it have taken meanwhile, the next look finds a holder.
        if (Atomics.compareExchange(cells, cell, word, EMPTY) === word) break
      }
    }
    return 0
  }

  #claimOf(cell: number): number {
    const turn = ((this.#turns[cell] as number) % MOST_TURNS) + 1
    this.#turns[cell] = turn
    return (turn << CELL_BITS) | cell
  }
}

/** As it stands in a cell. */
function tagOf(tag: number): number {
  const bits = tag & TAG
  return bits === 0 ? TAG_ONE : bits
}
