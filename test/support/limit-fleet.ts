/**
 * Nodes that count limits together in one process, on a manual clock: the real buckets and rounds, over a model of what the script of a round does
 * in Redis, with a latency of its own for every way there and back.
 */
import { ManualClock } from '../../src/clock.ts'
import type { EventLog } from '../../src/log.ts'
import { type BucketRule, Buckets } from '../../src/policy/services/buckets.ts'
import { LimitSync, sharedLimits } from '../../src/policy/services/redis-limits.ts'
import { RedisFailure, type RedisPort, type Reply } from '../../src/redis/port.ts'
import { Seal } from '../../src/redis/seal.ts'

interface Entry {
  readonly id: number
  readonly node: string
  readonly report: Buffer
}

interface Known {
  heard: number
  cursor: number
  told: string
  own: number
}

const TIME = 1_000_000_000_000
const idOf = (id: number): Buffer => Buffer.from(id === 0 ? '0-0' : `${Math.floor(id / 1000)}-${id % 1000}`)
const numberOf = (id: string): number => {
  const [ms = '0', n = '0'] = id.split('-')
  return Number(ms) * 1000 + Number(n)
}

/** What lies in Redis. */
export class ModelLimits {
  readonly clock: ManualClock
  readonly entries: Entry[] = []
  readonly nodes: Map<string, Known> = new Map()
  rounds = 0

  constructor(clock: ManualClock) {
    this.clock = clock
  }

  round(me: string, cursor: string, number: string, report: Buffer | string, patience: number): Reply {
    this.rounds++
    const now = TIME + Math.floor(this.clock.now())
    let [live, read] = [1, Number.POSITIVE_INFINITY]
    for (const [node, known] of this.nodes) {
      if (node === me) continue
      if (now - known.heard > patience) this.nodes.delete(node)
      else {
        live++
        read = Math.min(read, known.cursor)
      }
    }
    const last = this.entries.at(-1)?.id ?? 0
    let at = cursor === '$' ? last : Math.min(last, numberOf(cursor))
    const counted = at
    const found = this.entries.filter(({ id }) => id > counted)
    const mine = this.nodes.get(me) ?? { heard: now, cursor: 0, told: '', own: 0 }
    at = found.at(-1)?.id ?? at
    if (report.length > 0 && mine.told !== number) {
      mine.own = at = Math.max(last + 1, now * 1000)
      this.entries.push({ id: mine.own, node: me, report: Buffer.from(report) })
      mine.told = number
    }
    Object.assign(mine, { heard: now, cursor: counted })
    this.nodes.set(me, mine)
    const others = found.filter(({ node }) => node !== me).flatMap(({ id, report: bytes }) => [idOf(id), bytes])
    return [live, read === Number.POSITIVE_INFINITY ? Buffer.alloc(0) : idOf(read), idOf(mine.own), idOf(at), now, 0, ...others]
  }
}

export interface FleetOptions {
  /** How many there are at first. */
  readonly nodes: number
  /** Milliseconds of one way to Redis or back. */
  readonly latency?: () => number
  /** Milliseconds until a node begins. */
  readonly phase?: (node: number) => number
}

export class LimitFleet {
  readonly clock: ManualClock = new ManualClock()
  readonly model: ModelLimits = new ModelLimits(this.clock)
  readonly buckets: Buckets[] = []
  readonly syncs: LimitSync[] = []
  readonly logged: string[] = []
  readonly #latency: () => number
  readonly #heard = new Set<(message: string) => void>()
  /** Nodes that Redis is away for. */
  readonly cut: Set<number> = new Set()
  /** Answers on their way to these are lost. */
  readonly deaf: Set<number> = new Set()

  readonly seal: Seal = new Seal('a secret of this fleet', 'test:')

  constructor({ nodes, latency = () => 0.5, phase = () => 0 }: FleetOptions) {
    this.#latency = latency
    for (let node = 0; node < nodes; node++) this.join(phase(node))
  }

  /** Another node begins. `limits`: its policy has any. */
  join(after = 0, limits = true): void {
    const node = this.syncs.length
    const memory = sharedLimits(this.seal)
    const buckets = new Buckets(memory)
    if (limits) buckets.fleet?.declare()
    this.buckets.push(buckets)
    const say = (_: unknown, text: string): void => void this.logged.push(`${node}: ${text}`)
    const log: EventLog = { info: say, warn: say, error: say }
    const sync = new LimitSync({ memory, port: this.#port(node), seal: this.seal, prefix: 'test:', clock: this.clock, log })
    this.syncs.push(sync)
    this.clock.after(after, () => sync.start())
  }

  take(node: number, key: string, rule: BucketRule): boolean {
    const taken = this.buckets[node]?.take(key, rule, this.now()) === true
    this.syncs[node]?.hurry()
    return taken
  }

  /** In nanoseconds. */
  now(): bigint {
    return BigInt(Math.round(this.clock.now() * 1e6))
  }

  /** Lets time pass, in steps in which whatever hangs on a timer goes on. */
  async pass(ms: number, step = 0.5): Promise<void> {
    for (const end = this.clock.now() + ms; this.clock.now() < end; ) {
      this.clock.advance(Math.min(step, end - this.clock.now()))
      for (let turn = 0; turn < 6; turn++) await null
    }
  }

  async stop(): Promise<void> {
    const all = Promise.all(this.syncs.map((sync) => sync.stop()))
    await this.pass(200)
    await all
  }

  #port(node: number): RedisPort {
    const later = (): Promise<void> => new Promise((resolve) => this.clock.after(this.#latency(), resolve))
    const no = (): never => {
      throw new Error('limits do not ask for this')
    }
    return {
      state: 'ready',
      run: async (script, _keys, args) => {
        if (this.cut.has(node)) throw new RedisFailure('away', 'Redis is away')
        await later()
        const [me, cursor, number, report, channel, patience] = args
        let reply: Reply = null
        if (script.name === 'limit-leave') this.model.nodes.delete(String(me))
        else {
          reply = this.model.round(String(me), String(cursor), String(number), report as Buffer | string, Number(patience))
          if (channel !== '') for (const heard of this.#heard) void later().then(() => heard(String(me)))
        }
        if (this.deaf.has(node)) {
          await new Promise<void>((resolve) => this.clock.after(50, resolve))
          throw new RedisFailure('timeout', 'Redis did not answer')
        }
        await later()
        return reply
      },
      subscribe: (_channel, heard) => void this.#heard.add(heard),
      read: no,
      write: no,
      remove: no,
      distrust: no,
      stop: no,
    }
  }
}
