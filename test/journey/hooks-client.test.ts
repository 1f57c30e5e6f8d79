/** Every client-side hook runs, sees its nouns, and each of its actions does what it says. */
import { expect, it } from 'vitest'
import { definePolicy, type Policy, stack } from '../../vcl-ts/index.ts'
import { WORKERS } from '../support/serving.ts'
import { until } from '../support/until.ts'
import { always, open, reply } from './site.ts'

const CACHED = { 'Cache-Control': 'max-age=60' }

/** A policy whose hooks note that they ran. */
function noting(ran: string[]): Policy<never> {
  const note = (name: string) => (): void => {
    ran.push(name)
  }
  const names = [
    'recv',
    'hash',
    'purge',
    'hit',
    'miss',
    'pass',
    'pipe',
    'deliver',
    'synth',
    'backendFetch',
    'backendRefresh',
    'backendResponse',
    'backendError',
  ]
  return definePolicy(Object.fromEntries(names.map((name) => [name, note(name)])) as Policy<never>)
}

it('runs recv, hash, miss, backendFetch, backendResponse, deliver for a miss; recv, hash, hit, deliver for a hit', async () => {
  const ran: string[] = []
  const site = await open(always(CACHED), { policy: noting(ran) })
  await site.get('/')
  expect(ran.splice(0)).toEqual(['recv', 'hash', 'miss', 'backendFetch', 'backendResponse', 'deliver'])
  await site.get('/')
  expect(ran.splice(0)).toEqual(['recv', 'hash', 'hit', 'deliver'])
})

it('runs pass for a POST, synth for what is refused, backendError for a dead origin', async () => {
  const ran: string[] = []
  const site = await open((hit, response) => (hit.url === '/dead' ? hit.message.socket.destroy() : reply(response, 200, {})), {
    policy: noting(ran),
  })
  await site.ask('POST', '/', {}, 'x')
  expect(ran.splice(0)).toEqual(['recv', 'hash', 'pass', 'backendFetch', 'backendResponse', 'deliver'])
  await site.ask('BREW', '/')
  expect(ran.splice(0)).toEqual(['recv', 'hash', 'synth'])
  await site.get('/dead')
  expect(ran.splice(0)).toEqual(['recv', 'hash', 'miss', 'backendFetch', 'backendError', 'deliver'])
})

it('runs backendRefresh between backendFetch and backendResponse when a 304 comes', async () => {
  const ran: string[] = []
  const site = await open(
    (hit, response) => reply(response, hit.index === 0 ? 200 : 304, { 'Cache-Control': 'max-age=10', ETag: '"a"' }, 'x'),
    { policy: noting(ran) },
  )
  await site.get('/')
  site.clock.advance(11_000)
  ran.length = 0
  await site.get('/')
  expect(ran).toEqual(['recv', 'hash', 'miss', 'backendFetch', 'backendRefresh', 'backendResponse', 'deliver'])
})

it('answers by itself where recv says synth, with status, phrase, body and its own headers', async () => {
  const site = await open(always(CACHED), {
    policy: definePolicy({
      recv: ({ synth }) => synth(418, 'Teapot', 'short and stout'),
      synth({ resp }) {
        resp.headers.set('X-Kind', 'pot')
      },
    }),
  })
  const answer = await site.get('/')
  expect([answer.status, answer.reason, answer.body.toString(), answer.get('x-kind')]).toEqual([418, 'Teapot', 'short and stout', 'pot'])
  expect(site.origin.hits.length).toBe(0)
  expect(site.stat('s_synth')).toBe(1)
})

it('passes where recv says pass, with the reason on the answer', async () => {
  const site = await open(always(CACHED), { policy: definePolicy({ recv: ({ pass }) => pass() }) })
  for (const body of ['answer 0', 'answer 1']) {
    const answer = await site.get('/')
    expect([answer.body.toString(), answer.get('x-cache')]).toEqual([body, 'PASS'])
    expect(answer.get('cache-status')).toBe('Clearcoat; fwd=bypass; fwd-status=200; detail=POLICY')
  }
  expect(site.stat('s_pass')).toBe(2)
})

