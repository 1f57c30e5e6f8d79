/** What one worker is, in whatever thread: an engine with its listeners that does as the supervisor says. */
import type { Policy } from '../../vcl-ts/policy.ts'
import { refetch } from '../admin/refetch.ts'
import { type Assembly, assemble, type MakeTier } from '../assembly.ts'
import { type Clock, clockOf } from '../clock.ts'
import { Counters } from '../counters.ts'
import type { AccessLog, EventLog } from '../log.ts'
import { PortChannel } from '../object/shared/channel.ts'
import type { Vouching } from '../object/tier.ts'
import { FollowedNames } from '../origin/followed-names.ts'
import { POLICY_CELLS } from '../policy/followers.ts'
import { joined } from '../server/joining.ts'
import { Listeners } from '../server/listeners.ts'
import { stopAssembly } from '../server/stop.ts'
import { Xids } from '../vsl/xids.ts'
import { errorMessage } from './error-message.ts'
import { JournalShipping } from './journal-shipping.ts'
import type { FromWorker, Task, ToWorker, WorkerInit } from './messages.ts'
import { type WorkerLogs, workerLogs } from './worker-log.ts'

/** What a worker in the supervisor's own thread shares with it. */
export interface SameThread {
  readonly clock?: Clock
  readonly policy?: Policy
  readonly accessLog: AccessLog | null
  readonly eventLog: EventLog
  readonly tier?: MakeTier
  readonly vouching?: Vouching
}

export class TrafficWorker {
  readonly #init: WorkerInit
  readonly #post: (message: FromWorker) => void
  readonly #names: FollowedNames
  readonly #assembly: Assembly
  readonly #listeners: Listeners
  readonly #logs: WorkerLogs
  readonly #shipping: JournalShipping
  #stopRecording: () => void = () => {}
  #closed: Promise<void> | null = null

  constructor(init: WorkerInit, post: (message: FromWorker) => void, same: SameThread | null) {
    this.#init = init
    this.#post = post
    const counters = new Counters(init.counters)
    this.#logs = workerLogs(init.access, counters, post)
    const { accessLog, eventLog } = this.#logs
    const { memory, limits, participant, port, began } = init
    this.#names = new FollowedNames(init.names, (name) => post({ type: 'want', name }))
    this.#assembly = assemble(
      { clock: clockOf(began), ...init.options, ...(same ?? { accessLog, eventLog }) },
      {
        counters,
        limits,
        names: this.#names,
        threads: init.workers,
        xids: new Xids(init.xids),
        ...(same?.tier === undefined ? {} : { tier: same.tier }),
        ...(same?.vouching === undefined ? {} : { vouching: same.vouching }),
        shared: { role: 'worker', memory, participant, librarian: new PortChannel(port) },
      },
    )
    this.#listeners = new Listeners(this.#assembly, true)
    this.#shipping = new JournalShipping(post)
    const { params, origins, policies } = this.#assembly
    policies.countIn(counters.gauge(POLICY_CELLS.name, POLICY_CELLS.width))
    for (const [name, value] of init.params) params.set(name, value)
    for (const [backend, health] of init.health) origins.setHealth(backend, health)
    for (const [backend, healthy] of init.probed) origins.setProbed(backend, healthy, null)
  }

  /** Answers `ready` or `failed`. */
  async start(): Promise<void> {
    try {
      await this.#assembly.policies.follow(this.#init.policies)
      await this.#record(this.#init.recording)
      await joined(this.#assembly)
      await this.#listeners.open(this.#init.listen)
      this.#post({ type: 'ready', addresses: this.#listeners.addresses })
    } catch (error) {
      this.#post({ type: 'failed', error: errorMessage(error) })
    }
  }

  handle(message: ToWorker): void {
    const { params, policies, origins, stores } = this.#assembly
    switch (message.type) {
      case 'task':
        void this.#answer(message.id, message.task)
        return
      case 'param':
        params.set(message.name, message.value)
        return
      case 'health':
        origins.setHealth(message.backend, message.health)
        return
      case 'probed':
        origins.setProbed(message.backend, message.healthy, null)
        return
      case 'name':
        this.#names.hear(message.name, message.answer)
        return
      case 'rest':
        void policies.rest(message.name)
        return
      case 'discard':
        void policies.discard(message.name).catch((error: unknown) => this.#assembly.log.error({ err: error }, 'a policy is not forgotten'))
        return
      case 'taken':
        this.#shipping.taken(message.bytes)
        return
      case 'reopen':
        this.#logs.reopen()
        return
      case 'meet':
        stores.shared?.meet(message.participant, new PortChannel(message.port))
        return
      case 'miss':
        stores.shared?.miss(message.participant)
        return
      default:
        message satisfies never
    }
  }

  /** Stops at once. Harmless when called twice. */
  close(): Promise<void> {
    this.#closed ??= this.#end()
    return this.#closed
  }

  async #end(): Promise<void> {
    await this.#listeners.close()
    await stopAssembly(this.#assembly)
    await this.#logs.flushed()
  }

  async #answer(id: number, task: Task): Promise<void> {
    try {
      const value = await this.#do(task)
      this.#post({ type: 'done', id, value, error: null })
    } catch (error) {
      this.#post({ type: 'done', id, value: false, error: errorMessage(error) })
    }
  }

  async #record(recording: boolean): Promise<void> {
    this.#stopRecording()
    this.#stopRecording = recording ? await this.#assembly.engine.journal.listen(this.#shipping) : () => {}
  }

  async #do(task: Task): Promise<boolean> {
    const { policies, engine } = this.#assembly
    switch (task.type) {
      case 'prepare':
      case 'use':
        await policies.adopt(task.copy, task.type === 'use')
        return true
      case 'refetch':
        return refetch(engine, task.target)
      case 'record':
        await this.#record(task.recording)
        return true
      case 'drain':
        await this.#listeners.drain(task.ms)
        return true
      case 'close':
        await this.close()
        return true
      default:
        return task satisfies never
    }
  }
}
