/** How often an atom is repeated: `*`, `+`, `?`, `{2,4}`. */
import type { RegexCursor } from './regex-cursor.ts'
import { RegexError } from './regex-error.ts'

const LARGEST_REPEAT = 65_535

/** `null`: there is none. */
export function readQuantifier(cursor: RegexCursor): string | null {
  const found = cursor.match(/[*+?]/y)
  if (found !== null) return found[0]
  const at = cursor.at
  if (cursor.match(/\{,\d+\}/y) !== null)
    throw new RegexError('{,n} is text to some versions of PCRE and a quantifier to others; write {0,n}, or \\{', at)
  const counted = cursor.match(/\{(\d+)(?:(,)(\d*))?\}/y)
  if (counted === null) return null
  const [, min = '', comma, max = ''] = counted
  if (Number(min) > LARGEST_REPEAT || Number(max) > LARGEST_REPEAT) throw new RegexError(`a count is at most ${LARGEST_REPEAT}`, at)
  if (max !== '' && Number(max) < Number(min)) throw new RegexError('the largest count is less than the smallest', at)
  return comma === undefined ? `{${min}}` : `{${min},${max}}`
}
