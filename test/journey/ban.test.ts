/** BAN over HTTP and by policy: what goes, what is answered, and what the list shows. */
import { describe, expect, it, onTestFinished } from 'vitest'
import { BanLimitError } from '../../src/invalidation/bans.ts'
import type { MemoryExchange } from '../../src/request/memory-exchange.ts'
import { serve } from '../../src/request/serve.ts'
import { PRESETS } from '../../vcl-ts/builtin/decisions.ts'
import { definePolicy } from '../../vcl-ts/index.ts'
import { Gate, ScriptedOrigin } from '../support/scripted-origin.ts'
import { WORKERS } from '../support/serving.ts'
import { until } from '../support/until.ts'
import { engineFor, getExchange } from './in-process.ts'
import { always, type Fields, message, open, reply, type Site, type SiteOptions } from './site.ts'

const FRESH = { 'Cache-Control': 'max-age=600' }

/** Pages of all kinds: `.png` is an image, `/gone…` is 404, `/lang…` differs by X-Lang, `/shop…` is tagged. */
const PAGES: Parameters<typeof open>[0] = ({ url, index }, response) =>
  reply(
    response,
    url.startsWith('/gone') ? 404 : 200,
    {
      ...FRESH,
      'Content-Type': url.endsWith('.png') ? 'image/png' : 'text/html',
      ...(url.startsWith('/lang') ? { Vary: 'X-Lang' } : {}),
      ...(url.startsWith('/shop') ? { 'X-Cache-Tags': 'shop,all' } : {}),
    },
    `answer ${index}`,
  )

const REQUESTS: readonly (readonly [path: string, fields: Fields])[] = [
  ['/shop/a', {}],
  ['/shop/b.png', {}],
  ['/gone', {}],
  ['/lang', { 'X-Lang': 'de' }],
  ['/lang', { 'X-Lang': 'fr' }],
  ['/shop/a', { Host: 'other.example' }],
]
const ALL = [0, 1, 2, 3, 4, 5]

async function visit(site: Site): Promise<readonly (string | undefined)[]> {
  const outcomes: (string | undefined)[] = []
  for (const [path, fields] of REQUESTS) outcomes.push((await site.get(path, fields)).get('x-cache'))
  return outcomes
}

async function filled(options: SiteOptions = {}): Promise<Site> {
  const site = await open(PAGES, options)
  await visit(site)
  return site
}