it('passes, synthesises and restarts from hit and miss as well', async () => {
  const site = await open(always(CACHED), {
    policy: definePolicy({
      hit({ req, pass, synth, restart }) {
        switch (req.headers.get('x-do')) {
          case 'pass':
            return pass()
          case 'synth':
            return synth(410)
          case 'restart':
            if (req.restarts > 0) return
            req.url = '/elsewhere'
            return restart()
        }
      },
      miss({ req, pass, synth }) {
        if (req.headers.get('x-do') === 'pass') return pass()
        if (req.headers.get('x-do') === 'synth') return synth(404)
      },
    }),
  })
  await site.get('/')
  expect((await site.get('/', { 'X-Do': 'pass' })).get('x-cache')).toBe('PASS')
  expect((await site.get('/', { 'X-Do': 'synth' })).status).toBe(410)
  expect((await site.get('/', { 'X-Do': 'restart' })).get('x-cache')).toBe('MISS')
  expect(site.origin.hits.at(-1)?.url).toBe('/elsewhere')
  expect((await site.get('/new', { 'X-Do': 'pass' })).get('x-cache')).toBe('PASS')
  expect((await site.get('/new', { 'X-Do': 'synth' })).status).toBe(404)
  expect((await site.get('/new')).get('x-cache')).toBe('MISS')
})

it('keeps what a hash adds apart, and joins what it clears', async () => {
  const site = await open(always(CACHED), {
    policy: definePolicy({
      hash({ key, req, lookup }) {
        if (req.url.startsWith('/one')) {
          key.clear()
          key.add('one')
          return lookup()
        }
        key.add(req.headers.get('x-tenant') ?? '')
      },
    }),
  })
  expect((await site.get('/', { 'X-Tenant': 'a' })).body.toString()).toBe('answer 0')
  expect((await site.get('/', { 'X-Tenant': 'b' })).body.toString()).toBe('answer 1')
  expect((await site.get('/', { 'X-Tenant': 'a' })).body.toString()).toBe('answer 0')
  expect((await site.get('/one/1')).body.toString()).toBe('answer 2')
  expect((await site.get('/one/2', { Host: 'other.example' })).body.toString()).toBe('answer 2')
})

it('changes this client’s answer alone in deliver', async () => {
  const site = await open(always(CACHED), {
    policy: definePolicy({
      deliver({ resp, obj, req }) {
        resp.headers.set('X-Hits', String(obj.hits))
        if (req.headers.has('x-teapot')) resp.status = 418
        resp.headers.delete('via')
      },
    }),
  })
  expect((await site.get('/')).get('x-hits')).toBe('0')
  const second = await site.get('/', { 'X-Teapot': '1' })
  expect([second.status, second.get('x-hits'), second.get('via')]).toEqual([418, '1', undefined])
  const third = await site.get('/')
  expect([third.status, third.get('x-hits'), third.getAll('x-hits').length]).toEqual([200, '2', 1])
})

it('restarts from deliver with another origin path and gives up the first answer', async () => {
  const site = await open(
    (hit, response) => reply(response, hit.url === '/missing' ? 404 : 200, { 'Cache-Control': 'max-age=60' }, hit.url),
    {
      policy: definePolicy({
        deliver({ resp, req, restart, synth }) {
          if (resp.status === 404 && req.restarts === 0) {
            req.url = '/fallback'
            return restart()
          }
          if (req.headers.has('x-synth')) return synth(451)
        },
      }),
    },
  )
  const answer = await site.get('/missing')
  expect([answer.status, answer.body.toString()]).toEqual([200, '/fallback'])
  expect((await site.get('/fallback', { 'X-Synth': '1' })).status).toBe(451)
  expect(site.stat('restarts')).toBe(1)
})

it('stops after four restarts', async () => {
  let ran = 0
  const site = await open(always(CACHED), {
    policy: definePolicy({
      recv({ restart }) {
        ran++
        return restart()
      },
    }),
  })
  const answer = await site.get('/')
  expect(answer.status).toBe(503)
  expect(ran).toBe(5)
})

it('keeps state through restarts, and gives each request and each fetch its own', async () => {
  const seen: string[] = []
  const policy = definePolicy({
    state: () => ({ count: 0, list: [] as string[] }),
    recv({ state, req, restart }) {
      state.count++
      if (req.restarts < 2) return restart()
    },
    backendResponse({ state }) {
      seen.push(`fetch ${state.count}`)
      state.count = 100
    },
    deliver({ state }) {
      seen.push(`deliver ${state.count}`)
    },
  })
  const site = await open(always({ 'Cache-Control': 'no-store' }), { policy })
  await site.get('/')
  await site.get('/')
  expect(seen).toEqual(['fetch 3', 'deliver 3', 'fetch 3', 'deliver 3'])
})

