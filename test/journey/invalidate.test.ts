/** PURGE over HTTP: who may, what goes, and what is answered. */
import { mkdtempSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { resolveOptions } from '../../src/config/resolve.ts'
import { createServer } from '../../src/index.ts'
import { PRESETS } from '../../vcl-ts/builtin/decisions.ts'
import { definePolicy } from '../../vcl-ts/index.ts'
import { Gate } from '../support/scripted-origin.ts'
import { until } from '../support/until.ts'
import { always, type Fields, message, open, reply, type Site, type SiteOptions } from './site.ts'

const TOKEN = 'a-long-enough-secret'
const BEARER = { Authorization: `Bearer ${TOKEN}` }
const FRESH = { 'Cache-Control': 'max-age=60' }

/** A site that holds `/`, as everybody may have it. */
async function holding(options: SiteOptions = {}): Promise<Site> {
  const site = await open(always(FRESH), options)
  await site.get('/')
  return site
}

describe.each(PRESETS)('PURGE under %s', (preset) => {
  it('drops what is stored for a client on this host, and is not forwarded', async () => {
    const site = await holding({ preset })
    const purged = await site.ask('PURGE', '/')
    expect([purged.status, purged.reason, purged.body.toString(), purged.get('content-type')]).toEqual([
      200,
      'Purged 1',
      'Purged 1\n',
      'text/plain; charset=utf-8',
    ])
    expect((await site.get('/')).body.toString()).toBe('answer 1')
    expect(site.origin.hits.map(({ method }) => method)).toEqual(['GET', 'GET'])
  })

  it('is refused with 405 from elsewhere, has no effect and is not forwarded', async () => {
    const site = await holding({ preset, purgeFrom: ['10.0.0.0/8'] })
    expect((await site.ask('PURGE', '/')).status).toBe(405)
    expect((await site.get('/')).get('x-cache')).toBe('HIT')
    expect(site.origin.hits.length).toBe(1)
  })
})

describe('who may purge', () => {
  const refused: readonly (readonly [string, Fields])[] = [
    ['an X-Forwarded-For of this host', { 'X-Forwarded-For': '127.0.0.1' }],
    ['Forwarded', { Forwarded: 'for=127.0.0.1' }],
    ['another forwarding field', { 'X-Forwarded-Proto': 'https' }],
    ['X-Real-IP', { 'X-Real-IP': '127.0.0.1' }],
    ['X-Real-IP that Connection names', { 'X-Real-IP': '203.0.113.9', Connection: 'close, x-real-ip' }],
    ['X-Forwarded-For that Connection names', { 'X-Forwarded-For': '203.0.113.9', Connection: 'close, x-forwarded-for' }],
    ['Via', { Via: '1.1 terminator' }],
    ['a page’s Origin', { Origin: 'https://evil.example' }],
    ['a page’s Sec-Fetch-Site', { 'Sec-Fetch-Site': 'cross-site' }],
    ['a page of the same origin', { 'Sec-Fetch-Site': 'same-origin' }],
    ['a wrong token', { Via: '1.1 x', Authorization: 'Bearer another-long-secret' }],
    ['half a token', { Via: '1.1 x', Authorization: `Bearer ${TOKEN.slice(0, 10)}` }],
    ['the token in another scheme', { Via: '1.1 x', Authorization: `Basic ${TOKEN}` }],
  ]

  it.each(refused)('not a loopback peer with %s', async (_, fields) => {
    const site = await holding({ purgeToken: TOKEN })
    expect((await site.ask('PURGE', '/', fields)).status).toBe(405)
    expect((await site.get('/')).get('x-cache')).toBe('HIT')
    expect(site.origin.hits.length).toBe(1)
  })

  it.each(refused.slice(0, 10))('a bearer of the token, even with %s', async (_, fields) => {
    const site = await holding({ purgeToken: TOKEN, purgeFrom: ['none'] })
    expect((await site.ask('PURGE', '/', { ...fields, ...BEARER })).reason).toBe('Purged 1')
  })

  it('a loopback peer whose policy looks at its requests', async () => {
    const site = await holding({ policy: definePolicy({ recv() {} }) })
    expect((await site.ask('PURGE', '/')).reason).toBe('Purged 1')
  })

  it('a user who typed it', async () => {
    const site = await holding()
    expect((await site.ask('PURGE', '/', { 'Sec-Fetch-Site': 'none' })).status).toBe(200)
  })

  it('nobody where no address is given', async () => {
    const site = await holding({ purgeFrom: ['none'] })
    expect((await site.ask('PURGE', '/')).status).toBe(405)
  })

  it('behind a trusted peer the rightmost address that is not trusted', async () => {
    const site = await holding({ trust: ['127.0.0.1'], purgeFrom: ['10.0.0.0/8', '!10.1.2.3'] })
    const ask = async (forwarded: string): Promise<number> => (await site.ask('PURGE', '/', { 'X-Forwarded-For': forwarded })).status
    expect(await ask('10.9.9.9, 203.0.113.1')).toBe(405)
    expect(await ask('10.1.2.3')).toBe(405)
    expect(await ask('127.0.0.1')).toBe(405)
    expect(await ask('::ffff:10.1.2.4')).toBe(200)
    expect(await ask('203.0.113.1, 10.9.9.9')).toBe(200)
  })

  it('not everybody behind a trusted peer that does not tell for whom it asks', async () => {
    const site = await holding({ trust: ['127.0.0.1'], purgeFrom: ['loopback'] })
    expect((await site.ask('PURGE', '/', { Forwarded: 'for=203.0.113.1' })).status).toBe(405)
    expect((await site.ask('PURGE', '/', { 'X-Forwarded-For': 'unknown' })).status).toBe(405)
    expect((await site.ask('PURGE', '/')).status).toBe(200)
  })

  it('a client on a Unix socket', async () => {
    const path = join(mkdtempSync(join(tmpdir(), 'clearcoat-')), 's')
    await holding({ listen: ['127.0.0.1:0', `unix:${path}`] })
    const answer = await new Promise<string | undefined>((resolve, reject) => {
      request({ socketPath: path, method: 'PURGE', path: '/', agent: false, headers: { Host: 'www.example' } }, (response) => {
        response.resume()
        resolve(response.statusMessage)
      })
        .on('error', reject)
        .end()
    })
    expect(answer).toBe('Purged 1')
  })

  it('whoever a policy lets: it is asked first', async () => {
    const site = await holding({
      purgeFrom: ['none'],
      policy: definePolicy({ recv: ({ req, purge }) => (req.headers.has('x-mine') && req.method === 'PURGE' ? purge() : undefined) }),
    })
    expect((await site.ask('PURGE', '/', { 'X-Mine': '1' })).status).toBe(200)
    expect((await site.ask('PURGE', '/')).status).toBe(405)
  })

  it('never shows the token to a hook or the origin', async () => {
    const seen: (string | undefined)[] = []
    const site = await open(always(FRESH), {
      purgeToken: TOKEN,
      policy: definePolicy({
        recv({ req, client }) {
          seen.push(req.headers.get('authorization'), req.original.headers.get('authorization'), String(client.mayInvalidate))
        },
      }),
    })
    await site.get('/', { ...BEARER, Via: '1.1 x' })
    await site.get('/other', { Authorization: 'Bearer somebody-elses', Via: '1.1 x' })
    expect(seen).toEqual([undefined, undefined, 'true', 'Bearer somebody-elses', 'Bearer somebody-elses', 'false'])
    expect(site.origin.hits.map(({ headers }) => headers.authorization)).toEqual([undefined, 'Bearer somebody-elses'])
  })

  it.each([
    { purgeFrom: ['10.0.0.1/8'] },
    { purgeFrom: ['office'] },
    { refreshFrom: ['%'] },
    { purgeToken: 'short' },
    { purgeToken: 'with a blank' },
  ])('is refused where it cannot be read: %j', async (options) => {
    const error = await createServer({ origin: 'http://127.0.0.1:1', listen: ['127.0.0.1:0'], ...options }).catch((reason: Error) => reason)
    expect(error).toMatchObject({ name: 'ConfigError' })
  })

  it('keeps the token out of complaints, and takes it from a file', () => {
    const complain = (): unknown => resolveOptions({ flags: { 'purge-token': ['hush'] }, env: {} })
    expect(complain).toThrow('--purge-token')
    expect(complain).not.toThrow('hush')
    const file = join(mkdtempSync(join(tmpdir(), 'clearcoat-')), 'token')
    writeFileSync(file, `${TOKEN}\n`)
    expect(resolveOptions({ flags: {}, env: { CLEARCOAT_PURGE_TOKEN_FILE: file } }).values.purgeToken).toBe(TOKEN)
    expect(() => resolveOptions({ flags: {}, env: { CLEARCOAT_PURGE_TOKEN_FILE: `${file}.none` } })).toThrow('_FILE')
    expect(resolveOptions({ flags: {}, env: { CLEARCOAT_ORIGIN_FILE: file } }).values.origin).toBe(null)
  })
})

describe('a PURGE of a URL', () => {
  it('counts, and answers 200 with 0 where nothing matches', async () => {
    const site = await open(always({ ...FRESH, Vary: 'X-Lang' }))
    for (const lang of ['de', 'fr', 'en']) await site.get('/', { 'X-Lang': lang })
    expect((await site.ask('PURGE', '/')).reason).toBe('Purged 3')
    const again = await site.ask('PURGE', '/')
    expect([again.status, again.reason]).toEqual([200, 'Purged 0'])
  })

  it('answers JSON when asked', async () => {
    const site = await holding()
    const answer = await site.ask('PURGE', '/', { Accept: 'application/json' })
    expect(answer.get('content-type')).toBe('application/json')
    expect(JSON.parse(answer.body.toString())).toEqual({ status: 'ok', purged: 1, softPurged: 0 })
  })

  it('drops both schemes and both classes', async () => {
    const site = await open(always({ 'Cache-Control': 'public, max-age=60' }), { trust: ['127.0.0.1'] })
    for (const scheme of ['http', 'https']) await site.get('/', { 'X-Forwarded-Proto': scheme })
    expect(site.stat('n_object')).toBe(2)
    expect((await site.ask('PURGE', '/')).reason).toBe('Purged 2')
  })

  it.each(['www.example:80', 'WWW.example.', 'www.example'])('finds the host written as %s', async (host) => {
    const site = await holding()
    expect((await site.ask('PURGE', '/', { Host: host })).reason).toBe('Purged 1')
  })

  it('may be in absolute form, pipelined and in HTTP/1.0', async () => {
    const site = await holding()
    await site.get('/two')
    const client = await site.connect()
    client.send(`PURGE http://www.example/ HTTP/1.1\r\nHost: other\r\n\r\n${message('PURGE', '/two')}`)
    expect([(await client.response()).reason, (await client.response()).reason]).toEqual(['Purged 1', 'Purged 1'])
    client.send('PURGE /two HTTP/1.0\r\nHost: www.example\r\n\r\n')
    expect((await client.response()).reason).toBe('Purged 0')
    client.destroy()
  })

  it.each(['X-Purge-Soft', 'Fastly-Soft-Purge'])(
    'is soft with %s: 1, and the stale copy serves while one fetch refreshes it',
    async (name) => {
      const gate = new Gate()
      const site = await open(async (hit, response) => {
        if (hit.index > 0) await gate.opened
        reply(response, 200, { 'Cache-Control': 'max-age=60, stale-while-revalidate=60' }, `answer ${hit.index}`)
      })
      await site.get('/')
      const answer = await site.ask('PURGE', '/', { [name]: '1', Accept: 'application/json' })
      expect([answer.reason, JSON.parse(answer.body.toString())]).toEqual(['Soft-purged 1', { status: 'ok', purged: 0, softPurged: 1 }])
      for (let i = 0; i < 3; i++) expect((await site.get('/')).body.toString()).toBe('answer 0')
      await site.origin.hit(1)
      gate.open()
      await until(() => site.stat('n_superseded') === 1)
      expect((await site.get('/')).body.toString()).toBe('answer 1')
      expect(site.origin.hits.length).toBe(2)
    },
  )
})

describe('tags', () => {
  const tagged = (names: Readonly<Record<string, string>>): SiteOptions & { script: Parameters<typeof open>[0] } => ({
    script: (hit, response) => reply(response, 200, { ...FRESH, 'Surrogate-Key': names[hit.url] ?? '' }, `answer ${hit.index}`),
  })

  it.each(['xkey-purge', 'xkey', 'Surrogate-Key', 'Cache-Tag'])('are purged by %s, whatever host and URL say', async (field) => {
    const site = await open(tagged({ '/a': 'one two', '/b': 'two', '/c': 'three' }).script)
    for (const path of ['/a', '/b', '/c', '/d']) await site.get(path)
    const answer = await site.ask('PURGE', '/', { Host: 'elsewhere', [field]: 'two, nobody' })
    expect(answer.reason).toBe('Purged 2')
    const outcomes: (string | undefined)[] = []
    for (const path of ['/a', '/b', '/c', '/d']) outcomes.push((await site.get(path)).get('x-cache'))
    expect(outcomes).toEqual(['MISS', 'MISS', 'HIT', 'HIT'])
  })

  it('are purged softly by xkey-softpurge and by X-Purge-Soft', async () => {
    const site = await open(always({ 'Cache-Control': 'max-age=60, stale-while-revalidate=60', xkey: 't' }))
    await site.get('/')
    expect((await site.ask('PURGE', '/', { 'xkey-softpurge': 't' })).reason).toBe('Soft-purged 1')
    expect((await site.get('/')).get('x-cache')).toBe('STALE')
    expect((await site.ask('PURGE', '/', { 'Cache-Tag': 't', 'X-Purge-Soft': '1' })).reason).toBe('Soft-purged 1')
    expect((await site.ask('PURGE', '/', { 'xkey-softpurge': 'x', 'xkey-purge': 't' })).reason).toBe('Purged 1')
  })

  it('are needed where a tag field is there: 400, and nothing goes', async () => {
    const site = await holding()
    expect((await site.ask('PURGE', '/', { 'xkey-purge': ' , |' })).status).toBe(400)
    expect((await site.get('/')).get('x-cache')).toBe('HIT')
  })

  it('are not for those who may not purge', async () => {
    const site = await open(always({ ...FRESH, xkey: 't' }), { purgeFrom: ['none'] })
    await site.get('/')
    expect((await site.ask('PURGE', '/', { 'xkey-purge': 't' })).status).toBe(405)
    expect((await site.get('/')).get('x-cache')).toBe('HIT')
  })

  it('come from all lines of all tag fields, which no client gets, be it a miss, a hit or a pass', async () => {
    const site = await open((_, response) => {
      response.writeHead(200, { ...FRESH, 'Content-Length': 2, 'Cache-Tag': ['a,,b', 'c|d'], 'X-Cache-Tags': 'e' }).end('ok')
    })
    for (const [method, outcome] of [
      ['GET', 'MISS'],
      ['GET', 'HIT'],
      ['POST', 'PASS'],
    ] as const) {
      const answer = await site.ask(method, method === 'POST' ? '/form' : '/')
      expect([answer.get('x-cache'), answer.get('cache-tag'), answer.get('x-cache-tags')]).toEqual([outcome, undefined, undefined])
    }
    for (const tag of ['a', 'b', 'c', 'd', 'e']) {
      expect((await site.ask('PURGE', '/', { xkey: tag })).reason).toBe('Purged 1')
      await site.get('/')
    }
  })

  it('are not delivered where a deliver hook looks at the head either; the hook sees them as obj.tags', async () => {
    const site = await open(always({ ...FRESH, xkey: 'a b' }), {
      policy: definePolicy({
        deliver({ resp, obj }) {
          resp.headers.set('x-tags', [...obj.tags].join('+'))
        },
      }),
    })
    for (let i = 0; i < 2; i++) {
      const answer = await site.get('/')
      expect([answer.get('x-tags'), answer.get('xkey')]).toEqual(['a+b', undefined])
    }
  })

  it('may come from other fields, then the usual ones are delivered', async () => {
    const site = await open(always({ ...FRESH, xkey: 'a', 'X-Mine': 'b' }), { tagFields: ['X-Mine'] })
    expect((await site.get('/')).get('xkey')).toBe('a')
    expect((await site.ask('PURGE', '/', { xkey: 'a' })).reason).toBe('Purged 0')
    expect((await site.ask('PURGE', '/', { xkey: 'b' })).reason).toBe('Purged 1')
  })

  it('may be added and taken away by a policy', async () => {
    const site = await open(always({ ...FRESH, xkey: 'a b' }), {
      policy: definePolicy({
        backendResponse({ beresp }) {
          beresp.tags.delete('a')
          beresp.tags.add('shop')
        },
      }),
    })
    await site.get('/')
    expect((await site.ask('PURGE', '/', { xkey: 'a' })).reason).toBe('Purged 0')
    expect((await site.ask('PURGE', '/', { xkey: 'shop b' })).reason).toBe('Purged 1')
  })

  it('stay with an object that a 304 renewed', async () => {
    const site = await open((hit, response) =>
      hit.headers['if-none-match'] === undefined
        ? reply(response, 200, { ...FRESH, ETag: '"a"', xkey: 't' }, 'body')
        : reply(response, 304, { ...FRESH, ETag: '"a"' }),
    )
    await site.get('/')
    site.clock.advance(61_000)
    await site.get('/')
    expect(site.origin.hits.length).toBe(2)
    expect((await site.ask('PURGE', '/', { xkey: 't' })).reason).toBe('Purged 1')
  })

  it('purge what was on its way: its reader finishes, who comes after waits for a newer one', async () => {
    const gate = new Gate()
    const site = await open(async (hit, response) => {
      if (hit.index === 0) await gate.opened
      reply(response, 200, { ...FRESH, xkey: 't' }, `answer ${hit.index}`)
    })
    const early = site.get('/')
    await site.origin.hit(0)
    expect((await site.ask('PURGE', '/', { xkey: 't' })).reason).toBe('Purged 0')
    const late = site.get('/')
    await until(() => site.stat('busy_sleep') === 1)
    gate.open()
    expect((await early).body.toString()).toBe('answer 0')
    expect((await late).body.toString()).toBe('answer 1')
    expect((await site.get('/')).body.toString()).toBe('answer 1')
    expect(site.origin.hits.length).toBe(2)
  })

  it('of 100 KiB are stored and purged', async () => {
    const tags = Array.from({ length: 10_000 }, (_, i) => `cat_p_${i}`)
    const site = await open(always({ ...FRESH, 'X-Magento-Tags': tags.join(',') }))
    await site.get('/')
    expect((await site.ask('PURGE', '/', { xkey: 'cat_p_9999' })).reason).toBe('Purged 1')
  })
})

describe('a policy purges', () => {
  const policy = definePolicy({
    recv({ req, purge }) {
      if (req.method !== 'PURGE') return
      const host = req.headers.get('x-of-host')
      const prefix = req.headers.get('x-prefix')
      if (req.headers.has('x-all')) return purge({ all: true })
      if (prefix !== undefined) return purge(host === undefined ? { prefix } : { prefix, host })
      if (host !== undefined) return purge({ host })
    },
  })

  it.each([
    [{ 'X-All': '1' }, 4],
    [{ 'X-Of-Host': 'WWW.example:80' }, 3],
    [{ 'X-Prefix': '/a/' }, 2],
    [{ 'X-Prefix': '/a/', 'X-Of-Host': 'other.example' }, 1],
    [{ 'X-Prefix': '/none' }, 0],
  ])('by host, prefix or all: %j', async (fields, count) => {
    const site = await open(always(FRESH), { policy })
    for (const path of ['/a/1', '/a/2', '/b']) await site.get(path)
    await site.get('/a/1', { Host: 'other.example' })
    expect((await site.ask('PURGE', '/', fields as Fields)).reason).toBe(`Purged ${count}`)
    expect(site.stat('n_object')).toBe(4 - count)
  })

  it('with a host what was fetched for it, also under keys that tell no host', async () => {
    const site = await open(always(FRESH), {
      policy: definePolicy({
        recv: ({ req, purge }) => (req.method === 'PURGE' ? purge({ host: req.headers.get('x-purge-host') ?? '' }) : undefined),
        hash({ key, req }) {
          key.clear()
          key.add(req.url)
        },
      }),
    })
    await site.get('/', { Host: 'one.example' })
    expect((await site.ask('PURGE', '/', { 'X-Purge-Host': 'two.example' })).reason).toBe('Purged 0')
    expect((await site.ask('PURGE', '/', { 'X-Purge-Host': 'one.example' })).reason).toBe('Purged 1')
  })
})

describe('no-cache of a refresh client', () => {
  it.each(
    PRESETS.flatMap(
      (preset) =>
        [
          [preset, { 'Cache-Control': 'no-cache' }],
          [preset, { Pragma: 'no-cache' }],
        ] as const,
    ),
  )('fetches anew under %s with %j, for everybody', async (preset, fields) => {
    const site = await holding({ preset, purgeFrom: ['loopback'] })
    expect((await site.get('/', fields)).body.toString()).toBe('answer 1')
    expect((await site.get('/')).body.toString()).toBe('answer 1')
  })

  it('is ignored from others, from browsers, and where reqCacheControl is off', async () => {
    const outcome = async (options: SiteOptions, fields: Fields): Promise<string | undefined> =>
      (await (await holding(options)).get('/', { 'Cache-Control': 'no-cache', ...fields })).get('x-cache')
    expect(await outcome({ refreshFrom: ['10.0.0.0/8'] }, {})).toBe('HIT')
    expect(await outcome({ purgeFrom: ['none'] }, {})).toBe('HIT')
    expect(await outcome({}, { Via: '1.1 x' })).toBe('HIT')
    expect(await outcome({}, { 'Sec-Fetch-Site': 'same-origin' })).toBe('HIT')
    expect(await outcome({ policy: definePolicy({ builtin: { reqCacheControl: false } }) }, {})).toBe('HIT')
    expect(await outcome({ purgeFrom: ['none'], refreshFrom: ['loopback'] }, {})).toBe('MISS')
  })

  it('is honoured of one that waited for another’s fetch, too', async () => {
    const gate = new Gate()
    const site = await open(async (hit, response) => {
      if (hit.index === 0) await gate.opened
      reply(response, 200, FRESH, `answer ${hit.index}`)
    })
    const first = site.get('/')
    await site.origin.hit(0)
    const refreshed = site.get('/', { 'Cache-Control': 'no-cache', 'X-Any': '1' })
    await until(() => site.stat('busy_sleep') === 1)
    gate.open()
    expect([(await first).body.toString(), (await refreshed).body.toString()]).toEqual(['answer 0', 'answer 1'])
  })

  it('is honoured from the bearer of the token', async () => {
    const site = await holding({ purgeFrom: ['none'], purgeToken: TOKEN })
    expect((await site.get('/', { 'Cache-Control': 'no-cache', ...BEARER })).body.toString()).toBe('answer 1')
    expect(site.origin.hits[1]?.headers.authorization).toBeUndefined()
    expect((await site.get('/')).get('x-cache')).toBe('HIT')
  })
})
