import { afterEach, describe, expect, test } from 'vitest'
import { backend, definePolicy } from '../../vcl-ts/index.ts'
import { ByteOrigin } from '../support/byte-origin.ts'
import { until } from '../support/until.ts'
import { type Fields, gate, type Reply, type Rig, requestOf, type Seen, start } from './rig.ts'

let rig: Rig
let origin: ByteOrigin | null = null
afterEach(async () => {
  await rig.close()
  await origin?.close()
  origin = null
})

const FRESH = ['Cache-Control', 'max-age=3600'] as const

/** An origin that sends bytes of its own making, for each of a row of requests. */
async function bytes(answer: (number: number) => string, end: 'end' | 'reset' | 'keep'): Promise<void> {
  let number = 0
  origin = await ByteOrigin.start(async (connection) => {
    while ((await connection.request()) !== null) {
      connection.send(answer(++number))
      if (end === 'keep') continue
      await new Promise<void>((resolve) => connection.socket.write('', () => resolve()))
      connection[end]()
      return
    }
  })
  const raw = backend(origin.url)
  rig = await start(() => ({}), { policy: definePolicy({ backends: { raw } }) })
}

describe('a body that ends before its length', () => {
  const LENGTH = 1000
  test.each([0, 1, 500, 990].flatMap((sent) => (['end', 'reset'] as const).map((how) => [sent, how] as const)))(
    'after %i bytes by %s is broken off visibly and not stored',
    async (sent, how) => {
      await bytes(
        (number) => `HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nContent-Length: ${LENGTH}\r\n\r\n${String(number).repeat(sent)}`,
        how,
      )
      for (let i = 0; i < 2; i++) {
        const client = await rig.client()
        client.send(requestOf('/', {}))
        await client.closed().catch(() => undefined)
        const text = client.total.toString('latin1')
        // Either a failure of ours, or a body that is visibly short.
        if (!text.startsWith('HTTP/1.1 502')) expect(text.slice(text.indexOf('\r\n\r\n') + 4).length).toBeLessThan(LENGTH)
      }
      expect(rig.stat('n_object')).toBe(0)
      expect(origin?.requests.length).toBeGreaterThanOrEqual(2)
    },
  )

  test('fails those who wait for it as well', async () => {
    const half = gate()
    rig = await start(() => ({ fields: [FRESH], body: 'x'.repeat(1000), half: half.opened, breaks: true }))
    const clients = await Promise.all(Array.from({ length: 10 }, () => rig.client()))
    for (const client of clients) client.send(requestOf('/', {}))
    await until(() => clients.every((client) => client.total.includes('\r\n\r\nx')), 'the first half for everybody')
    half.open()
    for (const client of clients) await expect(client.response()).rejects.toThrow()
    expect(rig.stat('n_object')).toBe(0)
  })
})

test('a body without length that ends by FIN is relayed and not stored', async () => {
  await bytes((number) => `HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\n\r\n#${number}`, 'end')
  for (let i = 1; i <= 2; i++) expect((await rig.get('/')).body.toString()).toBe(`#${i}`)
  expect(rig.stat('n_object')).toBe(0)
})

describe('two lines of a field that may have one', () => {
  test.each<[string, Fields]>([
    [
      'ETag',
      [
        ['ETag', '"1"'],
        ['ETag', '"2"'],
      ],
    ],
    [
      'Date',
      [
        ['Date', 'Thu, 01 Jan 2026 00:00:00 GMT'],
        ['Date', 'Thu, 01 Jan 2026 00:00:09 GMT'],
      ],
    ],
    [
      'Expires',
      [
        ['Expires', 'Fri, 01 Jan 2100 00:00:00 GMT'],
        ['Expires', 'Fri, 01 Jan 2027 00:00:00 GMT'],
      ],
    ],
    [
      'Content-Type',
      [
        ['Content-Type', 'text/html'],
        ['Content-Type', 'text/plain'],
      ],
    ],
  ])('%s that differ: relayed, not stored', async (_name, fields) => {
    rig = await start((seen) => ({ fields: [FRESH, ...fields], body: `#${seen.number}` }))
    for (let i = 1; i <= 2; i++) expect((await rig.get('/')).body.toString()).toBe(`#${i}`)
    expect(rig.stat('n_object')).toBe(0)
  })
})