it('awaits hooks that are asynchronous', async () => {
  const later = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
  const site = await open(always(CACHED), {
    policy: definePolicy({
      async recv({ req }) {
        await later()
        req.headers.set('X-Recv', 'late')
      },
      async miss() {
        await later()
      },
      async backendFetch({ bereq }) {
        await later()
        bereq.headers.set('X-Bereq', 'late')
      },
      async backendResponse({ beresp }) {
        await later()
        beresp.headers.set('X-Beresp', 'late')
      },
      async deliver({ resp }) {
        await later()
        resp.headers.set('X-Resp', 'late')
      },
    }),
  })
  const answer = await site.get('/')
  expect([answer.get('x-beresp'), answer.get('x-resp')]).toEqual(['late', 'late'])
  expect([site.origin.hits[0]?.headers['x-recv'], site.origin.hits[0]?.headers['x-bereq']]).toEqual(['late', 'late'])
  expect((await site.get('/')).get('x-cache')).toBe('HIT')
})

it('keeps the body of an answer that is not stored while deliver takes its time', async () => {
  for (const method of ['GET', 'POST']) {
    let deliver: () => void = () => {}
    const site = await open(
      (_hit, response) => {
        response.writeHead(200, { 'Cache-Control': 'no-store' })
        response.write('first ')
        setImmediate(() => response.write('second '))
        void until(() => finish).then(() => response.end('last'))
      },
      { policy: definePolicy({ deliver: () => new Promise<void>((resolve) => (deliver = resolve)) }) },
    )
    let finish = false
    const answer = site.ask(method, '/', {}, method === 'POST' ? 'x' : '')
    await until(() => site.stat('fetch_chunked') === 1)
    for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve))
    deliver()
    finish = true
    expect((await answer).body.toString()).toBe('first second last')
  }
})

it('lets the origin go when deliver, having taken its time, answers otherwise', async () => {
  const site = await open(
    (_hit, response) => {
      response.writeHead(200, { 'Cache-Control': 'no-store' })
      response.write('first ')
    },
    {
      policy: definePolicy({
        async deliver({ synth }) {
          await new Promise((resolve) => setImmediate(resolve))
          return synth(451)
        },
      }),
    },
  )
  expect((await site.get('/')).status).toBe(451)
  await until(() => site.origin.sockets.size === 0)
})

for (const hook of ['recv', 'miss', 'deliver', 'backendFetch', 'backendResponse'] as const) {
  it(`answers 503 when ${hook} throws, and says why in the log alone`, async () => {
    const site = await open(always(CACHED), {
      policy: definePolicy({
        [hook]: () => {
          throw new Error('the inside of the policy')
        },
      } as Policy<never>),
    })
    const answer = await site.get('/')
    expect(answer.status).toBe(503)
    expect(answer.body.toString()).not.toContain('inside')
    expect(answer.get('cache-control')).toBe('no-store')
    expect(site.events.map(({ fields }) => String((fields['err'] as Error | undefined)?.message))).toContain('the inside of the policy')
  })

  it(`answers 503 when ${hook} passes its deadline, and goes on with other requests`, async () => {
    let stuck = true
    let entered = 0
    const site = await open(always(CACHED), {
      policy: definePolicy({
        [hook]: () => {
          entered++
          return stuck ? new Promise(() => {}) : undefined
        },
      } as Policy<never>),
    })
    const answer = site.get('/')
    await until(() => entered === 1)
    site.clock.advance(5001)
    expect((await answer).status).toBe(503)
    stuck = false
    expect((await site.get('/')).status).toBe(200)
  })
}

it('answers 503 when a hook answers what is illegal there', async () => {
  const site = await open(always(CACHED), { policy: { recv: (() => ({ type: 'merge' })) as never } })
  expect((await site.get('/')).status).toBe(503)
  expect(site.stat('vcl_fail')).toBe(1)
})

it('answers 500 when the synth hook itself throws', async () => {
  const site = await open(always(CACHED), {
    policy: definePolicy({
      recv: ({ synth }) => synth(404),
      synth() {
        throw new Error('no page')
      },
    }),
  })
  expect((await site.get('/')).status).toBe(500)
})

it('switches one built-in step off without the others', async () => {
  const site = await open(always({ ...CACHED, 'Set-Cookie': 'a=1' }), { policy: definePolicy({ builtin: { berespCookie: false } }) })
  await site.get('/')
  expect((await site.get('/')).get('x-cache')).toBe('HIT')
  await site.get('/personal', { Cookie: 'id=alice' })
  expect((await site.get('/personal', { Cookie: 'id=alice' })).get('x-cache')).toBe('MISS')
})

it('replaces one built-in step by a function', async () => {
  const site = await open(always({ ...CACHED, 'Set-Cookie': 'a=1' }), {
    policy: definePolicy({
      builtin: {
        berespCookie({ beresp }) {
          beresp.headers.delete('set-cookie')
        },
      },
    }),
  })
  expect((await site.get('/')).get('set-cookie')).toBeUndefined()
  expect((await site.get('/')).get('x-cache')).toBe('HIT')
})

