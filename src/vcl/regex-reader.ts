/** Reads a PCRE2 pattern from left to right and writes the same for JavaScript. */
import type { Regex } from './regex.ts'
import { readClass } from './regex-class.ts'
import { RegexCursor } from './regex-cursor.ts'
import { RegexError } from './regex-error.ts'
import { bytesOf, escapedCharacter, REFUSED_ESCAPES } from './regex-escape.ts'
import { type GroupMark, RegexGroups } from './regex-groups.ts'
import { NO_OPTIONS, withOptions } from './regex-options.ts'
import { readQuantifier } from './regex-quantifier.ts'
import { atomOf, ESCAPED_SETS, literal } from './regex-set.ts'

/** Where the reader was. */
interface Place {
  readonly at: number
  readonly groups: GroupMark
}

/** A part of an alternative, and whether it is to match letters in both cases. */
interface Part {
  readonly text: string
  readonly fold: boolean
}

const DEEPEST = 250
const MOST_REREADS = 1000
/** What does not count under `(?x)`. */
const BLANKS = /(?:[\t-\r ]+|#[^\n]*(?:\n|$))+/y

export class RegexReader {
  readonly #cursor: RegexCursor
  readonly #groups: RegexGroups
  #depth = 0
  #rereads = 0
  #options = NO_OPTIONS
  /** The options that are flags of the whole. */
  #base = NO_OPTIONS

  constructor(text: string) {
    this.#cursor = new RegexCursor(text)
    this.#groups = new RegexGroups(text)
  }

  whole(): Regex {
    this.#leadingOptions()
    const source = this.#alternatives()
    if (this.#cursor.at < this.#cursor.text.length)
      throw new RegexError('the ) closes nothing; write \\) for the character', this.#cursor.at)
    const { i, s } = this.#base
    const flags = `${i ? 'i' : ''}${s ? 's' : ''}`
    checked(source, flags)
    return { source: source === '' ? '(?:)' : source, flags, groups: this.#groups.numbers }
  }

  /** Options that a pattern begins with are those of the whole. */
  #leadingOptions(): void {
    for (;;) {
      const found = this.#cursor.match(/\(\?([imsx]+)\)/y)
      if (found === null) break
      this.#options = withOptions(this.#options, found[1] as string, '')
    }
    this.#base = this.#options
  }

  #alternatives(): string {
    const outer = this.#options
    const all = [this.#alternative()]
    while (this.#cursor.take('|')) all.push(this.#alternative())
    this.#options = outer
    return all.join('|')
  }

  #alternative(): string {
    const parts: Part[] = []
    while (
      this.#cursor.at < this.#cursor.text.length &&
      this.#cursor.text[this.#cursor.at] !== '|' &&
      this.#cursor.text[this.#cursor.at] !== ')'
    ) {
      if (this.#options.x && this.#cursor.match(BLANKS) !== null) continue
      const start = this.#cursor.at
      const before: Place = { at: start, groups: this.#groups.mark }
      // What a group holds knows its case itself.
      const neutral = this.#cursor.text[start] === '('
      const fold = this.#options.i
      const atoms = this.#atoms()
      const last = atoms.pop()
      if (last === undefined) continue
      for (const text of atoms) parts.push({ text, fold })
      parts.push({ text: this.#quantified(last, before), fold: neutral ? this.#base.i : fold })
    }
    return this.#joined(parts)
  }

  /** Parts whose case counts otherwise than in the whole are put into groups of their own. */
  #joined(parts: readonly Part[]): string {
    let joined = ''
    for (let at = 0; at < parts.length; ) {
      const fold = parts[at]?.fold === true
      let text = ''
      // A digit behind a reference is none of its own.
      for (; at < parts.length && (parts[at]?.fold === true) === fold; at++) text = inTurn(text, parts[at]?.text ?? '')
      const letters = /[A-Za-z\\[]/.test(text)
      joined = inTurn(joined, fold === this.#base.i || !letters ? text : `(?${fold ? '' : '-'}i:${text})`)
    }
    return joined
  }

  /** What stands next: nothing, one atom, or the characters of a quoted text. */
  #atoms(): string[] {
    const start = this.#cursor.at
    const char = this.#cursor.text[this.#cursor.at++] as string
    switch (char) {
      case '.':
        return [this.#dot()]
      case '^':
        return [this.#options.m ? '(?<![^\\n])' : '^']
      case '$':
        return [this.#options.m ? '(?![^\\n])' : '$']
      case '[':
        return [readClass(this.#cursor, start)]
      case '(':
        return this.#group(start)
      case '\\':
        return this.#escape(start)
      case '*':
      case '+':
      case '?':
        throw new RegexError(`there is nothing before the ${char} to repeat; write \\${char} for the character`, start)
      default:
        return this.#literals(char)
    }
  }

  #dot(): string {
    if (this.#options.s === this.#base.s) return '.'
    return this.#options.s ? '[^]' : '[^\\n]'
  }

  /** The bytes of a character; in UTF-8 it may be several. */
  #literals(char: string): string[] {
    const high = char.charCodeAt(0)
    if (high >= 0xd800 && high < 0xdc00) char += this.#cursor.text[this.#cursor.at++] ?? ''
    return bytesOf(char).map((code) => (code > 0x7f && this.#options.i ? `(?-i:${literal(code)})` : literal(code)))
  }

  #quantified(atom: string, before: Place): string {
    this.#cursor.match(/(?:\\E)+/y)
    if (this.#options.x) this.#cursor.match(BLANKS)
    const count = readQuantifier(this.#cursor)
    if (count === null) return atom
    const repeated = `${repeatable(atom)}${count}`
    let text = repeated
    if (this.#cursor.take('+')) text = this.#possessive(count, before)
    else if (this.#cursor.take('?')) text = `${repeated}?`
    const again = this.#cursor.at
    if (readQuantifier(this.#cursor) !== null)
      throw new RegexError('two quantifiers stand one behind the other; put the first into a group', again)
    return text
  }

  /** Read once more, for the group that makes it atomic has its number before those within. */
  #possessive(count: string, before: Place): string {
    const end = this.#cursor.at
    if (++this.#rereads > MOST_REREADS) throw new RegexError('it has too many possessive quantifiers in one another', before.at)
    this.#cursor.at = before.at
    this.#groups.reset(before.groups)
    const text = this.#atomic(() => `${repeatable(this.#atoms().pop() ?? '')}${count}`)
    this.#cursor.at = end
    return text
  }

  /** What was matched once is not given up again: a look-ahead finds it, and a reference back takes it. JavaScript has no atomic groups. */
  #atomic(inner: () => string): string {
    const number = this.#groups.add()
    return `(?=(${inner()}))\\${number}`
  }

  #group(start: number): string[] {
    if (++this.#depth > DEEPEST) throw new RegexError(`groups stand in one another at most ${DEEPEST} deep`, start)
    const text = this.#groupText(start)
    this.#depth--
    return text === null ? [] : [text]
  }

  #groupText(start: number): string | null {
    if (this.#cursor.text[this.#cursor.at] === '*') throw new RegexError('verbs such as (*COMMIT) have no counterpart', start, true)
    if (!this.#cursor.take('?')) return this.#capture(start, null)
    if (this.#cursor.take('#')) {
      const end = this.#cursor.text.indexOf(')', this.#cursor.at)
      if (end < 0) throw new RegexError('the comment is never closed', start)
      this.#cursor.at = end + 1
      return null
    }
    const named = this.#cursor.match(/(?:P?<([A-Za-z_]\w*)>|'([A-Za-z_]\w*)')/y)
    if (named !== null) return this.#capture(start, named[1] ?? named[2] ?? '')
    const plain = this.#cursor.match(/:|=|!|<=|<!/y)
    if (plain !== null) return `(?${plain[0]}${this.#inner(start)})`
    if (this.#cursor.take('>')) return this.#atomic(() => this.#inner(start))
    const back = this.#cursor.match(/P=([A-Za-z_]\w*)\)/y)
    if (back !== null) return this.#groups.referenceTo(back[1] as string, start)
    this.#refuseGroup(start)
    return this.#optionGroup(start)
  }

  #optionGroup(start: number): string | null {
    const found = this.#cursor.match(/(\^?)([imsxJnU]*)(?:-([imsxJnU]*))?([:)])/y)
    if (found === null) throw new RegexError('there is no group of this kind', start)
    const [, reset, on = '', off = '', end] = found
    const odd = /[JnU]/.exec(on)?.[0]
    if (odd !== undefined) throw new RegexError(`the option (?${odd}) has no counterpart`, start)
    const before = this.#options
    this.#options = withOptions(reset === '^' ? NO_OPTIONS : before, on, off)
    if (end === ')') return null
    // The parts inside know their options themselves.
    const inner = this.#inner(start)
    this.#options = before
    return `(?:${inner})`
  }

  #refuseGroup(start: number): void {
    const refused = this.#cursor.match(/(R\)|[+-]?\d+\)|&|P>)|(\()|(C)|(\|)|(\*)/y)
    if (refused === null) return
    const [, recursion, condition, callout] = refused
    if (recursion !== undefined) throw new RegexError('recursion into a group has no counterpart; write the group out', start, true)
    if (condition !== undefined)
      throw new RegexError('a condition, (?(…)…|…), has no counterpart; use alternatives with look-ahead', start, true)
    if (callout !== undefined) throw new RegexError('callouts have no counterpart', start, true)
    throw new RegexError('groups that share numbers, (?|…), have no counterpart; use groups that do not capture', start, true)
  }

  #capture(start: number, name: string | null): string {
    this.#groups.capture(start, name)
    return `(${name === null ? '' : `?<${name}>`}${this.#inner(start)})`
  }

  #inner(start: number): string {
    const options = this.#options
    const text = this.#alternatives()
    this.#options = options
    if (!this.#cursor.take(')')) throw new RegexError('the ( is never closed; write \\( for the character', start)
    return text
  }

  #escape(start: number): string[] {
    const char = this.#cursor.text[this.#cursor.at++]
    if (char === undefined) throw new RegexError('a \\ stands at the end; write \\\\ for the character', start)
    if (char === 'Q') return this.#cursor.quoted().flatMap((each) => this.#literals(each))
    if (char === 'E') return []
    switch (char) {
      case 'A':
        return ['^']
      case 'z':
        return ['$']
      case 'Z':
        return ['(?=\\n?$)']
      case 'b':
      case 'B':
        return [`\\${char}`]
      case 'N':
        return [this.#base.s ? '[^\\n]' : '.']
      case 'C':
        return ['[^]']
      case 'R':
        return ['(?:\\r\\n|(?!\\r\\n)[\\n-\\r\\x85])']
    }
    if (ESCAPED_SETS[char] !== undefined) return [atomOf(char)]
    const refused = REFUSED_ESCAPES[char]
    if (refused !== undefined) throw new RegexError(refused, start, 'GKXpP'.includes(char))
    return [this.#groups.reference(this.#cursor, char, start) ?? literal(escapedCharacter(this.#cursor, char, start))]
  }
}

/** JavaScript repeats no anchors and no look-arounds. */
function repeatable(atom: string): string {
  return /^(?:\^|\$|\\[bB]$|\(\?<?[=!])/.test(atom) ? `(?:${atom})` : atom
}

function inTurn(first: string, second: string): string {
  return /(?:^|[^\\])(?:\\\\)*\\[1-9]\d*$/.test(first) && /^\d/.test(second) ? `${first}(?:)${second}` : first + second
}

/** A fault of the translation is told as one, with the whole pattern. */
function checked(source: string, flags: string): void {
  try {
    new RegExp(source, flags)
  } catch (error) {
    throw new RegexError(`JavaScript refuses what it becomes, /${source}/${flags}: ${(error as Error).message}`, 0)
  }
}
