/** VMOD saintmode: backends that are left alone for a while, for one key each. The object is made as a director, see `objects.ts`. */
import { call, js } from '../javascript.ts'
import type { Translations } from './call-use.ts'

export const SAINTMODE: Translations = {
  blacklist: (use) => call(`${use.scope.use('beresp')}.deny`, [use.value(0)]),
  denylist: (use) => call(`${use.scope.use('beresp')}.deny`, [use.value(0)]),
  status: (use) => use.refuse('saintmode.status has no counterpart', 'clearcoat stat and the admin interface tell what is denied'),
  'saintmode.backend': ({ call: { callee }, scope }) =>
    js(scope.module.names.of(callee.kind === 'method' ? callee.object : '', 'director')),
  'saintmode.blacklist_count': (use) => use.refuse('what is denied is not counted for a policy'),
  'saintmode.denylist_count': (use) => use.refuse('what is denied is not counted for a policy'),
  'saintmode.is_healthy': ({ call: { callee }, scope }) =>
    call(scope.use('healthy'), [js(scope.module.names.of(callee.kind === 'method' ? callee.object : '', 'director'))]),
}
