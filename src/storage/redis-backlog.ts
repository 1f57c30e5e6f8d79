/** What is still to be written: in the background, some at a time, never more than a bound. What comes beyond it is dropped. */

/** Jobs under way at a time: as many as may be fetched in one turn of a busy thread, which is what one answer of Redis takes there. */
const AT_A_TIME = 64
/** Jobs, and bytes that they hold on to, waiting and under way. */
const MOST_JOBS = 1000
const MOST_BYTES: number = 32 * 1024 * 1024

interface Job {
  readonly bytes: number
  run(): Promise<void>
  failed(error: unknown): void
}

export class RedisBacklog {
  readonly #waiting: Job[] = []
  #running = 0
  #jobs = 0
  #bytes = 0
  #stopped = false

  /** Answers `false` where there is no room for it. */
  push(job: Job): boolean {
    if (this.#stopped || this.#jobs === MOST_JOBS || (this.#jobs > 0 && this.#bytes + job.bytes > MOST_BYTES)) return false
    this.#jobs++
    this.#bytes += job.bytes
    this.#waiting.push(job)
    if (this.#running < AT_A_TIME) this.#next()
    return true
  }

  /** Nothing is begun any more. */
  stop(): void {
    this.#stopped = true
  }

  #next(): void {
    const job = this.#stopped ? undefined : this.#waiting.shift()
    if (job === undefined) return
    this.#running++
    // In a turn of its own: whoever brings something is about to serve it.
    setImmediate(() => {
      job
        .run()
        .catch((error: unknown) => job.failed(error))
        .finally(() => {
          this.#running--
          this.#jobs--
          this.#bytes -= job.bytes
          this.#next()
        })
    })
  }
}
