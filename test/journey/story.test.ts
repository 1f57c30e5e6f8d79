/** Every answer tells its story: header fields, access log, counters, error pages, and the admin listener's `/stat`. */
import { expect, it } from 'vitest'
import { definePolicy } from '../../vcl-ts/index.ts'
import { RawClient } from '../support/raw-client.ts'
import { until } from '../support/until.ts'
import { always, message, open, reply } from './site.ts'

const FRESH = { 'Cache-Control': 'max-age=60' }

it('tells of a miss, a hit, a stale answer, a revalidation and a pass', async () => {
  const site = await open((hit, response) =>
    reply(
      response,
      hit.headers['if-none-match'] === undefined ? 200 : 304,
      { 'Cache-Control': 'max-age=60, stale-while-revalidate=30', ETag: '"a"' },
      'x',
    ),
  )
  const told = async (method: string = 'GET'): Promise<unknown[]> => {
    const answer = await site.ask(method, '/', {}, method === 'POST' ? 'x' : '')
    return [answer.get('x-cache'), answer.get('age'), answer.get('cache-status')]
  }
  expect(await told()).toEqual(['MISS', undefined, 'Clearcoat; fwd=uri-miss; fwd-status=200; stored; ttl=60; detail=ABSENT'])
  site.clock.advance(20_000)
  expect(await told()).toEqual(['HIT', '20', 'Clearcoat; hit; ttl=40; detail=HIT'])
  site.clock.advance(200_000)
  expect(await told()).toEqual(['MISS', '0', 'Clearcoat; fwd=stale; fwd-status=304; stored; ttl=60; detail=REVALIDATED'])
  site.clock.advance(70_000)
  expect(await told()).toEqual(['STALE', '70', 'Clearcoat; hit; ttl=-10; detail=GRACE'])
  expect(await told('POST')).toEqual(['PASS', undefined, 'Clearcoat; fwd=method; fwd-status=200; detail=METHOD'])
})

const refusals: readonly [reason: string, fields: Record<string, string>, request?: Record<string, string>][] = [
  ['NO_STORE', { 'Cache-Control': 'no-store' }],
  ['PRIVATE', { 'Cache-Control': 'private, max-age=60' }],
  ['NO_FRESHNESS', {}],
  ['SET_COOKIE', { ...FRESH, 'Set-Cookie': 'a=b' }],
  ['VARY_STAR', { ...FRESH, Vary: '*' }],
  ['COOKIE', FRESH, { Cookie: 'id=alice' }],
  ['AUTHORIZATION', FRESH, { Authorization: 'Basic YTpi' }],
]

for (const [reason, fields, request] of refusals) {
  it(`says ${reason} where that is why an answer is not stored`, async () => {
    const site = await open(always(fields))
    const answer = await site.get('/', request ?? {})
    expect(answer.get('cache-status')).toBe(`Clearcoat; fwd=uri-miss; fwd-status=200; detail=${reason}`)
    expect(site.records[0]).toMatchObject({ outcome: 'MISS', reason, detail: `not stored (${reason})` })
    expect(site.stat(`reason_${reason}`)).toBeGreaterThan(0)
  })
}

it('uses its name in Via, Cache-Status and Proxy-Status', async () => {
  const site = await open((hit) => hit.message.socket.destroy(), { name: 'edge-1' })
  const answer = await site.get('/')
  expect(answer.get('via')).toBe('1.1 edge-1')
  expect(answer.get('cache-status')).toMatch(/^edge-1; /)
  expect(answer.get('proxy-status')).toMatch(/^edge-1; error=connection_terminated/)
})

it('adds itself behind the origin’s own Via, Cache-Status and Age', async () => {
  const site = await open(always({ ...FRESH, Via: '1.1 inner', 'Cache-Status': 'inner; hit', Age: '10' }))
  expect((await site.get('/')).get('age')).toBe('10')
  site.clock.advance(5000)
  const answer = await site.get('/')
  expect(answer.getAll('via')).toEqual(['1.1 inner', '1.1 Clearcoat'])
  expect(answer.getAll('cache-status')).toEqual(['inner; hit', 'Clearcoat; hit; ttl=45; detail=HIT'])
  expect(answer.getAll('age')).toEqual(['15'])
})

it('writes an escaped error page with the request’s id that nobody stores', async () => {
  const site = await open((hit) => hit.message.socket.destroy(), {
    policy: definePolicy({ recv: ({ req, synth }) => (req.url === '/bad' ? synth(400, '<b>"Bad"</b>') : undefined) }),
  })
  const answer = await site.get('/<script>alert(1)</script>')
  const page = answer.body.toString()
  expect([answer.status, answer.get('cache-control'), answer.get('content-type')]).toEqual([502, 'no-store', 'text/html; charset=utf-8'])
  expect(page).toContain(site.records[0]?.id)
  expect(page).not.toContain('<script')
  expect(page).not.toMatch(/127\.0\.0\.1|\/src\/|Error:/)
  expect((await site.get('/bad')).body.toString()).toContain('&lt;b&gt;&quot;Bad&quot;&lt;/b&gt;')
})

