/** What is stored compressed once is served to every client in a form that it takes. */
import { brotliCompressSync, brotliDecompressSync, gunzipSync, gzipSync, zstdDecompressSync } from 'node:zlib'
import { describe, expect, it, onTestFinished } from 'vitest'
import { CODINGS, type Coding, definePolicy } from '../../vcl-ts/index.ts'
import { startNginx } from '../support/nginx.ts'
import type { RawResponse } from '../support/raw-client.ts'
import { Gate, type OriginScript } from '../support/scripted-origin.ts'
import { until } from '../support/until.ts'
import { type Fields, message, open, reply, type Site } from './site.ts'

const PAGE = `<!doctype html><title>News</title>${'<p>All the news that is fit to be compressed.</p>\n'.repeat(200)}`
/** Large, and not easily compressed. */
const NUMBERS = Array.from({ length: 40_000 }, (_, i) => `${i} ${(i * 2654435761) % 4294967296}`).join('\n')
const HTML = { 'Content-Type': 'text/html; charset=utf-8', 'Cache-Control': 'max-age=60', ETag: '"v1"' }
const DECODE: Readonly<Record<Coding, (bytes: Buffer) => Buffer>> = { br: brotliDecompressSync, gzip: gunzipSync, zstd: zstdDecompressSync }

const page: OriginScript = (_hit, response) => reply(response, 200, HTML, PAGE)

/** What a client reads: decoded by the standard decoder of the coding that the answer names. */
function read(answer: RawResponse): string {
  const coding = answer.get('content-encoding')
  return (coding === undefined ? answer.body : DECODE[coding as Coding](answer.body)).toString()
}

const takes = (coding: string): Fields => ({ 'Accept-Encoding': coding })
const told = (answer: RawResponse, ...names: readonly string[]): (string | undefined)[] => names.map((name) => answer.get(name))

/** The answer to the first request, once it is stored. */
async function fill(site: Site, path: string = '/', fields: Fields = {}): Promise<RawResponse> {
  const before = site.stat('n_object')
  const answer = await site.get(path, fields)
  await until(() => site.stat('n_object') > before)
  return answer
}

describe.each(CODINGS)('stored as %s', (coding) => {
  it('goes as it lies to who takes it, decoded to who does not, from one fetch', async () => {
    const site = await open(page, { compress: coding })
    const first = await fill(site, '/', takes(coding))
    expect(told(first, 'content-encoding', 'vary', 'etag', 'x-cache')).toEqual([coding, 'Accept-Encoding', 'W/"v1"', 'MISS'])
    expect(read(first)).toBe(PAGE)
    const same = await site.get('/', takes(`identity;q=0, ${coding}`))
    expect(told(same, 'content-encoding', 'content-length', 'vary', 'etag', 'x-cache')).toEqual([
      ...[coding, String(first.body.length), 'Accept-Encoding', 'W/"v1"', 'HIT'],
    ])
    expect(same.body.equals(first.body)).toBe(true)
    for (const fields of [{}, takes('deflate'), takes(`${coding};q=0, *;q=0`), takes(`identity, ${coding};q=0.1`)]) {
      const plain = await site.get('/', fields)
      expect(told(plain, 'content-encoding', 'vary', 'etag', 'x-cache')).toEqual([undefined, 'Accept-Encoding', 'W/"v1"', 'HIT'])
      expect([plain.body.toString(), plain.get('content-length')]).toEqual([PAGE, String(PAGE.length)])
    }
    expect([site.origin.hits.length, site.stat('beresp_compressed'), site.stat('resp_decoded')]).toEqual([1, 1, 4])
    expect(site.origin.hits[0]?.headers['accept-encoding']).toBe(coding === 'gzip' ? 'gzip' : `${coding}, gzip`)
  })

  it('reaches a client that does not take it while it arrives', async () => {
    const gate = new Gate()
    const half = Buffer.from(NUMBERS)
    const site = await open(
      async (_hit, response) => {
        response.writeHead(200, HTML)
        response.write(half)
        await gate.opened
        response.end(half)
      },
      { compress: coding },
    )
    const [taker, other] = [await site.connect(), await site.connect()]
    taker.send(message('GET', '/', takes(coding)))
    await site.origin.hit(0)
    other.send(message('GET', '/'))
    await until(() => other.pending.length > half.length / 4)
    gate.open()
    const answers = [await taker.response(), await other.response()]
    expect(answers.map((answer) => answer.get('content-encoding'))).toEqual([coding, undefined])
    expect(answers.map((answer) => read(answer).length)).toEqual([half.length * 2, half.length * 2])
    expect(site.origin.hits.length).toBe(1)
    for (const client of [taker, other]) client.destroy()
  })

  it('is decoded in a stream when it is large', async () => {
    const site = await open((_hit, response) => reply(response, 200, HTML, NUMBERS), { compress: coding })
    await fill(site, '/', takes(coding))
    const plain = await site.get('/')
    expect(told(plain, 'content-encoding', 'content-length', 'transfer-encoding', 'x-cache')).toEqual([
      undefined,
      undefined,
      'chunked',
      'HIT',
    ])
    expect(plain.body.toString()).toBe(NUMBERS)
  })
})

