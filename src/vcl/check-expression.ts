/** Expressions: names resolved, types found, conversions made visible. What is wanted of an expression decides what its literals mean. */
import { nearest } from '../../vcl-ts/nearest.ts'
import { addressBytes, addressText } from './addresses.ts'
import type { Binary, Concatenation, Expression, Literal, Name, Unary } from './ast.ts'
import { evaluateCall, evaluateMethod } from './check-call.ts'
import { isVariableRoot, variable } from './check-variable.ts'
import type { CheckedExpression, CompareExpression, SymbolExpression } from './checked-ast.ts'
import type { Checking } from './checking.ts'
import { asText, asTruth, converted, opaque, spokenType } from './convert.ts'
import { bracketProblem } from './pattern-brackets.ts'
import { type Span, through } from './source.ts'
import { compares, factorType, isText, type NumberType, sumType, type ValueType } from './value-types.ts'

/** Beyond, an arithmetic expression is no human's. Texts may be joined from any number of parts. */
const LONGEST_ARITHMETIC = 50

/** The expression as what it is of itself where that is wanted. */
export function evaluate(checking: Checking, expression: Expression, want: ValueType): CheckedExpression | null {
  const joinedPattern = want === 'REGEX' ? literalText(expression) : null
  if (joinedPattern !== null) return pattern(checking, joinedPattern, expression.span)
  switch (expression.kind) {
    case 'name':
      return evaluateName(checking, expression, want)
    case 'call':
      return evaluateCall(checking, expression, want)
    case 'method':
      return evaluateMethod(checking, expression, want)
    case 'unary':
      return expression.operator === '!' ? not(checking, expression) : negative(checking, expression, want)
    case 'binary':
      return evaluateBinary(checking, expression, want)
    case 'concatenation':
      return sideBySide(checking, expression)
    case 'parenthesised':
      return evaluate(checking, expression.inner, want)
    default:
      return literal(checking, expression, want)
  }
}

/** What literal texts make together; `null`: it is not of literal texts alone. */
function literalText(node: Expression): string | null {
  if (node.kind === 'string') return node.value
  const parts = node.kind === 'concatenation' ? node.parts : node.kind === 'binary' ? operandsOf(node) : []
  return parts.length > 0 && parts.every((part) => part.kind === 'string') ? parts.map((part) => part.value).join('') : null
}

function operandsOf(node: Binary): readonly Expression[] {
  const { first, rest } = unrolled(node, (operator) => operator === '+')
  return rest.length === 0 ? [] : [first, ...rest.map(({ right }) => right)]
}

function literal(checking: Checking, node: Literal, want: ValueType): CheckedExpression | null {
  const { span } = node
  switch (node.kind) {
    case 'string':
      if (want === 'IP') return address(checking, node.value, span)
      return { kind: 'literal', type: 'STRING', value: node.value, span }
    case 'int':
      return { kind: 'literal', type: want === 'REAL' ? 'REAL' : 'INT', value: node.value, span }
    case 'real':
      return { kind: 'literal', type: 'REAL', value: node.value, span }
    case 'duration':
      return { kind: 'literal', type: 'DURATION', value: node.value, span }
    case 'bytes':
      return { kind: 'literal', type: 'BYTES', value: node.value, span }
    case 'bool':
      return { kind: 'literal', type: 'BOOL', value: node.value, span }
    case 'blob':
      return { kind: 'literal', type: 'BLOB', value: node.base64, span }
  }
}

function pattern(checking: Checking, value: string, span: Span): CheckedExpression | null {
  const wrong = bracketProblem(value) ?? checking.options.validateRegex?.(value) ?? null
  if (wrong !== null) checking.complain(span, `this is no regular expression: ${wrong}`, null)
  return wrong === null ? { kind: 'literal', type: 'REGEX', value, span } : null
}

/** A port behind it says nothing of the address. */
function address(checking: Checking, value: string, span: Span): CheckedExpression | null {
  const [, bracketed, plain] = /^(?:\[([0-9a-fA-F:.]+)\](?::\d+)?|(\d+\.\d+\.\d+\.\d+)(?::|\s+)\d+)$/.exec(value) ?? []
  const bytes = addressBytes(bracketed ?? plain ?? value)
  if (bytes === null) checking.complain(span, `${JSON.stringify(value)} is no IP address`, null)
  return bytes === null ? null : { kind: 'literal', type: 'IP', value: addressText(bytes), span }
}

