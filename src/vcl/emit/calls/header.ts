/** VMOD header: fields of several lines. */
import { call, js } from '../javascript.ts'
import type { Translations } from './call-use.ts'
import { fieldOf } from './std.ts'

export const HEADER: Translations = {
  append: (use) => {
    const [headers, name] = fieldOf(use, 0)
    return call(`${headers}.append`, [js(name), use.text(1)])
  },
  copy: (use) => {
    const [from, name] = fieldOf(use, 0)
    const [to, other] = fieldOf(use, 1)
    return call(use.lib('copyField'), [js(from), js(name), js(to), js(other)])
  },
  get: (use) => {
    const [headers, name] = fieldOf(use, 0)
    return call(use.lib('lineMatching'), [js(headers), js(name), use.value(1)], { unset: true })
  },
  remove: (use) => {
    const [headers, name] = fieldOf(use, 0)
    return call(use.lib('removeMatching'), [js(headers), js(name), use.value(1)])
  },
  regsub: (use) => {
    const given = use.given(0)
    const noun = given?.kind === 'variable' ? given.variable : ''
    const ours = ({ req: 'req', bereq: 'bereq', beresp: 'beresp', resp: 'resp' } as Readonly<Record<string, string>>)[noun]
    if (ours === undefined) return use.refuse('these are not the fields of a message')
    const all = use.literal(3) === true
    return call(use.lib('replaceFields'), [js(`${use.scope.use(ours)}.headers`), use.value(1), use.text(2), ...(all ? [js('true')] : [])])
  },
}
