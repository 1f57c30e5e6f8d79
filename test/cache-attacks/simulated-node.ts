/** A life of a node in a simulation: the real engine with all its parts, over the modelled Redis and a scripted origin, in virtual time. */
import { type Assembly, assemble } from '../../src/assembly.ts'
import type { Clock } from '../../src/clock.ts'
import type { Invalidated } from '../../src/invalidation/invalidation.ts'
import { RedisFailure, type RedisFeed, type Reply, type Script } from '../../src/redis/port.ts'
import { runRequest } from '../../src/request/machine.ts'
import { MemoryExchange } from '../../src/request/memory-exchange.ts'
import { RECV } from '../../src/request/step.ts'
import { RequestTransaction } from '../../src/request/transaction.ts'
import { fakeOrigins } from '../../src/testing/fake-origin.ts'
import type { PurgeSubject } from '../../vcl-ts/actions.ts'
import { HeaderMap } from '../../vcl-ts/headers.ts'
import { ModelLink } from '../support/model-link.ts'
import { ModelFeed, ModelPort } from '../support/model-port.ts'
import type { ModelRedis } from '../support/model-redis.ts'
import type { Owner } from '../support/virtual-time.ts'
import type { Witness } from './fleet-promises.ts'
import type { SimulatedOrigin } from './simulated-origin.ts'

export const HOST = 'www.example'

export interface NodeInit {
  readonly name: string
  readonly redis: ModelRedis
  readonly origin: SimulatedOrigin
  readonly random: () => number
  /** Milliseconds by which its wall clock is wrong. */
  readonly skew: number
  readonly sabotage: Sabotage
  /** Told of what no node should do. */
  readonly wrong: (what: string) => void
}

/** Rules that are broken on purpose, to see that it is found. */
export interface Sabotage {
  /** What others tell is not heard. */
  readonly deaf?: boolean
  /** That the log has lost its end is never dealt with. */
  readonly unraised?: boolean
  /** Everybody gets every claim. */
  readonly unclaimed?: boolean
}

/** What came of a request. */
export interface NodeAnswer {
  readonly status: number
  readonly body: string
  readonly cacheStatus: string
  readonly broken: boolean
}

const REDIS = { servers: 'redis://model', secret: 'the-secret-of-the-simulation' }
const QUIET = { info: () => {}, warn: () => {}, error: () => {} }
const MEMORY = 16 * 1024 * 1024
/** Milliseconds of a message above which calls are not answered within their deadline. */
const SLOW = 20

export class SimulatedNode implements Witness, Owner {
  readonly name: string
  readonly link: ModelLink
  frozen: number = 0
  dead: boolean = false
  wellSince: number = Number.POSITIVE_INFINITY
  /** Moment since when it has been cut off without a break; infinite while it is not. */
  cutSince: number = Number.POSITIVE_INFINITY
  readonly #clock: Clock
  readonly #assembly: Assembly

  constructor({ name, redis, origin, random, skew, sabotage, wrong }: NodeInit) {
    this.name = name
    const { time } = redis
    this.link = new ModelLink(redis, this)
    // Its monotonic time began some time ago.
    this.#clock = time.clock(this, time.now - 1000 - Math.floor(random() * 1_000_000), skew)
    const clock = this.#clock
    const origins = fakeOrigins({
      handler: origin.handler(name, this),
      clock,
      saw: () => {},
      faulty: (cause) => wrong(`the origin’s script failed: ${String(cause)}`),
    })
    const port = new SabotagedPort(this.link, sabotage)
    const feed = sabotage.deaf === true ? deaf(clock) : new ModelFeed(this.link)
    this.#assembly = assemble(
      { origin: 'http://origin.test', memory: MEMORY, clock, eventLog: QUIET, redis: { ...REDIS, node: name } },
      { origins, random, redis: { port, feed } },
    )
  }

  async begin(): Promise<void> {
    await this.#assembly.engine.policy().begin()
    this.#assembly.stores.start()
  }

  /** Looks whether Redis can be reached, so that `wellSince` is what it is. */
  note(now: number): void {
    this.cutSince = this.link.cut ? Math.min(this.cutSince, now) : Number.POSITIVE_INFINITY
    const well = !this.dead && this.frozen <= now && this.link.well && this.link.delay.most <= SLOW
    if (!well) this.wellSince = Number.POSITIVE_INFINITY
    else if (this.wellSince === Number.POSITIVE_INFINITY) this.wellSince = now
  }

  async request(url: string, fields: readonly (readonly [string, string])[]): Promise<NodeAnswer> {
    const headers = HeaderMap.of([['Host', HOST], ...fields])
    const peer = { address: '192.0.2.1', port: 1024, localAddress: '192.0.2.2', localPort: 80, scheme: 'http', trusted: false } as const
    const exchange = new MemoryExchange({ method: 'GET', target: url, host: HOST, version: '1.1', headers }, peer)
    runRequest(new RequestTransaction(this.#assembly.engine, exchange), RECV)
    await exchange.answered
    const [, cacheStatus = ''] = /^Cache-Status: (.*)$/m.exec(exchange.fieldLines) ?? []
    return { status: exchange.status, body: exchange.bytes.toString(), cacheStatus: cacheStatus.trim(), broken: exchange.broken }
  }

  async purge(subject: PurgeSubject | { readonly by: 'key'; readonly key: string }, soft: boolean): Promise<Invalidated> {
    const { invalidation } = this.#assembly.engine
    return subject.by === 'key' ? invalidation.purgeKey(subject.key, soft) : invalidation.purge(subject, soft)
  }

  /** Counters that are not 0 and whose name begins so. */
  counted(prefix: string): Readonly<Record<string, number>> {
    return Object.fromEntries(
      Object.entries(this.#assembly.counters.snapshot()).filter(([name, count]) => name.startsWith(prefix) && count > 0),
    )
  }

  /** The process is gone, whatever it was about to do. */
  kill(): void {
    this.dead = true
    this.wellSince = Number.POSITIVE_INFINITY
    this.#assembly.stores.stop()
  }
}

class SabotagedPort extends ModelPort {
  readonly #sabotage: Sabotage

  constructor(link: ModelLink, sabotage: Sabotage) {
    super(link)
    this.#sabotage = sabotage
  }

  override run(script: Script, keys: readonly string[], args: readonly (string | number | Buffer)[]): Promise<Reply> {
    const { unraised, unclaimed } = this.#sabotage
    if (unraised === true && script.name === 'fleet-raise') return Promise.reject(new RedisFailure('timeout', 'sabotage'))
    if (unclaimed === true && script.name === 'tier-claim')
      return super.run({ ...script, name: 'tier-time' }, keys, []).then((now) => [1, 0, now])
    return super.run(script, keys, args)
  }
}

function deaf(clock: Clock): RedisFeed {
  return { follow: (_stream, _after, wait) => new Promise((resolve) => clock.after(wait, () => resolve([]))), stop: () => {} }
}