describe('an answer that is served in several forms', () => {
  it('is not modified for whoever has any of them', async () => {
    const site = await open(page, { compress: 'br' })
    await fill(site, '/', takes('br'))
    for (const fields of [takes('br'), {}])
      for (const tag of ['W/"v1"', '"v1"']) {
        const answer = await site.get('/', { ...fields, 'If-None-Match': tag })
        expect([answer.status, ...told(answer, 'etag', 'content-encoding', 'vary')]).toEqual([304, 'W/"v1"', undefined, 'Accept-Encoding'])
      }
    expect((await site.get('/', { 'If-None-Match': '"v2"' })).status).toBe(200)
  })

  it('has ranges of the stored bytes for who takes them, and none that has to be made (HARDENING 216)', async () => {
    const site = await open(page, { compress: 'br' })
    const stored = (await fill(site, '/', takes('br'))).body
    const range = await site.get('/', { ...takes('br'), Range: 'bytes=2-9' })
    expect([range.status, ...told(range, 'content-encoding', 'content-range')]).toEqual([206, 'br', `bytes 2-9/${stored.length}`])
    expect(range.body.equals(stored.subarray(2, 10))).toBe(true)
    const whole = await site.get('/', { Range: 'bytes=2-9' })
    expect([whole.status, ...told(whole, 'content-encoding', 'content-range', 'accept-ranges'), whole.body.toString()]).toEqual([
      ...[200, undefined, undefined, undefined, PAGE],
    ])
    // A weak tag never makes a range safe (RFC 9110 §13.1.5).
    expect((await site.get('/', { ...takes('br'), Range: 'bytes=2-9', 'If-Range': 'W/"v1"' })).status).toBe(200)
  })

  it('says by HEAD what GET would say (HARDENING 216)', async () => {
    const site = await open(page, { compress: 'br' })
    const stored = (await fill(site, '/', takes('br'))).body
    const head = await site.ask('HEAD', '/', takes('br'))
    expect([...told(head, 'content-encoding', 'content-length', 'etag'), head.body.length]).toEqual([
      'br',
      String(stored.length),
      'W/"v1"',
      0,
    ])
    const plain = await site.ask('HEAD', '/')
    expect([...told(plain, 'content-encoding', 'content-length', 'etag'), plain.body.length]).toEqual([undefined, undefined, 'W/"v1"', 0])
    expect(site.origin.hits.length).toBe(1)
  })

  it('stays what it is when the origin confirms it', async () => {
    const site = await open(
      (hit, response) =>
        hit.headers['if-none-match'] === undefined
          ? reply(response, 200, HTML, PAGE)
          : reply(response, 304, { 'Cache-Control': 'max-age=60', ETag: '"v1"', Vary: 'Origin', 'X-Round': '2' }),
      { compress: 'br' },
    )
    const stored = (await fill(site, '/', takes('br'))).body
    site.clock.advance(61_000)
    const confirmed = await site.get('/')
    expect([confirmed.body.toString(), ...told(confirmed, 'x-round', 'etag', 'vary')]).toEqual([
      PAGE,
      '2',
      'W/"v1"',
      'Origin, Accept-Encoding',
    ])
    const again = await site.get('/', takes('br'))
    expect([again.body.equals(stored), ...told(again, 'content-encoding', 'x-cache', 'etag')]).toEqual([true, 'br', 'HIT', 'W/"v1"'])
    expect(site.origin.hits.map(({ headers }) => headers['if-none-match'])).toEqual([undefined, 'W/"v1"'])
  })

  it('is not taken for another because a HEAD tells the length that it has at the origin', async () => {
    const site = await open((hit, response) => reply(response, 200, HTML, hit.method === 'HEAD' ? '' : PAGE), { compress: 'br' })
    site.origin.script = (hit, response) => {
      if (hit.method === 'HEAD') response.writeHead(200, { ...HTML, 'Content-Length': PAGE.length }).end()
      else reply(response, 200, HTML, PAGE)
    }
    await fill(site, '/', takes('br'))
    site.clock.advance(61_000)
    await site.ask('HEAD', '/')
    const hit = await site.get('/')
    expect([hit.get('x-cache'), hit.get('etag'), hit.body.toString()]).toEqual(['HIT', 'W/"v1"', PAGE])
  })
})

