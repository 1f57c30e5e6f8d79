/**
 * Where Redis is, from URLs: `redis://user:password@host:port/db`, `redis+unix:///path?db=1`, `redis+cluster://a:1,b:2` (or one plain URL for each
 * seed), `redis+sentinel://a:26379,b:26379/master/db`. `rediss` instead of `redis` for TLS; `valkey` and `valkeys` are the same.
 */

export type Endpoint = { readonly host: string; readonly port: number } | { readonly path: string }

export interface RedisTarget {
  readonly type: 'server' | 'cluster' | 'sentinel'
  /** The server, seeds of the Cluster, or Sentinels; at least one. */
  readonly endpoints: readonly Endpoint[]
  /** What Sentinels call the master; `null` without them. */
  readonly master: string | null
  /** `null`: the user that is called default. */
  readonly user: string | null
  /** `null`: none is asked for. */
  readonly password: string | null
  readonly db: number
  readonly tls: boolean
  /** For logs: without user and password. */
  readonly shown: string
}

const PORT = 6379
const SENTINEL_PORT = 26_379
const URL_SHAPE = /^(redis|valkey)(s?)(?:\+(cluster|sentinel|unix))?:\/\/(?:(.*)@)?([^@/?]*)(\/[^@?]*)?(?:\?db=(\d{1,4}))?$/
const HOST_AND_PORT = /^(?:\[([0-9A-Fa-f:.]+(?:%[0-9A-Za-z]+)?)\]|([0-9A-Za-z_.-]+))(?::([0-9]{1,5}))?$/

/** `password` wins over one in a URL. Throws a `TypeError` that says what is wrong and what was expected, and tells no password. */
export function redisTarget(servers: readonly string[], password: string | null = null): RedisTarget {
  const [first, ...others] = servers.map(parse)
  if (first === undefined) throw new TypeError('no URL is given; write redis://host:port')
  const seeds = first.type === 'server' && others.length > 0
  for (const other of others) checkAlike(first, other)
  if (seeds && (first.db !== 0 || first.endpoints.some((endpoint) => 'path' in endpoint)))
    throw new TypeError(
      'several URLs are the seeds of a Cluster, which has no databases and no Unix sockets; write redis://host:port for each',
    )
  const type = seeds ? 'cluster' : first.type
  const endpoints = [first, ...others].flatMap((target) => target.endpoints)
  return { ...first, type, endpoints, password: password ?? first.password, shown: shown({ ...first, type, endpoints }) }
}

export function showEndpoint(endpoint: Endpoint): string {
  if ('path' in endpoint) return endpoint.path
  return endpoint.host.includes(':') ? `[${endpoint.host}]:${endpoint.port}` : `${endpoint.host}:${endpoint.port}`
}

/** `host:port` as a Cluster tells it, without brackets around IPv6. `null`: it is no address. */
export function clusterAddress(text: string): Endpoint | null {
  const colon = text.lastIndexOf(':')
  const port = Number(text.slice(colon + 1))
  return colon < 1 || !Number.isInteger(port) || port < 1 || port > 65_535 ? null : { host: text.slice(0, colon), port }
}

type Parsed = Omit<RedisTarget, 'shown'>

function parse(url: string): Parsed {
  const match = URL_SHAPE.exec(url)
  if (match === null) throw refusal(url, 'it is no URL of a Redis')
  const [, , secure, kind, userinfo, hosts = '', path = '', query] = match
  const [user, password] = credentials(url, userinfo)
  const base = { user, password, tls: secure === 's', master: null, db: Number(query ?? 0) }
  if (kind === 'unix') {
    if (hosts !== '' || path.length < 2) throw refusal(url, 'a Unix socket needs the absolute path of a file: redis+unix:///run/redis.sock')
    if (base.tls) throw refusal(url, 'TLS is not spoken over Unix sockets: write redis+unix://')
    return { ...base, type: 'server', endpoints: [{ path: decode(url, path) }] }
  }
  if (query !== undefined) throw refusal(url, 'the database stands in the path: redis://host:port/1')
  const places = hosts.split(',').map((place) => endpoint(url, place, kind === 'sentinel' ? SENTINEL_PORT : PORT))
  const parts = path.split('/').slice(1)
  if (kind === 'sentinel') {
    const [master = '', db] = parts
    if (master === '' || parts.length > 2)
      throw refusal(url, 'Sentinels are asked for a master by its name: redis+sentinel://host:26379/mymaster')
    return { ...base, type: 'sentinel', endpoints: places, master: decode(url, master), db: database(url, db) }
  }
  if (parts.length > 1) throw refusal(url, 'behind the port there is at most the number of a database')
  const db = database(url, parts[0])
  if (kind !== 'cluster') {
    if (places.length > 1) throw refusal(url, 'several servers are a Cluster: redis+cluster://a:6379,b:6379')
    return { ...base, type: 'server', endpoints: places, db }
  }
  if (db !== 0) throw refusal(url, 'a Cluster has no databases')
  return { ...base, type: 'cluster', endpoints: places }
}

function endpoint(url: string, text: string, port: number): Endpoint {
  const match = HOST_AND_PORT.exec(text)
  const given = Number(match?.[3] ?? port)
  if (match === null || given < 1 || given > 65_535) throw refusal(url, `${JSON.stringify(text)} is not host:port or [::1]:port`)
  return { host: match[1] ?? match[2] ?? '', port: given }
}

function database(url: string, text: string | undefined): number {
  if (text === undefined || text === '') return 0
  if (!/^\d{1,4}$/.test(text)) throw refusal(url, `${JSON.stringify(text)} is not the number of a database`)
  return Number(text)
}

function credentials(url: string, userinfo: string | undefined): readonly [user: string | null, password: string | null] {
  if (userinfo === undefined) return [null, null]
  const colon = userinfo.indexOf(':')
  const user = decode(url, colon < 0 ? userinfo : userinfo.slice(0, colon))
  return [user === '' ? null : user, colon < 0 ? null : decode(url, userinfo.slice(colon + 1))]
}

function decode(url: string, text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw refusal(url, 'a % in it does not begin a code such as %40')
  }
}

function checkAlike(first: Parsed, other: Parsed): void {
  if (first.type !== other.type || first.tls !== other.tls || first.master !== other.master || first.db !== other.db)
    throw new TypeError('the URLs are of different kinds; several are the seeds of one Cluster, or the Sentinels of one master')
  if (first.user !== other.user || first.password !== other.password)
    throw new TypeError('the URLs tell different users or passwords; all nodes of a Cluster have the same')
}

function shown({ type, endpoints, master, db, tls }: Parsed): string {
  const kind = type === 'server' ? (endpoints.some((place) => 'path' in place) ? '+unix' : '') : `+${type}`
  const path = [...(master === null ? [] : [master]), ...(db === 0 ? [] : [String(db)])].map((part) => `/${part}`).join('')
  return `redis${tls ? 's' : ''}${kind}://${endpoints.map(showEndpoint).join(',')}${path}`
}

function refusal(url: string, why: string): TypeError {
  return new TypeError(`${JSON.stringify(url.replace(/(\/\/).*@/s, '$1***@'))} cannot be used: ${why}`)
}
