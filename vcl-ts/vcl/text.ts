/** Texts as VCL has them: a character a byte, `undefined` for what is not set. */

/** ASCII letters in lower case; bytes of other letters stay as they are. */
export function lower(value: string): string {
  return value.replace(/[A-Z]+/g, (letters) => letters.toLowerCase())
}

/** ASCII letters in upper case. */
export function upper(value: string): string {
  return value.replace(/[a-z]+/g, (letters) => letters.toUpperCase())
}

/** `==` of two texts that may be unset: then they are not equal to anything. */
export function equal(a: string | undefined, b: string | undefined): boolean {
  return a !== undefined && a === b
}

/** Below 0, 0 or above 0, as `strcmp`: `compare(a, b) < 0` is VCL's `a < b`. What is unset comes behind everything. */
export function compare(a: string | undefined, b: string | undefined): number {
  if (a === undefined || b === undefined) return 1
  return a < b ? -1 : a > b ? 1 : 0
}

/** The text that bytes in a header field are in UTF-8, for a page. What is no UTF-8 becomes U+FFFD. */
export function utf8(value: string): string {
  return /[\x80-\xff]/.test(value) ? new TextDecoder().decode(Uint8Array.from(value, (char) => char.charCodeAt(0))) : value
}

/** What `replace` puts in the place of a match, from what `regsub` has: `\0` to `\9` and `\&` stand for what groups matched. */
export function replacement(text: string): (...match: (string | number)[]) => string {
  return (...match) =>
    text.replace(/\\(.)/gs, (_, group: string) => {
      if (!/[0-9&]/.test(group)) return group
      const found = match[group === '&' ? 0 : Number(group)]
      return typeof found === 'string' && Number(group === '&' ? 0 : group) < match.length - 2 ? found : ''
    })
}

/**
 * `regsuball` of what may match nothing: the first match may be empty, no other one is (PCRE2_NOTEMPTY). `pattern` needs the flag `g`; `by` is
 * as for `replace`.
 */
export function replaceAll(text: string, pattern: RegExp, by: string | ((...match: (string | number)[]) => string)): string {
  const there = new RegExp(pattern.source, `${pattern.flags.replace('g', '')}y`)
  let made = ''
  let from = 0
  for (let found = matchFrom(text, pattern, 0, true); found !== null; found = matchFrom(text, pattern, from, false)) {
    const end = found.index + found[0].length
    there.lastIndex = found.index
    // `replace` knows what `$1` is.
    const whole = text.replace(there, by as string)
    made += text.slice(from, found.index) + whole.slice(found.index, whole.length - (text.length - end))
    from = end
    if (from >= text.length) break
  }
  return made + text.slice(from)
}

function matchFrom(text: string, pattern: RegExp, from: number, orEmpty: boolean): RegExpExecArray | null {
  for (let at = from; at <= text.length; ) {
    pattern.lastIndex = at
    const found = pattern.exec(text)
    if (found === null || orEmpty || found[0] !== '') return found
    at = found.index + 1
  }
  return null
}

/** Seconds since the epoch as in `Date` (RFC 9110 §5.6.7). */
export function httpDate(seconds: number): string {
  return new Date(seconds * 1000).toUTCString()
}

/** From the first occurrence of `wanted` on, or `undefined` (`std.strstr`). */
export function strstr(value: string, wanted: string): string | undefined {
  const at = value.indexOf(wanted)
  return at < 0 ? undefined : value.slice(at)
}

export function reversed(value: string): string {
  return [...value].reverse().join('')
}

/** `count` characters from `offset` on; below 0 it is counted from the end (`str.take`). */
export function taken(value: string, count: number, offset: number = 0): string {
  const from = offset < 0 ? Math.max(0, value.length + offset) : offset
  return value.slice(from, from + Math.max(0, count))
}

/** The part number `index`, from 1, of what stands between separators; below 0 from the end (`str.split`). */
export function part(value: string, index: number, separators: string = ' \t'): string | undefined {
  const parts = value.split(anyOf(separators)).filter((each) => each !== '')
  return index < 0 ? parts.at(index) : parts[index - 1]
}

/** Whether two lists have a word in common (`str.token_intersect`). */
export function intersection(first: string, second: string, separators: string = ', \t'): boolean {
  const words = new Set(second.split(anyOf(separators)).filter((each) => each !== ''))
  return first.split(anyOf(separators)).some((each) => words.has(each))
}

function anyOf(characters: string): RegExp {
  return new RegExp(`[${characters.replace(/[\]\\^-]/g, '\\$&')}]`)
}

/** The parameters of a URL in the order of their bytes; empty ones go (`std.querysort`). */
export function querysort(url: string): string {
  const at = url.indexOf('?')
  if (at < 0 || !url.includes('&', at)) return url
  const parameters = url
    .slice(at + 1)
    .split('&')
    .filter((each) => each !== '')
  return parameters.length === 0
    ? url.slice(0, at)
    : `${url.slice(0, at)}?${parameters.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0)).join('&')}`
}

export interface FnmatchOptions {
  /** `*` and `?` do not match `/`. Default `true`. */
  readonly pathname?: boolean
  /** `\` is a character as any other. Default `false`. */
  readonly noescape?: boolean
  /** A `.` at the beginning is matched by `.` only. Default `false`. */
  readonly period?: boolean
}

/** `fnmatch(3)`. */
export function fnmatch(pattern: string, subject: string, options: FnmatchOptions = {}): boolean {
  const { pathname = true, noescape = false, period = false } = options
  const any = pathname ? '[^/]' : '[^]'
  const begin = period ? '(?!\\.)' : ''
  let source = ''
  for (let at = 0; at < pattern.length; at++) {
    const char = pattern[at] as string
    const first = at === 0 || (pathname && pattern[at - 1] === '/')
    const bracket = char === '[' ? /^\[(!|\^)?(\]?(?:\[:\w+:\]|[^\]])*)\]/.exec(pattern.slice(at)) : null
    if (char === '*') source += `${first ? begin : ''}${any}*`
    else if (char === '?') source += `${first ? begin : ''}${any}`
    else if (bracket !== null) {
      source += `${first ? begin : ''}${pathname ? '(?!/)' : ''}[${bracket[1] === undefined ? '' : '^'}${(bracket[2] as string).replace(/[\\\]^]/g, '\\$&')}]`
      at += bracket[0].length - 1
    } else if (char === '\\' && !noescape && at + 1 < pattern.length) source += escaped(pattern[++at] as string)
    else source += escaped(char)
  }
  return new RegExp(`^${source}$`).test(subject)
}

function escaped(char: string): string {
  return char.replace(/[\\^$.*+?()[\]{}|/-]/, '\\$&')
}
