/** Calls: of functions, of objects' methods, of values' methods; and their arguments. */
import { nearest } from '../../vcl-ts/nearest.ts'
import type { Argument, Call, Expression, MethodCall, Name } from './ast.ts'
import { isVariableRoot } from './check-variable.ts'
import type { Callee, CheckedExpression } from './checked-ast.ts'
import type { Checking } from './checking.ts'
import { opaque } from './convert.ts'
import { listed, spoken } from './scopes.ts'
import { BUILTINS, type Parameter, type Signature, type Vmod, type VmodClass } from './signature.ts'
import type { Span } from './source.ts'
import { isText, type ValueType } from './value-types.ts'
import { VMODS } from './vmods.ts'

export function evaluateCall(checking: Checking, call: Call, want: ValueType): CheckedExpression | null {
  const { parts, span } = call.callee
  const [first = '', second, ...more] = parts
  const { imports, objects, subs } = checking.symbols
  if (second === undefined) {
    const builtin = BUILTINS.get(first)
    if (builtin !== undefined) return invoke(checking, call, builtin, { kind: 'builtin', name: first }, first)
    checking.complain(
      span,
      `there is no function ‘${first}’`,
      subs.has(first) ? `write call ${first};` : nearWord(first, [...BUILTINS.keys()]),
    )
    return null
  }
  const imported = imports.get(first)
  if (imported !== undefined && more.length === 0) {
    if (imported.vmod === null) return untranslated(checking, call, imported.declaration.module.name, want)
    return callFunction(checking, call, imported.vmod, second)
  }
  if (objects.has(first) && more.length === 0) return callObject(checking, call, first, second, want)
  if (isVariableRoot(first) || more.length > 0) return callValue(checking, call, want)
  const hint = VMODS.has(first) ? `write import ${first}; at the beginning` : nearWord(first, [...imports.keys(), ...objects.keys()])
  checking.complain(span, `there is no VMOD and no object ‘${first}’`, hint)
  return null
}

function callFunction(checking: Checking, call: Call, vmod: Vmod, name: string): CheckedExpression | null {
  const signature = vmod.functions.get(name)
  if (signature !== undefined)
    return invoke(checking, call, signature, { kind: 'function', module: vmod.name, name }, call.callee.parts.join('.'))
  const hint = vmod.classes.has(name)
    ? `it makes objects: new name = ${call.callee.parts.join('.')}(…); in vcl_init`
    : nearWord(name, [...vmod.functions.keys()])
  checking.complain(call.callee.span, `the VMOD ${vmod.name} has no function ‘${name}’`, hint)
  return null
}

function callObject(checking: Checking, call: Call, object: string, name: string, want: ValueType): CheckedExpression | null {
  const found = classOf(checking, object)
  if (found === null) return null
  if (typeof found === 'string') return untranslated(checking, call, found, want)
  const { vmod, of } = found
  const signature = of.methods.get(name)
  const callee: Callee = { kind: 'method', object, module: vmod.name, class: of.name, name }
  if (signature !== undefined) return invoke(checking, call, signature, callee, call.callee.parts.join('.'))
  const meant = nearest(name, [...of.methods.keys()])
  const hint = meant === null ? `there are ${listed([...of.methods.keys()])}` : `did you mean .${meant}()?`
  checking.complain(call.callee.span, `‘${object}’ is a ${vmod.name}.${of.name}, which has no method ‘${name}’`, hint)
  return null
}

/** The class of an object; the name of a VMOD that is not known; `null`: its `new` was complained of. */
export function classOf(checking: Checking, object: string): { readonly vmod: Vmod; readonly of: VmodClass } | string | null {
  const statement = checking.symbols.objects.get(object)
  const [module = '', name = ''] = statement?.constructed.callee.parts ?? []
  const imported = checking.symbols.imports.get(module)
  if (imported === undefined) return null
  if (imported.vmod === null) return imported.declaration.module.name
  const of = imported.vmod.classes.get(name)
  return of === undefined ? null : { vmod: imported.vmod, of }
}

/** `req.url.lower()`: the last part is the method, the others are a value’s name. */
function callValue(checking: Checking, call: Call, want: ValueType): CheckedExpression | null {
  const { callee } = call
  const method = callee.parts.at(-1) ?? ''
  const of: Name = { ...callee, parts: callee.parts.slice(0, -1), span: { ...callee.span, end: callee.span.end - method.length - 1 } }
  const name = { name: method, span: { ...callee.span, start: callee.span.end - method.length } }
  return typeMethod(checking, checking.evaluate(of, want), name.name, call.arguments, call.span)
}

export function evaluateMethod(checking: Checking, call: MethodCall, want: ValueType): CheckedExpression | null {
  return typeMethod(checking, checking.evaluate(call.of, want), call.method.name, call.arguments, call.span)
}

