/**
 * Patterns of bans: PCRE as Varnish takes it, searched for by V8. A pattern whose search could take longer than in proportion to the text
 * is refused, so that no ban can hold the event loop up.
 */
import { type CharSet, charRuns, charsExcept, NO_CHARACTERS } from './ban-charset.ts'
import {
  alternativesOf,
  copies,
  factored,
  gapOf,
  type Run,
  runOf,
  sourceOf,
  trimmed,
  trimmedEnd,
  trimmedStart,
} from './ban-pattern-rewrite.ts'
import { checkRepeats, checkSteps, fixedLength, isLinear } from './ban-pattern-safety.ts'
import { PatternError, type PatternNode, parsePattern } from './ban-pattern-syntax.ts'

/** Whether the pattern is found in a text of one line. */
export type Matcher = (text: string) => boolean

type Row = readonly PatternNode[]

/** `a[^,]*b`, which has anything before and behind it; without a run `head` alone. Head and tail have one length each. */
interface Piece {
  readonly head: PatternNode
  readonly run: CharSet
  readonly tail: PatternNode | null
}

interface Plan {
  /** Alternatives that one expression looks for, or `null`. */
  readonly direct: PatternNode | null
  /** Alternatives in pieces that follow one another with anything between. */
  readonly inPieces: readonly (readonly Piece[])[]
}

/** The matcher of a pattern; `fold`: letters match in both cases. Throws a `PatternError` that says why it is refused. */
export function compilePattern(text: string, fold: boolean): Matcher {
  const { direct, inPieces } = planOf(text, fold)
  const matchers = inPieces.map(inTurn)
  if (direct !== null) matchers.unshift(directMatcher(direct))
  const [only] = matchers
  return only !== undefined && matchers.length === 1 ? only : oneMatches(matchers)
}

function oneMatches(matchers: readonly Matcher[]): Matcher {
  return (text) => {
    for (const matches of matchers) if (matches(text)) return true
    return false
  }
}

/** Refuses what `compilePattern` refuses. Throws a `PatternError`. */
export function checkPattern(text: string, fold: boolean): void {
  planOf(text, fold)
}

function planOf(text: string, fold: boolean): Plan {
  const node = parsePattern(text, fold)
  checkRepeats(node)
  const direct: Row[] = []
  const inPieces: (readonly Piece[])[] = []
  for (const alternative of alternativesOf(node)) {
    const row = trimmed(alternative)
    if (isLinear(row, row[0]?.type === 'at' && row[0].where === '^')) direct.push(row)
    else inPieces.push(piecesOf(row))
  }
  const plan: Plan = { direct: direct.length === 0 ? null : factored(direct), inPieces }
  if (plan.direct !== null) checkSteps(plan.direct)
  for (const { head, tail } of inPieces.flat()) checkSteps(tail === null ? head : { type: 'seq', items: [head, tail] })
  return plan
}

/** `a.*b[^,]*c.*d` as `a`, `b[^,]*c`, `d`. */
function piecesOf(row: Row): readonly Piece[] {
  const rows = splitAt(row, gapOf)
  return rows.map(({ row: each }, index) => {
    const start = index === 0 ? each : trimmedStart(each)
    const [head, tail, ...more] = splitAt(index === rows.length - 1 ? start : trimmedEnd(start), runOf)
    if (more.length > 0) throw new PatternError(AMBIGUOUS)
    return {
      head: ofOneLength(head?.row ?? []),
      run: head?.run?.of.set ?? NO_CHARACTERS,
      tail: tail === undefined ? null : ofOneLength(tail.row),
    }
  })
}

/** The rows between runs, each with the run behind it; what a run has at least stands at the end of the row before. */
function splitAt(row: Row, isRun: (node: PatternNode) => Run | null): readonly { readonly row: Row; readonly run: Run | null }[] {
  const rows: { row: Row; run: Run | null }[] = []
  let from = 0
  for (const [at, item] of row.entries()) {
    const run = isRun(item)
    if (run === null) continue
    rows.push({ row: [...row.slice(from, at), ...copies(run.of, run.min)], run })
    from = at + 1
  }
  return [...rows, { row: row.slice(from), run: null }]
}

const AMBIGUOUS =
  'unbounded quantifiers follow one another and match the same characters, so that a search could take very long; begin the pattern with ^, put .* between them, or send several tests joined by &&'

/** So that the first place where it is found is also where it ends first. */
function ofOneLength(row: Row): PatternNode {
  const node = factored([row])
  if (fixedLength(node) === null) throw new PatternError(AMBIGUOUS)
  return node
}

function directMatcher(node: PatternNode): Matcher {
  return literalMatcher(node.type === 'seq' ? node.items : [node]) ?? expressionMatcher(node)
}

function expressionMatcher(node: PatternNode): Matcher {
  const expression = new RegExp(sourceOf(node))
  return (text) => expression.test(text)
}

/** Plain text, possibly anchored, needs no expression. */
function literalMatcher(row: Row): Matcher | null {
  const start = row[0]?.type === 'at' && row[0].where === '^'
  const last = row.at(-1)
  const end = last?.type === 'at' && last.where === '$'
  const codes = row.slice(start ? 1 : 0, end ? -1 : undefined).map(codeOf)
  if (codes.includes(null)) return null
  const literal = String.fromCharCode(...(codes as number[]))
  if (start && end) return (text) => text === literal
  if (start) return (text) => text.startsWith(literal)
  return end ? (text) => text.endsWith(literal) : (text) => text.includes(literal)
}

function codeOf(node: PatternNode): number | null {
  const [run, ...others] = node.type === 'set' ? charRuns(node.set) : []
  return run === undefined || others.length > 0 || run[0] !== run[1] ? null : run[0]
}

/** Each piece is looked for behind the first end of the one before: whatever matches, matches so. */
function inTurn(pieces: readonly Piece[]): Matcher {
  const finders = pieces.map(finderOf)
  return (text) => {
    let at = 0
    for (const find of finders) {
      at = find(text, at)
      if (at < 0) return false
    }
    return true
  }
}

/** Answers where a piece that begins at `from` or later ends first, or -1. */
type Finder = (text: string, from: number) => number

function finderOf({ head, run, tail }: Piece): Finder {
  const findHead = endOf(head)
  if (tail === null) return findHead
  const findTail = endOf(tail)
  const findBreak = endOf({ type: 'set', set: charsExcept(run) })
  const headLength = fixedLength(head) ?? 0
  const tailLength = fixedLength(tail) ?? 0
  return (text, from) => {
    let tailEnd = -1
    for (let at = from; ; ) {
      const headEnd = findHead(text, at)
      if (headEnd < 0) return -1
      // The first tail behind this head, unless it is known from the one before.
      if (tailEnd - tailLength < headEnd) tailEnd = findTail(text, headEnd)
      if (tailEnd < 0) return -1
      const broken = findBreak(text, headEnd)
      const runEnd = broken < 0 ? text.length : broken - 1
      if (tailEnd - tailLength <= runEnd) return tailEnd
      // Another head that ends within this run would have no nearer tail.
      at = runEnd - headLength + 1
    }
  }
}

/** For what has one length, so that what is found first ends first. */
function endOf(node: PatternNode): Finder {
  const expression = new RegExp(sourceOf(node), 'g')
  return (text, from) => {
    expression.lastIndex = from
    return expression.test(text) ? expression.lastIndex : -1
  }
}
