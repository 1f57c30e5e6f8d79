/** Every option once: flag, kind, default, prose. Flags, `CLEARCOAT_*` variables, keys of the configuration file, `--help` and the checks of the API come from these rows. */
import { CODINGS, type Coding } from '../../vcl-ts/coding.ts'
import { defaultBudget, SMALLEST_BUDGET } from './memory.ts'
import {
  addressOrOff,
  count,
  countOrAuto,
  duration,
  type Kind,
  keyPrefix,
  type LogTarget,
  list,
  logTarget,
  nodeName,
  optional,
  pairs,
  password,
  path,
  paths,
  redisUrls,
  secret,
  size,
  sliceSize,
  strongSecret,
  toggle,
  token,
  word,
} from './option-kinds.ts'
import { type Deadlines, defaultDeadlines, defaultLimits, defaultRedis, type Limits, type PresetName } from './settings.ts'

const TAG_FIELDS: readonly string[] = [
  ...['xkey', 'X-HashTwo', 'Surrogate-Key', 'Cache-Tag', 'Cache-Tags', 'X-Cache-Tags', 'Purge-Cache-Tags', 'X-Magento-Tags'],
  ...['X-Acquia-Purge-Tags', 'Edge-Cache-Tag', 'CDN-Tag', 'Vercel-Cache-Tag', 'Netlify-Cache-Tag', 'X-LiteSpeed-Tag'],
]

const COMPRESSED_TYPES: readonly string[] = [
  ...['text/*', '*+json', '*+xml', 'application/json', 'application/javascript', 'application/ecmascript', 'application/xml'],
  ...['application/wasm', 'application/vnd.ms-fontobject', 'font/ttf', 'font/otf', 'image/bmp', 'image/x-icon', 'image/vnd.microsoft.icon'],
]

export const MOST_WORKERS = 64
const DEFAULT_WORKERS = 1

export type OptionGroup = 'Server' | 'Serving' | 'Invalidation' | 'Cache' | 'Redis' | 'Log' | 'Deadlines' | 'Limits'

export interface OptionRow<T> {
  /** Without the dashes. The variable is `CLEARCOAT_` and this in capitals. */
  readonly flag: string
  /** Stands for the value in usage lines; empty for a flag that takes none. */
  readonly placeholder: string
  readonly kind: Kind<T>
  readonly default: T
  /** In place of `kind.show(default)` where the default depends on the machine. */
  readonly defaultText?: string
  /** May be given several times. */
  readonly repeatable?: boolean
  /** Never shown; also read from the file that the variable with `_FILE` behind it names. */
  readonly secret?: boolean
  /** May be given without its flag, too. */
  readonly positional?: boolean
  readonly group: OptionGroup
  readonly prose: string
}

/** What the options say, apart from limits and deadlines. */
export interface OptionValues {
  /** Backends' URLs, several for a round-robin; `null`: the demo shop. */
  readonly origin: readonly string[] | null
  /** Files in PEM form; `null`: the system's authorities, no certificate. */
  readonly originCa: string | null
  readonly originCert: string | null
  readonly originKey: string | null
  readonly originInsecure: boolean
  /** Empty: the system's servers. */
  readonly dns: readonly string[]
  readonly listen: readonly string[]
  /** `null`: no admin listener. */
  readonly admin: string | null
  /** `null`: whoever reaches the admin listener may use it. */
  readonly adminToken: string | null
  /** Threads that serve clients. */
  readonly workers: number | 'auto'
  readonly trust: readonly string[]
  readonly purgeFrom: readonly string[]
  /** `null`: as `purgeFrom`. */
  readonly refreshFrom: readonly string[] | null
  readonly purgeToken: string | null
  readonly tagFields: readonly string[]
  readonly preset: PresetName
  readonly name: string
  /** `null`: the built-in policy alone. */
  readonly policy: string | null
  /** A policy in VCL, in place of `policy`. */
  readonly vcl: string | null
  /** Files of the VCLs that `vcl` hands requests to, by label. */
  readonly vclLabels: Readonly<Record<string, string>>
  readonly watch: boolean
  /** Bytes. */
  readonly memory: number
  /** Bytes; `null`: a sixteenth of the budget. */
  readonly maxObject: number | null
  readonly compress: 'off' | Coding
  /** Media types. */
  readonly compressTypes: readonly string[]
  /** Bytes. */
  readonly compressMin: number
  readonly compressAgain: boolean
  /** Bytes. */
  readonly slice: number | null
  /** URLs; `null`: this node is alone. */
  readonly redis: readonly string[] | null
  readonly redisPassword: string | null
  /** A file in PEM form; `null`: the system's authorities. */
  readonly redisCa: string | null
  readonly redisPrefix: string
  readonly redisSecret: string | null
  /** Bytes. */
  readonly redisMaxObject: number
  /** Seconds. */
  readonly redisStaleLimit: number
  readonly redisClaims: boolean
  /** Seconds. */
  readonly redisDeadline: number
  /** `null`: host and process. */
  readonly nodeName: string | null
  /** `null`: `pretty` on a terminal, else `json`. */
  readonly log: LogTarget | null
  /** Run-time parameters by name, as `param.set` takes them. */
  readonly params: Readonly<Record<string, string>>
}

