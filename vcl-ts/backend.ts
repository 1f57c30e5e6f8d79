import { type BackendTls, backendTls, type TlsOptions } from './backend-tls.ts'
import { parseBackendUrl } from './backend-url.ts'
import { type Duration, seconds } from './duration.ts'
import { type Probe, type ProbeOptions, probeOf } from './probe.ts'

/** An origin server as data; `src/origin` connects to it. */
export interface Backend {
  readonly type: 'backend'
  readonly url: string
  /** What stands for it in `Host`: host, and port unless it is the scheme's own; `localhost` for a Unix socket. */
  readonly authority: string
  readonly host: string
  /** 0 where a Unix socket or SRV records say more. */
  readonly port: number
  /** Of a Unix socket. */
  readonly path: string | null
  /** Whether hosts and ports come from SRV records. */
  readonly srv: boolean
  /** Whether it is only a name for nothing: every request is answered 503. */
  readonly none: boolean
  /** `null`: in plain text. */
  readonly tls: BackendTls | null
  /** Version of the PROXY protocol that each connection begins with; `null`: none. */
  readonly proxyHeader: 1 | 2 | null
  /** Sent as `Host` instead of the client's; `null`: the client's is forwarded. */
  readonly hostHeader: string | null
  /** Seconds; `null`: the server's option. */
  readonly connectTimeout: number | null
  readonly firstByteTimeout: number | null
  readonly betweenBytesTimeout: number | null
  /** Connections at a time. */
  readonly maxConnections: number
  /** Requests that may wait for a connection; `null`: the server's option. */
  readonly waitLimit: number | null
  /** Seconds that one may wait for it; `null`: the server's option. */
  readonly waitTimeout: number | null
  /** `null`: it is healthy as long as no operator says otherwise. */
  readonly probe: Probe | null
  /** Requests at a time; `null`: as many as may wait and be under way. */
  readonly maxRequests: number | null
}

export interface BackendOptions {
  readonly hostHeader?: string
  /** For `https://`. */
  readonly tls?: TlsOptions
  /**
   * Begin each connection with the PROXY protocol of this version, which tells the client's address (the one that `client.ip` shows). Such a
   * connection carries one request.
   */
  readonly proxyHeader?: 1 | 2
  /** Take hosts, ports, priorities and weights from the SRV records of `_http._tcp.host` (`_https._tcp` over TLS), or of the host itself if it begins with `_`. As `srv+http://`. */
  readonly srv?: boolean
  readonly connectTimeout?: Duration
  readonly firstByteTimeout?: Duration
  readonly betweenBytesTimeout?: Duration
  /** Connections at a time, default 1,000. */
  readonly maxConnections?: number
  /** How many requests may wait when all connections are taken; 0: none. Default: `--limit-origin-queue`. */
  readonly waitLimit?: number
  /** How long one waits, then it fails. Default: `--deadline-origin-queue`. */
  readonly waitTimeout?: Duration
  /** Asks it again and again whether it is well; what is sick is not asked for anything else. Default: no probe. */
  readonly probe?: ProbeOptions
  /**
   * A breaker: requests under way and waiting for a connection at a time. One more fails at once (503 with `Retry-After: 1`), and directors
   * go elsewhere. Default: no bound but those of connections and queue.
   */
  readonly maxRequests?: number
}

/**
 * A backend from its URL: `http://127.0.0.1:3000`, `https://app.example`, `unix:/run/app.sock`, `srv+http://app.example`, or `none`, which
 * stands for no server at all. Only scheme, host and port count. A name is resolved as often as its records say, and all its addresses are used.
 * Throws a `TypeError` for a URL with credentials, path, query or another scheme, and for options that cannot be.
 */
export function backend(url: string, options: BackendOptions = {}): Backend {
  const at = parseBackendUrl(options.srv === true && !url.startsWith('srv+') ? `srv+${url}` : url)
  const { hostHeader, tls, proxyHeader = null, maxConnections = 1000, waitLimit = null } = options
  if (tls !== undefined && !at.secure)
    throw new TypeError(`backend ${JSON.stringify(at.url)} has tls options; write it as https://host:port`)
  if (proxyHeader !== null && proxyHeader !== 1 && proxyHeader !== 2) throw new TypeError('proxyHeader must be 1 or 2')
  if (!Number.isInteger(maxConnections) || maxConnections < 1) throw new TypeError('maxConnections must be a whole number of at least 1')
  if (waitLimit !== null && (!Number.isInteger(waitLimit) || waitLimit < 0))
    throw new TypeError('waitLimit must be a whole number of at least 0')
  const maxRequests = options.maxRequests ?? null
  if (maxRequests !== null && (!Number.isInteger(maxRequests) || maxRequests < 1))
    throw new TypeError('maxRequests must be a whole number of at least 1')
  return Object.freeze({
    type: 'backend',
    url: at.url,
    authority: at.authority,
    host: at.host,
    port: at.port,
    path: at.path,
    srv: at.srv,
    none: at.none,
    tls: at.secure ? backendTls(tls ?? {}, hostHeader === undefined ? at.name : hostOf(hostHeader)) : null,
    proxyHeader,
    hostHeader: hostHeader ?? null,
    connectTimeout: timeout('connectTimeout', options.connectTimeout),
    firstByteTimeout: timeout('firstByteTimeout', options.firstByteTimeout),
    betweenBytesTimeout: timeout('betweenBytesTimeout', options.betweenBytesTimeout),
    maxConnections,
    waitLimit,
    waitTimeout: timeout('waitTimeout', options.waitTimeout),
    probe: options.probe === undefined ? null : probeOf(options.probe),
    maxRequests,
  })
}

/** Without port and brackets. */
function hostOf(authority: string): string {
  return authority.replace(/:\d+$/, '').replace(/^\[|\]$/g, '')
}

function timeout(name: string, value: Duration | undefined): number | null {
  if (value === undefined) return null
  const time = seconds(value)
  if (time <= 0) throw new TypeError(`${name} must be longer than nothing`)
  return time
}
