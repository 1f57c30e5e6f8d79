/** Latency as clients see it: requests arrive when they do, not when the server is ready for the next. */
import { Child } from './child.ts'
import { table } from './report.ts'
import type { Errand } from './sender.ts'

export interface OpenOrder {
  readonly do: 'open loop'
  readonly errand: Errand
  /** Arrivals per second, on average. */
  readonly rate: number
  readonly seconds: number
  readonly connections: number
  readonly seed: number
}

export type SenderOrder = OpenOrder | { readonly do: 'fill'; readonly errand: Errand; readonly keys: number }

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
  /** Of the target's own capacity. */
  readonly share: number
  readonly rate: number
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

  stop(): Promise<void> {
    return this.#child.stop()
  }
}

export function latencyTable(title: string, latencies: readonly Latency[]): string {
  const rows = latencies.map(({ name, share, rate, answers, wrong, p50, p99, p999, lag }) => [
    name,
    `${Math.round(share * 100)} %`,
    rate.toFixed(0),
    ...[p50, p99, p999, lag].map((ms) => ms.toFixed(2)),
    wrong === 0 ? 'all right' : `${wrong} of ${answers} WRONG`,
  ])
  return table(title, ['target', 'of capacity', 'arrivals/s', 'p50 ms', 'p99 ms', 'p99.9 ms', 'sender late, p99 ms', 'answers'], rows)
}
