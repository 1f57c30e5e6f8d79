/** Builds and wires everything once: all of a server but its sockets. */
import { randomBytes } from 'node:crypto'
import { Resolver } from 'node:dns'
import type { Backend } from '../vcl-ts/backend.ts'
import type { Coding } from '../vcl-ts/coding.ts'
import { type BackendChoice, backendsOf } from '../vcl-ts/directors/director.ts'
import type { Policy } from '../vcl-ts/policy.ts'
import type { DecisionObserver } from '../vcl-ts/run.ts'
import { type Clock, systemClock } from './clock.ts'
import { ConfigError } from './config/config-error.ts'
import { applyParams, Params } from './config/params.ts'
import { type RedisInput, resolveSettings } from './config/resolve.ts'
import type { Deadlines, Limits, PresetName, RedisSettings, Settings } from './config/settings.ts'
import { Counters } from './counters.ts'
import { Recompressor } from './fetch/recompressing.ts'
import { Unsliced } from './fetch/unsliced.ts'
import { type AccessLog, type EventLog, jsonEventLog } from './log.ts'
import { recordKills } from './object/kill-log.ts'
import type { LocalTable } from './object/local-table.ts'
import type { ObjectTable } from './object/table.ts'
import type { Tier, Vouching } from './object/tier.ts'
import { bootOrigin } from './origin/boot-origin.ts'
import { Directors } from './origin/directors/directors.ts'
import type { Names } from './origin/names.ts'
import { createOrigins, type Origins } from './origin/registry.ts'
import { resolvedNames } from './origin/resolved-names.ts'
import { checkMaterial } from './origin/tls-material.ts'
import { Policies } from './policy/policies.ts'
import type { BucketMemory } from './policy/services/buckets.ts'
import { LimitSync, sharedLimits } from './policy/services/redis-limits.ts'
import { Services } from './policy/services/services.ts'
import { keepPrimitivesFast } from './primitives.ts'
import { redisTarget } from './redis/address.ts'
import { hitLines } from './request/deliver.ts'
import type { Engine } from './request/engine.ts'
import { AllowedFrom, Invalidators } from './request/invalidators.ts'
import { Confirmations } from './request/vouched.ts'
import { type RedisDoors, RedisNode } from './storage/redis-node.ts'
import { createStores, type SharedRole, type Stores } from './stores.ts'
import { Journal } from './vsl/journal.ts'
import { Xids } from './vsl/xids.ts'
import { trustList } from './wire/ip.ts'

