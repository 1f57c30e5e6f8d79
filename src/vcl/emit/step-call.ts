/** `call vcl_req_cookie` and the like: a step of the built-in VCL that a policy runs itself. */
import type { CheckedCall, HookSub, SplitSub } from '../checked-ast.ts'
import type { Lines, Surroundings } from './lines.ts'
import type { Scope } from './scope.ts'

/** Steps that do the same wherever they are called, by our names. */
const CALLABLE_STEPS: Readonly<Record<string, { readonly hook: HookSub; readonly name: string }>> = {
  vcl_req_host: { hook: 'vcl_recv', name: 'reqHost' },
  vcl_req_method: { hook: 'vcl_recv', name: 'reqMethod' },
  vcl_req_authorization: { hook: 'vcl_recv', name: 'reqAuthorization' },
  vcl_req_cookie: { hook: 'vcl_recv', name: 'reqCookie' },
  vcl_beresp_range: { hook: 'vcl_backend_response', name: 'berespRange' },
}

/** A step of the built-in code. Those that judge an answer say more here than there, for they hold for passes, too. */
export function emitStepCall({ sub, span }: CheckedCall, scope: Scope, around: Surroundings): Lines {
  const { program } = scope.module
  const hint = 'let the sub end without return'
  if (program.steps.has(sub as SplitSub)) scope.refuse(span, `${sub} has a body here, which runs before the built-in one`, hint)
  if (sub === 'vcl_req_url' && only(scope, 'vcl_recv')) return { lines: [], awaits: false, ends: false }
  if (sub === 'vcl_beresp_hitmiss' && only(scope, 'vcl_backend_response')) {
    const beresp = scope.use('beresp')
    return { lines: [`${beresp}.ttl = 120`, `${beresp}.uncacheable = true`, `return ${scope.use('deliver')}()`], awaits: false, ends: true }
  }
  const step = CALLABLE_STEPS[sub]
  if (step === undefined || !only(scope, step.hook))
    scope.refuse(span, `${sub} belongs to the built-in code, which runs behind the policy`, hint)
  scope.handsOn = true
  const called = `${scope.module.lib('builtin')}.${step.name}(context)`
  if (around.last && around.leave === 'return') return { lines: [`return ${called}`], awaits: false, ends: true }
  const answer = scope.answer()
  return { lines: [`const ${answer} = ${called}`, `if (${answer} !== undefined) return ${answer}`], awaits: false, ends: false }
}

function only(scope: Scope, hook: HookSub): boolean {
  return scope.subs.every((sub) => sub === hook)
}
