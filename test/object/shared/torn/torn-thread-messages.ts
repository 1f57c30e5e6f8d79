/** What a thread is begun with, and what it and the librarian's thread tell each other. */
import type { MessagePort } from 'node:worker_threads'
import type { SharedMemory } from '../../../../src/object/shared/memory.ts'

export interface Begin {
  readonly memory: SharedMemory
  readonly budget: number
  readonly participant: number
  readonly librarian: MessagePort
  readonly origin: number
  readonly seed: number
  /** The origin's version of each key, and the oldest that may be had. */
  readonly versions: Int32Array
  readonly floors: Int32Array
  readonly counts: Int32Array
}

export type ToThread =
  | { readonly type: 'meet'; readonly participant: number; readonly port: MessagePort }
  | { readonly type: 'miss'; readonly participant: number }
  | { readonly type: 'stop' }

export type FromThread =
  | { readonly type: 'ready' }
  | { readonly type: 'wrong'; readonly what: string }
  | { readonly type: 'stopped'; readonly pending: number }

/** Places of what is counted. */
export const COUNTED = ['hits', 'waits', 'joined', 'stores', 'unkept', 'purges', 'away'] as const
