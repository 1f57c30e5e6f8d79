/** VCL's text as tokens. Comments are kept with the token that follows them. */
import type { Comment } from './ast.ts'
import type { Problem } from './problem.ts'
import type { SourceFile, Span } from './source.ts'
import type { Token, TokenKind } from './token.ts'

const PAIRS: ReadonlySet<string> = new Set(['++', '--', '&&', '||', '<=', '==', '!=', '>=', '>>', '<<', '+=', '-=', '*=', '/=', '!~'])
const SINGLES = '{}()*+-/%><=;!&.|~,'
/** After so many problems nobody reads on. */
const MOST_PROBLEMS = 20
const NAME = /[A-Za-z][A-Za-z0-9_-]*/y
const NUMBER = /(\d+)(?:\.(\d*))?/y
const BLOB = /:([A-Za-z0-9+/]*)(={0,2})(:?)/y
const SPACE = /[ \t\r\n\f\v]+/y
const LINE_COMMENT = /(#|\/\/)[^\n]*/y
const STRING = /"([^"\r\n]*)("?)/y
const STRAY = /(?:_[\w-]*)+|[^\s\w"#/{}()*+%><=;!&.|~,:-]+/y

const LONG = [
  { open: '"""', close: '"""', what: 'long string', kind: 'string' },
  { open: '{"', close: '"}', what: 'long string', kind: 'string' },
  { open: 'C{', close: '}C', what: 'inline C', kind: 'inline-c' },
] as const

export interface Lexed {
  /** The last is of kind `end`. */
  readonly tokens: readonly Token[]
  readonly problems: readonly Problem[]
}

/** Always comes to an end, in time linear in the text's length, whatever the text. */
export function lex(file: SourceFile): Lexed {
  return new Lexer(file).run()
}

class Lexer {
  readonly #file: SourceFile
  readonly #text: string
  readonly #tokens: Token[] = []
  readonly #problems: Problem[] = []
  #at = 0
  #line = 1
  #lineStart = 0
  /** Where the present line ends. */
  #newline: number
  #comments: Comment[] = []
  #newlines = 0

  constructor(file: SourceFile) {
    this.#file = file
    this.#text = file.text
    this.#newline = this.#newlineFrom(0)
  }

  run(): Lexed {
    if (this.#text.startsWith('\uFEFF')) this.#at = this.#lineStart = 1
    while (this.#at < this.#text.length) if (!this.#space() && !this.#comment()) this.#token()
    this.#add('end', '', this.#at, this.#at)
    return { tokens: this.#tokens, problems: this.#problems }
  }

  #space(): boolean {
    SPACE.lastIndex = this.#at
    const match = SPACE.exec(this.#text)
    if (match === null) return false
    const before = this.#line
    this.#advance(this.#at + match[0].length)
    this.#newlines += this.#line - before
    return true
  }

  #comment(): boolean {
    LINE_COMMENT.lastIndex = this.#at
    const line = LINE_COMMENT.exec(this.#text)
    if (line !== null) {
      const style = line[1] === '#' ? '#' : '//'
      this.#keep(style, line[0].slice(style.length).replace(/\r$/, ''), this.#at + line[0].length)
      return true
    }
    if (!this.#text.startsWith('/*', this.#at)) return false
    const close = this.#text.indexOf('*/', this.#at + 2)
    if (close < 0) {
      this.#refuse(this.#at, this.#at + 2, 'this comment has no end', 'close it with */')
      this.#advance(this.#text.length)
      return true
    }
    if (this.#text.slice(this.#at + 2, close).includes('/*'))
      this.#refuse(this.#at, this.#at + 2, 'this comment contains another ‘/*’; comments do not nest', 'close each with its own */')
    this.#keep('/*', this.#text.slice(this.#at + 2, close), close + 2)
    return true
  }

  #keep(style: Comment['style'], text: string, end: number): void {
    this.#comments.push({ style, text, span: this.#span(this.#at, end), blankBefore: this.#newlines > 1 })
    this.#newlines = 0
    this.#advance(end)
  }

  #token(): void {
    if (this.#blob() || this.#long() || this.#string() || this.#name() || this.#number() || this.#mark()) return
    const end = this.#at + this.#match(STRAY, 1)
    this.#refuse(
      this.#at,
      end,
      `${JSON.stringify(this.#text.slice(this.#at, Math.min(end, this.#at + 20)))} has no meaning in VCL`,
      this.#text[this.#at] === '_' ? 'a name begins with a letter' : null,
    )
    this.#advance(end)
  }

  #match(pattern: RegExp, least: number): number {
    pattern.lastIndex = this.#at
    return pattern.exec(this.#text)?.[0].length ?? least
  }

  #mark(): boolean {
    const pair = this.#text.slice(this.#at, this.#at + 2)
    const mark = PAIRS.has(pair) ? pair : pair.slice(0, 1)
    if (mark.length === 1 && !SINGLES.includes(mark)) return false
    this.#add('mark', mark, this.#at, this.#at + mark.length)
    return true
  }

  #blob(): boolean {
    BLOB.lastIndex = this.#at
    const match = BLOB.exec(this.#text)
    if (match === null) return false
    const [whole, digits = '', padding = '', close] = match
    const end = this.#at + whole.length
    if (close !== ':') this.#refuse(this.#at, end, 'this blob has no closing colon', 'write base64 between colons, as in :Zm9v:')
    else if ((digits.length + padding.length) % 4 !== 0)
      this.#refuse(this.#at, end, 'a blob’s base64 has four characters for each three bytes, with = as padding', null)
    this.#add('blob', digits + padding, this.#at, end)
    return true
  }

  #long(): boolean {
    const found = LONG.find(({ open }) => this.#text.startsWith(open, this.#at))
    if (found === undefined) return false
    const { open, close, what, kind } = found
    const from = this.#at + open.length
    const to = this.#text.indexOf(close, from)
    if (to >= 0) this.#add(kind, this.#text.slice(from, to), this.#at, to + close.length)
    else {
      this.#refuse(this.#at, from, `this ${what} has no end`, `close it with ${close}`)
      this.#add(kind, this.#text.slice(from), this.#at, this.#text.length)
    }
    return true
  }

  #string(): boolean {
    STRING.lastIndex = this.#at
    const match = STRING.exec(this.#text)
    if (match === null) return false
    const end = this.#at + match[0].length
    if (match[2] === '')
      this.#refuse(this.#at, this.#at + 1, 'this string has no end on its line', 'close it, or write {"…"} for a text of several lines')
    this.#add('string', match[1] ?? '', this.#at, end)
    return true
  }

  #name(): boolean {
    NAME.lastIndex = this.#at
    const match = NAME.exec(this.#text)
    if (match === null) return false
    this.#add('name', match[0], this.#at, this.#at + match[0].length)
    return true
  }

  #number(): boolean {
    NUMBER.lastIndex = this.#at
    const match = NUMBER.exec(this.#text)
    if (match === null) return false
    const [whole, digits = '', fraction] = match
    const end = this.#at + whole.length
    if (fraction === undefined ? digits.length > 15 : digits.length > 12 || fraction.length > 3)
      this.#refuse(
        this.#at,
        end,
        `this number has too many digits`,
        'whole numbers have at most 15, others 12 before and 3 behind the point',
      )
    this.#add(fraction === undefined ? 'int' : 'real', whole, this.#at, end)
    return true
  }

  #add(kind: TokenKind, text: string, start: number, end: number): void {
    const span = this.#span(start, end)
    const comments = this.#comments
    const blankBefore = this.#newlines > 1
    this.#comments = []
    this.#newlines = 0
    this.#advance(end)
    this.#tokens.push({ kind, text, span, comments, blankBefore, lastLine: this.#line })
  }

  #refuse(start: number, end: number, reason: string, hint: string | null): void {
    if (this.#problems.length < MOST_PROBLEMS) this.#problems.push({ kind: 'illegal', span: this.#span(start, end), reason, hint })
  }

  /** `start` is on the present line. */
  #span(start: number, end: number): Span {
    return { file: this.#file, start, end, line: this.#line, column: start - this.#lineStart + 1 }
  }

  #advance(to: number): void {
    while (this.#newline < to) {
      this.#line++
      this.#lineStart = this.#newline + 1
      this.#newline = this.#newlineFrom(this.#lineStart)
    }
    this.#at = to
  }

  #newlineFrom(start: number): number {
    const found = this.#text.indexOf('\n', start)
    return found < 0 ? Number.POSITIVE_INFINITY : found
  }
}
