/**
 * Patterns of bans: PCRE as Varnish takes it, searched for by V8. A pattern whose search could take longer than in proportion to the text
 * is refused, so that no ban can hold the event loop up.
 */
import { charRuns } from './ban-charset.ts'
import { alternativesOf, factored, gapOf, sourceOf, trimmed, trimmedEnd, trimmedStart } from './ban-pattern-rewrite.ts'
import { checkRepeats, checkSteps, fixedLength, isLinear } from './ban-pattern-safety.ts'
import { PatternError, type PatternNode, parsePattern } from './ban-pattern-syntax.ts'

/** Whether the pattern is found in a text of one line. */
export type Matcher = (text: string) => boolean

type Row = readonly PatternNode[]

interface Plan {
  /** Alternatives that one expression looks for, or `null`. */
  readonly direct: PatternNode | null
  /** Alternatives in pieces that follow one another with anything between. */
  readonly pieces: readonly (readonly PatternNode[])[]
}

/** The matcher of a pattern; `fold`: letters match in both cases. Throws a `PatternError` that says why it is refused. */
export function compilePattern(text: string, fold: boolean): Matcher {
  const { direct, pieces } = planOf(text, fold)
  const matchers = pieces.map(inTurn)
  if (direct !== null) matchers.unshift(directMatcher(direct))
  const [only] = matchers
  return only !== undefined && matchers.length === 1 ? only : (subject) => matchers.some((matches) => matches(subject))
}

/** Refuses what `compilePattern` refuses. Throws a `PatternError`. */
export function checkPattern(text: string, fold: boolean): void {
  planOf(text, fold)
}

function planOf(text: string, fold: boolean): Plan {
  const node = parsePattern(text, fold)
  checkRepeats(node)
  const direct: Row[] = []
  const pieces: (readonly PatternNode[])[] = []
  for (const alternative of alternativesOf(node)) {
    const row = trimmed(alternative)
    if (isLinear(row, row[0]?.type === 'at' && row[0].where === '^')) direct.push(row)
    else pieces.push(piecesOf(row))
  }
  const plan: Plan = { direct: direct.length === 0 ? null : factored(direct), pieces }
  for (const part of [plan.direct, ...pieces.flat()]) if (part !== null) checkSteps(part)
  return plan
}

/**
 * `a.*b.*c` as `a`, `b`, `c`. Each has one length, so that the first place where one is found also is where it ends first, and looking
 * for the next from there misses nothing.
 */
function piecesOf(row: Row): readonly PatternNode[] {
  const rows: PatternNode[][] = [[]]
  for (const item of row) {
    const gap = gapOf(item)
    if (gap === null || item.type !== 'repeat') rows.at(-1)?.push(item)
    else {
      if (gap > 0) rows.at(-1)?.push({ type: 'repeat', of: item.of, min: gap, max: gap })
      rows.push([])
    }
  }
  return rows.map((each, index) => {
    const start = index === 0 ? each : trimmedStart(each)
    const piece = factored([index === rows.length - 1 ? start : trimmedEnd(start)])
    if (rows.length > 1 && fixedLength(piece) !== null) return piece
    throw new PatternError(
      'unbounded quantifiers follow one another and match the same characters, so that a search could take very long; begin the pattern with ^, use a set such as [^/]* in place of .*, or send several tests joined by &&',
    )
  })
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

function inTurn(pieces: readonly PatternNode[]): Matcher {
  const expressions = pieces.map((piece) => new RegExp(sourceOf(piece), 'g'))
  return (text) => {
    let at = 0
    for (const expression of expressions) {
      expression.lastIndex = at
      if (!expression.test(text)) return false
      at = expression.lastIndex
    }
    return true
  }
}
