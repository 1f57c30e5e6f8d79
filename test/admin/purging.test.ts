import { describe, expect, it } from 'vitest'
import { definePolicy } from '../../vcl-ts/index.ts'
import { always, reply } from '../journey/site.ts'
import { api, ask, cli, type Operated, operated, problem } from './rig.ts'

const FRESH = { 'Cache-Control': 'max-age=60, stale-while-revalidate=60' }
const NONE = { status: 'ok', purged: 0, softPurged: 0, dryRun: false, refreshed: 0, refreshSkipped: 0 }

/** Three pages of one host and one of another, tagged by their paths. */
async function filled(options: Parameters<typeof operated>[1] = {}): Promise<Operated> {
  const site = await operated(
    (hit, response) => reply(response, 200, { ...FRESH, xkey: `all k${hit.url}` }, `answer ${hit.index}`),
    options,
  )
  for (const path of ['/a', '/a/b', '/c']) await site.get(path)
  await site.get('/a', { Host: 'other.example' })
  return site
}

const left = (site: Operated): number => site.stat('n_object')

describe('POST /api/purge', () => {
  it.each([
    [{ url: 'http://www.example/a' }, 1],
    [{ url: 'HTTP://WWW.Example:80/a' }, 1],
    [{ url: '/a', host: 'other.example' }, 1],
    [{ url: 'http://www.example/a?x=1' }, 0],
    [{ url: 'http://www.example' }, 0],
    [{ tags: ['k/a'] }, 2],
    [{ tags: ['k/a', 'k/c', 'nothing'] }, 3],
    [{ prefix: 'http://www.example/a' }, 2],
    [{ prefix: '/', host: 'www.example' }, 3],
    [{ host: 'other.example' }, 1],
    [{ all: true }, 4],
  ])('takes %j and says how many went', async (body, count) => {
    const site = await filled()
    expect(await api(site, 'POST /api/purge', { ...body, dryRun: true })).toEqual({ ...NONE, purged: count, dryRun: true })
    expect([left(site), site.stat('n_purges')]).toEqual([4, 0])
    expect(await api(site, 'POST /api/purge', body)).toEqual({ ...NONE, purged: count })
    expect([left(site), site.stat('n_purges')]).toEqual([4 - count, 1])
  })

  it('takes every variant of a URL, whatever a policy added to the key', async () => {
    const policy = definePolicy({
      hash({ key, req }) {
        key.add(req.headers.get('x-tenant') ?? '')
      },
    })
    const site = await operated(always({ ...FRESH, Vary: 'X' }), { policy })
    for (const tenant of ['1', '2']) for (const x of ['a', 'b']) await site.get('/', { 'X-Tenant': tenant, X: x })
    expect(await api(site, 'POST /api/purge', { url: 'http://www.example/' })).toMatchObject({ purged: 4 })
  })

  it('only makes stale when it is soft', async () => {
    const site = await filled()
    expect(await api(site, 'POST /api/purge', { tags: ['all'], soft: true })).toEqual({ ...NONE, softPurged: 4 })
    expect(left(site)).toBe(4)
    expect((await site.get('/a')).get('x-cache')).toBe('STALE')
  })

  it('refuses what names nothing, too much or no place', async () => {
    const site = await filled()
    for (const body of [
      {},
      { soft: true },
      { url: 'http://www.example/a', tags: ['k/a'] },
      { all: true, host: 'www.example' },
      { tags: ['k/a'], host: 'www.example' },
      { all: false },
      { url: '/a' },
      { prefix: '/a' },
      { url: 'a', host: 'www.example' },
      { url: 'http:///a' },
      { url: 'http://user@www.example/a' },
      { url: 'http://www.example/a', host: 'www.example' },
      { host: 'www example' },
      { host: '' },
    ])
      await problem(site, 400, 'POST /api/purge', { body })
    expect(left(site)).toBe(4)
  })

  it('logs who purges what', async () => {
    const site = await filled()
    await api(site, 'POST /api/purge', { all: true })
    expect(site.events.map(({ fields }) => fields)).toContainEqual({ event: 'purge', subject: 'all', soft: false, objects: 4 })
  })
})

