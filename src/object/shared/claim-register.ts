/**
 * The claims of one worker as the others see them. Who holds a claim of this thread asks for the same in shared memory before it fetches; where
 * another worker has it, it follows that one's fetch instead.
 */

import { hashOf } from '../hash.ts'
import { LocalClaim } from '../head.ts'
import type { CachedObject } from '../object.ts'
import { ClaimCells } from './claim-cells.ts'
import type { SharedMemory } from './memory.ts'

/** Seeds of two hashes that tell nothing of each other, nor of that of keys. */
const HASH = 0x5bd1_e995
const TAG = 0x1b87_3593

/** Some are never claimed again. */
const MOST_ALONE = 1000

/** What a claim is for: claims of different identity never wait for each other. */
export interface Identity {
  readonly key: string
  readonly names: readonly string[]
  readonly variant: string
  readonly credentialed: boolean
  readonly range: string | null
}

interface Held {
  readonly text: string
  readonly tag: number
  readonly cell: number
  /** Who it is for now: a claim, then what it brought until that is whole; `null`: nobody yet. */
  holder: LocalClaim | CachedObject | null
}

/** `own`: fetch. `without`: fetch, but nobody else hears of it. A number: that worker fetches it. */
export type Taken = 'own' | 'without' | number

export class ClaimRegister {
  readonly #cells: ClaimCells
  readonly #participant: number
  readonly #seed: number
  readonly #held = new Map<string, Held>()
  readonly #byHolder = new Map<LocalClaim | CachedObject, Held>()
  /** Identities for which the next claim goes without: who seemed to fetch it does not. */
  readonly #alone = new Set<string>()

  constructor(memory: SharedMemory, participant: number) {
    this.#cells = new ClaimCells(memory)
    this.#participant = participant
    this.#seed = memory.seed
  }

  take(claim: LocalClaim): Taken {
    const text = identityText(claim)
    if (this.#alone.delete(text)) return 'without'
    const hash = hashOf(text, this.#seed ^ HASH)
    const tag = hashOf(text, this.#seed ^ TAG)
    const held = this.#held.get(text)
    // Another worker may have taken it over, because what it is for was overtaken.
    if (held !== undefined && this.#cells.holder(hash, tag) !== this.#participant) this.#free(held)
    else if (held !== undefined) {
      // The cell goes over to who may be joined: not what a claim brought, which may be stale, nor one that ends now or was overtaken.
      if (held.holder instanceof LocalClaim && !held.holder.released && held.holder.overtakenAt === null) return 'without'
      this.#hold(held, claim)
      return 'own'
    }
    const cell = this.#cells.take(hash, tag, this.#participant)
    if (cell < 0) return cell === -this.#participant ? 'without' : -cell
    if (cell === 0) return 'without'
    const taken: Held = { text, tag, cell, holder: null }
    this.#held.set(text, taken)
    this.#hold(taken, claim)
    return 'own'
  }

  /** The claim brought an object, which others may join until it is whole. */
  hand(claim: LocalClaim, object: CachedObject): void {
    const held = this.#byHolder.get(claim)
    if (held !== undefined) this.#hold(held, object)
  }

  /** A claim has ended, or what it brought. */
  free(holder: LocalClaim | CachedObject): void {
    const held = this.#byHolder.get(holder)
    if (held !== undefined) this.#free(held)
  }

  /** Takes over what another worker holds, for the next who claims it here. */
  takeOver(identity: Identity, from: number): void {
    const text = identityText(identity)
    const tag = hashOf(text, this.#seed ^ TAG)
    const cell = this.#cells.steal(hashOf(text, this.#seed ^ HASH), tag, from, this.#participant)
    if (cell > 0) this.#held.set(text, { text, tag, cell, holder: null })
  }

  /** The next claim of this identity fetches, whoever seems to do so. */
  goAlone(identity: Identity): void {
    if (this.#alone.size > MOST_ALONE) this.#alone.clear()
    this.#alone.add(identityText(identity))
  }

  /** What the claim of this identity brought, as long as it arrives. */
  brought(identity: Identity): CachedObject | null {
    const holder = this.#held.get(identityText(identity))?.holder ?? null
    return holder instanceof LocalClaim ? null : holder
  }

  /** Nobody who may be joined fetches this here. `false`: to others it will go on seeming so, for something else has the same tag. */
  disown(identity: Identity): boolean {
    const text = identityText(identity)
    const held = this.#held.get(text)
    if (held !== undefined) this.#free(held)
    return this.#cells.holder(hashOf(text, this.#seed ^ HASH), hashOf(text, this.#seed ^ TAG)) !== this.#participant
  }

  #hold(held: Held, holder: LocalClaim | CachedObject): void {
    if (held.holder !== null) this.#byHolder.delete(held.holder)
    held.holder = holder
    this.#byHolder.set(holder, held)
  }

  #free(held: Held): void {
    if (held.holder !== null) this.#byHolder.delete(held.holder)
    this.#held.delete(held.text)
    this.#cells.free(held.cell, held.tag, this.#participant)
  }
}

/** No two identities have the same: lists and texts are told with their length. */
function identityText({ key, names, variant, credentialed, range }: Identity): string {
  return `${credentialed ? 1 : 0}${range === null ? '' : range.length}:${range ?? ''}${variant.length}:${variant}${names.join()}\n${key}`
}
