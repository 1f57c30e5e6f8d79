/** Every fetch-side hook and each of its actions. */
import { expect, it, onTestFinished } from 'vitest'
import { backend, definePolicy } from '../../vcl-ts/index.ts'
import { ScriptedOrigin } from '../support/scripted-origin.ts'
import { always, open, reply } from './site.ts'

const CACHED = { 'Cache-Control': 'max-age=60' }
const RENEWABLE = { 'Cache-Control': 'max-age=10', ETag: '"a"' }

it('lets backendFetch change what the origin is asked', async () => {
  const site = await open(always(CACHED), {
    policy: definePolicy({
      backendFetch({ bereq }) {
        bereq.url = '/inside'
        bereq.headers.set('Host', 'inner.example')
        bereq.headers.set('X-Secret', 's')
      },
    }),
  })
  await site.get('/')
  const [hit] = site.origin.hits
  expect([hit?.url, hit?.headers.host, hit?.headers['x-secret']]).toEqual(['/inside', 'inner.example', 's'])
})

it('gives each hook the time at which it begins, as long as it runs', async () => {
  const seen: number[] = []
  const site = await open(
    (_hit, response) => {
      site.clock.advance(5000)
      reply(response, 200, CACHED)
    },
    {
      policy: definePolicy({
        backendFetch(context) {
          seen.push(context.now)
        },
        async backendResponse(context) {
          seen.push(context.now)
          site.clock.advance(2000)
          await Promise.resolve()
          seen.push(context.now)
        },
      }),
    },
  )
  await site.get('/')
  const begin = Date.UTC(2026, 0, 1) / 1000
  expect(seen).toEqual([begin, begin + 5, begin + 5])
})

it('asks the backend that recv or backendFetch names', async () => {
  const second = await ScriptedOrigin.start(always({}, 'second'))
  onTestFinished(() => second.close())
  const other = backend(second.url)
  const site = await open(always({}, 'first'), {
    policy: definePolicy({
      recv({ req }) {
        if (req.url === '/recv') req.backend = other
      },
      backendFetch({ bereq }) {
        if (bereq.url === '/fetch') bereq.backend = other
      },
    }),
  })
  const bodies = await Promise.all(['/recv', '/fetch', '/'].map(async (path) => (await site.get(path)).body.toString()))
  expect(bodies).toEqual(['second', 'second', 'first'])
})

it('abandons and errors from backendFetch without asking the origin', async () => {
  const site = await open(always(CACHED), {
    policy: definePolicy({ backendFetch: ({ bereq, abandon, error }) => (bereq.url === '/abandon' ? abandon() : error(507, 'Full')) }),
  })
  expect((await site.get('/abandon')).status).toBe(503)
  const answer = await site.get('/error')
  expect([answer.status, answer.reason]).toEqual([507, 'Full'])
  expect(site.origin.hits.length).toBe(0)
})

it('stores for as long as backendResponse says, whatever the headers say', async () => {
  const site = await open(always({ 'Cache-Control': 'max-age=1' }), {
    policy: definePolicy({
      backendResponse({ beresp }) {
        beresp.ttl = '1h'
        beresp.grace = 60
        beresp.headers.set('X-Stored', 'yes')
        beresp.tags.add('shop')
      },
      deliver({ obj, resp }) {
        resp.headers.set('X-Tags', [...obj.tags].join(' '))
      },
    }),
  })
  await site.get('/')
  site.clock.advance(3_599_000)
  const answer = await site.get('/')
  expect([answer.get('x-cache'), answer.get('x-stored'), answer.get('x-tags')]).toEqual(['HIT', 'yes', 'shop'])
  site.clock.advance(2000)
  expect((await site.get('/')).get('x-cache')).toBe('STALE')
})

it('makes an answer a hit-for-miss that backendResponse calls uncacheable', async () => {
  const site = await open(always(CACHED), {
    policy: definePolicy({
      backendResponse({ beresp }) {
        beresp.uncacheable = true
      },
    }),
  })
  await site.get('/')
  await site.get('/')
  expect([site.origin.hits.length, site.stat('cache_hitmiss'), site.stat('n_object')]).toEqual([2, 1, 0])
})

it('retries from backendResponse at most four times', async () => {
  const retries: number[] = []
  const site = await open((_hit, response) => reply(response, 500, {}, 'no'), {
    policy: definePolicy({
      backendFetch({ bereq }) {
        retries.push(bereq.retries)
      },
      backendResponse: ({ beresp, retry }) => (beresp.status === 500 ? retry() : undefined),
    }),
  })
  expect((await site.get('/')).status).toBe(503)
  expect(retries).toEqual([0, 1, 2, 3, 4])
})

