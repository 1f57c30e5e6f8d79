/** VMOD directors: what is asked of a director while requests run. How they are made is in `objects.ts`. */
import { call, type Js, js, quoted } from '../javascript.ts'
import type { CallUse, Translations } from './call-use.ts'

/** A director itself stands for the backend that it will choose. */
function itself({ call: { callee }, scope }: CallUse): Js {
  return js(scope.module.names.of(callee.kind === 'method' ? callee.object : '', 'director'))
}

function keyed(use: CallUse, key: Js): Js {
  return call(use.scope.module.use('withKey'), [itself(use), key])
}

export const DIRECTORS: Translations = {
  'round_robin.backend': itself,
  'fallback.backend': itself,
  'random.backend': itself,
  'hash.backend': (use) => keyed(use, use.text(0)),
  'shard.backend': (use) => {
    const by = use.literal(0) ?? 'HASH'
    // key is a number that shard.key() made, or a text's.
    if (by === 'KEY' && use.has(1)) return keyed(use, plainKey(use))
    if (by === 'URL') return keyed(use, js(`${use.scope.use(use.scope.has('req') ? 'req' : 'bereq')}.url`))
    if (by === 'BLOB') return keyed(use, use.text(2))
    return itself(use)
  },
  'shard.key': (use) => call(use.lib('shardKey'), [use.text(0)]),
  lookup: (use) => {
    use.scope.module.namesBackends = true
    const name = use.literal(0)
    const by = typeof name === 'string' ? quoted(name) : use.text(0).code
    return call(use.lib('backendNamed'), [js(by), js('backends')])
  },
}

function plainKey(use: CallUse): Js {
  const key = use.value(1)
  const found = /^vcl\.shardKey\((.*)\)$/s.exec(key.code)
  return found === null ? call('String', [key]) : js(found[1] as string)
}
