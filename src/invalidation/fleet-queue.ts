/** What this node has to tell the others: in the log as soon as it can be, and once more where the log has lost it. */
import type { Clock } from '../clock.ts'
import type { EventLog } from '../log.ts'
import type { FleetEntry, FleetReplica } from '../object/fleet-view.ts'
import { RedisFailure, type RedisPort } from '../redis/port.ts'
import { type FleetPosition, type FleetReceipt, positionOf } from './fleet.ts'
import { type EntrySeal, sealEntry, type ToldEntry } from './fleet-entry.ts'
import type { Order } from './fleet-home.ts'
import { APPEND } from './fleet-scripts.ts'
import type { FleetTrail } from './fleet-trail.ts'

export interface QueueInit {
  readonly port: Pick<RedisPort, 'state' | 'run'>
  readonly seal: EntrySeal
  readonly stream: string
  readonly length: number
  readonly clock: Clock
  readonly log: EventLog
  readonly replica: FleetReplica
  readonly newUid: () => string
  readonly newest: () => FleetTrail['newest']
  /** The log is not what this node has read; resolves when that is dealt with. Rejects with a `RedisFailure`. */
  readonly diagnose: () => Promise<unknown>
  /** Entries that are held at most; beyond them, all are told as one for everything. */
  readonly most?: number
}

/** An entry on its way. */
interface Item {
  readonly told: ToldEntry
  done: ((receipt: FleetReceipt) => void) | null
}

/** One that was told. */
interface Own {
  readonly told: ToldEntry
  readonly at: number
  readonly position: FleetPosition
}

const MOST = 100_000
/** Bans and prefixes are looked through one by one, as long as they are on their way. */
const PATTERNS = 1000
const BATCH = 100
/** Milliseconds after which an acknowledged entry is taken to be safe from failovers. */
const SAFE = 60_000
const OWN = 10_000
const QUEUED: FleetReceipt = { state: 'queued', position: null }

export class FleetQueue {
  readonly #init: QueueInit
  #items: Item[] = []
  #patterns = 0
  #own: Own[] = []
  #sending = false
  #stopped = false

  constructor(init: QueueInit) {
    this.#init = init
  }

  /** Entries that are not in the log. */
  get size(): number {
    return this.#items.length
  }

  /** Resolves when the entry is in the log, or it is known that it cannot be now. The entry is pending, and carried out here. */
  tell(told: ToldEntry): Promise<FleetReceipt> {
    return new Promise((done) => {
      this.#add({ told, done })
      void this.send()
    })
  }

  /** The log has lost what stood behind a position: what is this node's own of it is told once more. */
  again(kept: FleetPosition): void {
    const since = this.#init.clock.now() - SAFE
    const lost = this.#own.filter(({ at, position }) => at >= since && position > kept)
    this.#own = this.#own.filter(({ at, position }) => at >= since && position <= kept)
    this.retell(lost.map(({ told }) => told))
  }

  /** What the log has lost is told once more, under its old name: who knows it does not carry it out again. */
  retell(entries: readonly ToldEntry[]): void {
    for (const told of entries) {
      this.#init.replica.pend(told.uid, told.entry)
      this.#add({ told, done: null })
    }
    if (entries.length > 0) void this.send()
  }

  /** Puts into the log what is not there. What fails is tried again when this is called again. */
  async send(): Promise<void> {
    if (this.#sending) return
    this.#sending = true
    try {
      let lost = false
      let late = false
      while (this.#items.length > 0 && !this.#stopped && this.#init.port.state === 'ready') {
        const batch = this.#items.slice(0, BATCH)
        const positions = await this.#append(batch).catch((error: unknown) => {
          // Once more, if that was all: what was done although the answer was late is known again.
          if (late || !(error instanceof RedisFailure) || error.fault !== 'timeout') throw error
          late = true
          return null
        })
        if (positions === null) continue
        if (positions.length > 0) this.#sent(batch, positions)
        else if (lost) break
        else await this.#init.diagnose()
        lost = positions.length === 0
      }
    } catch {
      // It stays where it is: the one log line about Redis is written elsewhere.
    } finally {
      this.#sending = false
    }
    this.#giveUp()
  }

  stop(): void {
    this.#stopped = true
    this.#giveUp()
  }

  #add(item: Item): void {
    this.#items.push(item)
    if (isPattern(item.told.entry)) this.#patterns++
    if (this.#items.length > (this.#init.most ?? MOST) || this.#patterns > PATTERNS) this.#collapse()
  }

  async #append(batch: readonly Item[]): Promise<readonly FleetPosition[]> {
    const { port, stream, length, newest, seal } = this.#init
    const { id, mark } = newest()
    const ids = await port.run(APPEND, [stream], [length, id, mark, ...batch.map(({ told }) => sealEntry(seal, told))])
    if (!Array.isArray(ids) || ids.length !== batch.length) return []
    return ids.map((each) => positionOf(String(each)))
  }

  #sent(batch: readonly Item[], positions: readonly FleetPosition[]): void {
    const at = this.#init.clock.now()
    // Unless all of them became one meanwhile.
    if (this.#items[0] === batch[0]) {
      this.#items.splice(0, batch.length)
      this.#patterns -= batch.filter(({ told }) => isPattern(told.entry)).length
    }
    for (const [index, { told, done }] of batch.entries()) {
      const position = positions[index] ?? 0
      this.#own.push({ told, at, position })
      done?.({ state: 'told', position })
    }
    if (this.#own.length > 2 * OWN) this.#own = this.#own.slice(-OWN)
  }

  /** Nobody waits for Redis. */
  #giveUp(): void {
    for (const item of this.#items) {
      item.done?.(QUEUED)
      item.done = null
    }
  }

  /** Too much to be kept one by one. Hard if any of it was: what was to go everywhere does not stay anywhere. */
  #collapse(): void {
    const { replica, log, newUid } = this.#init
    const items = this.#items
    const soft = items.every(({ told: { entry } }) => entry.do !== 'generation' && entry.do !== 'ban' && entry.soft)
    const order: Order = { do: 'subject', subject: { by: 'all' }, soft }
    const uid = newUid()
    replica.pend(uid, order)
    replica.withdraw(items.map(({ told }) => told.uid))
    this.#patterns = 0
    this.#items = [{ told: { uid, entry: order, quiet: true }, done: null }]
    for (const { done } of items) done?.(QUEUED)
    log.warn(
      { event: 'fleet', entries: items.length, soft },
      'too many invalidations wait for Redis: the other nodes are going to be told that everything is invalid',
    )
  }
}

function isPattern(entry: FleetEntry): boolean {
  return entry.do === 'ban' || (entry.do === 'subject' && entry.subject.by === 'prefix')
}
