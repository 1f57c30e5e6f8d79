/** A worker as its supervisor has it, whatever thread it runs in. */
import type { MessagePort } from 'node:worker_threads'
import type { FromWorker, ToWorker, WorkerInit } from './messages.ts'

export interface WorkerHandle {
  /** In order; what comes before it is ready is done when it is. Lost when it has ended. */
  post(message: ToWorker, ports?: readonly MessagePort[]): void
  /** Ends it at once. */
  terminate(): Promise<void>
}

/** How it ended: `error` is what it threw. */
export interface WorkerEnd {
  readonly code: number
  readonly error: Error | null
}

export interface WorkerEvents {
  message(message: FromWorker): void
  /** Once, however it ended; nothing comes after it. */
  ended(end: WorkerEnd): void
}

export type Spawn = (init: WorkerInit, events: WorkerEvents) => WorkerHandle
