/**
 * Tests everything that is stored against new bans, in the background and in short slices, so that a ban ends although nobody asks for what
 * it is for.
 */
import type { Clock, Timer } from '../clock.ts'
import { C, type Counters } from '../counters.ts'

export interface LurkerInit<T> {
  readonly clock: Clock
  readonly counters: Counters
  /** Walks through everything that is stored; what comes and goes meanwhile does not disturb it. */
  readonly entries: () => Iterator<T>
  /** Tests one entry against the bans that are newer than it, and drops it if one matches. */
  readonly test: (entry: T) => void
  /** Position of the newest ban, 0 when there is none. */
  readonly newest: () => number
  /** Everything has been tested against the bans up to this position. */
  readonly tested: (position: number) => void
  /** Seconds for which a ban is left to requests alone; asked for each pass. Default 0. */
  readonly age?: () => number
  /** Milliseconds of a slice, default 1: a collection of garbage that falls into one comes on top. */
  readonly budget?: number
  /** Calls back when others have had their turn, default `setImmediate`. */
  readonly turn?: (go: () => void) => void
}

const BUDGET = 1

interface Waiting {
  readonly position: number
  readonly done: () => void
}

export class Lurker<T> {
  readonly #init: LurkerInit<T>
  readonly #age: () => number
  readonly #budget: number
  readonly #turn: (go: () => void) => void
  #timer: Timer | null = null
  /** The pass under way, and the newest ban when it began. */
  #pass: Iterator<T> | null = null
  #goal = 0
  #tested = 0
  #stopped = false
  #waiting: Waiting[] = []

  constructor(init: LurkerInit<T>) {
    this.#init = init
    this.#age = init.age ?? (() => 0)
    this.#budget = init.budget ?? BUDGET
    this.#turn = init.turn ?? ((go) => void setImmediate(go))
  }

  /** Everything has been tested against the bans up to this position. */
  get testedUpTo(): number {
    return this.#tested
  }

  /** Whether it waits until a ban has its age. */
  get resting(): boolean {
    return this.#timer !== null
  }

  /** A ban was added. Without an age the first slice is done here and now, so that a small cache is done at once. */
  added(): void {
    if (this.#stopped || this.#pass !== null || this.#timer !== null) return
    const age = this.#age()
    if (age === 0) this.#begin()
    else this.#timer = this.#init.clock.after(age * 1000, () => this.#begin())
  }

  /** Resolves when everything has been tested against the bans up to `position`, or the lurker stops. */
  until(position: number): Promise<void> {
    if (this.#stopped || this.#tested >= position) return Promise.resolve()
    return new Promise((done) => void this.#waiting.push({ position, done }))
  }

  stop(): void {
    this.#stopped = true
    this.#timer?.cancel()
    this.#timer = null
    this.#pass = null
    this.#tell(Infinity)
  }

  #begin(): void {
    this.#timer = null
    this.#goal = this.#init.newest()
    if (this.#goal === 0) return
    this.#pass = this.#init.entries()
    this.#slice()
  }

  #slice(): void {
    const pass = this.#pass
    if (pass === null) return
    const { clock, test, counters } = this.#init
    const end = clock.now() + this.#budget
    do {
      const next = pass.next()
      if (next.done === true) {
        this.#end()
        return
      }
      test(next.value)
      if (this.#pass !== pass) return
    } while (clock.now() < end)
    counters.add(C.bans_lurker_contention)
    this.#turn(() => this.#slice())
  }

  #end(): void {
    const goal = this.#goal
    this.#pass = null
    this.#tested = goal
    this.#init.tested(goal)
    this.#tell(goal)
    if (!this.#stopped && this.#init.newest() > goal) this.#turn(() => this.added())
  }

  #tell(position: number): void {
    const waiting = this.#waiting
    this.#waiting = waiting.filter((each) => each.position > position)
    for (const each of waiting) if (each.position <= position) each.done()
  }
}
