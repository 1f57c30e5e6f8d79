/** A server with its sockets: starts, drains, stops. */
import { Backends } from './admin/backends.ts'
import { createExplain, type ExplainRequest, type Explanation } from './admin/explain.ts'
import type { ServerStatus } from './admin/parts.ts'
import { refetch } from './admin/refetch.ts'
import { type Admin, createAdmin } from './admin/server.ts'
import { packageVersion } from './admin/version.ts'
import { type Assembly, assemble, type ServerOptions } from './assembly.ts'
import { ConfigError } from './config/config-error.ts'
import type { Params } from './config/params.ts'
import { resolveAdminToken } from './config/resolve.ts'
import type { Settings } from './config/settings.ts'
import type { Counters } from './counters.ts'
import { createListener, type Listener } from './listen/listener.ts'
import type { CachedObject } from './object/object.ts'
import type { Policies } from './policy/policies.ts'
import { refused } from './request/refused.ts'
import { serve } from './request/serve.ts'

export type { ServerOptions } from './assembly.ts'

/** A stored object as it may be looked at. */
export type StoredObject = Readonly<Pick<CachedObject, 'key' | 'status' | 'headers' | 'body' | 'part' | 'bytes' | 'hits'>>

/** Which policy runs, and which others are at hand. */
export type ServerPolicies = Pick<Policies, 'load' | 'use' | 'reload' | 'list' | 'discard'>

/** What can be set while the server runs. */
export type ServerParams = Pick<Params, 'list' | 'get' | 'set' | 'reset'>

export interface Server {
  /** Where it listens, ports resolved. */
  readonly addresses: readonly string[]
  /** Where the admin listener is, or `null`. */
  readonly admin: string | null
  readonly settings: Settings
  readonly counters: Counters
  readonly policies: ServerPolicies
  readonly params: ServerParams
  /** All counters and gauges, flat, in Varnish's names. */
  stat(): Record<string, number>
  /** Every object that is stored, in no particular order; for inspection. */
  objects(): Iterable<StoredObject>
  /**
   * Why a request would be answered as it would: it runs on the real machines and leaves no trace. Rejects with an `ExplainError` for one that
   * nobody could send.
   */
  explain(request: ExplainRequest): Promise<Explanation>
  /** Stops accepting, lets what is in flight finish within `deadlines.drain`, then stops. */
  drain(): Promise<void>
  /** Stops at once. */
  close(): Promise<void>
}

/**
 * Starts a server; its sockets are open when the promise resolves. Rejects with a `ConfigError` for an option that cannot be, a
 * `PolicyError` or `PolicyLoadError` for a policy that cannot be used, a `ListenError` for an address that cannot be listened on.
 */
export async function createServer(options: ServerOptions = {}): Promise<Server> {
  checkPolicyOptions(options)
  const adminToken = resolveAdminToken(options.adminToken)
  const assembly = assemble(options)
  const running = new Running(assembly)
  try {
    await running.open(options, adminToken)
  } catch (error) {
    await running.close()
    throw error
  }
  return running
}

function checkPolicyOptions({ policy, policyFile, watch }: ServerOptions): void {
  if (policy !== undefined && policyFile !== undefined)
    throw new ConfigError({
      what: 'policy and policyFile are both given',
      why: 'only one policy can be in use',
      how: 'leave one of them out',
    })
  if (watch === true && policyFile === undefined)
    throw new ConfigError({
      what: 'watch cannot be used',
      why: 'there is no policy file to watch',
      how: 'give the file: --policy FILE, or policyFile',
    })
}

class Running implements Server {
  readonly #assembly: Assembly
  readonly #backends: Backends
  readonly #started: number
  readonly #listeners: Listener[] = []
  readonly explain: Server['explain']
  #admin: Admin | null = null
  #closed = false

  constructor(assembly: Assembly) {
    this.#assembly = assembly
    this.#backends = new Backends(assembly.policies, assembly.origins, assembly.engine.defaultBackend)
    this.#started = assembly.clock.now()
    this.explain = createExplain(assembly)
  }

  get addresses(): readonly string[] {
    return this.#listeners.map((listener) => listener.address)
  }

  get admin(): string | null {
    return this.#admin?.address ?? null
  }

  get settings(): Settings {
    return this.#assembly.settings
  }

  get counters(): Counters {
    return this.#assembly.counters
  }

  get policies(): ServerPolicies {
    return this.#assembly.policies
  }

  get params(): ServerParams {
    return this.#assembly.params
  }

  async open(options: ServerOptions, adminToken: string | null): Promise<void> {
    const { engine, settings, counters, clock, log, policies } = this.#assembly
    await policies.open(options.policyFile ?? null)
    if (options.watch === true) policies.watch()
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
    if (options.admin != null) this.#admin = await this.#openAdmin(options.admin, adminToken)
  }

  #openAdmin(address: string, token: string | null): Promise<Admin> {
    const { engine, params, policies, table, counters, clock, log } = this.#assembly
    return createAdmin({
      address,
      token,
      parts: {
        stat: () => this.stat(),
        status: () => this.#status(),
        params,
        policies,
        backends: this.#backends,
        invalidation: engine.invalidation,
        table,
        counters,
        clock,
        log,
        refetch: (target) => refetch(engine, target),
        explain: this.explain,
      },
    })
  }

  stat(): Record<string, number> {
    const { engine, counters, table, settings, clock, policies } = this.#assembly
    return {
      uptime: Math.floor((clock.now() - this.#started) / 1000),
      ...counters.snapshot(),
      ...engine.invalidation.gauges(),
      n_vcl: policies.list().length,
      n_object: table.objects,
      n_objecthead: table.keys,
      g_bytes: table.bytes,
      g_space: settings.memory - table.bytes,
      sess_open: this.#listeners.reduce((sum, listener) => sum + listener.connections, 0),
      ...this.#backends.counters(),
    }
  }

  #status(): ServerStatus {
    const { settings, table, clock, policies } = this.#assembly
    const { rss, heapUsed } = process.memoryUsage()
    return {
      version: packageVersion(),
      pid: process.pid,
      uptime: Math.floor((clock.now() - this.#started) / 1000),
      addresses: this.addresses,
      admin: this.admin,
      policy: policies.list().find(({ state }) => state === 'active')?.name ?? '',
      preset: settings.preset,
      memory: { budget: settings.memory, used: table.bytes, rss, heap: heapUsed },
    }
  }

  objects(): Iterable<StoredObject> {
    return this.#assembly.table.stored()
  }

  async drain(): Promise<void> {
    const { settings } = this.#assembly
    await Promise.all(this.#listeners.map((listener) => listener.drain(settings.deadlines.drain * 1000)))
    await this.close()
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    const { stores, origins, policies } = this.#assembly
    await Promise.all(this.#listeners.map((listener) => listener.close()))
    await this.#admin?.close()
    stores.stop()
    origins.stop()
    await policies.close()
  }
}
