/** What a configuration file may say: the options by their names in camelCase, groups for limits and deadlines; checked by the option table. */
import { dirname } from 'node:path'
import type { Coding } from '../../vcl-ts/coding.ts'
import { nearest } from '../../vcl-ts/nearest.ts'
import { ConfigError } from './config-error.ts'
import type { LogFormat } from './option-kinds.ts'
import { DEADLINE_OPTIONS, LIMIT_OPTIONS, OPTIONS, type OptionRow } from './options.ts'
import type { Deadlines, Limits, PresetName } from './settings.ts'

/** Bytes, or text such as `512M`. */
export type SizeText = number | `${number}${'' | 'K' | 'M' | 'G' | 'T'}`
/** Seconds, or text such as `500ms`, `30s`, `5m`. */
export type DurationText = number | `${number}${'ms' | 's' | 'm' | 'h' | 'd'}`

/** The default export of `clearcoat.config.ts`. Relative paths begin at the file's folder. A flag or variable wins over the file. */
export interface Config {
  /** The web server behind: `http://host:port`, `https://host:port`, `srv+http://service` or `unix:/path`; several take turns and are probed. */
  readonly origin?: string | readonly string[]
  /** Files in PEM form, for an `https://` origin. */
  readonly originCa?: string
  readonly originCert?: string
  readonly originKey?: string
  readonly originInsecure?: boolean
  /** DNS servers that are asked for the names of origins. */
  readonly dns?: string | readonly string[]
  readonly listen?: string | readonly string[]
  /** `null` or `'off'`: no admin listener. */
  readonly admin?: string | null
  readonly adminToken?: string
  /** Threads that serve clients; `auto`: one per core. */
  readonly workers?: number | 'auto'
  readonly trust?: string | readonly string[]
  readonly purgeFrom?: string | readonly string[]
  readonly refreshFrom?: string | readonly string[]
  readonly purgeToken?: string
  readonly tagFields?: string | readonly string[]
  readonly preset?: PresetName
  readonly name?: string
  /** The policy's file. */
  readonly policy?: string
  /** The policy's file, in VCL; in place of `policy`. */
  readonly vcl?: string
  /** Files of the VCLs that it hands requests to, by label. */
  readonly vclLabels?: Readonly<Record<string, string>>
  readonly watch?: boolean
  readonly memory?: SizeText
  readonly maxObject?: SizeText
  readonly compress?: 'off' | Coding
  readonly compressTypes?: string | readonly string[]
  readonly compressMin?: SizeText
  /** Compress what is used anew, in the background. */
  readonly compressAgain?: boolean
  readonly slice?: 'off' | 'on' | SizeText
  /** What nodes share: `redis://host:port`, `rediss://…`, `redis+cluster://a:6379,b:6379`, `redis+sentinel://host:26379/master`. */
  readonly redis?: string | readonly string[]
  readonly redisPassword?: string
  /** A file in PEM form. */
  readonly redisCa?: string
  readonly redisPrefix?: string
  /** What all nodes authenticate entries with. */
  readonly redisSecret?: string
  readonly redisMaxObject?: SizeText
  readonly redisStaleLimit?: DurationText
  /** Nodes wait for each other's fetches. */
  readonly redisClaims?: boolean
  readonly redisDeadline?: DurationText
  /** What other nodes call this one. */
  readonly nodeName?: string
  readonly log?: LogFormat | `${LogFormat}:${string}`
  /** Run-time parameters by name. */
  readonly params?: Readonly<Record<string, string | number | boolean>>
  readonly limits?: { readonly [K in keyof Limits]?: SizeText }
  readonly deadlines?: { readonly [K in keyof Deadlines]?: DurationText | SizeText }
}

/** Gives the configuration file its types: `export default defineConfig({ … })`. The check is at the start. */
export function defineConfig(config: Config): Config {
  return config
}

/** What a file says, by key: `listen`, `limits.waiters`. */
export interface ConfigValues {
  /** As it is shown. */
  readonly name: string
  readonly values: ReadonlyMap<string, unknown>
}

export interface ConfigSource {
  /** Absolute. */
  readonly file: string
  /** As it is shown. */
  readonly name: string
  /** `name:line:column` of a key, or the name alone. */
  readonly placeOf: (path: readonly string[]) => string
}

type AnyRows = Readonly<Record<string, OptionRow<unknown>>>

const GROUPS: Readonly<Record<string, AnyRows>> = {
  limits: LIMIT_OPTIONS as unknown as AnyRows,
  deadlines: DEADLINE_OPTIONS as unknown as AnyRows,
}
const TOP = OPTIONS as unknown as AnyRows

/** Checks a file's default export. Throws a `ConfigError` with the place of the first key that is unknown or cannot be used. */
export function configValues(exported: unknown, source: ConfigSource): ConfigValues {
  const values = new Map<string, unknown>()
  for (const [key, value] of entriesOf(exported, [], source)) {
    const group = Object.hasOwn(GROUPS, key) ? GROUPS[key] : undefined
    if (group === undefined) add(values, TOP, [key], value, source)
    else for (const [name, inner] of entriesOf(value, [key], source)) add(values, group, [key, name], inner, source)
  }
  return { name: source.name, values }
}

function entriesOf(value: unknown, path: readonly string[], source: ConfigSource): [string, unknown][] {
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return Object.entries(value).filter(([, inner]) => inner !== undefined)
  if (path.length > 0) throw refused(path, source, 'it is not an object of names with values', `write ${path.join('.')}: { … }`)
  throw new ConfigError({
    what: `the configuration file ${source.name} cannot be used`,
    why: value === undefined ? 'it has no default export' : 'its default export is not an object',
    how: 'write export default defineConfig({ … })',
  })
}

function add(into: Map<string, unknown>, rows: AnyRows, path: readonly string[], value: unknown, source: ConfigSource): void {
  const key = path.at(-1) ?? ''
  const row = Object.hasOwn(rows, key) ? rows[key] : undefined
  if (row === undefined) throw unknownKey(path, rows, source)
  const { kind } = row
  const parsed = kind.schema.safeParse(typeof value === 'string' ? kind.read([value]) : value)
  if (!parsed.success) throw refused(path, source, `${shown(row, value)} is not ${kind.expects}`, 'correct it, or leave it out')
  into.set(path.join('.'), kind.from === undefined ? parsed.data : kind.from(parsed.data, dirname(source.file)))
}

function shown(row: OptionRow<unknown>, value: unknown): string {
  return row.secret === true ? 'it' : (JSON.stringify(value) ?? String(value)).replace(/\/\/[^\s/?#"]*@/g, '//***@')
}

function unknownKey(path: readonly string[], rows: AnyRows, source: ConfigSource): ConfigError {
  const key = path.at(-1) ?? ''
  const known = rows === TOP ? [...Object.keys(rows), ...Object.keys(GROUPS)] : Object.keys(rows)
  const meant = nearest(key, known)
  const elsewhere = Object.entries({ ...GROUPS, '': TOP }).find(([, group]) => group !== rows && Object.hasOwn(group, key))
  const place = elsewhere === undefined ? null : elsewhere[0] === '' ? key : `${elsewhere[0]}: { ${key}: … }`
  const hint = place ?? meant
  return refused(
    path,
    source,
    'there is no such key',
    hint === null ? `use ${known.join(', ')}` : place === null ? `did you mean ${hint}?` : `write ${hint}`,
  )
}

function refused(path: readonly string[], source: ConfigSource, why: string, how: string): ConfigError {
  return new ConfigError({ what: `${source.placeOf(path)}: ${path.join('.')} cannot be used`, why, how })
}
