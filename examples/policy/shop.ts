/**
 * A policy for a shop: a cart that is nobody else's, pages that outlive a slow or broken origin, tags by which a product's pages go
 * together, and a purge for the office. `npm start` runs it.
 */
import { acl, cookies, definePolicy, type Policy, query } from 'clearcoat/vcl-ts'

const office = acl('10.0.0.0/8', '!10.1.2.3')

/** Cookies by which the shop answers. All others are for scripts in the browser. */
const PERSONAL = ['cart', 'session']

/** A product's page and picture. */
const PRODUCT = /^\/(?:shop|images)\/([a-z]+)/

const shop: Policy = definePolicy({
  name: 'shop',

  recv({ req, client, purge, pass }) {
    // First, so that a purge finds what it names.
    req.url = query.sort(query.dropTracking(req.url))
    // From elsewhere the built-in policy judges by --purge-from.
    if (req.method === 'PURGE' && office.matches(client.ip)) {
      const tags = req.headers.get('xkey-purge')?.split(' ').filter(Boolean) ?? []
      return tags.length > 0 ? purge({ tags }) : purge()
    }
    cookies.keep(req.headers, ...PERSONAL)
    return req.headers.has('cookie') ? pass() : undefined
  },

  backendResponse({ bereq, beresp, hitForPass }) {
    // Somebody's own page: for a while nobody waits for it, and nobody gets another's.
    if (!bereq.uncacheable && beresp.headers.get('x-page') === 'personal') return hitForPass('2m')
    if (beresp.status !== 200) return undefined
    if (!beresp.control.explicit) beresp.ttl = '1m'
    const product = PRODUCT.exec(bereq.url)?.[1]
    if (product !== undefined) beresp.tags.add(`product-${product}`)
    beresp.grace = '10m'
    beresp.staleIfError = '1d'
    return undefined
  },

  deliver({ resp }) {
    resp.headers.delete('x-page')
  },
})

export default shop
