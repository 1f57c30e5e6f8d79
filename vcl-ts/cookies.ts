/** The Cookie field of a request, cookie by cookie. What is not touched keeps its bytes and its place (RFC 6265 §4.2.1). */
import { checkCookie } from './cookie-pair.ts'
import type { HeaderMap } from './headers.ts'
import { matchesName, type NamePattern } from './name-pattern.ts'

interface Cookie {
  readonly name: string
  readonly value: string
  /** As it stood, without the white space around it. */
  readonly text: string
}

/** Works on the field `Cookie` of a request. */
export interface Cookies {
  /** The value of the first of that name, or of a name that the pattern finds; `undefined`: there is none. */
  readonly get: (headers: HeaderMap, name: NamePattern) => string | undefined
  /** Whether there is one of that name. */
  readonly has: (headers: HeaderMap, name: NamePattern) => boolean
  /** In order; a name may occur again. */
  readonly names: (headers: HeaderMap) => readonly string[]
  /**
   * Puts one in place of all of that name, at the end if there is none. Throws a `TypeError` for a name that is no token, or a value with
   * white space, `"`, `,`, `;`, `\` or what is not visible ASCII (RFC 6265 §4.1.1).
   */
  readonly set: (headers: HeaderMap, name: string, value: string) => void
  /** Deletes all of these names. */
  readonly delete: (headers: HeaderMap, ...names: readonly NamePattern[]) => void
  /** Deletes all but these. */
  readonly keep: (headers: HeaderMap, ...names: readonly NamePattern[]) => void
  /** Deletes those for which `wanted` answers `false`. */
  readonly filter: (headers: HeaderMap, wanted: (name: string, value: string) => boolean) => void
}

/**
 * `cookies.keep(req.headers, 'cart', /^session/)`. Names are case-sensitive. When no cookie is left the field is removed; when nothing
 * changes it is not touched.
 */
export const cookies: Cookies = Object.freeze({
  get: (headers: HeaderMap, name: NamePattern) => read(headers).find((cookie) => matchesName(cookie.name, [name]))?.value,
  has: (headers: HeaderMap, name: NamePattern) => read(headers).some((cookie) => matchesName(cookie.name, [name])),
  names: (headers: HeaderMap) => read(headers).map(({ name }) => name),
  set: putCookie,
  delete: (headers: HeaderMap, ...names: readonly NamePattern[]) => retain(headers, ({ name }) => !matchesName(name, names)),
  keep: (headers: HeaderMap, ...names: readonly NamePattern[]) => retain(headers, ({ name }) => matchesName(name, names)),
  filter: (headers: HeaderMap, wanted: (name: string, value: string) => boolean) =>
    retain(headers, ({ name, value }) => wanted(name, value)),
})

function putCookie(headers: HeaderMap, name: string, value: string): void {
  checkCookie(name, value)
  const made: Cookie = { name, value, text: `${name}=${value}` }
  const before = read(headers)
  const at = before.findIndex((cookie) => cookie.name === name)
  const others = before.filter((cookie) => cookie.name !== name)
  write(headers, at < 0 ? [...others, made] : others.toSpliced(at, 0, made))
}

/** All lines, in order. HTTP/2 clients send a line each (RFC 9113 §8.2.3). */
function read(headers: HeaderMap): readonly Cookie[] {
  return headers.getAll('cookie').flatMap((line) =>
    line.split(';').flatMap((part) => {
      const text = part.trim()
      if (text === '') return []
      const at = text.indexOf('=')
      return [{ name: at < 0 ? text : text.slice(0, at).trimEnd(), value: at < 0 ? '' : text.slice(at + 1).trimStart(), text }]
    }),
  )
}

function retain(headers: HeaderMap, wanted: (cookie: Cookie) => boolean): void {
  if (!headers.has('cookie')) return
  const before = read(headers)
  const after = before.filter(wanted)
  if (after.length < before.length || after.length === 0) write(headers, after)
}

function write(headers: HeaderMap, list: readonly Cookie[]): void {
  if (list.length === 0) headers.delete('cookie')
  else headers.set('Cookie', list.map(({ text }) => text).join('; '))
}