describe('refresh', () => {
  it('fetches anew what went, so that the next client has a hit', async () => {
    const site = await filled()
    expect(await api(site, 'POST /api/purge', { prefix: 'http://www.example/a', refresh: true })).toEqual({
      ...NONE,
      purged: 2,
      refreshed: 2,
    })
    const anew = site.origin.hits.slice(4).toSorted((a, b) => (a.url < b.url ? -1 : 1))
    expect(anew.map((hit) => [hit.url, hit.headers.host, hit.headers.cookie])).toEqual([
      ['/a', 'www.example', undefined],
      ['/a/b', 'www.example', undefined],
    ])
    const answer = await site.get('/a')
    expect([answer.get('x-cache'), answer.body.toString()]).toEqual(['HIT', `answer ${anew[0]?.index}`])
  })

  it('fetches what was stored for https as that', async () => {
    const site = await operated((hit, response) => reply(response, 200, FRESH, `answer ${hit.index}`), { trust: ['127.0.0.0/8'] })
    const secure = { 'X-Forwarded-Proto': 'https', 'X-Forwarded-For': '192.0.2.7' }
    for (const fields of [{}, secure]) await site.get('/a', fields)
    expect(await api(site, 'POST /api/purge', { url: 'https://www.example:443/a', refresh: true })).toEqual({
      ...NONE,
      purged: 2,
      refreshed: 2,
    })
    expect(site.origin.hits.slice(2).map((hit) => hit.headers['x-forwarded-proto'])).toEqual(['http', 'https'])
    for (const fields of [{}, secure]) expect((await site.get('/a', fields)).get('x-cache')).toBe('HIT')
  })

  it('does so behind a soft purge as well', async () => {
    const site = await filled()
    expect(await api(site, 'POST /api/purge', { url: 'http://www.example/a', soft: true, refresh: true })).toEqual({
      ...NONE,
      softPurged: 1,
      refreshed: 1,
    })
    await site.origin.hit(4)
    while ((await site.get('/a')).get('x-cache') !== 'HIT') expect(site.origin.hits.length).toBe(5)
    expect((await site.get('/a')).body.toString()).toBe('answer 4')
  })

  it('leaves out what a plain GET cannot bring back, and what fails, and says how many', async () => {
    let down = false
    const site = await operated(
      (hit, response) => {
        if (down && hit.url === '/down') response.destroy()
        else reply(response, 200, { ...FRESH, ...(hit.url === '/vary' ? { Vary: 'X' } : {}) })
      },
      {
        policy: definePolicy({
          hash({ key, req }) {
            if (req.url === '/keyed') key.add('more')
          },
        }),
      },
    )
    for (const path of ['/plain', '/vary', '/keyed', '/down']) await site.get(path)
    down = true
    expect(await api(site, 'POST /api/purge', { all: true, refresh: true })).toEqual({
      ...NONE,
      purged: 4,
      refreshed: 1,
      refreshSkipped: 3,
    })
    expect(left(site)).toBe(1)
  })

  it('asks eight at a time, a thousand at most', async () => {
    let open = 0
    let most = 0
    let slow = false
    const site = await operated((_hit, response) => {
      if (!slow) return reply(response, 200, FRESH)
      most = Math.max(most, ++open)
      setImmediate(() => {
        open--
        reply(response, 200, FRESH)
      })
    })
    const client = await site.connect()
    for (let i = 0; i < 1010; i++) await client.request(`GET /${i} HTTP/1.1\r\nHost: www.example\r\n\r\n`)
    client.destroy()
    slow = true
    expect(await api(site, 'POST /api/purge', { all: true, refresh: true })).toEqual({
      ...NONE,
      purged: 1010,
      refreshed: 1000,
      refreshSkipped: 10,
    })
    expect(most).toBeGreaterThan(1)
    expect(most).toBeLessThanOrEqual(8)
  })
})

