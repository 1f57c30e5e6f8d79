/** A server that runs: one assembly with its admin listener, in front of whatever serves its clients. */
import { Backends } from '../admin/backends.ts'
import { createExplain } from '../admin/explain.ts'
import { fleetStat } from '../admin/fleet.ts'
import type { Refetch, ServerStatus } from '../admin/parts.ts'
import { type Admin, createAdmin } from '../admin/server.ts'
import { packageVersion } from '../admin/version.ts'
import type { Assembly, ServerOptions } from '../assembly.ts'
import type { Settings } from '../config/settings.ts'
import type { Counters } from '../counters.ts'
import { Probes } from '../origin/probes.ts'
import type { Origins } from '../origin/registry.ts'
import { joined } from './joining.ts'
import type { Server, ServerParams, ServerPolicies, StoredObject } from './server.ts'
import { stopAssembly } from './stop.ts'
import { DEFAULT_LISTEN, type Traffic } from './traffic.ts'

export interface RunningParts {
  readonly assembly: Assembly
  readonly traffic: Traffic
  /** What is known of the origin servers by all who ask them. */
  readonly origins: Pick<Origins, 'ledger' | 'setHealth' | 'setProbed'>
  readonly refetch: Refetch
  /** Of each worker. */
  readonly workers: readonly Counters[]
}

export class Running implements Server {
  readonly #parts: RunningParts
  readonly #assembly: Assembly
  readonly #backends: Backends
  readonly #probing: Origins
  readonly #probes: Probes
  readonly #started: number
  readonly explain: Server['explain']
  #admin: Admin | null = null
  #closed = false
  #draining = false

  constructor(parts: RunningParts) {
    const { assembly, origins } = parts
    this.#parts = parts
    this.#assembly = assembly
    this.#backends = new Backends(assembly.policies, origins, assembly.engine.defaultBackend)
    this.#probing = assembly.originsForProbes()
    this.#probes = new Probes({
      clock: assembly.clock,
      log: assembly.log,
      originOf: (backend) => this.#probing.of(backend),
      tell: (backend, healthy, report) => {
        const how = origins.ledger(backend).happy === healthy ? 'Still' : 'Went'
        origins.setProbed(backend, healthy, report)
        const { history, good, threshold, window, last } = report
        const numbers = `${good} ${threshold} ${window}`
        assembly.engine.journal.raw('Backend_health', `${backend.url} ${how} ${healthy ? 'healthy' : 'sick'} ${history} ${numbers} ${last}`)
      },
    })
    this.#started = assembly.clock.now()
    this.explain = createExplain(assembly)
  }

  get addresses(): readonly string[] {
    return this.#parts.traffic.addresses
  }

  get admin(): string | null {
    return this.#admin?.address ?? null
  }

  get workers(): number {
    return this.#parts.workers.length
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
    const { policies } = this.#assembly
    const probe = (): void => this.#probes.watch(this.#backends.all())
    policies.onChange(probe)
    await policies.open(options.policyFile ?? null)
    probe()
    if (options.watch === true) policies.watch()
    await joined(this.#assembly)
    await this.#parts.traffic.open(options.listen ?? DEFAULT_LISTEN)
    if (options.admin != null) this.#admin = await this.#openAdmin(options.admin, adminToken)
  }

  #openAdmin(address: string, token: string | null): Promise<Admin> {
    const { engine, params, policies, table, stores, counters, clock, log } = this.#assembly
    return createAdmin({
      address,
      token,
      parts: {
        stat: (perWorker) => (perWorker ? { ...this.stat(), ...this.#perWorker() } : this.stat()),
        status: () => this.#status(),
        params,
        policies,
        backends: this.#backends,
        invalidation: engine.invalidation,
        fleet: stores.fleet,
        table,
        counters,
        clock,
        log,
        xids: engine.xids,
        journal: engine.journal,
        refetch: this.#parts.refetch,
        explain: this.explain,
      },
    })
  }

  stat(): Record<string, number> {
    const { engine, counters, table, stores, settings, clock, policies } = this.#assembly
    return {
      uptime: Math.floor((clock.now() - this.#started) / 1000),
      ...counters.snapshot(),
      ...engine.invalidation.gauges(),
      ...fleetStat(stores.fleet, counters),
      n_vcl: policies.list().length,
      n_object: table.objects,
      n_objecthead: table.keys,
      g_bytes: table.bytes,
      g_space: settings.memory - table.bytes,
      sess_open: counters.gauges('sess_open', 1)[0] ?? 0,
      ...this.#backends.counters(),
    }
  }

  /** `worker.1.cache_hit` and so on. */
  #perWorker(): Record<string, number> {
    const all: Record<string, number> = {}
    for (const [index, counters] of this.#parts.workers.entries()) {
      const own = { ...counters.snapshot(), sess_open: counters.gauges('sess_open', 1)[0] ?? 0 }
      for (const [name, value] of Object.entries(own)) all[`worker.${index + 1}.${name}`] = value
    }
    return all
  }

  #status(): ServerStatus {
    const { settings, table, clock, policies } = this.#assembly
    const { rss, heapUsed } = process.memoryUsage()
    return {
      version: packageVersion(),
      pid: process.pid,
      state: this.#draining ? 'draining' : 'running',
      serving: this.#parts.traffic.serving,
      uptime: Math.floor((clock.now() - this.#started) / 1000),
      addresses: this.addresses,
      admin: this.admin,
      workers: this.workers,
      policy: policies.list().find(({ state }) => state === 'active')?.name ?? '',
      preset: settings.preset,
      memory: { budget: settings.memory, used: table.bytes, rss, heap: heapUsed },
    }
  }

  objects(): Iterable<StoredObject> {
    return this.#assembly.table.stored()
  }

  async drain(): Promise<void> {
    this.#draining = true
    await this.#parts.traffic.drain(this.#assembly.settings.deadlines.drain * 1000)
    await this.close()
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#assembly.policies.onChange(() => {})
    this.#probes.stop()
    this.#probing.stop()
    await this.#parts.traffic.close()
    await this.#admin?.close()
    await stopAssembly(this.#assembly)
  }
}
