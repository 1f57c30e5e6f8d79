/** Pages that are put together of fragments: what they become, what they ask for, and what of it the client sees. */
import { describe, expect, it } from 'vitest'
import { definePolicy } from '../../vcl-ts/index.ts'
import type { OriginScript } from '../support/scripted-origin.ts'
import { type Fields, message, open, reply, type Site, type SiteOptions } from './site.ts'

const PAGE = { 'Cache-Control': 'max-age=60', 'Content-Type': 'text/html', 'Surrogate-Control': 'content="ESI/1.0"' }
const KEPT = { 'Cache-Control': 'max-age=60' }

type Answer = readonly [status: number, fields: Fields, body?: string]
type Answers = Readonly<Record<string, string | Answer>>

/** An origin of pages: what is text is a page that is to be assembled if it holds ESI, and else a fragment that may be kept. */
function pages(answers: Answers): OriginScript {
  return ({ url }, response) => {
    const answer: string | Answer = answers[url] ?? [404, {}, `no ${url}`]
    if (typeof answer === 'string') reply(response, 200, answer.includes('esi') ? PAGE : KEPT, answer)
    else reply(response, ...answer)
  }
}

const site = (answers: Answers, options: SiteOptions = {}): Promise<Site> => open(pages(answers), options)

async function text(of: Site, path: string, fields: Fields = {}): Promise<string> {
  return (await of.get(path, fields)).body.toString('latin1')
}

const asked = (of: Site): readonly string[] => of.origin.hits.map(({ url }) => url)

