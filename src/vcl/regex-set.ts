/** Sets of characters as PCRE2 means them (one character a byte, the tables of the C locale), written as members of a JavaScript class. */
import { type CharSet, charRange, charRuns, charsExcept, charsOf, charUnion } from '../../vcl-ts/ban-charset.ts'

const DIGIT = charRange(48, 57)
const UPPER = charRange(65, 90)
const LOWER = charRange(97, 122)
const LETTER = charUnion(UPPER, LOWER)
const WORD = charUnion(DIGIT, LETTER, charsOf('_'))
const SPACE = charUnion(charRange(9, 13), charsOf(' '))
const HORIZONTAL = charsOf('\t \xa0')
const VERTICAL = charUnion(charRange(10, 13), charsOf('\x85'))

/** What an escape of a class of characters means, in and out of brackets. */
export const ESCAPED_SETS: Readonly<Record<string, CharSet>> = {
  d: DIGIT,
  D: charsExcept(DIGIT),
  w: WORD,
  W: charsExcept(WORD),
  s: SPACE,
  S: charsExcept(SPACE),
  h: HORIZONTAL,
  H: charsExcept(HORIZONTAL),
  v: VERTICAL,
  V: charsExcept(VERTICAL),
}

/** `[[:alpha:]]` and its like. */
export const POSIX_SETS: Readonly<Record<string, CharSet>> = {
  alnum: charUnion(DIGIT, LETTER),
  alpha: LETTER,
  ascii: charRange(0, 127),
  blank: charsOf('\t '),
  cntrl: charUnion(charRange(0, 31), charRange(127, 127)),
  digit: DIGIT,
  graph: charRange(33, 126),
  lower: LOWER,
  print: charRange(32, 126),
  punct: charUnion(charRange(33, 47), charRange(58, 64), charRange(91, 96), charRange(123, 126)),
  space: SPACE,
  upper: UPPER,
  word: WORD,
  xdigit: charUnion(DIGIT, charRange(65, 70), charRange(97, 102)),
}

/** Escapes that mean the same in JavaScript for what a byte can be. */
const SHORT: ReadonlyMap<CharSet, string> = new Map([
  [DIGIT, '\\d'],
  [WORD, '\\w'],
])

/** The set as what stands between the brackets of a class. */
export function membersOf(set: CharSet): string {
  return (
    SHORT.get(set) ??
    charRuns(set)
      .map(([from, to]) => (from === to ? member(from) : to === from + 1 ? member(from) + member(to) : `${member(from)}-${member(to)}`))
      .join('')
  )
}

/** An escape of a set as an atom. */
export function atomOf(letter: string): string {
  if ('dDwW'.includes(letter)) return `\\${letter}`
  const set = ESCAPED_SETS[letter.toLowerCase()] as CharSet
  return `[${letter === letter.toLowerCase() ? '' : '^'}${membersOf(set)}]`
}

/** One character within brackets. */
export function member(code: number): string {
  const char = String.fromCharCode(code)
  return /[\]\\^-]/.test(char) ? `\\${char}` : visible(code)
}

/** One character outside of brackets. */
export function literal(code: number): string {
  const char = String.fromCharCode(code)
  return /[\^$\\.*+?()[\]{}|/]/.test(char) ? `\\${char}` : visible(code)
}

const NAMED: Readonly<Record<number, string>> = { 9: '\\t', 10: '\\n', 11: '\\v', 12: '\\f', 13: '\\r' }

function visible(code: number): string {
  if (code >= 32 && code < 127) return String.fromCharCode(code)
  return NAMED[code] ?? `\\x${code.toString(16).padStart(2, '0')}`
}
