/** The origins that backends name: one pool for each distinct backend, whichever policy names it. */
import { createHash } from 'node:crypto'
import { isIP } from 'node:net'
import type { Backend } from '../../vcl-ts/backend.ts'
import type { Clock } from '../clock.ts'
import type { Settings } from '../config/settings.ts'
import type { Counters } from '../counters.ts'
import type { Origin } from './exchange.ts'
import type { OddStatus } from './http1/response-parser.ts'
import { type AdminHealth, BACKEND_COUNTERS, type LedgerCells, type LedgerView } from './ledger.ts'
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
  /** What is known of it, without its being asked for anything. */
  ledger(backend: Backend): LedgerView
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
  const of = (backend: Backend): Pool => {
    const found = known.get(backend)
    if (found !== undefined) return found
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
    ledger: (backend) => of(backend).ledger,
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
  return { counts: counters.cells(ledgerName(key), BACKEND_COUNTERS.length), connections: counters.gauges(ledgerName(key), 1) }
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
    cells: { counts: counters.claim(ledgerName(key), BACKEND_COUNTERS.length), connections: counters.gauge(ledgerName(key), 1) },
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
