/** The composition root: builds and wires everything once; starts, drains, stops. */
import { randomBytes } from 'node:crypto'
import { type Backend, backend } from '../vcl-ts/backend.ts'
import { decisionsFor } from '../vcl-ts/builtin/decisions.ts'
import type { Policy } from '../vcl-ts/policy.ts'
import { runFini, runInit } from '../vcl-ts/run.ts'
import { type Admin, createAdmin } from './admin/server.ts'
import { type Clock, systemClock } from './clock.ts'
import { resolveSettings } from './config/resolve.ts'
import type { Deadlines, Limits, PresetName, Settings } from './config/settings.ts'
import { Counters } from './counters.ts'
import { InvalidationLog } from './invalidation/log.ts'
import { createListener, type Listener } from './listen/listener.ts'
import { type AccessLog, type EventLog, jsonEventLog } from './log.ts'
import { Expiry } from './object/expiry.ts'
import { FillBudget } from './object/fill-budget.ts'
import { LocalTable } from './object/local-table.ts'
import type { CachedObject } from './object/object.ts'
import { createOrigins, type Origins } from './origin/registry.ts'
import { type ActivePolicy, activatePolicy } from './policy/active.ts'
import type { Engine } from './request/engine.ts'
import { refused } from './request/refused.ts'
import { serve } from './request/serve.ts'
import { MemoryStore } from './storage/memory.ts'
import { trustList } from './wire/ip.ts'

export interface ServerOptions {
  /** Where misses and passes go: `http://host:port` or a `backend()`. A policy's first backend comes before it. */
  readonly origin?: string | Backend
  /** Addresses to serve on: `host:port`, `:port`, `[::1]:port`, `unix:/path`. Default `127.0.0.1:8080`; port 0 picks a free one. */
  readonly listen?: readonly string[]
  /** Address of the admin listener, loopback or `unix:/path`; `null` (default): none. */
  readonly admin?: string | null
  /** Which column of the decision table the built-in policy follows. Default `safe`. */
  readonly preset?: PresetName
  /** This cache's name in Via, Cache-Status and CDN-Loop, a token. Instances that stand behind another need names of their own. Default `Clearcoat`. */
  readonly name?: string
  /** Bytes of memory for objects, everything counted. Default: a quarter of the memory that the process may use. */
  readonly memory?: number
  /** Bytes of the largest object that is stored. Default: a sixteenth of `memory`. */
  readonly maxObject?: number
  /** Networks (CIDR) whose forwarding fields are believed. Default none. */
  readonly trust?: readonly string[]
  /** From `definePolicy` or `stack`. Default: the built-in policy alone. */
  readonly policy?: Policy
  readonly accessLog?: AccessLog | null
  readonly eventLog?: EventLog
  readonly clock?: Clock
  readonly limits?: Partial<Limits>
  readonly deadlines?: Partial<Deadlines>
}

/** A stored object as it may be looked at. */
export type StoredObject = Readonly<Pick<CachedObject, 'key' | 'status' | 'headers' | 'body' | 'part' | 'bytes' | 'hits'>>

export interface Server {
  /** Where it listens, ports resolved. */
  readonly addresses: readonly string[]
  /** Where the admin listener is, or `null`. */
  readonly admin: string | null
  readonly settings: Settings
  readonly counters: Counters
  /** All counters and gauges, flat, in Varnish's names. */
  stat(): Record<string, number>
  /** Every object that is stored, in no particular order; for inspection. */
  objects(): Iterable<StoredObject>
  /** Stops accepting, lets what is in flight finish within `deadlines.drain`, then stops. */
  drain(): Promise<void>
  /** Stops at once. */
  close(): Promise<void>
}

/**
 * Starts a server; its sockets are open when the promise resolves. Rejects with a `ConfigError` for an option that cannot be, a
 * `PolicyError` for a policy that cannot be used, a `ListenError` for an address that cannot be listened on.
 */
