/** Messages and connections, on both sides (behaviours 45–60). */
import { expect } from 'vitest'
import { definePolicy } from '../../vcl-ts/index.ts'
import { always, type Fields, message, reply, type Site } from '../journey/site.ts'
import type { RawResponse } from '../support/raw-client.ts'
import { bodyOf, Gate } from '../support/scripted-origin.ts'
import { until } from '../support/until.ts'
import { behaviour, open, openBytes, openScript } from './site.ts'

const KEPT: Fields = { 'Cache-Control': 'max-age=60' }

/** What bytes get, and whether the connection ended behind it. */
async function sent(site: Site, bytes: string): Promise<RawResponse & { readonly closed: boolean }> {
  const client = await site.connect()
  try {
    const answer = await client.request(bytes)
    if (answer.get('connection') !== 'close') return { ...answer, closed: false }
    await client.closed()
    return { ...answer, closed: true }
  } finally {
    client.destroy()
  }
}

const refusal = async (site: Site, bytes: string): Promise<unknown[]> => {
  const { status, closed } = await sent(site, bytes)
  return [status, closed]
}

behaviour(45, 'heads that could be read in two ways are refused and end the connection', async () => {
  const site = await open(always(KEPT))
  for (const lines of [
    'Host: a\r\nHost: b',
    'Host: a\r\nContent-Length: 1\r\nContent-Length: 2',
    'Host: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked',
    'Host: a\r\nConnection: Host',
    'Host: a\r\nContent-Length: 0\r\nConnection: close, content-length',
    'Host : a',
    ' folded: x\r\nHost: a',
    'Host: a\r\nX-Odd: a\x01b',
  ])
    expect(await refusal(site, `POST / HTTP/1.1\r\n${lines}\r\n\r\n`), lines).toEqual([400, true])
  expect(site.origin.hits.length).toBe(0)
})

behaviour(45, 'Age stays although Connection names it', async () => {
  const site = await open(always({ ...KEPT, Age: '40', Connection: 'Age' }))
  expect((await sent(site, message('GET', '/', { Connection: 'Age', Age: '7' }))).status).toBe(200)
  expect(site.origin.hits[0]?.headers.age).toBe('7')
  expect((await site.get('/')).get('age')).toBe('40')
})

behaviour(46, 'one long line and a head that is too large as a whole are both told that they are', async () => {
  const site = await open(always(KEPT))
  const long = `X-Long: ${'a'.repeat(9000)}\r\n`
  const many = `X-Line: ${'a'.repeat(7000)}\r\n`.repeat(5)
  for (const lines of [long, many]) expect(await refusal(site, `GET / HTTP/1.1\r\nHost: a\r\n${lines}\r\n`)).toEqual([431, true])
})

behaviour(47, 'an empty line before a request is skipped, several, bare line feeds and folded lines are not accepted', async () => {
  const site = await open(always(KEPT))
  expect(await refusal(site, `\r\n${message('GET', '/')}`)).toEqual([200, false])
  expect(await refusal(site, `\r\n\r\n${message('GET', '/')}`)).toEqual([400, true])
  for (const head of [
    'GET / HTTP/1.1\nHost: a\n\n',
    'GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n',
    'GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n c\r\n\r\n',
  ])
    expect(await refusal(site, head), head).toEqual([400, true])
  for (const head of ['HTTP/1.1 200 OK\nContent-Length: 0\n\n', 'HTTP/1.1 200 OK\r\nX: b\r\n c\r\nContent-Length: 0\r\n\r\n']) {
    const { site: behind } = await openBytes(() => head)
    expect((await behind.get('/')).status, head).toBe(503)
  }
})

behaviour(48, 'a chunk has a size that can be, and nothing but CRLF behind it', async () => {
  const site = await open(async (hit, response) => reply(response, 200, {}, await bodyOf(hit).catch(() => 'broken')))
  for (const chunk of [
    'x\r\nab\r\n',
    '-2\r\nab\r\n',
    'fffffffffffffffff\r\nab\r\n',
    '2\r\nabX\r\n',
    '2\r\nab\n',
    '2\r\nabGET / HTTP/1.1\r\n',
  ]) {
    const posted = `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${chunk}0\r\n\r\n`
    expect(await refusal(site, posted), chunk).toEqual([400, true])
    const { site: behind } = await openBytes(() => `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${chunk}0\r\n\r\n`, {
      policy: definePolicy({
        backendResponse({ beresp }) {
          beresp.stream = false
        },
      }),
    })
    expect((await behind.get('/')).status, chunk).toBe(503)
  }
})

