/** What the load is told, and what it answers. */
import { Child } from './child.ts'
import type { Scenario } from './scenario.ts'

export interface LoadOrder {
  readonly port: number
  readonly scenario: Scenario
  readonly connections: number
  readonly seconds: number
  /** Another for each run: of it come URLs that were never asked for before. Keys are drawn by `seed`. */
  readonly series: number
  readonly seed: number
  /** Whether every answer must, or must not, have an Age field. */
  readonly age: boolean
}

export interface LoadResult {
  readonly answers: number
  /** Answers with another status, body, Age or field than expected, and connections that failed. */
  readonly wrong: number
  readonly seconds: number
  /** Milliseconds, closed loop. */
  readonly p50: number
  readonly p99: number
}

/** Drives a server with as many requests under way as there are connections, and checks its answers. */
export interface Load {
  readonly name: string
  run(order: LoadOrder): Promise<LoadResult>
  stop(): Promise<void>
}

export async function startAutocannon(): Promise<Load> {
  const { child } = await Child.start('load', 'harness/load-process.ts', [])
  return {
    name: 'autocannon',
    run: async (order) => (await child.ask(order)) as LoadResult,
    stop: () => child.stop(),
  }
}
