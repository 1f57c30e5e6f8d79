/** Limits hold for all workers together: threads of their own, real sockets, and a flood through all of them. */
import { expect, it } from 'vitest'
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