behaviour(49, 'the body that nobody read is never taken for the next request', async () => {
  const site = await open(always(KEPT), {
    policy: definePolicy({
      recv({ req, synth }) {
        if (req.method === 'POST') return synth(202)
      },
    }),
  })
  const client = await site.connect()
  client.send(message('POST', '/first', {}, message('GET', '/smuggled')) + message('GET', '/second'))
  expect([(await client.response()).status, (await client.response()).status]).toEqual([202, 200])
  expect(site.origin.hits.map(({ url }) => url)).toEqual(['/second'])
  client.destroy()
})

behaviour(50, 'fields that Connection names are gone, both ways and before any hook', async () => {
  const seen: (string | undefined)[] = []
  const site = await open(always({ ...KEPT, Connection: 'x-one, X-TWO', 'X-One': '1', 'x-two': '2', 'X-Three': '3' }), {
    policy: definePolicy({
      recv: ({ req }) => void seen.push(req.headers.get('x-one'), req.headers.get('x-three')),
      backendResponse: ({ beresp }) => void seen.push(beresp.headers.get('x-two'), beresp.headers.get('x-three')),
    }),
  })
  const answer = await sent(site, message('GET', '/', { Connection: 'X-ONE', 'X-One': '1', 'X-Three': '3' }))
  expect(seen).toEqual([undefined, '3', undefined, '3'])
  expect([answer.get('x-one'), answer.get('x-two'), answer.get('x-three')]).toEqual([undefined, undefined, '3'])
  expect(site.origin.hits[0]?.headers).not.toHaveProperty('x-one')
})

behaviour(51, 'an HTTP/1.0 origin is closed behind its answer, unless it keeps the connection', async () => {
  for (const [fields, connections] of [
    ['', 2],
    ['Connection: keep-alive\r\n', 1],
  ] as const) {
    const { site, bytes } = await openBytes(() => `HTTP/1.0 200 OK\r\n${fields}Content-Length: 2\r\n\r\nok`)
    for (const path of ['/1', '/2']) expect((await site.get(path)).body.toString()).toBe('ok')
    expect(bytes.connections.length).toBe(connections)
  }
})

behaviour(51, 'an HTTP/1.0 POST without a length is told to give one', async () => {
  const site = await open(always(KEPT))
  expect(await refusal(site, 'POST / HTTP/1.0\r\nHost: a\r\n\r\n')).toEqual([411, true])
})

behaviour(52, 'an origin that does not speak HTTP is a 503, and its connection is not used again', async () => {
  for (const head of ['099 OK', '99X OK', '1000 OK', '20 OK', '200 OK\r\nno colon', '200 OK\r\nTransfer-Encoding: strange']) {
    const { site, bytes } = await openBytes(
      ({ target }) => `HTTP/1.1 ${target === '/bad' ? head : '200 OK'}\r\nContent-Length: 2\r\n\r\nok`,
    )
    expect((await site.get('/bad')).status, head).toBe(503)
    expect((await site.get('/good')).status, head).toBe(200)
    expect(bytes.connections.length, head).toBeGreaterThan(1)
  }
})

behaviour(52, 'what an origin sends behind a 204 reaches nobody', async () => {
  const { site, bytes } = await openBytes(({ target }) =>
    target === '/bad' ? 'HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello' : 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
  )
  const bad = await site.get('/bad')
  expect([bad.status, bad.body.length]).toEqual([204, 0])
  expect((await site.get('/good')).body.toString()).toBe('ok')
  expect(bytes.connections.length).toBe(2)
})

