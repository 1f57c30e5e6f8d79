/**
 * From flags, environment and configuration file to option values, and from option values or the API to settings. A flag wins over a variable,
 * that over the file, that over the default.
 */
import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import type { Coding } from '../../vcl-ts/coding.ts'
import { NameSet } from '../../vcl-ts/headers.ts'
import { type ConfigComplaint, ConfigError } from './config-error.ts'
import type { ConfigValues } from './config-values.ts'
import { redactUrl } from './option-kinds.ts'
import { DEADLINE_OPTIONS, envName, LIMIT_OPTIONS, MOST_WORKERS, OPTIONS, type OptionRow, type OptionValues, type Rows } from './options.ts'
import type { TunableSettings } from './params.ts'
import {
  type Deadlines,
  defaultBans,
  defaultDeadlines,
  defaultLimits,
  defaultShortlived,
  type Limits,
  type PresetName,
  type RedisSettings,
} from './settings.ts'

/** A flag whose value cannot be read: a mistake of usage, where the same in the environment is bad configuration. */
export class UsageError extends ConfigError {}

export interface OptionTexts {
  /** Texts by flag name, without dashes; a flag not given is absent. */
  readonly flags: Readonly<Record<string, readonly string[]>>
  readonly env: Readonly<Record<string, string | undefined>>
  /** Absent: there is no configuration file. */
  readonly file?: ConfigValues | null
}

export interface ResolvedOptions {
  readonly values: OptionValues
  readonly deadlines: Deadlines
  readonly limits: Limits
}

/** An option's value and where it came from: `flag --listen`, `CLEARCOAT_LISTEN`, a file's name, `default`. */
export interface Resolved<T> {
  readonly value: T
  readonly origin: string
}

/** Throws a `UsageError` for a flag, a `ConfigError` for a variable that cannot be used. */
export function resolveOptions(texts: OptionTexts): ResolvedOptions {
  return {
    values: resolveRows(OPTIONS, '', texts),
    deadlines: resolveRows(DEADLINE_OPTIONS, 'deadlines.', texts),
    limits: resolveRows(LIMIT_OPTIONS, 'limits.', texts),
  }
}

/** One option; `key` is its key in the configuration file, such as `limits.waiters`. Throws as `resolveOptions`. */
export function resolveOption<T>(row: OptionRow<T>, key: string, texts: OptionTexts): Resolved<T> {
  const found = sources(row, key, texts)
  const [strongest = { value: row.default, origin: 'default' }] = found
  const { merge } = row.kind
  if (merge === undefined || found.length < 2) return strongest
  return { value: found.map(({ value }) => value).reduceRight(merge), origin: found.map(({ origin }) => origin).join(', ') }
}

/** The Redis that nodes share; a string is one server. What is left out is the default of the option of that name. */
export interface RedisInput {
  /** URLs: one server, the seeds of a Cluster, or Sentinels. */
  readonly servers: string | readonly string[]
  /** In place of one in the URLs. */
  readonly password?: string | null
  /** Certificates in PEM form, or the path of a file with them. */
  readonly ca?: string | null
  /** What all keys begin with. Default `clearcoat:`. */
  readonly prefix?: string
  /** What all nodes authenticate entries with, at least 16 visible characters. Default: there is none. */
  readonly secret?: string | null
  /** Bytes of the largest body that is written. Default 8 MiB. */
  readonly maxObject?: number
  /** Seconds for which what is stored is vouched for while Redis cannot be reached. Default 60. */
  readonly staleLimit?: number
  /** Whether nodes wait for each other's fetches. Default `true`. */
  readonly claims?: boolean
  /** Seconds within which Redis has to answer. Default 0.05. */
  readonly deadline?: number
  /** What other nodes call this one. Default: host name and process number. */
  readonly node?: string | null
}

export interface SettingsInput {
  readonly preset?: PresetName
  readonly name?: string
  readonly memory?: number
  readonly maxObject?: number
  readonly purgeFrom?: readonly string[]
  readonly refreshFrom?: readonly string[]
  readonly purgeToken?: string
  readonly tagFields?: readonly string[]
  readonly compress?: 'off' | Coding
  readonly compressTypes?: readonly string[]
  readonly compressMin?: number
  readonly compressAgain?: boolean
  readonly slice?: number | null
  readonly redis?: RedisInput | string | null
  readonly limits?: Partial<Limits>
  readonly deadlines?: Partial<Deadlines>
}

