/** Nodes of a fleet in one process, each with its stores, its clock and its own way to a real Redis. */
import { onTestFinished } from 'vitest'
import { ManualClock } from '../../src/clock.ts'
import { resolveSettings } from '../../src/config/resolve.ts'
import type { RedisSettings } from '../../src/config/settings.ts'
import { Counters } from '../../src/counters.ts'
import type { FleetPosition } from '../../src/invalidation/fleet.ts'
import type { RedisLog } from '../../src/invalidation/redis-log.ts'
import type { FleetVerdict } from '../../src/object/fleet-view.ts'
import type { CachedObject } from '../../src/object/object.ts'
import { Seal } from '../../src/redis/seal.ts'
import { createStores, type Stores } from '../../src/stores.ts'
import { ask, claimOf, object } from '../object/things.ts'
import { until } from '../support/until.ts'
import { PlainLink } from './plain-link.ts'

export const REDIS: RedisSettings = {
  servers: [],
  password: null,
  ca: null,
  prefix: 'clearcoat:',
  secret: 'a secret of the deployment',
  maxObject: 8 * 1024 * 1024,
  staleLimit: 60,
  claims: true,
  deadline: 0.05,
  node: 'node',
}

export interface Logged {
  readonly level: 'info' | 'warn' | 'error'
  readonly message: string
  readonly fields: Readonly<Record<string, unknown>>
}

export class Node {
  readonly clock: ManualClock = new ManualClock()
  readonly link: PlainLink
  readonly stores: Stores
  readonly logged: Logged[] = []

  constructor(port: number, name: string, { settings = {}, id = `${name}-1` }: NodeOptions = {}) {
    this.link = new PlainLink(port)
    const redis = { ...REDIS, node: name, ...settings }
    const note =
      (level: Logged['level']) =>
      (fields: Logged['fields'], message: string): void =>
        void this.logged.push({ level, message, fields })
    this.stores = createStores(
      {
        settings: { ...resolveSettings({ memory: 16 * 1024 * 1024 }), redis },
        clock: this.clock,
        counters: new Counters(),
        fleet: {
          port: this.link,
          feed: this.link,
          seal: new Seal(redis.secret, redis.prefix),
          log: { info: note('info'), warn: note('warn'), error: note('error') },
          id,
        },
      },
      null,
    )
    this.stores.start()
    onTestFinished(() => this.stop())
  }

  get desk(): RedisLog {
    return this.stores.fleet as RedisLog
  }

  get position(): FleetPosition {
    return this.stores.fleetView?.position ?? -1
  }

  get following(): boolean {
    return this.stores.fleetView?.ready === true
  }

  /** Stores an object that was fetched now. */
  store(options: Parameters<typeof object>[0] = {}): CachedObject {
    const { table } = this.stores
    const stored = object({ at: this.clock.now(), ttl: 600, grace: 600, position: table.position, ...options })
    table.publish(claimOf(table.find(ask({ key: stored.key, now: this.clock.now() }))), stored, [], '', true)
    if (!table.complete(stored)) throw new Error('it was not stored')
    return stored
  }

  /** What a look-up finds under a key. */
  has(key: string): 'fresh' | 'stale' | 'none' {
    const { table } = this.stores
    const found = table.find(ask({ key, now: this.clock.now() }))
    if ((found.type === 'fetch' || found.type === 'object') && found.claim !== null) table.release(found.claim, { type: 'again' })
    if (found.type !== 'object') return 'none'
    return found.freshness === 'fresh' ? 'fresh' : 'stale'
  }

  /** Of an object that lies in Redis since a fetch that began at a position. */
  verdict(thing: CachedObject, since: FleetPosition): FleetVerdict | undefined {
    return this.stores.fleetView?.verdict(thing, [], '', since, this.clock.now())
  }

  /** Lets a second pass, in which the node tells of itself and tries what failed. */
  tick(): void {
    this.clock.advance(1000)
  }

  lines(part: string): readonly Logged[] {
    return this.logged.filter(({ message }) => message.includes(part))
  }

  stop(): void {
    this.stores.stop()
    this.link.stop()
  }
}

export interface NodeOptions {
  readonly settings?: Partial<RedisSettings>
  readonly id?: string
}

/** Nodes that follow the log. */
export async function follow(port: number, ...names: readonly string[]): Promise<Node[]> {
  const nodes = names.map((name) => new Node(port, name))
  for (const node of nodes) await until(() => node.following, `${node.stores.fleetView?.position} following`)
  return nodes
}

/** Waits until something holds, while time passes for nodes, three times as fast as ours: what waits in Redis goes by its own. */
export async function inTime(nodes: readonly Node[], condition: () => boolean, what: string): Promise<void> {
  let last = performance.now()
  await until(() => {
    const now = performance.now()
    if (now - last >= 5) {
      last = now
      for (const node of nodes) node.clock.advance(15)
    }
    return condition()
  }, what)
}
