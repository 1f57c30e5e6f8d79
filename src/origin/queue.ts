/** Who waits for a connection to one backend, in order of arrival; those of a path that has much already in a line of their own. */
import type { Call } from './call.ts'

/** The part of a backend's connections, and of the places in its queue, that is for paths that do not have half of the connections already. */
const RESERVE = 1 / 8

/** How many of so many places that is; of fewer than eight none. */
export function reserve(places: number): number {
  return Math.floor(places * RESERVE)
}

export class CallQueue {
  readonly #line = new Set<Call>()
  readonly #crowd = new Set<Call>()

  get size(): number {
    return this.#line.size + this.#crowd.size
  }

  /** Whether there is no place in it for one more call, of the crowd or not. */
  full(places: number, crowds: boolean): boolean {
    return this.size >= places || (crowds && this.#crowd.size >= places - reserve(places))
  }

  add(call: Call, crowds: boolean): void {
    if (crowds) this.#crowd.add(call)
    else this.#line.add(call)
  }

  delete(call: Call): void {
    if (!this.#line.delete(call)) this.#crowd.delete(call)
  }

  /** Who has waited longest of those who may have a connection now; `null`: nobody. `crowds`: whether who crowded still does. */
  shift(crowds: (call: Call) => boolean): Call | null {
    const plain = first(this.#line)
    const crowding = first(this.#crowd)
    const next = crowding !== null && (plain === null || crowding.waitsSince < plain.waitsSince) && !crowds(crowding) ? crowding : plain
    if (next !== null) this.delete(next)
    return next
  }

  /** Everybody; the queue is empty then. */
  clear(): Call[] {
    const all = [...this.#line, ...this.#crowd]
    this.#line.clear()
    this.#crowd.clear()
    return all
  }

  /** Those who have waited since `since` or longer; they wait no more. */
  expire(since: number): Call[] {
    const late: Call[] = []
    for (const line of [this.#line, this.#crowd])
      for (const call of line) {
        if (call.waitsSince > since) break
        line.delete(call)
        late.push(call)
      }
    return late
  }

  /** Since when the one waits that waits longest; `null`: nobody does. */
  get since(): number | null {
    if (this.size === 0) return null
    return Math.min(first(this.#line)?.waitsSince ?? Number.POSITIVE_INFINITY, first(this.#crowd)?.waitsSince ?? Number.POSITIVE_INFINITY)
  }
}

function first(line: ReadonlySet<Call>): Call | null {
  return line.values().next().value ?? null
}
