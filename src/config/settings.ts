/** The resolved settings that the engine runs with. `config/options.ts` makes them from flags, environment, file and API. Times in seconds. */
import type { Coding } from '../../vcl-ts/coding.ts'
import type { NameSet } from '../../vcl-ts/headers.ts'

export type PresetName = 'safe' | 'rfc9111' | 'varnish'

export interface Limits {
  /** Bytes of a request head, of one of its lines, and its number of fields. */
  readonly requestHead: number
  readonly requestLine: number
  readonly requestFields: number
  /** Bytes of an origin's head, of one of its lines, and its number of fields. */
  readonly originHead: number
  readonly originLine: number
  readonly originFields: number
  /** Client connections at a time; beyond it the oldest idle one is closed. */
  readonly connections: number
  /** Requests that may wait for one fetch. */
  readonly waiters: number
  readonly variants: number
  readonly ranges: number
  readonly restarts: number
  /** How deep pages may include each other. */
  readonly esiDepth: number
  readonly retries: number
  /** Bytes of a request body kept so that it can be sent again. */
  readonly replay: number
  /** Bytes buffered per transfer before its source pauses. */
  readonly transferBuffer: number
  /** Connections to one backend, and requests that may wait for one. */
  readonly originConnections: number
  readonly originQueue: number
}

export interface Deadlines {
  /** Request head, from its first byte. */
  readonly head: number
  /** Idle keep-alive connection. */
  readonly idle: number
  /** A request body slower than `bodyRate` bytes/s over this time is cut off. */
  readonly bodyWindow: number
  readonly bodyRate: number
  /** Sending without progress, and in all. */
  readonly sendIdle: number
  readonly sendTotal: number
  readonly hook: number
  readonly connect: number
  readonly firstByte: number
  readonly betweenBytes: number
  /** Idle origin connection. */
  readonly originIdle: number
  /** Waiting for a free origin connection. */
  readonly originQueue: number
  /** A fill goes on this long without any reader. */
  readonly fillAlone: number
  readonly drain: number
}

export interface BanSettings {
  /** Seconds until the lurker begins to test objects against a ban. */
  readonly lurkerAge: number
}

/** Compression of what is stored. */
export interface CompressionSettings {
  /** What text is stored in; `null`: as it comes. */
  readonly coding: Coding | null
  /** Media types in lower case, `text/*` for all of a kind, `*+json` for all with that suffix. */
  readonly types: readonly string[]
  /** Bytes from which on it is worth it. */
  readonly min: number
  /** What is used is compressed once more, at a heavy level. */
  readonly again: boolean
}

/** The Redis that nodes share. */
export interface RedisSettings {
  /** URLs: one server, the seeds of a Cluster, or Sentinels. */
  readonly servers: readonly string[]
  /** In place of one in the URLs; `null`: that one, or none. */
  readonly password: string | null
  /** Certificates (PEM) that servers are believed by, in place of the system's; `null`: the system's. */
  readonly ca: string | null
  /** What all keys begin with. */
  readonly prefix: string
  /** What entries are authenticated with; `null`: they carry a checksum only. */
  readonly secret: string | null
  /** Bytes of the largest body that is written. */
  readonly maxObject: number
  /** Seconds for which what is stored is vouched for while the log cannot be followed. */
  readonly staleLimit: number
  /** Whether nodes wait for each other's fetches. */
  readonly claims: boolean
  /** Seconds within which an operation has to be answered. */
  readonly deadline: number
  /** What other nodes call this one. */
  readonly node: string
}

/** `limits`, `deadlines` and `bans` are replaced as a whole when a parameter is set; read them when they are needed. */
export interface Settings {
  readonly preset: PresetName
  /** This cache's name in Via, Cache-Status, Proxy-Status and CDN-Loop. A token. */
  readonly name: string
  /** Bytes of the memory tier, everything counted. */
  readonly memory: number
  /** Bytes of the largest object that is stored. */
  readonly maxObject: number
  /** Who may purge; see `AllowedFrom`. */
  readonly purgeFrom: readonly string[]
  readonly refreshFrom: readonly string[]
  /** `null`: there is none. */
  readonly purgeToken: string | null
  /** Lower-case names of the origin's fields that hold tags. */
  readonly tagFields: NameSet
  readonly limits: Limits
  readonly deadlines: Deadlines
  readonly bans: BanSettings
  readonly compression: CompressionSettings
  /** Bytes of the slices in which large files are fetched where the policy says nothing; `null`: whole. */
  readonly slice: number | null
  /** `null`: this node is alone. */
  readonly redis: RedisSettings | null
  /** Objects kept for less than so many seconds in all are counted as short-lived. */
  readonly shortlived: number
}

export const defaultLimits: Limits = {
  requestHead: 32 * 1024,
  requestLine: 8 * 1024,
  requestFields: 100,
  originHead: 128 * 1024,
  originLine: 128 * 1024,
  originFields: 200,
  connections: 100_000,
  waiters: 20_000,
  variants: 64,
  ranges: 16,
  restarts: 4,
  esiDepth: 5,
  retries: 4,
  replay: 64 * 1024,
  transferBuffer: 1024 * 1024,
  originConnections: 1000,
  originQueue: 10_000,
}

export const defaultDeadlines: Deadlines = {
  head: 10,
  idle: 60,
  bodyWindow: 30,
  bodyRate: 500,
  sendIdle: 60,
  sendTotal: 600,
  hook: 5,
  connect: 3.5,
  firstByte: 60,
  betweenBytes: 60,
  originIdle: 60,
  originQueue: 10,
  fillAlone: 30,
  drain: 30,
}

export const defaultRedis: Omit<RedisSettings, 'servers' | 'password' | 'ca' | 'secret' | 'node'> = {
  prefix: 'clearcoat:',
  maxObject: 8 * 1024 * 1024,
  staleLimit: 60,
  claims: true,
  deadline: 0.05,
}

export const defaultBans: BanSettings = { lurkerAge: 0 }

export const noCompression: CompressionSettings = { coding: null, types: [], min: 0, again: false }

export const defaultShortlived = 10
