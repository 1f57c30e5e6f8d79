/** `return(action)` of VCL as the verb that says the same here. */
import type { CheckedAction, CheckedReturn } from '../checked-ast.ts'
import { emitExpression, emitText } from './expression.ts'
import { call, type Js, js, text } from './javascript.ts'
import type { Scope } from './scope.ts'

/** Verbs that take nothing and have the same name, in camel case. */
const PLAIN: Readonly<Record<string, string>> = {
  abandon: 'abandon',
  beresp: 'useFresh',
  deliver: 'deliver',
  fetch: 'fetch',
  hash: 'hash',
  lookup: 'lookup',
  merge: 'merge',
  obj_stale: 'useStale',
  ok: 'ok',
  pipe: 'pipe',
  purge: 'purge',
  restart: 'restart',
  retry: 'retry',
}

/** What a hook returns. Throws a `Refusal`. */
export function emitAction(action: CheckedAction, statement: CheckedReturn, scope: Scope): Js {
  switch (action.name) {
    case 'synth':
    case 'error': {
      if (action.status === null) return call(scope.use('error'), [])
      const args = [emitExpression(action.status, scope)]
      if (action.reason !== null) args.push(emitText(action.reason, scope))
      return call(scope.use(action.name), args)
    }
    case 'pass':
      if (action.ttl === null) return call(scope.use('pass'), [])
      return call(scope.use('hitForPass'), [emitExpression(action.ttl, scope)])
    case 'fail':
      // The policy is not loaded.
      if (scope.runsIn('vcl_init'))
        return js(`new Error(${action.reason === null ? "'vcl_init failed'" : emitText(action.reason, scope).code})`)
      return call(scope.use('fail'), action.reason === null ? [] : [emitText(action.reason, scope)])
    case 'vcl':
      return emitHandOver(action.label, statement, scope)
    default:
      return call(scope.use(PLAIN[action.name] ?? action.name), [])
  }
}

function emitHandOver(label: string, { span }: CheckedReturn, scope: Scope): Js {
  const { module } = scope
  if (module.label !== null)
    scope.refuse(
      span,
      `${module.label} is a labelled VCL; it cannot hand a request to ${label}`,
      'only the first VCL may do that, as in Varnish',
    )
  if (!module.labels.includes(label))
    scope.refuse(span, `which VCL has the label ${label} is not said`, `give its file: --label ${label}=OTHER.vcl`)
  scope.handsOn = true
  return call(module.lib('handOver'), [js('context'), text(label)])
}
