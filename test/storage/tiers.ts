/** Nodes with a tier over one real Redis, each with a log of the fleet and counters of its own. */
import { onTestFinished } from 'vitest'
import { type Clock, systemClock } from '../../src/clock.ts'
import { Counters } from '../../src/counters.ts'
import { FleetLog } from '../../src/invalidation/fleet-log.ts'
import type { CachedObject } from '../../src/object/object.ts'
import { StoredBody } from '../../src/object/stored-body.ts'
import type { FleetClaim, Keeping, Recalled, Wanted } from '../../src/object/tier.ts'
import { aclRule } from '../../src/redis/acl.ts'
import type { RedisPort } from '../../src/redis/port.ts'
import { Seal } from '../../src/redis/seal.ts'
import { RedisKeys } from '../../src/storage/redis-keys.ts'
import { RedisTier } from '../../src/storage/redis-tier.ts'
import { object } from '../object/things.ts'
import { openPort, standing } from '../support/redis-link.ts'
import type { RedisServer } from '../support/redis-server.ts'
import { until } from '../support/until.ts'

export interface NodeOptions {
  readonly secret?: string | null
  readonly prefix?: string
  readonly claims?: boolean
  readonly maxObject?: number
  readonly clock?: Clock
  /** Around the port, to see or to spoil what goes through it. */
  readonly around?: (port: RedisPort) => RedisPort
}

export interface Node {
  readonly tier: RedisTier
  readonly port: RedisPort
  readonly log: FleetLog
  readonly counters: Counters
  readonly keys: RedisKeys
  /** Keeps it and waits until it is written, or is not. */
  keep(keeping: Partial<Keeping> & { readonly object: CachedObject }): Promise<void>
}

/** Where logs of the fleet begin. */
export const START: number = 2 ** 32 + 1
/** Position of each node's own log. */
export const LOCAL = 77

/** Seconds, of the port and of the tier. */
const DEADLINE = 0.25

/** Lines of an ACL file: who nodes of tests are, with no right but those that are documented, each for one prefix. */
export const ACL: readonly string[] = [
  `user clearcoat on >word ${aclRule('clearcoat:')}`,
  `user b on >word ${aclRule('b:')}`,
  'user default off',
]

export async function newNode(redis: { readonly url: string }, options: NodeOptions = {}): Promise<Node> {
  const {
    secret = 'a secret',
    prefix = 'clearcoat:',
    claims = true,
    maxObject = 8 * 1024 * 1024,
    clock = systemClock,
    around = same,
  } = options
  const { port } = openPort(redis.url.replace('://', `://${prefix}word@`), { prefix, deadline: DEADLINE })
  await standing(port, `${prefix}{standing}`)
  const log = new FleetLog()
  log.start(START)
  const counters = new Counters()
  const seal = new Seal(secret, prefix)
  const settings = { prefix, claims, maxObject, deadline: DEADLINE }
  const tier = new RedisTier({ port: around(port), seal, settings, fleet: log, clock, counters, local: () => LOCAL })
  onTestFinished(() => tier.stop())
  return {
    ...{ tier, port, log, counters, keys: new RedisKeys(seal, prefix) },
    async keep(keeping) {
      const before = settled(counters)
      tier.keep({ names: [], variant: 'http', since: log.position, claim: null, ...keeping })
      await until(() => settled(counters) > before, 'the answer to be written')
    },
  }
}

function same(port: RedisPort): RedisPort {
  return port
}

/** Answers that are written, or never will be. */
function settled(counters: Counters): number {
  let count = counters.get('tier_dropped')
  for (const reason of counters.reasonsOf('tier_kept_out')) count += counters.reasonCount('tier_kept_out', reason)
  for (const fault of counters.reasonsOf('tier_fault')) count += counters.reasonCount('tier_fault', fault)
  // An index is written before what it leads to.
  return count + counters.get('tier_written')
}

export interface Asking extends Partial<Omit<Wanted, 'variant'>> {
  /** What the request's fields say, by lower-case name. */
  readonly fields?: Readonly<Record<string, string>>
  /** Milliseconds for which it waits. */
  readonly wait?: number
}

export function wanted({ fields = {}, wait = 0, ...rest }: Asking = {}): Wanted {
  return {
    ...{ key: 'k', credentialed: false, until: systemClock.now() + wait, after: null },
    variant: (names) => variantOf(names, fields),
    ...rest,
  }
}

export function variantOf(names: readonly string[], fields: Readonly<Record<string, string>>): string {
  const fieldsOf = names.map((name) => `${name}:${fields[name]?.length ?? 0}:${fields[name] ?? ''}`).join('')
  return names.length === 0 ? 'http' : `http ${fieldsOf}`
}

export function objectIn(recalled: Recalled): CachedObject {
  if (recalled.type !== 'object') throw new Error(`what was recalled is ${recalled.type}`)
  return recalled.object
}

export function claimIn(recalled: Recalled): FleetClaim {
  if (recalled.type !== 'nothing' || recalled.claim === null) throw new Error(`there is no claim in ${recalled.type}`)
  return recalled.claim
}

/** An object that was stored now, of bytes that tell where they belong. */
export function stored(options: Parameters<typeof object>[0] & { readonly bytes?: number; readonly seed?: number } = {}): CachedObject {
  const { bytes = 4, seed = 1, ...rest } = options
  return object({ at: Math.floor(systemClock.now()), body: new StoredBody(pattern(bytes, seed)), ...rest })
}

export function pattern(bytes: number, seed: number): Buffer {
  const body = Buffer.allocUnsafeSlow(bytes)
  for (let at = 0; at < bytes; at++) body[at] = (at * seed + (at >> 8) + (at >> 16)) & 255
  return body
}

export function bytesOf({ body }: CachedObject): Buffer {
  if (!(body instanceof StoredBody)) throw new Error('the body is not whole')
  return Buffer.concat(body.segments)
}

/** Every key that lies there. */
export async function keysIn(redis: RedisServer): Promise<readonly string[]> {
  return ((await redis.cli('KEYS', '*')) as readonly string[]).toSorted()
}

type Changes = { readonly [Call in 'read' | 'write' | 'run' | 'subscribe']?: (port: RedisPort) => RedisPort[Call] }

/** A port some of whose calls are others; the rest is as it was. */
export function changed(changes: Changes): (port: RedisPort) => RedisPort {
  return (port) => ({
    get state() {
      return port.state
    },
    read: changes.read?.(port) ?? ((keys, lane) => port.read(keys, lane)),
    write: changes.write?.(port) ?? ((writings, lane) => port.write(writings, lane)),
    remove: (keys) => port.remove(keys),
    run: changes.run?.(port) ?? ((script, keys, args) => port.run(script, keys, args)),
    subscribe: changes.subscribe?.(port) ?? ((channel, heard) => port.subscribe(channel, heard)),
    distrust: (lane) => port.distrust(lane),
    stop: () => port.stop(),
  })
}
