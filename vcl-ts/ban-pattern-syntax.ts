/** Patterns of bans: what of PCRE's syntax they may use (pcre2pattern(3)), read into a tree of sets of characters. */
import { ANY_CHARACTER, type CharSet, charRange, charsExcept, charsOf, charUnion, foldCase } from './ban-charset.ts'

export type PatternNode =
  /** One character. */
  | { readonly type: 'set'; readonly set: CharSet }
  | { readonly type: 'seq'; readonly items: readonly PatternNode[] }
  | { readonly type: 'any'; readonly of: readonly PatternNode[] }
  /** `max` may be `Infinity`. Whether it was lazy makes no difference to whether there is a match. */
  | { readonly type: 'repeat'; readonly of: PatternNode; readonly min: number; readonly max: number }
  /** Begin, end, at a word's edge, not at a word's edge. */
  | { readonly type: 'at'; readonly where: '^' | '$' | '\\b' | '\\B' }

/** Why a pattern is refused. `at`: index of the character that it is about, or `null`. */
export class PatternError extends Error {
  readonly at: number | null

  constructor(message: string, at: number | null = null) {
    super(message)
    this.name = 'PatternError'
    this.at = at
  }
}

const LONGEST = 1024
const DEEPEST = 50
const MOST_REPEATS = 1000

/** The tree of a pattern. `fold`: letters match in both cases. Throws a `PatternError`. */
export function parsePattern(text: string, fold: boolean): PatternNode {
  if (text.length > LONGEST) throw new PatternError(`a pattern has at most ${LONGEST} characters, this one has ${text.length}`)
  const odd = /[^\x20-\x7e\x80-\xff]/.exec(text)
  if (odd !== null)
    throw new PatternError('control characters and characters above U+00FF never occur in URLs and header fields', odd.index)
  return new Parser(text, fold).whole()
}

const DIGIT = charRange(48, 57)
const LETTER = charUnion(charRange(65, 90), charRange(97, 122))
const WORD = charUnion(DIGIT, LETTER, charsOf('_'))
const SPACE = charUnion(charRange(9, 13), charsOf(' '))
const BLANK = charsOf('\t \xa0')

const CLASSES: Readonly<Record<string, CharSet>> = { d: DIGIT, w: WORD, s: SPACE, h: BLANK, N: ANY_CHARACTER }
const NEGATED: Readonly<Record<string, CharSet>> = {
  D: charsExcept(DIGIT),
  W: charsExcept(WORD),
  S: charsExcept(SPACE),
  H: charsExcept(BLANK),
}
const CONTROLS: Readonly<Record<string, number>> = { t: 9, n: 10, r: 13, f: 12, e: 27, a: 7 }
const ANCHORS: Readonly<Record<string, '^' | '$' | '\\b' | '\\B'>> = { A: '^', z: '$', Z: '$', b: '\\b', B: '\\B' }

const PUNCTUATION = charUnion(charRange(33, 47), charRange(58, 64), charRange(91, 96), charRange(123, 126))
/** `[[:alpha:]]` and its like. */
const POSIX: Readonly<Record<string, CharSet>> = {
  alpha: LETTER,
  digit: DIGIT,
  alnum: charUnion(DIGIT, LETTER),
  upper: charRange(65, 90),
  lower: charRange(97, 122),
  word: WORD,
  space: SPACE,
  blank: charsOf('\t '),
  punct: PUNCTUATION,
  xdigit: charUnion(DIGIT, charRange(65, 70), charRange(97, 102)),
  print: charRange(32, 126),
  graph: charRange(33, 126),
  cntrl: charUnion(charRange(0, 31), charRange(127, 127)),
}

const LOOK_AROUND = 'it looks around, with (?=, (?!, (?<= or (?<!, which the engine cannot do in bounded time'
const ATOMIC =
  'possessive quantifiers and atomic groups are not supported; write a plain quantifier, whether there is a match is nearly always the same'

class Parser {
  readonly #text: string
  #fold: boolean
  #at = 0
  #depth = 0

  constructor(text: string, fold: boolean) {
    this.#text = text
    this.#fold = fold
  }

