/**
 * A canary: one visitor in ten sees the next version of the shop, and goes on seeing the one that they saw first. What the two versions answer is
 * kept apart. Start it with `clearcoat --policy examples/canary/policy.ts`.
 */
import { armOf, type Backend, backend, cookies, definePolicy, type Policy, type Split, setCookie, split } from 'clearcoat/vcl-ts'

const probe = { path: '/healthz', initial: 3 }

export const stable: Backend = backend('http://127.0.0.1:3001', { probe })
export const next: Backend = backend('http://127.0.0.1:3002', { probe })

/** A cookie that is an arm's name chooses that arm: so a tester may come with `arm=next`, and who has been here comes back to the same. */
export const shop: Split = split({ stable: [stable, 9], next: [next, 1] }, { by: { cookie: 'arm' } })

const canary: Policy = definePolicy({
  name: 'canary',
  backends: { shop, stable, next },
  state: () => ({ known: false }),

  recv({ req, state, healthy, log, client }) {
    // A canary that is dead sings for nobody: its visitors see the stable shop meanwhile.
    if (!healthy(next)) cookies.set(req.headers, 'arm', 'stable')
    state.known = cookies.get(req.headers, 'arm') !== undefined
    log('arm', armOf(shop, { req, client }))
    // The arm is known by now to what chooses it; to the shop itself and to the key no cookie matters but the cart's.
    cookies.keep(req.headers, 'arm', 'cart')
  },

  backendFetch({ bereq }) {
    cookies.delete(bereq.headers, 'arm')
  },

  deliver({ req, client, resp, state }) {
    // Here, not in backendResponse: this visitor's cookie is no part of what is stored.
    if (!state.known) setCookie(resp.headers, 'arm', armOf(shop, { req, client }), { maxAge: '30d', secure: req.scheme === 'https' })
  },

  builtin: {
    // An arm is nobody's name: a visitor with no other cookie sees what is stored for all.
    reqCookie({ req }) {
      req.credentialed ??= cookies.names(req.headers).some((name) => name !== 'arm')
    },
  },
})

export default canary