/** Checks what the API was given by the same bounds as the flags. Throws a `ConfigError`. */
export function resolveSettings(input: SettingsInput): TunableSettings {
  const memory = checked(OPTIONS.memory, 'memory', input.memory ?? OPTIONS.memory.default)
  const maxObject = checked(OPTIONS.maxObject, 'maxObject', input.maxObject ?? null)
  const purgeFrom = checked(OPTIONS.purgeFrom, 'purgeFrom', input.purgeFrom ?? OPTIONS.purgeFrom.default)
  const compress = checked(OPTIONS.compress, 'compress', input.compress ?? OPTIONS.compress.default)
  const types = checked(OPTIONS.compressTypes, 'compressTypes', input.compressTypes ?? OPTIONS.compressTypes.default)
  const tagFields = checked(OPTIONS.tagFields, 'tagFields', input.tagFields ?? OPTIONS.tagFields.default)
  return {
    preset: checked(OPTIONS.preset, 'preset', input.preset ?? OPTIONS.preset.default),
    name: checked(OPTIONS.name, 'name', input.name ?? OPTIONS.name.default),
    memory,
    maxObject: Math.min(memory, maxObject ?? Math.ceil(memory / 16)),
    purgeFrom,
    refreshFrom: checked(OPTIONS.refreshFrom, 'refreshFrom', input.refreshFrom ?? null) ?? purgeFrom,
    purgeToken: checked(OPTIONS.purgeToken, 'purgeToken', input.purgeToken ?? null),
    tagFields: new NameSet(tagFields.map((name) => name.toLowerCase())),
    limits: checkedAll(LIMIT_OPTIONS, 'limits', { ...defaultLimits, ...given(input.limits) }),
    deadlines: checkedAll(DEADLINE_OPTIONS, 'deadlines', { ...defaultDeadlines, ...given(input.deadlines) }),
    bans: defaultBans,
    compression: {
      coding: compress === 'off' ? null : compress,
      types: types.map((type) => type.toLowerCase()),
      again: checked(OPTIONS.compressAgain, 'compressAgain', input.compressAgain ?? OPTIONS.compressAgain.default),
      min: checked(OPTIONS.compressMin, 'compressMin', input.compressMin ?? OPTIONS.compressMin.default),
    },
    slice: checked(OPTIONS.slice, 'slice', input.slice ?? null),
    redis: resolveRedis(input.redis ?? null),
    shortlived: defaultShortlived,
  }
}

function resolveRedis(given: RedisInput | string | null): RedisSettings | null {
  if (given === null) return null
  const input: RedisInput = typeof given === 'string' ? { servers: given } : given
  const { servers } = input
  return {
    servers: checked(OPTIONS.redis, 'redis', OPTIONS.redis.kind.read(typeof servers === 'string' ? [servers] : servers)) ?? [],
    password: checked(OPTIONS.redisPassword, 'redis.password', input.password ?? null),
    ca: certificates(input.ca ?? null),
    prefix: checked(OPTIONS.redisPrefix, 'redis.prefix', input.prefix ?? OPTIONS.redisPrefix.default),
    secret: checked(OPTIONS.redisSecret, 'redis.secret', input.secret ?? null),
    maxObject: checked(OPTIONS.redisMaxObject, 'redis.maxObject', input.maxObject ?? OPTIONS.redisMaxObject.default),
    staleLimit: checked(OPTIONS.redisStaleLimit, 'redis.staleLimit', input.staleLimit ?? OPTIONS.redisStaleLimit.default),
    claims: checked(OPTIONS.redisClaims, 'redis.claims', input.claims ?? OPTIONS.redisClaims.default),
    deadline: checked(OPTIONS.redisDeadline, 'redis.deadline', input.deadline ?? OPTIONS.redisDeadline.default),
    node: checked(OPTIONS.nodeName, 'redis.node', input.node ?? null) ?? `${hostname()}:${process.pid}`,
  }
}

/** PEM text, or that of the file that is named. */
function certificates(ca: string | null): string | null {
  if (ca === null || ca.includes('-----BEGIN')) return ca
  let why = 'it holds no certificate in PEM form'
  try {
    const read = readFileSync(ca, 'utf8')
    if (read.includes('-----BEGIN CERTIFICATE-----')) return read
  } catch (error) {
    why = `the file cannot be read: ${error instanceof Error ? error.message : String(error)}`
  }
  throw new ConfigError({
    what: `the certificates of Redis, ${JSON.stringify(ca)}, cannot be used`,
    why,
    how: 'give a file in PEM form that this process may read',
  })
}