describe('a page', () => {
  it('is delivered with what it includes, from the origin and from memory', async () => {
    const given = await site({ '/': '<p><esi:include src="/a"/>-<esi:include src="/b"/></p>', '/a': 'one', '/b': 'two' })
    expect(await text(given, '/')).toBe('<p>one-two</p>')
    expect(await text(given, '/')).toBe('<p>one-two</p>')
    expect(asked(given).toSorted()).toEqual(['/', '/a', '/b'])
    expect([given.stat('esi_req'), given.stat('esi_errors'), given.stat('esi_warnings')]).toEqual([4, 0, 0])
  })

  it('is sent with its length when all of it is at hand, and in pieces while something is awaited', async () => {
    const given = await site({ '/': '<p><esi:include src="/a"/>-<esi:include src="/b"/></p>', '/a': 'one', '/b': 'two' })
    const [first, second] = [await given.get('/'), await given.get('/')]
    expect([first.get('transfer-encoding'), first.get('content-length')]).toEqual(['chunked', undefined])
    expect([second.get('transfer-encoding'), second.get('content-length')]).toEqual([undefined, '14'])
    expect(second.body.toString()).toBe('<p>one-two</p>')
  })

  it('shares its fragments with other pages, and each lives its own life', async () => {
    const given = await open(({ url, index }, response) =>
      reply(
        response,
        200,
        url === '/short' ? { 'Cache-Control': 'max-age=10' } : PAGE,
        url === '/short' ? `${index}` : `<i>${url}<esi:include src="/short"/>`,
      ),
    )
    expect(await text(given, '/a')).toBe('<i>/a1')
    expect(await text(given, '/b')).toBe('<i>/b1')
    given.clock.advance(11_000)
    expect(await text(given, '/a')).toBe('<i>/a3')
    expect(await text(given, '/short')).toBe('3')
  })

  it('is nested', async () => {
    const given = await site({
      '/': '<p><esi:include src="/a/b"/></p>',
      '/a/b': '<i><esi:include src="c?d"/><esi:include src="../e"/></i>',
      '/a/c?d': 'c',
      '/e': 'e',
    })
    for (const _ of [1, 2]) expect(await text(given, '/')).toBe('<p><i>ce</i></p>')
  })

  it('is what the policy says that it is', async () => {
    const body = '<p><esi:include src="/a"/></p>'
    const answers: Answers = { '/': [200, KEPT, body], '/off': [200, PAGE, body], '/a': 'a', '/raw': [200, PAGE, body] }
    const policy = definePolicy({
      recv({ req }) {
        if (req.url === '/raw') req.esi = false
      },
      backendResponse({ bereq, beresp }) {
        beresp.esi = bereq.url === '/'
        if (bereq.url === '/raw') beresp.esi = true
      },
    })
    const given = await site(answers, { policy })
    for (const _ of [1, 2]) {
      expect(await text(given, '/')).toBe('<p>a</p>')
      expect(await text(given, '/off')).toBe(body)
      expect(await text(given, '/raw')).toBe(body)
    }
  })

  it('is nothing but a page unless somebody says so, whatever a request made the origin reflect', async () => {
    const given = await open(({ url }, response) => reply(response, 200, KEPT, `<p>${decodeURIComponent(url)}</p>`))
    const path = `/?q=${encodeURIComponent('<esi:include src="/secret"/>')}`
    for (const _ of [1, 2]) expect(await text(given, path)).toBe('<p>/?q=<esi:include src="/secret"/></p>')
    expect(given.stat('esi_req')).toBe(0)
  })

  it.each(['rfc9111', 'varnish'] as const)('is turned on by the policy alone under the preset %s', async (preset) => {
    const given = await site({ '/': '<p><esi:include src="/a"/></p>' }, { preset })
    expect(await text(given, '/')).toBe('<p><esi:include src="/a"/></p>')
  })

  it('is left as it is when it does not begin with <, unless the policy takes any text', async () => {
    const body = '{"a": "<esi:include src=\'/a\'/>"}'
    const answers: Answers = { '/': body, '/a': 'one' }
    const strict = await site(answers)
    for (const _ of [1, 2]) expect(await text(strict, '/')).toBe(body)
    const any = await site(answers, { policy: definePolicy({ esi: { anyText: true } }) })
    for (const _ of [1, 2]) expect(await text(any, '/')).toBe('{"a": "one"}')
  })

  it('may be an error page, and one that is for this client alone', async () => {
    const body = '<p><esi:include src="/a"/></p>'
    const surrogate = { 'Surrogate-Control': 'content="ESI/1.0"' }
    const given = await site({
      '/gone': [404, surrogate, body],
      '/mine': [200, { ...surrogate, 'Cache-Control': 'private' }, body],
      '/a': 'a',
    })
    const gone = await given.get('/gone')
    expect([gone.status, gone.body.toString()]).toEqual([404, '<p>a</p>'])
    for (const _ of [1, 2]) expect(await text(given, '/mine')).toBe('<p>a</p>')
  })

  it('is not asked for by a client: only who stands before the origin can say what it can do', async () => {
    const seen: unknown[] = []
    const script: OriginScript = ({ headers }, response) => {
      seen.push(headers['surrogate-capability'])
      reply(response, 200, { 'Cache-Control': 'no-store' }, 'page')
    }
    const fields = { 'Surrogate-Capability': 'abc="ESI/1.0"' }
    await (await open(script)).get('/', fields)
    await (await open(script, { trust: ['127.0.0.1'] })).get('/', fields)
    expect(seen).toEqual([undefined, 'abc="ESI/1.0"'])
  })

  it('that was confirmed by its origin is still one', async () => {
    const given = await open(({ url, headers }, response) => {
      if (url === '/a') reply(response, 200, KEPT, 'a')
      else if (headers['if-none-match'] === '"1"') reply(response, 304, { 'Surrogate-Control': 'max-age=60', ETag: '"1"' })
      else reply(response, 200, { ...PAGE, ETag: '"1"' }, '<p><esi:include src="/a"/></p>')
    })
    expect(await text(given, '/')).toBe('<p>a</p>')
    given.clock.advance(61_000)
    for (const _ of [1, 2]) expect(await text(given, '/')).toBe('<p>a</p>')
    expect(given.stat('fetch_304')).toBe(1)
  })
})

