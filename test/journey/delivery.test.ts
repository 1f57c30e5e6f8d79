/** What a stored object answers: conditions, ranges, HEAD, parts, variants. */
import { expect, it } from 'vitest'
import { type Fields, open, reply, type Site } from './site.ts'

const BODY = '0123456789'
const MODIFIED = 'Wed, 01 Jan 2025 00:00:00 GMT'
const LATER = 'Thu, 02 Jan 2025 00:00:00 GMT'
const EARLIER = 'Tue, 31 Dec 2024 00:00:00 GMT'

async function stored(fields: Fields = {}): Promise<Site> {
  const site = await open((_hit, response) =>
    reply(
      response,
      200,
      { 'Cache-Control': 'max-age=60', 'Content-Type': 'text/plain', ETag: '"a"', 'Last-Modified': MODIFIED, ...fields },
      BODY,
    ),
  )
  await site.get('/')
  return site
}

const conditions: readonly [name: string, fields: Fields, status: number][] = [
  ['an equal If-None-Match', { 'If-None-Match': '"a"' }, 304],
  ['an equal weak If-None-Match', { 'If-None-Match': 'W/"a"' }, 304],
  ['a list that holds the tag', { 'If-None-Match': '"x", "a"' }, 304],
  ['If-None-Match: *', { 'If-None-Match': '*' }, 304],
  ['another tag', { 'If-None-Match': '"b"' }, 200],
  ['another tag, and an If-Modified-Since that would match', { 'If-None-Match': '"b"', 'If-Modified-Since': LATER }, 200],
  ['If-Modified-Since at Last-Modified', { 'If-Modified-Since': MODIFIED }, 304],
  ['a later If-Modified-Since', { 'If-Modified-Since': LATER }, 304],
  ['an earlier If-Modified-Since', { 'If-Modified-Since': EARLIER }, 200],
  ['an If-Modified-Since that is no date', { 'If-Modified-Since': 'yesterday' }, 200],
]

it('answers conditions from what is stored', async () => {
  const site = await stored()
  for (const [name, fields, status] of conditions) {
    const answer = await site.get('/', fields)
    expect([name, answer.status]).toEqual([name, status])
    expect([answer.get('etag'), answer.get('x-cache')]).toEqual(['"a"', 'HIT'])
    if (status === 304) expect([answer.get('content-type'), answer.get('content-length')]).toEqual([undefined, undefined])
  }
  expect(site.origin.hits.length).toBe(1)
})

it('answers the client’s condition on the very answer that it fetched', async () => {
  const site = await open((_hit, response) => reply(response, 200, { 'Cache-Control': 'max-age=60', ETag: '"a"' }, BODY))
  const answer = await site.get('/', { 'If-None-Match': '"a"' })
  expect([answer.status, answer.get('x-cache')]).toEqual([304, 'MISS'])
  expect(site.origin.hits[0]?.headers['if-none-match']).toBeUndefined()
  expect((await site.get('/')).body.toString()).toBe(BODY)
})

const ranges: readonly [range: string, status: number, body: string, contentRange: string | undefined][] = [
  ['bytes=0-3', 206, '0123', 'bytes 0-3/10'],
  ['bytes=4-', 206, '456789', 'bytes 4-9/10'],
  ['bytes=-3', 206, '789', 'bytes 7-9/10'],
  ['bytes=8-100', 206, '89', 'bytes 8-9/10'],
  ['bytes=-100', 206, BODY, 'bytes 0-9/10'],
  ['bytes=9-9', 206, '9', 'bytes 9-9/10'],
  ['bytes=10-', 416, '', 'bytes */10'],
  ['bytes=-0', 416, '', 'bytes */10'],
  ['bytes=5-2', 200, BODY, undefined],
  ['lines=1-2', 200, BODY, undefined],
  ['bytes=a-b', 200, BODY, undefined],
]

it('answers ranges from what is stored', async () => {
  const site = await stored()
  for (const [range, status, body, contentRange] of ranges) {
    const answer = await site.get('/', { Range: range })
    expect([range, answer.status, answer.get('content-range')]).toEqual([range, status, contentRange])
    if (status !== 416) expect(answer.body.toString()).toBe(body)
  }
  expect(site.origin.hits.length).toBe(1)
})