/** The admin's token, checked as the flag is. Throws a `ConfigError`. */
export function resolveAdminToken(token: string | null | undefined): string | null {
  return checked(OPTIONS.adminToken, 'adminToken', token ?? null)
}

/** How many threads serve clients; `auto` is `cores` of them. Throws a `ConfigError`. */
export function resolveWorkers(workers: number | 'auto' | undefined, cores: number): number {
  const asked = checked(OPTIONS.workers, 'workers', workers ?? OPTIONS.workers.default)
  return asked === 'auto' ? Math.min(cores, MOST_WORKERS) : asked
}

function resolveRows<V extends object>(rows: Rows<V>, prefix: string, texts: OptionTexts): V {
  const entries = Object.entries(rows) as [string, OptionRow<unknown>][]
  return Object.fromEntries(entries.map(([key, row]) => [key, resolveOption(row, prefix + key, texts).value])) as V
}

/** What says something about the option, strongest first. */
function sources<T>(row: OptionRow<T>, key: string, { flags, env, file }: OptionTexts): Resolved<T>[] {
  const found: Resolved<T>[] = []
  const fromFlag = flags[row.flag]
  if (fromFlag !== undefined && fromFlag.length > 0) {
    const flag = row.positional ? row.placeholder : `--${row.flag}`
    const parsed = row.kind.schema.safeParse(row.kind.read(fromFlag))
    if (!parsed.success) throw new UsageError(complaint(`${flag} ${JSON.stringify(fromFlag.join(','))}`, row))
    found.push({ value: parsed.data, origin: row.positional ? `operand ${flag}` : `flag ${flag}` })
  }
  const variable = envName(row)
  const fromEnv = env[variable]
  const isFile = fromEnv === undefined || fromEnv === ''
  const text = isFile ? fromFile(row, env) : fromEnv
  if (text !== undefined) {
    const parsed = row.kind.schema.safeParse(row.kind.read([text]))
    if (!parsed.success) throw new ConfigError(complaint(`${variable}=${JSON.stringify(fromEnv)}`, row))
    found.push({ value: parsed.data, origin: isFile ? `${variable}_FILE` : variable })
  }
  // Checked by the same row when the file was read.
  if (file?.values.has(key) === true) found.push({ value: file.values.get(key) as T, origin: file.name })
  return found
}

/** A secret may also be the content of a file, which no list of processes shows: `CLEARCOAT_…_FILE`. */
function fromFile(row: Pick<OptionRow<unknown>, 'flag' | 'secret'>, env: OptionTexts['env']): string | undefined {
  const variable = `${envName(row)}_FILE`
  const path = row.secret === true ? env[variable] : undefined
  if (path === undefined || path === '') return undefined
  try {
    return readFileSync(path, 'utf8').trim()
  } catch (error) {
    throw new ConfigError({
      what: `${variable}=${JSON.stringify(path)} cannot be used`,
      why: `the file cannot be read: ${error instanceof Error ? error.message : String(error)}`,
      how: 'give a file that this process may read',
    })
  }
}

function checkedAll<V extends object>(rows: Rows<V>, where: string, values: V): V {
  for (const [key, value] of Object.entries(values)) {
    const row = (rows as Readonly<Record<string, OptionRow<unknown>>>)[key]
    if (row === undefined || !Object.hasOwn(rows, key))
      throw new ConfigError({
        what: `${where}.${key} is unknown`,
        why: 'no such setting exists',
        how: `use ${Object.keys(rows).join(', ')}`,
      })
    checked(row, `${where}.${key}`, value)
  }
  return values
}

function checked<T>(row: OptionRow<T>, path: string, value: unknown): T {
  const parsed = row.kind.schema.safeParse(value)
  if (parsed.success) return parsed.data
  throw new ConfigError(complaint(`${path} ${String(value)}`, row))
}

function complaint<T>(shown: string, row: OptionRow<T>): ConfigComplaint {
  const fallback = row.defaultText ?? row.kind.show(row.default)
  return {
    what: `${row.secret === true ? `--${row.flag}` : redactUrl(shown)} cannot be used`,
    why: `it is not ${row.kind.expects}`,
    how: `correct it, or leave it out for the default: ${fallback}`,
  }
}

function given<V extends object>(values: V | undefined): Partial<V> {
  return Object.fromEntries(Object.entries(values ?? {}).filter(([, value]) => value !== undefined)) as Partial<V>
}
