/** Latency as clients see it: requests arrive when they do, not when the server is ready for the next. */
import { Child } from './child.ts'
import { table } from './report.ts'
import type { Errand } from './sender.ts'

export interface Pace {
  readonly errand: Errand
  readonly seconds: number
  readonly connections: number
  readonly seed: number
}

export interface OpenOrder extends Pace {
  readonly do: 'open loop'
  /** Arrivals per second, on average. */
  readonly rate: number
}

/** Keys from one on, each once, as fast as they are answered: so many, or as many as in so many seconds. */
export interface EachOrder extends Omit<Pace, 'seed'> {
  readonly do: 'each'
  readonly from: number
  readonly count: number | null
}

export interface EachResult {
  readonly answers: number
  readonly wrong: number
  readonly seconds: number
  /** Milliseconds. */
  readonly p99: number
}

export type SenderOrder =
  | OpenOrder
  | EachOrder
  | (Pace & { readonly do: 'closed loop' })
  | { readonly do: 'fill'; readonly errand: Errand; readonly keys: number }

export interface OpenResult {
  readonly answers: number
  /** Wrong answers, and requests without one. */
  readonly wrong: number
  /** Milliseconds from the intended arrival to the last byte. */
  readonly p50: number
  readonly p99: number
  readonly p999: number
  /** The 99th percentile of the milliseconds by which the sender itself was late: part of the latencies, and no fault of the server's. */
  readonly lag: number
}

export interface Latency extends OpenResult {
  readonly name: string
  /** Of the capacity: what the load or the sender reached in a closed loop with this target, whichever was less. */
  readonly share: number
  readonly rate: number
  /** Who ended the closed loop's growth: where it is the sender, the server could have done more. */
  readonly limit: 'server' | 'sender'
}

/** Shares of the capacity that are measured. */
export const SHARES: readonly number[] = [0.3, 0.6, 0.9]

export class Sender {
  readonly #child: Child

  private constructor(child: Child) {
    this.#child = child
  }

  static async start(): Promise<Sender> {
    const { child } = await Child.start('load', 'harness/sender-process.ts', [])
    return new Sender(child)
  }

  /** Stores keys 0 to `keys` - 1 in a target. Throws if any was answered wrongly. */
  async fill(errand: Errand, keys: number): Promise<void> {
    const order: SenderOrder = { do: 'fill', errand, keys }
    const wrong = (await this.#child.ask(order)) as number
    if (wrong > 0) throw new Error(`${wrong} of ${keys} keys were answered wrongly while they were stored`)
  }

  async run(order: Omit<OpenOrder, 'do'>): Promise<OpenResult> {
    return (await this.#child.ask({ ...order, do: 'open loop' })) as OpenResult
  }

  async each(order: Omit<EachOrder, 'do'>): Promise<EachResult> {
    return (await this.#child.ask({ ...order, do: 'each' })) as EachResult
  }

  /** Answers per second with every connection always busy: beyond it the sender would measure itself. */
  async capacity(pace: Pace): Promise<number> {
    const order: SenderOrder = { ...pace, do: 'closed loop' }
    return (await this.#child.ask(order)) as number
  }

  stop(): Promise<void> {
    return this.#child.stop()
  }
}

export function latencyTable(title: string, latencies: readonly Latency[]): string {
  const rows = latencies.map(({ name, share, rate, limit, answers, wrong, p50, p99, p999, lag }) => [
    name,
    `${Math.round(share * 100)} %${limit === 'sender' ? ' (of the sender’s)' : ''}`,
    rate.toFixed(0),
    ...[p50, p99, p999, lag].map((ms) => ms.toFixed(2)),
    wrong === 0 ? 'all right' : `${wrong} of ${answers} WRONG`,
  ])
  return table(title, ['target', 'of capacity', 'arrivals/s', 'p50 ms', 'p99 ms', 'p99.9 ms', 'sender late, p99 ms', 'answers'], rows)
}
