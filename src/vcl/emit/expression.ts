/** Expressions of VCL as those of TypeScript. */
import type {
  CallExpression,
  CheckedExpression,
  CompareExpression,
  ConvertExpression,
  LiteralExpression,
  MatchExpression,
} from '../checked-ast.ts'
import { translateCall } from './calls/calls.ts'
import {
  BINDING,
  bytes,
  call,
  concatenated,
  definite,
  infix,
  type Js,
  js,
  member,
  method,
  not,
  number,
  quoted,
  text,
  within,
} from './javascript.ts'
import { regexLiteral } from './regex-literal.ts'
import type { Scope } from './scope.ts'
import { readVariable } from './variables.ts'

/** Throws a `Refusal` for what has no translation. */
export function emitExpression(expression: CheckedExpression, scope: Scope): Js {
  switch (expression.kind) {
    case 'literal':
      return literal(expression, scope)
    case 'variable': {
      const read = readVariable(expression, scope)
      // In a page characters count, and fields hold bytes.
      return scope.page && expression.type === 'HEADER' ? call(scope.module.lib('utf8'), [definite(read)]) : read
    }
    case 'symbol':
      return expression.type === 'STEVEDORE' ? js("'s0'") : js(scope.module.names.of(expression.name, expression.type.toLowerCase()))
    case 'object':
      return js(scope.module.names.of(expression.name, 'object'))
    case 'enum':
      return js(quoted(expression.value))
    case 'call':
      return emitCall(expression, scope)
    case 'not':
      return negated(emitExpression(expression.operand, scope))
    case 'negate': {
      const operand = emitExpression(expression.operand, scope)
      return js(`-${within(operand, BINDING.unary)}`, BINDING.unary, { awaits: operand.awaits })
    }
    case 'logical': {
      const operands = expression.operands.map((operand) => emitExpression(operand, scope))
      return logical(operands, expression.operator)
    }
    case 'compare':
      return compare(expression, scope)
    case 'match':
      return match(expression, scope)
    case 'arithmetic': {
      const left = emitExpression(expression.left, scope)
      const right = emitExpression(expression.right, scope)
      return arithmetic(left, expression.operator, right, expression.type, scope)
    }
    case 'concat':
      return concatenated(expression.parts.map((part) => emitExpression(part, scope)))
    case 'convert':
      return convert(expression, scope)
    case 'untranslatable':
      return scope.refuse(expression.span, `the VMOD ${expression.module} has no counterpart`, 'write it in TypeScript in the policy')
  }
}

/** `a && b || c` gets parentheses, so that nobody has to know which of them binds more. */
function logical(operands: readonly Js[], operator: '&&' | '||'): Js {
  const parts = operands.map((operand) => within(operand, BINDING.equal))
  const chain = parts.map((part, index) => (index === parts.length - 1 ? part : `${part} ${operator}`))
  return js(parts.join(` ${operator} `), operator === '&&' ? BINDING.and : BINDING.or, {
    awaits: operands.some(({ awaits }) => awaits),
    chain,
  })
}

/** As a text that is there. */
export function emitText(expression: CheckedExpression, scope: Scope): Js {
  return definite(emitExpression(expression, scope))
}

/** `+ - * / %` of numbers; whole numbers stay whole. */
export function arithmetic(left: Js, operator: string, right: Js, type: string, scope: Scope): Js {
  const binding = operator === '+' || operator === '-' ? BINDING.sum : BINDING.product
  if (operator !== '/' && operator !== '%') return infix(left, operator, right, binding)
  // By nothing is a failure of the policy in VCL.
  if (!/^[\d_.]*[1-9][\d_.]*$/.test(right.code)) {
    const made = call(scope.module.lib(operator === '/' ? 'divided' : 'remainder'), [left, right])
    return operator === '/' && isWhole(type) ? call('Math.trunc', [made]) : made
  }
  const made = infix(left, operator, right, binding)
  return operator === '/' && isWhole(type) ? call('Math.trunc', [made]) : made
}

function isWhole(type: string): boolean {
  return type === 'INT' || type === 'BYTES'
}

function negated(operand: Js): Js {
  const found = /^(.+) === ([^=&|?]+)$/.exec(operand.code)
  if (found !== null && operand.binding === BINDING.equal)
    return js(`${found[1]} !== ${found[2]}`, BINDING.equal, { awaits: operand.awaits })
  return not(operand)
}

function literal(expression: LiteralExpression, scope: Scope): Js {
  switch (expression.type) {
    case 'STRING':
      return text(scope.page ? expression.value : bytes(expression.value))
    case 'BLOB':
      return text(Buffer.from(expression.value, 'base64').toString('latin1'))
    case 'BOOL':
      return js(String(expression.value))
    case 'IP':
      return js(quoted(expression.value))
    case 'REGEX':
      return js(regexLiteral(expression, scope).code)
    default:
      return number(expression.value)
  }
}

function emitCall(expression: CallExpression, scope: Scope): Js {
  const made = translateCall(expression, scope, emitExpression)
  if (made.awaits && !scope.waits) scope.refuse(expression.span, 'vcl_hash cannot wait for anything', null)
  return made
}

