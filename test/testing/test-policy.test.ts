/** The testing kit with whole requests: the real engine, a function as origin, a clock that a test moves. */
import { describe, expect, it } from 'vitest'
import { actions, type OriginReply, type PolicyTest, testPolicy } from '../../src/testing/index.ts'
import { backend, definePolicy, leastConnections, PolicyError, random, roundRobin } from '../../vcl-ts/index.ts'

const NONE = definePolicy({})
const FRESH = { headers: { 'Cache-Control': 'max-age=60' }, body: 'hello' }

describe('a whole request', () => {
  it('is a miss that is stored, then a hit that does not reach the origin', async () => {
    const cache = await testPolicy(NONE, { origin: FRESH })
    const miss = await cache.request('/page')
    expect(miss).toMatchObject({ status: 200, reason: 'OK', body: 'hello', broken: false })
    expect(miss.headers.get('x-cache')).toBe('MISS')
    expect(miss.trace).toMatchObject({ decision: 'miss', reason: 'ABSENT', stored: true, ttl: 60, class: 'anonymous', variant: 'http' })
    expect(miss.trace.key).toBe('5:/page15:www.example.com')
    expect(miss.trace.origin).toMatchObject([{ method: 'GET', url: '/page', body: '', backend: 'http://origin.test' }])
    expect(miss.trace.origin[0]!.headers.get('host')).toBe('www.example.com')
    await cache.advance(10)
    const hit = await cache.request('/page')
    expect(hit.body).toBe('hello')
    expect(hit.headers.get('age')).toBe('10')
    expect(hit.trace).toMatchObject({ decision: 'hit', reason: 'HIT', stored: false, ttl: 50, origin: [] })
    expect(cache.stat()).toMatchObject({ cache_hit: 1, cache_miss: 1 })
  })

  it('shows every hook that ran, its action, and who decided', async () => {
    const policy = definePolicy({
      name: 'shop',
      recv({ req, pass }) {
        if (req.url === '/cart') return pass()
        return undefined
      },
      deliver() {},
    })
    const cache = await testPolicy(policy, { origin: { headers: { 'Set-Cookie': 'a=1', 'Cache-Control': 'max-age=60' } } })
    expect((await cache.request('/cart')).trace.hooks).toEqual([
      { hook: 'recv', action: actions.pass(), by: 'recv of policy shop' },
      { hook: 'backendFetch', action: actions.fetch(), by: 'default of backendFetch' },
      { hook: 'backendResponse', action: actions.deliver(), by: 'step berespStale' },
      { hook: 'deliver', action: actions.deliver(), by: 'default of deliver' },
    ])
    const page = await cache.request('/')
    expect(page.trace).toMatchObject({
      decision: 'miss',
      reason: 'SET_COOKIE',
      stored: false,
      ttl: null,
      detail: 'not stored (SET_COOKIE)',
    })
    expect(page.trace.hooks.map(({ hook, by }) => `${hook}: ${by}`)).toEqual([
      'recv: default of recv',
      'backendFetch: default of backendFetch',
      'backendResponse: step berespCookie',
      'deliver: default of deliver',
    ])
  })

  it('shows what a hook threw as the cause of its fail', async () => {
    const cause = new Error('boom')
    const cache = await testPolicy(
      definePolicy({
        recv() {
          throw cause
        },
      }),
    )
    const { status, trace } = await cache.request('/')
    expect(status).toBe(503)
    expect(trace.decision).toBe('error')
    expect(trace.hooks[0]).toEqual({ hook: 'recv', action: { type: 'fail', reason: 'recv threw', cause }, by: 'recv' })
  })

  it('follows the preset', async () => {
    const request = { url: '/', headers: { Cookie: 'session=1' } }
    const varnish = await (await testPolicy(NONE, { preset: 'varnish', origin: FRESH })).request(request)
    expect(varnish.trace).toMatchObject({ decision: 'pass', reason: 'REQUEST_COOKIE' })
    const safe = await (await testPolicy(NONE, { origin: FRESH })).request(request)
    expect(safe.trace).toMatchObject({ decision: 'miss', reason: 'COOKIE', class: 'credentialed', stored: false })
  })

  it('tells variants apart', async () => {
    const cache = await testPolicy(NONE, { origin: { headers: { 'Cache-Control': 'max-age=60', Vary: 'X-Device' } } })
    const phone = await cache.request({ url: '/', headers: { 'X-Device': 'phone' } })
    const desk = await cache.request({ url: '/', headers: { 'X-Device': 'desk' } })
    expect([phone.trace.decision, desk.trace.decision]).toEqual(['miss', 'miss'])
    expect(desk.trace.reason).toBe('VARY')
    expect(phone.trace.variant).not.toBe(desk.trace.variant)
  })

  it('carries a body to the origin and one back', async () => {
    const cache = await testPolicy(NONE, { origin: ({ body, method }) => ({ status: 201, body: `${method} ${body}` }) })
    const { status, body, trace } = await cache.request({ method: 'POST', url: '/orders', body: 'six teapots' })
    expect([status, body]).toEqual([201, 'POST six teapots'])
    expect(trace).toMatchObject({ decision: 'pass', reason: 'METHOD', stored: false, ttl: null })
  })

  it('answers synthetically, and as a tunnel', async () => {
    const teapot = await testPolicy(definePolicy({ recv: ({ synth }) => synth(418, 'Teapot', 'short') }))
    expect(await teapot.request('/')).toMatchObject({
      status: 418,
      reason: 'Teapot',
      body: 'short',
      trace: { decision: 'synth', origin: [] },
    })
    const chat = await testPolicy(NONE, { origin: { status: 101, headers: { Upgrade: 'websocket' } } })
    const { status, trace } = await chat.request({ url: '/chat', headers: { Connection: 'Upgrade', Upgrade: 'websocket' } })
    expect(status).toBe(101)
    expect(trace).toMatchObject({ decision: 'pipe', reason: 'UPGRADE' })
  })

  it('is a page with what it includes, whose requests are seen by what they do', async () => {
    const policy = definePolicy({
      recv: ({ req, synth }) => (req.esiLevel === 1 && req.url === '/made' ? synth(200, 'OK', 'made') : undefined),
      backendResponse({ bereq, beresp }) {
        beresp.esi = bereq.url === '/page'
      },
    })
    const cache = await testPolicy(policy, {
      origin: ({ url }) => ({
        headers: { 'Cache-Control': 'max-age=60' },
        body: url === '/page' ? '<p><esi:include src="/made"/><esi:include src="/a"/>' : url,
      }),
    })
    const { body, trace, headers } = await cache.request('/page')
    expect([body, headers.get('content-length')]).toEqual(['<p>made/a', undefined])
    expect(trace.origin.map(({ url }) => url)).toEqual(['/page'])
    expect((await cache.request('/a')).trace.decision).toBe('hit')
    expect(cache.stat()).toMatchObject({ esi_req: 2, esi_errors: 0 })
  })

  it('answers HEAD and 304 without a body', async () => {
    const cache = await testPolicy(NONE, { origin: { headers: { 'Cache-Control': 'max-age=60', ETag: '"1"' }, body: 'hello' } })
    await cache.request('/')
    const head = await cache.request({ method: 'HEAD', url: '/' })
    expect([head.status, head.body, head.headers.get('content-length')]).toEqual([200, '', '5'])
    const same = await cache.request({ url: '/', headers: { 'If-None-Match': '"1"' } })
    expect([same.status, same.body, same.trace.decision]).toEqual([304, '', 'hit'])
  })
})

