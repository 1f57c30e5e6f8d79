/** Regular expressions and what replaces their matches, as literals of JavaScript. */
import type { CheckedExpression } from '../checked-ast.ts'
import { type Regex, RegexError, slownessOf, translateRegex } from '../regex.ts'
import type { Span } from '../source.ts'
import { bytes, call, type Js, js, text } from './javascript.ts'
import type { Scope } from './scope.ts'

export interface RegexLiteral {
  readonly code: string
  readonly regex: Regex
}

/** Throws a `Refusal` with the place within the pattern. `flags` are added. */
export function regexLiteral(expression: CheckedExpression, scope: Scope, flags: string = ''): RegexLiteral {
  if (expression.kind !== 'literal' || typeof expression.value !== 'string')
    return scope.refuse(expression.span, 'a regular expression has to be written out', null)
  try {
    const regex = translateRegex(expression.value)
    const slow = slownessOf(expression.value)
    if (slow !== null) scope.remark(`This pattern can take very long for some texts: ${slow}.`)
    return { code: `/${regex.source}/${[...new Set(flags + regex.flags)].sort().join('')}`, regex }
  } catch (error) {
    if (!(error instanceof RegexError)) throw error
    return scope.refuse(placeIn(expression.span, error.at), `the regular expression cannot be translated: ${error.message}`, null)
  }
}

/** The character so far within a literal of one line. */
function placeIn(span: Span, at: number): Span {
  const quotes = span.file.text[span.start] === '{' ? 2 : 1
  const start = span.start + quotes + at
  if (start >= span.end || span.file.text.slice(span.start, start).includes('\n')) return span
  return { ...span, start, column: span.column + quotes + at }
}

/** What `regsub` puts in the place of a match: `\0`–`\9` and `\&` stand for what groups matched. */
export function replacement(expression: CheckedExpression, emitted: Js, { groups }: Regex, scope: Scope): Js {
  if (expression.kind !== 'literal' || typeof expression.value !== 'string') {
    if (groups.some((number, index) => number !== index))
      scope.refuse(expression.span, 'what replaces a match of a pattern with atomic groups has to be written out', null)
    return call(scope.module.lib('replacement'), [emitted])
  }
  const value = scope.page ? expression.value : bytes(expression.value)
  const made = value.replace(/\\([0-9&])|\\(.)|\$/gs, (found, group: string | undefined, plain: string | undefined, at: number) => {
    if (found === '$') return '$$'
    // A backslash before anything else only says that it is itself.
    if (plain !== undefined) return plain === '$' ? '$$' : plain
    if (group === '&' || group === '0') return '$&'
    const number = groups[Number(group)]
    if (number === undefined) return ''
    return /\d/.test(value[at + 2] ?? '') ? `$${String(number).padStart(2, '0')}` : `$${number}`
  })
  return made === value ? text(value) : js(text(made).code)
}
