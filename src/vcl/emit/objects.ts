/** What `new` makes in vcl_init, as constants of the policy: directors with their members, blobs. */
import type { CheckedExpression, CheckedNew, CheckedStatement } from '../checked-ast.ts'
import { leadingLines, trailingText } from './comments.ts'
import { emitExpression, emitText } from './expression.ts'
import { type PolicyModule, Refusal } from './module.ts'
import type { Scope } from './scope.ts'

type Arguments = readonly (CheckedExpression | null)[]

/** A call of a method of the object while it is being made. */
interface Addition {
  readonly name: string
  readonly arguments: Arguments
  readonly statement: CheckedStatement
}

/** What Varnish's directors do not do by themselves. */
const AS_VARNISH = '{ ejection: false, retry: false } as const'

/** Methods that say what an object is, in vcl_init. */
const MAKING: ReadonlySet<string> = new Set([
  'add_backend',
  'remove_backend',
  'reconfigure',
  'set_warmup',
  'set_rampup',
  'associate',
  'clear',
])

/** The object that a statement goes on making, or `null`. */
export function additionTo(statement: CheckedStatement): string | null {
  if (statement.kind !== 'expression' || statement.call.kind !== 'call') return null
  const { callee } = statement.call
  return callee.kind === 'method' && callee.module === 'directors' && MAKING.has(callee.name) ? callee.object : null
}

/** The lines of one constant. Throws a `Refusal`. */
export function emitObject(made: CheckedNew, additions: readonly CheckedStatement[], scope: Scope): readonly string[] {
  const { object } = made
  const { module } = scope
  const calls = additions.flatMap((statement): Addition[] => {
    if (statement.kind !== 'expression' || statement.call.kind !== 'call') return []
    const { callee, arguments: args } = statement.call
    return callee.kind === 'method' ? [{ name: callee.name, arguments: args, statement }] : []
  })
  const comments = [...leadingLines(made), ...additions.flatMap(leadingLines)]
  const kind = object.module === 'blob' ? 'blob' : 'director'
  const line = `const ${module.names.of(object.name, kind)} = ${constructed(made, calls, scope)}`
  if (kind === 'director') module.choices.push(object.name)
  return [...comments, `${line}${trailingText(made)}`]
}

function constructed({ object, span }: CheckedNew, calls: readonly Addition[], scope: Scope): string {
  const { module } = scope
  const name = `${object.module}.${object.class}`
  const options: string[] = []
  switch (name) {
    case 'directors.round_robin':
      return director('roundRobin', membersOf(calls, scope), options, module)
    case 'directors.fallback':
      if (literal(object.arguments[0]) === true) options.push('sticky: true')
      return director('fallback', membersOf(calls, scope), options, module)
    case 'directors.random':
    case 'directors.hash':
      options.push(...weightsOf(calls, 1, scope))
      return director(object.class, membersOf(calls, scope), options, module)
    case 'directors.shard':
      options.push(...shardOptions(calls, scope))
      return director('consistent', membersOf(calls, scope), options, module)
    case 'saintmode.saintmode':
      return director(
        'roundRobin',
        object.arguments.slice(0, 1).map((member) => emitArgument(member, scope)),
        options,
        module,
      )
    case 'blob.blob':
      return `${module.lib('decode')}('${String(literal(object.arguments[0]) ?? 'IDENTITY')}', ${textArgument(object.arguments[1], scope)})`
    default:
      throw new Refusal(span, `${name} has no counterpart`)
  }
}

function director(kind: string, members: readonly string[], options: readonly string[], module: PolicyModule): string {
  const common = module.constant('asInVarnish', AS_VARNISH)
  const all = options.length === 0 ? common : `{ ...${common}, ${options.join(', ')} }`
  return `${module.use(kind)}([${members.join(', ')}], ${all})`
}

function membersOf(calls: readonly Addition[], scope: Scope): readonly string[] {
  const members: string[] = []
  for (const { name, arguments: args, statement } of calls) {
    const member = emitArgument(args[0] ?? null, scope)
    if (name === 'add_backend') members.push(member)
    else if (name === 'remove_backend') members.splice(members.indexOf(member), 1)
    else if (name === 'clear') members.length = 0
    else if (name === 'associate') throw new Refusal(statement.span, 'shard_param has no counterpart', 'give the arguments to .backend()')
  }
  return members
}

function weightsOf(calls: readonly Addition[], at: number, scope: Scope): readonly string[] {
  const weights = calls
    .filter(({ name }) => name === 'add_backend')
    .map(({ arguments: args }) => (args[at] === null || args[at] === undefined ? '1' : emitExpression(args[at], scope).code))
  return weights.every((weight) => weight === '1') ? [] : [`weights: [${weights.join(', ')}]`]
}

/** `add_backend(backend, ident, rampup, weight)`; a member is known by its URL here. */
function shardOptions(calls: readonly Addition[], scope: Scope): readonly string[] {
  const options = [...weightsOf(calls, 3, scope)]
  for (const { name, arguments: args } of calls) {
    const value = args[0] === null || args[0] === undefined ? '' : emitExpression(args[0], scope).code
    if (name === 'reconfigure' && value !== '67' && value !== '') options.push(`replicas: ${value}`)
    if (name === 'set_warmup' && value !== '0') options.push(`warmup: ${value}`)
    if (name === 'set_rampup' && value !== '0') options.push(`rampup: ${value}`)
  }
  return options
}

function emitArgument(argument: CheckedExpression | null, scope: Scope): string {
  return argument === null ? 'null' : emitExpression(argument, scope).code
}

function textArgument(argument: CheckedExpression | null | undefined, scope: Scope): string {
  return argument === null || argument === undefined ? "''" : emitText(argument, scope).code
}

function literal(argument: CheckedExpression | null | undefined): string | number | boolean | null {
  if (argument?.kind === 'enum') return argument.value
  return argument?.kind === 'literal' ? argument.value : null
}
