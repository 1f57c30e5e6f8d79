/** Shopware 6 with its reverse proxy settings turned on. */
import { verbs } from '../actions.ts'
import { quoteForBan } from '../ban.ts'
import type { Req } from '../context.ts'
import type { HookAction } from '../legal.ts'
import type { Policy } from '../policy.ts'
import { ban } from './dialects.ts'
import { segments } from './path-pattern.ts'
import { type PresetOptions, site } from './site.ts'

export interface ShopwareOptions extends PresetOptions {
  /**
   * Whether customers to whom the same rules apply (the cookie `sw-cache-hash`) share pages, as with Shopware's own VCL. Their cookies then
   * reach Shopware, and what it says is `public` is shared among them. Default `false`: they pass.
   */
  readonly groups?: boolean
}

/**
 * `export default shopware()`. What Shopware says is `public` is shared until it purges it by tags (`xkey`). Who is logged in or has a cart
 * passes. The session that Shopware begins with each page is dropped from pages that are shared.
 */
export function shopware(options: ShopwareOptions = {}): Policy {
  const { groups = false } = options
  return site(
    {
      name: 'shopware',
      pass: [segments('checkout', 'account', 'admin', 'api', 'store-api', 'wishlist', 'newsletter', 'maintenance')],
      personal: [...(groups ? [] : ['sw-cache-hash']), 'admin', 'bearerAuth', 'PHPSESSID'],
      variants: groups ? ['sw-cache-hash', 'sw-currency'] : ['sw-currency'],
      others: groups ? 'send' : 'drop',
      files: [/^\/(?:bundles|theme|media|thumbnail|sitemap)\//],
      sessions: [/^session-/],
      ttl: 0,
      grace: '1h',
      staleIfError: '1d',
      recv: (req) => statesPass(req),
      dialect: banUrl,
      denied: 403,
      backendFetch: ({ headers }) => headers.set('Surrogate-Capability', 'clearcoat="ESI/1.0"'),
      deliver: (_req, { headers }) => {
        headers.delete('sw-invalidation-states')
      },
    },
    options,
    ['groups'],
  )
}

/** Before 6.7 Shopware says in a cookie of its own who is logged in or has something in the cart. */
function statesPass({ cookies }: Req): HookAction<'recv'> | undefined {
  const states = cookies.get('sw-states')
  return states !== undefined && states !== '' ? verbs.pass('REQUEST_COOKIE') : undefined
}

/** `BAN /url`, `/` for the whole shop. `PURGE` with `xkey` needs nothing here. */
function banUrl({ method, headers, url, host }: Req): HookAction<'recv'> | undefined {
  if (method !== 'BAN' || ['x-ban', 'xkey', 'x-url', 'x-host', 'x-cache-tags'].some((name) => headers.hasLower(name))) return undefined
  return ban(`obj.host == ${quoteForBan(host)}`, `obj.url ~ ${quoteForBan(`^${url}`)}`)
}
