/** What VCL converts by itself, and what it refuses to. */

import { article } from './check-symbols.ts'
import type { CheckedExpression, UntranslatableExpression } from './checked-ast.ts'
import type { Complain } from './problem.ts'
import { type Span, textOf } from './source.ts'
import { hasText, hasTruth, isText, type ValueType } from './value-types.ts'

/** The expression as what is asked for; `null`: it cannot be, which was complained of. */
export function converted(complain: Complain, expression: CheckedExpression, want: ValueType): CheckedExpression | null {
  const { type, kind } = expression
  if (kind === 'untranslatable') return { ...expression, type: want }
  if (type === want) return expression
  if (want === 'STRING' || want === 'STRANDS') return asText(complain, expression)
  if (want === 'BODY') return type === 'BLOB' ? expression : asText(complain, expression)
  if (want === 'BOOL') return asTruth(complain, expression)
  if (type === 'VOID') refuseVoid(complain, expression)
  else complain(expression.span, `this is ${spokenType(type)}, not ${spokenType(want)}`, hintFor(expression, want))
  return null
}

/** A field stays a field: what is unset joins as nothing. */
export function asText(complain: Complain, expression: CheckedExpression): CheckedExpression | null {
  if (expression.kind === 'untranslatable' || isText(expression.type)) return expression
  if (hasText(expression.type)) return { kind: 'convert', type: 'STRING', operand: expression, span: expression.span }
  if (expression.type === 'VOID') refuseVoid(complain, expression)
  else complain(expression.span, `${spokenType(expression.type)} has no text`, null)
  return null
}

export function asTruth(complain: Complain, expression: CheckedExpression): CheckedExpression | null {
  if (expression.kind === 'untranslatable') return { ...expression, type: 'BOOL' }
  if (expression.type === 'BOOL') return expression
  if (hasTruth(expression.type)) return { kind: 'convert', type: 'BOOL', operand: expression, span: expression.span }
  if (expression.type === 'VOID') refuseVoid(complain, expression)
  else complain(expression.span, `${spokenType(expression.type)} is neither true nor false`, 'compare it with something')
  return null
}

function refuseVoid(complain: Complain, { kind, span }: CheckedExpression): void {
  if (kind === 'object') complain(span, 'an object is no value', 'call a method of it, such as .backend()')
  else complain(span, 'this yields nothing', 'write it as a statement of its own')
}

export function spokenType(type: ValueType): string {
  return type === 'STRANDS' ? 'a STRING' : article(type)
}

function hintFor({ kind, type }: CheckedExpression, want: ValueType): string | null {
  if (want === 'DURATION' && type === 'INT' && kind === 'literal') return 'give it a unit, as in 10s'
  if (want === 'BYTES' && type === 'INT' && kind === 'literal') return 'give it a unit, as in 10KB'
  if (want === 'HEADER') return 'write a field, such as req.http.Name'
  if (want === 'REGEX') return 'patterns are literal texts'
  if (!isText(type) && !(want === 'INT' && type === 'REAL')) return null
  const conversions: Readonly<Partial<Record<ValueType, string>>> = {
    DURATION: 'std.duration(…, 10s)',
    INT: 'std.integer(…, 0)',
    REAL: 'std.real(…, 0.0)',
    IP: 'std.ip(…, "0.0.0.0")',
    TIME: 'std.time(…, now)',
    BYTES: 'std.bytes(…, 10KB)',
  }
  const conversion = conversions[want]
  return conversion === undefined ? null : `convert it: ${conversion}`
}

/** What uses a VMOD that nobody knows, as it stands. */
export function opaque(span: Span, module: string, type: ValueType): UntranslatableExpression {
  return { kind: 'untranslatable', type, module, source: textOf(span), span }
}
