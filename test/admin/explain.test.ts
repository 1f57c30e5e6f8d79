/** Why is this not a hit: the verdicts, and what each goes by. */
import { describe, expect, it } from 'vitest'
import { always, drink, open, reply } from '../journey/site.ts'
import { LargeFile } from '../support/large-file.ts'
import type { OriginScript } from '../support/scripted-origin.ts'
import { until } from '../support/until.ts'
import { explain } from './explaining.ts'

const MINUTE = { 'Cache-Control': 'max-age=60' }

describe('an explanation', () => {
  it('tells key, variant and class, and what the origin would be asked', async () => {
    const site = await open(always(MINUTE))
    const told = await explain(site, '/page?b=2&a=1#top', { Cookie: '_ga=1; cart=7' })
    expect(told.request).toEqual({
      method: 'GET',
      url: '/page?b=2&a=1',
      host: 'www.example',
      scheme: 'http',
      ip: '192.0.2.1',
      mayInvalidate: false,
      fetch: false,
    })
    expect(told).toMatchObject({
      preset: 'safe',
      policy: 'builtin',
      verdict: { kind: 'MISS', reason: 'ABSENT', text: 'Nothing is stored under this key; the origin is asked.', at: null },
      key: { text: '13:/page?b=2&a=111:www.example', url: '/page?b=2&a=1', host: 'www.example', added: [] },
      variant: { scheme: 'http', vary: [] },
      class: {
        name: 'credentialed',
        why: 'It carries cart, not on the analytics list.',
        cookies: [
          { name: '_ga', analytics: true },
          { name: 'cart', analytics: false },
        ],
        authorization: false,
      },
      freshness: null,
      stored: { variants: [], fetches: [] },
      origin: [{ backend: site.origin.url, method: 'GET', url: '/page?b=2&a=1', host: 'www.example', conditions: [], asked: false }],
      fetched: null,
      answer: null,
    })
    expect(told.hit.join(' ')).toMatch(/Nothing is stored yet.*the cookie cart.*With fetch/)
  })

  it('is a HIT with the object that is served, and nothing to mend', async () => {
    const site = await open(
      always({ 'Cache-Control': 'public, s-maxage=60, stale-while-revalidate=30', Age: '5', ETag: '"1"', xkey: 'a b' }),
    )
    await site.get('/')
    await site.get('/')
    site.clock.advance(10_000)
    const told = await explain(site, '/')
    expect(told.verdict).toMatchObject({ kind: 'HIT', reason: 'HIT', text: 'A fresh object is in memory, for another 45 s.' })
    expect(told).toMatchObject({ hit: [], origin: [], answer: { status: 200, reason: 'OK' } })
    expect(told.stored.variants).toMatchObject([
      {
        scheme: 'http',
        vary: [],
        selected: true,
        object: { status: 200, length: 8, hits: 1, age: 15, left: 45, grace: 30, tags: ['a', 'b'] },
      },
    ])
    expect(told.freshness).toMatchObject({ state: 'fresh', source: 's-maxage', age: 15, ttl: 55, left: 45, grace: 30 })
    expect(told.freshness?.inputs.map(({ name, value, clause, note }) => `${name}=${value} (${clause}) ${note}`)).toEqual([
      'Cache-Control: s-maxage=60 (RFC 9111 §5.2.2.10) the lifetime (§4.2.1)',
      'Cache-Control: public= (RFC 9111 §5.2.2.9) it is shared whatever the request carried',
      'Cache-Control: stale-while-revalidate=30 (RFC 5861 §3) grace',
      'Date=Thu, 01 Jan 2026 00:00:00 GMT (RFC 9111 §4.2.3) apparent age on receipt: 0 s',
      'Age=5 (RFC 9111 §5.1) time in caches before this one',
      'age on receipt=5 (RFC 9111 §4.2.3) the larger of both',
      'age=15 (RFC 9111 §4.2.3) and 10 s here',
      'ETag="1" (RFC 9111 §4.3.1) a 304 can confirm it',
      'grace=30 (RFC 5861 §3, RFC 9111 §4.2.4) the origin',
      'staleIfError=30 (RFC 5861 §4, RFC 9111 §4.2.4) preset safe',
      'keep=3600 (RFC 9111 §4.3) preset safe',
    ])
  })

  it('is GRACE while one fetch would refresh it behind the answer', async () => {
    const site = await open(always({ 'Cache-Control': 'max-age=60, stale-while-revalidate=60', ETag: '"1"' }))
    await site.get('/')
    site.clock.advance(70_000)
    const told = await explain(site, '/')
    expect(told.verdict).toMatchObject({ kind: 'GRACE', reason: 'GRACE' })
    expect(told.verdict.text).toContain('stale since 10 s')
    expect(told.origin).toMatchObject([{ background: true, asked: false, conditions: ['if-none-match'] }])
    expect(told.decisions.at(-1)).toMatchObject({ hook: 'backendFetch', background: true })
    expect(told.answer).toMatchObject({ status: 200 })
    expect(site.origin.hits).toHaveLength(1)
  })

  it('is a MISS for what is stale, with the lifetime that it had', async () => {
    const site = await open(always({ ...MINUTE, 'Last-Modified': 'Thu, 01 Jan 2026 00:00:00 GMT' }))
    await site.get('/')
    site.clock.advance(70_000)
    const told = await explain(site, '/')
    expect(told.verdict).toMatchObject({ kind: 'MISS', reason: 'EXPIRED' })
    expect(told.freshness).toMatchObject({ state: 'stale', left: -10 })
    expect(told.hit[0]).toContain('stale since 10 s (its ttl was 60 s)')
    expect(told.origin).toMatchObject([{ conditions: ['if-modified-since'] }])
  })

  it('names the values by which no variant fits', async () => {
    const site = await open(always({ ...MINUTE, Vary: 'X-Device, Accept-Encoding' }))
    await site.get('/', { 'X-Device': 'phone', 'Accept-Encoding': 'gzip' })
    const told = await explain(site, '/', { 'Accept-Encoding': 'gzip' })
    expect(told.verdict).toMatchObject({ kind: 'MISS', reason: 'VARY' })
    expect(told.variant.vary).toEqual([
      { name: 'accept-encoding', value: 'gzip' },
      { name: 'x-device', value: null },
    ])
    expect(told.stored.variants).toMatchObject([{ selected: false, vary: [{ value: 'gzip' }, { value: 'phone' }] }])
    expect(told.hit[0]).toBe('A stored variant has x-device phone, this request none.')
    const other = await explain(site, '/', { 'X-Device': 'phone', 'Accept-Encoding': 'gzip' }, { url: 'https://www.example/' })
    expect(other.hit[0]).toBe('A stored variant has scheme http, this request https.')
  })

  it('is STALE while the origin fails', async () => {
    const site = await open(always({ 'Cache-Control': 'max-age=60, stale-if-error=600' }))
    await site.get('/')
    site.clock.advance(70_000)
    await site.origin.close()
    await site.get('/')
    const told = await explain(site, '/')
    expect(told.verdict).toMatchObject({ kind: 'STALE', reason: 'STALE_IF_ERROR' })
  })

  it.each([
    ['METHOD', 'POST', {}, 'Only GET and HEAD'],
    ['PRECONDITION', 'GET', { 'If-Match': '"1"' }, 'Without If-Match'],
  ] as const)('is a PASS for %s', async (reason, method, fields, advice) => {
    const site = await open(always(MINUTE))
    await site.get('/')
    const told = await explain(site, '/', fields, { method })
    expect(told.verdict).toMatchObject({ kind: 'PASS', reason, at: null })
    expect(told.verdict.text).toContain('step reqMethod')
    expect(told.hit[0]).toContain(advice)
    expect(told.stored.variants).toHaveLength(1)
  })

  it('follows the preset, and names its row', async () => {
    const site = await open(always(MINUTE), { preset: 'varnish' })
    const told = await explain(site, '/', { Cookie: 'a=1' })
    expect(told.verdict).toMatchObject({ kind: 'PASS', reason: 'REQUEST_COOKIE' })
    expect(told.decisions.find(({ by }) => by === 'step reqCookie')?.rule).toEqual({
      id: 'cookie',
      rule: 'request Cookie',
      clause: 'RFC 9111 §7.3; Varnish vcl_req_cookie',
      says: 'pass',
    })
    expect(told.hit[0]).toContain('Preset varnish passes requests with a Cookie')
    const safe = await explain(await open(always(MINUTE)), '/', { Cookie: '_ga=1' })
    expect(safe.class).toMatchObject({ name: 'anonymous', why: 'All its cookies are on the analytics list.' })
  })

  it('remembers a refusal with its marker', async () => {
    const site = await open(always({ ...MINUTE, 'Set-Cookie': 'sid=1' }))
    await site.get('/')
    site.clock.advance(20_000)
    const told = await explain(site, '/')
    expect(told.verdict).toMatchObject({ kind: 'HIT_FOR_MISS', reason: 'HIT_FOR_MISS' })
    expect(told.stored.variants).toMatchObject([{ object: null, markers: [{ type: 'hitForMiss', class: 'anonymous', left: 100 }] }])
    expect(told.hit[0]).toContain('for 100 s more')
  })

  it('would WAIT for a fetch under way, which it does not touch', async () => {
    const hold = Promise.withResolvers<void>()
    const slow: OriginScript = async (_hit, response) => {
      await hold.promise
      reply(response, 200, MINUTE, 'late')
    }
    const site = await open(slow)
    const first = site.get('/')
    await site.origin.hit(0)
    const second = site.get('/')
    await until(() => site.stat('busy_sleep') === 1)
    const told = await explain(site, '/')
    expect(told.verdict).toMatchObject({ kind: 'WAIT', reason: 'COLLAPSED' })
    expect(told.verdict.text).toContain('wait with 1 other')
    expect(told.stored.fetches).toEqual([{ class: 'anonymous', range: null, waiters: 1, joined: true }])
    const other = await explain(site, '/', { Cookie: 'a=1' })
    expect(other.verdict.kind).toBe('MISS')
    expect(other.stored.fetches).toMatchObject([{ joined: false }])
    expect(site.stat('busy_sleep')).toBe(1)
    hold.resolve()
    expect([(await first).body.toString(), (await second).body.toString()]).toEqual(['late', 'late'])
    expect((await second).get('x-cache')).toBe('HIT')
    expect(site.origin.hits).toHaveLength(1)
  })

  it('sees an object that is still arriving, without reading it', async () => {
    const more = Promise.withResolvers<void>()
    const site = await open(async (_hit, response) => {
      response.writeHead(200, { ...MINUTE, 'Content-Length': '6' })
      response.write('one')
      await more.promise
      response.end('two')
    })
    const answer = await site.download('/')
    const told = await explain(site, '/')
    expect(told.verdict.kind).toBe('HIT')
    expect(told.stored.variants).toMatchObject([{ selected: true, object: null, arriving: { status: 200, length: 6 } }])
    more.resolve()
    expect((await drink(answer)).toString()).toBe('onetwo')
    expect((await site.get('/')).get('x-cache')).toBe('HIT')
    expect(site.origin.hits).toHaveLength(1)
  })

  it('is SYNTH for a purge that is not allowed, and counts what one would take', async () => {
    const site = await open(always(MINUTE))
    await site.get('/')
    const refused = await explain(site, '/', {}, { method: 'PURGE' })
    expect(refused.verdict).toMatchObject({ kind: 'SYNTH', reason: 'SYNTH' })
    expect(refused.answer).toMatchObject({ status: 405 })
    const allowed = await explain(site, '/', {}, { method: 'PURGE', ip: '127.0.0.1' })
    expect(allowed.request.mayInvalidate).toBe(true)
    expect(allowed.answer).toEqual({ status: 200, reason: 'Purged 1' })
    expect(allowed.notes).toEqual(['The purge would take 1 object.'])
    expect((await site.get('/')).get('x-cache')).toBe('HIT')
  })

  it('counts what a purge by tag would take, and takes nothing', async () => {
    const site = await open(always({ ...MINUTE, xkey: 'shop' }))
    for (const path of ['/1', '/2']) await site.get(path)
    const told = await explain(site, '/', { 'xkey-purge': 'shop' }, { method: 'PURGE', ip: '127.0.0.1' })
    expect(told.decisions.find(({ action }) => action?.type === 'purge')?.action?.data).toMatchObject({
      subject: { by: 'tags', tags: ['shop'] },
    })
    expect(told.answer).toEqual({ status: 200, reason: 'Purged 2' })
    expect(told.notes).toEqual(['The purge would take 2 objects.'])
    expect((await site.get('/1')).get('x-cache')).toBe('HIT')
    expect(site.stat('n_purges')).toBe(0)
  })

  it('is PIPE for a tunnel', async () => {
    const site = await open(always({}))
    const told = await explain(site, '/chat', { Connection: 'Upgrade', Upgrade: 'websocket' })
    expect(told.verdict).toMatchObject({ kind: 'PIPE', reason: 'UPGRADE' })
    expect(site.origin.hits).toHaveLength(0)
  })

  it('is an ERROR for a loop, and for only-if-cached where it is honoured', async () => {
    const site = await open(always(MINUTE), { preset: 'rfc9111' })
    expect((await explain(site, '/', { Via: '1.1 Clearcoat' })).verdict).toMatchObject({ kind: 'ERROR', reason: 'LOOP' })
    const told = await explain(site, '/', { 'Cache-Control': 'only-if-cached' })
    expect(told).toMatchObject({ verdict: { kind: 'ERROR', reason: 'CLIENT_ONLY_IF_CACHED' }, answer: { status: 504 } })
    await site.get('/')
    const fresh = await explain(site, '/', { 'Cache-Control': 'no-cache' })
    expect(fresh.verdict).toMatchObject({ kind: 'MISS', reason: 'CLIENT_NO_CACHE' })
    expect(fresh.hit[0]).toContain('preset rfc9111 honours it')
  })

  it('judges the client by the address that is given', async () => {
    const site = await open(always(MINUTE), { trust: ['10.0.0.0/8'] })
    await site.get('/')
    const told = await explain(site, '/', { 'X-Forwarded-For': '198.51.100.7', 'X-Forwarded-Proto': 'https' }, { ip: '10.0.0.1' })
    expect(told.request).toMatchObject({ ip: '198.51.100.7', scheme: 'https' })
    expect(told.variant.scheme).toBe('https')
    const refreshing = await explain(site, '/', { 'Cache-Control': 'no-cache' }, { ip: '127.0.0.1' })
    expect(refreshing.verdict.reason).toBe('CLIENT_NO_CACHE')
    expect((await explain(site, '/', { 'Cache-Control': 'no-cache' })).notes).toEqual([
      'The request asks for a new copy; the preset ignores that.',
    ])
  })
})

