/** Each parameter, set while the server runs, changes what begins afterwards: shown on a real server. */
import { expect, it } from 'vitest'
import { PARAMETERS } from '../../src/config/params.ts'
import { backend, definePolicy } from '../../vcl-ts/index.ts'
import { always, drink, message, open, reply, type Site } from '../journey/site.ts'
import type { RawClient } from '../support/raw-client.ts'
import { until } from '../support/until.ts'
import { ask } from './rig.ts'

const MB = 1024 * 1024
const FRESH = { 'Cache-Control': 'max-age=60' }
const DATE = { Date: 'Thu, 01 Jan 2026 00:00:00 GMT' }

const shown: string[] = []

/** A test that shows the effect of some parameters. */
function param(names: string, title: string, run: () => Promise<void>): void {
  shown.push(...names.split(' '))
  it(`${names}: ${title}`, run)
}

const set = (site: Site, name: string, value: string | number): unknown => site.server.params.set(name, value)
const cached = async (site: Site, path: string = '/'): Promise<string | undefined> => (await site.get(path)).get('x-cache')

/** One request of which only the head is sent on; what comes back is the client's to read. */
async function begun(site: Site, path: string): Promise<RawClient> {
  const client = await site.connect()
  client.send(message('GET', path))
  return client
}

param('default_ttl', 'is the lifetime where nothing gives one, but where something forbids it', async () => {
  const ttls: number[] = []
  const policy = definePolicy({
    backendResponse({ bereq, beresp }) {
      if (bereq.url === '/error') ttls.push(beresp.ttl)
    },
  })
  const site = await open(
    (hit, response) => {
      reply(response, hit.url === '/error' ? 403 : 200, hit.url === '/no-cache' ? { 'Cache-Control': 'no-cache', ETag: '"a"' } : {})
    },
    { policy },
  )
  const twice = async (path: string): Promise<string | undefined> => {
    await site.get(path)
    return cached(site, path)
  }
  expect(await twice('/1')).toBe('MISS')
  set(site, 'default_ttl', '10s')
  expect(await twice('/2')).toBe('HIT')
  expect(await twice('/no-cache')).toBe('MISS')
  expect(await twice('/error')).toBe('MISS')
  expect(ttls).toEqual([0, 0])
  site.clock.advance(11_000)
  expect(await cached(site, '/2')).toBe('MISS')
})

param('default_ttl', 'replaces the 120 s of the preset varnish', async () => {
  const site = await open(always({}), { preset: 'varnish' })
  expect(site.server.params.get('default_ttl')).toMatchObject({ value: 120, default: 120 })
  set(site, 'default_ttl', 5)
  set(site, 'default_grace', 0)
  await site.get('/')
  site.clock.advance(6000)
  expect(await cached(site)).toBe('MISS')
})

param('default_grace', 'lets a stale object answer that has no stale-while-revalidate', async () => {
  const site = await open(always({ 'Cache-Control': 'max-age=10' }))
  await site.get('/before')
  set(site, 'default_grace', '1m')
  await site.get('/after')
  site.clock.advance(11_000)
  expect(await cached(site, '/after')).toBe('STALE')
  expect(await cached(site, '/before')).toBe('MISS')
})

param('default_keep', 'keeps what has a validator that much longer, to be confirmed', async () => {
  const site = await open((hit, response) => {
    if (hit.headers['if-none-match'] === undefined) reply(response, 200, { 'Cache-Control': 'max-age=10, must-revalidate', ETag: '"a"' })
    else reply(response, 304, { ETag: '"a"' })
  })
  await site.get('/before')
  set(site, 'default_keep', '2h')
  await site.get('/after')
  site.clock.advance(3700_000)
  await site.get('/before')
  await site.get('/after')
  expect(site.origin.hits.slice(2).map((hit) => hit.headers['if-none-match'])).toEqual([undefined, '"a"'])
})

param('uncacheable_ttl', 'is how long a refusal is remembered', async () => {
  const site = await open(always({ ...FRESH, 'Set-Cookie': 'a=1' }))
  await site.get('/before')
  set(site, 'uncacheable_ttl', 5)
  await site.get('/after')
  site.clock.advance(6000)
  await site.get('/after')
  expect(site.stat('cache_hitmiss')).toBe(0)
  await site.get('/before')
  expect(site.stat('cache_hitmiss')).toBe(1)
})

param('shortlived', 'is the life below which objects are counted as such', async () => {
  const site = await open(always({ 'Cache-Control': 'max-age=5, must-revalidate' }))
  await site.get('/1')
  expect(site.stat('beresp_shortlived')).toBe(1)
  set(site, 'shortlived', 5)
  await site.get('/2')
  expect(site.stat('beresp_shortlived')).toBe(1)
})

