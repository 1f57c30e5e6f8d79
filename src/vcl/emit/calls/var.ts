/** VMOD var: variables of a task, and of the whole policy. */
import { call } from '../javascript.ts'
import type { CallUse, Translation, Translations } from './call-use.ts'

/** Client and backend side have their own, as tasks of Varnish do. */
function store(use: CallUse): string {
  const { scope } = use
  const field = scope.isBackendSide ? 'bereqVars' : 'vars'
  scope.module.state.set(field, `${scope.module.lib('vars')}()`)
  return `${scope.use('state')}.${field}`
}

function globals(use: CallUse): string {
  return use.scope.module.constant('globals', `${use.lib('vars')}()`)
}

const set: Translation = (use) => call(`${store(use)}.set`, [use.text(0), use.value(1)])

function get(name: string, unset: boolean = false): Translation {
  return (use) => call(`${store(use)}.${name}`, [use.text(0)], { unset })
}

export const VAR: Translations = {
  set: (use) => call(`${store(use)}.set`, [use.text(0), use.text(1)]),
  get: get('string', true),
  set_string: (use) => call(`${store(use)}.set`, [use.text(0), use.text(1)]),
  get_string: get('string', true),
  set_int: set,
  get_int: get('number'),
  set_real: set,
  get_real: get('number'),
  set_duration: set,
  get_duration: get('number'),
  set_ip: set,
  get_ip: get('string', true),
  set_backend: set,
  get_backend: get('backend'),
  clear: (use) => call(`${store(use)}.clear`, []),
  global_set: (use) => call(`${globals(use)}.set`, [use.text(0), use.text(1)]),
  global_get: (use) => call(`${globals(use)}.string`, [use.text(0)], { unset: true }),
}
