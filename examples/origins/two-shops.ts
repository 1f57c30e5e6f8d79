/**
 * A shop that two servers have: they take turns, and when one is dying its visitors do not notice. A product page that one of them cannot
 * make comes from the other. Start it with `clearcoat --policy examples/origins/two-shops.ts`.
 */
import { type Backend, backend, definePolicy, type Policy, roundRobin } from 'clearcoat/vcl-ts'

/** Half of the last eight probes good is good enough; a server is believed to be well until probes say otherwise. */
const probe = { path: '/healthz', threshold: 4, initial: 4 }

export const east: Backend = backend('http://127.0.0.1:3001', { probe, maxConnections: 100 })
export const west: Backend = backend('http://127.0.0.1:3002', { probe, maxConnections: 100 })

const twoShops: Policy = definePolicy({
  name: 'two-shops',
  // The first is where requests go; the others have names for `backend.list` and `backend.set_health`.
  backends: { shop: roundRobin([east, west], { rampup: '30s' }), east, west },

  backendResponse({ beresp, bereq, retry }) {
    // No page of a shop is 410: this server lacks it, the other one may have it.
    if (beresp.status === 410 && bereq.retries === 0) {
      beresp.deny('10m')
      return retry()
    }
    if (beresp.status === 200) {
      beresp.grace = '1m'
      beresp.staleIfError = '1d'
    }
    return undefined
  },
})

export default twoShops
