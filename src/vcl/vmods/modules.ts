/** The VMODs of the collection varnish-modules that sites use. */
import { TASKS } from '../scopes.ts'
import { may, need, type Signature, signature, type Vmod, vmod, vmodClass } from '../signature.ts'
import type { ValueType } from '../value-types.ts'

export const header: Vmod = vmod('header', [
  signature('append', 'VOID', [need('HEADER'), need('STRANDS')], TASKS),
  signature('copy', 'VOID', [need('HEADER'), need('HEADER')], TASKS),
  signature('get', 'STRING', [need('HEADER', 'header'), need('REGEX', 'regex')], TASKS),
  signature('remove', 'VOID', [need('HEADER', 'header'), need('REGEX', 'regex')], TASKS),
  signature('regsub', 'VOID', [need('HTTP'), need('REGEX', 'regex'), need('STRING', 'sub'), may('BOOL', 'all', false)], TASKS),
  signature('dyn', 'HEADER', [need('HTTP'), need('STRING')], TASKS),
])

function typed(type: ValueType, name: string): readonly Signature[] {
  return [
    signature(`set_${name}`, 'VOID', [need('STRING', 'key'), need(type, 'value')]),
    signature(`get_${name}`, type, [need('STRING', 'key')]),
  ]
}

export const variables: Vmod = vmod('var', [
  signature('set', 'VOID', [need('STRING', 'key'), need('STRING', 'value')]),
  signature('get', 'STRING', [need('STRING')]),
  signature('global_set', 'VOID', [need('STRING'), need('STRING')]),
  signature('global_get', 'STRING', [need('STRING')]),
  ...typed('INT', 'int'),
  ...typed('STRING', 'string'),
  ...typed('REAL', 'real'),
  ...typed('DURATION', 'duration'),
  ...typed('IP', 'ip'),
  ...typed('BACKEND', 'backend'),
  signature('clear', 'VOID'),
])

export const xkey: Vmod = vmod('xkey', [
  signature('purge', 'INT', [need('STRING', 'keys')], TASKS),
  signature('softpurge', 'INT', [need('STRING', 'keys')], TASKS),
])

const bucket = [need('STRING', 'key'), need('INT', 'limit'), need('DURATION', 'period')]
const blocking = [...bucket, may('DURATION', 'block', 0)]

export const vsthrottle: Vmod = vmod('vsthrottle', [
  signature('is_denied', 'BOOL', blocking),
  signature('return_token', 'VOID', blocking),
  signature('remaining', 'INT', blocking),
  signature('blocked', 'DURATION', [...bucket, need('DURATION', 'block')]),
  signature('remove_bucket', 'VOID', blocking),
])

export const saintmode: Vmod = vmod(
  'saintmode',
  [
    signature('denylist', 'VOID', [need('DURATION', 'expires')], TASKS),
    signature('blacklist', 'VOID', [need('DURATION', 'expires')], TASKS),
    signature('status', 'STRING'),
  ],
  [
    vmodClass(
      'saintmode',
      [need('BACKEND', 'backend'), need('INT', 'threshold')],
      [
        signature('backend', 'BACKEND'),
        signature('denylist_count', 'INT'),
        signature('blacklist_count', 'INT'),
        signature('is_healthy', 'BOOL'),
      ],
    ),
  ],
)

export const str: Vmod = vmod('str', [
  signature('count', 'INT', [need('STRING', 's')]),
  signature('startswith', 'BOOL', [need('STRING', 's1'), need('STRING', 's2')]),
  signature('endswith', 'BOOL', [need('STRING', 's1'), need('STRING', 's2')]),
  signature('contains', 'BOOL', [need('STRING', 's1'), need('STRING', 's2')]),
  signature('take', 'STRING', [need('STRING', 's'), need('INT', 'n'), may('INT', 'offset', 0)]),
  signature('reverse', 'STRING', [need('STRING', 's')]),
  signature('split', 'STRING', [need('STRING', 'S'), need('INT', 'n'), may('STRING', 'sep', ' \t')]),
  signature('token_intersect', 'BOOL', [need('STRING', 'str1'), need('STRING', 'str2'), may('STRING', 'separators')]),
])