describe('the clock', () => {
  it('makes an object stale, which is served while one fetch refreshes it behind the answer', async () => {
    let version = 0
    const origin = (): OriginReply => ({ headers: { 'Cache-Control': 'max-age=60, stale-while-revalidate=60' }, body: `v${++version}` })
    const cache = await testPolicy(NONE, { origin })
    await cache.request('/')
    await cache.advance('70s')
    const stale = await cache.request('/')
    expect([stale.body, stale.headers.get('x-cache')]).toEqual(['v1', 'STALE'])
    expect(stale.trace).toMatchObject({ decision: 'stale', reason: 'GRACE', ttl: -10, origin: [] })
    expect(stale.trace.background.origin).toMatchObject([{ url: '/' }])
    expect(stale.trace.background.hooks.map(({ hook }) => hook)).toEqual(['backendFetch', 'backendResponse'])
    expect((await cache.request('/')).body).toBe('v2')
  })

  it('starts when a test says so', async () => {
    const start = new Date('2030-05-01T12:00:00Z')
    const cache = await testPolicy(definePolicy({ recv: ({ now, synth }) => synth(200, 'OK', String(now)) }), { start })
    await cache.advance('1h')
    expect((await cache.request('/')).body).toBe(String(start.getTime() / 1000 + 3600))
    expect(cache.now).toBe(start.getTime() + 3_600_000)
  })

  it('passes the deadlines of an origin that does not answer', async () => {
    const cache = await testPolicy(NONE, { origin: () => new Promise(() => {}) })
    const pending = cache.request('/')
    await cache.advance(60)
    expect((await pending).status).toBe(504)
  })

  it('passes the deadline of a hook that does not answer', async () => {
    const cache = await testPolicy(definePolicy({ recv: () => new Promise<undefined>(() => {}) }))
    const pending = cache.request('/')
    await cache.advance(5)
    const { status, trace } = await pending
    expect([status, trace.hooks[0]?.action.type]).toEqual([503, 'fail'])
  })
})

