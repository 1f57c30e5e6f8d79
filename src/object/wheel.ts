/**
 * Entries by the tick at which they are due: a timing wheel of five wheels with 64 slots each (Varghese and Lauck, SOSP 1987). An entry waits
 * in the wheel of the highest digit in which its tick differs from the present one, and moves to a lower one when that digit comes up, so at
 * the most four times. Adding, removing and coming due cost the same however many there are.
 */
import type { Entry } from './entry.ts'
import { grown, Rings } from './rings.ts'

const DIGIT = 6
const SLOTS = 2 ** DIGIT
const WHEELS = 5
/** What is later is never due. */
const LAST = 2 ** (DIGIT * WHEELS) - 1

export class Wheel {
  readonly #rings = new Rings(WHEELS * SLOTS)
  #ticks = new Int32Array(this.#rings.rows)
  #now = 0
  /** The wheel whose present slot is being emptied. */
  #wheel = 0
  #size = 0

  get size(): number {
    return this.#size
  }

  holds(entry: Entry): boolean {
    return entry.place >= this.#rings.first && this.#rings.at(entry.place) === entry
  }

  /** An entry that is not here, due at a whole tick, or at the next one when that is over. Answers when `turn` has to look at it first. */
  add(entry: Entry, tick: number): number {
    const row = this.#rings.take(entry)
    if (row >= this.#ticks.length) this.#ticks = grown(this.#ticks, this.#rings.rows)
    entry.place = row
    this.#ticks[row] = Math.min(Math.max(tick, this.#now + 1), LAST)
    this.#size++
    return this.#append(row)
  }

  /** An entry that is here goes. */
  remove(entry: Entry): void {
    const { place } = entry
    this.#rings.detach(place)
    this.#rings.release(place)
    entry.place = -1
    this.#size--
  }

  /**
   * Goes on towards a tick, by one step: an entry that was due and has gone from here, `true` when one was moved, or `null` when nothing is left
   * to do up to that tick.
   */
  turn(tick: number): Entry | true | null {
    for (;;) {
      const row = this.#rings.oldest(this.#wheel * SLOTS + digit(this.#now, this.#wheel))
      if (row >= 0) return this.#settle(row)
      if (this.#wheel > 0) this.#wheel--
      else {
        const next = this.next()
        if (next > tick) {
          this.#now = Math.max(this.#now, Math.min(tick, LAST))
          return null
        }
        this.#now = next
        while (this.#wheel < WHEELS - 1 && digit(next, this.#wheel) === 0) this.#wheel++
      }
    }
  }

  /** The next tick at which there is anything to do; `Infinity` when there is none. */
  next(): number {
    for (let wheel = 0; wheel < WHEELS; wheel++)
      for (let slot = digit(this.#now, wheel) + 1; slot < SLOTS; slot++)
        if (this.#rings.oldest(wheel * SLOTS + slot) >= 0) return beginOf(this.#now, wheel, slot)
    return Number.POSITIVE_INFINITY
  }

  clear(): void {
    this.#rings.clear()
    this.#size = 0
  }

  #settle(row: number): Entry | true {
    if (this.#wheel > 0) {
      this.#rings.detach(row)
      this.#append(row)
      return true
    }
    const entry = this.#rings.at(row) as Entry
    this.remove(entry)
    return entry
  }

  /** Where its tick belongs now; answers when that slot comes up. */
  #append(row: number): number {
    const tick = this.#ticks[row] as number
    const wheel = Math.max(0, Math.floor((31 - Math.clz32(tick ^ this.#now)) / DIGIT))
    const slot = digit(tick, wheel)
    this.#rings.append(row, wheel * SLOTS + slot)
    return beginOf(this.#now, wheel, slot)
  }
}

function digit(tick: number, wheel: number): number {
  return (tick >> (wheel * DIGIT)) & (SLOTS - 1)
}

/** The first tick of a slot that is still to come up in its wheel. */
function beginOf(now: number, wheel: number, slot: number): number {
  const shift = wheel * DIGIT
  return (((now >> shift) & ~(SLOTS - 1)) | slot) << shift
}
