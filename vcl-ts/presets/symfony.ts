/** Symfony applications, with FOSHttpCache where they have it; and what is made of Symfony (Sulu, Ibexa). */
import type { Req } from '../context.ts'
import type { HookAction } from '../legal.ts'
import type { Policy } from '../policy.ts'
import { purgeTags } from './dialects.ts'
import { segments } from './path-pattern.ts'
import { type PresetOptions, site } from './site.ts'

export interface SymfonyOptions extends PresetOptions {
  /** Whether Symfony is told that fragments (`render_esi`) are put together here. Default `true`. */
  readonly esi?: boolean
}

/**
 * `export default symfony()`. What the application says is kept as long as it says. A cookie that is on no list may be anybody's, so a
 * request that has one passes: name the harmless ones in `ignore`.
 */
export function symfony(options: SymfonyOptions = {}): Policy {
  const { esi = true } = options
  return site(
    {
      name: 'symfony',
      pass: [segments('admin', 'login', 'logout', 'register', 'reset-password', '_profiler', '_wdt', 'connect')],
      personal: ['PHPSESSID', 'REMEMBERME', 'eZSESSID', /^eZSESSID/, /^IBX_SESSION_ID/, 'BEARER', /^sess/i],
      ignore: ['sf_redirect', 'cookieconsent_status', 'CookieConsent', 'cookie_consent'],
      others: 'pass',
      files: [/^\/(?:build|bundles|assets)\/.*\.(?:css|js|mjs|map|png|jpe?g|gif|webp|avif|svg|ico|woff2?|ttf|otf|eot)$/],
      ttl: 0,
      grace: '5m',
      staleIfError: '1d',
      dialect: purgeOf,
      ...(esi ? { backendFetch: ({ headers }) => headers.set('Surrogate-Capability', 'clearcoat="ESI/1.0"') } : {}),
    },
    options,
    ['esi'],
  )
}

/** FOSHttpCache's methods beside PURGE and BAN: `PURGEKEYS` with `xkey-purge` or `xkey-softpurge`, `PURGETAGS` with `X-Cache-Tags`. */
function purgeOf(req: Req): HookAction<'recv'> | undefined {
  if (req.method === 'PURGEKEYS') return purgeTags(req, 'xkey-purge') ?? purgeTags(req, 'xkey-softpurge', true)
  return req.method === 'PURGETAGS' ? purgeTags(req, 'x-cache-tags') : undefined
}
