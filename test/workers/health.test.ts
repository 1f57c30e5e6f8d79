/** The health of origin servers with several workers: probed once for all, and known to all. */
import { writeFileSync } from 'node:fs'
import { describe, expect, it, onTestFinished } from 'vitest'
import { reply } from '../journey/site.ts'
import { ScriptedOrigin } from '../support/scripted-origin.ts'
import { until } from '../support/until.ts'
import { type Connected, crew, policyFile } from './rig.ts'

const VCL = new URL('../../vcl-ts/index.ts', import.meta.url).pathname

/** A policy whose backend is probed every 100 ms. */
const probed = (url: string, name: string): string => `
import { threadId } from 'node:worker_threads'
import { backend, definePolicy } from '${VCL}'
const app = backend('${url}', { probe: { path: '/health', interval: 0.1, window: 2, threshold: 2 } })
export default definePolicy({
  backends: { app },
  recv: ({ req, synth, pass }) => (req.url === '/who' ? synth(200, 'thread ' + threadId) : req.url === '/policy' ? synth(200, '${name}') : pass()),
})
`

async function probedOrigin(): Promise<ScriptedOrigin & { well: boolean; probes: () => number }> {
  const state = { well: true }
  const origin = await ScriptedOrigin.start((hit, response) =>
    hit.url === '/health' ? response.writeHead(state.well ? 200 : 500).end() : reply(response, 200, {}, 'x'),
  )
  onTestFinished(() => origin.close())
  return Object.defineProperty(
    Object.assign(origin, { well: true, probes: () => origin.hits.filter(({ url }) => url === '/health').length }),
    'well',
    {
      get: () => state.well,
      set: (well: boolean) => void (state.well = well),
    },
  )
}

/** Workers hear of it a moment after the supervisor knows. */
async function turnsTo(worker: Connected, status: number): Promise<void> {
  await expect.poll(async () => (await worker.get('/a')).status).toBe(status)
}

describe('probes', () => {
  it('run once for all workers, which all know what they found, as does one that comes later', async () => {
    const origin = await probedOrigin()
    const began = performance.now()
    const site = await crew({ policyFile: policyFile(probed(origin.url, 'one')) })
    await until(() => site.stat('VBE.policy.app.happy') === 1, 'the good probes')
    const workers = await site.connectToEach()
    for (const worker of workers) await turnsTo(worker, 200)
    await site.worker(1).terminate()
    await site.replaced(1)
    for (const worker of await site.connectToEach()) await turnsTo(worker, 200)
    origin.well = false
    await until(() => site.stat('VBE.policy.app.happy') === 0, 'the bad probes')
    for (const worker of await site.connectToEach()) await turnsTo(worker, 503)
    const asked = origin.hits.length - origin.probes()
    for (const worker of await site.connectToEach()) await turnsTo(worker, 503)
    expect(origin.hits.length - origin.probes()).toBe(asked)
    origin.well = true
    await until(() => site.stat('VBE.policy.app.happy') === 1, 'the good probes')
    for (const worker of await site.connectToEach()) await turnsTo(worker, 200)
    // However late timers are, one that probes every 100 ms cannot have done so more often.
    expect(origin.probes()).toBeLessThanOrEqual((performance.now() - began) / 100 + 2)
  })

  it('go on through a reload with an equal backend, and end with the last policy that names it', async () => {
    const origin = await probedOrigin()
    const file = policyFile(probed(origin.url, 'one'))
    const site = await crew({ policyFile: file })
    await until(() => site.stat('VBE.policy.app.happy') === 1, 'the good probes')
    writeFileSync(file, probed(origin.url, 'two'))
    expect(await site.server.policies.reload()).toBe(true)
    expect(site.stat('VBE.policy-2.app.happy')).toBe(1)
    for (const worker of await site.connectToEach()) await turnsTo(worker, 200)
    writeFileSync(file, `export default { recv: ({ synth }) => synth(200, 'none') }`)
    await site.server.policies.reload()
    await until(
      () => site.server.policies.list().every(({ state }) => state === 'kept' || state === 'active'),
      'the end of the policies before',
    )
    const asked = origin.probes()
    const other = await ScriptedOrigin.start((_hit, response) => response.end())
    onTestFinished(() => other.close())
    writeFileSync(file, probed(other.url, 'three'))
    await site.server.policies.reload()
    await until(() => other.hits.length >= 3, 'probes of another server')
    expect(origin.probes()).toBeLessThanOrEqual(asked + 1)
  })
})

describe('what a director leaves out', () => {
  it('is told of each worker, and shown for all', async () => {
    const good = await ScriptedOrigin.start((_hit, response) => reply(response, 200, {}, 'good'))
    const bad = await ScriptedOrigin.start((_hit, response) => reply(response, 500, {}, 'bad'))
    onTestFinished(async () => {
      await good.close()
      await bad.close()
    })
    const text = `
import { threadId } from 'node:worker_threads'
import { backend, definePolicy, roundRobin } from '${VCL}'
export default definePolicy({
  backends: { pool: roundRobin([backend('${good.url}'), backend('${bad.url}')]) },
  recv: ({ req, synth, pass }) => (req.url === '/who' ? synth(200, 'thread ' + threadId) : pass()),
})`
    const site = await crew({ policyFile: policyFile(text), admin: '127.0.0.1:0' })
    for (const worker of await site.connectToEach())
      for (let i = 0; i < 12; i++) expect((await worker.get(`/${i}`)).body.toString()).toBe('good')
    expect(bad.hits).toHaveLength(10)
    await until(() => site.events.filter(({ fields }) => fields['director'] === 'roundRobin').length === 2, 'the events')
    const answer = (await (await fetch(`http://${site.server.admin}/api/backends`)).json()) as { backends: unknown; directors: unknown }
    expect(answer).toMatchObject({
      backends: [{ name: 'boot.default' }, { name: 'policy.pool.1', ejected: 0 }, { name: 'policy.pool.2', ejected: 2, health: 'healthy' }],
      directors: [{ name: 'policy.pool', kind: 'roundRobin', members: ['policy.pool.1', 'policy.pool.2'], healthy: 2 }],
    })
  })
})
