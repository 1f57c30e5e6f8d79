/** Ports and feeds to real servers, with what they log, that end with their test. */
import { onTestFinished } from 'vitest'
import { systemClock } from '../../src/clock.ts'
import type { RedisSettings } from '../../src/config/settings.ts'
import type { EventLog } from '../../src/log.ts'
import type { RedisFeed, RedisPort } from '../../src/redis/port.ts'
import { openRedisFeed } from '../../src/redis/redis-feed.ts'
import { openRedisPort } from '../../src/redis/redis-port.ts'
import { until } from './until.ts'

export interface Said {
  readonly level: 'info' | 'warn' | 'error'
  readonly fields: Readonly<Record<string, unknown>>
  readonly message: string
}

export interface OpenedPort {
  readonly port: RedisPort
  readonly said: Said[]
  /** `warn away`, `info ready`: level and state of each line. */
  states(): string[]
}

/** Seconds as in settings; 50 ms would be too little on a machine that does much else. Tests of time give their own. */
const DEADLINE = 1

export function redisSettings(servers: string | readonly string[], more: Partial<RedisSettings> = {}): RedisSettings {
  return {
    servers: typeof servers === 'string' ? [servers] : servers,
    password: null,
    ca: null,
    prefix: 'clearcoat:',
    secret: null,
    maxObject: 8 * 1024 * 1024,
    staleLimit: 60,
    claims: true,
    deadline: DEADLINE,
    node: 'test',
    ...more,
  }
}

/** Does not wait until it is ready. */
export function openPort(servers: string | readonly string[], more: Partial<RedisSettings> = {}): OpenedPort {
  const said: Said[] = []
  const at =
    (level: Said['level']) =>
    (fields: Readonly<Record<string, unknown>>, message: string): void =>
      void said.push({ level, fields, message })
  const log: EventLog = { info: at('info'), warn: at('warn'), error: at('error') }
  const port = openRedisPort({ settings: redisSettings(servers, more), clock: systemClock, log })
  onTestFinished(() => port.stop())
  return { port, said, states: () => said.map(({ level, fields }) => `${level} ${fields['redis']}`) }
}

/** Resolves when both lanes are there. */
export async function readyPort(servers: string | readonly string[], more: Partial<RedisSettings> = {}): Promise<OpenedPort> {
  const opened = openPort(servers, more)
  await standing(opened.port)
  return opened
}

/** Waits until a port is ready, with its bulk lane. */
export async function standing(port: RedisPort, key: string = 'clearcoat:{standing}'): Promise<void> {
  await until(() => port.state === 'ready', 'the port')
  for (;;) {
    try {
      await port.read([key], 'bulk')
      return
    } catch {
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
}

export function openFeed(servers: string | readonly string[], more: Partial<RedisSettings> = {}): RedisFeed {
  const feed = openRedisFeed({ settings: redisSettings(servers, more), clock: systemClock })
  onTestFinished(() => feed.stop())
  return feed
}
