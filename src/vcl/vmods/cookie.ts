import { TASKS } from '../scopes.ts'
import { need, signature, type Vmod, vmod } from '../signature.ts'

export const cookie: Vmod = vmod('cookie', [
  signature('clean', 'VOID', [], TASKS),
  signature('delete', 'VOID', [need('STRING', 'cookiename')], TASKS),
  signature('filter', 'VOID', [need('STRING', 'filterstring')], TASKS),
  signature('filter_re', 'VOID', [need('REGEX', 'expression')], TASKS),
  // The name that varnish-modules had for it.
  signature('filter_except', 'VOID', [need('STRING', 'filterstring')], TASKS),
  signature('keep', 'VOID', [need('STRING', 'filterstring')], TASKS),
  signature('keep_re', 'VOID', [need('REGEX', 'expression')], TASKS),
  signature('format_date', 'STRING', [need('TIME', 'now'), need('DURATION', 'timedelta')]),
  signature('format_rfc1123', 'STRING', [need('TIME', 'now'), need('DURATION', 'timedelta')]),
  signature('get', 'STRING', [need('STRING', 'cookiename')], TASKS),
  signature('get_re', 'STRING', [need('REGEX', 'expression')], TASKS),
  signature('get_string', 'STRING', [], TASKS),
  signature('isset', 'BOOL', [need('STRING', 'cookiename')], TASKS),
  signature('parse', 'VOID', [need('STRING', 'cookieheader')], TASKS),
  signature('set', 'VOID', [need('STRING', 'cookiename'), need('STRING', 'value')], TASKS),
])