describe('the fake origin', () => {
  it.each([
    ['refuse', 502],
    ['reset', 502],
    ['timeout', 504],
  ] as const)('can %s the connection', async (fails, status) => {
    const cache = await testPolicy(NONE, { origin: { fails } })
    const answer = await cache.request('/')
    expect(answer.status).toBe(status)
    expect(answer.trace).toMatchObject({ decision: 'error', reason: 'ERROR', stored: false })
    expect(answer.trace.hooks.at(-1)).toMatchObject({ hook: 'backendError', by: 'default of backendError' })
  })

  it('can fail after it answered well, and the stale copy is served', async () => {
    let reply: OriginReply = { headers: { 'Cache-Control': 'max-age=60, stale-if-error=600' }, body: 'good' }
    const cache = await testPolicy(NONE, { origin: () => reply })
    await cache.request('/')
    await cache.advance('2m')
    reply = { fails: 'refuse' }
    const answer = await cache.request('/')
    expect(answer).toMatchObject({ status: 200, body: 'good', trace: { decision: 'stale', reason: 'STALE_IF_ERROR', ttl: -60 } })
    expect(answer.trace.origin).toHaveLength(1)
  })

  it('can break off within a body: the client sees it, nothing is stored', async () => {
    const cache = await testPolicy(NONE, { origin: { ...FRESH, breaksOff: true } })
    const first = await cache.request('/')
    expect(first).toMatchObject({ broken: true, trace: { stored: false } })
    expect((await cache.request('/')).trace.decision).toBe('miss')
  })

  it.each(['chunked', 'close'] as const)('can frame its body otherwise: %s', async (framing) => {
    const cache = await testPolicy(NONE, { origin: { ...FRESH, framing } })
    expect(await cache.request('/')).toMatchObject({ body: 'hello', trace: { stored: framing === 'chunked' } })
  })

  it('may take its time, and meanwhile others wait for its one answer', async () => {
    let answer = (_reply: OriginReply): void => {}
    const origin = (): Promise<OriginReply> => new Promise((resolve) => (answer = resolve))
    const cache = await testPolicy(NONE, { origin })
    const both = [cache.request('/'), cache.request('/')]
    await cache.advance(1)
    answer(FRESH)
    const [leader, waiter] = await Promise.all(both)
    expect(leader!.trace).toMatchObject({ decision: 'miss', origin: [{ url: '/' }] })
    expect(waiter!.trace).toMatchObject({ decision: 'hit', reason: 'COLLAPSED', origin: [], ttl: 59 })
    expect(waiter!.body).toBe('hello')
  })

  it('hands what its function threw to the test', async () => {
    const origin = (): OriginReply => {
      throw new Error('no such page in this test')
    }
    const cache = await testPolicy(NONE, { origin })
    await expect(cache.request('/')).rejects.toThrow('no such page in this test')
    const odd = await testPolicy(NONE, { origin: { status: 42 } })
    await expect(odd.request('/')).rejects.toThrow(RangeError)
  })

  it('confirms a stale object, and the answer is stored anew', async () => {
    const cache = await testPolicy(NONE, {
      origin: ({ headers }) =>
        headers.get('if-none-match') === '"1"'
          ? { status: 304, headers: { 'Cache-Control': 'max-age=60', ETag: '"1"' } }
          : { headers: { 'Cache-Control': 'max-age=60', ETag: '"1"' }, body: 'same' },
    })
    await cache.request('/')
    await cache.advance(61)
    const answer = await cache.request('/')
    expect(answer).toMatchObject({ status: 200, body: 'same', trace: { decision: 'miss', reason: 'REVALIDATED', stored: true, ttl: 60 } })
    expect(answer.trace.hooks.map(({ hook }) => hook)).toContain('backendRefresh')
  })
})