export type Rows<V> = { readonly [K in keyof V]: OptionRow<V[K]> }

export const OPTIONS: Rows<OptionValues> = {
  origin: {
    flag: 'origin',
    placeholder: 'ORIGIN',
    kind: optional(list(1, 'http://host:port, several with commas')),
    default: null,
    defaultText: 'a small demo shop',
    repeatable: true,
    positional: true,
    group: 'Serving',
    prose: 'the web server behind: http://host:port, https://host:port, srv+http://service or unix:/path; several take turns',
  },
  originCa: {
    flag: 'origin-ca',
    placeholder: 'FILE',
    kind: path,
    default: null,
    defaultText: 'those of the system',
    group: 'Serving',
    prose: 'certificates of the authorities that may vouch for an https:// origin',
  },
  originCert: {
    flag: 'origin-cert',
    placeholder: 'FILE',
    kind: path,
    default: null,
    defaultText: 'none',
    group: 'Serving',
    prose: 'the certificate that is shown to an https:// origin',
  },
  originKey: {
    flag: 'origin-key',
    placeholder: 'FILE',
    kind: path,
    default: null,
    defaultText: 'none',
    group: 'Serving',
    prose: 'the private key of --origin-cert',
  },
  originInsecure: {
    flag: 'origin-insecure',
    placeholder: '',
    kind: toggle,
    default: false,
    group: 'Serving',
    prose: 'believe whoever answers as an https:// origin, whatever its certificate says',
  },
  dns: {
    flag: 'dns',
    placeholder: 'ADDR',
    kind: list(0, 'addresses of DNS servers such as 10.0.0.53 or [fd00::53]:5353, several with commas'),
    default: [],
    defaultText: 'the system’s',
    repeatable: true,
    group: 'Serving',
    prose: 'DNS servers that are asked for the names of origins',
  },
  listen: {
    flag: 'listen',
    placeholder: 'ADDR',
    kind: list(1, 'host:port, :port (all addresses) or a socket path, several with commas'),
    default: ['127.0.0.1:8080'],
    repeatable: true,
    group: 'Serving',
    prose: 'where clients connect: host:port, :port for all addresses, port 0 for any, or unix:/path',
  },
  admin: {
    flag: 'admin',
    placeholder: 'ADDR',
    kind: addressOrOff,
    default: '127.0.0.1:6082',
    group: 'Serving',
    prose: 'where operators connect: loopback or unix:/path, another address only with --admin-token, or off',
  },
  adminToken: {
    flag: 'admin-token',
    placeholder: 'TOKEN',
    kind: optional(secret),
    default: null,
    defaultText: 'none',
    secret: true,
    group: 'Serving',
    prose: 'what operators send as Authorization: Bearer; better in the file that CLEARCOAT_ADMIN_TOKEN_FILE names',
  },
  workers: {
    flag: 'workers',
    placeholder: 'N',
    kind: countOrAuto(1, MOST_WORKERS),
    default: DEFAULT_WORKERS,
    group: 'Serving',
    prose: 'threads that serve clients: a number, or auto for one per core',
  },
  trust: {
    flag: 'trust',
    placeholder: 'CIDR',
    kind: list(0, 'address blocks such as 10.0.0.0/8 or fd00::/8, several with commas'),
    default: [],
    defaultText: 'nobody',
    repeatable: true,
    group: 'Serving',
    prose: 'proxies in front whose X-Forwarded-* fields are believed',
  },
  purgeFrom: {
    flag: 'purge-from',
    placeholder: 'CIDR',
    kind: list(1, 'address blocks such as 10.0.0.0/8, loopback, private or none, several with commas'),
    default: ['loopback'],
    defaultText: 'loopback and Unix sockets',
    repeatable: true,
    group: 'Invalidation',
    prose: 'who may PURGE: address blocks, !10.1.2.3 for but not this, loopback, private, or none',
  },
  refreshFrom: {
    flag: 'refresh-from',
    placeholder: 'CIDR',
    kind: optional(list(1, 'address blocks such as 10.0.0.0/8, loopback, private or none, several with commas')),
    default: null,
    defaultText: 'as --purge-from',
    repeatable: true,
    group: 'Invalidation',
    prose: 'whose Cache-Control: no-cache fetches anew under every preset',
  },
  purgeToken: {
    flag: 'purge-token',
    placeholder: 'TOKEN',
    kind: optional(secret),
    default: null,
    defaultText: 'none',
    secret: true,
    group: 'Invalidation',
    prose: 'who sends it as Authorization: Bearer may purge from anywhere; better in the file CLEARCOAT_PURGE_TOKEN_FILE',
  },
  tagFields: {
    flag: 'tag-fields',
    placeholder: 'NAMES',
    kind: list(1, 'names of header fields, several with commas'),
    default: TAG_FIELDS,
    defaultText: 'xkey, Surrogate-Key, Cache-Tag and their kin',
    repeatable: true,
    group: 'Invalidation',
    prose: 'fields of the origin’s answers that hold tags; clients do not get them',
  },
  preset: {
    flag: 'preset',
    placeholder: 'NAME',
    kind: word<PresetName>(['safe', 'rfc9111', 'varnish']),
    default: 'safe',
    group: 'Cache',
    prose: 'what decides where the policy does not: safe, rfc9111 or varnish',
  },
  name: {
    flag: 'name',
    placeholder: 'NAME',
    kind: token,
    default: 'Clearcoat',
    group: 'Cache',
    prose: 'this cache in Via, Cache-Status, Proxy-Status and CDN-Loop',
  },
  policy: {
    flag: 'policy',
    placeholder: 'FILE',
    kind: path,
    default: null,
    defaultText: 'the built-in policy alone; the demo shop has its own',
    group: 'Cache',
    prose: 'a TypeScript or JavaScript file with the policy; SIGHUP reloads it',
  },
  vcl: {
    flag: 'vcl',
    placeholder: 'FILE',
    kind: path,
    default: null,
    defaultText: 'none',
    group: 'Cache',
    prose: 'the policy as VCL in place of --policy: its backends are the origin, and the preset is varnish unless --preset says otherwise',
  },
  vclLabels: {
    flag: 'label',
    placeholder: 'NAME=FILE',
    kind: paths,
    default: {},
    defaultText: 'none',
    repeatable: true,
    group: 'Cache',
    prose: 'the VCL that return (vcl(NAME)) hands a request to; for --vcl, and for each VCL that is loaded later',
  },
  watch: {
    flag: 'watch',
    placeholder: '',
    kind: toggle,
    default: false,
    group: 'Cache',
    prose: 'reload the policy when it or a file that it imports or includes changes',
  },
  memory: {
    flag: 'memory',
    placeholder: 'SIZE',
    kind: size(SMALLEST_BUDGET),
    default: defaultBudget(),
    defaultText: 'a quarter of the memory limit',
    group: 'Cache',
    prose: 'budget for stored objects, everything counted',
  },
  maxObject: {
    flag: 'max-object',
    placeholder: 'SIZE',
    kind: optional(size(1)),
    default: null,
    defaultText: 'a sixteenth of the budget',
    group: 'Cache',
    prose: 'largest object that is stored',
  },
  compress: {
    flag: 'compress',
    placeholder: 'CODING',
    kind: word<'off' | Coding>(['off', ...CODINGS]),
    default: 'off',
    group: 'Cache',
    prose: 'store text compressed and decode it for clients that do not take that: br, zstd, gzip or off',
  },
  compressTypes: {
    flag: 'compress-types',
    placeholder: 'TYPES',
    kind: list(1, 'media types such as text/html, text/* or *+json, several with commas'),
    default: COMPRESSED_TYPES,
    defaultText: 'text, JSON, JavaScript, XML, SVG, fonts and WebAssembly',
    repeatable: true,
    group: 'Cache',
    prose: 'media types that --compress is for',
  },
  compressMin: {
    flag: 'compress-min',
    placeholder: 'SIZE',
    kind: size(0),
    default: 1024,
    group: 'Cache',
    prose: 'smaller answers are stored as they come',
  },
  compressAgain: {
    flag: 'compress-again',
    placeholder: '',
    kind: toggle,
    default: false,
    group: 'Cache',
    prose: 'compress what is used anew at the highest level, in the background',
  },
  slice: {
    flag: 'slice',
    placeholder: 'SIZE',
    kind: sliceSize,
    default: null,
    defaultText: 'off',
    group: 'Cache',
    prose: 'fetch and store what is larger in slices of this size, so that a range of it costs no more; on: 8 MiB',
  },
  redis: {
    flag: 'redis',
    placeholder: 'URL',
    kind: optional(redisUrls),
    default: null,
    defaultText: 'none; this node is alone',
    repeatable: true,
    group: 'Redis',
    prose:
      'what nodes share: redis://host:port, rediss:// with TLS, redis+cluster://a:6379,b:6379, redis+sentinel://host:26379/master, redis+unix:///path',
  },
  redisPassword: {
    flag: 'redis-password',
    placeholder: 'PASSWORD',
    kind: optional(password),
    default: null,
    defaultText: 'that of the URL, or none',
    secret: true,
    group: 'Redis',
    prose: 'the password of Redis; better in the file that CLEARCOAT_REDIS_PASSWORD_FILE names',
  },
  redisCa: {
    flag: 'redis-ca',
    placeholder: 'FILE',
    kind: path,
    default: null,
    defaultText: 'those of the system',
    group: 'Redis',
    prose: 'certificates of the authorities that may vouch for a rediss:// server',
  },
  redisPrefix: {
    flag: 'redis-prefix',
    placeholder: 'TEXT',
    kind: keyPrefix,
    default: defaultRedis.prefix,
    group: 'Redis',
    prose: 'what all keys and channels in Redis begin with; fleets with different ones share nothing',
  },
  redisSecret: {
    flag: 'redis-secret',
    placeholder: 'SECRET',
    kind: optional(strongSecret),
    default: null,
    defaultText: 'none; entries carry a checksum only',
    secret: true,
    group: 'Redis',
    prose: 'what all nodes authenticate entries with; better in the file CLEARCOAT_REDIS_SECRET_FILE',
  },
  redisMaxObject: {
    flag: 'redis-max-object',
    placeholder: 'SIZE',
    kind: size(1, 256 * 1024 * 1024),
    default: defaultRedis.maxObject,
    group: 'Redis',
    prose: 'largest object that is written to Redis',
  },
  redisStaleLimit: {
    flag: 'redis-stale-limit',
    placeholder: 'TIME',
    kind: duration(1),
    default: defaultRedis.staleLimit,
    group: 'Redis',
    prose: 'cut off from Redis for longer, what is stored is confirmed with the origin while it is served',
  },
  redisClaims: {
    flag: 'redis-claims',
    placeholder: 'on|off',
    kind: toggle,
    default: defaultRedis.claims,
    group: 'Redis',
    prose: 'nodes wait for each other’s fetches of the same object',
  },
  redisDeadline: {
    flag: 'redis-deadline',
    placeholder: 'TIME',
    kind: duration(0.001, 10),
    default: defaultRedis.deadline,
    group: 'Redis',
    prose: 'an answer of Redis, before the origin is asked instead',
  },
  nodeName: {
    flag: 'node-name',
    placeholder: 'NAME',
    kind: optional(nodeName),
    default: null,
    defaultText: 'the host’s name and the process’s number',
    group: 'Redis',
    prose: 'what the other nodes call this one',
  },
  log: {
    flag: 'log',
    placeholder: 'FORMAT[:FILE]',
    kind: logTarget,
    default: null,
    defaultText: 'pretty on a terminal, else json',
    group: 'Log',
    prose: 'access log: none, json, combined or pretty; SIGUSR2 reopens the file',
  },
  params: {
    flag: 'param',
    placeholder: 'NAME=VALUE',
    kind: pairs,
    default: {},
    defaultText: 'none',
    repeatable: true,
    group: 'Cache',
    prose: 'a run-time parameter, such as default_ttl=10s; clearcoat adm param.show lists them',
  },
}