param('connect_timeout first_byte_timeout between_bytes_timeout', 'are those of the next fetch', async () => {
  const seen: number[][] = []
  const policy = definePolicy({
    backendFetch({ bereq }) {
      seen.push([bereq.connectTimeout, bereq.firstByteTimeout, bereq.betweenBytesTimeout])
    },
  })
  const site = await open(
    (hit, response) => {
      if (hit.url === '/half') response.writeHead(200, { 'Content-Length': 10 }).write('half')
      else if (hit.url !== '/never') reply(response, 200, {})
    },
    { policy },
  )
  await site.get('/')
  set(site, 'connect_timeout', '1500ms')
  set(site, 'first_byte_timeout', '5s')
  set(site, 'between_bytes_timeout', '7')
  await site.get('/again')
  expect(seen).toEqual([
    [3.5, 60, 60],
    [1.5, 5, 7],
  ])
  const late = site.get('/never')
  await site.origin.hit(2)
  site.clock.advance(5000)
  expect((await late).status).toBe(504)
  const half = await site.download('/half')
  await new Promise((resolve) => half.once('readable', resolve))
  site.clock.advance(7000)
  await expect(drink(half)).rejects.toThrow()
})

param('backend_idle_timeout', 'closes idle origin connections sooner', async () => {
  const site = await open(always({ 'Cache-Control': 'no-store' }))
  await site.get('/')
  site.clock.advance(3000)
  await site.get('/')
  expect([site.stat('backend_conn'), site.stat('backend_reuse')]).toEqual([1, 1])
  set(site, 'backend_idle_timeout', 2)
  await site.get('/')
  site.clock.advance(3000)
  await site.get('/')
  expect([site.stat('backend_conn'), site.stat('backend_reuse')]).toEqual([2, 2])
})

param('backend_wait_timeout backend_wait_limit', 'bound the wait for a free origin connection', async () => {
  const held: (() => void)[] = []
  const app = (port: number): ReturnType<typeof backend> => backend(`http://127.0.0.1:${port}`, { maxConnections: 1 })
  const site = await open((_hit, response) => void held.push(() => reply(response, 200, {})))
  await site.server.close()
  const tight = await open(always({}), { origin: app(site.origin.port) })
  const first = tight.get('/1')
  await site.origin.hit(0)
  set(tight, 'backend_wait_timeout', '2s')
  const second = tight.get('/2')
  await until(() => tight.stat('cache_miss') === 2)
  tight.clock.advance(2000)
  expect((await second).status).toBe(503)
  set(tight, 'backend_wait_limit', 0)
  expect((await tight.get('/3')).status).toBe(503)
  expect(tight.stat('VBE.boot.default.busy')).toBe(2)
  held[0]?.()
  expect((await first).status).toBe(200)
})

param('timeout_idle', 'is announced to clients, and kept', async () => {
  const site = await open(always(FRESH))
  set(site, 'timeout_idle', 5)
  const client = await site.connect()
  expect((await client.request(message('GET', '/'))).get('keep-alive')).toBe('timeout=5')
  for (let tick = 0; tick < 22; tick++) site.clock.advance(250)
  expect(await client.closed()).toBe('end')
})

param('timeout_req', 'is how long a head may take', async () => {
  const site = await open(always(FRESH))
  set(site, 'timeout_req', 1)
  const client = await site.connect()
  client.send('GET / HT')
  await until(() => site.stat('sess_conn') === 1)
  await new Promise((resolve) => setImmediate(resolve))
  for (let tick = 0; tick < 8; tick++) {
    site.clock.advance(250)
    await new Promise((resolve) => setImmediate(resolve))
  }
  expect((await client.response()).status).toBe(408)
})

param('idle_send_timeout send_timeout', 'cut off who takes nothing', async () => {
  for (const name of ['idle_send_timeout', 'send_timeout']) {
    const site = await open((_hit, response) => void response.writeHead(200, FRESH).end(Buffer.alloc(16 * MB)), { maxObject: 32 * MB })
    set(site, name, '5s')
    const download = await site.download('/')
    await until(() => site.stat('n_object') === 1)
    for (let second = 0; second < 8; second++) site.clock.advance(1000)
    await expect(drink(download)).rejects.toThrow()
  }
})

param('max_restarts max_retries', 'bound what a policy begins anew', async () => {
  let begun = 0
  const policy = definePolicy({
    recv({ req, restart }) {
      begun++
      return req.url === '/restart' ? restart() : undefined
    },
    backendResponse({ bereq, retry }) {
      return bereq.url === '/retry' ? retry() : undefined
    },
  })
  const site = await open(always({}), { policy })
  set(site, 'max_restarts', 1)
  set(site, 'max_retries', 2)
  expect((await site.get('/restart')).status).toBe(503)
  expect(begun).toBe(2)
  expect((await site.get('/retry')).status).toBe(503)
  expect(site.origin.hits.length).toBe(3)
})

