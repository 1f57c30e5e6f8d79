/** VMOD vsthrottle: token buckets, which all workers share. */
import { call, type Js, js } from '../javascript.ts'
import type { CallUse, Translation, Translations } from './call-use.ts'

function limiter(use: CallUse): string {
  const { module } = use.scope
  const name = module.constant('throttle', `${module.use('rateLimit')}({ limit: 1, period: 1 })`)
  module.services.add(name)
  return name
}

/** `key, limit, period[, block]` */
function rule(use: CallUse): Js {
  const block = use.has(3) && use.literal(3) !== 0 ? `, block: ${use.value(3).code}` : ''
  return js(`{ limit: ${use.value(1).code}, period: ${use.value(2).code}${block} }`)
}

function of(name: string): Translation {
  return (use) => call(`${limiter(use)}.${name}`, [use.text(0), rule(use)])
}

export const VSTHROTTLE: Translations = {
  is_denied: of('isDenied'),
  remaining: of('remaining'),
  blocked: of('blocked'),
  return_token: of('returnToken'),
  remove_bucket: of('remove'),
}