it('writes the error page as text for who asks for text', async () => {
  const site = await open((hit) => hit.message.socket.destroy())
  expect((await site.get('/', { Accept: 'text/plain' })).get('content-type')).toBe('text/plain; charset=utf-8')
})

it('writes one access record for each request, with what became of it', async () => {
  const site = await open(always(FRESH, 'hello'))
  await site.get('/shop?q=1', { 'User-Agent': 'tester', Referer: 'http://a/' })
  await site.get('/shop?q=1')
  expect(site.records.length).toBe(2)
  expect(site.records[0]).toMatchObject({
    client: '127.0.0.1',
    method: 'GET',
    host: 'www.example',
    url: '/shop?q=1',
    proto: '1.1',
    status: 200,
    bodyBytes: 5,
    outcome: 'MISS',
    reason: 'ABSENT',
    detail: 'stored ttl=60s (max-age)',
    end: 'sent',
    referer: 'http://a/',
    userAgent: 'tester',
    time: Date.UTC(2026, 0, 1),
  })
  expect(site.records[1]).toMatchObject({ outcome: 'HIT', reason: 'HIT', status: 200 })
  expect(site.records[0]?.id).not.toBe(site.records[1]?.id)
})

it('records how long an answer took, to its head and to its end', async () => {
  const site = await open((_hit, response) => {
    site.clock.advance(250)
    response.writeHead(200, { ...FRESH, 'Content-Length': 2 })
    response.write('a')
    void firstByte.then(() => {
      site.clock.advance(750)
      response.end('b')
    })
  })
  const client = await site.connect()
  const firstByte = until(() => client.pending.includes('\r\n\r\na'))
  await client.request(message('GET', '/'))
  await until(() => site.records.length === 1)
  expect(site.records[0]).toMatchObject({ firstByte: 250, duration: 1000 })
  client.destroy()
})

it('records a request that was refused', async () => {
  const site = await open(always({}))
  const client = await site.connect()
  client.send('GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n')
  expect((await client.response()).status).toBe(400)
  await client.closed()
  expect(site.records[0]).toMatchObject({ status: 400, outcome: 'REFUSED', client: '127.0.0.1' })
  client.destroy()
})

it('counts every request once', async () => {
  const site = await open(always(FRESH))
  await site.get('/')
  await site.get('/')
  await site.ask('POST', '/', {}, 'x')
  expect(['client_req', 'cache_miss', 'cache_hit', 's_pass', 's_fetch', 'backend_req', 's_bgfetch'].map((name) => site.stat(name))).toEqual(
    [3, 1, 1, 1, 2, 2, 0],
  )
})

it('shows /stat on the admin listener as one flat object', async () => {
  const site = await open(always(FRESH), { admin: '127.0.0.1:0' })
  await site.get('/')
  await site.get('/')
  const address = site.server.admin as string
  const client = await RawClient.connect(address)
  const answer = await client.request(`GET /stat HTTP/1.1\r\nHost: ${address}\r\nConnection: close\r\n\r\n`)
  client.destroy()
  const stat = JSON.parse(answer.body.toString()) as Record<string, unknown>
  expect(stat).toMatchObject({ cache_hit: 1, cache_miss: 1, client_req: 2, n_object: 1, backend_conn: 1, uptime: 0 })
  expect(Object.values(stat).every((value) => typeof value === 'number')).toBe(true)
})

it('ignores a client’s no-cache under safe and honours it under rfc9111', async () => {
  const safe = await open(always(FRESH), { refreshFrom: ['none'] })
  await safe.get('/')
  expect((await safe.get('/', { 'Cache-Control': 'no-cache' })).get('x-cache')).toBe('HIT')
  const strict = await open(always(FRESH), { preset: 'rfc9111' })
  await strict.get('/')
  const answer = await strict.get('/', { 'Cache-Control': 'no-cache' })
  expect([answer.get('x-cache'), answer.get('cache-status')]).toEqual(['MISS', expect.stringContaining('fwd=request')])
  const only = await strict.get('/absent', { 'Cache-Control': 'only-if-cached' })
  expect([only.status, only.get('cache-status')]).toEqual([504, expect.stringContaining('detail=CLIENT_ONLY_IF_CACHED')])
})

it('records the date of receipt where the origin gives none, and keeps it on hits', async () => {
  const site = await open(always(FRESH, 'x'))
  const first = await site.get('/undated')
  expect(first.get('date')).toBe(new Date(site.clock.wall()).toUTCString())
  site.clock.advance(30_000)
  const hit = await site.get('/undated')
  expect([hit.get('x-cache'), hit.get('date'), hit.get('age')]).toEqual(['HIT', first.get('date'), '30'])
})
