/** Services in threads of their own: limits hold for all workers together, also in a flood through all of them; tokens are verified in each. */
import { expect, it } from 'vitest'
import { message } from '../journey/site.ts'
import { issuer, pair, token } from '../policy/services/issuer.ts'
import { connectToEach, crew, policyFile } from './rig.ts'

const POLICY = `
import { threadId, threadName } from 'node:worker_threads'
import { definePolicy, rateLimit } from 'clearcoat/vcl-ts'
const limit = rateLimit({ limit: 300, period: '1h' })
export default definePolicy({
  services: { limit },
  recv({ req, synth }) {
    if (req.url === '/who') return synth(200, threadName + ' thread ' + threadId)
    if (req.url === '/left') return synth(200, String(limit.remaining('flood')))
    if (limit.isDenied('flood')) return synth(429)
  },
})
`

it.each([2, 4])('lets %i workers together no more through than was said', async (count) => {
  const site = await crew({ count, policyFile: policyFile(POLICY) })
  const clients = await connectToEach(site.address, count)
  const passed = new Map<string, number>()
  await Promise.all(
    clients.map(async (client) => {
      for (let i = 0; i < 300; i++)
        if ((await client.get('/')).status === 200) passed.set(client.thread, (passed.get(client.thread) ?? 0) + 1)
    }),
  )
  expect(passed.size).toBe(count)
  const total = [...passed.values()].reduce((sum, each) => sum + each, 0)
  // An hour gives one token in twelve seconds, which the test does not take.
  expect(total).toBeGreaterThanOrEqual(300)
  expect(total).toBeLessThanOrEqual(306)
  for (const client of clients) expect(Number((await client.get('/left')).reason)).toBeLessThanOrEqual(1)
})

it('remembers what a worker counted that died', async () => {
  const site = await crew({ count: 2, policyFile: policyFile(POLICY) })
  const [victim] = await connectToEach(site.address, 2)
  for (let i = 0; i < 300; i++) expect((await victim!.get('/')).status).toBe(200)
  site.end(victim!, 'terminate')
  await site.replaced(1)
  for (const client of await connectToEach(site.address, 2)) expect((await client.get('/')).status).toBe(429)
})

it('verifies tokens in each worker, by the same published keys', async () => {
  const key = pair('one')
  const from = await issuer(key)
  const policy = `
import { threadId, threadName } from 'node:worker_threads'
import { definePolicy, jwt, stack } from 'clearcoat/vcl-ts'
const user = jwt({ jwks: '${from.jwks}', issuer: 'https://id.test', audience: 'api' })
const who = definePolicy({ recv: ({ req, synth }) => (req.url === '/who' ? synth(200, threadName + ' thread ' + threadId) : undefined) })
const greet = definePolicy({ recv: ({ req, synth }) => synth(200, 'hello ' + user.claims(req).sub) })
export default stack(who, user.policy(), greet)
`
  const site = await crew({ count: 2, policyFile: policyFile(policy) })
  const now = Math.floor(Date.now() / 1000)
  const bearer = await token(key, { iat: now, exp: now + 60 })
  for (const { client } of await connectToEach(site.address, 2)) {
    for (let i = 0; i < 2; i++)
      expect((await client.request(message('GET', '/', { Authorization: `Bearer ${bearer}` }))).reason).toBe('hello alice')
    expect((await client.request(message('GET', '/', { Authorization: `Bearer ${bearer.slice(0, -4)}AAAA` }))).status).toBe(401)
  }
  expect(from.asked).toBe(2)
})
