/** Classes in brackets: `[a-z]`, `[^[:space:]]`. */
import { type CharSet, charsExcept } from '../../vcl-ts/ban-charset.ts'
import type { RegexCursor } from './regex-cursor.ts'
import { RegexError } from './regex-error.ts'
import { bytesOf, escapedCharacter, REFUSED_ESCAPES } from './regex-escape.ts'
import { ESCAPED_SETS, member, membersOf, POSIX_SETS } from './regex-set.ts'

/** Behind its `[`, which stands at `start`. */
export function readClass(cursor: RegexCursor, start: number): string {
  const negated = cursor.take('^')
  let members = ''
  for (let first = true; first || cursor.text[cursor.at] !== ']'; first = false) {
    if (cursor.at >= cursor.text.length) throw new RegexError('the [ is never closed; write \\[ for the character', start)
    if (first && cursor.text[cursor.at] === ']') {
      members += '\\]'
      cursor.at++
    } else members += readMember(cursor)
  }
  cursor.at++
  return `[${negated ? '^' : ''}${members}]`
}

function readMember(cursor: RegexCursor): string {
  const start = cursor.at
  const posix = cursor.match(/\[:(\^?)(\w+):\]/y)
  if (posix !== null) {
    const set = POSIX_SETS[posix[2] as string]
    if (set === undefined) throw new RegexError(`there is no class [:${posix[2]}:]`, start)
    return membersOf(posix[1] === '^' ? charsExcept(set) : set)
  }
  if (cursor.match(/\[[.=]/y) !== null) throw new RegexError('PCRE has no collating elements; write \\[ for the character', start)
  const first = single(cursor)
  if (first === null) return ''
  if (typeof first === 'string') {
    if (cursor.match(/-(?!\])/y) !== null)
      throw new RegexError('a range begins with a character, and this is a set; write \\- for the character', start)
    return first
  }
  const dash = cursor.at
  if (cursor.text[dash] !== '-' || cursor.text[dash + 1] === ']' || dash + 1 >= cursor.text.length) return member(first)
  cursor.at++
  const last = single(cursor)
  if (typeof last !== 'number') throw new RegexError('a range ends with a character, and this is a set; write \\- for the character', dash)
  if (last < first) throw new RegexError('the range is not from lower to higher; write \\- for the character', dash)
  return `${member(first)}-${member(last)}`
}

/** One character in brackets, the members that an escape or a character of several bytes means, or nothing. */
function single(cursor: RegexCursor): number | string | null {
  const start = cursor.at
  const char = cursor.text[cursor.at++] as string
  if (char !== '\\') {
    const high = char.charCodeAt(0)
    const whole = high >= 0xd800 && high < 0xdc00 ? char + (cursor.text[cursor.at++] ?? '') : char
    const codes = bytesOf(whole)
    return codes.length === 1 ? (codes[0] as number) : codes.map(member).join('')
  }
  const escaped = cursor.text[cursor.at++]
  if (escaped === undefined) throw new RegexError('a \\ stands at the end; write \\\\ for the character', start)
  if (escaped === 'Q') {
    const quoted = cursor.quoted()
    return quoted.length === 1 ? (quoted[0] as string).charCodeAt(0) : quoted.flatMap(bytesOf).map(member).join('')
  }
  if (escaped === 'E') return null
  if (escaped === 'b') return 8
  const set: CharSet | undefined = ESCAPED_SETS[escaped]
  if (set !== undefined) return 'dDwW'.includes(escaped) ? `\\${escaped}` : membersOf(set)
  const refused = REFUSED_ESCAPES[escaped]
  if (refused !== undefined) throw new RegexError(refused, start, 'pP'.includes(escaped))
  return escapedCharacter(cursor, escaped, start)
}
