/** What the load is told, and what it answers. */
import { Child } from './child.ts'
import type { Scenario } from './scenario.ts'

export interface LoadOrder {
  readonly port: number
  readonly scenario: Scenario
  readonly connections: number
  /** Whole ones, by the clock. */
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
}

/** Seconds within which an answer has to be there, standing still included. */
export const PATIENCE = 30

/** A load that has begun. It ends by the clock, or, if it stood still then, when it goes on. */
export interface LoadRun {
  readonly result: Promise<LoadResult>
  /** `SIGSTOP` makes it stand still, `SIGCONT` go on. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void
}

/** Drives servers, each with as many requests under way as there are connections, and checks their answers. */
export interface Load {
  readonly name: string
  begin(order: LoadOrder): Promise<LoadRun>
  stop(): Promise<void>
}

export function startAutocannon(): Load {
  const all: Child[] = []
  const idle: Child[] = []
  // One that stands still would not see that its parent has gone.
  process.once('exit', () => {
    for (const child of all) child.signal('SIGKILL')
  })
  return {
    name: 'autocannon',
    begin: async (order) => {
      const child = idle.pop() ?? (await Child.start('load', 'harness/load-process.ts', [])).child
      if (!all.includes(child)) all.push(child)
      const result = child.ask(order) as Promise<LoadResult>
      void result.then(() => idle.push(child)).catch(() => undefined)
      return { result, signal: (signal) => child.signal(signal) }
    },
    stop: async () => {
      await Promise.all(all.map((child) => child.stop()))
    },
  }
}
