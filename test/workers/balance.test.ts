import { expect, it, onTestFinished } from 'vitest'
import { RawClient } from '../support/raw-client.ts'
import { until } from '../support/until.ts'
import { crew } from './rig.ts'

const CONNECTIONS = 1000

it('the busier of two workers has 1.2 times the mean of a thousand connections at most', async () => {
  const site = await crew({ admin: '127.0.0.1:0' })
  const clients: RawClient[] = []
  onTestFinished(() => {
    for (const client of clients) client.destroy()
  })
  for (let opened = 0; opened < CONNECTIONS; opened += 100)
    clients.push(...(await Promise.all(Array.from({ length: 100 }, () => RawClient.connect(site.address)))))
  await until(() => site.stat('sess_open') === CONNECTIONS, 'all connections')
  const all = (await (await fetch(`http://${site.server.admin}/stat?workers=1`)).json()) as Record<string, number>
  const shares = [1, 2].map((worker) => all[`worker.${worker}.sess_open`] ?? 0)
  expect(shares.reduce((sum, share) => sum + share)).toBe(CONNECTIONS)
  // The kernel's hash of addresses and ports decides: 600 of 1000 are six deviations from the mean.
  expect(Math.max(...shares)).toBeLessThanOrEqual(1.2 * (CONNECTIONS / 2))
})
