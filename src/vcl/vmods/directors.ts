import { BACKEND, HOUSEKEEPING, join, only } from '../scopes.ts'
import { may, need, type Signature, signature, type Vmod, vmod, vmodClass, word } from '../signature.ts'

const HASHES = ['HASH', 'URL', 'KEY', 'BLOB']
const HEALTH = ['CHOSEN', 'IGNORE', 'ALL']
const PARAMETER = join(only('vcl_pipe'), BACKEND, HOUSEKEEPING)

function members(...weight: Parameters<typeof signature>[2] & object): readonly Signature[] {
  return [
    signature('add_backend', 'VOID', [need('BACKEND', 'backend'), ...weight]),
    signature('remove_backend', 'VOID', [need('BACKEND', 'backend')]),
  ]
}

export const directors: Vmod = vmod(
  'directors',
  [signature('lookup', 'BACKEND', [need('STRING')], HOUSEKEEPING)],
  [
    vmodClass('round_robin', [], [...members(), signature('backend', 'BACKEND')]),
    vmodClass('fallback', [may('BOOL', 'sticky', false)], [...members(), signature('backend', 'BACKEND')]),
    vmodClass('random', [], [...members(need('REAL', 'weight')), signature('backend', 'BACKEND')]),
    vmodClass('hash', [], [...members(may('REAL', 'weight', 1)), signature('backend', 'BACKEND', [need('STRANDS')])]),
    vmodClass(
      'shard',
      [],
      [
        signature('set_warmup', 'VOID', [may('REAL', 'probability', 0)]),
        signature('set_rampup', 'VOID', [may('DURATION', 'duration', 0)]),
        signature('associate', 'VOID', [may('BLOB', 'param')]),
        signature('add_backend', 'BOOL', [
          need('BACKEND', 'backend'),
          may('STRING', 'ident'),
          may('DURATION', 'rampup'),
          may('REAL', 'weight'),
        ]),
        signature('remove_backend', 'BOOL', [may('BACKEND', 'backend'), may('STRING', 'ident')]),
        signature('clear', 'BOOL'),
        signature('reconfigure', 'BOOL', [may('INT', 'replicas', 67)]),
        signature('key', 'INT', [need('STRANDS')]),
        signature('backend', 'BACKEND', [
          word('by', HASHES, 'HASH'),
          may('INT', 'key'),
          may('BLOB', 'key_blob'),
          may('INT', 'alt', 0),
          may('REAL', 'warmup', -1),
          may('BOOL', 'rampup', true),
          word('healthy', HEALTH, 'CHOSEN'),
          may('BLOB', 'param'),
          word('resolve', ['NOW', 'LAZY'], null),
        ]),
        signature('debug', 'VOID', [need('INT')]),
      ],
    ),
    vmodClass(
      'shard_param',
      [],
      [
        signature('clear', 'VOID', [], PARAMETER),
        signature(
          'set',
          'VOID',
          [
            word('by', HASHES, null),
            may('INT', 'key'),
            may('BLOB', 'key_blob'),
            may('INT', 'alt'),
            may('REAL', 'warmup'),
            may('BOOL', 'rampup'),
            word('healthy', HEALTH, null),
          ],
          PARAMETER,
        ),
        signature('get_by', 'STRING'),
        signature('get_key', 'INT'),
        signature('get_alt', 'INT'),
        signature('get_warmup', 'REAL'),
        signature('get_rampup', 'BOOL'),
        signature('get_healthy', 'STRING'),
        signature('use', 'BLOB', [], PARAMETER),
      ],
    ),
  ],
)
