/** Bans and purges, backends and their health, and the change of policies (behaviours 61–67). */
import { expect, onTestFinished } from 'vitest'
import { type BackendOptions, backend, definePolicy } from '../../vcl-ts/index.ts'
import { ask, operated } from '../admin/rig.ts'
import { always, type Fields, reply, type Site, type SiteOptions } from '../journey/site.ts'
import { Folder } from '../policy/folder.ts'
import { Gate, type OriginScript, ScriptedOrigin } from '../support/scripted-origin.ts'
import { until } from '../support/until.ts'
import { behaviour, open } from './site.ts'

const KEPT: Fields = { 'Cache-Control': 'max-age=6000' }

const verdict = async (site: Site, path: string = '/', fields: Fields = {}): Promise<string | undefined> =>
  (await site.get(path, fields)).get('x-cache')

const ban = async (site: Site, expression: string): Promise<string> => (await site.ask('BAN', '/', { 'X-Ban': expression })).body.toString()

async function origin(script: OriginScript): Promise<ScriptedOrigin> {
  const started = await ScriptedOrigin.start(script)
  onTestFinished(() => started.close())
  return started
}

/** A site whose policy names one backend, `main`. */
const before = (server: ScriptedOrigin, options: BackendOptions, more: SiteOptions = {}): Promise<Site> =>
  operated(() => {}, {
    preset: 'varnish',
    policy: definePolicy({ name: 'shop', backends: { main: backend(server.url, options) } }),
    ...more,
  })

behaviour(61, 'a ban takes what is older and leaves what is newer, and a field that is absent matches no pattern', async () => {
  const site = await open((hit, response) => reply(response, 200, { ...KEPT, ...(hit.url === '/marked' ? { 'X-Mark': 'a' } : {}) }))
  for (const path of ['/marked', '/plain']) await site.get(path)
  await ban(site, 'obj.http.X-Mark ~ .*')
  expect([await verdict(site, '/marked'), await verdict(site, '/plain')]).toEqual(['MISS', 'HIT'])
  expect([await verdict(site, '/marked'), await verdict(site, '/plain')]).toEqual(['HIT', 'HIT'])
  await ban(site, 'obj.http.X-Mark !~ a')
  expect([await verdict(site, '/marked'), await verdict(site, '/plain')]).toEqual(['HIT', 'MISS'])
})

behaviour(62, 'bans by request and by object are both answered from what is stored, and end without any traffic', async () => {
  const site = await open((_hit, response) => reply(response, 200, { ...KEPT, Vary: 'X-Lang' }))
  for (const path of ['/a', '/b']) for (const lang of ['de', 'fr']) await site.get(path, { 'X-Lang': lang })
  expect(await ban(site, 'obj.http.Vary == X-Lang && obj.url == /a')).toBe('Banned 2\n')
  expect(await ban(site, 'req.url == /b && req.http.X-Lang == de')).toBe('Banned 1\n')
  expect((await site.ask('BAN', '/', { 'X-Ban': 'req.http.X-Other == a' })).status).toBe(400)
  await until(() => site.stat('bans_completed') === site.stat('bans'), 'the end of both')
  expect(site.stat('n_object')).toBe(1)
  expect([await verdict(site, '/b', { 'X-Lang': 'fr' }), await verdict(site, '/b', { 'X-Lang': 'de' })]).toEqual(['HIT', 'MISS'])
})

behaviour(63, 'a purge takes all variants, and one that restarts fetches anew', async () => {
  const site = await open((hit, response) => reply(response, 200, { ...KEPT, Vary: 'X-Lang' }, `${hit.index}`), {
    policy: definePolicy({
      purge({ req, restart }) {
        if (!req.headers.has('x-refill')) return
        req.method = 'GET'
        return restart()
      },
    }),
  })
  const langs = ['de', 'fr', 'en']
  const all = async (): Promise<(string | undefined)[]> => Promise.all(langs.map((lang) => verdict(site, '/', { 'X-Lang': lang })))
  await all()
  expect((await site.ask('PURGE', '/')).body.toString()).toBe('Purged 3\n')
  expect(await all()).toEqual(['MISS', 'MISS', 'MISS'])
  const refilled = await site.ask('PURGE', '/', { 'X-Refill': '1', 'X-Lang': 'de' })
  expect([refilled.status, refilled.get('x-cache'), refilled.body.toString()]).toEqual([200, 'MISS', '6'])
  expect(await all()).toEqual(['HIT', 'MISS', 'MISS'])
})

