/** A policy for a shop: a cart that is nobody else's, pages that outlive a slow or broken origin, and a purge for the office. */
import { acl, cookies, definePolicy, type Policy, query } from 'clearcoat/vcl-ts'

const office = acl('10.0.0.0/8', '!10.1.2.3')

/** Cookies by which the shop answers. All others are for scripts in the browser. */
const PERSONAL = ['cart', 'session']

const shop: Policy = definePolicy({
  name: 'shop',

  recv({ req, client, purge, pass }) {
    // First, so that a purge finds what it names.
    req.url = query.sort(query.dropTracking(req.url))
    // From elsewhere the built-in policy refuses it.
    if (req.method === 'PURGE') return office.matches(client.ip) ? purge() : undefined
    cookies.keep(req.headers, ...PERSONAL)
    return req.headers.has('cookie') ? pass() : undefined
  },

  backendResponse({ bereq, beresp, hitForPass }) {
    // Somebody's own page: for a while nobody waits for it, and nobody gets another's.
    if (!bereq.uncacheable && beresp.headers.get('x-page') === 'personal') return hitForPass('2m')
    if (beresp.status !== 200) return undefined
    if (!beresp.control.explicit) beresp.ttl = '1m'
    beresp.grace = '10m'
    beresp.staleIfError = '1d'
    return undefined
  },

  deliver({ resp }) {
    resp.headers.delete('x-page')
  },
})

export default shop
