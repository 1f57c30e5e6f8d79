import { writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { PolicyLoadError } from '../../src/index.ts'
import { backend } from '../../vcl-ts/index.ts'
import { ask } from '../admin/rig.ts'
import { reply } from '../journey/site.ts'
import { Gate } from '../support/scripted-origin.ts'
import { until } from '../support/until.ts'
import { type Connected, type Crew, type CrewOptions, crew, policyFile } from './rig.ts'

/** A policy that tells its name and its thread, and counts what happens to it in a file. */
const named = (name: string, init = ''): string => `
import { threadId } from 'node:worker_threads'
export default {
  init: async () => { ${init} },
  recv: ({ req, synth }) => {
    if (req.url === '/who') return synth(200, 'thread ' + threadId)
    if (req.url === '/policy') return synth(200, '${name}')
  },
}
`

const policyOf = async (worker: Connected): Promise<string> => (await worker.get('/policy')).reason

async function policies(workers: readonly Connected[]): Promise<string[]> {
  return Promise.all(workers.map(policyOf))
}

/** Ends the worker of the first place; resolves when another one serves there. */
async function replaced(site: Crew): Promise<void> {
  const serving = (): number => site.events.filter(({ message }) => message.startsWith('a worker serves in the place')).length
  const before = serving()
  const first = site.handles.findLast(({ participant }) => participant === 1)
  await first?.handle.terminate()
  await until(() => serving() > before, 'the replacement')
}

const FIELDS = Object.fromEntries(Array.from({ length: 5 }, (_, index) => [`X-Field-${index}`, 'x']))

/** Resolves when every worker answers a request of some fields so: what is told to workers is in force there soon, not at once. */
async function allAnswer(site: Crew, status: number): Promise<void> {
  const deadline = performance.now() + 15_000
  for (;;) {
    const answers = await Promise.all((await site.connectToEach()).map((worker) => worker.get('/a', FIELDS)))
    if (answers.every((answer) => answer.status === status)) return
    if (performance.now() > deadline) throw new Error(`not every worker answers ${status}: ${answers.map((answer) => answer.status)}`)
  }
}

describe('parameters', () => {
  it('are set in every worker, and in one that comes later', async () => {
    const site = await crew({ policyFile: policyFile(), script: (_hit, response) => reply(response, 200, {}, 'x') })
    site.server.params.set('max_restarts', 1)
    site.server.params.set('http_max_hdr', 5)
    await allAnswer(site, 431)
    await replaced(site)
    await allAnswer(site, 431)
    site.server.params.reset('http_max_hdr')
    await allAnswer(site, 200)
  })
})

describe('the health of an origin server', () => {
  it('is what the operator said in every worker, and in one that comes later', async () => {
    const site = await crew({ policyFile: policyFile(), admin: '127.0.0.1:0' })
    await fetch(`http://${site.server.admin}/api/backends/boot.default/health`, {
      method: 'PUT',
      headers: { 'Content-Type': 'application/json' },
      body: '{"health":"sick"}',
    })
    await replaced(site)
    for (const worker of await site.connectToEach()) expect((await worker.get('/a')).status).toBe(503)
    expect(site.origin.hits).toHaveLength(0)
    expect(site.stat('VBE.boot.default.unhealthy')).toBe(2)
    expect(site.stat('VBE.boot.default.happy')).toBe(0)
  })
})

describe('limits on connections', () => {
  it.each<[string, CrewOptions]>([
    ['of the server', { limits: { originConnections: 2 } }],
    ['of a backend', { asked: (url) => backend(url, { maxConnections: 2 }) }],
  ])('%s hold for all workers together', async (_whose, options) => {
    const gate = new Gate()
    const site = await crew({
      policyFile: policyFile(),
      ...options,
      script: async (_hit, response) => {
        await gate.opened
        reply(response, 200, {}, 'x')
      },
    })
    const workers = [...(await site.connectToEach()), ...(await site.connectToEach())]
    const answers = workers.map((worker, index) => worker.get(`/slow/${index}`))
    await until(() => site.origin.hits.length === 2 && site.stat('cache_miss') === 4, 'the fetches')
    expect(site.stat('VBE.boot.default.conn')).toBe(2)
    gate.open()
    for (const answer of await Promise.all(answers)) expect(answer.status).toBe(200)
    expect(site.stat('backend_conn')).toBe(2)
  })
})

describe('policies', () => {
  it('are loaded, used and used again in all workers, and in one that comes later', async () => {
    const site = await crew({ policyFile: policyFile(named('one'), 'one.ts') })
    const workers = await site.connectToEach()
    expect(await policies(workers)).toEqual(['one', 'one'])
    await site.server.policies.load('two', policyFile(named('two')))
    expect(await policies(workers)).toEqual(['one', 'one'])
    await site.server.policies.use('two')
    expect(await policies(workers)).toEqual(['two', 'two'])
    await replaced(site)
    const later = await site.connectToEach()
    expect(await policies(later)).toEqual(['two', 'two'])
    await site.server.policies.use('one')
    expect(await policies(later)).toEqual(['one', 'one'])
    await site.server.policies.discard('two')
    expect(site.server.policies.list().map(({ name, state }) => [name, state])).toEqual([['one', 'active']])
  })

  it('are reloaded from their file, and refused everywhere when it is wrong', async () => {
    const file = policyFile(named('old'))
    const site = await crew({ policyFile: file })
    const workers = await site.connectToEach()
    writeFileSync(file, named('new'))
    expect(await site.server.policies.reload()).toBe(true)
    expect(await policies(workers)).toEqual(['new', 'new'])
    writeFileSync(file, 'export default { recv: 1 }')
    expect(await site.server.policies.reload()).toBe(false)
    expect(await policies(workers)).toEqual(['new', 'new'])
  })

  it('that one worker refuses are refused everywhere, with its reason', async () => {
    const site = await crew({ policyFile: policyFile(named('one'), 'one.ts') })
    const workers = await site.connectToEach()
    const [victim] = workers
    const id = victim?.thread.split(' ')[1]
    const picky = policyFile(named('picky', `if (String(threadId) === '${id}') throw new Error('not in this thread')`))
    const refused = site.server.policies.load('picky', picky)
    await expect(refused).rejects.toMatchObject({
      name: 'PolicyLoadError',
      reason: 'init failed: not in this thread',
      line: expect.any(Number),
    } satisfies Partial<Record<keyof PolicyLoadError, unknown>>)
    expect(site.server.policies.list().map(({ name }) => name)).toEqual(['one'])
    await site.server.policies.load('picky', policyFile(named('better')))
    await site.server.policies.use('picky')
    expect(await policies(workers)).toEqual(['better', 'better'])
  })

  it('count their transactions in all workers', async () => {
    const gate = new Gate()
    const site = await crew({
      policyFile: policyFile(named('one'), 'one.ts'),
      script: async (_hit, response) => {
        await gate.opened
        reply(response, 200, {}, 'x')
      },
    })
    const workers = await site.connectToEach()
    const answers = workers.map((worker, index) => worker.get(`/slow/${index}`))
    await until(() => site.origin.hits.length === 2, 'the fetches')
    expect(site.server.policies.list()[0]?.transactions).toBeGreaterThanOrEqual(2)
    await site.server.policies.load('two', policyFile(named('two')))
    await site.server.policies.use('two')
    expect(site.server.policies.list().map(({ state }) => state)).toEqual(['draining', 'active'])
    gate.open()
    await Promise.all(answers)
    await until(() => site.server.policies.list()[0]?.transactions === 0, 'the end of the transactions')
    expect(site.server.policies.list().map(({ state }) => state)).toEqual(['kept', 'active'])
  })
})

describe('draining', () => {
  it('lets every worker finish what it has under way', async () => {
    const gate = new Gate()
    const site = await crew({
      policyFile: policyFile(),
      script: async (_hit, response) => {
        await gate.opened
        reply(response, 200, {}, 'finished')
      },
    })
    const workers = await site.connectToEach()
    const answers = workers.map((worker, index) => worker.get(`/slow/${index}`))
    await until(() => site.origin.hits.length === 2, 'the fetches')
    const drained = site.server.drain()
    gate.open()
    for (const answer of await Promise.all(answers)) expect([answer.status, answer.body.toString()]).toEqual([200, 'finished'])
    await drained
    await expect(site.get('/')).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    expect(site.deaths()).toEqual([])
  })

  it('ends a worker that does not answer', async () => {
    const site = await crew({ policyFile: policyFile(), deadlines: { drain: 0, hook: 0.01 } })
    const [stuck] = await site.connectToEach()
    stuck?.client.send('GET /die/never HTTP/1.1\r\nHost: www.example\r\n\r\n')
    await site.server.drain()
    await expect(site.get('/')).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })
})

describe('GET /readyz', () => {
  it('sends clients elsewhere while no worker serves, and back as soon as one does', async () => {
    const site = await crew({ admin: '127.0.0.1:0' })
    const ready = () => ask(site.server.admin ?? '', 'GET /readyz')
    expect((await ready()).json).toMatchObject({ status: 'ready', backends: 'healthy' })
    const [first, second] = site.handles
    await first?.handle.terminate()
    expect((await ready()).status).toBe(200)
    const serving = (): number => site.events.filter(({ message }) => message.startsWith('a worker serves in the place')).length
    await until(() => serving() === 1, 'the replacement')
    const third = site.handles[2]
    await Promise.all([second?.handle.terminate(), third?.handle.terminate()])
    expect((await ready()).json).toMatchObject({ status: 503, detail: 'no listener is open' })
    await until(() => serving() > 1, 'a worker')
    expect((await ready()).status).toBe(200)
  })
})
