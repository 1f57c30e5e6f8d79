/** Magento 2, Adobe Commerce and Mage-OS, told to cache with Varnish. */
import type { Beresp, Key, Req, Resp } from '../context.ts'
import type { Policy } from '../policy.ts'
import { purgeByPattern } from './dialects.ts'
import { segments } from './path-pattern.ts'
import { type PresetOptions, site } from './site.ts'

export interface MagentoOptions extends PresetOptions {
  /**
   * Whether customers of one group, currency and store view (the cookie `X-Magento-Vary`) share pages, as with Magento's own VCL. Their
   * cookies then reach Magento, and what it says is `public` is shared within the group. Default `false`: they pass.
   */
  readonly groups?: boolean
}

/** Fields of GraphQL requests by which answers differ. */
const GRAPHQL_FIELDS: readonly string[] = ['x-magento-cache-id', 'store', 'content-currency']

/**
 * `export default magento()`. What Magento says is `public` is shared until it purges it by tags; what is a customer's own comes by requests
 * that pass. The session that Magento begins with each page is dropped from pages that are shared.
 */
export function magento(options: MagentoOptions = {}): Policy {
  const { groups = false } = options
  return site(
    {
      name: 'magento',
      pass: [
        segments('checkout', 'customer', 'sales', 'wishlist', 'multishipping', 'paypal', 'rest', 'soap', 'admin', 'newsletter', 'review'),
        /\/(?:page_cache\/block\/render|health_check\.php|pub\/health_check\.php|setup)(?:\/|$)/,
      ],
      personal: [...(groups ? [] : ['X-Magento-Vary']), 'admin', 'adminhtml', 'persistent_shopping_cart', /^guest-view$/],
      variants: groups ? ['X-Magento-Vary'] : [],
      others: groups ? 'send' : 'drop',
      files: [/^\/(?:pub\/)?(?:static|media)\//],
      sessions: ['PHPSESSID', 'form_key', 'private_content_version', /^mage-/],
      dropParameters: ['gad', 'dm_i', 'trk_contact', 'trk_msg', 'trk_module', 'trk_sid'],
      ttl: 0,
      grace: '3d',
      staleIfError: '3d',
      shares: hasCacheId,
      key: graphqlKey,
      dialect: ({ method, headers }) =>
        method === 'PURGE'
          ? purgeByPattern(headers, 'x-magento-tags-pattern', 'x-magento-tags', headers.getLower('x-magento-purge-soft')?.trim() === '1')
          : undefined,
      backendResponse: (_bereq, beresp) => assemble(beresp),
      deliver: browsersAskAgain,
    },
    options,
    ['groups'],
  )
}

const GRAPHQL = /\/graphql\/?$/

/** Magento gave a key for what this customer and others like them see. */
function hasCacheId({ path, headers }: Req): boolean {
  return GRAPHQL.test(path) && headers.hasLower('x-magento-cache-id')
}

function graphqlKey({ path, headers }: Req, key: Key): void {
  if (GRAPHQL.test(path)) for (const name of GRAPHQL_FIELDS) key.add(headers.getLower(name) ?? '')
}

/** Blocks with a lifetime of their own come as ESI. */
function assemble(beresp: Beresp): void {
  if (beresp.status === 200 && beresp.headers.get('content-type')?.startsWith('text/html') === true) beresp.esi = true
}

/** A purge does not reach browsers, and a page is another one after the login. */
function browsersAskAgain({ path }: Req, { headers }: Resp): void {
  if (/^\/(?:pub\/)?(?:static|media)\//.test(path) || /\b(?:private|no-store)\b/i.test(headers.joined('cache-control') ?? '')) return
  headers.set('Cache-Control', 'private, no-cache')
  headers.delete('Expires')
  headers.delete('Pragma')
}
