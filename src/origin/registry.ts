/** The origins that backends name: one pool for each distinct backend, whichever policy names it. */
import type { Backend } from '../../vcl-ts/backend.ts'
import type { Clock } from '../clock.ts'
import type { Settings } from '../config/settings.ts'
import type { Counters } from '../counters.ts'
import type { Origin } from './exchange.ts'
import type { OddStatus } from './http1/response-parser.ts'
import { Pool } from './pool.ts'

export interface OriginsDeps {
  readonly settings: Settings
  readonly clock: Clock
  readonly counters: Counters
  /** What becomes of the statuses 600–998 (DECISIONS: status 600–999). */
  readonly oddStatus: OddStatus
}

export interface Origins {
  of(backend: Backend): Origin
  /** Closes idle connections everywhere; calls under way finish, their connections are not kept. */
  close(): void
  /** Closes every connection at once; calls under way fail. */
  stop(): void
}

export function createOrigins(deps: OriginsDeps): Origins {
  const known = new WeakMap<Backend, Origin>()
  const pools = new Map<string, Pool>()
  return {
    of(backend) {
      const found = known.get(backend)
      if (found !== undefined) return found
      // A reloaded policy makes its backends anew; equal ones share their connections.
      const key = JSON.stringify([backend.url, backend.hostHeader, backend.maxConnections])
      let pool = pools.get(key)
      if (pool === undefined) {
        pool = createPool(backend, deps)
        pools.set(key, pool)
      }
      known.set(backend, pool)
      return pool
    },
    close() {
      for (const pool of pools.values()) pool.close()
    },
    stop() {
      for (const pool of pools.values()) pool.stop()
    },
  }
}

function createPool(backend: Backend, { settings, clock, counters, oddStatus }: OriginsDeps): Pool {
  const { limits, deadlines } = settings
  const authority = backend.url.slice(backend.url.indexOf('//') + 2)
  return new Pool({
    name: authority,
    hostHeader: backend.hostHeader ?? authority,
    connection: {
      host: backend.host,
      port: backend.port,
      limits: { head: limits.originHead, fields: limits.originFields },
      oddStatus,
      idle: deadlines.originIdle,
      clock,
    },
    maxConnections: Math.min(backend.maxConnections, limits.originConnections),
    maxQueue: limits.originQueue,
    queueSeconds: deadlines.originQueue,
    clock,
    counters,
  })
}