behaviour(
  53,
  'a connection that was used before and dies before a byte costs one silent try, if the request can be sent again',
  async () => {
    const { site, bytes } = await openScript(async (connection) => {
      const first = await connection.request()
      if (first === null) return
      connection.send('HTTP/1.1 200 OK\r\nCache-Control: no-store\r\nContent-Length: 2\r\n\r\nok')
      if ((await connection.request()) !== null) connection.reset()
    })
    expect((await site.get('/1')).status).toBe(200)
    expect((await site.get('/2')).status).toBe(200)
    expect(bytes.requests.map(({ target, connection }) => `${target} ${connection}`)).toEqual(['/1 0', '/2 0', '/2 1'])
    expect((await site.ask('POST', '/3', {}, 'body')).status).toBe(503)
    expect(bytes.requests.filter(({ target }) => target === '/3').length).toBe(1)
  },
)

behaviour(54, 'X-Forwarded-For and Via are there before the first hook, and not twice after a restart', async () => {
  const seen: string[] = []
  const policy = definePolicy({
    recv({ req, restart }) {
      // What comes behind a name in Via is a comment.
      seen.push(`${req.headers.getAll('x-forwarded-for')} | ${req.headers.getAll('via')}`.replaceAll(/ \([^()]*\)/g, ''))
      if (req.restarts === 0) return restart()
    },
  })
  const lines =
    'GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 192.0.2.1\r\nX-Forwarded-For: 192.0.2.2, 192.0.2.3\r\nVia: 1.0 before\r\n\r\n'
  const trusting = await open(always(KEPT), { policy, trust: ['127.0.0.1'], name: 'here' })
  await sent(trusting, lines)
  const joined = '192.0.2.1, 192.0.2.2, 192.0.2.3, 127.0.0.1 | 1.0 before, 1.1 here'
  expect(seen.splice(0)).toEqual([joined, joined])
  expect(trusting.origin.hits[0]?.headers['x-forwarded-for']).toBe('192.0.2.1, 192.0.2.2, 192.0.2.3, 127.0.0.1')
  // Whoever is not trusted may not say who he is.
  const open_ = await open(always(KEPT), { policy, name: 'here' })
  await sent(open_, lines)
  expect(seen).toEqual(['127.0.0.1 | 1.0 before, 1.1 here', '127.0.0.1 | 1.0 before, 1.1 here'])
})

behaviour(55, 'lines of Cache-Control are one before a hook sees them, of requests and of answers', async () => {
  const seen: (string | undefined)[] = []
  const site = await open((_hit, response) => response.writeHead(200, { 'Cache-Control': ['max-age=60', 'public'] }).end('body'), {
    policy: definePolicy({
      recv: ({ req }) => void seen.push(req.headers.get('cache-control')),
      backendResponse: ({ beresp }) => void seen.push(beresp.headers.get('cache-control')),
    }),
  })
  await sent(site, 'GET / HTTP/1.1\r\nHost: a\r\nCache-Control: no-cache\r\nX: y\r\nCache-Control: max-age=0\r\n\r\n')
  expect(seen).toEqual(['no-cache, max-age=0', 'max-age=60, public'])
})

behaviour(56, 'an origin that dies within its body is a 503 where nothing was sent yet, and else a cut connection', async () => {
  for (const framing of ['Content-Length: 100', 'Transfer-Encoding: chunked']) {
    const bytes = `HTTP/1.1 200 OK\r\n${framing}\r\n\r\n${framing.startsWith('C') ? 'half' : '4\r\nhalf\r\n'}`
    for (const stream of [true, false]) {
      const { site } = await openScript(
        async (connection) => {
          await connection.request()
          connection.send(bytes)
          connection.end()
        },
        {
          policy: definePolicy({
            backendResponse({ beresp }) {
              beresp.stream = stream
            },
          }),
        },
      )
      const client = await site.connect()
      client.send(message('GET', '/'))
      if (!stream) {
        expect((await client.response()).status, framing).toBe(503)
        client.destroy()
        continue
      }
      await client.closed()
      await expect(client.response(), framing).rejects.toThrow(/before a whole answer/)
    }
  }
})

behaviour(57, 'a POST without body says so to the origin, a GET says nothing, and a GET with a body is passed with it', async () => {
  const site = await open(async (hit, response) => reply(response, 200, KEPT, await bodyOf(hit)))
  await sent(site, 'POST /post HTTP/1.1\r\nHost: a\r\n\r\n')
  await sent(site, 'GET /get HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n')
  expect(site.origin.hits.map(({ headers }) => headers['content-length'])).toEqual(['0', undefined])
  const asked = await site.ask('GET', '/fat', {}, 'body')
  expect([asked.body.toString(), asked.get('x-cache')]).toEqual(['body', 'PASS'])
})

