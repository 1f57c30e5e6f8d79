/** What the load process is told, and what it answers. */
import { Child } from './child.ts'
import type { Shape } from './requests.ts'

export interface LoadOrder {
  readonly port: number
  readonly shape: Shape
  readonly path: string
  readonly connections: number
  readonly seconds: number
  /** A URL that was never asked for before with each request. */
  readonly fresh: boolean
  /** Whether every answer must, or must not, have an Age field. */
  readonly age: boolean
}

export interface LoadResult {
  readonly answers: number
  /** Answers with another status, body or Age than expected, and connections that failed. */
  readonly wrong: number
  readonly seconds: number
  /** Milliseconds, closed loop. */
  readonly p50: number
  readonly p99: number
}

/** Drives a server and checks its answers. */
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
