import { describe, expect, it } from 'vitest'
import { backend, definePolicy } from '../../vcl-ts/index.ts'
import { always } from '../journey/site.ts'
import { Folder, showing } from '../policy/folder.ts'
import { api, ask, operated, problem } from './rig.ts'

describe('/api/status', () => {
  it('tells version, process, addresses, workers, policy, preset and memory', async () => {
    const site = await operated(always({ 'Cache-Control': 'max-age=60' }), { preset: 'rfc9111' })
    await site.get('/')
    site.clock.advance(5500)
    expect(await api(site, 'GET /api/status')).toEqual({
      version: expect.stringMatching(/^\d+\.\d+\.\d+/),
      pid: process.pid,
      state: 'running',
      degraded: [],
      fleet: null,
      uptime: 5,
      addresses: [site.address],
      admin: site.server.admin,
      workers: 1,
      policy: 'builtin',
      preset: 'rfc9111',
      memory: { budget: 64 * 1024 * 1024, used: site.stat('g_bytes'), rss: expect.any(Number), heap: expect.any(Number) },
    })
    expect(site.stat('g_bytes')).toBeGreaterThan(0)
  })
})

describe('/api/params', () => {
  it('lists, shows, sets and resets', async () => {
    const site = await operated()
    const { params } = (await api(site, 'GET /api/params')) as { params: { name: string }[] }
    expect(params.map(({ name }) => name)).toEqual(site.server.params.list().map(({ name }) => name))
    expect(await api(site, 'PUT /api/params/default_ttl', { value: '10s' })).toMatchObject({ name: 'default_ttl', value: 10, default: 0 })
    expect(await api(site, 'PUT /api/params/max_restarts', { value: 7 })).toMatchObject({ value: 7 })
    expect(await api(site, 'GET /api/params/default_ttl')).toMatchObject({ value: 10, unit: 'seconds', min: 0 })
    expect(await api(site, 'DELETE /api/params/default_ttl')).toMatchObject({ value: 0 })
    expect(site.server.settings.limits.restarts).toBe(7)
  })

  it('refuses what cannot be', async () => {
    const site = await operated()
    expect(await problem(site, 404, 'GET /api/params/default_tll')).toMatchObject({ how: expect.stringContaining('default_ttl') })
    expect(await problem(site, 400, 'PUT /api/params/http_req_size', { body: { value: '1' } })).toMatchObject({
      detail: expect.stringContaining('1k to 16M'),
    })
    await problem(site, 400, 'PUT /api/params/http_req_size', { body: { value: true } })
    await problem(site, 404, 'PUT /api/params/x', { body: { value: 1 } })
    await problem(site, 405, 'POST /api/params/default_ttl', { body: { value: 1 } })
  })
})

describe('/api/policies', () => {
  it('loads, uses, lists and forgets', async () => {
    const folder = new Folder({ 'one.ts': showing('one'), 'two.ts': showing('two') })
    const site = await operated(always({}), { policyFile: folder.of('one.ts') })
    expect(await api(site, 'POST /api/policies', { file: folder.of('two.ts') })).toEqual({ name: 'two' })
    expect(await api(site, 'GET /api/policies')).toEqual({
      policies: [
        { name: 'one', file: folder.of('one.ts'), state: 'active', transactions: 0 },
        { name: 'two', file: folder.of('two.ts'), state: 'ready', transactions: 0 },
      ],
    })
    expect(await api(site, 'POST /api/policies/two/use')).toEqual({ status: 'ok' })
    expect((await site.get('/')).get('x-policy')).toBe('two')
    await problem(site, 409, 'DELETE /api/policies/two')
    expect(await api(site, 'DELETE /api/policies/one')).toEqual({ status: 'ok' })
    expect(await api(site, 'GET /api/policies')).toMatchObject({ policies: [{ name: 'two' }] })
  })

  it('refuses one that is broken with its place, and the old one serves on', async () => {
    const folder = new Folder({ 'one.ts': showing('one'), 'bad.ts': 'export default {\n  recv( }' })
    const site = await operated(always({}), { policyFile: folder.of('one.ts') })
    expect(await problem(site, 422, 'POST /api/policies', { body: { file: folder.of('bad.ts') } })).toMatchObject({
      detail: expect.stringMatching(/bad\.ts:2:\d+/),
    })
    await problem(site, 422, 'POST /api/policies', { body: { file: folder.of('none.ts') } })
    await problem(site, 409, 'POST /api/policies', { body: { file: folder.of('one.ts'), name: 'one' } })
    await problem(site, 409, 'POST /api/policies', { body: { file: folder.of('one.ts'), name: 'a b' } })
    await problem(site, 404, 'POST /api/policies/none/use')
    await problem(site, 404, 'DELETE /api/policies/none')
    expect((await site.get('/')).get('x-policy')).toBe('one')
  })
})

