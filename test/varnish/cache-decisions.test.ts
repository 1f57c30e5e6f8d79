/** What is stored, for how long, and what a look-up makes of it (behaviours 1–16). */
import { expect } from 'vitest'
import { definePolicy } from '../../vcl-ts/index.ts'
import { always, type Fields, reply, type Site } from '../journey/site.ts'
import { Gate } from '../support/scripted-origin.ts'
import { until } from '../support/until.ts'
import { behaviour, open } from './site.ts'

const verdict = async (site: Site, path: string = '/', fields: Fields = {}): Promise<string | undefined> =>
  (await site.get(path, fields)).get('x-cache')

/** What the second of two requests is. */
async function second(fields: Fields, options: Parameters<typeof open>[1] = {}, status: number = 200): Promise<string | undefined> {
  const site = await open((_hit, response) => reply(response, status, fields, 'body'), options)
  await site.get('/')
  return verdict(site)
}

/** A policy that shows what it was given of an answer's life. */
const showing = definePolicy({
  backendResponse({ beresp }) {
    beresp.headers.set('X-Life', `${Math.round(beresp.ttl)} ${beresp.grace}`)
  },
})

const life = async (fields: Fields | [string, string][], status: number = 200): Promise<string | undefined> => {
  const site = await open((_hit, response) => response.writeHead(status, Object.fromEntries(lines(fields))).end('body'), {
    policy: showing,
  })
  return (await site.get('/')).get('x-life')
}

/** Lines of one name become a list, as Node's server wants them. */
function lines(fields: Fields | [string, string][]): Map<string, string | string[]> {
  const all = new Map<string, string | string[]>()
  for (const [name, value] of Array.isArray(fields) ? fields : Object.entries(fields)) {
    const before = all.get(name)
    all.set(name, before === undefined ? value : [before, value].flat())
  }
  return all
}

behaviour(1, 'the hash hook runs for requests that are passed, piped, purged and answered by recv, too', async () => {
  const keyed: string[] = []
  const site = await open(always({ 'Cache-Control': 'max-age=60' }), {
    policy: definePolicy({
      recv({ req, pass, pipe, purge, synth }) {
        if (req.url === '/pass') return pass()
        if (req.url === '/pipe') return pipe()
        if (req.url === '/purge') return purge()
        if (req.url === '/synth') return synth(200)
      },
      hash({ req, key }) {
        keyed.push(req.url)
        key.add('x')
      },
    }),
  })
  const paths = ['/lookup', '/pass', '/pipe', '/purge', '/synth']
  for (const path of paths) expect((await site.get(path)).status).toBe(200)
  expect(keyed).toEqual(paths)
})

behaviour(1, 'a hash hook that fails makes an answer of recv the failure', async () => {
  const site = await open(always({}), {
    policy: definePolicy({
      recv: ({ synth }) => synth(200),
      hash() {
        throw new Error('no key')
      },
    }),
  })
  expect((await site.get('/')).status).toBe(503)
})

behaviour(2, 'what keeps private answers from being shared are steps of the policy, which can be switched off', async () => {
  for (const control of ['private', 'no-store', 'no-cache']) {
    const fields = { 'Cache-Control': `${control}, max-age=60` }
    expect(await second(fields), control).toBe('MISS')
    expect(await second(fields, { policy: definePolicy({ builtin: { berespControl: false } }) }), control).toBe('HIT')
  }
  const cookie = { 'Cache-Control': 'max-age=60', 'Set-Cookie': 'id=1' }
  expect(await second(cookie)).toBe('MISS')
  expect(await second(cookie, { policy: definePolicy({ builtin: { berespCookie: false } }) })).toBe('HIT')
  for (const [fields, step] of [
    [{ Cookie: 'id=1' }, 'reqCookie'],
    [{ Authorization: 'Basic YTpi' }, 'reqAuthorization'],
  ] as const) {
    const kept = always({ 'Cache-Control': 'max-age=60' })
    const safe = await open(kept)
    expect([await verdict(safe, '/', fields), await verdict(safe, '/', fields)]).toEqual(['PASS', 'PASS'])
    const open_ = await open(kept, { policy: definePolicy({ builtin: { [step]: false } }) })
    expect([await verdict(open_, '/', fields), await verdict(open_, '/', fields)]).toEqual(['MISS', 'HIT'])
  }
})

