import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { RawClient } from '../support/raw-client.ts'
import { until } from '../support/until.ts'
import { type Connected, type Crew, crew, folder, policyFile, who } from './rig.ts'

/** Asks one after another until told to stop; resolves with the statuses. */
function traffic(connected: Connected): { stop(): Promise<number[]> } {
  let going = true
  const run = async (): Promise<number[]> => {
    const statuses: number[] = []
    for (let index = 0; going || statuses.length === 0; index++) statuses.push((await connected.get(`/page/${index % 7}`)).status)
    return statuses
  }
  const done = run()
  return {
    stop: () => {
      going = false
      return done
    },
  }
}

async function afterDeath(site: Crew, survivor: Connected, die: () => unknown): Promise<void> {
  const others = traffic(survivor)
  die()
  await until(() => site.deaths().length === 1, 'the death')
  await until(() => site.events.some(({ message }) => message.startsWith('a worker serves in the place')), 'the replacement')
  const statuses = await others.stop()
  expect(statuses.every((status) => status === 200)).toBe(true)
  const threads = (await site.connectToEach()).map(({ thread }) => thread)
  expect(threads).toContain(survivor.thread)
}

describe('a worker that dies', () => {
  for (const [how, fields] of [
    ['throw', { code: 1, err: expect.objectContaining({ message: 'thrown on purpose' }) }],
    ['reject', { code: 1, err: expect.objectContaining({ message: 'rejected on purpose' }) }],
    ['exit', { code: 7 }],
    ['heap', { err: expect.objectContaining({ code: 'ERR_WORKER_OUT_OF_MEMORY' }) }],
  ] as const)
    it(`by ${how} is replaced, and the other loses no request`, async () => {
      const site = await crew({ policyFile: policyFile(), heap: { maxOldGenerationSizeMb: 32, maxYoungGenerationSizeMb: 8 } })
      const [victim, survivor] = (await site.connectToEach()) as [Connected, Connected]
      const before = site.stat('client_req')
      await afterDeath(site, survivor, () => victim.client.send(`GET /die/${how} HTTP/1.1\r\nHost: www.example\r\n\r\n`))
      expect(site.deaths()).toEqual([
        { message: expect.any(String), fields: expect.objectContaining({ event: 'worker', deaths: 1, ...fields }) },
      ])
      expect(site.stat('client_req')).toBeGreaterThan(before)
    })

  it('by terminate is replaced, what it counted stays, and its connections count no more', async () => {
    const site = await crew({ policyFile: policyFile() })
    const connected = await site.connectToEach()
    for (const worker of connected) await worker.get('/a')
    await until(() => site.stat('cache_miss') + site.stat('cache_hit') === 2, 'the counts')
    const misses = site.stat('cache_miss')
    await until(() => site.stat('sess_open') === 2, 'the end of the other connections')
    const [first] = site.handles
    await first?.handle.terminate()
    expect(site.stat('cache_miss')).toBe(misses)
    expect(site.stat('sess_open')).toBe(1)
    await until(() => site.handles.length === 3, 'the replacement')
    expect(site.handles[2]?.participant).toBe(first?.participant)
    await until(() => site.events.some(({ message }) => message.startsWith('a worker serves in the place')), 'the replacement serves')
    await site.connectToEach()
    expect(site.stat('cache_miss')).toBe(misses)
  })

  it('while connections wait in its queue has them reset, so that nobody hangs, and leaves no socket behind', async () => {
    const site = await crew({ policyFile: policyFile() })
    const victims = await site.connectToEach()
    for (const victim of victims) victim.client.send('GET /die/never HTTP/1.1\r\nHost: www.example\r\n\r\n')
    const waiting = await Promise.all(Array.from({ length: 30 }, () => RawClient.connect(site.address)))
    onTestFinished(() => {
      for (const client of waiting) client.destroy()
    })
    for (const client of waiting) client.send('GET /die/never HTTP/1.1\r\nHost: www.example\r\n\r\n')
    await Promise.all(site.handles.slice(0, 2).map(({ handle }) => handle.terminate()))
    await Promise.all([...victims.map(({ client }) => client), ...waiting].map((client) => client.closed()))
    await site.server.close()
    await expect(RawClient.connect(site.address)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })

  it('is replaced at its Unix socket, too', async () => {
    const path = join(folder(), 'socket')
    const site = await crew({ policyFile: policyFile(), listen: ['127.0.0.1:0', `unix:${path}`] })
    const threadOf = async (): Promise<string> => {
      const client = await RawClient.connect(path)
      onTestFinished(() => client.destroy())
      return who(client)
    }
    const before = await threadOf()
    await site.handles.find(({ participant }) => participant === 1)?.handle.terminate()
    await until(() => site.events.some(({ message }) => message.startsWith('a worker serves in the place')), 'the replacement')
    expect(await threadOf()).not.toBe(before)
  })
})