const deadline = (flag: string, key: keyof Deadlines, prose: string, min: number = 0.01): OptionRow<number> => ({
  flag,
  placeholder: 'TIME',
  kind: duration(min),
  default: defaultDeadlines[key],
  group: 'Deadlines',
  prose,
})

export const DEADLINE_OPTIONS: Rows<Deadlines> = {
  head: deadline('deadline-head', 'head', 'a request head, from its first byte'),
  idle: deadline('deadline-idle', 'idle', 'an idle client connection'),
  bodyWindow: deadline('deadline-body-window', 'bodyWindow', 'time over which the rate of a request body is judged'),
  bodyRate: {
    ...deadline('deadline-body-rate', 'bodyRate', 'a request body slower than this is cut off'),
    placeholder: 'SIZE',
    kind: size(0),
  },
  sendIdle: deadline('deadline-send-idle', 'sendIdle', 'an answer that the client does not take on'),
  sendTotal: deadline('deadline-send-total', 'sendTotal', 'sending one answer, in all'),
  hook: deadline('deadline-hook', 'hook', 'a hook of the policy'),
  connect: deadline('deadline-connect', 'connect', 'connecting to the origin'),
  firstByte: deadline('deadline-first-byte', 'firstByte', 'the first byte of the origin’s answer, and its head from there on'),
  betweenBytes: deadline('deadline-between-bytes', 'betweenBytes', 'between two reads of the origin’s answer'),
  originIdle: deadline('deadline-origin-idle', 'originIdle', 'an idle origin connection'),
  originQueue: deadline('deadline-origin-queue', 'originQueue', 'waiting for a free origin connection'),
  fillAlone: deadline('deadline-fill-alone', 'fillAlone', 'a fetch goes on this long when nobody reads it any more', 0),
  drain: deadline('drain', 'drain', 'what is in flight at SIGTERM has this long to end', 0),
}