describe('a policy with several origin servers', () => {
  const [a, b] = [backend('http://a.test'), backend('http://b.test', { probe: {} })]
  const asked = async (cache: PolicyTest, pages: number): Promise<string[]> => {
    const all: string[] = []
    for (let page = 0; page < pages; page++) {
      const { trace } = await cache.request(`/${Math.random()}`)
      all.push(...trace.origin.map((seen) => seen.backend))
    }
    return all
  }

  it('shows which one was chosen, and chosen instead', async () => {
    const policy = definePolicy({ backends: { pool: roundRobin([a, b]) } })
    const cache = await testPolicy(policy, { origin: ({ backend }): OriginReply => (backend === b.url ? { fails: 'reset' } : {}) })
    expect(await asked(cache, 4)).toEqual([a.url, b.url, a.url, a.url, b.url, a.url])
  })

  it('does as an operator says', async () => {
    const cache = await testPolicy(definePolicy({ backends: { pool: roundRobin([a, b]) } }))
    cache.setHealth(a, 'sick')
    expect(await asked(cache, 3)).toEqual([b.url, b.url, b.url])
    cache.setHealth(a, 'auto')
    expect(new Set(await asked(cache, 4))).toEqual(new Set([a.url, b.url]))
    const alone = await testPolicy(definePolicy({ backends: { a } }))
    alone.setHealth(a, 'sick')
    expect((await alone.request('/')).status).toBe(503)
  })

  it('chooses by chance alike in every run', async () => {
    const policy = definePolicy({ backends: { pool: random([a, b]) } })
    const [first, second] = [await asked(await testPolicy(policy), 20), await asked(await testPolicy(policy), 20)]
    expect(second).toEqual(first)
    expect(new Set(first).size).toBe(2)
  })

  it('counts what is under way where least connections decide', async () => {
    const held: (() => void)[] = []
    const cache = await testPolicy(definePolicy({ backends: { pool: leastConnections([a, b]) } }), {
      origin: ({ url, backend }) => (url === '/held' ? new Promise((resolve) => held.push(() => resolve({ body: backend }))) : {}),
    })
    const slow = cache.request('/held')
    while (held.length === 0) await cache.advance(0)
    expect(await asked(cache, 4)).toEqual([b.url, b.url, b.url, b.url])
    held[0]?.()
    expect((await slow).body).toBe(a.url)
    expect(new Set(await asked(cache, 4))).toEqual(new Set([a.url, b.url]))
  })
})

describe('a policy under test', () => {
  it('is refused as the server refuses it', async () => {
    await expect(testPolicy({ rcev() {} } as never)).rejects.toThrow(PolicyError)
    await expect(testPolicy({ init: () => Promise.reject(new Error('no database')) })).rejects.toThrow('no database')
  })

  it('runs init before and fini behind, and tells what went wrong', async () => {
    const calls: string[] = []
    const cache = await testPolicy({
      init: () => void calls.push('init'),
      fini() {
        calls.push('fini')
        throw new Error('late')
      },
    })
    const faults = await cache.close()
    expect(calls).toEqual(['init', 'fini'])
    expect(faults.map(({ message }) => message)).toEqual(['fini failed: late'])
  })

  it('cannot be asked for what no client can send', async () => {
    const cache = await testPolicy(NONE)
    await expect(cache.request('page')).rejects.toThrow(/request target/)
    await expect(cache.request({ url: '/', headers: { 'X-A': 'a\r\nb' } })).rejects.toThrow(TypeError)
  })

  it('sees the client that a test names', async () => {
    const policy = definePolicy({ recv: ({ client, synth }) => synth(200, 'OK', `${client.ip} ${client.trusted}`) })
    const cache = await testPolicy(policy, { trust: ['10.0.0.0/8'] })
    const headers = { 'X-Forwarded-For': '198.51.100.7' }
    expect((await cache.request({ url: '/', ip: '10.0.0.1', headers })).body).toBe('198.51.100.7 true')
    expect((await cache.request({ url: '/', ip: '203.0.113.1', headers })).body).toBe('203.0.113.1 false')
  })
})
