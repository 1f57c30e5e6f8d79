/** Places where a backend may be reached, and which of them is tried next. */
import type { OriginFailure } from './exchange.ts'

/** Somewhere to connect to. */
export interface Place {
  /** Tells it from others: `10.0.0.1:80`, `[::1]:80`, `unix:/run/app.sock`. */
  readonly name: string
  /** An address; `''` for a Unix socket. */
  readonly host: string
  readonly port: number
  /** Of a Unix socket. */
  readonly path: string | null
}

export interface Route {
  /**
   * Where to connect to next, but for the names in `tried`; `null`: nowhere else. `later`: that is not known yet, `ready` is called when it
   * may be. A failure: it cannot be known.
   */
  next(tried: ReadonlySet<string>, ready: () => void): Place | 'later' | OriginFailure | null
  /** How many places there are beside those in `tried`. */
  left(tried: ReadonlySet<string>): number
  /** Whether one may still go there. */
  leadsTo(place: Place): boolean
  /** Whoever comes next does not begin there. */
  failed(place: Place): void
  succeeded(place: Place): void
}

export function tcpPlace(host: string, port: number): Place {
  return { name: `${host.includes(':') ? `[${host}]` : host}:${port}`, host, port, path: null }
}

export function unixPlace(path: string): Place {
  return { name: `unix:${path}`, host: '', port: 0, path }
}

/** One place that never changes. */
export function fixedRoute(place: Place): Route {
  return {
    next: (tried) => (tried.has(place.name) ? null : place),
    left: (tried) => (tried.has(place.name) ? 0 : 1),
    leadsTo: () => true,
    failed() {},
    succeeded() {},
  }
}
