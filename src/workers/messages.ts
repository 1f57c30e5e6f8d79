/** What the supervisor and its workers say to each other. All of it is plain data, and ports. */
import type { MessagePort } from 'node:worker_threads'
import type { Backend } from '../../vcl-ts/backend.ts'
import type { RefetchTarget } from '../admin/parts.ts'
import type { ServerOptions } from '../assembly.ts'
import type { LogFormat } from '../config/option-kinds.ts'
import type { AccessRecord } from '../log.ts'
import type { SharedMemory } from '../object/shared/memory.ts'
import type { AdminHealth } from '../origin/ledger.ts'
import type { Answer } from '../origin/names.ts'
import type { PolicyCopy, PolicyState } from '../policy/followers.ts'
import type { BucketMemory } from '../policy/services/buckets.ts'
import type { Transaction } from '../vsl/transaction.ts'
import type { ErrorMessage } from './error-message.ts'

/** Options that another thread can have. */
export type WorkerOptions = Omit<
  ServerOptions,
  'listen' | 'admin' | 'adminToken' | 'workers' | 'policy' | 'policyFile' | 'vclLabels' | 'watch' | 'accessLog' | 'eventLog' | 'clock'
>

/** What a worker does with its access records: hands them on, or lines made of them, or writes the lines to a file of its own. */
export type AccessTarget =
  | { readonly type: 'none' }
  | { readonly type: 'records' }
  | { readonly type: 'lines'; readonly format: LogFormat; readonly color: boolean }
  | { readonly type: 'file'; readonly format: LogFormat; readonly file: string }

/** What a worker begins with. */
export interface WorkerInit {
  /** From 1. */
  readonly participant: number
  /** How many there are. */
  readonly workers: number
  readonly options: WorkerOptions
  readonly listen: readonly string[]
  readonly access: AccessTarget
  /** Where it counts, as the one before it in its place did. */
  readonly counters: ArrayBufferLike
  /** Parameters that were set since the start. */
  readonly params: readonly (readonly [name: string, value: number])[]
  /** Origin servers of which an operator has said something. */
  readonly health: readonly (readonly [backend: Backend, health: AdminHealth])[]
  /** What probes found of origin servers. */
  readonly probed: readonly (readonly [backend: Backend, healthy: boolean])[]
  /** What is known of the origin servers' names. */
  readonly names: readonly (readonly [name: string, answer: Answer])[]
  readonly policies: PolicyState
  /** What all workers store in. */
  readonly memory: SharedMemory
  /** What all workers count the limits of policies in. */
  readonly limits: BucketMemory
  /** Where transaction ids come from. */
  readonly xids: SharedArrayBuffer
  /** Somebody listens to the transaction log. */
  readonly recording: boolean
  /** To the librarian. */
  readonly port: MessagePort
  /** When the supervisor's monotonic time began: what is told of time in shared memory is told in it. */
  readonly began: number
}

/** Work that is answered with `done`. */
export type Task =
  | { readonly type: 'prepare' | 'use'; readonly copy: PolicyCopy }
  | { readonly type: 'refetch'; readonly target: RefetchTarget }
  | { readonly type: 'record'; readonly recording: boolean }
  | { readonly type: 'drain'; readonly ms: number }
  | { readonly type: 'close' }

export type ToWorker =
  | { readonly type: 'task'; readonly id: number; readonly task: Task }
  | { readonly type: 'param'; readonly name: string; readonly value: number }
  | { readonly type: 'health'; readonly backend: Backend; readonly health: AdminHealth }
  | { readonly type: 'probed'; readonly backend: Backend; readonly healthy: boolean }
  /** Of an origin server's name. */
  | { readonly type: 'name'; readonly name: string; readonly answer: Answer }
  | { readonly type: 'rest' | 'discard'; readonly name: string }
  | { readonly type: 'reopen' }
  /** Of transactions that it recorded, so many bytes were taken in. */
  | { readonly type: 'taken'; readonly bytes: number }
  /** Another worker, and a port to it. */
  | { readonly type: 'meet'; readonly participant: number; readonly port: MessagePort }
  /** It has gone. */
  | { readonly type: 'miss'; readonly participant: number }

export type LogLevel = 'info' | 'warn' | 'error'

export interface LoggedEvent {
  readonly level: LogLevel
  readonly fields: Readonly<Record<string, unknown>>
  readonly message: string
}

export type FromWorker =
  /** It serves. */
  | { readonly type: 'ready'; readonly addresses: readonly string[] }
  /** It cannot start. */
  | { readonly type: 'failed'; readonly error: ErrorMessage }
  /** An origin server's name is in use. */
  | { readonly type: 'want'; readonly name: string }
  | { readonly type: 'done'; readonly id: number; readonly value: boolean; readonly error: ErrorMessage | null }
  | { readonly type: 'records'; readonly records: readonly AccessRecord[] }
  | { readonly type: 'lines'; readonly text: string; readonly count: number }
  | { readonly type: 'event'; readonly event: LoggedEvent }
  /** `bytes`: as `taken` tells them. `lost`: so many others could not be recorded. */
  | { readonly type: 'transactions'; readonly transactions: readonly Transaction[]; readonly bytes: number; readonly lost: number }