it('answers with what a retry brought', async () => {
  const site = await open((hit, response) => reply(response, hit.index < 2 ? 500 : 200, CACHED, `${hit.index}`), {
    policy: definePolicy({ backendResponse: ({ beresp, retry }) => (beresp.status === 500 ? retry() : undefined) }),
  })
  const answer = await site.get('/')
  expect([answer.status, answer.body.toString()]).toEqual([200, '2'])
  expect((await site.get('/')).get('x-cache')).toBe('HIT')
})

it('abandons and errors from backendResponse, and stores neither', async () => {
  const site = await open(always(CACHED), {
    policy: definePolicy({ backendResponse: ({ bereq, abandon, error }) => (bereq.url === '/abandon' ? abandon() : error(509)) }),
  })
  expect((await site.get('/abandon')).status).toBe(503)
  expect((await site.get('/error')).status).toBe(509)
  expect(site.stat('n_object')).toBe(0)
})

it('abandons to the stale object where staleIfError allows', async () => {
  const site = await open(always({ 'Cache-Control': 'max-age=10' }), {
    policy: definePolicy({ backendResponse: ({ bereq, abandon }) => (bereq.headers.has('x-abandon') ? abandon() : undefined) }),
  })
  await site.get('/')
  site.clock.advance(11_000)
  const answer = await site.get('/', { 'X-Abandon': '1' })
  expect([answer.status, answer.body.toString(), answer.get('x-cache')]).toEqual([200, 'answer 0', 'STALE'])
})

it('lets backendError write the page, and store it for a moment', async () => {
  const site = await open((hit) => hit.message.socket.destroy(), {
    policy: definePolicy({
      backendError({ beresp, deliver }) {
        beresp.status = 502
        beresp.headers.set('X-Page', 'mine')
        beresp.body = 'we are sorry'
        beresp.ttl = 5
        return deliver()
      },
    }),
  })
  const first = await site.get('/')
  expect([first.status, first.body.toString(), first.get('x-page')]).toEqual([502, 'we are sorry', 'mine'])
  const { length } = site.origin.hits
  const second = await site.get('/')
  expect([second.status, second.body.toString(), second.get('x-cache')]).toEqual([502, 'we are sorry', 'HIT'])
  expect(site.origin.hits.length).toBe(length)
  site.clock.advance(6000)
  await site.get('/')
  expect(site.origin.hits.length).toBeGreaterThan(length)
})

it('retries from backendError, at another origin path if it likes', async () => {
  const site = await open((hit, response) => (hit.url === '/' ? hit.message.socket.destroy() : reply(response, 200, CACHED, hit.url)), {
    policy: definePolicy({
      backendFetch({ bereq }) {
        if (bereq.retries > 0) bereq.url = '/spare'
      },
      backendError: ({ retry }) => retry(),
    }),
  })
  const answer = await site.get('/')
  expect([answer.status, answer.body.toString()]).toEqual([200, '/spare'])
})

it('stops retrying from backendError after four times', async () => {
  let asked = 0
  const site = await open(always(CACHED), {
    policy: definePolicy({
      backendFetch({ error }) {
        asked++
        return error(503)
      },
      backendError: ({ retry }) => retry(),
    }),
  })
  expect((await site.get('/')).status).toBe(503)
  expect(asked).toBe(5)
})

it('answers 503 and does not ask again when backendError throws', async () => {
  const site = await open((hit) => hit.message.socket.destroy(), {
    policy: definePolicy({
      backendError() {
        throw new Error('no page')
      },
    }),
  })
  expect((await site.get('/')).status).toBe(503)
})

async function renewing(policy: Parameters<typeof definePolicy>[0]): Promise<Awaited<ReturnType<typeof open>>> {
  const site = await open(
    (hit, response) =>
      hit.headers['if-none-match'] === undefined
        ? reply(response, 200, { ...RENEWABLE, 'X-Version': `${hit.index}` }, `body ${hit.index}`)
        : reply(response, 304, { ...RENEWABLE, 'X-Version': `${hit.index}` }),
    { policy: definePolicy(policy) },
  )
  await site.get('/')
  site.clock.advance(11_000)
  return site
}

