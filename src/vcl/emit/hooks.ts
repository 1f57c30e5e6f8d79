/** Hooks, steps of the built-in policy, and subs of the policy's own, as functions. */
import type { CheckedStatement, CheckedSub, HookSub, SplitSub } from '../checked-ast.ts'
import { commentLines, leadingLines } from './comments.ts'
import { hashBody } from './hash.ts'
import type { Lines, Surroundings } from './lines.ts'
import type { PolicyModule } from './module.ts'
import { HOOK_OF, Scope } from './scope.ts'
import { emitBlock, indented } from './statement.ts'

/** A step that VCL's bodies come before, by our name. */
const STEP_OF: Readonly<Partial<Record<SplitSub, string>>> = {
  vcl_req_host: 'reqHost',
  vcl_req_method: 'reqMethod',
  vcl_req_authorization: 'reqAuthorization',
  vcl_req_cookie: 'reqCookie',
  vcl_beresp_range: 'berespRange',
  vcl_beresp_stale: 'berespStale',
  vcl_beresp_cookie: 'berespCookie',
  vcl_beresp_control: 'berespControl',
  vcl_beresp_vary: 'berespVary',
}

/** What comes behind the bodies of a hook, and how the hook ends behind that. */
const BEHIND: Readonly<Partial<Record<SplitSub, readonly [hook: HookSub, verb: string]>>> = {
  vcl_builtin_recv: ['vcl_recv', 'hash'],
  vcl_req_url: ['vcl_recv', ''],
  vcl_builtin_hash: ['vcl_hash', 'lookup'],
  vcl_builtin_hit: ['vcl_hit', 'deliver'],
  vcl_builtin_miss: ['vcl_miss', 'fetch'],
  vcl_builtin_pass: ['vcl_pass', 'fetch'],
  vcl_builtin_pipe: ['vcl_pipe', 'pipe'],
  vcl_builtin_purge: ['vcl_purge', ''],
  vcl_builtin_deliver: ['vcl_deliver', 'deliver'],
  vcl_builtin_synth: ['vcl_synth', 'deliver'],
  vcl_builtin_backend_fetch: ['vcl_backend_fetch', 'fetch'],
  vcl_builtin_backend_refresh: ['vcl_backend_refresh', 'merge'],
  vcl_builtin_backend_response: ['vcl_backend_response', 'deliver'],
  vcl_builtin_backend_error: ['vcl_backend_error', 'deliver'],
}

type ClientOrFetchSub = keyof typeof HOOK_OF

/** The members of the policy for all hooks that have bodies, in VCL's order of them. */
export function emitHooks(module: PolicyModule): readonly string[] {
  const subs = Object.keys(HOOK_OF) as ClientOrFetchSub[]
  // What fetches want to know of the client is known only behind them.
  const lines = new Map(subs.toReversed().map((sub) => [sub, emitHook(sub, module)]))
  return subs.flatMap((sub) => lines.get(sub) ?? [])
}

function emitHook(sub: ClientOrFetchSub, module: PolicyModule): readonly string[] {
  const { hooks, steps } = module.program
  const bodies = hooks.get(sub) ?? []
  const behind = (Object.keys(BEHIND) as SplitSub[]).filter((step) => BEHIND[step]?.[0] === sub && steps.has(step))
  const carried = sub === 'vcl_recv' ? [...module.carried] : []
  if (bodies.length === 0 && behind.length === 0 && carried.length === 0) return []
  const scope = new Scope(module, [sub])
  const all = together(bodies)
  const lines: string[] = carried.map(([field, { noun, code }]) => {
    scope.use(noun)
    return `${scope.use('state')}.${field} = ${code}`
  })
  if (sub === 'vcl_hash' && behind.length === 0) lines.push(...emitHash(all, scope))
  else {
    lines.push(...emitBlock(all, scope, { leave: 'return', last: behind.length === 0 }).lines)
    for (const [index, step] of behind.entries()) {
      const verb = BEHIND[step]?.[1] ?? ''
      const around: Surroundings = {
        leave: verb === '' ? 'return' : `return ${scope.use(verb)}()`,
        last: index === behind.length - 1 && verb === '',
      }
      const own = steps.get(step) ?? []
      lines.push(...emitBlock(together(own), scope, around).lines)
    }
  }
  return functionLines(HOOK_OF[sub], '', '', leadingOf(bodies), lines, scope, ',')
}

