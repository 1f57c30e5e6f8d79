/** What serves clients on behalf of a server: the listeners of this thread, or workers. */
import type { ServerOptions } from '../assembly.ts'

export interface Traffic {
  /** Where clients connect, ports resolved. */
  readonly addresses: readonly string[]
  /** Whether clients can connect now. */
  readonly serving: boolean
  /** Serves when the promise resolves. */
  open(listen: readonly string[]): Promise<void>
  /** Stops accepting, and resolves when what was under way has ended, after `ms` milliseconds at the latest. */
  drain(ms: number): Promise<void>
  /** Stops at once. */
  close(): Promise<void>
}

export const DEFAULT_LISTEN: NonNullable<ServerOptions['listen']> = ['127.0.0.1:8080']