behaviour(64, 'without a place in the queue one request too many is 503 at once, and counted', async () => {
  const gate = new Gate()
  const server = await origin(async (_hit, response) => {
    await gate.opened
    reply(response, 200, {})
  })
  const site = await before(server, { maxConnections: 1, waitLimit: 0 })
  const first = site.get('/1')
  await server.hit(0)
  expect((await site.get('/2')).status).toBe(503)
  expect(site.stat('backend_busy')).toBe(1)
  gate.open()
  expect((await first).status).toBe(200)
})

behaviour(64, 'with a queue it waits, until a connection is free or the backend is sick', async () => {
  for (const sick of [false, true]) {
    const gate = new Gate()
    const server = await origin(async (_hit, response) => {
      await gate.opened
      reply(response, 200, {})
    })
    const site = await before(server, { maxConnections: 1, waitLimit: 5 })
    const first = site.get('/1')
    await server.hit(0)
    const waiting = site.get('/2')
    await until(() => site.stat('s_fetch') === 2, 'who waits')
    if (sick) {
      await ask(site.server.admin ?? '', 'PUT /api/backends/shop.main/health', { body: { health: 'sick' } })
      expect((await waiting).status).toBe(503)
    }
    gate.open()
    expect([(await first).status, (await waiting).status]).toEqual([200, sick ? 503 : 200])
    expect(server.hits.length).toBe(sick ? 1 : 2)
  }
})

behaviour(65, 'a backend with a probe is sick until the first one is good, unless it is given the benefit of the doubt', async () => {
  for (const [initial, status] of [
    [undefined, 503],
    [3, 200],
  ] as const) {
    const gate = new Gate()
    const server = await origin(async (hit, response) => {
      if (hit.url === '/probe') await gate.opened
      reply(response, 200, {})
    })
    const site = await before(server, { probe: { path: '/probe', ...(initial === undefined ? {} : { initial }) } })
    await server.hit(0)
    expect((await site.get('/')).status, `initial ${initial}`).toBe(status)
    gate.open()
    let healthy = false
    while (!healthy) healthy = (await site.get('/')).status === 200
  }
})

behaviour(
  66,
  'another policy ends the probes of the one before, keeps what is stored, and lets old requests end with the old code',
  async () => {
    const [gate, server] = [
      new Gate(),
      await origin(async (hit, response) => {
        if (hit.url === '/slow') await gate.opened
        reply(response, 200, KEPT)
      }),
    ]
    const text = (word: string): string => `import { backend, definePolicy } from 'clearcoat/vcl-ts'
export default definePolicy({
  backends: { main: backend('${server.url}', { probe: { path: '/probe-${word}', initial: 3 } }) },
  deliver({ resp }) { resp.headers.set('X-Policy', '${word}') },
})
`
    const folder = new Folder({ 'shop.ts': text('one') })
    const site = await open(() => {}, { policyFile: folder.of('shop.ts') })
    const probes = (word: string): number => server.hits.filter(({ url }) => url === `/probe-${word}`).length
    await until(() => probes('one') === 1, 'the first probe')
    expect((await site.get('/')).get('x-policy')).toBe('one')
    const slow = site.get('/slow')
    await until(() => server.hits.some(({ url }) => url === '/slow'))

    folder.write('shop.ts', text('two'))
    expect(await site.server.policies.reload()).toBe(true)
    await until(() => probes('two') === 1, 'the other probe')
    const hit = await site.get('/')
    expect([hit.get('x-policy'), hit.get('x-cache')]).toEqual(['two', 'HIT'])
    gate.open()
    expect((await slow).get('x-policy')).toBe('one')
    await until(() => site.server.policies.list()[0]?.state === 'kept')
    const ended = probes('one')
    site.clock.advance(5000)
    await until(() => probes('two') === 2, 'another probe')
    expect(probes('one')).toBe(ended)

    await site.server.policies.use('shop')
    await until(() => probes('one') > ended, 'probes again')
    expect((await site.get('/')).get('x-policy')).toBe('one')
  },
)

behaviour(67, 'the health of a backend is set by its whole name', async () => {
  const server = await origin(always({ 'Cache-Control': 'private' }))
  const policy = definePolicy({ name: 'shop', backends: { b: backend(server.url), ba: backend('none') } })
  const site = await operated(() => {}, { preset: 'varnish', policy })
  const set = async (name: string): Promise<number> =>
    (await ask(site.server.admin, `PUT /api/backends/${name}/health`, { body: { health: 'sick' } })).status
  for (const name of ['shop.', 'sho', 'shop.B', 'shop.bb', 'a']) expect(await set(name), name).toBe(404)
  expect(await set('shop.ba')).toBeLessThan(300)
  expect((await site.get('/')).status).toBe(200)
  expect(await set('shop.b')).toBeLessThan(300)
  expect((await site.get('/')).status).toBe(503)
})
