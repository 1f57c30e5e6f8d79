/** VMODs purge and xkey: dropping what is stored. Both wait until it is gone. */
import { awaited, BINDING, call, type Js, js } from '../javascript.ts'
import type { CallUse, Translations } from './call-use.ts'

export const PURGE: Translations = {
  hard: (use) => counted(use, []),
  soft: (use) => {
    for (const index of [0, 1, 2]) {
      const given = use.literal(index)
      if (use.has(index) && given !== 0 && given !== -1 && use.value(index).code !== '-1')
        use.refuse('purge.soft always leaves grace and keep as they are, and no ttl', 'call it without arguments')
    }
    return counted(use, [js('{ soft: true }')])
  },
}

export const XKEY: Translations = {
  purge: (use) => awaited(call(use.lib('purgeTags'), [js(use.scope.use('invalidate')), use.text(0)]), false),
  softpurge: (use) => awaited(call(use.lib('purgeTags'), [js(use.scope.use('invalidate')), use.text(0), js("'soft'")]), false),
}

function counted(use: CallUse, args: readonly Js[]): Js {
  const done = awaited(call(use.scope.use('invalidate'), args), false)
  return js(`(${done.code}).objects`, BINDING.member, { awaits: true })
}