export interface ServerOptions {
  /**
   * Where misses and passes go: a URL, such as `http://host:port` or `https://host`, a `backend()` or a director. Several URLs or backends are a
   * round-robin whose members are probed (`GET /`, any status below 500, every 5 s). A policy's first backend comes before it.
   */
  readonly origin?: string | readonly (string | Backend)[] | BackendChoice
  /** Addresses to serve on: `host:port`, `:port`, `[::1]:port`, `unix:/path`. Default `127.0.0.1:8080`; port 0 picks a free one. */
  readonly listen?: readonly string[]
  /** Address of the admin listener: loopback or `unix:/path`, another one only with `adminToken`; `null` (default): none. */
  readonly admin?: string | null
  /** What operators have to send as `Authorization: Bearer`. At least 8 visible characters. Default: there is none. */
  readonly adminToken?: string
  /** DNS servers that are asked for the names of origin servers, `address` or `address:port`. Default: the system's. */
  readonly dnsServers?: readonly string[]
  /** Which column of the decision table the built-in policy follows. Default `safe`. */
  readonly preset?: PresetName
  /** This cache's name in Via, Cache-Status and CDN-Loop, a token. Instances that stand behind another need names of their own. Default `Clearcoat`. */
  readonly name?: string
  /**
   * Threads that serve clients, 1 to 64; `auto`: as many as the process may use at a time. Default 1. With more than one, what cannot go to
   * another thread (`policy`, `clock`) cannot be given, and logs are called with what the workers hand on.
   */
  readonly workers?: number | 'auto'
  /** Bytes of memory for objects, everything counted. Default: a quarter of the memory that the process may use. */
  readonly memory?: number
  /** Bytes of the largest object that is stored. Default: a sixteenth of `memory`. */
  readonly maxObject?: number
  /** Networks (CIDR) whose forwarding fields are believed. Default none. */
  readonly trust?: readonly string[]
  /**
   * Who may purge: networks (CIDR, `!` before what is not meant), `loopback` with Unix sockets, `private`, `none`. Default `loopback`. A
   * loopback peer counts only if its request carries none of Forwarded, X-Forwarded-*, X-Real-IP, Via.
   */
  readonly purgeFrom?: readonly string[]
  /** Whose `Cache-Control: no-cache` fetches anew under every preset. Default: as `purgeFrom`. */
  readonly refreshFrom?: readonly string[]
  /** Who sends it as `Authorization: Bearer` may purge and refresh from anywhere. At least 8 visible characters. Default: there is none. */
  readonly purgeToken?: string
  /** Fields of the origin's answers that hold tags, not delivered to clients. Default: those of the usual systems. */
  readonly tagFields?: readonly string[]
  /** The coding that text is stored in; clients that do not take it get it decoded. Default `off`. */
  readonly compress?: 'off' | Coding
  /** Media types that `compress` is for: `text/html`, `text/*`, `*+json`. Default: text and what is like it. */
  readonly compressTypes?: readonly string[]
  /** Bytes; smaller answers are stored as they come. Default 1024. */
  readonly compressMin?: number
  /** Compress what is used anew at the highest level, in the background. Default `false`. */
  readonly compressAgain?: boolean
  /** Bytes of the slices in which larger files are fetched and stored, 64 KiB to 64 MiB. `null` (default): whole, where the policy sets no `req.slice`. */
  readonly slice?: number | null
  /** The Redis that nodes share, as a URL or with more said about it. `null` (default): this node is alone. */
  readonly redis?: RedisInput | string | null
  /** From `definePolicy` or `stack`. Default: the built-in policy alone. */
  readonly policy?: Policy
  /** A TypeScript or JavaScript file whose default export is the policy; in place of `policy`. */
  readonly policyFile?: string
  /** Files of the VCLs that one in VCL hands requests to by `return (vcl(label))`, by label. Default: none. */
  readonly vclLabels?: Readonly<Record<string, string>>
  /** Reload the policy file when it or a module that it imports changes. Default `false`. */
  readonly watch?: boolean
  readonly accessLog?: AccessLog | null
  readonly eventLog?: EventLog
  readonly clock?: Clock
  readonly limits?: Partial<Limits>
  readonly deadlines?: Partial<Deadlines>
  /** Parameters by name, as `param.set` takes them: `{ default_ttl: '10s', http_req_size: '64k' }`. They win over `limits` and `deadlines`. */
  readonly params?: Readonly<Record<string, string | number>>
}

/** Everything of one process but its sockets. */
export interface Assembly {
  readonly engine: Engine
  readonly settings: Settings
  readonly params: Params
  readonly counters: Counters
  readonly clock: Clock
  readonly log: EventLog
  readonly policies: Policies
  /** What is stored, to be looked at. */
  readonly table: LocalTable
  readonly stores: Stores
  /** `null`: this node is alone. */
  readonly redis: RedisNode | null
  /** Tells other nodes what limits counted; `null`: there are none, or another thread does. */
  readonly limits: LimitSync | null
  readonly names: Names
  readonly origins: Origins
  /** The same origins with connections of their own, counted apart. Whoever asks for them stops them. */
  readonly originsApart: (counters: Counters) => Origins
  /** The same origins as probes ask them: nothing is counted, nothing that an operator said forbids it. Whoever asks for them stops them. */
  readonly originsForProbes: () => Origins
}

/** What a tier behind memory works with. */
export interface TierSurroundings {
  readonly settings: Settings
  readonly table: ObjectTable
  readonly clock: Clock
  readonly counters: Counters
  readonly log: EventLog
}

export type MakeTier = (around: TierSurroundings) => Tier

