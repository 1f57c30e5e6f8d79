/** A worker's place: one worker after another lives there, and counts where the one before it did. */
import { MessageChannel, type MessagePort } from 'node:worker_threads'
import { type Clock, monotonicOrigin, type Timer } from '../clock.ts'
import type { Counters } from '../counters.ts'
import type { EventLog } from '../log.ts'
import { Backoff } from './backoff.ts'
import { errorOf } from './error-message.ts'
import type { Spawn, WorkerEnd, WorkerHandle } from './handle.ts'
import type { FromWorker, Task, ToWorker, WorkerInit } from './messages.ts'

/** What a worker begins with, whatever its place. */
export type Beginning = Omit<WorkerInit, 'participant' | 'counters' | 'port' | 'began'>

const ORIGIN = monotonicOrigin()

export interface SlotParts {
  readonly participant: number
  /** In shared memory. */
  readonly counters: Counters
  readonly spawn: Spawn
  readonly clock: Clock
  readonly log: EventLog
  /** What the next worker begins with. */
  readonly init: () => Beginning
  /** One begins there; the port is the supervisor's end of that to its table. */
  readonly began: (slot: Slot, port: MessagePort) => void
  /** It has gone, before another begins. */
  readonly died: (slot: Slot) => void
  /** It uses an origin server's name. */
  readonly wanted: (name: string) => void
  /** What it recorded for the transaction log. */
  readonly recorded: (message: FromWorker & { readonly type: 'transactions' }) => void
  /** What it logs. */
  readonly logged: (message: FromWorker & { readonly type: 'records' | 'lines' | 'event' }) => void
}

interface Asked {
  readonly resolve: (value: boolean) => void
  readonly reject: (error: Error) => void
}

export class Slot {
  readonly participant: number
  readonly counters: Counters
  /** Of the worker that serves there. */
  addresses: readonly string[] = []
  /** It is ready for clients. */
  serving = false
  readonly #parts: SlotParts
  readonly #backoff = new Backoff()
  readonly #asked = new Map<number, Asked>()
  #tasks = 0
  #handle: WorkerHandle | null = null
  #begun = 0
  #deaths = 0
  /** Why the worker that ends says it could not start. */
  #failure: Error | null = null
  /** Of the first start. */
  #first: { readonly resolve: () => void; readonly reject: (error: Error) => void } | null = null
  #timer: Timer | null = null
  #stopped = false

  constructor(parts: SlotParts) {
    this.#parts = parts
    this.participant = parts.participant
    this.counters = parts.counters
  }

  get alive(): boolean {
    return this.#handle !== null
  }

  /** Resolves when a worker serves there; rejects with why it cannot, and then there is none. */
  start(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#first = { resolve, reject }
      this.#begin()
    })
  }

  /** Without effect when there is no worker: the next one begins with what is in force then. */
  post(message: ToWorker, ports: readonly MessagePort[] = []): void {
    this.#handle?.post(message, ports)
  }

  /** Resolves with what it answers, or with `false` when there is no worker, or none any more. */
  ask(task: Task): Promise<boolean> {
    const handle = this.#handle
    if (handle === null) return Promise.resolve(false)
    const id = ++this.#tasks
    return new Promise((resolve, reject) => {
      this.#asked.set(id, { resolve, reject })
      handle.post({ type: 'task', id, task })
    })
  }

  /** Who dies from now on is not replaced. */
  retire(): void {
    this.#stopped = true
    this.#timer?.cancel()
  }

  /** Ends the worker; unless retired, another one takes its place. */
  async terminate(): Promise<void> {
    await this.#handle?.terminate()
  }

  #begin(): void {
    const { participant, spawn, clock, init, began } = this.#parts
    const { port1, port2 } = new MessageChannel()
    this.#begun = clock.now()
    this.#failure = null
    try {
      this.#handle = spawn(
        { ...init(), participant, counters: this.counters.buffer, port: port2, began: ORIGIN },
        { message: (message) => this.#heard(message), ended: (end) => this.#ended(end) },
      )
    } catch (error) {
      this.#ended({ code: 1, error: error instanceof Error ? error : new Error(String(error)) })
      return
    }
    began(this, port1)
  }

  #heard(message: FromWorker): void {
    switch (message.type) {
      case 'ready':
        this.addresses = message.addresses
        this.serving = true
        if (this.#first === null)
          this.#parts.log.info({ event: 'worker', worker: this.participant }, 'a worker serves in the place of one that died')
        this.#first?.resolve()
        this.#first = null
        return
      case 'failed':
        this.#failure = errorOf(message.error)
        void this.#handle?.terminate()
        return
      case 'want':
        this.#parts.wanted(message.name)
        return
      case 'done': {
        const asked = this.#asked.get(message.id)
        this.#asked.delete(message.id)
        if (message.error === null) asked?.resolve(message.value)
        else asked?.reject(errorOf(message.error))
        return
      }
      case 'transactions':
        this.#parts.recorded(message)
        this.post({ type: 'taken', bytes: message.bytes })
        return
      default:
        this.#parts.logged(message)
    }
  }

  #ended({ code, error }: WorkerEnd): void {
    const { clock, log, died } = this.#parts
    this.#handle = null
    this.serving = false
    this.counters.clearGauges()
    for (const { resolve } of this.#asked.values()) resolve(false)
    this.#asked.clear()
    died(this)
    const why = this.#failure ?? error
    if (this.#first !== null) {
      this.#stopped = true
      this.#first.reject(why ?? new Error(`a worker ended with code ${code} before it served`))
      return
    }
    if (this.#stopped) return
    const delay = this.#backoff.next(clock.now() - this.#begun)
    log.error(
      { event: 'worker', worker: this.participant, code, err: why ?? undefined, deaths: ++this.#deaths, delay },
      'a worker died; another one takes its place',
    )
    if (delay === 0) this.#begin()
    else this.#timer = clock.after(delay, () => this.#begin())
  }
}
