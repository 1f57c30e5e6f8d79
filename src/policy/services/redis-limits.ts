/**
 * Limits of a fleet: what a node takes from its buckets is told to the others by way of Redis, in the background, and what they took is taken
 * from this node's. `take` itself asks nobody. Without Redis each node counts alone, and nothing is made good later.
 */
import { randomBytes } from 'node:crypto'
import type { Clock, Timer } from '../../clock.ts'
import type { EventLog } from '../../log.ts'
import type { RedisPort, Reply } from '../../redis/port.ts'
import type { Seal } from '../../redis/seal.ts'
import { type BucketMemory, fleetBucketMemory } from './buckets.ts'
import { FleetBuckets, type LimitReport } from './fleet-buckets.ts'
import { packReport, unpackReport } from './limit-report.ts'
import { LIMIT_LEAVE, LIMIT_ROUND } from './limit-script.ts'

/** Milliseconds between rounds; when nobody had anything to tell for `QUIET`; and at the least, when a bucket's share is being used up. */
const INTERVAL = 100
const IDLE = 500
const QUIET = 5000
const GAP = 5
/** Milliseconds after which a node that heard nothing counts alone, and after which others leave one out that says nothing. */
const CONTACT = 1000
const PATIENCE = 1500
const START = '0-0'
const END = '$'
const CONTEXT = 'limits'

export interface LimitSyncInit {
  /** Of `sharedLimits`; the memory that all threads of this process count in. */
  readonly memory: BucketMemory
  readonly port: RedisPort
  readonly seal: Seal
  /** What all keys begin with. */
  readonly prefix: string
  /** Whose `now` is that of the threads that count. */
  readonly clock: Clock
  readonly log: EventLog
}

interface Round {
  readonly nodes: number
  /** `null`: there are no others. */
  readonly read: string | null
  readonly own: string
  readonly cursor: string
  readonly now: number
  readonly more: boolean
  readonly reports: readonly (readonly [id: string, bytes: Buffer])[]
}

/** Memory for the buckets of a node of a fleet: where keys lie is the same on all nodes with that secret and prefix. */
export function sharedLimits(seal: Seal): BucketMemory {
  return fleetBucketMemory(Buffer.from(seal.name('seed of limits'), 'base64url').readInt32LE(0))
}

/** One a process, in the thread that made the memory. */
export class LimitSync {
  readonly #port: RedisPort
  readonly #seal: Seal
  readonly #clock: Clock
  readonly #log: EventLog
  readonly #buckets: FleetBuckets
  readonly #id: string = randomBytes(9).toString('base64url')
  readonly #keys: readonly [log: string, nodes: string]
  readonly #channel: string
  #cursor = START
  #number = 0
  /** On its way, perhaps arrived already. */
  #report: LimitReport | null = null
  #running: Promise<void> | null = null
  #timer: Timer | null = null
  /** When the next round begins, and the last one began. */
  #due = Number.POSITIVE_INFINITY
  #began = Number.NEGATIVE_INFINITY
  #gap = GAP
  #heard = 0
  #busy = 0
  #watching = false
  #urgent = false
  /** Another node asked to have a look. */
  #called = false
  #why = 'it does not answer'
  #alone = false
  #doubted = false
  #stopped = false

  constructor({ memory, port, seal, prefix, clock, log }: LimitSyncInit) {
    this.#port = port
    this.#seal = seal
    this.#clock = clock
    this.#log = log
    this.#buckets = new FleetBuckets(memory)
    // Nodes with another number of groups have other buckets.
    const name = seal.name(`limits ${this.#buckets.groups}`)
    this.#keys = [`${prefix}{${name}}:r`, `${prefix}{${name}}:n`]
    this.#channel = `${prefix}${name}`
  }

  /** Nodes that count together, as far as is known. */
  get nodes(): number {
    return this.#buckets.cells.nodes
  }

