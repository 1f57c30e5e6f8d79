import { type Duration, seconds } from './duration.ts'
import { type Probe, type ProbeOptions, probeOf } from './probe.ts'

/** An origin server as data; `src/origin` connects to it. */
export interface Backend {
  readonly type: 'backend'
  readonly url: string
  readonly host: string
  readonly port: number
  /** Sent as `Host` instead of the client's; `null`: the client's is forwarded. */
  readonly hostHeader: string | null
  /** Seconds; `null`: the server's option. */
  readonly connectTimeout: number | null
  readonly firstByteTimeout: number | null
  readonly betweenBytesTimeout: number | null
  /** Connections at a time. */
  readonly maxConnections: number
  /** `null`: it is healthy as long as no operator says otherwise. */
  readonly probe: Probe | null
  /** Requests at a time; `null`: as many as may wait and be under way. */
  readonly maxRequests: number | null
}

export interface BackendOptions {
  readonly hostHeader?: string
  readonly connectTimeout?: Duration
  readonly firstByteTimeout?: Duration
  readonly betweenBytesTimeout?: Duration
  /** Connections at a time, default 1,000. */
  readonly maxConnections?: number
  /** Asks it again and again whether it is well; what is sick is not asked for anything else. Default: no probe. */
  readonly probe?: ProbeOptions
  /**
   * A breaker: requests under way and waiting for a connection at a time. One more fails at once (503 with `Retry-After: 1`), and directors
   * go elsewhere. Default: no bound but those of connections and queue.
   */
  readonly maxRequests?: number
}

/**
 * A backend from its URL. Only scheme, host and port count: `http://127.0.0.1:3000`.
 * Throws a `TypeError` for a URL with credentials, path, query or another scheme.
 */
export function backend(url: string, options: BackendOptions = {}): Backend {
  const parsed = URL.canParse(url) ? new URL(url) : null
  if (parsed === null) throw new TypeError(`backend ${JSON.stringify(url)} is not a URL; write it as http://host:port`)
  if (parsed.protocol !== 'http:')
    throw new TypeError(`backend ${JSON.stringify(url)}: scheme ${parsed.protocol}// is not supported; use http://`)
  if (parsed.username !== '' || parsed.password !== '') throw new TypeError('a backend URL must not hold credentials')
  if (parsed.pathname !== '/' || parsed.search !== '' || parsed.hash !== '')
    throw new TypeError(`backend ${JSON.stringify(url)} has a path or query; a backend is scheme, host and port`)
  const duration = (value: Duration | undefined): number | null => (value === undefined ? null : seconds(value))
  const maxConnections = options.maxConnections ?? 1000
  if (!Number.isInteger(maxConnections) || maxConnections < 1) throw new TypeError('maxConnections must be a whole number of at least 1')
  const maxRequests = options.maxRequests ?? null
  if (maxRequests !== null && (!Number.isInteger(maxRequests) || maxRequests < 1))
    throw new TypeError('maxRequests must be a whole number of at least 1')
  return Object.freeze({
    type: 'backend',
    url: `http://${parsed.host}`,
    host: parsed.hostname.replace(/^\[|\]$/g, ''),
    port: parsed.port === '' ? 80 : Number(parsed.port),
    hostHeader: options.hostHeader ?? null,
    connectTimeout: duration(options.connectTimeout),
    firstByteTimeout: duration(options.firstByteTimeout),
    betweenBytesTimeout: duration(options.betweenBytesTimeout),
    maxConnections,
    probe: options.probe === undefined ? null : probeOf(options.probe),
    maxRequests,
  })
}
