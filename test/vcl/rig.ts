/** VCL in tests: short texts around what matters, and places of problems marked in the text itself. */
import { expect } from 'vitest'
import type { CheckedBlock, CheckedExpression, CheckedProgram, CheckedStatement, HookSub } from '../../src/vcl/checked-ast.ts'
import type { CheckOptions } from '../../src/vcl/checking.ts'
import { readVcl } from '../../src/vcl/front.ts'
import type { VclReader } from '../../src/vcl/include.ts'
import type { Problem, ProblemKind } from '../../src/vcl/problem.ts'
import { renderProblem } from '../../src/vcl/problem.ts'
import { textOf } from '../../src/vcl/source.ts'

export interface Options extends Partial<VclReader>, CheckOptions {
  /** Default 4.1. */
  readonly version?: string
  /** Default: one called `default`, at 192.0.2.1. */
  readonly backend?: string
}

/** A whole program of it: version and a backend before it, on its first line. */
export function whole(text: string, { version = '4.1', backend = 'backend default { .host = "192.0.2.1"; } ' }: Options = {}): string {
  return `vcl ${version}; ${backend}${text}`
}

/** What a legal text means. */
export function accepted(text: string, options: Options = {}): CheckedProgram {
  const { program, problems } = readVcl({ name: 'test.vcl', text: whole(text, options) }, options)
  expect(problems.map(renderProblem)).toEqual([])
  if (program === null) throw new Error('no problems, and no program')
  return program
}

export function problemsOf(text: string, options: Options = {}): readonly Problem[] {
  return readVcl({ name: 'test.vcl', text: whole(text, options) }, options).problems
}

/**
 * The text is refused, and the first problem stands at what is between ‹ and › in it, with that reason and, if one is given, hint. An empty
 * pair of marks is a place.
 */
export function refused(marked: string, reason: string, hint?: string | null, options: Options = {}, kind: ProblemKind = 'illegal'): void {
  const complete = whole(marked, options)
  const start = complete.indexOf('‹')
  const end = complete.indexOf('›') - 1
  if (start < 0 || end < start) throw new Error('mark the place of the problem')
  const text = complete.replace('‹', '').replace('›', '')
  const { problems } = readVcl({ name: 'test.vcl', text }, options)
  const [first] = problems
  if (first === undefined) throw new Error(`accepted: ${text}`)
  const line = text.slice(0, start).split('\n')
  expect({ kind: first.kind, reason: first.reason, at: textOf(first.span), line: first.span.line, column: first.span.column }).toEqual({
    kind,
    reason,
    at: text.slice(start, end),
    line: line.length,
    column: (line.at(-1) ?? '').length + 1,
  })
  if (hint !== undefined) expect(first.hint).toBe(hint)
}

/** The statements of the first body of that hook. */
export function statementsOf(program: CheckedProgram, hook: HookSub = 'vcl_recv'): CheckedBlock['statements'] {
  return program.hooks.get(hook)?.[0]?.body.statements ?? []
}

/** The value of `set req.http.x = …` in vcl_recv, with ACL a, backends default and b, and the usual imports. */
export function assigned(expression: string, target = 'req.http.x'): CheckedExpression {
  const [statement] = statementsOf(accepted(withSymbols(`sub vcl_recv { set ${target} = ${expression}; }`)))
  if (statement?.kind !== 'set') throw new Error('no set')
  return statement.value
}

/** The condition of an `if` in vcl_recv. */
export function conditionOf(expression: string): CheckedExpression {
  const [statement] = statementsOf(accepted(withSymbols(`sub vcl_recv { if (${expression}) { } }`)))
  if (statement?.kind !== 'if' || statement.branches[0] === undefined) throw new Error('no if')
  return statement.branches[0].condition
}

export function withSymbols(text: string): string {
  return `import std; acl a { "192.0.2.0"/24; } backend b { .host = "192.0.2.2"; } unused a; unused b; ${text}`
}

/** An expression in a notation of its own, with every conversion: `STRING(now)`, `(beresp.ttl:DURATION * 2:INT)`. */
export function shown(expression: CheckedExpression | null): string {
  if (expression === null) return '—'
  switch (expression.kind) {
    case 'literal':
      return `${JSON.stringify(expression.value)}:${expression.type}`
    case 'variable':
      return `${expression.name === null ? expression.variable : expression.variable.replace('*', expression.name)}`
    case 'symbol':
      return `${expression.type} ${expression.name}`
    case 'object':
      return `object ${expression.name}`
    case 'enum':
      return expression.value
    case 'not':
      return `!${shown(expression.operand)}`
    case 'negate':
      return `-${shown(expression.operand)}`
    case 'logical':
      return `(${expression.operands.map(shown).join(` ${expression.operator} `)})`
    case 'compare':
      return `(${shown(expression.left)} ${expression.operator}${expression.of} ${shown(expression.right)})`
    case 'match':
      return `(${shown(expression.left)} ${expression.negated ? '!~' : '~'} ${shown(expression.right)})`
    case 'arithmetic':
      return `(${shown(expression.left)} ${expression.operator}${expression.type} ${shown(expression.right)})`
    case 'concat':
      return `[${expression.parts.map(shown).join(', ')}]`
    case 'convert':
      return `${expression.type}(${shown(expression.operand)})`
    case 'untranslatable':
      return `?${expression.type} ${expression.source}`
    case 'call': {
      const { callee } = expression
      const args = expression.arguments.map(shown).join(', ')
      if (callee.kind === 'type-method') return `${shown(callee.of)}.${callee.name}()`
      if (callee.kind === 'builtin') return `${callee.name}(${args})`
      return callee.kind === 'function'
        ? `${callee.module}.${callee.name}(${args})`
        : `${callee.object}<${callee.module}.${callee.class}>.${callee.name}(${args})`
    }
  }
}

export function kindsOf(statements: readonly CheckedStatement[]): readonly string[] {
  return statements.map(({ kind }) => kind)
}
