/** The origins that backends name: one pool for each distinct backend, whichever policy names it. */
import { createHash } from 'node:crypto'
import { isIP } from 'node:net'
import type { Backend } from '../../vcl-ts/backend.ts'
import type { Clock } from '../clock.ts'
import type { Settings } from '../config/settings.ts'
import type { Counters } from '../counters.ts'
import type { Origin } from './exchange.ts'
import { Health, type ProbeReport } from './health.ts'
import type { OddStatus } from './http1/response-parser.ts'
import { type AdminHealth, BACKEND_COUNTERS, isHappy, LEDGER_GAUGES, type LedgerCells, type LedgerView } from './ledger.ts'
import { NamedRoute } from './named-route.ts'
import type { Names } from './names.ts'
import { fixedRoute, type Route, tcpPlace, unixPlace } from './place.ts'
import { Pool } from './pool.ts'
import { TlsClient } from './tls.ts'

export interface OriginsDeps {
  /** Who resolves names. */
  readonly names: Names
  readonly settings: Settings
  readonly clock: Clock
  readonly counters: Counters
  /** What becomes of the statuses 600–998 (DECISIONS: status 600–999). */
  readonly oddStatus: OddStatus
  /** Threads that have connections to the same servers, each its share of what a backend allows. Default 1. */
  readonly threads?: number
  /** What an operator says of it already. Default: nothing. */
  readonly healthOf?: (backend: Backend) => AdminHealth
}

export interface Origins {
  of(backend: Backend): Origin
  /** What is known of it, without its being asked for anything. `cells`: where others count, too. */
  ledger(backend: Backend, cells?: LedgerCells): LedgerView
  /** What an operator said. */
  health(backend: Backend): AdminHealth
  /** Whether it may be asked: what an operator said, else what its probe found. */
  healthy(backend: Backend): boolean
  /** Since when its probe finds it healthy, monotonic milliseconds; `-Infinity`: always. */
  since(backend: Backend): number
  /** Requests under way and waiting. */
  load(backend: Backend): number
  /** Whether that is as many as it may have. */
  full(backend: Backend): boolean
  /** Requests that were ever sent to it. */
  requests(backend: Backend): number
  /** What its probe found; the report only where probes run. Who waits for a connection to what is sick fails at once. */
  setProbed(backend: Backend, healthy: boolean, report: ProbeReport | null): void
  /** A director leaves it out for what it answered, or does so no more. */
  ejected(backend: Backend, out: boolean): void
  /** A request that it did not get, because it is sick or has enough of them. */
  countRefusal(backend: Backend, why: 'unhealthy' | 'busy'): void
  /** From now on; who waits for a connection to what is sick fails at once. */
  setHealth(backend: Backend, health: AdminHealth): void
  /** Closes idle connections everywhere; calls under way finish, their connections are not kept. */
  close(): void
  /** Closes every connection at once; calls under way fail. */
  stop(): void
}

export function createOrigins(deps: OriginsDeps): Origins {
  const known = new WeakMap<Backend, Pool>()
  const pools = new Map<string, Pool>()
  const found = new Health(deps.clock, originKey)
  const of = (backend: Backend): Pool => {
    const before = known.get(backend)
    if (before !== undefined) return before
    // A reloaded policy makes its backends anew; equal ones share their connections, counts and health.
    const key = originKey(backend)
    let pool = pools.get(key)
    if (pool === undefined) {
      pool = createPool(backend, key, deps)
      pool.setHealth(deps.healthOf?.(backend) ?? 'auto')
      pools.set(key, pool)
    }
    known.set(backend, pool)
    return pool
  }
  return {
    of,
    ledger: (backend, cells) => of(backend).ledger.view(found.of(backend), cells),
    health: (backend) => of(backend).ledger.health,
    healthy: (backend) => backend.none !== true && isHappy(of(backend).ledger.health, found.of(backend)),
    since: (backend) => found.of(backend)?.since ?? Number.NEGATIVE_INFINITY,
    load: (backend) => of(backend).load,
    // A backend that was written by hand may lack it.
    full: (backend) => backend.maxRequests != null && of(backend).load >= shareOf(backend.maxRequests, deps.threads ?? 1),
    requests: (backend) => of(backend).ledger.requests,
    setProbed(backend, healthy, report) {
      const pool = of(backend)
      if (found.tell(backend, healthy, report) && !healthy && pool.ledger.health === 'auto') pool.refuseQueue()
    },
    countRefusal: (backend, why) => of(backend).ledger.count(why),
    ejected: (backend, out) => of(backend).ledger.eject(out),
    setHealth: (backend, health) => of(backend).setHealth(health),
    close() {
      for (const pool of pools.values()) pool.close()
    },
    stop() {
      for (const pool of pools.values()) pool.stop()
    },
  }
}

/** At least one. */
export function shareOf(limit: number, threads: number): number {
  return Math.max(1, Math.floor(limit / threads))
}

/** Backends that have it in common have their connections, counts and health in common. Shows no certificate, key or passphrase. */
export function originKey({ url, hostHeader, maxConnections, tls, proxyHeader, waitLimit, waitTimeout }: Backend): string {
  const common = JSON.stringify([url, hostHeader, maxConnections])
  if (tls === null && proxyHeader === null && waitLimit === null && waitTimeout === null) return common
  const rest = JSON.stringify([tls, proxyHeader, waitLimit, waitTimeout])
  return `${common} ${createHash('sha256').update(rest).digest('base64url').slice(0, 22)}`
}

/** The sums of all threads that count there. */
export function ledgerCells(counters: Counters, key: string): LedgerCells {
  return { counts: counters.cells(ledgerName(key), BACKEND_COUNTERS.length), gauges: counters.gauges(ledgerName(key), LEDGER_GAUGES) }
}

function ledgerName(key: string): string {
  return `backend ${key}`
}

function createPool(backend: Backend, key: string, { settings, clock, counters, oddStatus, names, threads = 1 }: OriginsDeps): Pool {
  const { tls, proxyHeader, none, waitLimit } = backend
  const route = routeTo(backend, names, clock)
  const pool = new Pool({
    name: backend.path === null ? backend.authority : backend.url,
    hostHeader: backend.hostHeader ?? backend.authority,
    connection: { single: proxyHeader !== null, settings, oddStatus, clock },
    dial: none ? null : { route, tls: tls === null ? null : new TlsClient(tls, clock), proxyHeader, clock },
    maxConnections: shareOf(backend.maxConnections, threads),
    waitLimit: waitLimit === null || waitLimit === 0 ? waitLimit : shareOf(waitLimit, threads),
    waitTimeout: backend.waitTimeout,
    settings,
    clock,
    counters,
    cells: { counts: counters.claim(ledgerName(key), BACKEND_COUNTERS.length), gauges: counters.gauge(ledgerName(key), LEDGER_GAUGES) },
  })
  if (route instanceof NamedRoute) route.serve(pool)
  return pool
}

function routeTo({ path, host, port, srv, tls, none }: Backend, names: Names, clock: Clock): Route {
  if (path !== null) return fixedRoute(unixPlace(path))
  if (none || isIP(host) !== 0) return fixedRoute(tcpPlace(host, port))
  const service = host.startsWith('_') ? host : `_${tls === null ? 'http' : 'https'}._tcp.${host}`
  return new NamedRoute(names, srv ? service : host, port, clock)
}