function typeMethod(
  checking: Checking,
  of: CheckedExpression | null,
  name: string,
  args: readonly Argument[],
  span: Span,
): CheckedExpression | null {
  if (of === null) return null
  if (of.kind === 'untranslatable') return opaque(span, of.module, 'STRING')
  const known = isText(of.type) ? ['lower', 'upper'] : of.type === 'BACKEND' ? ['resolve'] : []
  if (!known.includes(name)) {
    const hint = known.length > 0 ? `it has ${listed(known.map((method) => `.${method}()`))}` : null
    checking.complain(span, `${isText(of.type) ? 'STRING' : of.type} has no method ‘${name}’`, hint)
    return null
  }
  if (args[0] !== undefined) {
    checking.complain(args[0].value.span, `.${name}() takes no arguments`, null)
    return null
  }
  const callee: Callee = { kind: 'type-method', of, name: name as 'lower' | 'upper' | 'resolve' }
  return { kind: 'call', type: name === 'resolve' ? 'BACKEND' : 'STRING', callee, arguments: [], span }
}

function invoke(checking: Checking, call: Call, signature: Signature, callee: Callee, shown: string): CheckedExpression | null {
  checking.use({
    span: call.callee.span,
    scope: signature.scope,
    reason: `${shown}() cannot be called`,
    hint: `it can in ${spoken(signature.scope)}`,
  })
  const args = bind(checking, call, signature.parameters, shown)
  return args === null ? null : { kind: 'call', type: signature.returns, callee, arguments: args, span: call.span }
}

/** Arguments in the order of the parameters. First those by place, then those by name. */
export function bind(
  checking: Checking,
  call: Pick<Call, 'arguments' | 'span'>,
  parameters: readonly Parameter[],
  shown: string,
): readonly (CheckedExpression | null)[] | null {
  const given: (Expression | null)[] = parameters.map(() => null)
  let sound = true
  const refuse = (span: Span, reason: string, hint: string | null = null): void => {
    checking.complain(span, reason, hint)
    sound = false
  }
  for (const [place, { name, value }] of call.arguments.entries()) {
    const index = name === null ? place : parameters.findIndex((parameter) => parameter.name === name.name)
    if (name === null && place > 0 && call.arguments[place - 1]?.name != null)
      refuse(value.span, 'an argument without a name cannot follow one with a name')
    else if (index < 0)
      refuse(name?.span ?? value.span, `${shown}() has no argument ‘${name?.name}’`, nearWord(name?.name ?? '', names(parameters)))
    else if (index >= parameters.length) refuse(value.span, `${shown}() takes ${counted(parameters.length)}`)
    else if (given[index] !== null) refuse(name?.span ?? value.span, `the argument ‘${name?.name}’ is given twice`)
    else given[index] = value
  }
  const bound = parameters.map((parameter, index) => {
    const value = given[index] ?? null
    if (value !== null) {
      const found = argument(checking, value, parameter, shown)
      if (found === null) sound = false
      return found
    }
    if (!parameter.optional && sound)
      refuse(
        call.span,
        `${shown}() misses ${parameter.name === null ? `argument ${index + 1}` : `the argument ‘${parameter.name}’`}, ${parameter.type}`,
      )
    return preset(parameter, call.span)
  })
  return sound ? bound : null
}

function argument(checking: Checking, value: Expression, parameter: Parameter, shown: string): CheckedExpression | null {
  if (parameter.type !== 'ENUM') return checking.value(value, parameter.type)
  const chosen = value.kind === 'name' && value.parts.length === 1 ? (value.parts[0] ?? '') : null
  if (chosen !== null && parameter.words.includes(chosen)) return { kind: 'enum', type: 'ENUM', value: chosen, span: value.span }
  checking.complain(value.span, `‘${parameter.name}’ of ${shown}() is one of ${listed(parameter.words, 'or')}`, null)
  return null
}

function preset({ preset: value, type }: Parameter, span: Span): CheckedExpression | null {
  if (value === null) return null
  if (type === 'ENUM') return { kind: 'enum', type, value: String(value), span }
  if (typeof value === 'string') return { kind: 'literal', type: 'STRING', value, span }
  if (typeof value === 'boolean') return { kind: 'literal', type: 'BOOL', value, span }
  return { kind: 'literal', type: type as 'INT', value, span }
}

/** Of an unknown VMOD: what stands in the arguments is referred to all the same. */
function untranslated(checking: Checking, call: Call, module: string, want: ValueType): CheckedExpression {
  refer(checking, call.arguments)
  return opaque(call.span, module, want)
}

export function refer(checking: Checking, args: readonly Argument[]): void {
  const left: Expression[] = args.map(({ value }) => value)
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    switch (next.kind) {
      case 'name':
        if (next.parts.length === 1) checking.referred.add(next.parts[0] ?? '')
        break
      case 'call':
        left.push(...next.arguments.map(({ value }) => value))
        break
      case 'method':
        left.push(next.of, ...next.arguments.map(({ value }) => value))
        break
      case 'unary':
        left.push(next.operand)
        break
      case 'binary':
        left.push(next.left, next.right)
        break
      case 'concatenation':
        left.push(...next.parts)
        break
      case 'parenthesised':
        left.push(next.inner)
    }
  }
}

function names(parameters: readonly Parameter[]): readonly string[] {
  return parameters.flatMap(({ name }) => (name === null ? [] : [name]))
}

function counted(count: number): string {
  return count === 0 ? 'no arguments' : count === 1 ? 'one argument' : `${count} arguments`
}

function nearWord(word: string, known: readonly string[]): string | null {
  const found = nearest(word, known)
  return found === null ? null : `did you mean ${found}?`
}
