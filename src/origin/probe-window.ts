/** The last probes of a backend, and what follows from them. The rules are Varnish's: healthy while `threshold` of the last `window` were good. */
import type { Probe } from '../../vcl-ts/probe.ts'

export class ProbeWindow {
  readonly #window: number
  readonly #threshold: number
  /** Newest last, at most `window` of them. */
  #history: boolean[]

  constructor({ window, threshold, initial }: Pick<Probe, 'window' | 'threshold' | 'initial'>) {
    this.#window = window
    this.#threshold = threshold
    this.#history = Array.from({ length: initial }, () => true)
  }

  get good(): number {
    return this.#history.filter((good) => good).length
  }

  get healthy(): boolean {
    return this.good >= this.#threshold
  }

  /** One letter a probe, newest last: `H` good, `-` bad or not made yet. */
  get text(): string {
    return this.#history
      .map((good) => (good ? 'H' : '-'))
      .join('')
      .padStart(this.#window, '-')
  }

  record(good: boolean): void {
    this.#history.push(good)
    if (this.#history.length > this.#window) this.#history.shift()
  }
}
