/** One `esi:` tag, from `<` to `>`, as name and attributes. */
import { decodeEntities } from './entities.ts'

export interface Tag {
  /** Behind `esi:`. */
  readonly name: string
  /** `</esi:…>` */
  readonly closing: boolean
  /** `<esi:… />` */
  readonly empty: boolean
  /** Values with their entities decoded; `null` when they cannot be read, or one occurs twice. */
  readonly attributes: ReadonlyMap<string, string> | null
}

const OPEN = '<esi:'.length
const CLOSE = '</esi:'.length

/** `text` begins with `<esi:` or `</esi:`, ends with `>` and has a latin-1 character for each byte. Takes time in proportion to it. */
export function readTag(text: string): Tag {
  const closing = text.charCodeAt(1) === 0x2f
  const from = closing ? CLOSE : OPEN
  const empty = text.charCodeAt(text.length - 2) === 0x2f
  const end = text.length - (empty ? 2 : 1)
  const nameEnd = endOfName(text, from, end)
  return { name: text.slice(from, nameEnd), closing, empty, attributes: readAttributes(text, nameEnd, end) }
}

function readAttributes(text: string, start: number, end: number): ReadonlyMap<string, string> | null {
  const attributes = new Map<string, string>()
  let at = start
  for (;;) {
    const from = skipBlank(text, at, end)
    if (from === end) return attributes
    if (from === at) return null
    const nameEnd = endOfName(text, from, end)
    const name = text.slice(from, nameEnd)
    const equals = skipBlank(text, nameEnd, end)
    if (name === '' || equals === end || text[equals] !== '=') return null
    const open = skipBlank(text, equals + 1, end)
    const quote = text[open]
    if (open === end || (quote !== '"' && quote !== "'")) return null
    const close = text.indexOf(quote, open + 1)
    if (close < 0 || close >= end || attributes.has(name)) return null
    attributes.set(name, decodeEntities(text.slice(open + 1, close)))
    at = close + 1
  }
}

function skipBlank(text: string, from: number, end: number): number {
  let at = from
  while (at < end && isBlank(text.charCodeAt(at))) at++
  return at
}

function endOfName(text: string, from: number, end: number): number {
  let at = from
  while (at < end && isName(text.charCodeAt(at))) at++
  return at
}

/** Letters, digits, `-`, `_`, `.`, `:`. */
function isName(code: number): boolean {
  return (
    (code >= 0x61 && code <= 0x7a) || (code >= 0x41 && code <= 0x5a) || (code >= 0x2d && code <= 0x3a && code !== 0x2f) || code === 0x5f
  )
}

export function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09 || code === 0x0c
}