function evaluateName(checking: Checking, node: Name, want: ValueType): CheckedExpression | null {
  const { parts, span } = node
  const [first = '', second, ...more] = parts
  if (first === 'storage' && second !== undefined && more.length === 0) return { kind: 'symbol', type: 'STEVEDORE', name: second, span }
  if (isVariableRoot(first)) return variable(checking, node, 'read')
  if (second === undefined) return symbol(checking, first, span, want)
  if (checking.symbols.imports.has(first) || checking.symbols.objects.has(first))
    checking.complain(span, `‘${parts.join('.')}’ is a call without parentheses`, `write ${parts.join('.')}()`)
  else checking.complain(span, `there is no variable ‘${parts.join('.')}’`, null)
  return null
}

function symbol(checking: Checking, name: string, span: Span, want: ValueType): CheckedExpression | null {
  const { acls, backends, probes, subs, objects, defaultBackend } = checking.symbols
  const found = (type: SymbolExpression['type'], of = name): CheckedExpression => {
    checking.referred.add(of)
    return { kind: 'symbol', type, name: of, span }
  }
  if (name === 'default' && want === 'PROBE' && probes.has(name)) return found('PROBE')
  if (backends.has(name)) return found('BACKEND')
  if (name === 'default' && want === 'BACKEND' && defaultBackend !== null) return found('BACKEND', defaultBackend)
  if (acls.has(name)) return found('ACL')
  if (probes.has(name)) return found('PROBE')
  if (objects.has(name)) return { kind: 'object', type: 'VOID', name, span }
  if (subs.has(name)) {
    checking.calls(span, name)
    return found('SUB')
  }
  const known = [...acls.keys(), ...backends.keys(), ...probes.keys()]
  const meant = nearest(name, known)
  const what = want === 'ACL' ? 'an ACL' : want === 'BACKEND' ? 'a backend' : want === 'PROBE' ? 'a probe' : want === 'SUB' ? 'a sub' : null
  const reason = what === null ? `nothing is called ‘${name}’` : `there is no ${what.replace(/^an? /, '')} ‘${name}’`
  checking.complain(span, reason, meant === null ? hintForUnknown(name) : `did you mean ${meant}?`)
  return null
}

function hintForUnknown(name: string): string | null {
  return name === 'null' || name === 'NULL' ? 'to remove a field, write unset' : 'a text stands in quotes'
}

function not(checking: Checking, { operand, span }: Unary): CheckedExpression | null {
  const found = evaluate(checking, operand, 'BOOL')
  const truth = found === null ? null : asTruth(checking.complain, found)
  return truth === null ? null : { kind: 'not', type: 'BOOL', operand: truth, span }
}

function negative(checking: Checking, { operand, span }: Unary, want: ValueType): CheckedExpression | null {
  const found = evaluate(checking, operand, want)
  if (found === null || found.kind === 'untranslatable') return found
  if (found.kind === 'literal') {
    if (found.type === 'INT' || found.type === 'REAL' || found.type === 'DURATION') return { ...found, value: -found.value, span }
  } else if (found.type === 'INT' || found.type === 'REAL' || found.type === 'DURATION')
    return { kind: 'negate', type: found.type, operand: found, span }
  checking.complain(span, `${spokenType(found.type)} cannot be negative`, null)
  return null
}

function evaluateBinary(checking: Checking, node: Binary, want: ValueType): CheckedExpression | null {
  switch (node.operator) {
    case '&&':
    case '||':
      return logical(checking, node, node.operator)
    case '~':
    case '!~':
      return match(checking, node)
    case '+':
    case '-':
      return sum(checking, node, want)
    case '*':
    case '/':
    case '%':
      return product(checking, node, want)
    default:
      return comparison(checking, node, node.operator, want)
  }
}