/** What takes the place of the network, or looks on, where an engine is tried out. */
export interface AssemblyParts {
  readonly origins?: Origins
  /** Who resolves the origin servers' names. Default: this thread. */
  readonly names?: Names
  /** Default: the engine is the only one. */
  readonly shared?: SharedRole
  /** Is told of every hook's decision. */
  readonly observe?: DecisionObserver
  /** Default: counters of its own. */
  readonly counters?: Counters
  /** What the limits of several threads count in. Default: the engine counts alone. */
  readonly limits?: BucketMemory
  /** Threads that serve in front of the same origin servers. Default 1. */
  readonly threads?: number
  /** In place of connections to the servers of Redis. */
  readonly redis?: RedisDoors
  /** Makes a tier behind memory. Default: there is none. */
  readonly tier?: MakeTier
  /** How long what is stored is as good as its life says. Default: always. */
  readonly vouching?: Vouching
  /** Where transaction ids come from. Default: this engine's own. */
  readonly xids?: Xids
  /** What directors choose by where they choose by chance, from 0 to below 1. Default: chance. */
  readonly random?: () => number
}

const UNSEALED =
  'entries in Redis carry a checksum only: whoever can write to it decides what is served; give all nodes one --redis-secret (CLEARCOAT_REDIS_SECRET_FILE)'

/** Opens no socket and starts no timer until something is asked of it, but for those of Redis where one is set. Throws a `ConfigError` or `PolicyError`. */
export function assemble(options: ServerOptions, parts: AssemblyParts = {}): Assembly {
  keepPrimitivesFast()
  const clock = options.clock ?? systemClock
  const log = options.eventLog ?? jsonEventLog((line) => process.stderr.write(`${line}\n`))
  const params = new Params(resolveSettings(options))
  applyParams(params, options.params ?? {})
  const { settings, decisions } = params
  const counters = parts.counters ?? new Counters()
  const defaultBackend = bootOrigin(options.origin)
  if (defaultBackend !== null) checkTls(defaultBackend)
  if (settings.redis !== null) {
    checkRedis(settings.redis)
    // Once, not by each worker.
    if (settings.redis.secret === null && parts.shared?.role !== 'worker') log.warn({ event: 'redis', redis: 'unsealed' }, UNSEALED)
  }
  const deadline = (): number => settings.deadlines.hook
  const role = parts.shared?.role ?? null
  const doors = parts.redis === undefined ? {} : { doors: parts.redis }
  const redis =
    settings.redis === null ? null : new RedisNode({ settings: settings.redis, clock, log, counters, follows: role !== 'worker', ...doors })
  const limits = parts.limits ?? (redis === null ? undefined : sharedLimits(redis.seal))
  const services = new Services({ clock, log, deadline, ...(limits === undefined ? {} : { limits }) })
  const policies = new Policies(
    { vet: checkTls, decisions, clock, deadline, log, services, observe: parts.observe ?? null, vclLabels: options.vclLabels ?? {} },
    options.policy ?? null,
  )
  const stores = createStores({ settings, clock, counters, fleet: role === 'worker' ? null : redis }, parts.shared ?? null)
  const oddStatus = decisions.oddStatus === 'fail' ? 'fail' : 'relay'
  const { origins: given } = parts
  const names = parts.names ?? resolvedNames({ clock, log, servers: dnsServers(options.dnsServers ?? []) })
  const origins = given ?? createOrigins({ names, settings, clock, counters, oddStatus, threads: parts.threads ?? 1 })
  const originsApart = (counted: Counters): Origins =>
    given === undefined
      ? createOrigins({
          names,
          settings,
          clock,
          counters: counted,
          oddStatus,
          healthOf: (which) => (origins.healthy(which) ? 'healthy' : 'sick'),
        })
      : { ...given, setHealth() {}, close() {}, stop() {} }
  const originsForProbes = (): Origins => given ?? createOrigins({ names, settings, clock, counters: new Counters(), oddStatus })
  const isTrusted = trustList(options.trust ?? [])
  const journal = new Journal(clock)
  // What leaves what a worker has at hand is stored still.
  if (role !== 'worker') recordKills(stores.shelf, journal)
  const tier = parts.tier?.({ settings, table: stores.table, clock, counters, log }) ?? tierOf(redis, stores, role)
  if (tier !== null) stores.invalidation.onKey = (key) => tier.forget(key)
  const engine: Engine = {
    settings,
    decisions,
    clock,
    counters,
    log,
    table: stores.table,
    tier,
    vouching: parts.vouching ?? stores.vouching,
    confirmations: new Confirmations(),
    fillBudget: stores.fillBudget,
    unsliced: new Unsliced(),
    defaultBackend,
    originOf: (which) => origins.of(which),
    recompressor: settings.compression.again ? new Recompressor({ table: stores.table, tier, clock, counters }) : null,
    directors: new Directors({ origins, clock, log, ...(parts.random === undefined ? {} : { random: parts.random }) }),
    policy: () => policies.active,
    accessLog: options.accessLog ?? null,
    invalidation: stores.invalidation,
    invalidators: new Invalidators({
      purgeFrom: allowedFrom('purgeFrom', settings.purgeFrom),
      refreshFrom: allowedFrom('refreshFrom', settings.refreshFrom),
      token: settings.purgeToken,
    }),
    isTrusted,
    xids: parts.xids ?? new Xids(),
    journal,
    idPrefix: `${randomBytes(4).toString('hex')}-`,
    viaLine: `Via: 1.1 ${settings.name}\r\n`,
    hitLines: hitLines(settings.name),
  }
  return {
    engine,
    settings,
    params,
    counters,
    clock,
    log,
    policies,
    table: stores.shelf,
    stores,
    redis,
    limits: redis === null || limits === undefined || role === 'worker' ? null : limitSync(redis, limits, settings, clock),
    names,
    origins,
    originsApart,
    originsForProbes,
  }
}

