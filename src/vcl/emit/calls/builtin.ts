/** The functions that VCL has without any VMOD. */
import { awaited, BINDING, call, type Js, js, method } from '../javascript.ts'
import { regexLiteral, replacement } from '../regex-literal.ts'
import type { CallUse, Translations } from './call-use.ts'

export const BUILTIN: Translations = {
  regsub: (use) => substituted(use, ''),
  regsuball: (use) => substituted(use, 'g'),
  hash_data: (use) => call(`${use.scope.use('key')}.add`, [use.text(0)]),
  synthetic: (use) => {
    const noun = use.scope.isBackendSide ? 'beresp' : 'resp'
    use.scope.page = true
    const body = use.text(0)
    use.scope.page = false
    return js(`${use.scope.use(noun)}.body = ${body.code}`, BINDING.none)
  },
  ban: (use) => awaited(call(use.scope.use('invalidate'), [js(`{ ban: ${use.text(0).code} }`)])),
}

export const TYPE_METHODS: Readonly<Record<'lower' | 'upper' | 'resolve', (use: CallUse, of: Js) => Js>> = {
  lower: (use, of) => cased(use, of, 'lower'),
  upper: (use, of) => cased(use, of, 'upper'),
  // A director chooses when the request is sent; until then it is what it is.
  resolve: (_use, of) => of,
}

/** ASCII letters only, as C does it: bytes of other letters stay whole. */
export function cased(use: CallUse, of: Js, to: 'lower' | 'upper'): Js {
  if (/^\w+\.(?:url|method)$/.test(of.code)) return method(of, to === 'lower' ? 'toLowerCase' : 'toUpperCase', [])
  return call(use.lib(to), [of.unset ? js(`${of.code} ?? ''`, BINDING.nullish, { awaits: of.awaits }) : of])
}

function substituted(use: CallUse, flags: string): Js {
  const subject = use.text(0)
  const pattern = use.given(1)
  const by = use.given(2)
  if (pattern === null || by === null) return use.refuse('an argument is missing')
  const { code, regex } = regexLiteral(pattern, use.scope, flags)
  const made = replacement(by, use.text(2), regex, use.scope)
  // At the end of a text Varnish does not look for nothing once more.
  const matchesNothing = flags === 'g' && new RegExp(regex.source, regex.flags).test('')
  return matchesNothing ? call(use.lib('replaceAll'), [subject, js(code), made]) : method(subject, 'replace', [js(code), made])
}