behaviour(3, 'an answer that may not be shared is remembered for two minutes, and forgotten with the first that may', async () => {
  const personal = await open(always({ 'Cache-Control': 'private' }))
  await personal.get('/')
  personal.clock.advance(119_000)
  await personal.get('/')
  expect(personal.stat('cache_hitmiss')).toBe(1)
  personal.clock.advance(121_000)
  await personal.get('/')
  expect(personal.stat('cache_hitmiss')).toBe(1)

  const site = await open((hit, response) => reply(response, 200, { 'Cache-Control': hit.index === 0 ? 'private' : 'max-age=60' }))
  await site.get('/')
  expect([await verdict(site), await verdict(site)]).toEqual(['MISS', 'HIT'])
})

behaviour(4, 'a hit-for-miss asks without conditions, a hit-for-pass with the client’s', async () => {
  const tag = { ETag: '"a"', 'Cache-Control': 'private' }
  const missing = await open(always(tag))
  const passing = await open(always(tag), { policy: definePolicy({ backendResponse: ({ hitForPass }) => hitForPass(60) }) })
  for (const site of [missing, passing]) {
    await site.get('/')
    await site.get('/', { 'If-None-Match': '"mine"' })
  }
  expect(missing.origin.hits[1]?.headers['if-none-match']).toBeUndefined()
  expect(passing.origin.hits[1]?.headers['if-none-match']).toBe('"mine"')
  expect([missing.stat('cache_hitmiss'), passing.stat('cache_hitpass')]).toEqual([1, 1])
})

behaviour(5, 'some statuses are kept for two minutes by themselves, redirects only with a lifetime, errors not at all', async () => {
  for (const status of [200, 203, 300, 301, 404, 410, 414]) expect(await life({}, status), String(status)).toBe('120 10')
  for (const status of [302, 307]) {
    expect(await life({}, status), String(status)).toBe('-1 10')
    expect(await life({ 'Cache-Control': 'max-age=5' }, status), String(status)).toBe('5 10')
  }
  for (const status of [500, 502, 503]) expect(await second({ 'Cache-Control': 'max-age=60' }, {}, status), String(status)).toBe('MISS')
})

behaviour(5, 'a lifetime that the policy sets keeps anything, a 502 included', async () => {
  const policy = definePolicy({
    backendResponse({ beresp }) {
      beresp.ttl = 30
    },
  })
  const site = await open((_hit, response) => reply(response, 502, {}, 'broken'), { policy })
  await site.get('/')
  const answer = await site.get('/')
  expect([answer.status, answer.get('x-cache'), site.origin.hits.length]).toEqual([502, 'HIT', 1])
})

behaviour(5, 'a refresh in the background that is answered 502 has failed, whatever lifetime the policy gives it', async () => {
  const policy = definePolicy({
    backendResponse({ beresp }) {
      beresp.ttl = 30
      beresp.grace = 60
    },
  })
  const site = await open((hit, response) => reply(response, hit.index === 0 ? 200 : 502, {}, `${hit.index}`), { policy })
  await site.get('/')
  site.clock.advance(31_000)
  await site.get('/')
  await until(() => site.stat('fetch_failed') === 1, 'the failed refresh')
  expect((await site.get('/')).body.toString()).toBe('0')
})

behaviour(6, 'an answer without a lifetime does not take the place of a better one in grace', async () => {
  let ttl = 10
  const policy = definePolicy({
    backendResponse({ beresp, deliver }) {
      beresp.ttl = ttl
      beresp.grace = 100
      return deliver()
    },
  })
  const site = await open((hit, response) => reply(response, 200, {}, `${hit.index}`), { policy })
  await site.get('/')
  ttl = 0
  site.clock.advance(11_000)
  for (let hits = 2; hits <= 3; hits++) {
    const answer = await site.get('/')
    expect([answer.get('x-cache'), answer.body.toString()]).toEqual(['STALE', '0'])
    await site.origin.hit(hits - 1)
    await until(() => site.server.policies.list()[0]?.transactions === 0, 'the end of the refresh')
  }
})