describe('/api/backends', () => {
  it('lists origin servers by policy and name, with counters that /stat has as well', async () => {
    const target = await operated(always({ 'Cache-Control': 'no-store' }))
    const app = backend(target.origin.url)
    const dead = backend('http://127.0.0.1:9')
    const policy = definePolicy({
      name: 'shop',
      backends: { app, dead },
      recv({ req }) {
        if (req.url === '/dead') req.backend = dead
      },
    })
    const site = await operated(always({}), { policy })
    await site.get('/')
    await site.get('/')
    await site.get('/dead')
    expect(await api(site, 'GET /api/backends')).toMatchObject({
      backends: [
        { name: 'boot.default', url: site.origin.url, admin: 'auto', health: 'healthy', counters: { req: 0, conn: 0, happy: 1 } },
        { name: 'shop.app', url: target.origin.url, counters: { req: 2, conn: 1, fail: 0 } },
        { name: 'shop.dead', url: 'http://127.0.0.1:9', counters: { req: 0, fail: 1, fail_econnrefused: 1 } },
      ],
    })
    expect(site.server.stat()).toMatchObject({ 'VBE.shop.app.req': 2, 'VBE.shop.dead.fail': 1, 'VBE.shop.dead.fail_econnrefused': 1 })
  })

  it('counts by whom an answer failed', async () => {
    const site = await operated((hit, response) => {
      if (hit.url === '/reset') response.destroy()
      else if (hit.url === '/never') return
      else response.socket?.end('HTTP/9.9 what\r\n\r\n')
    })
    await site.get('/reset')
    await site.get('/odd')
    const never = site.get('/never')
    // What was reset was asked for twice.
    await site.origin.hit(3)
    site.clock.advance(60_000)
    await never
    expect(site.server.stat()).toMatchObject({
      'VBE.boot.default.broken': 3,
      'VBE.boot.default.first_byte_timeout': 1,
      'VBE.boot.default.conn': 0,
    })
  })

  it('sets health by the whole name; equal servers of a reloaded policy share it', async () => {
    const folder = new Folder({})
    const site = await operated(always({ 'Cache-Control': 'no-store' }))
    const source = (name: string): string => `import { backend, definePolicy } from 'clearcoat/vcl-ts'
export default definePolicy({ name: '${name}', backends: { app: backend('${site.origin.url}') } })`
    folder.write('shop.ts', source('shop'))
    const shop = await operated(always({}), { policyFile: folder.of('shop.ts') })
    expect(await api(shop, 'PUT /api/backends/shop.app/health', { health: 'sick' })).toMatchObject({
      name: 'shop.app',
      admin: 'sick',
      health: 'sick',
    })
    expect((await shop.get('/')).status).toBe(503)
    await shop.server.policies.reload()
    expect((await shop.get('/')).status).toBe(503)
    expect(await api(shop, 'GET /api/backends')).toMatchObject({
      backends: [{}, { name: 'shop-2.app', health: 'sick' }],
    })
    await api(shop, 'PUT /api/backends/app/health', { health: 'auto' })
    expect((await shop.get('/')).status).toBe(200)
    await problem(shop, 404, 'PUT /api/backends/shop/health', { body: { health: 'sick' } })
    await problem(shop, 404, 'PUT /api/backends/Shop.app/health', { body: { health: 'sick' } })
    await problem(shop, 400, 'PUT /api/backends/shop.app/health', { body: { health: 'ill' } })
  })

  it('is not asked by an explanation either, once it is marked sick', async () => {
    const site = await operated()
    await api(site, 'PUT /api/backends/boot.default/health', { health: 'sick' })
    await api(site, 'POST /api/explain', { url: 'http://www.example/', fetch: true })
    expect(site.origin.hits.length).toBe(0)
    await api(site, 'PUT /api/backends/boot.default/health', { health: 'healthy' })
    await api(site, 'POST /api/explain', { url: 'http://www.example/', fetch: true })
    expect(site.origin.hits.length).toBe(1)
    expect(site.server.stat()).toMatchObject({ 'VBE.boot.default.req': 0, 'VBE.boot.default.unhealthy': 0 })
  })

  it('lets nobody wait for a connection to what has become sick, while what is under way ends', async () => {
    const held: (() => void)[] = []
    const target = await operated((_hit, response) => void held.push(() => response.end('late')))
    const site = await operated(always({}), { origin: backend(target.origin.url, { maxConnections: 1 }) })
    const first = site.get('/1')
    await target.origin.hit(0)
    const second = site.get('/2')
    while (site.stat('cache_miss') < 2) await new Promise((resolve) => setImmediate(resolve))
    await api(site, 'PUT /api/backends/boot.default/health', { health: 'sick' })
    expect((await second).status).toBe(503)
    held[0]?.()
    expect((await first).body.toString()).toBe('late')
  })
})

describe('/api/explain', () => {
  it('checks what it is asked', async () => {
    const site = await operated()
    await problem(site, 400, 'POST /api/explain', { body: { method: 'GET' } })
    await problem(site, 400, 'POST /api/explain', { body: { url: '/', headers: { a: 'b' } } })
    expect((await ask(site.server.admin, 'GET /api/explain')).status).toBe(405)
  })
})
