/** What is wrong with a VCL, where, and how it is shown. */
import type { Span } from './source.ts'

/**
 * `illegal`: Varnish would refuse it (exit 1). `untranslatable`: legal, but there is no way to say it here (exit 3, or a marked place with
 * `--partial`).
 */
export type ProblemKind = 'illegal' | 'untranslatable'

export interface Problem {
  readonly kind: ProblemKind
  readonly span: Span
  /** What is wrong and why. */
  readonly reason: string
  /** How to mend it. */
  readonly hint: string | null
}

/** For programs: what `renderProblem` says, in parts. */
export interface ProblemJson {
  readonly kind: ProblemKind
  readonly file: string
  readonly line: number
  readonly column: number
  readonly length: number
  readonly reason: string
  readonly hint: string | null
  /** The line as it stands. */
  readonly source: string
}

/** As much of a long line is shown. */
const WIDEST = 160

/**
 * As people read it:
 *
 *     default.vcl:12:9: illegal: there is no variable ‘req.ulr’
 *         set req.ulr = "/";
 *             ^^^^^^^
 *       did you mean req.url?
 */
export function renderProblem(problem: Problem): string {
  const { span, kind, reason, hint } = problem
  const { shown, caret } = quoted(span)
  const lines = [`${span.file.name}:${span.line}:${span.column}: ${kind}: ${reason}`, `    ${shown}`, `    ${caret}`]
  return (hint === null ? lines : [...lines, `  ${hint}`]).join('\n')
}

export function problemJson({ kind, span, reason, hint }: Problem): ProblemJson {
  const { file, line, column, start, end } = span
  return { kind, file: file.name, line, column, length: end - start, reason, hint, source: lineOf(span) }
}

/** The line, or a piece of it, and a line of marks below what is meant. Tabs stay, so that both are as wide. */
function quoted(span: Span): { readonly shown: string; readonly caret: string } {
  const line = lineOf(span)
  const before = span.column - 1
  const from = line.length <= WIDEST || before < WIDEST / 2 ? 0 : before - WIDEST / 4
  const shown = line.slice(from, from + WIDEST)
  const lead = shown.slice(0, before - from).replace(/[^\t]/gu, ' ')
  const length = Math.min(span.end - span.start, shown.length - (before - from))
  return { shown: printable(shown), caret: `${lead}${'^'.repeat(Math.max(1, length))}` }
}

function lineOf({ file, start, column }: Span): string {
  const from = start - column + 1
  const newline = file.text.indexOf('\n', from)
  return file.text.slice(from, newline < 0 ? undefined : newline).replace(/\r$/, '')
}

/** Nobody's terminal is commanded by what was read. */
function printable(text: string): string {
  return text.replace(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/g, '�')
}

/** Takes note of something illegal. */
export type Complain = (span: Span, reason: string, hint: string | null) => void
