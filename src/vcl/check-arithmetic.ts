/** Sums, products, and texts that are joined: by `+` or by standing side by side. */
import type { Binary, Concatenation, Expression } from './ast.ts'
import type { CheckedExpression } from './checked-ast.ts'
import type { Checking } from './checking.ts'
import { asText, opaque } from './convert.ts'
import { type Span, through } from './source.ts'
import { factorType, isText, type NumberType, sumType, type ValueType } from './value-types.ts'

/** Beyond, an arithmetic expression is no human's. Texts may be joined from any number of parts. */
const LONGEST_ARITHMETIC = 50

/** The operands of a row of operators, from the left, each with the operator before it. */
export function unrolled(
  node: Binary,
  belongs: (operator: Binary['operator']) => boolean,
): { readonly first: Expression; readonly rest: readonly Binary[] } {
  const rest: Binary[] = []
  let first: Expression = node
  while (first.kind === 'binary' && belongs(first.operator)) {
    rest.push(first)
    first = first.left
  }
  return { first, rest: rest.reverse() }
}

export function sideBySide(checking: Checking, { parts, span }: Concatenation): CheckedExpression | null {
  return joined(
    checking,
    parts.map((part) => checking.evaluate(part, 'STRING')),
    span,
  )
}

/** Texts within are taken apart, so that there is one list. */
function joined(checking: Checking, parts: readonly (CheckedExpression | null)[], span: Span): CheckedExpression | null {
  const texts: CheckedExpression[] = []
  for (const part of parts) {
    const text = part === null ? null : asText(checking.complain, part)
    if (text === null) return null
    if (text.kind === 'concat') texts.push(...text.parts)
    else texts.push(text)
  }
  return { kind: 'concat', type: 'STRING', parts: texts, span }
}

export function product(checking: Checking, node: Binary, want: ValueType): CheckedExpression | null {
  const { first, rest } = unrolled(node, (other) => other === '*' || other === '/' || other === '%')
  let left = checking.evaluate(first, want)
  for (const [index, step] of rest.entries()) {
    if (left === null || isTooLong(checking, index, step)) return null
    const right = checking.evaluate(step.right, factorType(left.type) ?? 'INT')
    left = right === null ? null : combined(checking, step, left, right, want)
  }
  return left
}

/** From the left to the right: numbers add up until a text comes, and from there on `+` joins. */
export function sum(checking: Checking, node: Binary, want: ValueType): CheckedExpression | null {
  const { first, rest } = unrolled(node, (other) => other === '+' || other === '-')
  const isTextWanted = want === 'STRING' || want === 'STRANDS' || want === 'BODY'
  let left = checking.evaluate(first, isTextWanted ? 'STRING' : want)
  for (const [index, step] of rest.entries()) {
    if (left === null) return null
    const isJoin = step.operator === '+' && left.kind !== 'untranslatable'
    if (isJoin && isText(left.type)) return joinedFrom(checking, left, rest.slice(index), node.span)
    const right = checking.evaluate(step.right, summandWant(left.type))
    if (right === null || isTooLong(checking, index, step)) return null
    if (isJoin && isTextWanted && sumType(left.type, '+', right.type) === null)
      return joinedFrom(checking, left, rest.slice(index), node.span)
    left = combined(checking, step, left, right, want)
  }
  return left
}

/** Numbers behind a number are added to it even where a text is wanted. */
function summandWant(left: ValueType): ValueType {
  return sumType(left, '+', left) === null ? 'STRING' : left
}

/** The rest of a sum, once it is a text. */
function joinedFrom(checking: Checking, left: CheckedExpression, steps: readonly Binary[], span: Span): CheckedExpression | null {
  const wrong = steps.find(({ operator }) => operator !== '+')
  if (wrong !== undefined) {
    checking.complain(wrong.operatorSpan, `${wrong.operator} is not possible on a STRING`, null)
    return null
  }
  const parts = steps.map(({ right }) => checking.evaluate(right, 'STRING'))
  return joined(checking, [left, ...parts], span)
}

function isTooLong(checking: Checking, index: number, { operatorSpan }: Binary): boolean {
  if (index < LONGEST_ARITHMETIC) return false
  checking.complain(operatorSpan, `more than ${LONGEST_ARITHMETIC} operators in a row`, 'divide it by parentheses')
  return true
}

function combined(
  checking: Checking,
  step: Binary,
  left: CheckedExpression,
  right: CheckedExpression,
  want: ValueType,
): CheckedExpression | null {
  const span = through(left.span, right.span)
  if (left.kind === 'untranslatable') return opaque(span, left.module, want)
  if (right.kind === 'untranslatable') return opaque(span, right.module, want)
  const type = resultType(step.operator, left.type, right.type)
  if (type === null) {
    const hint = step.operator === '+' && (isText(right.type) || isText(left.type)) ? 'to join texts, begin with one: "" + …' : null
    checking.complain(
      step.operatorSpan,
      `${left.type} ${step.operator} ${isText(right.type) ? 'STRING' : right.type} is not possible`,
      hint,
    )
    return null
  }
  return { kind: 'arithmetic', type, operator: step.operator as '+', left, right, span }
}

function resultType(operator: Binary['operator'], left: ValueType, right: ValueType): NumberType | null {
  if (operator === '+' || operator === '-') return sumType(left, operator, right)
  const factor = factorType(left)
  if (factor === null || (right !== 'INT' && right !== factor) || (operator === '%' && (left !== 'INT' || right !== 'INT'))) return null
  return left as NumberType
}