  /** There are no rounds before some policy limits something. */
  start(): void {
    this.#heard = this.#busy = this.#clock.now()
    this.#port.subscribe(this.#channel, (node) => {
      if (node === this.#id) return
      this.#called = true
      if (this.#buckets.cells.isDeclared) this.#schedule(this.#began + GAP)
    })
    this.#watch()
    if (this.#buckets.cells.isDeclared) this.#schedule(this.#clock.now())
  }

  /** Tells what is left to tell, and leaves. Resolves when that is done, or cannot be. */
  async stop(): Promise<void> {
    if (this.#stopped) return
    this.#stopped = true
    this.#timer?.cancel()
    this.#buckets.cells.wake()
    await this.#running
    if (!this.#buckets.cells.isDeclared) return
    await this.#round()
    this.#buckets.alone()
    await this.#port.run(LIMIT_LEAVE, [this.#keys[1]], [this.#id]).catch(() => {})
  }

  /** Begins a round soon if some bucket is about to need it. */
  hurry(): void {
    if (!this.#stopped && this.#buckets.cells.isPressed) this.#schedule(this.#began + this.#gap)
  }

  #watch(): void {
    if (this.#watching || this.#stopped) return
    const pressed = this.#buckets.cells.pressed()
    if (pressed === null) {
      this.hurry()
      return
    }
    this.#watching = true
    void pressed.then(() => {
      this.#watching = false
      // Every round watches again.
      if (this.#buckets.cells.isPressed) this.hurry()
      else this.#watch()
    })
  }

  #schedule(at: number): void {
    if (this.#running !== null || this.#stopped || at >= this.#due) return
    this.#timer?.cancel()
    this.#due = at
    this.#timer = this.#clock.after(at - this.#clock.now(), () => {
      this.#due = Number.POSITIVE_INFINITY
      this.#running = this.#round()
    })
  }

  async #round(): Promise<void> {
    const { cells } = this.#buckets
    const now = this.#clock.now()
    const pressed = cells.isPressed
    // Until the others know of what pressed.
    const urgent = pressed || (this.#urgent && this.#buckets.isAhead)
    this.#urgent = urgent
    cells.relax()
    this.#watch()
    this.#began = now
    const called = this.#called
    this.#called = false
    const report = (this.#report ??= this.#collected())
    let more = report?.more ?? false
    try {
      const payload = report === null ? '' : this.#seal.sign(CONTEXT, packReport(report.records))
      const args = [this.#id, this.#cursor, this.#number, payload, pressed ? this.#channel : '', PATIENCE]
      const round = roundOf(await this.#port.run(LIMIT_ROUND, this.#keys, args))
      more ||= round.more
      const news = this.#took(round, report)
      // Who called waits to hear that it was counted in, which is told by the next round.
      more ||= called && round.reports.length > 0
      this.#gap = !urgent || news ? GAP : Math.min(this.#gap * 2, INTERVAL)
    } catch (error) {
      // A script that is refused for good shows here only.
      this.#why = error instanceof Error ? error.message : String(error)
      this.#gap = INTERVAL
      // A process that was held up itself has lost nothing yet.
      if (this.#clock.now() - this.#heard > CONTACT) this.#lost()
    }
    this.#running = null
    if (more || this.#called) this.#schedule(now + GAP)
    if (cells.isPressed || (urgent && this.#buckets.isAhead)) this.#schedule(now + this.#gap)
    this.#schedule(now + (this.#clock.now() - this.#busy > QUIET ? IDLE : INTERVAL))
  }

  /** `null`: there is nothing to tell. */
  #collected(): LimitReport | null {
    const report = this.#buckets.collect(this.#now())
    if (report.records.length > 0 && !this.#alone) {
      this.#number++
      return report
    }
    this.#buckets.drop(report)
    return null
  }

  #took(round: Round, report: LimitReport | null): boolean {
    const now = this.#now()
    if (report !== null) this.#buckets.sent(report, round.own)
    this.#report = null
    this.#heard = this.#clock.now()
    this.#cursor = round.cursor
    if (report !== null || round.reports.length > 0) this.#busy = this.#heard
    if (this.#alone) {
      this.#alone = false
      this.#log.info({ nodes: round.nodes }, 'limits are counted together with the other nodes again')
    }
    this.#buckets.cells.nodes = round.nodes
    for (const [id, sealed] of round.reports) {
      const bytes = this.#seal.verify(CONTEXT, sealed)
      const records = bytes === null ? null : unpackReport(bytes, this.#buckets.groups)
      if (records === null) this.#doubt()
      else this.#buckets.charge(records, BigInt(Math.max(0, round.now - millisecondsOf(id))) * 1_000_000n, now)
    }
    const { read } = round
    return this.#buckets.known(read === null ? () => true : (id) => !isBefore(read, id))
  }

  #lost(): void {
    if (this.#report !== null) this.#buckets.drop(this.#report)
    this.#report = null
    this.#cursor = END
    this.#buckets.alone()
    if (this.#alone) return
    this.#alone = true
    this.#log.warn({ why: this.#why }, 'limits are counted by each node alone until Redis answers')
  }

  #doubt(): void {
    if (this.#doubted) return
    this.#doubted = true
    this.#log.warn({}, 'a report of limits in Redis is left out: it is damaged, or of a node with another secret or version')
  }

  /** Nanoseconds. */
  #now(): bigint {
    return BigInt(Math.round(this.#clock.now() * 1e6))
  }
}

/** Throws a `TypeError` for what is no answer to a round. */
function roundOf(reply: Reply): Round {
  if (!Array.isArray(reply)) throw new TypeError('Redis answered a round of limits with what is no list')
  const [nodes, read, own, cursor, now, more, ...rest] = reply as readonly Reply[]
  if (typeof nodes !== 'number' || nodes < 1 || typeof now !== 'number') throw new TypeError('Redis answered a round of limits wrongly')
  const reports: [string, Buffer][] = []
  for (let at = 0; at + 1 < rest.length; at += 2) {
    const bytes = rest[at + 1]
    if (Buffer.isBuffer(bytes)) reports.push([idOf(rest[at]), bytes])
  }
  const all = Buffer.isBuffer(read) && read.length === 0 ? null : idOf(read)
  return { nodes, read: all, own: idOf(own), cursor: idOf(cursor), now, more: more === 1, reports }
}

function idOf(value: Reply | undefined): string {
  const text = Buffer.isBuffer(value) ? value.toString('latin1') : ''
  if (!/^\d{1,15}-\d{1,15}$/.test(text)) throw new TypeError('Redis answered a round of limits with what is no position')
  return text
}

function millisecondsOf(id: string): number {
  return Number(id.slice(0, id.indexOf('-')))
}

function isBefore(a: string, b: string): boolean {
  const order = millisecondsOf(a) - millisecondsOf(b)
  return order < 0 || (order === 0 && Number(a.slice(a.indexOf('-') + 1)) < Number(b.slice(b.indexOf('-') + 1)))
}