describe('a page that is assembled', () => {
  it('is explained by itself, with the fragments that it asks for, none of which is asked for', async () => {
    const page = { ...MINUTE, 'Surrogate-Control': 'content="ESI/1.0"' }
    const site = await open(({ url }, response) =>
      url === '/page'
        ? reply(
            response,
            200,
            page,
            '<p><esi:include src="/a"/><esi:include src="b?c"/><esi:include src="/a"/><esi:include src="//other/"/>',
          )
        : reply(response, 200, { 'Cache-Control': 'no-store' }, url),
    )
    expect((await site.get('/page')).body.toString()).toBe('<p>/a/b?c/a')
    const asked = site.origin.hits.length
    const told = await explain(site, '/page')
    expect(told.verdict.kind).toBe('HIT')
    expect(told.notes).toEqual(['The page is assembled: it asks for /a, /b?c. Each is a request of its own, to be explained by its URL.'])
    expect(told.origin).toEqual([])
    expect([site.origin.hits.length, site.stat('esi_req')]).toEqual([asked, 3])
  })
})

describe('a file in slices', () => {
  const SLICE = 64 * 1024

  it('is explained by what is stored of it, and asked for where a slice is missing', async () => {
    const file = new LargeFile(10 * SLICE)
    const site = await open(file.script, { slice: SLICE })
    expect(await explain(site, '/film')).toMatchObject({
      verdict: { kind: 'MISS' },
      origin: [{ conditions: ['range'], asked: false }],
      notes: ['It is asked for in slices of 64 KiB; what is no larger is stored whole.'],
    })
    await site.get('/film', { Range: 'bytes=0-9' })
    const told = await explain(site, '/film', { Range: 'bytes=0-9' })
    expect(told).toMatchObject({ verdict: { kind: 'HIT' }, answer: { status: 206 }, origin: [] })
    expect(told.notes).toEqual(['It is stored in slices: 10 of 64 KiB, 640 KiB in all, each fetched when somebody reads it.'])
    const missing = await explain(site, '/film', { Range: `bytes=${5 * SLICE}-` })
    expect(missing.verdict).toMatchObject({ kind: 'MISS', reason: 'PARTIAL' })
    expect(missing).toMatchObject({ answer: null, origin: [{ url: '/film', conditions: ['range'], asked: false }] })
    expect(file.ranges.length).toBe(1)
    const purge = await site.server.explain({ url: 'http://www.example/film', method: 'PURGE', ip: '127.0.0.1' })
    expect(purge.notes).toEqual(['The purge would take 2 objects.'])
  })
})