describe('its head', () => {
  const answers: Answers = {
    '/': [
      200,
      { ...PAGE, ETag: '"page"', 'Last-Modified': 'Sun, 06 Nov 1994 08:49:37 GMT', 'Accept-Ranges': 'bytes' },
      '<p><esi:include src="/a"/></p>',
    ],
    '/a': [201, { ...KEPT, 'Set-Cookie': 'fragment=1', 'X-Fragment': 'yes', ETag: '"fragment"', Vary: 'X-Other' }, 'one'],
  }

  it('is that of the page alone', async () => {
    const given = await site(answers)
    for (const cache of ['MISS', 'HIT']) {
      const answer = await given.get('/')
      expect([answer.status, answer.body.toString(), answer.get('x-cache')]).toEqual([200, '<p>one</p>', cache])
      for (const name of ['set-cookie', 'x-fragment', 'vary', 'surrogate-control'])
        expect([name, answer.get(name)]).toEqual([name, undefined])
    }
  })

  it('has neither length nor validators, for the page may be the same while a fragment is not', async () => {
    const given = await site(answers)
    for (const _ of [1, 2]) {
      const answer = await given.get('/')
      expect(answer.get('transfer-encoding')).toBe('chunked')
      for (const name of ['content-length', 'etag', 'last-modified', 'accept-ranges'])
        expect([name, answer.get(name)]).toEqual([name, undefined])
    }
  })

  it('is never 304', async () => {
    const given = await site(answers)
    for (const fields of [
      { 'If-None-Match': '"page"' },
      { 'If-Modified-Since': 'Sun, 06 Nov 1994 08:49:37 GMT' },
      { 'If-None-Match': '*' },
    ] as Fields[])
      for (const _ of [1, 2]) expect((await given.get('/', fields)).status).toBe(200)
  })

  it('is the same for HEAD, for which no fragment is asked', async () => {
    const given = await site(answers)
    await given.get('/')
    const before = given.stat('esi_req')
    const answer = await given.ask('HEAD', '/')
    expect([answer.status, answer.get('x-cache'), answer.get('content-length'), answer.get('etag')]).toEqual([
      200,
      'HIT',
      undefined,
      undefined,
    ])
    expect(given.stat('esi_req')).toBe(before)
  })

  it('says close to a client of HTTP/1.0, for which the end of the connection is that of the page', async () => {
    const given = await site(answers)
    for (const _ of [1, 2]) {
      const client = await given.connect()
      client.send('GET / HTTP/1.0\r\nHost: www.example\r\nConnection: keep-alive\r\n\r\n')
      const answer = await client.response()
      expect([answer.body.toString(), answer.get('connection'), answer.get('transfer-encoding')]).toEqual([
        '<p>one</p>',
        'close',
        undefined,
      ])
    }
  })

  it('of a page without ESI in it is as ever, once that is known', async () => {
    const given = await site({ '/': [200, { ...PAGE, ETag: '"1"' }, '<p>plain</p>'] })
    await given.get('/')
    const answer = await given.get('/')
    expect([answer.get('etag'), answer.get('content-length')]).toEqual(['"1"', '12'])
    expect((await given.get('/', { 'If-None-Match': '"1"' })).status).toBe(304)
    expect((await given.get('/', { Range: 'bytes=0-2' })).body.toString()).toBe('<p>')
  })
})

describe('a range of it', () => {
  it('is not sent: the page is whole', async () => {
    const given = await site({ '/': '<p><esi:include src="/a"/></p>', '/a': 'one' })
    for (const _ of [1, 2]) {
      const answer = await given.get('/', { Range: 'bytes=0-2' })
      expect([answer.status, answer.body.toString(), answer.get('content-range')]).toEqual([200, '<p>one</p>', undefined])
    }
  })

  it('is not what the origin sends either: the whole is asked for', async () => {
    const body = '<p><esi:include src="/a"/></p>'
    const given = await open(({ url, headers }, response) => {
      if (url === '/a') reply(response, 200, KEPT, 'one')
      else if (headers.range === undefined) reply(response, 200, { ...PAGE, ETag: '"1"' }, body)
      else reply(response, 206, { ...PAGE, ETag: '"1"', 'Content-Range': `bytes 0-11/${body.length}` }, body.slice(0, 12))
    })
    const answer = await given.get('/', { Range: 'bytes=0-11' })
    expect([answer.status, answer.body.toString()]).toEqual([200, '<p>one</p>'])
    expect(await text(given, '/')).toBe('<p>one</p>')
    expect(asked(given)).toEqual(['/', '/', '/a'])
  })
})