param('max_esi_depth', 'bounds how deep pages include each other', async () => {
  const site = await open(always({ ...FRESH, 'Surrogate-Control': 'content="ESI/1.0"' }, '<i><esi:include src="/"/></i>'))
  const levels = async (): Promise<number> => (await site.get('/')).body.toString().split('<i>').length - 1
  expect(await levels()).toBe(6)
  set(site, 'max_esi_depth', 2)
  expect(await levels()).toBe(3)
})

param('http_req_hdr_len http_req_size http_max_hdr', 'bound the heads of requests, also on connections that are open', async () => {
  const site = await open(always(FRESH))
  const client = await site.connect()
  const long = { X: 'x'.repeat(1000), Y: 'y'.repeat(1000) }
  expect((await client.request(message('GET', '/', long))).status).toBe(200)
  set(site, 'http_req_hdr_len', '500b')
  expect((await client.request(message('GET', '/', long))).status).toBe(431)
  set(site, 'http_req_hdr_len', '8k')
  expect((await site.get('/', long)).status).toBe(200)
  set(site, 'http_req_size', '1k')
  expect((await site.get('/', long)).status).toBe(431)
  set(site, 'http_req_size', '32k')
  set(site, 'http_max_hdr', 3)
  expect((await site.get('/', { X: 'x' })).status).toBe(200)
  expect((await site.get('/', { X: 'x', Y: 'y' })).status).toBe(431)
})

param('http_resp_hdr_len http_resp_size http_resp_max_hdr', 'bound the heads of answers, also on connections that are open', async () => {
  const site = await open(always({ ...DATE, 'Cache-Control': 'no-store', X: 'x'.repeat(1000), Y: 'y'.repeat(1000) }))
  expect((await site.get('/')).status).toBe(200)
  set(site, 'http_resp_hdr_len', 500)
  expect((await site.get('/')).status).toBe(502)
  set(site, 'http_resp_hdr_len', '8k')
  expect((await site.get('/')).status).toBe(200)
  set(site, 'http_resp_size', '1k')
  expect((await site.get('/')).status).toBe(502)
  set(site, 'http_resp_size', '8k')
  set(site, 'http_resp_max_hdr', 2)
  expect((await site.get('/')).status).toBe(502)
})

param('max_waiters', 'bounds who waits for one fetch', async () => {
  const held: (() => void)[] = []
  const site = await open((_hit, response) => void held.push(() => reply(response, 200, FRESH)))
  const first = site.get('/')
  await site.origin.hit(0)
  set(site, 'max_waiters', 0)
  expect((await site.get('/')).status).toBe(503)
  held[0]?.()
  expect((await first).status).toBe(200)
})

param('hook_timeout', 'ends a hook that hangs', async () => {
  let asked = 0
  const policy = definePolicy({
    recv() {
      asked++
      return new Promise<undefined>(() => {})
    },
  })
  const site = await open(always({}), { policy })
  set(site, 'hook_timeout', '1s')
  const client = await begun(site, '/')
  await until(() => asked === 1)
  site.clock.advance(1000)
  expect((await client.response()).status).toBe(503)
  client.destroy()
})

param('ban_lurker_age', 'leaves a ban to requests for that long', async () => {
  const site = await open(always(FRESH), { admin: '127.0.0.1:0' })
  const ban = async (expression: string): Promise<unknown> => {
    const reply = await ask(site.server.admin as string, 'POST /api/ban', { body: { expression } })
    return reply.json?.['complete']
  }
  await site.get('/1')
  expect(await ban('req.url == /1')).toBe(true)
  set(site, 'ban_lurker_age', '30s')
  await site.get('/2')
  expect(await ban('req.url == /2')).toBe(false)
  expect(site.stat('n_object')).toBe(1)
  site.clock.advance(30_000)
  await until(() => site.stat('n_object') === 0)
  expect(site.stat('bans_lurker_obj_killed')).toBe(2)
})

it('every parameter has been shown', () => {
  expect([...new Set(shown)].sort()).toEqual(PARAMETERS.map(({ name }) => name).sort())
})

it('parameters given at the start count, and one that there is not ends the start', async () => {
  const site = await open(always({}), { params: { default_ttl: '10s', http_req_size: '64k' }, limits: { requestHead: 2048 } })
  expect(site.server.settings.limits.requestHead).toBe(65_536)
  await site.get('/')
  expect(await cached(site)).toBe('HIT')
  await expect(open(always({}), { params: { default_tll: '10s' } })).rejects.toThrow(/default_ttl/)
  await expect(open(always({}), { params: { default_ttl: 'soon' } })).rejects.toThrow(/seconds/)
})
