/** The parser's place in the tokens of one file, its comments, and what it found wrong. */
import type { Annotated, Comment, Identifier } from './ast.ts'
import type { VclReader } from './include.ts'
import type { Problem } from './problem.ts'
import type { SourceFile, Span } from './source.ts'
import { isMark, isWord, shown, type Token } from './token.ts'

export const MOST_PROBLEMS = 20
/** Of parentheses, blocks, signs and operators within each other: real policies have a dozen. */
export const DEEPEST = 100

/** What the files of one program share while they are parsed. */
export interface ParseRun {
  readonly problems: Problem[]
  readonly files: SourceFile[]
  readonly reader: VclReader
}

/** What a node that has begun knows. */
export interface Begun {
  readonly first: Token
  readonly leading: readonly Comment[]
  readonly blankBefore: boolean
  readonly inner: Comment[]
}

/**
 * At the first problem of a statement the cursor fails: it stands at an end from then on, so that everything that is being parsed returns at
 * once, until `recover` moves behind the statement.
 */
export class Cursor {
  readonly run: ParseRun
  readonly file: SourceFile
  /** The files that include each other down to this one, itself last. */
  readonly path: readonly string[]
  readonly #tokens: readonly Token[]
  readonly #end: Token
  #index = 0
  #failed = false
  /** So many of the present token's comments belong to something already. */
  #claimed = 0
  #inner: Comment[][] = []
  #depth = 0

  constructor(run: ParseRun, file: SourceFile, tokens: readonly Token[], path: readonly string[]) {
    this.run = run
    this.file = file
    this.path = path
    this.#tokens = tokens
    this.#end = tokens[tokens.length - 1] as Token
  }

  get failed(): boolean {
    return this.#failed
  }

  /** Enough was found wrong: the rest is not looked at. */
  get exhausted(): boolean {
    return this.run.problems.length >= MOST_PROBLEMS
  }

  get token(): Token {
    return this.#failed ? this.#end : this.#here()
  }

  /** The token after the present one. */
  get following(): Token {
    return this.#failed ? this.#end : (this.#tokens[this.#index + 1] ?? this.#end)
  }

  get previous(): Token {
    return this.#tokens[this.#index - 1] ?? this.#here()
  }

  get atEnd(): boolean {
    return this.token.kind === 'end'
  }

  at(mark: string): boolean {
    return isMark(this.token, mark)
  }

  atWord(word: string): boolean {
    return isWord(this.token, word)
  }

  take(): Token {
    const token = this.token
    if (this.#failed || token.kind === 'end') return token
    this.#inner.at(-1)?.push(...token.comments.slice(this.#claimed))
    this.#index++
    this.#claimed = 0
    return token
  }

  /** Whether the mark stood there; it is behind the cursor then. */
  skip(mark: string): boolean {
    if (!this.at(mark)) return false
    this.take()
    return true
  }

  expect(mark: string, after: string): void {
    if (!this.skip(mark)) this.fail(`‘${mark}’ is missing ${after}; found ${shown(this.token)}`, null)
  }

  /** The end of a statement is missed where it should have been. */
  expectSemicolon(what: string): void {
    if (this.skip(';')) return
    this.fail(`‘;’ is missing after ${what}; found ${shown(this.token)}`, null, this.behind())
  }

  identifier(what: string): Identifier {
    const { kind, text, span } = this.token
    if (kind === 'name') this.take()
    else this.fail(`the name of ${what} is missing; found ${shown(this.token)}`, null)
    return { name: text, span }
  }

  fail(reason: string, hint: string | null, span: Span = this.token.span): void {
    if (this.#failed) return
    this.complain(reason, hint, span)
    this.#failed = true
  }

  /** What begins at `span` has no end: said only if nothing before it explains that, as a text without an end would. */
  failUnclosed(reason: string, hint: string, span: Span): void {
    if (!this.run.problems.some((problem) => problem.span.file === this.file)) this.fail(reason, hint, span)
    this.#failed = true
  }

  /** A problem that leaves the parser in step. */
  complain(reason: string, hint: string | null, span: Span = this.token.span): void {
    if (!this.exhausted) this.run.problems.push({ kind: 'illegal', span, reason, hint })
  }

  /** Parses what lies deeper, unless that is too deep. */
  deeper<T>(parse: () => T, instead: T): T {
    if (this.#depth >= DEEPEST) {
      this.fail(`this is nested more than ${DEEPEST} levels deep`, 'divide it into subs or statements')
      return instead
    }
    this.#depth++
    const parsed = parse()
    this.#depth--
    return parsed
  }

  /** From here on comments belong to a new node: those before it are its own. */
  begin(): Begun {
    const first = this.token
    const leading = this.claim()
    const inner: Comment[] = []
    this.#inner.push(inner)
    return { first, leading, inner, blankBefore: leading[0]?.blankBefore ?? first.blankBefore }
  }

  /** The node ends with the token before the cursor; comments behind that on the same line are its own. */
  finish({ first, leading, blankBefore, inner }: Begun): Annotated {
    this.#inner.pop()
    const last = this.previous
    const trailing = this.claim((comment) => comment.span.line === last.lastLine)
    return { span: spanOf(first, last), leading, trailing, inner, blankBefore }
  }

  /** Comments before the present token that belong to nobody yet, as long as they are wanted. */
  claim(wanted: (comment: Comment) => boolean = () => true): readonly Comment[] {
    if (this.#failed) return []
    const rest = this.#here().comments.slice(this.#claimed)
    const stop = rest.findIndex((comment) => !wanted(comment))
    const claimed = stop < 0 ? rest : rest.slice(0, stop)
    this.#claimed += claimed.length
    return claimed
  }

  /** After a failure: moves behind the next `;`, or behind the block that begins before it, or to the `}` that closes the present block. */
  recover(): void {
    if (!this.#failed) return
    this.#failed = false
    this.skipStatement()
  }

  skipStatement(): void {
    let depth = 0
    for (let token = this.token; token.kind !== 'end'; token = this.token) {
      if (depth === 0 && isMark(token, '}')) return
      this.take()
      if (isMark(token, '{')) depth++
      else if (isMark(token, '}') && --depth === 0) return
      else if (isMark(token, ';') && depth === 0) return
    }
  }

  /** Just behind the last token. */
  behind(): Span {
    const { span, lastLine } = this.previous
    if (lastLine !== span.line) return this.token.span
    return { ...span, start: span.end, end: span.end, column: span.column + span.end - span.start }
  }

  #here(): Token {
    return this.#tokens[this.#index] ?? this.#end
  }
}

/** From the beginning of one token to the end of another of the same file. */
export function spanOf(first: Token, last: Token): Span {
  return last.span.end > first.span.end ? { ...first.span, end: last.span.end } : first.span
}
