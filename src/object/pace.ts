/** Long work in slices: so much of a turn of the event loop, then everybody else's turn. */

/** Time and turns, so that tests can give their own. */
export interface Pace {
  /** Milliseconds that only go forward. */
  now(): number
  /** Calls back when others have had their turn. */
  turn(callback: () => void): void
  /** Work between two looks at the time. */
  readonly between: number
}

export const systemPace: Pace = {
  // At most some 0.1 ms.
  between: 64,
  now: () => performance.now(),
  turn: (callback) => {
    setImmediate(callback)
  },
}

export interface Job {
  /** Does a little. Answers about how much, 1 being a look at one thing; 0 when nothing is left. */
  step(): number
  /** Told once, after the last step. */
  done(): void
}

/** Milliseconds of a turn that all jobs together may take. */
const SLICE = 2

export class Slices {
  readonly #pace: Pace
  /** The next to go on first: each has a slice in turn. */
  #jobs: Job[] = []
  #waiting = false

  constructor(pace: Pace) {
    this.#pace = pace
  }

  /** Jobs that have begun and not ended. */
  get size(): number {
    return this.#jobs.length
  }

  /** Begins at once: what ends within a slice has ended when this returns. */
  begin(job: Job): void {
    if (this.#run(job, this.#pace.now() + SLICE)) {
      job.done()
      return
    }
    this.#jobs.push(job)
    this.#wait()
  }

  /** Forgets all jobs. */
  stop(): void {
    this.#jobs = []
  }

  #wait(): void {
    if (this.#waiting || this.#jobs.length === 0) return
    this.#waiting = true
    this.#pace.turn(() => {
      this.#waiting = false
      this.#turn()
    })
  }

  #turn(): void {
    const end = this.#pace.now() + SLICE
    for (let job = this.#jobs.shift(); job !== undefined; job = this.#jobs.shift()) {
      if (!this.#run(job, end)) {
        this.#jobs.push(job)
        break
      }
      job.done()
    }
    this.#wait()
  }

  /** Whether the job has come to its end. */
  #run(job: Job, end: number): boolean {
    for (;;) {
      for (let work = 0; work < this.#pace.between; ) {
        const done = job.step()
        if (done === 0) return true
        work += done
      }
      if (this.#pace.now() >= end) return false
    }
  }
}
