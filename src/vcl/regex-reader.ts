/** Reads a PCRE2 pattern from left to right and writes the same for JavaScript. */
import { type CharSet, charsExcept } from '../../vcl-ts/ban-charset.ts'
import type { Regex } from './regex.ts'
import { RegexError } from './regex-error.ts'
import { atomOf, ESCAPED_SETS, literal, member, membersOf, POSIX_SETS } from './regex-set.ts'

/** Options that are on: letters in both cases, `.` takes newlines, `^ $` at lines, white space is none. */
interface Options {
  readonly i: boolean
  readonly s: boolean
  readonly m: boolean
  readonly x: boolean
}

/** A part of an alternative, and whether it is to match letters in both cases. */
interface Part {
  readonly text: string
  readonly fold: boolean
}

/** Where the reader was. */
interface Place {
  readonly at: number
  readonly written: number
  readonly groups: number
  readonly names: number
}

const NONE: Options = { i: false, s: false, m: false, x: false }
const CONTROLS: Readonly<Record<string, number>> = { a: 7, e: 27, f: 12, n: 10, r: 13, t: 9 }
const LARGEST_REPEAT = 65_535
const DEEPEST = 250
const MOST_REREADS = 1000
/** What does not count under `(?x)`. */
const BLANKS = /(?:[\t-\r ]+|#[^\n]*(?:\n|$))+/y

const REFUSED_ESCAPES: Readonly<Record<string, string>> = {
  G: '\\G, the place where the last match ended, does not exist in VCL',
  K: '\\K, which drops what was matched before it, has no counterpart; use a look-behind, (?<=…)',
  X: '\\X needs Unicode, and VCL matches bytes',
  p: '\\p needs Unicode, and VCL matches bytes',
  P: '\\P needs Unicode, and VCL matches bytes',
  L: '\\L is not a PCRE escape',
  l: '\\l is not a PCRE escape',
  U: '\\U is not a PCRE escape',
  u: '\\u is not a PCRE escape; write \\xhh',
}

export class RegexReader {
  readonly #text: string
  readonly #total: number
  #at = 0
  #depth = 0
  #rereads = 0
  #options = NONE
  /** The options that are flags of the whole. */
  #base = NONE
  /** Groups of the pattern so far: their numbers in what is written. */
  readonly #groups: number[] = [0]
  readonly #names = new Map<string, number>()
  /** Groups written so far. */
  #written = 0

  constructor(text: string) {
    this.#text = text
    this.#total = countGroups(text)
  }

  whole(): Regex {
    this.#leadingOptions()
    const source = this.#alternatives()
    if (this.#at < this.#text.length) throw new RegexError('the ) closes nothing; write \\) for the character', this.#at)
    const { i, s } = this.#base
    const flags = `${i ? 'i' : ''}${s ? 's' : ''}`
    checked(source, flags)
    return { source: source === '' ? '(?:)' : source, flags, groups: this.#groups }
  }

  /** Options that a pattern begins with are those of the whole. */
  #leadingOptions(): void {
    for (;;) {
      const found = this.#match(/\(\?([imsx]+)\)/y)
      if (found === null) break
      this.#options = withOptions(this.#options, found[1] as string, '')
    }
    this.#base = this.#options
  }

  #alternatives(): string {
    const outer = this.#options
    const all = [this.#alternative()]
    while (this.#take('|')) all.push(this.#alternative())
    this.#options = outer
    return all.join('|')
  }

  #alternative(): string {
    const parts: Part[] = []
    while (this.#at < this.#text.length && this.#text[this.#at] !== '|' && this.#text[this.#at] !== ')') {
      if (this.#options.x && this.#match(BLANKS) !== null) continue
      const start = this.#at
      const before: Place = { at: start, written: this.#written, groups: this.#groups.length, names: this.#names.size }
      // What a group holds knows its case itself.
      const neutral = this.#text[start] === '('
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
    const start = this.#at
    const char = this.#text[this.#at++] as string
    switch (char) {
      case '.':
        return [this.#dot()]
      case '^':
        return [this.#options.m ? '(?<![^\\n])' : '^']
      case '$':
        return [this.#options.m ? '(?![^\\n])' : '$']
      case '[':
        return [this.#class(start)]
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
    if (high >= 0xd800 && high < 0xdc00) char += this.#text[this.#at++] ?? ''
    return bytesOf(char).map((code) => (code > 0x7f && this.#options.i ? `(?-i:${literal(code)})` : literal(code)))
  }

  #quantified(atom: string, before: Place): string {
    this.#match(/(?:\\E)+/y)
    if (this.#options.x) this.#match(BLANKS)
    const count = this.#quantifier()
    if (count === null) return atom
    const repeated = `${repeatable(atom)}${count}`
    let text = repeated
    if (this.#take('+')) text = this.#possessive(count, before)
    else if (this.#take('?')) text = `${repeated}?`
    const again = this.#at
    if (this.#quantifier() !== null) throw new RegexError('two quantifiers stand one behind the other; put the first into a group', again)
    return text
  }

  #quantifier(): string | null {
    const found = this.#match(/[*+?]/y)
    if (found !== null) return found[0]
    const at = this.#at
    if (this.#match(/\{,\d+\}/y) !== null)
      throw new RegexError('{,n} is text to some versions of PCRE and a quantifier to others; write {0,n}, or \\{', at)
    const counted = this.#match(/\{(\d+)(?:(,)(\d*))?\}/y)
    if (counted === null) return null
    const [, min = '', comma, max = ''] = counted
    if (Number(min) > LARGEST_REPEAT || Number(max) > LARGEST_REPEAT) throw new RegexError(`a count is at most ${LARGEST_REPEAT}`, at)
    if (max !== '' && Number(max) < Number(min)) throw new RegexError('the largest count is less than the smallest', at)
    return comma === undefined ? `{${min}}` : `{${min},${max}}`
  }

  /** Read once more, for the group that makes it atomic has its number before those within. */
  #possessive(count: string, before: Place): string {
    const end = this.#at
    if (++this.#rereads > MOST_REREADS) throw new RegexError('it has too many possessive quantifiers in one another', before.at)
    this.#at = before.at
    this.#written = before.written
    this.#groups.length = before.groups
    for (const name of [...this.#names.keys()].slice(before.names)) this.#names.delete(name)
    const text = this.#atomic(() => `${repeatable(this.#atoms().pop() ?? '')}${count}`)
    this.#at = end
    return text
  }

  /** What was matched once is not given up again: a look-ahead finds it, and a reference back takes it. JavaScript has no atomic groups. */
  #atomic(inner: () => string): string {
    const number = ++this.#written
    return `(?=(${inner()}))\\${number}`
  }

  #group(start: number): string[] {
    if (++this.#depth > DEEPEST) throw new RegexError(`groups stand in one another at most ${DEEPEST} deep`, start)
    const text = this.#groupText(start)
    this.#depth--
    return text === null ? [] : [text]
  }

  #groupText(start: number): string | null {
    if (this.#text[this.#at] === '*') throw new RegexError('verbs such as (*COMMIT) have no counterpart', start, true)
    if (!this.#take('?')) return this.#capture(start, null)
    if (this.#take('#')) {
      const end = this.#text.indexOf(')', this.#at)
      if (end < 0) throw new RegexError('the comment is never closed', start)
      this.#at = end + 1
      return null
    }
    const named = this.#match(/(?:P?<([A-Za-z_]\w*)>|'([A-Za-z_]\w*)')/y)
    if (named !== null) return this.#capture(start, named[1] ?? named[2] ?? '')
    const plain = this.#match(/:|=|!|<=|<!/y)
    if (plain !== null) return `(?${plain[0]}${this.#inner(start)})`
    if (this.#take('>')) return this.#atomic(() => this.#inner(start))
    const back = this.#match(/P=([A-Za-z_]\w*)\)/y)
    if (back !== null) return this.#referenceTo(back[1] as string, start)
    this.#refuseGroup(start)
    return this.#optionGroup(start)
  }

  #optionGroup(start: number): string | null {
    const found = this.#match(/(\^?)([imsxJnU]*)(?:-([imsxJnU]*))?([:)])/y)
    if (found === null) throw new RegexError('there is no group of this kind', start)
    const [, reset, on = '', off = '', end] = found
    const odd = /[JnU]/.exec(on)?.[0]
    if (odd !== undefined) throw new RegexError(`the option (?${odd}) has no counterpart`, start)
    const before = this.#options
    this.#options = withOptions(reset === '^' ? NONE : before, on, off)
    if (end === ')') return null
    // The parts inside know their options themselves.
    const inner = this.#inner(start)
    this.#options = before
    return `(?:${inner})`
  }

  #refuseGroup(start: number): void {
    const refused = this.#match(/(R\)|[+-]?\d+\)|&|P>)|(\()|(C)|(\|)|(\*)/y)
    if (refused === null) return
    const [, recursion, condition, callout] = refused
    if (recursion !== undefined) throw new RegexError('recursion into a group has no counterpart; write the group out', start, true)
    if (condition !== undefined)
      throw new RegexError('a condition, (?(…)…|…), has no counterpart; use alternatives with look-ahead', start, true)
    if (callout !== undefined) throw new RegexError('callouts have no counterpart', start, true)
    throw new RegexError('groups that share numbers, (?|…), have no counterpart; use groups that do not capture', start, true)
  }

  #capture(start: number, name: string | null): string {
    const number = ++this.#written
    this.#groups.push(number)
    if (name !== null) {
      if (this.#names.has(name)) throw new RegexError(`there are two groups named ${name}`, start)
      this.#names.set(name, number)
    }
    return `(${name === null ? '' : `?<${name}>`}${this.#inner(start)})`
  }

  #inner(start: number): string {
    const options = this.#options
    const text = this.#alternatives()
    this.#options = options
    if (!this.#take(')')) throw new RegexError('the ( is never closed; write \\( for the character', start)
    return text
  }

  #escape(start: number): string[] {
    const char = this.#text[this.#at++]
    if (char === undefined) throw new RegexError('a \\ stands at the end; write \\\\ for the character', start)
    if (char === 'Q') return this.#quoted().flatMap((each) => this.#literals(each))
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
    return [this.#reference(char, start) ?? literal(this.#character(char, start))]
  }

  /** The text up to `\E`. */
  #quoted(): string[] {
    const end = this.#text.indexOf('\\E', this.#at)
    const quoted = this.#text.slice(this.#at, end < 0 ? undefined : end)
    this.#at = end < 0 ? this.#text.length : end + 2
    return Array.from(quoted)
  }

  /** `null`: it refers to no group. */
  #reference(char: string, start: number): string | null {
    if (char === 'g' || char === 'k') {
      const named = this.#match(/<([A-Za-z_]\w*)>|\{([A-Za-z_]\w*)\}|'([A-Za-z_]\w*)'/y)
      if (named !== null) {
        if (char === 'g' && named[2] === undefined)
          throw new RegexError('recursion into a group has no counterpart; write the group out', start, true)
        return this.#referenceTo(named[1] ?? named[2] ?? named[3] ?? '', start)
      }
      const numbered = char === 'g' ? this.#match(/\{?([+-]?\d+)\}?/y) : null
      if (numbered === null) throw new RegexError(`\\${char} refers to no group`, start)
      const number = Number(numbered[1])
      return this.#referenceBy(number < 0 ? this.#groups.length + number : number, start)
    }
    if (!/[1-9]/.test(char)) return null
    const digits = char + (/\d*/y.exec(this.#text.slice(this.#at))?.[0] ?? '')
    const number = Number(digits)
    // pcre2pattern(3), “Non-printing characters”: from 10 on it is a reference only if there are so many groups.
    if (number > 9 && number > this.#total) return null
    this.#at += digits.length - 1
    return this.#referenceBy(number, start)
  }

  #referenceTo(name: string, start: number): string {
    const number = this.#names.get(name)
    if (number === undefined) throw new RegexError(`no group before it is named ${name}`, start)
    return `\\${number}`
  }

  #referenceBy(number: number, start: number): string {
    const written = this.#groups[number]
    if (number === 0 || written === undefined) throw new RegexError(`there is no group ${number} before it`, start)
    return `\\${written}`
  }

  /** The one character that an escape means, in and out of brackets. */
  #character(char: string, start: number): number {
    if (char === 'x') {
      const hex = this.#match(/\{([0-9A-Fa-f]+)\}|([0-9A-Fa-f]{0,2})/y)
      return this.#byte(Number.parseInt(hex?.[1] ?? (hex?.[2] || '0'), 16), start)
    }
    if (char === 'o') {
      const octal = this.#match(/\{([0-7]+)\}/y)
      if (octal !== null) return this.#byte(Number.parseInt(octal[1] as string, 8), start)
    }
    if (char === 'c') {
      const control = this.#match(/[ -~]/y)
      if (control !== null) return control[0].toUpperCase().charCodeAt(0) ^ 64
    }
    if (/[0-7]/.test(char)) {
      const octal = char + (this.#match(/[0-7]{0,2}/y)?.[0] ?? '')
      return this.#byte(Number.parseInt(octal, 8), start)
    }
    const control = CONTROLS[char]
    if (control !== undefined) return control
    if (/[0-9A-Za-z]/.test(char)) throw new RegexError(`PCRE has no escape \\${char}`, start)
    return char.charCodeAt(0)
  }

  #byte(code: number, start: number): number {
    if (code > 0xff) throw new RegexError('VCL matches bytes, and this is none', start)
    return code
  }

  #class(start: number): string {
    const negated = this.#take('^')
    let members = ''
    for (let first = true; first || this.#text[this.#at] !== ']'; first = false) {
      if (this.#at >= this.#text.length) throw new RegexError('the [ is never closed; write \\[ for the character', start)
      if (first && this.#text[this.#at] === ']') {
        members += '\\]'
        this.#at++
      } else members += this.#member()
    }
    this.#at++
    return `[${negated ? '^' : ''}${members}]`
  }

  #member(): string {
    const start = this.#at
    const posix = this.#match(/\[:(\^?)(\w+):\]/y)
    if (posix !== null) {
      const set = POSIX_SETS[posix[2] as string]
      if (set === undefined) throw new RegexError(`there is no class [:${posix[2]}:]`, start)
      return membersOf(posix[1] === '^' ? charsExcept(set) : set)
    }
    if (this.#match(/\[[.=]/y) !== null) throw new RegexError('PCRE has no collating elements; write \\[ for the character', start)
    const first = this.#single()
    if (first === null) return ''
    if (typeof first === 'string') {
      if (this.#match(/-(?!\])/y) !== null)
        throw new RegexError('a range begins with a character, and this is a set; write \\- for the character', start)
      return first
    }
    const dash = this.#at
    if (this.#text[dash] !== '-' || this.#text[dash + 1] === ']' || dash + 1 >= this.#text.length) return member(first)
    this.#at++
    const last = this.#single()
    if (typeof last !== 'number')
      throw new RegexError('a range ends with a character, and this is a set; write \\- for the character', dash)
    if (last < first) throw new RegexError('the range is not from lower to higher; write \\- for the character', dash)
    return `${member(first)}-${member(last)}`
  }

  /** One character in brackets, the members that an escape or a character of several bytes means, or nothing. */
  #single(): number | string | null {
    const start = this.#at
    const char = this.#text[this.#at++] as string
    if (char !== '\\') {
      const high = char.charCodeAt(0)
      const whole = high >= 0xd800 && high < 0xdc00 ? char + (this.#text[this.#at++] ?? '') : char
      const codes = bytesOf(whole)
      return codes.length === 1 ? (codes[0] as number) : codes.map(member).join('')
    }
    const escaped = this.#text[this.#at++]
    if (escaped === undefined) throw new RegexError('a \\ stands at the end; write \\\\ for the character', start)
    if (escaped === 'Q') {
      const quoted = this.#quoted()
      return quoted.length === 1 ? (quoted[0] as string).charCodeAt(0) : quoted.flatMap(bytesOf).map(member).join('')
    }
    if (escaped === 'E') return null
    if (escaped === 'b') return 8
    const set: CharSet | undefined = ESCAPED_SETS[escaped]
    if (set !== undefined) return 'dDwW'.includes(escaped) ? `\\${escaped}` : membersOf(set)
    const refused = REFUSED_ESCAPES[escaped]
    if (refused !== undefined) throw new RegexError(refused, start, 'pP'.includes(escaped))
    return this.#character(escaped, start)
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

/** JavaScript repeats no anchors and no look-arounds. */
function repeatable(atom: string): string {
  return /^(?:\^|\$|\\[bB]$|\(\?<?[=!])/.test(atom) ? `(?:${atom})` : atom
}

function inTurn(first: string, second: string): string {
  return /(?:^|[^\\])(?:\\\\)*\\[1-9]\d*$/.test(first) && /^\d/.test(second) ? `${first}(?:)${second}` : first + second
}

function withOptions(options: Options, on: string, off: string): Options {
  const has = (letter: keyof Options): boolean => (off.includes(letter) ? false : on.includes(letter) || options[letter])
  return { i: has('i'), s: has('s'), m: has('m'), x: has('x') }
}

function bytesOf(char: string): number[] {
  return char.charCodeAt(0) < 0x80 ? [char.charCodeAt(0)] : [...new TextEncoder().encode(char)]
}

/** Capturing groups of the whole pattern, so that `\12` can be told from a character. */
function countGroups(text: string): number {
  const bare = text.replace(/\\Q.*?(?:\\E|$)|\\.|\[\^?\]?(?:\\.|\[:\^?\w+:\]|[^\]])*\]|\(\?#[^)]*\)/gs, '')
  return (bare.match(/\((?!\?|\*)|\(\?(?:P?<(?![=!])|')/g) ?? []).length
}

/** A fault of the translation is told as one, with the whole pattern. */
function checked(source: string, flags: string): void {
  try {
    new RegExp(source, flags)
  } catch (error) {
    throw new RegexError(`JavaScript refuses what it becomes, /${source}/${flags}: ${(error as Error).message}`, 0)
  }
}