describe('a 304', () => {
  test('to a question that was not conditional is a failed fetch', async () => {
    rig = await start(() => ({ status: 304, fields: [FRESH, ['ETag', '"1"']] }))
    expect((await rig.get('/')).status).toBe(502)
    expect(rig.stat('n_object')).toBe(0)
  })

  test('with another ETag, or fields that describe a body, never mislabels the stored one', async () => {
    rig = await start(
      (seen): Reply =>
        seen.get('if-none-match') === undefined
          ? {
              fields: [
                ['Cache-Control', 'max-age=60'],
                ['ETag', '"1"'],
                ['Content-Type', 'text/plain'],
              ],
              body: 'body one',
            }
          : {
              status: 304,
              fields: [
                ['Cache-Control', 'max-age=60'],
                ['ETag', seen.target === '/same' ? '"1"' : '"2"'],
                ['Content-Type', 'text/html'],
                ['Content-Encoding', 'gzip'],
                ['Content-Range', 'bytes 0-1/2'],
              ],
            },
    )
    for (const target of ['/same', '/other']) {
      await rig.get(target)
      rig.advance(61_000)
      for (let i = 0; i < 2; i++) {
        const answer = await rig.get(target)
        expect([answer.status, answer.body.toString(), answer.get('content-type')]).toEqual([200, 'body one', 'text/plain'])
        expect([answer.get('content-encoding'), answer.get('content-range'), answer.get('content-length')]).toEqual([
          undefined,
          undefined,
          '8',
        ])
      }
    }
  })

  test('caused by the client’s own validators is never stored and freshens nothing', async () => {
    rig = await start((seen) =>
      seen.get('if-none-match') === '"client"'
        ? { status: 304, fields: [FRESH, ['ETag', '"client"']] }
        : { fields: [FRESH, ['ETag', '"1"']], body: 'whole' },
    )
    expect((await rig.get('/', [['If-None-Match', '"client"']])).status).toBe(200)
    expect((await rig.get('/')).body.toString()).toBe('whole')
    expect((await rig.get('/', [['If-None-Match', '"1"']])).status).toBe(304)
    expect((await rig.get('/')).body.toString()).toBe('whole')
  })
})

describe('a 206', () => {
  test.each<[string, Fields]>([
    ['with a good range', [['Content-Range', 'bytes 0-4/10']]],
    ['without Content-Range', []],
    ['that claims to be whole', [['Content-Range', 'bytes 0-4/5']]],
  ])('%s to a question for the whole is a failed fetch', async (_title, fields) => {
    rig = await start(() => ({ status: 206, fields: [FRESH, ...fields], body: 'abcde' }))
    expect((await rig.get('/')).status).toBe(502)
    expect(rig.stat('n_object')).toBe(0)
  })

  test.each<[string, Fields]>([
    ['of other length', [['Content-Range', 'bytes 0-9/10']]],
    ['in contradiction', [['Content-Range', 'bytes 4-0/10']]],
    ['beyond the total', [['Content-Range', 'bytes 8-12/10']]],
    ['as multipart', [['Content-Type', 'multipart/byteranges; boundary=b']]],
  ])('%s is stored as nothing', async (_title, fields) => {
    rig = await start((seen) =>
      seen.get('range') === undefined
        ? { fields: [FRESH], body: '0123456789' }
        : { status: 206, fields: [FRESH, ...fields], body: 'abcde' },
    )
    await rig.get('/', [['Range', 'bytes=0-4']])
    expect(rig.stat('n_object')).toBe(0)
    expect((await rig.get('/')).body.toString()).toBe('0123456789')
  })
})

describe('hop-by-hop fields', () => {
  test('are stripped both ways, from stored objects too, and so is an upgrade to h2c', async () => {
    const own: Fields = [
      ['Connection', 'X-Hop, keep-alive'],
      ['X-Hop', '1'],
      ['Keep-Alive', 'timeout=99'],
      ['Proxy-Connection', 'keep-alive'],
    ]
    rig = await start(() => ({ fields: [FRESH, ...own, ['Proxy-Authenticate', 'Basic']], body: 'x' }))
    const request: Fields = [
      ['Connection', 'X-Hop, Upgrade, HTTP2-Settings, TE'],
      ['X-Hop', '1'],
      ['Upgrade', 'h2c'],
      ['HTTP2-Settings', 'AAMAAABkAARAAAAAAAIAAAAA'],
      ['TE', 'trailers'],
      ['Proxy-Connection', 'keep-alive'],
      ['Keep-Alive', 'timeout=5'],
    ]
    for (let i = 0; i < 2; i++) {
      const answer = await rig.get('/', request)
      expect(answer.status).toBe(200)
      for (const name of ['x-hop', 'proxy-connection', 'proxy-authenticate', 'upgrade']) expect(answer.get(name), name).toBeUndefined()
    }
    const [seen] = rig.seen as [Seen]
    for (const name of ['x-hop', 'upgrade', 'http2-settings', 'te', 'proxy-connection', 'keep-alive'])
      expect(seen.get(name), name).toBeUndefined()
    for (const object of rig.server.objects())
      for (const [name] of object.headers) expect(name).not.toMatch(/^(?:connection|x-hop|keep-alive|proxy-.*)$/i)
  })
})

