/** VMOD cookie: the cookies of a task, parsed. */
import { call } from '../javascript.ts'
import type { CallUse, Translation, Translations } from './call-use.ts'

/** Client and backend side have their own, as tasks of Varnish do. */
function jar(use: CallUse): string {
  const { scope } = use
  const field = scope.isBackendSide ? 'bereqCookies' : 'cookies'
  scope.module.state.set(field, `${scope.module.lib('cookieJar')}()`)
  return `${scope.use('state')}.${field}`
}

function of(name: string, unset: boolean = false): Translation {
  return (use) => {
    const args = use.call.arguments.map((_, index) => use.text(index))
    return call(`${jar(use)}.${name}`, args, { unset })
  }
}

/** With a pattern as the last argument. */
function byPattern(name: string, at: number, unset: boolean = false): Translation {
  return (use) => {
    const args = use.call.arguments.map((_, index) => (index === at ? use.value(index) : use.text(index)))
    return call(`${jar(use)}.${name}`, args, { unset })
  }
}

export const COOKIE: Translations = {
  parse: of('parse'),
  clean: of('clean'),
  get: of('get', true),
  get_re: byPattern('getMatching', 0, true),
  isset: of('has'),
  set: of('set'),
  delete: of('delete'),
  filter_except: of('keep'),
  filter: of('filter'),
  filter_re: byPattern('filterMatching', 0),
  keep: of('keep'),
  keep_re: byPattern('keepMatching', 0),
  get_string: of('text'),
  format_date: (use) => call(use.lib('cookieDate'), [use.value(0), use.value(1)]),
  format_rfc1123: (use) => call(use.lib('cookieDate'), [use.value(0), use.value(1)]),
}
