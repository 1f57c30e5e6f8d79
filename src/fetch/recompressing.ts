/**
 * Compresses anew, at a heavy level, what is used: in the background, one body at a time, some time after it was stored. The object is replaced by
 * one that is like it but for its bytes; if it was purged, refreshed or evicted meanwhile, the work was in vain.
 */
import type { Body } from '../body/body.ts'
import { coding, decoding } from '../body/codings.ts'
import { staged } from '../body/stages.ts'
import type { Clock } from '../clock.ts'
import { C, type Counters } from '../counters.ts'
import type { CachedObject } from '../object/object.ts'
import { copyOf } from '../object/object-copy.ts'
import { StoredBody } from '../object/stored-body.ts'
import type { ObjectTable } from '../object/table.ts'
import type { Tier } from '../object/tier.ts'

export interface RecompressorInit {
  readonly table: ObjectTable
  /** Behind memory; `null`: there is none. */
  readonly tier: Tier | null
  readonly clock: Clock
  readonly counters: Counters
}

/** Milliseconds after it was stored at which an object is looked at, and the uses that it must have had by then. */
export const LOOKED_AT: number = 5000
export const WORTH_IT: number = 3
/** Seconds of its life that must be left. */
const LEAST_LEFT = 10
/** Objects that wait to be looked at; what comes while there are so many is left as it is. */
const MOST_WAITING = 10_000

interface Waiting {
  readonly object: CachedObject
  readonly due: number
  /** `Tier.position` when its fetch began. */
  readonly since: number
}

export class Recompressor {
  readonly #init: RecompressorInit
  /** In the order in which they are due. */
  readonly #waiting: Waiting[] = []
  #armed = false
  #busy = false

  constructor(init: RecompressorInit) {
    this.#init = init
  }

  /** An object whose body was coded here has been stored. */
  add(object: CachedObject, since: number): void {
    if (this.#waiting.length >= MOST_WAITING) return
    this.#waiting.push({ object, due: this.#init.clock.now() + LOOKED_AT, since })
    this.#arm()
  }

  #arm(): void {
    const [next] = this.#waiting
    if (this.#armed || this.#busy || next === undefined) return
    this.#armed = true
    this.#init.clock.after(next.due - this.#init.clock.now(), () => {
      this.#armed = false
      void this.#look()
    })
  }

  async #look(): Promise<void> {
    this.#busy = true
    const { clock } = this.#init
    for (let next = this.#waiting[0]; next !== undefined && next.due <= clock.now(); next = this.#waiting[0]) {
      this.#waiting.shift()
      if (this.#worthIt(next.object)) await this.#recompress(next)
    }
    this.#busy = false
    this.#arm()
  }

  #worthIt(object: CachedObject): boolean {
    const { table, clock } = this.#init
    return table.holds(object) && object.hits >= WORTH_IT && object.left(clock.now()) >= LEAST_LEFT
  }

  async #recompress({ object, since }: Waiting): Promise<void> {
    const { table, tier, counters } = this.#init
    const { body, coding: stored, slot } = object
    if (!(body instanceof StoredBody) || stored === null || slot === null) return
    const plain = await bytesOf(staged(body, [decoding(stored.coding, Number.POSITIVE_INFINITY)]))
    const coded = plain === null ? null : await bytesOf(staged(new StoredBody(plain), [coding(stored.coding, plain.length, 'heavy')]))
    if (coded === null || coded.length >= body.length || !table.holds(object)) return
    const { variant, spec } = slot
    // What was purged up to there has been looked at; what comes since, the table looks at.
    const smaller = copyOf(object, { body: new StoredBody(coded), position: object.checked })
    table.publish(null, smaller, spec.names, variant, true)
    if (!table.complete(smaller)) return
    counters.add(C.n_recompressed)
    tier?.keep({ object: smaller, names: spec.names, variant, since, claim: null })
  }
}

/** All bytes of a body; `null` when it broke off. */
function bytesOf(body: Body): Promise<Buffer | null> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    body.read({
      chunk: (bytes) => chunks.push(bytes) > 0,
      end: ({ type }) => resolve(type === 'complete' ? Buffer.concat(chunks) : null),
    })
  })
}