it('asks the policies of a stack in order until one decides', async () => {
  const site = await open(always(CACHED), {
    policy: stack(
      definePolicy({ recv: ({ req, synth }) => (req.url === '/first' ? synth(201) : undefined) }),
      definePolicy({ recv: ({ synth }) => synth(202) }),
    ),
  })
  expect([(await site.get('/first')).status, (await site.get('/second')).status]).toEqual([201, 202])
})

it('runs init before the first request and fini at the end', async () => {
  const ran: string[] = []
  const site = await open(always(CACHED), {
    policy: definePolicy({
      init: () => void ran.push('init'),
      fini: () => void ran.push('fini'),
    }),
  })
  // Once in each thread: in every worker and the one that supervises them.
  const each = (what: string): string[] => new Array<string>(WORKERS === 1 ? 1 : WORKERS + 1).fill(what)
  expect(ran).toEqual(each('init'))
  await site.server.close()
  expect(ran).toEqual([...each('init'), ...each('fini')])
})

it('gives policies the client, the pristine request and the time', async () => {
  const seen: unknown[] = []
  const site = await open(always(CACHED), {
    policy: definePolicy({
      recv({ req, client, session, now }) {
        req.url = '/rewritten'
        req.headers.set('x-mine', 'yes')
        seen.push(client.ip, session.scheme, now, req.original.url, req.original.headers.has('x-mine'), req.cookies.get('a'), req.query)
      },
    }),
  })
  await site.get('/asked?q=1', { Cookie: 'a=b' })
  expect(seen).toEqual(['127.0.0.1', 'http', Date.UTC(2026, 0, 1) / 1000, '/asked?q=1', false, 'b', ''])
  expect(site.origin.hits[0]?.url).toBe('/rewritten')
})

it('fetches a new copy under hashAlwaysMiss, which then serves others', async () => {
  const site = await open(always(CACHED), {
    policy: definePolicy({
      recv({ req }) {
        req.hashAlwaysMiss = req.headers.has('x-renew')
      },
    }),
  })
  await site.get('/')
  const renewed = await site.get('/', { 'X-Renew': '1' })
  expect(renewed.body.toString()).toBe('answer 1')
  expect(renewed.get('cache-status')).toContain('detail=FORCED')
  expect((await site.get('/')).body.toString()).toBe('answer 1')
})

it('caps age and grace by req.ttl and req.grace', async () => {
  const site = await open(always({ 'Cache-Control': 'max-age=60, stale-while-revalidate=60' }), {
    policy: definePolicy({
      recv({ req }) {
        if (req.headers.has('x-ttl')) req.ttl = 5
        if (req.headers.has('x-grace')) req.grace = 0
      },
    }),
  })
  await site.get('/')
  site.clock.advance(10_000)
  expect((await site.get('/')).get('x-cache')).toBe('HIT')
  expect((await site.get('/', { 'X-Ttl': '1' })).get('x-cache')).toBe('MISS')
  site.clock.advance(65_000)
  expect((await site.get('/', { 'X-Grace': '1' })).get('x-cache')).toBe('MISS')
})

it('answers a synth with the fields that it was given, before synth hooks see it', async () => {
  const policy = definePolicy({
    recv: ({ synth }) => synth(303, 'See Other', 'there', { Location: '/there', 'Set-Cookie': ['a=1', 'b=2'] }),
    synth: ({ resp }) => void resp.headers.set('X-Saw', resp.headers.get('location') ?? 'nothing'),
  })
  const site = await open(always(CACHED), { policy })
  const { head, body } = await site.get('/')
  expect(head).toMatch(/^HTTP\/1\.1 303 See Other\r\n/)
  expect(head).toMatch(/\r\nLocation: \/there\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n/)
  expect(head).toContain('X-Saw: /there')
  expect(String(body)).toBe('there')
})

it('shows deliver all fields of an answer that nobody else gets, and those that its client gets', async () => {
  const seen: unknown[] = []
  const site = await open(always({ 'Cache-Control': 'private', 'Surrogate-Key': 'news' }), {
    policy: definePolicy({
      deliver: ({ obj, resp }) => {
        seen.push(obj?.headers.get('surrogate-key'), resp.headers.get('surrogate-key'))
      },
    }),
  })
  expect((await site.get('/')).get('surrogate-key')).toBe(undefined)
  expect(seen).toEqual(['news', undefined])
})