describe('BAN', () => {
  it.each<[Fields, readonly number[]]>([
    [{ 'X-Ban': 'req.url ~ ^/shop/' }, [0, 1, 5]],
    [{ 'X-Ban': 'obj.url == /shop/a && req.http.Host == www.example' }, [0]],
    [{ 'X-Ban': 'obj.host != www.example' }, [5]],
    [{ 'X-Ban': 'obj.status == 404' }, [2]],
    [{ 'X-Ban': 'obj.http.Content-Type ~ ^image/' }, [1]],
    [{ 'X-Ban': 'obj.http.Vary == X-Lang' }, [3, 4]],
    [{ 'X-Ban': 'req.http.X-Lang == fr' }, [4]],
    [{ 'X-Ban': 'req.http.X-Lang !~ ^(de|fr)$' }, [0, 1, 2, 5]],
    [{ 'X-Ban': 'obj.tags has shop && obj.host == other.example' }, [5]],
    [{ 'X-Ban': 'obj.age < 1s' }, ALL],
    [{ 'X-Ban': 'obj.age >= 1s' }, []],
    [{ 'X-Ban': 'obj.ttl > 5m' }, ALL],
    [{ 'X-Host': '^OTHER\\.example$' }, [5]],
    [{ 'X-Host': '.*', 'X-Url': '^/shop/', 'X-Content-Type': 'text/html' }, [0, 5]],
    [{ 'X-Host': '.*', 'X-Url': '.*', 'X-Content-Type': '.*' }, ALL],
    [{ 'X-Cache-Tags': '(^|,)(nothing|all)(,|$)', 'X-Host': 'www' }, [0, 1]],
  ])('with %j bans what matches, for everybody at once, and leaves the rest', async (fields, banned) => {
    const site = await filled()
    const answer = await site.ask('BAN', '/', { Host: 'the.cache', ...fields })
    expect([answer.status, answer.reason, answer.body.toString()]).toEqual([200, `Banned ${banned.length}`, `Banned ${banned.length}\n`])
    expect(await visit(site)).toEqual(ALL.map((index) => (banned.includes(index) ? 'MISS' : 'HIT')))
    expect(await visit(site)).toEqual(ALL.map(() => 'HIT'))
    expect(site.origin.hits.every(({ method }) => method === 'GET')).toBe(true)
  })

  it('tests the age that an object has when the ban comes', async () => {
    const site = await filled()
    site.clock.advance(61_000)
    await site.get('/late')
    expect((await site.ask('BAN', '/', { 'X-Ban': 'obj.age > 1m' })).reason).toBe('Banned 6')
    expect((await site.get('/late')).get('x-cache')).toBe('HIT')
  })

  it('of tags is a purge of those', async () => {
    const site = await filled()
    expect((await site.ask('BAN', '/', { 'X-Cache-Tags': 'shop, nothing' })).reason).toBe('Purged 3')
    expect(site.stat('bans_added')).toBe(0)
  })

  it('is answered in JSON when Accept asks for it', async () => {
    const site = await filled()
    const answer = await site.ask('BAN', '/', { 'X-Ban': 'obj.status == 404', Accept: 'application/json' })
    expect([answer.get('content-type'), JSON.parse(answer.body.toString())]).toEqual([
      'application/json',
      { status: 'ok', banned: 1, complete: true, id: expect.any(String) },
    ])
  })

  it.each(PRESETS)('is refused with 405 under %s to those who may not, and changes nothing', async (preset) => {
    const site = await open(always(FRESH), { preset, purgeFrom: ['10.0.0.0/8'] })
    await site.get('/')
    expect((await site.ask('BAN', '/', { 'X-Ban': 'req.url ~ .*' })).status).toBe(405)
    expect((await site.get('/')).get('x-cache')).toBe('HIT')
    expect([site.stat('bans_added'), site.origin.hits.length]).toEqual([0, 1])
  })

  it.each<[Fields, string]>([
    [{}, 'a BAN needs one of'],
    [{ 'X-Ban': 'req.url ~ ^(a+)+$' }, 'an unbounded quantifier stands within another'],
    [{ 'X-Ban': 'req.url ~ "/a' }, 'the quote is never closed'],
    [{ 'X-Ban': 'req.url ~ /a || obj.status == 200' }, 'send two bans'],
    [{ 'X-Ban': 'req.http.X-Unknown == a' }, 'the Vary of no stored answer names it'],
    [{ 'X-Url': '(?!a)' }, 'looks around'],
  ])('with %j is answered 400 with the reason, and changes nothing', async (fields, reason) => {
    const site = await filled()
    await site.ask('BAN', '/', { 'X-Ban': 'req.url == /none' })
    const names = ['bans', 'bans_added', 'bans_completed', 'n_object', 'bans_obj_killed']
    const before = names.map((name) => site.stat(name))
    const answer = await site.ask('BAN', '/', fields)
    expect([answer.status, answer.get('content-type')]).toEqual([400, 'text/plain; charset=utf-8'])
    expect(answer.body.toString()).toContain(reason)
    expect(names.map((name) => site.stat(name))).toEqual(before)
    expect(await visit(site)).toEqual(ALL.map(() => 'HIT'))
  })

  it('counts', async () => {
    const site = await filled()
    await site.ask('BAN', '/', { 'X-Ban': 'obj.status == 404 && obj.url ~ ^/gone' })
    await site.ask('BAN', '/', { 'X-Ban': 'req.url == /none' })
    const stat = (names: readonly string[]): readonly number[] => names.map((name) => site.stat(name))
    expect(stat(['bans', 'bans_completed', 'bans_obj', 'bans_req', 'bans_added', 'bans_dups', 'bans_deleted'])).toEqual([
      2, 2, 1, 1, 2, 0, 0,
    ])
    expect(stat(['bans_lurker_tested', 'bans_lurker_tests_tested', 'bans_lurker_obj_killed', 'bans_tested'])).toEqual([11, 17, 1, 0])
    expect(site.stat('n_object')).toBe(5)
  })

  it('reaches what is on its way: it is not stored, and nobody who comes later gets it', async () => {
    const gate = new Gate()
    const site = await open(async (hit, response) => {
      if (hit.index === 0) await gate.opened
      reply(response, 200, { ...FRESH, 'X-Kind': hit.index === 0 ? 'old' : 'new' }, `answer ${hit.index}`)
    })
    const early = site.get('/')
    await site.origin.hit(0)
    expect((await site.ask('BAN', '/', { 'X-Ban': 'obj.http.x-kind == old' })).reason).toBe('Banned 0')
    expect([site.stat('bans'), site.stat('bans_completed')]).toEqual([1, 0])
    const late = site.get('/')
    await until(() => site.stat('busy_sleep') === 1)
    gate.open()
    expect([(await early).body.toString(), (await late).body.toString()]).toEqual(['answer 0', 'answer 1'])
    expect((await site.get('/')).body.toString()).toBe('answer 1')
    expect([site.stat('bans'), site.stat('bans_completed')]).toEqual([1, 1])
  })

  it('above the cap is answered 429 with Retry-After; none of the others is lost', async () => {
    const gate = new Gate()
    const site = await open(async (hit, response) => {
      if (hit.url === '/slow') await gate.opened
      reply(response, 200, FRESH, `answer ${hit.index}`)
    })
    await site.get('/page/1')
    const slow = site.get('/slow')
    await site.origin.hit(1)
    const client = await site.connect()
    for (let i = 1; i <= 1000; i++) {
      const answer = await client.request(message('BAN', '/', { 'X-Ban': `req.url ~ ^/page/${i}$` }))
      expect(answer.status).toBe(200)
    }
    const refused = await client.request(message('BAN', '/', { 'X-Ban': 'req.url ~ ^/page/' }))
    expect([refused.status, refused.reason, Number(refused.get('retry-after')) > 0]).toEqual([429, 'Too Many Bans', true])
    expect(refused.body.toString()).toContain('too many bans: 1000 are active')
    expect((await client.request(message('BAN', '/', { 'X-Ban': 'req.url ~ ^/page/7$' }))).status).toBe(200)
    expect([site.stat('bans_dups'), site.stat('bans_completed')]).toEqual([1, 1])
    gate.open()
    await slow
    await until(() => site.stat('bans') === site.stat('bans_completed'))
    expect((await client.request(message('BAN', '/', { 'X-Ban': 'req.url ~ ^/page/' }))).status).toBe(200)
    client.destroy()
  })
})