function compare({ operator, of, left, right }: CompareExpression, scope: Scope): Js {
  const a = emitExpression(left, scope)
  const b = emitExpression(right, scope)
  const equality = operator === '==' || operator === '!='
  if (of === 'STRING' || of === 'HEADER') {
    if (!equality) return infix(call(scope.module.lib('compare'), [a, b]), operator, number(0), BINDING.relational)
    if (a.unset && b.unset) {
      const equal = call(scope.module.lib('equal'), [a, b])
      return operator === '==' ? equal : not(equal)
    }
  }
  return infix(a, equality ? `${operator}=` : operator, b, equality ? BINDING.equal : BINDING.relational)
}

function match({ negated: no, left, right }: MatchExpression, scope: Scope): Js {
  const subject = emitText(left, scope)
  const of = right.kind === 'literal' ? js(regexLiteral(right, scope).code) : emitExpression(right, scope)
  const found = method(of, right.type === 'ACL' ? 'matches' : 'test', [subject])
  return no ? not(found) : found
}

function convert(expression: ConvertExpression, scope: Scope): Js {
  const { type, operand } = expression
  switch (type) {
    case 'STRING':
    case 'STRANDS':
      return toText(operand, scope)
    case 'BOOL':
      return toBool(operand, scope)
    case 'INT':
    case 'BYTES': {
      const value = emitExpression(operand, scope)
      return operand.type === 'INT' || operand.type === 'BYTES' ? value : call('Math.trunc', [value])
    }
    case 'REGEX':
      if (operand.kind === 'literal') return js(regexLiteral(operand, scope).code)
      return call('new RegExp', [emitText(operand, scope)])
    case 'BLOB':
      return emitText(operand, scope)
    default:
      return emitExpression(operand, scope)
  }
}

/** How VCL writes it is seen by clients: three decimals for what is not whole (Varnish manual, vcl(7), “Data types”). */
function toText(operand: CheckedExpression, scope: Scope): Js {
  switch (operand.type) {
    case 'INT':
      if (operand.kind === 'variable' && operand.variable.endsWith('.xid')) return transactionId(operand.variable, scope)
      return plainText(emitExpression(operand, scope))
    case 'BOOL':
    case 'BYTES':
      return plainText(emitExpression(operand, scope))
    case 'REAL':
    case 'DURATION': {
      if (operand.kind === 'literal') return text(Number(operand.value).toFixed(3))
      return method(emitExpression(operand, scope), 'toFixed', [number(3)])
    }
    case 'TIME':
      return call(scope.module.lib('httpDate'), [emitExpression(operand, scope)])
    case 'BACKEND':
      return backendName(operand, scope)
    case 'ACL':
    case 'PROBE':
    case 'SUB':
      return operand.kind === 'symbol' ? text(operand.name) : emitText(operand, scope)
    case 'BLOB': {
      const encoded = call(scope.module.lib('encode'), [js("'BASE64'"), emitExpression(operand, scope)])
      return concatenated([text(':'), encoded, text(':')])
    }
    case 'HTTP':
      return scope.refuse(operand.span, 'a whole message is no text', null)
    default:
      return emitExpression(operand, scope)
  }
}

function transactionId(variable: string, scope: Scope): Js {
  return member(js(scope.use(variable === 'bereq.xid' || scope.isBackendSide ? 'bereq' : 'req')), 'id')
}

function plainText(value: Js): Js {
  if (/^[\d_]+$/.test(value.code)) return text(value.code.replaceAll('_', ''))
  return js(`String(${value.code})`, BINDING.member, { template: `\${${value.code}}`, awaits: value.awaits })
}

function backendName(operand: CheckedExpression, scope: Scope): Js {
  if (operand.kind === 'symbol') return text(operand.name)
  if (operand.kind === 'call' && operand.callee.kind === 'method') return text(operand.callee.object)
  scope.module.namesBackends = true
  if (operand.kind === 'variable' && operand.variable === 'beresp.backend')
    return call(scope.module.lib('backendName'), [js(`${scope.use('beresp')}.backend`, BINDING.member), js('backends')])
  return call(scope.module.lib('nameOf'), [emitExpression(operand, scope), js('backends')])
}

function toBool(operand: CheckedExpression, scope: Scope): Js {
  if (operand.kind === 'variable' && operand.type === 'HEADER') {
    const page = scope.page
    scope.page = false
    const read = emitExpression(operand, scope)
    scope.page = page
    return js(read.code.replace(/\.get\((.*)\)$/s, '.has($1)'), BINDING.member)
  }
  const value = emitExpression(operand, scope)
  switch (operand.type) {
    case 'INT':
    case 'REAL':
    case 'BYTES':
      return infix(value, '!==', number(0), BINDING.equal)
    case 'DURATION':
      return infix(value, '>', number(0), BINDING.relational)
    case 'BOOL':
      return value
    case 'BLOB':
      return infix(value, '!==', js("''"), BINDING.equal)
    default:
      return value.unset ? infix(value, '!==', js('undefined'), BINDING.equal) : js('true')
  }
}
