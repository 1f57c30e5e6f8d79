/** Kinds of option values: how the text of a flag or variable is read, what is allowed, how a value is shown. */
import { resolve } from 'node:path'
import { z } from 'zod'
import { seconds } from '../../vcl-ts/duration.ts'
import { DEFAULT_SLICE, LARGEST_SLICE, SMALLEST_SLICE } from '../../vcl-ts/slice.ts'
import { formatSize, parseSize } from './size.ts'

/** Without user and password. */
export function redactUrl(url: string): string {
  return url.replace(/\/\/[^\s"]*@/g, '//***@')
}

export interface Kind<T> {
  /** The value of the texts given, of which there is at least one; what cannot be read comes back so that `schema` refuses it. */
  readonly read: (texts: readonly string[]) => unknown
  readonly schema: z.ZodType<T>
  /** Goes on after "give": `a size from 1 MiB, such as 512M`. */
  readonly expects: string
  readonly show: (value: T) => string
  /** The value with its relative paths made absolute from a folder; absent: there are no paths in it. */
  readonly from?: (value: T, folder: string) => T
  /** Two sources' values as one, the second wins; absent: the second alone counts. */
  readonly merge?: (weaker: T, stronger: T) => T
}

export const LOG_FORMATS = ['none', 'json', 'combined', 'pretty'] as const
export type LogFormat = (typeof LOG_FORMATS)[number]

/** Where the access log goes; `file` is `null` for standard output. */
export interface LogTarget {
  readonly format: LogFormat
  readonly file: string | null
}

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,64}$/

/** Bytes. */
export function size(min: number, max: number = 2 ** 50): Kind<number> {
  return {
    read: (texts) => parseSize(last(texts)),
    schema: z.number().int().min(min).max(max),
    expects: `a size from ${formatSize(min)} to ${formatSize(max)}, such as 512M or 2G`,
    show: formatSize,
  }
}

/** Bytes of a slice, or `null` for none. */
export const sliceSize: Kind<number | null> = {
  read: (texts) => (last(texts) === 'off' ? null : last(texts) === 'on' ? DEFAULT_SLICE : (parseSize(last(texts)) ?? Number.NaN)),
  schema: z.number().int().min(SMALLEST_SLICE).max(LARGEST_SLICE).nullable(),
  expects: `a size from ${formatSize(SMALLEST_SLICE)} to ${formatSize(LARGEST_SLICE)}, such as 1M or 8M, or on or off`,
  show: (value) => (value === null ? 'off' : formatSize(value)),
}

export function optional<T>(kind: Kind<T>): Kind<T | null> {
  const { read, expects } = kind
  return { read, expects, schema: kind.schema.nullable(), show: (value) => (value === null ? '' : kind.show(value)) }
}

/** Seconds; timers carry 2^31-1 ms. */
export function duration(min: number, max: number = 2_147_483): Kind<number> {
  return {
    read: (texts) => readSeconds(last(texts)),
    schema: z.number().min(min).max(max),
    expects: `seconds from ${min} to ${max}, or text such as 500ms, 30s, 5m`,
    show: (value) => `${value}s`,
  }
}

export function count(min: number, max: number = 2 ** 31 - 1): Kind<number> {
  return {
    read: (texts) => (/^\d{1,10}$/.test(last(texts)) ? Number(last(texts)) : null),
    schema: z.number().int().min(min).max(max),
    expects: `a whole number from ${min} to ${max}`,
    show: String,
  }
}

/** A whole number, or `auto` for what the machine has. */
export function countOrAuto(min: number, max: number): Kind<number | 'auto'> {
  const { read, schema, expects } = count(min, max)
  return {
    read: (texts) => (last(texts) === 'auto' ? 'auto' : read(texts)),
    schema: z.union([schema, z.literal('auto')]),
    expects: `${expects}, or auto`,
    show: String,
  }
}

export function word<const W extends string>(words: readonly [W, ...W[]]): Kind<W> {
  return { read: last, schema: z.enum(words) as unknown as z.ZodType<W>, expects: `one of ${words.join(', ')}`, show: String }
}

/** A token (RFC 9110 §5.6.2), at most 64 characters. */
export const token: Kind<string> = {
  read: last,
  schema: z.string().regex(TOKEN),
  expects: 'a token of at most 64 letters, digits, - and the like, without blanks',
  show: String,
}

/** What nobody is to guess: 8 to 4096 visible characters (RFC 6750 §2.1 and a little more). */
export const secret: Kind<string> = {
  read: last,
  schema: z.string().regex(/^[\x21-\x7e]{8,4096}$/),
  expects: 'a secret of 8 to 4096 visible ASCII characters',
  show: () => '***',
}

/** What another service asks for: 1 to 4096 characters, no control characters. */
export const password: Kind<string> = {
  read: last,
  schema: z.string().regex(/^[^\x00-\x1f\x7f]{1,4096}$/),
  expects: 'a password of 1 to 4096 characters',
  show: () => '***',
}

/** A key that others are kept out by: at least 16 visible characters. */
export const strongSecret: Kind<string> = {
  ...secret,
  schema: z.string().regex(/^[\x21-\x7e]{16,4096}$/),
  expects: 'a secret of 16 to 4096 visible ASCII characters',
}

/** URLs of Redis; the commas within one are those between its hosts. */
export const redisUrls: Kind<readonly string[]> = {
  read: (texts) => texts.flatMap((item) => item.split(/,(?=\s*[a-z+]+:\/\/)/)).map((part) => part.trim()),
  schema: z
    .array(z.string().regex(/^(?:redis|valkey)s?(?:\+(?:cluster|sentinel|unix))?:\/\/./))
    .min(1)
    .readonly(),
  expects: 'redis://host:port, rediss:// for TLS, redis+cluster://a:6379,b:6379, redis+sentinel://host:26379/master or redis+unix:///path',
  show: (values) => values.map(redactUrl).join(','),
}

/** What keys begin with: visible characters but those that Redis gives a meaning in patterns and hash tags. */
export const keyPrefix: Kind<string> = {
  read: last,
  schema: z.string().regex(/^[\w.:/@=+-]{1,64}$/),
  expects: 'a prefix of 1 to 64 letters, digits and . : / @ = + - _',
  show: String,
}

/** What people call a node: visible characters, no blanks. */
export const nodeName: Kind<string> = {
  read: last,
  schema: z.string().regex(/^[\x21-\x7e]{1,128}$/),
  expects: 'a name of 1 to 128 visible ASCII characters',
  show: String,
}

/** Text or, for `off`, nothing. */
export const addressOrOff: Kind<string | null> = {
  read: (texts) => (last(texts) === 'off' ? null : last(texts)),
  schema: z.string().min(1).nullable(),
  expects: 'host:port, a socket path, or off',
  show: (value) => value ?? 'off',
}

export const text: Kind<string | null> = {
  read: last,
  schema: z.string().min(1).nullable(),
  expects: 'some text',
  show: (value) => value ?? '',
}

/** A file's path. */
export const path: Kind<string | null> = {
  ...text,
  expects: 'the path of a file',
  from: (value, folder) => (value === null ? null : resolve(folder, value)),
}

/** Names with values: `name=value`, repeated or with commas. */
export const pairs: Kind<Readonly<Record<string, string>>> = {
  read: readPairs,
  schema: z.record(z.string().min(1), z.union([z.string(), z.number(), z.boolean()]).transform(String)),
  expects: 'NAME=VALUE, several with commas',
  show: (value) =>
    Object.entries(value)
      .map(([name, text]) => `${name}=${text}`)
      .join(','),
  merge: (weaker, stronger) => ({ ...weaker, ...stronger }),
}

/** Names with the paths of files: `name=path`, repeated or with commas. */
export const paths: Kind<Readonly<Record<string, string>>> = {
  ...pairs,
  schema: z.record(z.string().regex(/^[A-Za-z][\w-]*$/), z.string().min(1)),
  expects: 'NAME=FILE, several with commas; a name is a letter, then letters, digits, - and _',
  from: (value, folder) => Object.fromEntries(Object.entries(value).map(([name, file]) => [name, resolve(folder, file)])),
}

/** On or off; a flag without a value is on. */
export const toggle: Kind<boolean> = {
  read: (texts) => (/^(?:on|true|yes|1)$/i.test(last(texts)) ? true : /^(?:off|false|no|0)$/i.test(last(texts)) ? false : null),
  schema: z.boolean(),
  expects: 'on or off',
  show: (value) => (value ? 'on' : 'off'),
}

/** Several values: the option repeated, or one value with commas. */
export function list(min: number, expects: string): Kind<readonly string[]> {
  return {
    read: (texts) => texts.flatMap((item) => item.split(',').map((part) => part.trim())),
    schema: z.array(z.string().min(1)).min(min).readonly(),
    expects,
    show: (values) => values.join(','),
  }
}

export const logTarget: Kind<LogTarget | null> = {
  read: (texts) => {
    const [format, ...file] = last(texts).split(':')
    return { format, file: file.length === 0 ? null : file.join(':') }
  },
  schema: z.object({ format: z.enum(LOG_FORMATS), file: z.string().min(1).nullable() }).nullable(),
  expects: `one of ${LOG_FORMATS.join(', ')}, with :FILE behind it to write to a file`,
  show: (value) => (value === null ? '' : value.file === null ? value.format : `${value.format}:${value.file}`),
  from: (value, folder) => (value === null || value.file === null ? value : { ...value, file: resolve(folder, value.file) }),
}

function readPairs(texts: readonly string[]): Record<string, string> | null {
  const parts = texts.flatMap((item) => item.split(',')).map((part) => /^\s*([^=\s]+)\s*=\s*(.*?)\s*$/.exec(part))
  return parts.every((part) => part !== null) ? Object.fromEntries(parts.map(([, name, value]) => [name, value])) : null
}

function last(texts: readonly string[]): string {
  return (texts.at(-1) ?? '').trim()
}

function readSeconds(value: string): number | null {
  if (/^\d+(\.\d+)?$/.test(value)) return Number(value)
  try {
    return seconds(value as `${number}s`)
  } catch {
    return null
  }
}
