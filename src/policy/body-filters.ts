/** A policy's body filters as stages: watched by the clock as hooks are, but for the time in which nobody takes what they give. */
import type { Filter, FilterSource, Push } from '../../vcl-ts/filters.ts'
import type { Stage } from '../body/stages.ts'
import type { Timer } from '../clock.ts'
import type { ActivePolicy } from './active.ts'

/** What is wrong with a list of filters, in words for its author; `null`: nothing. */
export function filtersFault(sources: readonly unknown[]): string | null {
  const wrong = sources.findIndex((source) => typeof source !== 'function' && !isFilter(source))
  return wrong < 0 ? null : `filter ${wrong} is neither { chunk(bytes, push) { … } } nor a function that makes one`
}

/** Each filter as a stage. `failed` is told of what a filter threw, for the log. */
export function filterStages(
  sources: readonly FilterSource[],
  policy: ActivePolicy,
  failed: (error: unknown) => void,
): readonly (() => Stage)[] {
  return sources.map((source) => () => new FilterStage(source, policy, failed))
}

const READY: Promise<void> = Promise.resolve()

class FilterStage implements Stage {
  readonly #filter: Filter
  readonly #policy: ActivePolicy
  readonly #report: (error: unknown) => void
  #push: (bytes: Buffer) => void = () => {}
  /** What waits until the reader takes more. */
  #gate: PromiseWithResolvers<void> | null = null
  #paused = false
  #timer: Timer | null = null
  /** Breaks off the call under way. */
  #late: ((error: Error) => void) | null = null

  constructor(source: FilterSource, policy: ActivePolicy, failed: (error: unknown) => void) {
    const filter: unknown = typeof source === 'function' ? source() : source
    if (!isFilter(filter)) throw new TypeError('a function among the filters made something that has no chunk(bytes, push)')
    this.#filter = filter
    this.#policy = policy
    this.#report = failed
    policy.enter()
  }

  chunk(bytes: Buffer, push: (bytes: Buffer) => void): void | Promise<void> {
    this.#push = push
    return this.#watched(() => this.#filter.chunk(bytes, this.#give))
  }

  end(push: (bytes: Buffer) => void): void | Promise<void> {
    this.#push = push
    return this.#watched(() => this.#filter.end?.(this.#give))
  }

  close(): void {
    this.#timer?.cancel()
    this.#late = null
    try {
      this.#filter.close?.()
    } catch (error) {
      this.#report(error)
    }
    // What still waits for the reader learns that none is left.
    this.#gate?.reject(new Error('the body is not read any more'))
    this.#policy.leave()
  }

  pause(): void {
    this.#paused = true
    this.#timer?.cancel()
  }

  resume(): void {
    this.#paused = false
    this.#gate?.resolve()
    this.#gate = null
    if (this.#late !== null) this.#watch(this.#late)
  }

  readonly #give: Push = (bytes) => {
    this.#push(bytesOf(bytes))
    if (!this.#paused) return READY
    if (this.#gate === null) {
      this.#gate = Promise.withResolvers<void>()
      // A filter need not wait for it.
      this.#gate.promise.catch(() => {})
    }
    return this.#gate.promise
  }

  #watched(call: () => void | Promise<void>): void | Promise<void> {
    let answer: void | Promise<void>
    try {
      answer = call()
    } catch (error) {
      this.#report(error)
      throw error
    }
    if (!(answer instanceof Promise)) {
      this.#settled()
      return
    }
    const late = Promise.withResolvers<never>()
    this.#late = late.reject
    if (!this.#paused) this.#watch(late.reject)
    return Promise.race([answer, late.promise]).then(
      () => this.#settled(),
      (error: unknown) => {
        // After the end nobody asks any more.
        if (this.#late !== null) this.#report(error)
        this.#settled()
        throw error
      },
    )
  }

  #watch(late: (error: Error) => void): void {
    this.#timer = this.#policy.whenLate(late)
  }

  /** The call is over; a pause that it was told of is over with it. */
  #settled(): void {
    this.#timer?.cancel()
    this.#timer = null
    this.#late = null
    this.#paused = false
    this.#gate?.resolve()
    this.#gate = null
  }
}

function isFilter(value: unknown): value is Filter {
  return typeof value === 'object' && value !== null && typeof (value as Filter).chunk === 'function'
}

function bytesOf(bytes: Uint8Array | string): Buffer {
  if (typeof bytes === 'string') return Buffer.from(bytes)
  if (Buffer.isBuffer(bytes)) return bytes
  if (bytes instanceof Uint8Array) return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  throw new TypeError('a filter pushes bytes (a Uint8Array) or text')
}