behaviour(6, 'an error page does not take its place either, unless it was given a lifetime', async () => {
  for (const ttl of [0, 20]) {
    let up = true
    const site = await open((hit, response) => (up ? reply(response, 200, { ETag: '"a"' }, 'good') : hit.message.socket.destroy()), {
      policy: definePolicy({
        recv({ req }) {
          if (req.headers.has('x-hurry')) req.grace = 0
        },
        backendResponse({ beresp }) {
          beresp.ttl = 10
          beresp.grace = 100
          beresp.staleIfError = 0
        },
        backendError({ beresp }) {
          beresp.ttl = ttl
          beresp.body = 'sorry'
        },
      }),
    })
    await site.get('/')
    up = false
    site.clock.advance(11_000)
    expect((await site.get('/', { 'X-Hurry': '1' })).body.toString()).toBe('sorry')
    expect((await site.get('/')).body.toString()).toBe(ttl === 0 ? 'good' : 'sorry')
  }
})

behaviour(7, 'what is left counts from Age on, and grace from stale-while-revalidate counts although nothing is left', async () => {
  const old = { 'Cache-Control': 'max-age=30, stale-while-revalidate=20', Age: '40' }
  expect(await life(old)).toBe('-10 20')
  const site = await open((hit, response) => reply(response, 200, old, `${hit.index}`), {
    policy: definePolicy({ backendResponse: ({ deliver }) => deliver() }),
  })
  await site.get('/')
  expect(await verdict(site)).toBe('STALE')
  const later = await open(always(old), { policy: definePolicy({ backendResponse: ({ deliver }) => deliver() }) })
  await later.get('/')
  later.clock.advance(11_000)
  expect(await verdict(later)).toBe('MISS')
})

behaviour(8, 'stale-while-revalidate says nothing where the status itself is not kept', async () => {
  expect(await life({ 'Cache-Control': 'max-age=5, stale-while-revalidate=77' })).toBe('5 77')
  expect(await life({ 'Cache-Control': 'max-age=5, stale-while-revalidate=77' }, 500)).toBe('-1 10')
})

behaviour(9, 's-maxage wins wherever it stands, and what is no number is none', async () => {
  expect(await life({ 'Cache-Control': 'max-age=10, s-maxage=20' })).toBe('20 10')
  expect(await life({ 'Cache-Control': 's-maxage=20, max-age=10' })).toBe('20 10')
  expect(
    await life([
      ['Cache-Control', 'max-age=10'],
      ['Cache-Control', 's-maxage=20'],
    ]),
  ).toBe('20 10')
  expect(await life({ 'Cache-Control': 'max-age=2a' })).toBe('0 10')
  expect(await life({ 'Cache-Control': 'max-age=-2' })).toBe('0 10')
})

behaviour(10, 'an Expires that is no date is stale, and one in other letters is the date that it is', async () => {
  const site = await open((hit, response) => reply(response, 200, { Expires: hit.url === '/odd' ? upper : 'THU, 99 AUG' }, 'body'), {
    policy: showing,
  })
  const upper = new Date(site.clock.wall() + 50_000).toUTCString().toUpperCase().replace('GMT', 'gMT')
  expect((await site.get('/odd')).get('x-life')).toBe('50 10')
  expect((await site.get('/bad')).get('x-life')).toBe('0 10')
})

behaviour(11, 'Age is not beyond max-age as long as an answer is fresh', async () => {
  const site = await open(always({ 'Cache-Control': 'max-age=10' }))
  await site.get('/')
  site.clock.advance(9999)
  const answer = await site.get('/')
  expect([answer.get('x-cache'), answer.get('age')]).toEqual(['HIT', '9'])
  site.clock.advance(1)
  expect(await verdict(site)).toBe('STALE')
})