it('merges the 304 into the stale object by default and on merge()', async () => {
  for (const policy of [{}, { backendRefresh: ({ merge }: { merge: () => { readonly type: 'merge' } }) => merge() }]) {
    const site = await renewing(policy)
    const answer = await site.get('/')
    expect([answer.status, answer.body.toString(), answer.get('x-version')]).toEqual([200, 'body 0', '1'])
    expect(answer.get('cache-status')).toContain('fwd-status=304')
    const next = await site.get('/')
    expect([next.get('x-cache'), next.body.toString(), next.get('x-version'), next.get('age')]).toEqual(['HIT', 'body 0', '1', '0'])
  }
})

it('keeps the stale object’s fields on useStale()', async () => {
  const site = await renewing({ backendRefresh: ({ useStale }) => useStale() })
  const answer = await site.get('/')
  expect([answer.body.toString(), answer.get('x-version')]).toEqual(['body 0', '0'])
  expect((await site.get('/')).get('x-cache')).toBe('HIT')
})

it('goes on with the 304 itself on useFresh(), without a body', async () => {
  const site = await renewing({ backendRefresh: ({ useFresh }) => useFresh() })
  const answer = await site.get('/')
  expect([answer.status, answer.get('x-version'), answer.body.length]).toEqual([304, '1', 0])
})

it('asks again without conditions on retry()', async () => {
  const site = await renewing({ backendRefresh: ({ retry }) => retry() })
  const answer = await site.get('/')
  expect([answer.status, answer.body.toString()]).toEqual([200, 'body 2'])
  expect(site.origin.hits.length).toBe(3)
})

it('gives its error page on error(), and the stale object on abandon()', async () => {
  const failing = await renewing({ backendRefresh: ({ error }) => error(509) })
  expect((await failing.get('/')).status).toBe(509)
  const site = await renewing({ backendRefresh: ({ abandon }) => abandon() })
  const answer = await site.get('/')
  expect([answer.body.toString(), answer.get('x-cache')]).toEqual(['body 0', 'STALE'])
})

it('shows backendRefresh the stale object, the 304 and the request', async () => {
  const seen: unknown[] = []
  const site = await renewing({
    backendRefresh({ objStale, beresp, bereq }) {
      seen.push(
        objStale.headers.get('x-version'),
        objStale.isValid,
        beresp.status,
        beresp.headers.get('x-version'),
        bereq.headers.get('if-none-match'),
      )
    },
  })
  await site.get('/')
  expect(seen).toEqual(['0', true, 304, '1', '"a"'])
})

it('uses a policy’s deadlines before the backend’s', async () => {
  const site = await open(() => {}, {
    policy: definePolicy({
      backendFetch({ bereq }) {
        bereq.firstByteTimeout = 2
      },
    }),
  })
  const answer = site.get('/')
  await site.origin.hit(0)
  site.clock.advance(2001)
  expect((await answer).status).toBe(504)
})

it('delivers only what is whole where beresp.stream is false', async () => {
  const site = await open(
    (_hit, response) => {
      response.writeHead(200, { ...CACHED, 'Content-Length': 8 })
      response.write('half', () => response.socket?.destroy())
    },
    {
      policy: definePolicy({
        backendResponse({ beresp }) {
          beresp.stream = false
        },
      }),
    },
  )
  expect((await site.get('/')).status).toBe(502)
})

it('answers the whole body at once where beresp.stream is false', async () => {
  const site = await open(always(CACHED, 'all of it'), {
    policy: definePolicy({
      backendResponse({ beresp }) {
        beresp.stream = false
      },
      deliver({ resp }) {
        resp.headers.set('X-Streaming', String(resp.isStreaming))
      },
    }),
  })
  const answer = await site.get('/')
  expect([answer.body.toString(), answer.get('x-streaming')]).toEqual(['all of it', 'false'])
  expect((await site.get('/')).get('x-cache')).toBe('HIT')
})

it('hands the state of the transaction to the hooks of the fetch, though no hook of the client has looked at it', async () => {
  const site = await open(always(CACHED), {
    policy: definePolicy({
      state: () => ({ made: 'here' }),
      backendResponse({ beresp, state }) {
        beresp.headers.set('X-State', state.made)
      },
    }),
  })
  for (const path of ['/missed', '/passed']) {
    const answer = await site.ask(path === '/passed' ? 'POST' : 'GET', path)
    expect([answer.status, answer.get('x-state')]).toEqual([200, 'here'])
  }
})