describe('what an origin compressed itself', () => {
  const zipped = gzipSync(PAGE)
  const coded: OriginScript = (hit, response) => {
    const zips = /\bgzip\b/.test(hit.headers['accept-encoding'] ?? '')
    response.writeHead(200, { ...HTML, Vary: 'Accept-Encoding', ...(zips ? { 'Content-Encoding': 'gzip' } : {}) })
    response.end(zips ? zipped : PAGE)
  }

  it('is stored once as it came, and serves everybody', async () => {
    const site = await open(coded, { compress: 'br' })
    const plain = await fill(site)
    expect([plain.body.toString(), ...told(plain, 'content-encoding', 'etag')]).toEqual([PAGE, undefined, 'W/"v1"'])
    const zip = await site.get('/', takes('gzip'))
    expect([zip.body.equals(zipped), ...told(zip, 'content-encoding', 'etag', 'x-cache')]).toEqual([true, 'gzip', '"v1"', 'HIT'])
    expect((await site.get('/', takes('br'))).body.toString()).toBe(PAGE)
    expect([site.origin.hits.length, site.stat('beresp_compressed')]).toEqual([1, 0])
  })

  it('is stored in a variant for each, untouched, when nothing asks for compression', async () => {
    const site = await open(coded)
    const plain = await fill(site)
    const zip = await fill(site, '/', takes('gzip'))
    expect([plain.body.toString(), plain.get('etag'), zip.body.equals(zipped), zip.get('etag')]).toEqual([PAGE, '"v1"', true, '"v1"'])
    expect((await site.get('/', takes('gzip'))).get('x-cache')).toBe('HIT')
    expect(site.origin.hits.map(({ headers }) => headers['accept-encoding'])).toEqual([undefined, 'gzip'])
  })

  it.each(['off', 'br'] as const)(
    'is passed on untouched though it is damaged, as long as nobody needs it decoded: %s (HARDENING 328)',
    async (compress) => {
      const damaged = Buffer.from(zipped)
      damaged[zipped.length - 6] = (damaged[zipped.length - 6] as number) ^ 0xff
      const site = await open((_hit, response) => void response.writeHead(200, { ...HTML, 'Content-Encoding': 'gzip' }).end(damaged), {
        compress,
      })
      const miss = await fill(site, '/', takes('gzip'))
      expect([miss.body.equals(damaged), (await site.get('/', takes('gzip'))).body.equals(damaged)]).toEqual([true, true])
      if (compress === 'off') return
      const client = await site.connect()
      client.send(message('GET', '/'))
      await client.closed()
      await expect(client.response()).rejects.toThrow('before a whole answer')
      client.destroy()
    },
  )

  it('is decoded by the fetch that asked for it though it may not be shared', async () => {
    const site = await open(
      (_hit, response) => void response.writeHead(200, { ...HTML, 'Cache-Control': 'private', 'Content-Encoding': 'gzip' }).end(zipped),
      { compress: 'br' },
    )
    const answer = await site.get('/')
    expect([answer.body.toString(), answer.get('content-encoding')]).toEqual([PAGE, undefined])
  })

  it('in a coding that is not undone here keeps its variants', async () => {
    const site = await open(
      (_hit, response) => reply(response, 200, { ...HTML, Vary: 'Accept-Encoding', 'Content-Encoding': 'deflate' }, 'x'),
      {
        compress: 'br',
      },
    )
    await fill(site, '/', takes('deflate'))
    expect((await site.get('/', takes('deflate'))).get('x-cache')).toBe('HIT')
    expect((await site.get('/', takes('br'))).get('x-cache')).toBe('MISS')
  })
})