it('answers several ranges as multipart/byteranges', async () => {
  const site = await stored()
  const answer = await site.get('/', { Range: 'bytes=0-1,8-9' })
  expect(answer.status).toBe(206)
  expect(answer.get('content-range')).toBeUndefined()
  const boundary = /^multipart\/byteranges; boundary=(.+)$/.exec(answer.get('content-type') ?? '')?.[1] ?? ''
  expect(boundary.length).toBeGreaterThan(10)
  const part = (range: string, body: string): string =>
    `\r\n--${boundary}\r\nContent-Type: text/plain\r\nContent-Range: bytes ${range}/10\r\n\r\n${body}`
  expect(`\r\n${answer.body.toString().replace(/^\r\n/, '')}`).toBe(`${part('0-1', '01')}${part('8-9', '89')}\r\n--${boundary}--\r\n`)
})

it('sends everything instead of more ranges than it allows', async () => {
  const site = await stored()
  const many = Array.from({ length: 17 }, () => '0-0').join(',')
  const answer = await site.get('/', { Range: `bytes=${many}` })
  expect([answer.status, answer.body.toString()]).toEqual([200, BODY])
})

it('honours If-Range by strong tag and by date, else sends everything', async () => {
  const site = await stored()
  for (const [validator, status] of [
    ['"a"', 206],
    ['W/"a"', 200],
    ['"b"', 200],
    [MODIFIED, 206],
    [LATER, 200],
  ] as const)
    expect([validator, (await site.get('/', { Range: 'bytes=0-1', 'If-Range': validator })).status]).toEqual([validator, status])
})

it('answers HEAD from a stored GET, with the length that GET has', async () => {
  const site = await stored()
  const answer = await site.ask('HEAD', '/')
  expect([answer.status, answer.get('content-length'), answer.get('x-cache')]).toEqual([200, '10', 'HIT'])
  expect(site.origin.hits.length).toBe(1)
})

it('forwards a HEAD for what is not stored as HEAD, and answers no GET with it', async () => {
  const site = await open((_hit, response) => reply(response, 200, { 'Cache-Control': 'max-age=60' }, BODY))
  const head = await site.ask('HEAD', '/')
  expect([head.status, head.get('content-length')]).toEqual([200, '10'])
  expect(site.origin.hits[0]?.method).toBe('HEAD')
  const get = await site.get('/')
  expect([get.body.toString(), get.get('x-cache')]).toEqual([BODY, 'MISS'])
  expect((await site.ask('HEAD', '/')).get('x-cache')).toBe('HIT')
})

it('fetches the whole for a HEAD under the varnish preset, and answers GET with it', async () => {
  const site = await open((_hit, response) => reply(response, 200, { 'Cache-Control': 'max-age=60' }, BODY), { preset: 'varnish' })
  await site.ask('HEAD', '/')
  expect(site.origin.hits[0]?.method).toBe('GET')
  expect((await site.get('/')).get('x-cache')).toBe('HIT')
})

/** An origin that answers ranges. */
async function ranged(etag: string = '"a"'): Promise<Site> {
  return open((hit, response) => {
    const fields = { 'Cache-Control': 'max-age=60', ETag: etag }
    const match = /^bytes=(\d+)-(\d*)$/.exec(hit.headers.range ?? '')
    if (match === null) return reply(response, 200, fields, BODY)
    const first = Number(match[1])
    const last = match[2] === '' ? BODY.length - 1 : Number(match[2])
    reply(response, 206, { ...fields, 'Content-Range': `bytes ${first}-${last}/${BODY.length}` }, BODY.slice(first, last + 1))
  })
}

it('stores the part that a 206 brought and serves ranges within it', async () => {
  const site = await ranged()
  const first = await site.get('/', { Range: 'bytes=2-6' })
  expect([first.status, first.body.toString(), first.get('content-range')]).toEqual([206, '23456', 'bytes 2-6/10'])
  expect(site.origin.hits[0]?.headers.range).toBe('bytes=2-6')
  for (const [range, body] of [
    ['bytes=2-6', '23456'],
    ['bytes=3-4', '34'],
  ] as const) {
    const answer = await site.get('/', { Range: range })
    expect([answer.status, answer.body.toString(), answer.get('x-cache')]).toEqual([206, body, 'HIT'])
    expect(answer.get('content-range')).toBe(`bytes ${range.slice(6)}/10`)
  }
  expect(site.origin.hits.length).toBe(1)
  await site.get('/', { Range: 'bytes=3-8' })
  expect(site.origin.hits.length).toBe(2)
})

it('asks only for the rest when a GET comes and the part begins at 0', async () => {
  const site = await ranged()
  await site.get('/', { Range: 'bytes=0-3' })
  const whole = await site.get('/')
  expect([whole.status, whole.body.toString(), whole.get('content-length')]).toEqual([200, BODY, '10'])
  expect(site.origin.hits[1]?.headers.range).toBe('bytes=4-')
  const hit = await site.get('/')
  expect([hit.body.toString(), hit.get('x-cache'), hit.get('content-range')]).toEqual([BODY, 'HIT', undefined])
})

