/**
 * A policy for an API: who asks proves it with a token, nobody asks too often, and what is the same for all is kept.
 * `ISSUER` is who gives the tokens out; its keys are at `/keys`.
 */
import { definePolicy, type Jwt, jwt, type Policy, rateLimit, stack } from 'clearcoat/vcl-ts'

interface User {
  readonly name: string
  readonly plan: 'free' | 'paid'
}

/** Requests in a minute by plan. */
const QUOTA = { free: 5, paid: 50 } as const

function isCatalogue(url: string): boolean {
  return /^\/catalogue(?:[/?]|$)/.test(url)
}

export function api(issuer: string): Policy {
  const token: Jwt<User> = jwt({
    jwks: `${issuer}/keys`,
    issuer,
    audience: 'api',
    claims: ({ sub, plan }) => (sub === undefined ? null : { name: sub, plan: plan === 'paid' ? 'paid' : 'free' }),
  })
  const calls = rateLimit({ limit: QUOTA.free, period: '1m' })
  const strangers = rateLimit({ limit: 100, period: '1m', block: '5m' })

  const users = definePolicy({
    name: 'users',
    services: { calls },
    recv({ req, synth }) {
      const user = token.claims(req)
      if (user === null) return
      const rule = { limit: QUOTA[user.plan], period: '1m' } as const
      if (calls.isDenied(user.name, rule))
        return synth(429, undefined, '{"error":"too many requests"}', {
          'Content-Type': 'application/json',
          'Retry-After': String(Math.ceil(calls.retryAfter(user.name, rule))),
        })
    },
    backendResponse({ bereq, beresp }) {
      if (isCatalogue(bereq.url)) beresp.grace = '5m'
    },
  })
  return stack(
    strangers.policy(),
    // One catalogue for all who may see it: the origin does not hear who asks.
    token.policy({ when: ({ req }) => isCatalogue(req.url), forward: false, shared: true }),
    token.policy({
      when: ({ req }) => !isCatalogue(req.url) && req.path !== '/health',
      forward: false,
      fields: { 'X-User': 'name', 'X-Plan': 'plan' },
    }),
    users,
  )
}

const policy: Policy = api(process.env['ISSUER'] ?? 'http://127.0.0.1:8090')

export default policy