describe('a body that holds a request', () => {
  const INNER = 'GET /inner HTTP/1.1\r\nHost: example.com\r\n\r\n'
  const policy = definePolicy({
    recv({ req, synth }) {
      if (req.url === '/synth') return synth(200)
      if (req.url === '/redirect') return synth(302)
      if (req.url === '/denied') return synth(403)
    },
  })

  test.each(['/hit', '/synth', '/redirect', '/denied', '/missing', '/too-large'])('sent to %s is never run', async (target) => {
    rig = await start(
      (seen) =>
        seen.target === '/missing' ? { status: 404 } : seen.target === '/too-large' ? { status: 413 } : { fields: [FRESH], body: 'x' },
      { policy },
    )
    await rig.get('/hit')
    for (const method of ['GET', 'POST'])
      for (const framed of [
        `Content-Length: ${INNER.length}\r\n\r\n${INNER}`,
        `Transfer-Encoding: chunked\r\n\r\n${INNER.length.toString(16)}\r\n${INNER}\r\n0\r\n\r\n`,
      ]) {
        const client = await rig.client()
        client.send(
          `${method} ${target} HTTP/1.1\r\nHost: example.com\r\n${framed}GET /own HTTP/1.1\r\nHost: example.com\r\nConnection: close\r\n\r\n`,
        )
        const answers = await client.responses()
        expect(answers.length).toBeLessThanOrEqual(2)
      }
    expect(rig.hits('/inner')).toBe(0)
  })
})

describe('a policy that writes what would change the message’s frame', () => {
  const POLICIES = {
    'Content-Length': definePolicy({ backendFetch: ({ bereq }) => bereq.headers.set('content-length', '5') }),
    'Transfer-Encoding': definePolicy({ backendFetch: ({ bereq }) => bereq.headers.append('Transfer-Encoding', 'chunked') }),
    'a decoded line end': definePolicy({
      backendFetch: ({ bereq }) => bereq.headers.set('X-Path', decodeURIComponent('a%0d%0aX-Evil:%201')),
    }),
    'a decoded line end in the URL': definePolicy({
      recv: ({ req }) => {
        req.url = decodeURIComponent('/a%0d%0aX-Evil:%201')
      },
    }),
    'a line end in Host': definePolicy({
      recv: ({ req }) => {
        req.host = 'example.com\r\nX-Evil: 1'
      },
    }),
    'a line end past the map’s own check': definePolicy({
      backendFetch: ({ bereq }) => bereq.headers.appendRaw('X', 'x', 'a\r\nX-Evil: 1'),
    }),
  }

  test.each(Object.entries(POLICIES))('%s sends the origin nothing', async (_title, policy) => {
    rig = await start(() => ({ body: 'x' }), { policy })
    for (const method of ['GET', 'POST'])
      expect(
        (await rig.ask('/', { method, body: method === 'POST' ? 'abc' : undefined } as { method: string })).status,
      ).toBeGreaterThanOrEqual(500)
    expect(rig.seen).toHaveLength(0)
  })
})

test('a client that leaves in the middle of its body leaves the origin no whole request', async () => {
  rig = await start(() => ({ fields: [FRESH], body: 'x' }))
  for (const [how, head] of [
    ['reset', 'Content-Length: 1000\r\n\r\n'],
    ['end', 'Content-Length: 1000\r\n\r\n'],
    ['reset', 'Transfer-Encoding: chunked\r\n\r\n3e8\r\n'],
    ['end', 'Transfer-Encoding: chunked\r\n\r\n3e8\r\n'],
  ] as const) {
    const failed = rig.stat('fetch_failed') + rig.stat('client_left')
    const client = await rig.client()
    client.send(`POST /upload HTTP/1.1\r\nHost: example.com\r\n${head}${'x'.repeat(500)}`)
    await until(() => rig.stat('backend_req') > 0, 'the upload’s beginning')
    client[how]()
    await until(() => rig.stat('fetch_failed') + rig.stat('client_left') > failed, 'the end of the upload')
  }
  expect((await rig.get('/clean')).status).toBe(200)
  expect(rig.hits('/upload')).toBe(0)
  expect(rig.stat('n_object')).toBe(1)
})

test.each([
  ['Location', '/a%0d%0aX-Evil:%201?q=%00%c3%28#%2e%2e'],
  ['Set-Cookie', 'a=%0d%0aSet-Cookie:%20b=c%00; Path=/%2e%2e'],
])('%s is decoded nowhere, neither on the miss nor on the hit', async (name, value) => {
  rig = await start(() => ({ status: 200, fields: [FRESH, [name, value]], body: 'x' }), { preset: 'rfc9111' })
  for (const cache of ['MISS', 'HIT']) {
    const answer = await rig.get('/')
    expect([answer.get('x-cache'), answer.get(name.toLowerCase()), answer.get('x-evil')]).toEqual([cache, value, undefined])
  }
})
