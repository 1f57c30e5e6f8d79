/** Tables of several workers over one shared memory, with the librarian, all in this thread and by one clock. */
import { setImmediate as turn } from 'node:timers/promises'
import { MessageChannel } from 'node:worker_threads'
import { onTestFinished } from 'vitest'
import { ManualClock } from '../../../src/clock.ts'
import { resolveSettings } from '../../../src/config/resolve.ts'
import type { RedisSettings } from '../../../src/config/settings.ts'
import { Counters } from '../../../src/counters.ts'
import type { FleetParts } from '../../../src/invalidation/fleet-node.ts'
import { PortChannel } from '../../../src/object/shared/channel.ts'
import type { SharedMemory } from '../../../src/object/shared/memory.ts'
import type { SharedTable } from '../../../src/object/shared/shared-table.ts'
import { createStores, type Stores, shareMemory } from '../../../src/stores.ts'
import { MIB } from '../things.ts'

export interface FleetOptions {
  readonly workers?: number
  /** Bytes for objects. */
  readonly budget?: number
  readonly variants?: number
  /** Seconds. */
  readonly lurkerAge?: number
  /** Of what the first worker posts the librarian hears nothing by itself. */
  readonly unheard?: boolean
  /** It is one of several nodes. */
  readonly redis?: { readonly settings: RedisSettings; readonly parts: FleetParts }
}

/** What comes has to be taken. */
class Unheard<Out, In> extends PortChannel<Out, In> {
  override listen(): void {}
}

export class Fleet {
  readonly clock: ManualClock = new ManualClock()
  readonly counters: Counters = new Counters()
  readonly memory: SharedMemory
  readonly librarian: Stores
  readonly workers: Stores[] = []
  readonly #settings: ReturnType<typeof resolveSettings>

  readonly #parts: FleetParts | null
  readonly #unheard: boolean

  constructor({ workers = 2, budget = 64 * MIB, variants, lurkerAge = 0, unheard = false, redis }: FleetOptions = {}) {
    const settings = resolveSettings({ memory: budget, ...(variants === undefined ? {} : { limits: { variants } }) })
    this.#settings = { ...settings, bans: { lurkerAge }, redis: redis?.settings ?? null }
    this.#parts = redis?.parts ?? null
    this.#unheard = unheard
    this.memory = shareMemory(this.#settings, workers)
    this.librarian = this.#stores(this.counters, { role: 'librarian', memory: this.memory })
    for (let participant = 1; participant <= workers; participant++) this.begin(participant)
    onTestFinished(() => this.stop())
  }

  /** The table of a worker, from 1. */
  table(participant: number): SharedTable {
    return this.workers[participant]?.shared as SharedTable
  }

  begin(participant: number): SharedTable {
    const { port1, port2 } = new MessageChannel()
    this.librarian.librarian?.admit(participant, new (this.#unheard && participant === 1 ? Unheard : PortChannel)(port1))
    const stores = this.#stores(new Counters(), { role: 'worker', memory: this.memory, participant, librarian: new PortChannel(port2) })
    for (const [other, met] of this.workers.entries()) {
      const shared = met?.shared
      if (shared == null || other === participant) continue
      const between = new MessageChannel()
      shared.meet(participant, new PortChannel(between.port1))
      stores.shared?.meet(other, new PortChannel(between.port2))
    }
    this.workers[participant] = stores
    return stores.shared as SharedTable
  }

  /** A worker ends without a word. */
  kill(participant: number): void {
    const stores = this.workers[participant]
    delete this.workers[participant]
    this.librarian.librarian?.lost(participant)
    for (const other of this.workers) other?.shared?.miss(participant)
    stores?.stop()
  }

  /** The librarian takes notice of all that has been stored. */
  takeNotices(): void {
    this.librarian.librarian?.takeNotices()
  }

  /** What is in the books: objects and refusals. */
  get entries(): number {
    return this.librarian.librarian?.entries ?? 0
  }

  /** Lets everything happen that waits for nothing but its turn. */
  async settle(turns: number = 6): Promise<void> {
    for (let i = 0; i < turns; i++) await turn()
  }

  stop(): void {
    for (const stores of this.workers) stores?.stop()
    this.librarian.stop()
  }

  #stores(counters: Counters, role: Parameters<typeof createStores>[1]): Stores {
    return createStores(
      { settings: this.#settings, clock: this.clock, counters, fleet: role?.role === 'librarian' ? this.#parts : null },
      role,
    )
  }
}