function emitHash(body: Body, scope: Scope): readonly string[] {
  const { statements, bare } = hashBody(body.statements)
  if (!bare) return emitBlock({ ...body, statements }, scope, { leave: 'return', last: true }).lines
  const made = emitBlock({ ...body, statements }, scope, { leave: 'return', last: false })
  const key = scope.use('key')
  const rest = made.ends ? [] : [`${key}.add(${scope.use('req')}.url)`, `${key}.add(${scope.use('req')}.host)`]
  return [`${key}.clear()`, ...made.lines, ...rest]
}

/** Steps as members of `builtin`: the policy's bodies, then what the step does itself. */
export function emitSteps(module: PolicyModule): readonly string[] {
  const { steps } = module.program
  const members: string[] = (Object.keys(STEP_OF) as SplitSub[]).flatMap((step) => {
    const bodies = steps.get(step)
    if (bodies === undefined) return []
    const isResponse = step.startsWith('vcl_beresp_')
    const scope = new Scope(module, [isResponse ? 'vcl_backend_response' : 'vcl_recv'])
    const name = STEP_OF[step] ?? ''
    const made = emitBlock(together(bodies), scope, { leave: 'return', last: false })
    const lines: string[] = []
    // The built-in code does not come to these steps with a pass.
    if (isResponse && step !== 'vcl_beresp_range') lines.push(`if (${scope.use('bereq')}.uncacheable) return ${scope.use('deliver')}()`)
    lines.push(...made.lines)
    if (!made.ends) {
      scope.handsOn = true
      lines.push(`return ${module.lib('builtin')}.${name}(context)`)
    }
    return functionLines(name, '', '', leadingOf(bodies), lines, scope, ',')
  })
  // The policy judges methods itself: ours for PURGE and BAN would come before it.
  if (steps.has('vcl_req_method')) members.unshift('reqInvalidate: false,')
  for (const body of steps.get('vcl_beresp_hitmiss') ?? [])
    module.problems.push({
      kind: 'untranslatable',
      span: body.span,
      reason: 'vcl_beresp_hitmiss has no counterpart: the steps before it refuse to store by themselves',
      hint: 'put it into the step that refuses',
    })
  return members.length === 0 ? [] : ['builtin: {', ...indented(members), '},']
}

/** A sub of the policy's own. What it calls has to be emitted before. */
export function emitSub(sub: CheckedSub, module: PolicyModule): readonly string[] {
  const scope = new Scope(module, sub.runsIn.length === 0 ? ['vcl_recv'] : sub.runsIn)
  const made: Lines = emitBlock(sub.body, scope, { leave: 'return', last: true })
  module.promises.set(sub.name, scope.promises)
  const type = scope.subs
    .filter((each): each is ClientOrFetchSub => each !== 'vcl_init' && each !== 'vcl_fini')
    .map((each) => contextType(each, module))
    .join(' | ')
  return functionLines(module.names.of(sub.name, 'sub'), 'function ', type, leadingOf([sub]), made.lines, scope, '')
}

function contextType(sub: ClientOrFetchSub, module: PolicyModule): string {
  const hook = HOOK_OF[sub]
  return module.contextType(hook)
}

function functionLines(
  name: string,
  keyword: string,
  type: string,
  leading: readonly string[],
  lines: readonly string[],
  scope: Scope,
  end: string,
): readonly string[] {
  const { parameter, first } = scope.parameter()
  const annotated = parameter === '' || type === '' ? (type === '' ? parameter : `_context: ${type}`) : `${parameter}: ${type}`
  const body = first === null ? lines : [first, ...lines]
  return [...leading, `${keyword}${name}(${annotated}) {`, ...indented(body), `}${end}`]
}

interface Body {
  readonly statements: readonly CheckedStatement[]
  readonly closing: CheckedSub['body']['closing']
}

/** Several bodies as one, as VCL has it. */
function together(bodies: readonly CheckedSub[]): Body {
  const statements = bodies.flatMap(({ body, leading, inner }, index) =>
    body.statements.map((statement, at): CheckedStatement => {
      if (index === 0 || at > 0) return statement
      return { ...statement, blankBefore: true, leading: [...leading, ...inner, ...statement.leading] }
    }),
  )
  return { statements, closing: bodies.flatMap(({ body }) => body.closing) }
}

function leadingOf([first]: readonly CheckedSub[]): readonly string[] {
  return first === undefined ? [] : [...leadingLines(first), ...commentLines(first.trailing)]
}