export async function createServer(options: ServerOptions = {}): Promise<Server> {
  const settings = resolveSettings(options)
  const clock = options.clock ?? systemClock
  const log = options.eventLog ?? jsonEventLog((line) => process.stderr.write(`${line}\n`))
  const decisions = decisionsFor(settings.preset)
  const counters = new Counters()
  const policy = activatePolicy(options.policy === undefined ? [] : [options.policy], settings.preset, clock, settings.deadlines.hook)
  const store = new MemoryStore(settings.memory)
  const invalidations = new InvalidationLog()
  const expiry = new Expiry(clock, (entry) => table.expire(entry))
  const table: LocalTable = new LocalTable({
    store,
    invalidations,
    now: () => clock.now(),
    variants: settings.limits.variants,
    counters,
    expiry,
  })
  const origins = createOrigins({ settings, clock, counters, oddStatus: decisions.oddStatus === 'fail' ? 'fail' : 'relay' })
  const isTrusted = trustList(options.trust ?? [])
  const engine: Engine = {
    settings,
    decisions,
    clock,
    counters,
    log,
    table,
    fillBudget: new FillBudget(Math.max(settings.memory / 4, settings.maxObject)),
    defaultBackend: options.origin === undefined ? null : typeof options.origin === 'string' ? backend(options.origin) : options.origin,
    originOf: (which) => origins.of(which),
    policy: () => policy,
    accessLog: options.accessLog ?? null,
    isTrusted,
    idPrefix: `${randomBytes(4).toString('hex')}-`,
    viaLine: `Via: 1.1 ${settings.name}\r\n`,
  }
  await runInit(policy.compiled, policy.limit)
  const running = new Running({ settings, counters, clock, log, policy, table, expiry, origins, started: clock.now() })
  try {
    await running.open(engine, options)
  } catch (error) {
    await running.close()
    throw error
  }
  return running
}

interface Parts {
  readonly settings: Settings
  readonly counters: Counters
  readonly clock: Clock
  readonly log: EventLog
  readonly policy: ActivePolicy
  readonly table: LocalTable
  readonly expiry: Expiry
  readonly origins: Origins
  readonly started: number
}

class Running implements Server {
  readonly #parts: Parts
  readonly #listeners: Listener[] = []
  #admin: Admin | null = null
  #closed = false

  constructor(parts: Parts) {
    this.#parts = parts
  }

  get addresses(): readonly string[] {
    return this.#listeners.map((listener) => listener.address)
  }

  get admin(): string | null {
    return this.#admin?.address ?? null
  }

  get settings(): Settings {
    return this.#parts.settings
  }

  get counters(): Counters {
    return this.#parts.counters
  }

  async open(engine: Engine, options: ServerOptions): Promise<void> {
    const { settings, counters, clock, log } = this.#parts
    for (const address of options.listen ?? ['127.0.0.1:8080']) {
      const listener = await createListener({
        address,
        settings,
        clock,
        counters,
        log,
        isTrusted: engine.isTrusted,
        handler: (exchange) => serve(engine, exchange),
        onRefused: (peer, status, reason) => refused(engine, peer, status, reason),
      })
      this.#listeners.push(listener)
    }
    if (options.admin != null) this.#admin = await createAdmin({ address: options.admin, stat: () => this.stat(), log })
  }

  stat(): Record<string, number> {
    const { counters, table, settings, clock, started } = this.#parts
    return {
      uptime: Math.floor((clock.now() - started) / 1000),
      ...counters.snapshot(),
      n_object: table.objects,
      n_objecthead: table.keys,
      g_bytes: table.bytes,
      g_space: settings.memory - table.bytes,
      sess_open: this.#listeners.reduce((sum, listener) => sum + listener.connections, 0),
    }
  }

  objects(): Iterable<StoredObject> {
    return this.#parts.table.stored()
  }

  async drain(): Promise<void> {
    const { settings } = this.#parts
    await Promise.all(this.#listeners.map((listener) => listener.drain(settings.deadlines.drain * 1000)))
    await this.close()
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    const { table, expiry, origins, policy, log } = this.#parts
    await Promise.all(this.#listeners.map((listener) => listener.close()))
    await this.#admin?.close()
    table.stop()
    origins.stop()
    expiry.stop()
    for (const fault of await runFini(policy.compiled, policy.limit)) log.error({ err: fault }, 'fini failed')
  }
}
