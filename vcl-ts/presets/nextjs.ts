/** Next.js, self-hosted (`next start`, standalone), with the app or the pages router. */
import type { Key, Req } from '../context.ts'
import type { Policy } from '../policy.ts'
import { type PresetOptions, site } from './site.ts'

/** What Next.js tells itself and believes from anybody: with these a stranger could skip a middleware, or have one page stored as another. */
const INTERNAL_FIELDS: readonly string[] = [
  ...[
    'x-middleware-subrequest',
    'x-middleware-rewrite',
    'x-middleware-next',
    'x-middleware-invoke',
    'x-now-route-matches',
    'x-matched-path',
  ],
  ...[
    'x-invoke-path',
    'x-invoke-query',
    'x-invoke-output',
    'x-invoke-status',
    'x-invoke-error',
    'x-prerender-revalidate',
    'x-next-resume-state-length',
  ],
]

/** Pages, their data for the router, and what is fetched ahead of them have one URL. */
const FORM_FIELDS: readonly string[] = [
  'rsc',
  'next-router-prefetch',
  'next-router-segment-prefetch',
  'next-url',
  'x-nextjs-data',
  'x-middleware-prefetch',
]

/**
 * `export default nextjs()`. What Next.js says (`s-maxage` of static and ISR pages) holds; what it renders for one request says `private`.
 * Draft and preview mode pass, and so does whoever has a cookie that is on no list: name the harmless ones in `ignore`.
 */
export function nextjs(options: PresetOptions = {}): Policy {
  return site(
    {
      name: 'nextjs',
      pass: ['/api/auth', '/api/draft', '/api/preview', '/api/revalidate', '/_next/webpack-hmr'],
      personal: [
        '__prerender_bypass',
        '__next_preview_data',
        /^(?:__Secure-|__Host-)?(?:next-auth|authjs)\./,
        /^(?:__session|__client|sb-.+-auth-token|appSession|iron-session)/,
      ],
      variants: ['NEXT_LOCALE'],
      ignore: ['cookieconsent_status', 'CookieConsent', 'cookie_consent'],
      others: 'pass',
      files: ['/_next/static', '/_next/image'],
      ttl: 0,
      grace: '1m',
      staleIfError: '1d',
      strip: INTERNAL_FIELDS,
      key: formKey,
    },
    options,
  )
}

function formKey({ headers }: Req, key: Key): void {
  for (const name of FORM_FIELDS) {
    const value = headers.getLower(name)
    if (value !== undefined) key.add(`${name}=${value}`)
  }
}
