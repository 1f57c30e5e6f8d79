/** Limits over real sockets: what is denied never reaches the origin, hits count too, and a reload forgets nothing. */
import { expect, it } from 'vitest'
import { definePolicy, rateLimit, stack } from '../../vcl-ts/index.ts'
import { Folder } from '../policy/folder.ts'
import { always, open } from './site.ts'

const CACHED = { 'Cache-Control': 'max-age=600' }

it('answers 429 to the client that comes too often, hits included, and lets it in again in time', async () => {
  const site = await open(always(CACHED), { policy: stack(rateLimit({ limit: 3, period: 30 }).policy(), definePolicy({})) })
  const statuses: number[] = []
  for (let i = 0; i < 5; i++) statuses.push((await site.get('/')).status)
  expect(statuses).toEqual([200, 200, 200, 429, 429])
  const denied = await site.get('/not-stored')
  expect(denied.status).toBe(429)
  expect(denied.get('retry-after')).toBe('10')
  expect(site.origin.hits.length).toBe(1)
  site.clock.advance(10_000)
  expect((await site.get('/')).status).toBe(200)
  expect((await site.get('/')).status).toBe(429)
})

const LIMITED = (limit: number, word: string): string => `
import { definePolicy, rateLimit } from 'clearcoat/vcl-ts'
const clients = rateLimit({ limit: ${limit}, period: '1h' })
export default definePolicy({
  services: { clients },
  recv: ({ synth }) => (clients.isDenied('all') ? synth(429, 'denied by ${word}') : undefined),
})
`

it('keeps what was counted when the policy is reloaded with an equal limit, and begins anew with another one', async () => {
  const folder = new Folder({ 'policy.ts': LIMITED(2, 'the first') })
  const site = await open(always(CACHED), { policyFile: folder.of('policy.ts') })
  const ask = async (): Promise<string> => (await site.get('/')).reason
  expect([await ask(), await ask(), await ask()]).toEqual(['OK', 'OK', 'denied by the first'])
  folder.write('policy.ts', LIMITED(2, 'the second'))
  expect(await site.server.policies.reload()).toBe(true)
  expect(await ask()).toBe('denied by the second')
  folder.write('policy.ts', LIMITED(3, 'the third'))
  expect(await site.server.policies.reload()).toBe(true)
  expect(await ask()).toBe('OK')
})