describe('what is never compressed', () => {
  const cases: [title: string, fields: Fields, preset?: 'rfc9111'][] = [
    ['what sets a cookie, even where it is stored (HARDENING 218)', { ...HTML, 'Set-Cookie': 'id=1' }, 'rfc9111'],
    ['what is private (HARDENING 218)', { ...HTML, 'Cache-Control': 'private, max-age=60' }],
    [
      'what is private to browsers but not to us (HARDENING 218)',
      { ...HTML, 'Cache-Control': 'private', 'CDN-Cache-Control': 'max-age=60' },
    ],
    ['what has a private field (HARDENING 218)', { ...HTML, 'Cache-Control': 'private="x-user", max-age=60' }],
    ['what must not be transformed', { ...HTML, 'Cache-Control': 'max-age=60, no-transform' }],
    ['what is coded already', { ...HTML, 'Content-Encoding': 'br' }],
    ['what is not stored', { ...HTML, 'Cache-Control': 'no-store' }],
    ['a type that is dense already', { ...HTML, 'Content-Type': 'image/webp' }],
    ['what has no type', { 'Cache-Control': 'max-age=60' }],
  ]

  it.each(cases)('is %s', async (_title, fields, preset: 'safe' | 'rfc9111' = 'safe') => {
    const body = fields['Content-Encoding'] === 'br' ? brotliCompressSync(PAGE) : Buffer.from(PAGE)
    const site = await open((_hit, response) => void response.writeHead(200, { ...fields, 'Content-Length': body.length }).end(body), {
      compress: 'br',
      preset,
    })
    for (let i = 0; i < 2; i++) {
      const answer = await site.get('/', takes('br'))
      expect(answer.body.equals(body)).toBe(true)
      expect(answer.get('etag')).toBe(fields['ETag'])
    }
    expect(site.stat('beresp_compressed')).toBe(0)
  })

  it('is what is smaller than it need be', async () => {
    const site = await open((hit, response) => reply(response, 200, HTML, 'x'.repeat(Number(hit.url.slice(1)))), {
      compress: 'br',
      compressMin: 100,
    })
    expect((await fill(site, '/99', takes('br'))).get('content-encoding')).toBeUndefined()
    expect((await fill(site, '/100', takes('br'))).get('content-encoding')).toBe('br')
  })

  it('is a part, whose bytes are those of the origin', async () => {
    const site = await open(
      (hit, response) => {
        const [, first, last] = /bytes=(\d+)-(\d+)/.exec(hit.headers.range ?? '') ?? []
        if (first === undefined) reply(response, 200, HTML, PAGE)
        else
          reply(
            response,
            206,
            { ...HTML, 'Content-Range': `bytes ${first}-${last}/${PAGE.length}` },
            PAGE.slice(Number(first), Number(last) + 1),
          )
      },
      { compress: 'br' },
    )
    const part = await site.get('/', { ...takes('gzip'), Range: 'bytes=0-2999' })
    expect([part.status, part.body.toString(), part.get('content-encoding')]).toEqual([206, PAGE.slice(0, 3000), undefined])
    expect(site.origin.hits[0]?.headers['accept-encoding']).toBe('gzip')
  })
})

describe('a policy', () => {
  it('compresses what it likes, in the coding that it likes, without the option', async () => {
    const site = await open(
      (hit, response) => reply(response, 200, { 'Cache-Control': 'max-age=60', 'Content-Type': `x/${hit.url.slice(1)}` }, 'small'),
      {
        policy: definePolicy({
          backendResponse({ beresp, bereq }) {
            beresp.compress = bereq.url === '/true' ? true : bereq.url === '/false' ? false : (bereq.url.slice(1) as Coding)
          },
        }),
      },
    )
    for (const coding of [...CODINGS, 'true', 'false']) {
      const answer = await fill(site, `/${coding}`, takes('br, gzip, zstd'))
      expect(answer.get('content-encoding')).toBe(coding === 'true' ? 'br' : coding === 'false' ? undefined : coding)
      expect(read(answer)).toBe('small')
    }
    expect(site.origin.hits[0]?.headers['accept-encoding']).toBe('br, gzip, zstd')
  })

  it('leaves as it is what it likes, against the option', async () => {
    const site = await open(page, {
      compress: 'br',
      policy: definePolicy({
        backendResponse({ beresp }) {
          beresp.compress = false
        },
      }),
    })
    expect((await fill(site, '/', takes('br'))).get('etag')).toBe('"v1"')
    expect((await site.get('/')).get('x-cache')).toBe('HIT')
  })

  it('that names a coding there is not fails the fetch, and the log says what there is', async () => {
    const site = await open(page, {
      policy: definePolicy({
        backendResponse({ beresp }) {
          beresp.compress = 'lzma' as Coding
        },
      }),
    })
    expect((await site.get('/')).status).toBe(503)
    expect(JSON.stringify(site.events.map(({ fields }) => String((fields['err'] as Error)?.message)))).toContain(
      'give br, zstd, gzip, true, false or null',
    )
  })

  it('sees in deliver the head that this client gets', async () => {
    const site = await open(page, {
      compress: 'br',
      policy: definePolicy({
        deliver({ resp }) {
          resp.headers.set('X-Coding', resp.headers.get('content-encoding') ?? 'plain')
        },
      }),
    })
    await fill(site, '/', takes('br'))
    expect([(await site.get('/', takes('br'))).get('x-coding'), (await site.get('/')).get('x-coding')]).toEqual(['br', 'plain'])
  })
})