describe('a fragment', () => {
  it('is asked for with GET, without the body, conditions, range and codings of the page’s own request', async () => {
    const seen: { method: string; fields: Readonly<Record<string, unknown>> }[] = []
    const given = await open(({ url, method, headers }, response) => {
      if (url === '/a') seen.push({ method, fields: headers })
      reply(response, 200, url === '/a' ? { 'Cache-Control': 'no-store' } : PAGE, url === '/a' ? 'one' : '<p><esi:include src="/a"/></p>')
    })
    const conditions = {
      'If-None-Match': '"x"',
      'If-Modified-Since': 'Sun, 06 Nov 1994 08:49:37 GMT',
      Range: 'bytes=0-1',
      'If-Range': '"x"',
    }
    const fields = {
      ...conditions,
      'Accept-Encoding': 'gzip, br',
      'Accept-Language': 'de',
      Cookie: 'a=b',
      Authorization: 'Basic eDp5',
      'X-Other': '1',
    }
    await given.get('/', fields)
    const client = await given.connect()
    await client.request(message('POST', '/', { ...fields, 'Content-Type': 'text/plain' }, 'body'))
    client.destroy()
    expect(seen.length).toBe(2)
    for (const { method, fields: got } of seen) {
      expect(method).toBe('GET')
      for (const name of [
        'if-none-match',
        'if-modified-since',
        'range',
        'if-range',
        'content-length',
        'content-type',
        'transfer-encoding',
        'accept-encoding',
      ])
        expect([name, got[name]]).toEqual([name, undefined])
      expect([got['accept-language'], got['cookie'], got['authorization'], got['x-other']]).toEqual(['de', 'a=b', 'Basic eDp5', '1'])
    }
  })

  it('is a request of the same client: it tells the origin who asks, once', async () => {
    const vias: unknown[] = []
    const given = await open(({ url, headers }, response) => {
      vias.push([headers.via, headers['x-forwarded-for'], headers['x-forwarded-host'], headers['cdn-loop']])
      reply(response, 200, url === '/a' ? { 'Cache-Control': 'no-store' } : PAGE, url === '/a' ? 'one' : '<p><esi:include src="/a"/></p>')
    })
    expect(await text(given, '/')).toBe('<p>one</p>')
    expect(await text(given, '/')).toBe('<p>one</p>')
    expect(vias).toEqual(Array(3).fill(['1.1 Clearcoat', '127.0.0.1', 'www.example', 'Clearcoat']))
  })

  it('goes through the policy from its first hook on, as the client sent it', async () => {
    const levels: string[] = []
    const policy = definePolicy({
      recv({ req, client, synth }) {
        levels.push(`${req.esiLevel} ${req.method} ${req.url} ${req.headers.get('x-page') ?? ''} ${client.ip}`)
        if (req.url === '/made') return synth(200, 'OK', `made at ${req.esiLevel}`)
        if (req.url === '/client') req.url = '/inner/page'
        req.headers.set('X-Page', 'set')
      },
      deliver({ req, resp }) {
        resp.headers.set('X-Level', String(req.esiLevel))
      },
    })
    const given = await site({ '/inner/page': '<p><esi:include src="/made"/><esi:include src="a"/></p>', '/a': 'one' }, { policy })
    const answer = await given.get('/client')
    expect([answer.body.toString(), answer.get('x-level')]).toEqual(['<p>made at 1one</p>', '0'])
    expect(levels).toEqual(['0 GET /client  127.0.0.1', '1 GET /made  127.0.0.1', '1 GET /a  127.0.0.1'])
  })

  it('passes where the policy would open a tunnel', async () => {
    const policy = definePolicy({ recv: ({ req, pipe }) => (req.url === '/a' ? pipe() : undefined) })
    const given = await site({ '/': '<p><esi:include src="/a"/></p>', '/a': 'one' }, { policy })
    expect(await text(given, '/')).toBe('<p>one</p>')
    expect([given.stat('s_pipe'), given.stat('s_pass')]).toEqual([0, 1])
  })

  it('is a record of its own in the log, with its level', async () => {
    const given = await site({ '/': '<p><esi:include src="/a"/></p>', '/a': 'one' })
    await text(given, '/')
    await text(given, '/')
    const told = given.records.map(({ url, esiLevel, outcome, bodyBytes, end }) => [url, esiLevel, outcome, bodyBytes, end])
    expect(told.filter(([, level]) => level === 1)).toEqual([
      ['/a', 1, 'MISS', 3, 'sent'],
      ['/a', 1, 'HIT', 3, 'sent'],
    ])
    expect(told.filter(([, level]) => level === 0)).toEqual([
      ['/', 0, 'MISS', 10, 'sent'],
      ['/', 0, 'HIT', 10, 'sent'],
    ])
    expect(new Set(given.records.map(({ id }) => id)).size).toBe(4)
  })
})

describe('a page of a request that', () => {
  it('names no host includes what is on the same server', async () => {
    const given = await site({ '/': '<p><esi:include src="/a"/><esi:include src="//www.example/a"/></p>', '/a': 'one' })
    for (const _ of [1, 2]) {
      const client = await given.connect()
      client.send('GET / HTTP/1.0\r\n\r\n')
      expect((await client.response()).body.toString()).toBe('<p>one</p>')
    }
  })

  it('was answered by a part although nobody asked for one has failed', async () => {
    const given = await open((_, response) => reply(response, 206, { ...PAGE, 'Content-Range': 'bytes 0-2/9' }, '<p>'))
    const answer = await given.get('/', { Range: 'bytes=0-2' })
    expect([answer.status, answer.get('content-range')]).toEqual([502, undefined])
    expect(given.origin.hits.length).toBe(2)
  })
})
