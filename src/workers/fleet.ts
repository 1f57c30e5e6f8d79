/** The workers of one server as a whole: started, told the same things, ended. */
import { MessageChannel } from 'node:worker_threads'
import type { Backend } from '../../vcl-ts/backend.ts'
import type { RefetchTarget } from '../admin/parts.ts'
import type { Assembly } from '../assembly.ts'
import type { Counters } from '../counters.ts'
import { parseListenAddress } from '../listen/address.ts'
import type { AccessLog } from '../log.ts'
import { PortChannel } from '../object/shared/channel.ts'
import type { Librarian } from '../object/shared/librarian.ts'
import type { SharedMemory } from '../object/shared/memory.ts'
import { healthKey, type ProbeReport } from '../origin/health.ts'
import type { AdminHealth, LedgerView } from '../origin/ledger.ts'
import type { Answer } from '../origin/names.ts'
import { ledgerCells, originKey } from '../origin/registry.ts'
import { POLICY_CELLS, type PolicyCopy, type PolicyFollowers } from '../policy/followers.ts'
import type { BucketMemory } from '../policy/services/buckets.ts'
import type { Traffic } from '../server/traffic.ts'
import type { Spawn } from './handle.ts'
import type { FromWorker, Task, WorkerInit, WorkerOptions } from './messages.ts'
import { reserve } from './reservation.ts'
import { type Beginning, Slot } from './slot.ts'
import { writeEvent } from './worker-log.ts'

export interface FleetParts {
  readonly assembly: Assembly
  /** Of each worker, in shared memory. */
  readonly counters: readonly Counters[]
  readonly spawn: Spawn
  /** What workers have of the server's options. */
  readonly options: WorkerOptions
  readonly access: WorkerInit['access']
  readonly accessLog: AccessLog | null
  /** Takes lines that workers made. */
  readonly lines: (text: string, count: number) => void
  readonly librarian: Pick<Librarian<unknown, unknown>, 'admit' | 'lost'>
  readonly memory: SharedMemory
  readonly limits: BucketMemory
  readonly xids: SharedArrayBuffer
}

/** Milliseconds past its time that a worker has to say that it has ended. */
const PATIENCE = 1000
/** The longest that a timer of Node's can wait. */
const FOR_EVER = 2 ** 31 - 1

export class Fleet implements Traffic, PolicyFollowers {
  readonly #parts: FleetParts
  readonly #slots: readonly Slot[]
  #listen: readonly string[] = []
  readonly #params = new Map<string, number>()
  readonly #health = new Map<string, readonly [Backend, AdminHealth]>()
  readonly #probed = new Map<string, readonly [Backend, boolean]>()
  /** What is known of names that workers use; `null`: nothing yet. */
  readonly #names = new Map<string, Answer | null>()
  /** Keeps the process while no worker lives. */
  #alive: NodeJS.Timeout | null = null
  #turn = 0