it('stores nothing of a body that broke off while it was compressed, and breaks off visibly', async () => {
  const site = await open(
    (hit, response) => {
      if (hit.index > 0) return reply(response, 200, HTML, PAGE)
      response.writeHead(200, { ...HTML, 'Content-Length': PAGE.length })
      response.write(PAGE.slice(0, 5000), () => hit.message.socket.destroy())
    },
    { compress: 'br' },
  )
  const client = await site.connect()
  client.send(message('GET', '/', takes('br')))
  await client.closed()
  await expect(client.response()).rejects.toThrow('before a whole answer')
  client.destroy()
  expect(site.stat('n_object')).toBe(0)
  expect(read(await site.get('/', takes('br')))).toBe(PAGE)
})

it('compresses the pages of nginx, and keeps what nginx compressed', async () => {
  const nginx = await startNginx({
    pages: { 'page.html': PAGE, 'zip/page.html': PAGE },
    server: 'location /zip/ { gzip on; gzip_vary on; gzip_proxied any; }',
  })
  onTestFinished(() => nginx.stop())
  const policy = definePolicy({
    backendResponse({ beresp }) {
      beresp.ttl = 60
    },
  })
  const site = await open(page, { origin: nginx.url, compress: 'br', policy })
  const coded = await fill(site, '/page.html', takes('br'))
  expect([coded.get('content-encoding'), read(coded), coded.get('etag')?.slice(0, 3)]).toEqual(['br', PAGE, 'W/"'])
  expect((await site.get('/page.html')).body.toString()).toBe(PAGE)
  const plain = await fill(site, '/zip/page.html')
  const zipped = await site.get('/zip/page.html', takes('gzip'))
  expect([read(plain), read(zipped), ...told(zipped, 'content-encoding', 'x-cache', 'vary')]).toEqual([
    PAGE,
    PAGE,
    'gzip',
    'HIT',
    'Accept-Encoding',
  ])
  expect((await site.get('/zip/page.html', { 'If-None-Match': zipped.get('etag') ?? '' })).status).toBe(304)
  expect(site.stat('s_fetch')).toBe(2)
})

describe('what is used, with compressAgain', () => {
  const again = { compress: 'gzip', compressAgain: true } as const
  /** A page of which the heavy level makes less. */
  const text = Array.from({ length: 3000 }, (_, i) => `${i % 7} lamps and ${(i * 48271) % 1009} shades of ${(i * i) % 97}`).join('\n')
  const script: OriginScript = (_hit, response) => reply(response, 200, { ...HTML, 'Cache-Control': 'max-age=600' }, text)

  async function used(site: Site): Promise<RawResponse> {
    const first = await fill(site, '/', takes('gzip'))
    for (let i = 0; i < 3; i++) await site.get('/', takes('gzip'))
    return first
  }

  it('is compressed anew in the background, and is the same object but for its bytes', async () => {
    const site = await open(script, again)
    const first = await used(site)
    site.clock.advance(5000)
    await until(() => site.stat('n_recompressed') === 1)
    const hit = await site.get('/', takes('gzip'))
    expect(hit.body.length).toBeLessThan(first.body.length)
    expect([read(hit), ...told(hit, 'x-cache', 'etag', 'age', 'content-encoding')]).toEqual([text, 'HIT', 'W/"v1"', '5', 'gzip'])
    expect((await site.get('/')).body.toString()).toBe(text)
    expect([site.origin.hits.length, site.stat('n_object')]).toEqual([1, 1])
  })

  it('stays as it is when it is not used, or about to end', async () => {
    const site = await open(
      (hit, response) => reply(response, 200, { ...HTML, 'Cache-Control': `max-age=${hit.url.slice(1)}` }, text),
      again,
    )
    await fill(site, '/600', takes('gzip'))
    await fill(site, '/14', takes('gzip'))
    for (let i = 0; i < 3; i++) await site.get('/14', takes('gzip'))
    site.clock.advance(5000)
    for (let i = 0; i < 100; i++) await new Promise((resolve) => setImmediate(resolve))
    expect([site.stat('n_recompressed'), site.stat('n_object')]).toEqual([0, 2])
  })
})