behaviour(12, 'a lifetime begins when the head came, however long hook and body take', async () => {
  const site: Site = await open(always({ 'Cache-Control': 'max-age=10' }), {
    policy: definePolicy({
      async backendResponse() {
        await Promise.resolve()
        site.clock.advance(4000)
      },
    }),
  })
  await site.get('/')
  site.clock.advance(5999)
  expect(await verdict(site)).toBe('HIT')
  site.clock.advance(1)
  expect(await verdict(site)).toBe('STALE')

  const gate = new Gate()
  const slow = await open(async (_hit, response) => {
    response.writeHead(200, { 'Cache-Control': 'max-age=10' })
    response.write('begin')
    await gate.opened
    response.end('end')
  })
  const download = await slow.download('/')
  slow.clock.advance(4000)
  gate.open()
  for await (const _ of download);
  await until(() => slow.stat('n_object') === 1)
  slow.clock.advance(6000)
  expect(await verdict(slow)).toBe('STALE')
})

behaviour(13, 'what expires while a hook of the request waits is a hit still', async () => {
  const site: Site = await open(always({ 'Cache-Control': 'max-age=10' }), {
    policy: definePolicy({
      async recv({ req }) {
        if (!req.headers.has('x-slow')) return
        await Promise.resolve()
        site.clock.advance(3000)
      },
    }),
  })
  await site.get('/')
  site.clock.advance(8000)
  expect([await verdict(site, '/', { 'X-Slow': '1' }), await verdict(site)]).toEqual(['HIT', 'STALE'])
})

behaviour(14, 'with a grace of 0 a request waits for the fresh object although a stale one is there', async () => {
  const gate = new Gate()
  const site = await open(
    async (hit, response) => {
      if (hit.index > 0) await gate.opened
      reply(response, 200, { 'Cache-Control': 'max-age=10, stale-while-revalidate=60' }, `${hit.index}`)
    },
    {
      policy: definePolicy({
        recv({ req }) {
          if (req.headers.has('x-fresh')) req.grace = 0
        },
      }),
    },
  )
  await site.get('/')
  site.clock.advance(11_000)
  expect(await verdict(site)).toBe('STALE')
  await site.origin.hit(1)
  const waiting = site.get('/', { 'X-Fresh': '1' })
  await until(() => site.stat('busy_sleep') === 1)
  expect(await verdict(site)).toBe('STALE')
  gate.open()
  expect((await waiting).body.toString()).toBe('1')
  expect(site.origin.hits.length).toBe(2)
})

behaviour(15, 'what is only kept is no hit: it is a miss that asks with its validators', async () => {
  const ran: string[] = []
  const site = await open(
    (hit, response) =>
      reply(response, hit.headers['if-none-match'] === '"a"' ? 304 : 200, { 'Cache-Control': 'max-age=10', ETag: '"a"' }, 'kept'),
    {
      policy: definePolicy({
        hit: () => void ran.push('hit'),
        miss: () => void ran.push('miss'),
        backendResponse({ beresp }) {
          beresp.grace = 0
          beresp.keep = 100
        },
      }),
    },
  )
  await site.get('/')
  site.clock.advance(50_000)
  const answer = await site.get('/')
  expect([ran, answer.status, answer.body.toString()]).toEqual([['miss', 'miss'], 200, 'kept'])
  expect(site.origin.hits[1]?.headers['if-none-match']).toBe('"a"')
})

behaviour(16, 'a hit hook that fails on an object in grace leaves the refresh to the next request', async () => {
  let fails = true
  const site = await open(always({ 'Cache-Control': 'max-age=10' }), {
    policy: definePolicy({
      hit({ fail }) {
        if (fails) return fail('not this time')
      },
    }),
  })
  await site.get('/')
  site.clock.advance(11_000)
  expect((await site.get('/')).status).toBe(503)
  fails = false
  expect(await verdict(site)).toBe('STALE')
  await until(() => site.stat('n_superseded') === 1, 'the refresh')
  expect(await verdict(site)).toBe('HIT')
})
