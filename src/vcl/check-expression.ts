/** Expressions: names resolved, types found, conversions made visible. What is wanted of an expression decides what its literals mean. */
import { nearest } from '../../vcl-ts/nearest.ts'
import { addressBytes, addressText } from './addresses.ts'
import type { Binary, Expression, Literal, Name, Unary } from './ast.ts'
import { product, sideBySide, sum, unrolled } from './check-arithmetic.ts'
import { evaluateCall, evaluateMethod } from './check-call.ts'
import { isVariableRoot, variable } from './check-variable.ts'
import type { CheckedExpression, CompareExpression, SymbolExpression } from './checked-ast.ts'
import type { Checking } from './checking.ts'
import { asTruth, converted, opaque, spokenType } from './convert.ts'
import { bracketProblem } from './pattern-brackets.ts'
import type { Span } from './source.ts'
import { compares, isText, type ValueType } from './value-types.ts'

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