  constructor(parts: FleetParts) {
    const { spawn, librarian } = parts
    const { clock, log } = parts.assembly
    this.#parts = parts
    this.#slots = parts.counters.map(
      (counters, index) =>
        new Slot({
          participant: index + 1,
          counters,
          spawn,
          clock,
          log,
          init: () => this.#init(index + 1),
          began: (slot, port) => {
            librarian.admit(slot.participant, new PortChannel(port))
            this.#introduce(slot)
          },
          died: (slot) => this.#mourn(slot),
          wanted: (name) => this.#want(name),
          logged: (message) => this.#logged(message),
          recorded: (message) => this.#recorded(message),
        }),
    )
    parts.assembly.policies.lead(this)
    parts.assembly.engine.journal.relay((recording) => this.#record(recording))
    parts.assembly.params.onSet((name, value) => {
      this.#params.set(name, value)
      for (const slot of this.#slots) slot.post({ type: 'param', name, value })
    })
  }

  get addresses(): readonly string[] {
    return this.#slots[0]?.addresses ?? []
  }

  get serving(): boolean {
    return this.#slots.some((slot) => slot.serving)
  }

  async open(listen: readonly string[]): Promise<void> {
    const reservation = await reserve(listen)
    this.#listen = reservation.listen
    this.#alive = setInterval(() => {}, FOR_EVER)
    try {
      await Promise.all(this.#slots.map((slot) => slot.start()))
    } finally {
      await reservation.release()
    }
  }

  async drain(ms: number): Promise<void> {
    for (const slot of this.#slots) slot.retire()
    await this.#ending({ type: 'drain', ms }, ms)
  }

  async close(): Promise<void> {
    for (const slot of this.#slots) slot.retire()
    await this.#ending({ type: 'close' }, this.#parts.assembly.settings.deadlines.hook * 1000)
    await Promise.all(this.#slots.map((slot) => slot.terminate()))
    if (this.#alive !== null) clearInterval(this.#alive)
  }

  reopenLogs(): void {
    for (const slot of this.#slots) slot.post({ type: 'reopen' })
  }

  /** By one worker after another. */
  refetch(target: RefetchTarget): Promise<boolean> {
    const living = this.#slots.filter((slot) => slot.alive)
    const slot = living[this.#turn++ % Math.max(living.length, 1)]
    return slot === undefined ? Promise.resolve(false) : slot.ask({ type: 'refetch', target }).catch(() => false)
  }

  // --- policies

  async prepare(copy: PolicyCopy): Promise<void> {
    await this.#all({ type: 'prepare', copy })
  }

  /** Prepared everywhere, it is refused by workers only that are out of order: those begin anew. */
  async use(copy: PolicyCopy): Promise<void> {
    const { log } = this.#parts.assembly
    await Promise.all(
      this.#slots.map((slot) =>
        slot.ask({ type: 'use', copy }).catch((error: unknown) => {
          log.error(
            { event: 'worker', worker: slot.participant, policy: copy.name, err: error },
            'a worker cannot use the policy, and is ended',
          )
          return slot.terminate()
        }),
      ),
    )
  }

  rest(name: string): void {
    for (const slot of this.#slots) slot.post({ type: 'rest', name })
  }

  discard(name: string): void {
    for (const slot of this.#slots) slot.post({ type: 'discard', name })
  }

  users(mark: number): number {
    return this.#parts.assembly.counters.gauges(POLICY_CELLS.name, POLICY_CELLS.width)[mark % POLICY_CELLS.width] ?? 0
  }

  // --- origin servers

  ledger(backend: Backend): LedgerView {
    const { origins, counters } = this.#parts.assembly
    return origins.ledger(backend, ledgerCells(counters, originKey(backend)))
  }

  setHealth(backend: Backend, health: AdminHealth): void {
    this.#parts.assembly.origins.setHealth(backend, health)
    this.#health.set(originKey(backend), [backend, health])
    for (const slot of this.#slots) slot.post({ type: 'health', backend, health })
  }

  /** Workers hear of it when it changes. */
  setProbed(backend: Backend, healthy: boolean, report: ProbeReport | null): void {
    this.#parts.assembly.origins.setProbed(backend, healthy, report)
    const key = healthKey(backend, originKey)
    if (this.#probed.get(key)?.[1] === healthy) return
    this.#probed.set(key, [backend, healthy])
    for (const slot of this.#slots) slot.post({ type: 'probed', backend, healthy })
  }

  /** Names are resolved here, and all workers hear of it. */
  #want(name: string): void {
    const { names } = this.#parts.assembly
    if (!this.#names.has(name)) {
      const told = (answer: Answer): void => {
        this.#names.set(name, answer)
        for (const slot of this.#slots) slot.post({ type: 'name', name, answer })
      }
      this.#names.set(name, null)
      const known = names.watch(name, told)
      // Somebody has used it in this thread.
      if (known !== null) told(known)
    }
    names.want(name)
  }

  // --- what a slot asks for

  /** Unix sockets cannot be shared: the first worker serves them. */
  #init(participant: number): Beginning {
    const { options, access, assembly, memory, limits, xids } = this.#parts
    return {
      workers: this.#slots.length,
      options,
      access,
      memory,
      limits,
      xids,
      recording: assembly.engine.journal.recording,
      listen: this.#listen.filter((text) => participant === 1 || parseListenAddress(text).type === 'tcp'),
      params: [...this.#params],
      health: [...this.#health.values()],
      probed: [...this.#probed.values()],
      names: [...this.#names].flatMap(([name, answer]) => (answer === null ? [] : [[name, answer] as const])),
      policies: assembly.policies.state(),
    }
  }

  /** A worker begins: the others and it get to know each other. */
  #introduce(slot: Slot): void {
    for (const other of this.#slots) {
      if (other === slot || !other.alive) continue
      const { port1, port2 } = new MessageChannel()
      other.post({ type: 'meet', participant: slot.participant, port: port1 }, [port1])
      slot.post({ type: 'meet', participant: other.participant, port: port2 }, [port2])
    }
  }

  #mourn(slot: Slot): void {
    this.#parts.librarian.lost(slot.participant)
    for (const other of this.#slots) if (other !== slot) other.post({ type: 'miss', participant: slot.participant })
  }

  /** Who is told nothing of it is gone, or begins with it. */
  async #record(recording: boolean): Promise<void> {
    await Promise.allSettled(this.#slots.map((slot) => slot.ask({ type: 'record', recording })))
  }

  #recorded({ transactions, lost }: FromWorker & { readonly type: 'transactions' }): void {
    const { journal } = this.#parts.assembly.engine
    for (const transaction of transactions) journal.deliver(transaction)
    if (lost > 0) journal.lose(lost)
  }

  #logged(message: FromWorker & { readonly type: 'records' | 'lines' | 'event' }): void {
    const { accessLog, assembly, lines } = this.#parts
    switch (message.type) {
      case 'records':
        for (const record of message.records) accessLog?.write(record)
        return
      case 'lines':
        lines(message.text, message.count)
        return
      case 'event':
        writeEvent(assembly.log, message.event)
        return
      default:
        message satisfies never
    }
  }

  /** Rejects with the first error, when all have answered. */
  async #all(task: Task): Promise<void> {
    const answers = await Promise.allSettled(this.#slots.map((slot) => slot.ask(task)))
    for (const answer of answers) if (answer.status === 'rejected') throw answer.reason
  }

  /** Who does not answer in time has lost its chance. */
  async #ending(task: Task, ms: number): Promise<void> {
    const { promise: late, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, Math.min(ms + PATIENCE, FOR_EVER))
    await Promise.race([late, Promise.allSettled(this.#slots.map((slot) => slot.ask(task)))])
    clearTimeout(timer)
  }
}