  whole(): PatternNode {
    const node = this.#alternatives()
    if (this.#at < this.#text.length) throw new PatternError('the ) closes nothing; write \\) for the character', this.#at)
    return node
  }

  #alternatives(): PatternNode {
    const of = [this.#sequence()]
    while (this.#take('|')) of.push(this.#sequence())
    return of.length === 1 ? (of[0] as PatternNode) : { type: 'any', of }
  }

  #sequence(): PatternNode {
    const items: PatternNode[] = []
    while (this.#at < this.#text.length && this.#text[this.#at] !== '|' && this.#text[this.#at] !== ')') {
      const start = this.#at
      const item = this.#item(items)
      if (item !== null) items.push(this.#quantified(item, start))
    }
    return items.length === 1 ? (items[0] as PatternNode) : { type: 'seq', items }
  }

  /** `null`: it stood for nothing, or has put its characters into `items` itself. */
  #item(items: PatternNode[]): PatternNode | null {
    const start = this.#at
    const char = this.#text[this.#at++] as string
    switch (char) {
      case '.':
        return { type: 'set', set: ANY_CHARACTER }
      case '^':
      case '$':
        return { type: 'at', where: char }
      case '[':
        return { type: 'set', set: this.#class(start) }
      case '(':
        return this.#group(start)
      case '\\':
        return this.#escaped(start, items)
      case '*':
      case '+':
      case '?':
        throw new PatternError(`there is nothing before the ${char} to repeat; write \\${char} for the character`, start)
      default:
        return this.#literal(char.charCodeAt(0))
    }
  }

  #quantified(item: PatternNode, start: number): PatternNode {
    const at = this.#at
    const range = this.#quantifier()
    if (range === null) return item
    if (item.type === 'at') throw new PatternError('there is nothing before the quantifier to repeat', at)
    if (this.#take('+')) throw new PatternError(ATOMIC, at)
    this.#take('?')
    const again = this.#at
    if (this.#quantifier() !== null) throw new PatternError('two quantifiers stand one behind the other; put the first into a group', again)
    const [min, max] = range
    if (max < min) throw new PatternError(`the largest number of repeats, ${max}, is less than the smallest`, at)
    if (min > MOST_REPEATS || (max > MOST_REPEATS && max !== Infinity))
      throw new PatternError(`a part is repeated at most ${MOST_REPEATS} times`, start)
    return { type: 'repeat', of: item, min, max }
  }

  #quantifier(): readonly [min: number, max: number] | null {
    if (this.#take('*')) return [0, Infinity]
    if (this.#take('+')) return [1, Infinity]
    if (this.#take('?')) return [0, 1]
    if (this.#text.startsWith('{,', this.#at))
      throw new PatternError('give both numbers, as in {0,3}; write \\{ for the character', this.#at)
    const counted = this.#match(/\{(\d{1,6})(?:(,)(\d{1,6})?)?\}/y)
    if (counted === null) return null
    const min = Number(counted[1])
    return [min, counted[2] === undefined ? min : counted[3] === undefined ? Infinity : Number(counted[3])]
  }

  #group(start: number): PatternNode | null {
    if (this.#text[this.#at] === '*')
      throw new PatternError('verbs such as (*COMMIT) are not supported; write \\( for the character', start)
    if (this.#match(/\?#[^)]*\)/y) !== null) return null
    const fold = this.#fold
    const flags = this.#match(/\?([ims]*)(?:-([ims]*))?([:)])/y)
    if (flags !== null) {
      if (flags[2]?.includes('i') === true) this.#fold = false
      else if (flags[1]?.includes('i') === true) this.#fold = true
      if (flags[3] === ')') return null
    } else if (this.#text[this.#at] === '?' && this.#match(/\?(?:P?<[A-Za-z_]\w*>|'[A-Za-z_]\w*')/y) === null)
      throw this.#unsupportedGroup(start)
    if (++this.#depth > DEEPEST) throw new PatternError(`groups stand in one another at most ${DEEPEST} deep`, start)
    const node = this.#alternatives()
    if (!this.#take(')')) throw new PatternError('the ( is never closed; write \\( for the character', start)
    this.#depth--
    this.#fold = fold
    return node
  }

  #unsupportedGroup(start: number): PatternError {
    if (this.#match(/\?(?:[=!]|<[=!])/y) !== null) return new PatternError(LOOK_AROUND, start)
    if (this.#match(/\?>/y) !== null) return new PatternError(ATOMIC, start)
    return new PatternError('a group of this kind is not supported; (…), (?:…), (?i), (?<name>…) are', start)
  }

  #escaped(start: number, items: PatternNode[]): PatternNode | null {
    const char = this.#text[this.#at++]
    if (char === undefined) throw new PatternError('a \\ stands at the end; write \\\\ for the character', start)
    if (char === 'Q') {
      const end = this.#text.indexOf('\\E', this.#at)
      const quoted = this.#text.slice(this.#at, end < 0 ? undefined : end)
      this.#at = end < 0 ? this.#text.length : end + 2
      const nodes = Array.from(quoted, (each) => this.#literal(each.charCodeAt(0)))
      // A quantifier behind it is for its last character.
      items.push(...nodes.slice(0, -1))
      return nodes.at(-1) ?? null
    }
    if (char === 'E') return null
    const where = ANCHORS[char]
    if (where !== undefined) return { type: 'at', where }
    const set = CLASSES[char] ?? NEGATED[char]
    if (set !== undefined) return { type: 'set', set }
    if (/[1-9gk]/.test(char))
      throw new PatternError('it refers back to what a group matched, which the engine cannot do in bounded time', start)
    return this.#literal(this.#character(char, start))
  }

  /** The one character that an escape means, in and out of brackets. */
  #character(char: string, start: number): number {
    if (char === 'x') {
      const hex = this.#match(/\{([0-9A-Fa-f]{1,2})\}|([0-9A-Fa-f]{2})/y)
      if (hex !== null) return Number.parseInt(hex[1] ?? hex[2] ?? '', 16)
    }
    const control = CONTROLS[char]
    if (control !== undefined) return control
    if (/[0-9A-Za-z]/.test(char)) throw new PatternError(`the escape \\${char} is not supported`, start)
    return char.charCodeAt(0)
  }

  #class(start: number): CharSet {
    const negated = this.#take('^')
    const sets: CharSet[] = []
    for (let first = true; first || this.#text[this.#at] !== ']'; first = false) {
      if (this.#at >= this.#text.length) throw new PatternError('the [ is never closed; write \\[ for the character', start)
      sets.push(this.#member())
    }
    this.#at++
    const set = charUnion(...sets)
    const folded = this.#fold ? foldCase(set) : set
    return negated ? charsExcept(folded) : folded
  }

  #member(): CharSet {
    const start = this.#at
    const posix = this.#match(/\[:(\^?)([a-z]+):\]/y)
    if (posix !== null) {
      const set = POSIX[posix[2] as string]
      if (set === undefined) throw new PatternError(`there is no class [:${posix[2]}:]; there are ${Object.keys(POSIX).join(', ')}`, start)
      return posix[1] === '^' ? charsExcept(set) : set
    }
    if (this.#match(/\[[.=]/y) !== null) throw new PatternError('collating elements are not supported; write \\[ for the character', start)
    const first = this.#single()
    if (typeof first !== 'number') return first
    const dash = this.#at
    if (this.#text[dash] !== '-' || this.#text[dash + 1] === ']' || dash + 1 >= this.#text.length) return charRange(first, first)
    this.#at++
    const last = this.#single()
    if (typeof last !== 'number' || last < first)
      throw new PatternError('the range in brackets is not from lower to higher; write \\- for the character', dash)
    return charRange(first, last)
  }

  /** One character in brackets, or the set that an escaped means. */
  #single(): number | CharSet {
    const start = this.#at
    const char = this.#text[this.#at++] as string
    if (char !== '\\') return char.charCodeAt(0)
    const escaped = this.#text[this.#at++]
    if (escaped === undefined) throw new PatternError('a \\ stands at the end; write \\\\ for the character', start)
    return CLASSES[escaped] ?? NEGATED[escaped] ?? (escaped === 'b' ? 8 : this.#character(escaped, start))
  }

  #literal(code: number): PatternNode {
    const set = charRange(code, code)
    return { type: 'set', set: this.#fold ? foldCase(set) : set }
  }

  #take(char: string): boolean {
    if (this.#text[this.#at] !== char) return false
    this.#at++
    return true
  }

  #match(sticky: RegExp): RegExpExecArray | null {
    sticky.lastIndex = this.#at
    const match = sticky.exec(this.#text)
    if (match !== null) this.#at = sticky.lastIndex
    return match
  }
}
