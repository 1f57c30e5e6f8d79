/** Redis as one thread of a node has it: what it asks by, what it signs with, and what it follows the log on where it is the one that does. */
import { randomBytes } from 'node:crypto'
import type { Clock } from '../clock.ts'
import type { RedisSettings } from '../config/settings.ts'
import type { Counters } from '../counters.ts'
import type { EventLog } from '../log.ts'
import type { FleetView } from '../object/fleet-view.ts'
import type { ObjectTable } from '../object/table.ts'
import type { RedisFeed, RedisPort } from '../redis/port.ts'
import { openRedisFeed } from '../redis/redis-feed.ts'
import { openRedisPort } from '../redis/redis-port.ts'
import { Seal } from '../redis/seal.ts'
import { RedisTier } from './redis-tier.ts'

/** What a thread asks Redis by. */
export interface RedisDoors {
  readonly port: RedisPort
  /** Of a thread that follows the log. */
  readonly feed: RedisFeed | null
}

export interface RedisNodeInit {
  readonly settings: RedisSettings
  readonly clock: Clock
  readonly log: EventLog
  readonly counters: Counters
  /** Whether this thread follows the log for all of its process. */
  readonly follows: boolean
  /** Default: connections to the servers. */
  readonly doors?: RedisDoors
}

export class RedisNode {
  readonly port: RedisPort
  readonly seal: Seal
  readonly log: EventLog
  /** Unlike that of any other process, and of one that was here before. */
  readonly id: string = randomBytes(9).toString('base64url')
  readonly #init: RedisNodeInit
  readonly #feed: RedisFeed | null

  /** Begins to connect; whether somebody is there is seen later. */
  constructor(init: RedisNodeInit) {
    const { settings, clock, log, follows, doors } = init
    this.#init = init
    this.log = log
    this.seal = new Seal(settings.secret, settings.prefix)
    this.port = doors?.port ?? openRedisPort({ settings, clock, log })
    this.#feed = doors !== undefined ? doors.feed : follows ? openRedisFeed({ settings, clock }) : null
  }

  /** Throws where another thread follows the log. */
  get feed(): RedisFeed {
    if (this.#feed === null) throw new Error('another thread follows the log')
    return this.#feed
  }

  /** `fleet`: the log of all nodes, as this thread knows it. */
  tier(fleet: FleetView, table: Pick<ObjectTable, 'position'>): RedisTier {
    const { settings, clock, counters } = this.#init
    return new RedisTier({ port: this.port, seal: this.seal, settings, fleet, clock, counters, local: () => table.position })
  }

  stop(): void {
    this.#feed?.stop()
    this.port.stop()
  }
}