describe('a policy bans', () => {
  it('by purge({ ban }), and its purge hook sees what went', async () => {
    const site = await filled({
      policy: definePolicy({
        recv: ({ req, purge }) => (req.method === 'DELETE' ? purge({ ban: `obj.url ~ ^${req.url}` }) : undefined),
        purge: ({ purged, synth }) => synth(200, `Gone ${purged.objects} ${purged.complete} ${purged.ban !== null} ${purged.soft}`),
      }),
    })
    expect((await site.ask('DELETE', '/shop/')).reason).toBe('Gone 3 true true false')
    expect(await visit(site)).toEqual(['MISS', 'MISS', 'HIT', 'HIT', 'HIT', 'MISS'])
  })

  it('and answers 503 where what it made is no ban', async () => {
    const site = await filled({
      policy: definePolicy({ recv: ({ req, purge }) => (req.method === 'DELETE' ? purge({ ban: `obj.url ~ ${req.query}` }) : undefined) }),
    })
    expect((await site.ask('DELETE', '/?(a+)+')).status).toBe(503)
    expect(site.events.some(({ fields }) => JSON.stringify(fields).includes('recv'))).toBe(true)
    expect(await visit(site)).toEqual(ALL.map(() => 'HIT'))
  })
})

// Of an engine without sockets, which is the same with workers.
// A hundred thousand are asked of the list itself: `test/invalidation/bans.test.ts`.
describe.runIf(WORKERS === 1)('20,000 distinct bans', () => {
  const expression = (i: number): string => `obj.url ~ ^/${i}/.*x`

  it('are all taken while each is done at once; the list stays short', { timeout: 120_000 }, async () => {
    const { invalidation } = engineFor('http://127.0.0.1:9')
    for (let i = 0; i < 20_000; i++) await invalidation.purge({ by: 'ban', expression: expression(i) }, false)
    expect((await invalidation.bans()).length).toBe(100)
    expect((await invalidation.bans()).every(({ state }) => state === 'completed')).toBe(true)
  })

  it('are bounded while an older fetch is on its way, and retire when it has landed', async () => {
    const gate = new Gate()
    const origin = await ScriptedOrigin.start(async (hit, response) => {
      if (hit.url === '/slow') await gate.opened
      reply(response, 200, FRESH, `answer ${hit.index}`)
    })
    onTestFinished(() => origin.close())
    const engine = engineFor(origin.url)
    const get = (path: string): MemoryExchange => {
      const exchange = getExchange(path)
      serve(engine, exchange)
      return exchange
    }
    const answerTo = async (path: string): Promise<string> => {
      const exchange = get(path)
      await exchange.answered
      return exchange.bytes.toString()
    }
    for (const path of ['/7/x', '/2000/x', '/none']) await answerTo(path)
    const slow = get('/slow')
    await origin.hit(3)
    let refused = 0
    for (let i = 1; i <= 20_000; i++) {
      try {
        await engine.invalidation.purge({ by: 'ban', expression: expression(i) }, false)
      } catch (error) {
        expect(error).toBeInstanceOf(BanLimitError)
        refused++
      }
    }
    for (let i = 1; i <= 1000; i++) await engine.invalidation.purge({ by: 'ban', expression: expression(5) }, false)
    expect([refused, (await engine.invalidation.bans()).filter(({ state }) => state === 'active').length]).toEqual([19_000, 1000])
    expect([await answerTo('/7/x'), await answerTo('/2000/x'), await answerTo('/none')]).toEqual(['answer 4', 'answer 1', 'answer 2'])
    gate.open()
    await slow.answered
    await until(() => engine.invalidation.gauges()['bans'] === engine.invalidation.gauges()['bans_completed'])
    expect((await engine.invalidation.bans()).length).toBe(100)
    expect([await answerTo('/7/x'), await answerTo('/slow')]).toEqual(['answer 4', 'answer 3'])
  })
})
