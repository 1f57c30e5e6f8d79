import { createServer as createPlain } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createServer, ListenError } from '../../src/index.ts'
import { until } from '../support/until.ts'
import { crew, policyFile } from './rig.ts'

describe('workers', () => {
  it('serve one port, and both are used', async () => {
    const site = await crew({ policyFile: policyFile() })
    const [one, two] = await site.connectToEach()
    expect(one?.thread).not.toBe(two?.thread)
    expect((await one?.get('/a'))?.status).toBe(200)
    expect((await two?.get('/a'))?.status).toBe(200)
    expect(site.server.addresses).toEqual([expect.stringMatching(/^127\.0\.0\.1:[1-9]\d*$/)])
  })

  it('count together, and each by itself', async () => {
    const site = await crew({ policyFile: policyFile(), admin: '127.0.0.1:0' })
    const [one, two] = await site.connectToEach()
    for (const worker of [one, two]) {
      await worker?.get('/a')
      await worker?.get('/a')
    }
    await until(() => site.stat('cache_hit') + site.stat('cache_miss') === 4, 'the counts')
    await until(() => site.stat('sess_open') === 2, 'the end of the other connections')
    expect(site.stat('VBE.boot.default.req')).toBe(site.stat('cache_miss'))
    // Who came while the first answer was on its way into the table waited for it. A reason is counted behind the answer.
    await until(() => site.stat('reason_HIT') + site.stat('reason_COLLAPSED') === site.stat('cache_hit'), 'a reason for each hit')
    const plain = (await (await fetch(`http://${site.server.admin}/stat`)).json()) as Record<string, number>
    const all = (await (await fetch(`http://${site.server.admin}/stat?workers=1`)).json()) as Record<string, number>
    expect(Object.keys(plain).filter((name) => name.startsWith('worker.'))).toEqual([])
    expect(all['cache_hit']).toBe(plain['cache_hit'])
    for (const name of ['cache_hit', 'cache_miss', 's_synth', 'sess_conn', 'sess_open'])
      expect((all[`worker.1.${name}`] ?? 0) + (all[`worker.2.${name}`] ?? 0), name).toBe(all[name])
    expect([all['worker.1.sess_open'], all['worker.2.sess_open']]).toEqual([1, 1])
  })

  it('hand their access records to the log that was given', async () => {
    const site = await crew({ policyFile: policyFile() })
    for (const worker of await site.connectToEach()) await worker.get('/logged')
    await until(() => site.records.filter(({ url }) => url === '/logged').length === 2, 'two records')
  })

  it('are refused an address that is in use, whether or not it could be shared', async () => {
    for (const reusePort of [false, true]) {
      const other = createPlain().listen({ port: 0, host: '127.0.0.1', reusePort })
      onTestFinished(() => void other.close())
      await new Promise((resolve) => other.once('listening', resolve))
      const address = other.address()
      const port = typeof address === 'object' ? address?.port : 0
      const failed = createServer({ workers: 2, origin: 'http://127.0.0.1:9', listen: [`127.0.0.1:${port}`] })
      await expect(failed).rejects.toMatchObject({ name: 'ListenError', code: 'EADDRINUSE' })
      await expect(failed).rejects.toBeInstanceOf(ListenError)
    }
  })

  it('are refused an address that is given twice', async () => {
    const free = createPlain().listen({ port: 0, host: '127.0.0.1' })
    await new Promise((resolve) => free.once('listening', resolve))
    const address = free.address()
    const port = typeof address === 'object' ? address?.port : 0
    await new Promise((resolve) => free.close(resolve))
    const twice = [`127.0.0.1:${port}`, `127.0.0.1:${port}`]
    await expect(createServer({ workers: 2, origin: 'http://127.0.0.1:9', listen: twice })).rejects.toMatchObject({ code: 'EADDRINUSE' })
  })

  it('cannot have a policy or a clock that lives in this thread', async () => {
    const clock = { now: () => 0, wall: () => 0, after: () => ({ cancel() {}, refresh() {} }) }
    await expect(createServer({ workers: 2, policy: {} })).rejects.toMatchObject({
      name: 'ConfigError',
      how: expect.stringContaining('policyFile'),
    })
    await expect(createServer({ workers: 2, clock })).rejects.toMatchObject({ name: 'ConfigError' })
    await expect(createServer({ workers: 65 })).rejects.toMatchObject({ name: 'ConfigError' })
    await expect(createServer({ workers: 0 })).rejects.toMatchObject({ name: 'ConfigError' })
  })
})