const limit = (key: keyof Limits, kind: Kind<number>, placeholder: string, prose: string): OptionRow<number> => ({
  flag: `limit-${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`,
  placeholder,
  kind,
  default: defaultLimits[key],
  group: 'Limits',
  prose,
})

const KIB = 1024
const MIB = 1024 * KIB

export const LIMIT_OPTIONS: Rows<Limits> = {
  requestHead: limit('requestHead', size(KIB, 16 * MIB), 'SIZE', 'a request head'),
  requestLine: limit('requestLine', size(256, 16 * MIB), 'SIZE', 'one line of a request head'),
  requestFields: limit('requestFields', count(1, 10_000), 'N', 'fields of a request'),
  originHead: limit('originHead', size(KIB, 16 * MIB), 'SIZE', 'an origin’s head'),
  originLine: limit('originLine', size(256, 16 * MIB), 'SIZE', 'one line of an origin’s head'),
  originFields: limit('originFields', count(1, 10_000), 'N', 'fields of an origin’s answer'),
  connections: limit('connections', count(1), 'N', 'client connections; beyond it the oldest idle one is closed'),
  waiters: limit('waiters', count(0), 'N', 'requests that wait for one fetch'),
  variants: limit('variants', count(1, 10_000), 'N', 'variants of one key'),
  ranges: limit('ranges', count(1, 1000), 'N', 'ranges of one request'),
  restarts: limit('restarts', count(0, 100), 'N', 'restarts of one request'),
  esiDepth: limit('esiDepth', count(0, 100), 'N', 'pages that include each other, one in the other'),
  retries: limit('retries', count(0, 100), 'N', 'retries of one fetch'),
  replay: limit('replay', size(0, 256 * MIB), 'SIZE', 'a request body that is kept so that it can be sent again'),
  transferBuffer: limit('transferBuffer', size(16 * KIB, 256 * MIB), 'SIZE', 'what one transfer buffers before its source pauses'),
  originConnections: limit('originConnections', count(1, 100_000), 'N', 'connections to the origin'),
  originQueue: limit('originQueue', count(0), 'N', 'requests that wait for a connection to the origin'),
}

export const ALL_OPTIONS: readonly OptionRow<unknown>[] = [OPTIONS, DEADLINE_OPTIONS, LIMIT_OPTIONS].flatMap(
  (rows) => Object.values(rows) as OptionRow<unknown>[],
)

/** The file with the options; see `config/config-values.ts`. No key of its own, for it is where the keys are. */
export const CONFIG_OPTION: OptionRow<string | null> = {
  flag: 'config',
  placeholder: 'FILE',
  kind: path,
  default: null,
  defaultText: 'clearcoat.config.ts, .mts, .js or .mjs here',
  group: 'Serving',
  prose: 'the configuration file, or off',
}

export function envName(row: { readonly flag: string }): string {
  return `CLEARCOAT_${row.flag.toUpperCase().replaceAll('-', '_')}`
}