/** Of a thread that serves clients. */
function limitSync({ port, seal, log }: RedisNode, memory: BucketMemory, { redis }: Settings, clock: Clock): LimitSync {
  return new LimitSync({ memory, port, seal, prefix: redis?.prefix ?? '', clock, log })
}

function tierOf(redis: RedisNode | null, { fleetView, table }: Stores, role: SharedRole['role'] | null): Tier | null {
  return redis === null || fleetView === null || role === 'librarian' ? null : redis.tier(fleetView, table)
}

/** Certificates and keys that cannot be used are told of at the start, and when a policy is loaded. */
function checkTls(choice: BackendChoice): void {
  for (const backend of backendsOf(choice)) checkMaterialOf(backend)
}

/** Throws a `ConfigError` for servers that cannot be used; whether somebody is there is seen later. */
function checkRedis({ servers }: RedisSettings): void {
  try {
    redisTarget(servers)
  } catch (error) {
    throw new ConfigError({
      what: 'the Redis cannot be used',
      why: error instanceof Error ? error.message : String(error),
      how: 'write redis://user@host:6379, rediss:// for TLS, redis+cluster://a:6379,b:6379 or redis+sentinel://host:26379/master',
    })
  }
}

function checkMaterialOf({ url, tls }: Backend): void {
  if (tls == null) return
  try {
    checkMaterial(tls)
  } catch (error) {
    throw new ConfigError({
      what: `TLS to ${url} cannot be used`,
      why: error instanceof Error ? error.message : String(error),
      how: 'give certificates and key in PEM form, as text or as the path of a file that this process may read',
    })
  }
}

function dnsServers(servers: readonly string[]): readonly string[] {
  try {
    new Resolver().setServers(servers)
  } catch {
    throw new ConfigError({
      what: `the DNS servers ${JSON.stringify(servers.join(','))} cannot be used`,
      why: 'one of them is not an address',
      how: 'write each as 10.0.0.53, 10.0.0.53:5353 or [fd00::53]:53',
    })
  }
  return servers
}

function allowedFrom(name: string, entries: readonly string[]): AllowedFrom {
  try {
    return new AllowedFrom(entries)
  } catch (error) {
    throw new ConfigError({
      what: `${name} ${JSON.stringify(entries.join(','))} cannot be used`,
      why: error instanceof Error ? error.message : String(error),
      how: 'write networks as 10.0.0.0/8 or !10.1.2.3, or give loopback, private or none',
    })
  }
}