behaviour(58, '100 Continue is said once the policy wants the body, so that a refusal comes without one', async () => {
  const site = await open(async (hit, response) => reply(response, 200, {}, await bodyOf(hit)), {
    policy: definePolicy({
      recv({ req, synth }) {
        if (req.url === '/no') return synth(405)
      },
    }),
  })
  const expecting: Fields = { Expect: '100-continue', 'Content-Length': '4' }
  const refused = await site.connect()
  refused.send(message('PUT', '/no', expecting))
  expect((await refused.response({ interim: true })).status).toBe(405)
  const taken = await site.connect()
  taken.send(message('PUT', '/yes', expecting))
  expect((await taken.response({ interim: true })).status).toBe(100)
  taken.send('body')
  expect((await taken.response()).body.toString()).toBe('body')
  for (const client of [refused, taken]) client.destroy()
  expect(await refusal(site, message('PUT', '/', { Expect: 'the-unexpected', 'Content-Length': '4' }))).toEqual([417, true])
})

behaviour(59, 'Connection: close of a hook closes, towards clients and towards origins', async () => {
  const site = await open(always(KEPT), {
    policy: definePolicy({
      recv({ req, synth }) {
        if (req.url === '/made') return synth(200)
      },
      backendFetch({ bereq }) {
        if (bereq.url !== '/kept') bereq.headers.set('Connection', 'close')
      },
      deliver({ req, resp }) {
        if (req.url !== '/open') resp.headers.set('Connection', 'close')
      },
      synth({ resp }) {
        resp.headers.set('Connection', 'close')
      },
    }),
  })
  expect((await sent(site, message('GET', '/open'))).closed).toBe(false)
  expect((await sent(site, message('GET', '/shut'))).closed).toBe(true)
  expect((await sent(site, message('GET', '/shut'))).get('x-cache')).toBe('HIT')
  expect((await sent(site, message('GET', '/shut'))).closed).toBe(true)
  expect((await sent(site, message('GET', '/made'))).closed).toBe(true)
  await site.get('/kept')
  expect(site.origin.hits.map(({ url, headers }) => `${url} ${headers.connection}`)).toEqual([
    '/open close',
    '/shut close',
    '/kept undefined',
  ])
  // Two that were closed, and one that stays.
  await until(() => site.origin.sockets.size === 1, 'two closed connections')
  await site.get('/kept-2')
  await until(() => site.origin.sockets.size === 0, 'the last one')
})

behaviour(59, 'it closes the connection to an origin that would have kept it', async () => {
  const { site, bytes } = await openBytes(() => 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok', {
    policy: definePolicy({
      backendFetch({ bereq }) {
        if (bereq.url === '/1') bereq.headers.set('Connection', 'close')
      },
    }),
  })
  for (const path of ['/1', '/2', '/3']) expect((await site.get(path)).status).toBe(200)
  expect(bytes.requests.map(({ connection }) => connection)).toEqual([0, 1, 1])
})

behaviour(60, 'now stands still as long as a hook runs', async () => {
  const gate = new Gate()
  const seen: Record<string, number[]> = {}
  const site: Site = await open(always(KEPT), {
    policy: definePolicy({
      async recv(context) {
        await moved('recv', context)
      },
      async backendFetch(context) {
        await moved('fetch', context)
      },
      async backendResponse(context) {
        await moved('response', context)
      },
      async deliver(context) {
        await moved('deliver', context)
      },
    }),
  })
  async function moved(hook: string, context: { readonly now: number }): Promise<void> {
    const before = context.now
    await gate.opened
    site.clock.advance(2000)
    seen[hook] = [before, context.now]
  }
  gate.open()
  const start = site.clock.wall() / 1000
  await site.get('/')
  expect(Object.keys(seen)).toEqual(['recv', 'fetch', 'response', 'deliver'])
  // Each hook lasts two seconds.
  expect(Object.values(seen)).toEqual([0, 2, 4, 6].map((late) => [start + late, start + late]))
})