/** The operands of a row of operators, from the left, each with the operator before it. */
function unrolled(
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

function logical(checking: Checking, node: Binary, operator: '&&' | '||'): CheckedExpression | null {
  const { first, rest } = unrolled(node, (other) => other === operator)
  const operands = [first, ...rest.map(({ right }) => right)].map((operand) => {
    const found = evaluate(checking, operand, 'BOOL')
    return found === null ? null : asTruth(checking.complain, found)
  })
  const known = operands.filter((operand) => operand !== null)
  return known.length < operands.length ? null : { kind: 'logical', type: 'BOOL', operator, operands: known, span: node.span }
}

function match(checking: Checking, { left, right, operator, operatorSpan, span }: Binary): CheckedExpression | null {
  const found = evaluate(checking, left, 'STRING')
  if (found === null) return null
  if (found.kind === 'untranslatable') {
    checking.value(right, right.kind === 'name' ? 'ACL' : 'REGEX')
    return opaque(span, found.module, 'BOOL')
  }
  const isAddress = found.type === 'IP'
  if (!isAddress && !isText(found.type)) {
    checking.complain(
      operatorSpan,
      `${operator} compares a STRING with a pattern, or an IP with an ACL; on the left is ${spokenType(found.type)}`,
      null,
    )
    return null
  }
  const against = evaluate(checking, right, isAddress ? 'ACL' : 'REGEX')
  if (against === null) return null
  if (against.kind === 'untranslatable') return opaque(span, against.module, 'BOOL')
  if (against.type !== (isAddress ? 'ACL' : 'REGEX')) {
    const hint = isAddress
      ? 'to match its text, write "" + before it'
      : against.type === 'ACL'
        ? 'an ACL matches an IP, such as client.ip'
        : 'patterns are literal texts'
    checking.complain(right.span, isAddress ? 'an IP matches an ACL' : 'a STRING matches a literal pattern', hint)
    return null
  }
  return { kind: 'match', type: 'BOOL', negated: operator === '!~', left: found, right: against, span }
}

function comparison(checking: Checking, node: Binary, operator: CompareExpression['operator'], want: ValueType): CheckedExpression | null {
  const left = evaluate(checking, node.left, want === 'STRING' || want === 'STRANDS' ? 'STRING' : 'BOOL')
  if (left === null) return null
  const of = isText(left.type) ? 'STRING' : left.type
  if (left.kind !== 'untranslatable' && left.kind !== 'object' && !compares(of, operator)) {
    checking.complain(node.operatorSpan, `${spokenType(of)} cannot be compared by ${operator}`, null)
    return null
  }
  const right = evaluate(checking, node.right, left.kind === 'untranslatable' ? 'STRING' : of)
  if (right === null) return null
  if (left.kind === 'untranslatable') return opaque(node.span, left.module, 'BOOL')
  if (right.kind === 'untranslatable') return opaque(node.span, right.module, 'BOOL')
  if (left.kind === 'object' || right.kind === 'object') {
    converted(checking.complain, left.kind === 'object' ? left : right, 'BACKEND')
    return null
  }
  if ((isText(right.type) ? 'STRING' : right.type) !== of) {
    const hint = of === 'STRING' ? 'put the number or other value into quotes, or "" + before it' : null
    checking.complain(node.operatorSpan, `${spokenType(of)} cannot be compared with ${spokenType(right.type)}`, hint)
    return null
  }
  return { kind: 'compare', type: 'BOOL', operator, of, left, right, span: node.span }
}

function sideBySide(checking: Checking, { parts, span }: Concatenation): CheckedExpression | null {
  return joined(
    checking,
    parts.map((part) => evaluate(checking, part, 'STRING')),
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

function product(checking: Checking, node: Binary, want: ValueType): CheckedExpression | null {
  const { first, rest } = unrolled(node, (other) => other === '*' || other === '/' || other === '%')
  let left = evaluate(checking, first, want)
  for (const [index, step] of rest.entries()) {
    if (left === null || isTooLong(checking, index, step)) return null
    const right = evaluate(checking, step.right, factorType(left.type) ?? 'INT')
    left = right === null ? null : combined(checking, step, left, right, want)
  }
  return left
}

/** From the left to the right: numbers add up until a text comes, and from there on `+` joins. */
function sum(checking: Checking, node: Binary, want: ValueType): CheckedExpression | null {
  const { first, rest } = unrolled(node, (other) => other === '+' || other === '-')
  const isTextWanted = want === 'STRING' || want === 'STRANDS' || want === 'BODY'
  let left = evaluate(checking, first, isTextWanted ? 'STRING' : want)
  for (const [index, step] of rest.entries()) {
    if (left === null) return null
    const isJoin = step.operator === '+' && left.kind !== 'untranslatable'
    if (isJoin && isText(left.type)) return joinedFrom(checking, left, rest.slice(index), node.span)
    const right = evaluate(checking, step.right, summandWant(left.type))
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
  const parts = steps.map(({ right }) => evaluate(checking, right, 'STRING'))
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