it('fetches the whole when the rest is of another representation', async () => {
  let version = 0
  const site = await open((hit, response) => {
    const etag = `"${version++}"`
    if (hit.headers.range === undefined) return reply(response, 200, { 'Cache-Control': 'max-age=60', ETag: etag }, 'new whole')
    const first = hit.headers.range === 'bytes=0-3' ? 0 : 4
    const body = first === 0 ? '0123' : 'xxxxxx'
    reply(
      response,
      206,
      { 'Cache-Control': 'max-age=60', ETag: etag, 'Content-Range': `bytes ${first}-${first + body.length - 1}/10` },
      body,
    )
  })
  await site.get('/', { Range: 'bytes=0-3' })
  const whole = await site.get('/')
  expect([whole.status, whole.body.toString()]).toEqual([200, 'new whole'])
})

it('never serves a part as the whole', async () => {
  const site = await ranged('W/"weak"')
  await site.get('/', { Range: 'bytes=0-3' })
  const whole = await site.get('/')
  expect([whole.status, whole.body.toString()]).toEqual([200, BODY])
})

it('answers a GET that was answered 206 without having asked with an error', async () => {
  const site = await open((_hit, response) =>
    reply(response, 206, { 'Content-Range': 'bytes 0-3/10', 'Cache-Control': 'max-age=60' }, '0123'),
  )
  expect((await site.get('/')).status).toBe(502)
})

it('keeps an absent field and an empty field apart where Vary names it', async () => {
  const site = await open((hit, response) =>
    reply(response, 200, { 'Cache-Control': 'max-age=60', Vary: 'X-Kind' }, String(hit.headers['x-kind'])),
  )
  expect((await site.get('/')).body.toString()).toBe('undefined')
  expect((await site.get('/', { 'X-Kind': '' })).body.toString()).toBe('')
  expect((await site.get('/', { 'X-Kind': 'a' })).body.toString()).toBe('a')
  for (const kind of [undefined, '', 'a'])
    expect((await site.get('/', kind === undefined ? {} : { 'X-Kind': kind })).get('x-cache')).toBe('HIT')
  expect((await site.get('/', { 'X-Kind': 'b' })).get('cache-status')).toContain('fwd=vary-miss')
})

it('takes Accept-Encodings that mean the same for the same variant', async () => {
  const site = await open((hit, response) =>
    reply(response, 200, { 'Cache-Control': 'max-age=60', Vary: 'Accept-Encoding' }, String(hit.headers['accept-encoding'])),
  )
  await site.get('/', { 'Accept-Encoding': 'gzip, deflate, br' })
  expect((await site.get('/', { 'Accept-Encoding': 'br;q=1.0,gzip , deflate' })).get('x-cache')).toBe('HIT')
  expect((await site.get('/', { 'Accept-Encoding': 'identity' })).get('x-cache')).toBe('MISS')
})

it('takes Accept-Languages with the same tags and weights for the same variant', async () => {
  const site = await open((_hit, response) => reply(response, 200, { 'Cache-Control': 'max-age=60', Vary: 'Accept-Language' }))
  await site.get('/', { 'Accept-Language': 'de-DE, en;q=0.5' })
  expect((await site.get('/', { 'Accept-Language': 'en;q=0.50,DE-de' })).get('x-cache')).toBe('HIT')
  expect((await site.get('/', { 'Accept-Language': 'de-DE, en;q=0.4' })).get('x-cache')).toBe('MISS')
})

it('never stores what varies by everything', async () => {
  const site = await open((_hit, response) => reply(response, 200, { 'Cache-Control': 'max-age=60', Vary: '*' }))
  expect((await site.get('/')).get('cache-status')).toContain('detail=VARY_STAR')
  expect((await site.get('/')).get('x-cache')).toBe('MISS')
})

it('keeps http and https apart where a trusted proxy says which it was', async () => {
  const site = await open(
    (hit, response) => reply(response, 200, { 'Cache-Control': 'max-age=60' }, String(hit.headers['x-forwarded-proto'])),
    {
      trust: ['127.0.0.1'],
    },
  )
  expect((await site.get('/', { 'X-Forwarded-Proto': 'https' })).body.toString()).toBe('https')
  expect((await site.get('/')).body.toString()).toBe('http')
  expect((await site.get('/', { 'X-Forwarded-Proto': 'https' })).get('x-cache')).toBe('HIT')
})