describe('POST /api/ban', () => {
  it('bans by an expression, and lists it', async () => {
    const site = await filled()
    const answer = await api(site, 'POST /api/ban', { expression: 'req.url ~ ^/a && req.http.host == www.example' })
    expect(answer).toEqual({ status: 'ok', id: expect.any(String), banned: 2, complete: true })
    expect((await site.get('/a')).get('x-cache')).toBe('MISS')
    expect((await site.get('/a', { Host: 'other.example' })).get('x-cache')).toBe('HIT')
    expect(await api(site, 'GET /api/bans')).toMatchObject({
      bans: [{ id: answer['id'], state: 'completed', references: 0, objects: 2, added: site.clock.wall() }],
    })
    expect(site.server.stat()).toMatchObject({ bans_added: 1, bans_lurker_obj_killed: 2 })
  })

  it('refuses what is no ban, and more than there may be', async () => {
    const site = await filled()
    for (const expression of ['', 'req.url', 'req.url ~ ^(a+)+$', 'req.url == /a || req.url == /b', 'x == y', 'req.http.cookie ~ a'])
      await problem(site, 400, 'POST /api/ban', { body: { expression } })
    expect(await api(site, 'GET /api/bans')).toEqual({ bans: [] })
    site.server.params.set('ban_lurker_age', '1h')
    for (let i = 0; i < 1000; i++) await api(site, 'POST /api/ban', { expression: `req.url == /${i}` })
    await problem(site, 429, 'POST /api/ban', { body: { expression: 'req.url == /one-more' } })
    const refused = await ask(site.server.admin, 'POST /api/ban', { body: { expression: 'req.url == /one-more' } })
    expect(refused.headers['retry-after']).toMatch(/^\d+$/)
    expect(await cli(site, 'ban req.url == /one-more')).toEqual([300, expect.stringContaining('too many bans')])
  })
})

describe('the ban command', () => {
  it('takes the expression bare, quoted whole, or quoted word by word', async () => {
    for (const line of ['ban req.url == /a', 'ban "req.url == /a"', 'ban "req.url" "==" "/a"', 'ban req.url == "/a"']) {
      const site = await filled()
      expect(await cli(site, line), line).toEqual([200, ''])
      expect([left(site), site.stat('bans_lurker_obj_killed')], line).toEqual([2, 2])
      expect(await cli(site, 'ban.list')).toEqual([200, expect.stringMatching(/^Present bans:\n\d+\.\d{6} +0 C {2}\S+ == \/a$/)])
    }
  })

  it('is listed with the objects that are older and untested, newest first', async () => {
    const site = await filled()
    site.server.params.set('ban_lurker_age', '1h')
    await cli(site, 'ban obj.status == 404')
    await site.get('/later')
    await cli(site, 'ban obj.status == 410')
    await site.get('/a')
    const [, text] = await cli(site, 'ban.list')
    expect(text.split('\n').map((line) => line.split(/ +/).slice(1).join(' '))).toEqual([
      'bans:',
      '4 - obj.status == 410',
      '3 - obj.status == 404',
    ])
  })

  it('keeps the blanks and backslashes of a pattern', async () => {
    const site = await operated((hit, response) => reply(response, 200, { ...FRESH, 'X-Title': hit.url === '/a.b' ? 'red  shoe' : 'axb' }))
    for (const path of ['/a.b', '/axb']) await site.get(path)
    await cli(site, 'ban req.url ~ a\\.b && obj.http.x-title == "red  shoe"')
    expect(left(site)).toBe(1)
    await cli(site, 'ban obj.http.x-title ~ "^a\\\\wb$"')
    expect(left(site)).toBe(0)
  })

  it('answers 106 to what is no ban', async () => {
    const site = await filled()
    expect(await cli(site, 'ban req.url ~ (a+)+$')).toEqual([106, expect.stringContaining('ban expression')])
    expect(await cli(site, 'ban req.url')).toEqual([106, expect.stringContaining('ban expression')])
    expect(await cli(site, 'ban')).toEqual([104, expect.anything()])
    expect(await cli(site, 'ban.list')).toEqual([200, 'Present bans:'])
  })
})
