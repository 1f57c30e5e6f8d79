/** The request target (RFC 9112 §3.2): origin form as it stands, absolute form split, `*` with OPTIONS; and the syntax of a host. */

/** Where a request goes: target in origin form, and the authority of an absolute form, else `null`. */
export interface Destination {
  readonly target: string
  readonly authority: string | null
}

const ABSOLUTE = /^https?:\/\/([^/?]*)(.*)$/i

/**
 * Answers `null` for a target that is refused: no form of RFC 9112 §3.2, another scheme than http or https, or a backslash
 * in the path, which browsers turn into a slash and servers do not.
 */
export function destination(method: string, target: string): Destination | null {
  if (target.charCodeAt(0) === 47) return hasBackslash(target) ? null : { target, authority: null }
  if (target === '*') return method === 'OPTIONS' ? { target, authority: null } : null
  const match = ABSOLUTE.exec(target)
  if (match === null) return null
  const [, authority = '', rest = ''] = match
  if (hasBackslash(rest)) return null
  // RFC 9112 §3.2.4: OPTIONS of a whole authority is `*` to the next server.
  if (rest === '') return { target: method === 'OPTIONS' ? '*' : '/', authority }
  return { target: rest.charCodeAt(0) === 47 ? rest : `/${rest}`, authority }
}

function hasBackslash(target: string): boolean {
  const at = target.indexOf('\\')
  if (at < 0) return false
  const query = target.indexOf('?')
  return query < 0 || at < query
}
