/** Where an include leads: its `src` or `alt` as written, and resolved against the page that it stands in (RFC 3986 §5.2). */

/** As far as the reference alone tells it; read once, when the page is. */
export type Reference =
  /** `/path?query`, in its final form. */
  | { readonly type: 'path'; readonly target: string }
  /** `path`, `?query`, or nothing: below the page's own address. */
  | { readonly type: 'relative'; readonly text: string }
  /** `scheme: null`: the page's. */
  | { readonly type: 'absolute'; readonly scheme: 'http' | 'https' | null; readonly authority: string; readonly target: string }
  /** Another scheme, credentials, or characters that no target may have. */
  | { readonly type: 'refused' }

/** What a fragment is asked for. */
export interface Target {
  /** `null`: the page's own host. */
  readonly authority: string | null
  readonly scheme: 'http' | 'https' | null
  readonly target: string
}

const REFUSED: Reference = { type: 'refused' }
/** As in a request target, with `#`, which is cut off. A backslash means `/` to some. */
const TEXT = /^[\x21-\x5b\x5d-\x7e]*$/
const SCHEME = /^([A-Za-z][A-Za-z0-9+.-]*):/
const AUTHORITY = /^(?:[A-Za-z0-9._~-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?$/
/** A dot alone between slashes, or two. */
const DOTS = /(?:^|\/)\.{1,2}(?:\/|$)/

export function readReference(written: string): Reference {
  const text = withoutFragment(written.trim())
  if (!TEXT.test(text)) return REFUSED
  if (text.startsWith('//')) return absolute(null, text.slice(2))
  if (text.startsWith('/')) return { type: 'path', target: normalised(text) }
  const scheme = SCHEME.exec(text)?.[1]?.toLowerCase()
  if (scheme === undefined) return { type: 'relative', text }
  if ((scheme !== 'http' && scheme !== 'https') || !text.startsWith('//', scheme.length + 1)) return REFUSED
  return absolute(scheme, text.slice(scheme.length + 3))
}

/** `base`: path and query of the page. `null`: nowhere that a request could go. */
export function resolve(reference: Reference, base: string): Target | null {
  switch (reference.type) {
    case 'path':
      return { authority: null, scheme: null, target: reference.target }
    case 'relative':
      return base.startsWith('/') ? { authority: null, scheme: null, target: below(base, reference.text) } : null
    case 'absolute':
      return reference
    case 'refused':
      return null
    default:
      return reference satisfies never
  }
}

function absolute(scheme: 'http' | 'https' | null, rest: string): Reference {
  const end = rest.search(/[/?]/)
  const authority = end < 0 ? rest : rest.slice(0, end)
  if (!AUTHORITY.test(authority)) return REFUSED
  const target = end < 0 ? '/' : rest.slice(end)
  return { type: 'absolute', scheme, authority, target: target.startsWith('/') ? normalised(target) : `/${target}` }
}

function below(base: string, text: string): string {
  const query = base.indexOf('?')
  const path = query < 0 ? base : base.slice(0, query)
  if (text === '') return base
  if (text.startsWith('?')) return path + text
  return normalised(path.slice(0, path.lastIndexOf('/') + 1) + text)
}

function withoutFragment(text: string): string {
  const at = text.indexOf('#')
  return at < 0 ? text : text.slice(0, at)
}

/** Without dot segments in its path (RFC 3986 §5.2.4). */
function normalised(target: string): string {
  const query = target.indexOf('?')
  const path = query < 0 ? target : target.slice(0, query)
  if (!DOTS.test(path)) return target
  const kept: string[] = []
  const segments = path.slice(1).split('/')
  for (const [at, segment] of segments.entries()) {
    const last = at === segments.length - 1
    if (segment === '..') kept.pop()
    else if (segment !== '.') kept.push(segment)
    if (last && (segment === '.' || segment === '..')) kept.push('')
  }
  return `/${kept.join('/')}${query < 0 ? '' : target.slice(query)}`
}
