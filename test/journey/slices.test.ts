/** Large files in slices: a range costs the origin little more than itself, and what is sent is always of one file. */
import { expect, it } from 'vitest'
import { definePolicy } from '../../vcl-ts/index.ts'
import { bytesOf, LargeFile } from '../support/large-file.ts'
import type { RawResponse } from '../support/raw-client.ts'
import { Gate } from '../support/scripted-origin.ts'
import { WORKERS } from '../support/serving.ts'
import { until } from '../support/until.ts'
import { type Fields, message, open, reply, type Site, type SiteOptions } from './site.ts'

const KIB = 1024
const SLICE = 64 * KIB
const GIB = 1024 * KIB * KIB
const LENGTH = 5 * SLICE + 17

function slicedSite(file: LargeFile, options: SiteOptions = {}): Promise<Site> {
  return open(file.script, { slice: SLICE, ...options })
}

function shows(answer: RawResponse, status: number, first: number, last: number, version: number = 0): void {
  expect([answer.status, answer.body.length]).toEqual([status, last - first + 1])
  expect(answer.body.equals(bytesOf(first, last, version))).toBe(true)
}

/** The Range field for one slice of a file. */
function slice(index: number, length: number = Number.POSITIVE_INFINITY): string {
  return `bytes=${index * SLICE}-${Math.min((index + 1) * SLICE, length) - 1}`
}

it('fetches of a file only the slices that a range lies in', async () => {
  const file = new LargeFile(10 * GIB)
  const site = await slicedSite(file, { slice: 1024 * KIB })
  const first = 7 * GIB + 12_345
  const last = first + 1024 * KIB - 1
  const answer = await site.get('/film', { Range: `bytes=${first}-${last}` })
  shows(answer, 206, first, last)
  expect(answer.get('content-range')).toBe(`bytes ${first}-${last}/${10 * GIB}`)
  expect(answer.get('x-cache')).toBe('MISS')
  expect([file.ranges.length, file.sent]).toEqual([2, 2 * 1024 * KIB])
  site.clock.advance(10_000)
  const again = await site.get('/film', { Range: `bytes=${first}-${last}` })
  shows(again, 206, first, last)
  expect([again.get('x-cache'), again.get('age')]).toEqual(['HIT', '10'])
  expect(file.ranges.length).toBe(2)
})

it('sends the whole of it, slice after slice', async () => {
  const file = new LargeFile(LENGTH)
  const site = await slicedSite(file)
  const answer = await site.get('/film')
  shows(answer, 200, 0, LENGTH - 1)
  expect([answer.get('content-length'), answer.get('accept-ranges'), answer.get('etag')]).toEqual([String(LENGTH), 'bytes', '"v0"'])
  expect(file.ranges).toEqual([slice(0), ...[1, 2, 3, 4, 5].map((index) => slice(index, LENGTH))])
  const again = await site.get('/film')
  shows(again, 200, 0, LENGTH - 1)
  expect(again.get('x-cache')).toBe('HIT')
  expect(file.ranges.length).toBe(6)
})

it('keeps the slices of each form of a file that varies', async () => {
  const file = new LargeFile(LENGTH, { fields: { Vary: 'X-Form' } })
  const site = await slicedSite(file)
  const range = `bytes=${2 * SLICE}-${4 * SLICE - 1}`
  for (const form of ['a', 'b']) shows(await site.get('/film', { Range: range, 'X-Form': form }), 206, 2 * SLICE, 4 * SLICE - 1)
  const asked = file.ranges.length
  for (const form of ['a', 'b', 'a']) {
    const again = await site.get('/film', { Range: range, 'X-Form': form })
    expect([again.status, again.get('x-cache')]).toEqual([206, 'HIT'])
  }
  expect(file.ranges.length).toBe(asked)
})

it('calls it no hit when the first bytes that are sent had to be fetched', async () => {
  const site = await slicedSite(new LargeFile(LENGTH))
  await site.get('/film', { Range: 'bytes=0-9' })
  const answer = await site.get('/film', { Range: `bytes=${3 * SLICE}-${3 * SLICE + 9}` })
  expect(answer.get('x-cache')).toBe('MISS')
  expect(answer.get('cache-status')).toMatch(/^Clearcoat; fwd=partial; fwd-status=206; .*stored; .*detail=PARTIAL$/)
  expect((await site.get('/film', { Range: `bytes=${3 * SLICE}-${3 * SLICE + 9}` })).get('x-cache')).toBe('HIT')
})

it('answers ranges, conditions and HEAD as of any stored file', async () => {
  const file = new LargeFile(LENGTH)
  const site = await slicedSite(file)
  const ask = (fields: Fields): Promise<RawResponse> => site.get('/film', fields)
  shows(await ask({ Range: 'bytes=-10' }), 206, LENGTH - 10, LENGTH - 1)
  shows(await ask({ Range: `bytes=${LENGTH - 1}-` }), 206, LENGTH - 1, LENGTH - 1)
  shows(await ask({ Range: `bytes=${SLICE - 1}-${SLICE}`, 'If-Range': '"v0"' }), 206, SLICE - 1, SLICE)
  shows(await ask({ Range: 'bytes=1-2', 'If-Range': '"other"' }), 200, 0, LENGTH - 1)
  shows(await ask({ Range: 'bytes=0-1,5-6' }), 200, 0, LENGTH - 1)
  shows(await ask({ Range: 'lines=1-2' }), 200, 0, LENGTH - 1)
  const beyond = await ask({ Range: `bytes=${LENGTH}-` })
  expect([beyond.status, beyond.get('content-range'), beyond.body.length]).toEqual([416, `bytes */${LENGTH}`, 0])
  const same = await ask({ 'If-None-Match': '"v0"' })
  expect([same.status, same.body.length]).toEqual([304, 0])
  const head = await site.ask('HEAD', '/film')
  expect([head.status, head.get('content-length'), head.get('x-cache')]).toEqual([200, String(LENGTH), 'HIT'])
  expect(file.sent).toBe(LENGTH)
})

it('asks the origin for no bytes where none are sent', async () => {
  const file = new LargeFile(LENGTH)
  const site = await slicedSite(file)
  await site.get('/film', { Range: 'bytes=0-9' })
  await site.get('/film', { Range: `bytes=${LENGTH}-` })
  await site.get('/film', { 'If-None-Match': '"v0"' })
  await site.ask('HEAD', '/film')
  expect(file.ranges).toEqual([slice(0)])
})

it('says of a range behind the end what the origin says, whether the file is known or not', async () => {
  const file = new LargeFile(LENGTH)
  const site = await slicedSite(file)
  const beyond = await site.get('/film', { Range: `bytes=${20 * SLICE}-` })
  expect([beyond.status, beyond.get('content-range')]).toEqual([416, `bytes */${LENGTH}`])
  shows(await site.get('/film', { Range: 'bytes=0-9' }), 206, 0, 9)
})

it('stores whole what is no larger than a slice, without asking twice', async () => {
  const file = new LargeFile(SLICE)
  const site = await slicedSite(file)
  shows(await site.get('/film', { Range: 'bytes=100-199' }), 206, 100, 199)
  const answer = await site.get('/film')
  shows(answer, 200, 0, SLICE - 1)
  expect([answer.get('x-cache'), answer.get('content-range')]).toEqual(['HIT', undefined])
  expect(file.ranges).toEqual([slice(0)])
})

it.each([
  ['has no validator', { etag: null }],
  ['has only a weak one', { etag: 'W/"v0"' }],
  ['is coded', { fields: { 'Content-Encoding': 'gzip' } }],
] as const)('fetches whole what %s, and remembers that for a while', async (_, options) => {
  const file = new LargeFile(LENGTH, options)
  const site = await slicedSite(file)
  shows(await site.get('/film'), 200, 0, LENGTH - 1)
  expect(file.ranges).toEqual([slice(0), ''])
  const inVain = (): number => file.ranges.filter((range) => range !== '').length
  for (let i = 0; i < 5; i++) {
    await site.ask('PURGE', '/film')
    shows(await site.get('/film'), 200, 0, LENGTH - 1)
  }
  // Each worker finds out for itself.
  expect(inVain()).toBeLessThanOrEqual(WORKERS)
  const before = inVain()
  site.clock.advance(601_000)
  await site.ask('PURGE', '/film')
  await site.get('/film')
  expect(inVain()).toBe(before + 1)
})

it('takes a Last-Modified that is old enough for a validator', async () => {
  const file = new LargeFile(LENGTH, { etag: null, fields: { 'Last-Modified': 'Sun, 06 Nov 1994 08:49:37 GMT' } })
  const site = await slicedSite(file)
  shows(await site.get('/film'), 200, 0, LENGTH - 1)
  expect(file.ranges.length).toBe(6)
})

it('stores whole what comes from an origin without ranges', async () => {
  const file = new LargeFile(LENGTH, { ranges: false })
  const site = await slicedSite(file)
  shows(await site.get('/film', { Range: 'bytes=7-9' }), 206, 7, 9)
  shows(await site.get('/film'), 200, 0, LENGTH - 1)
  expect(file.ranges.length).toBe(1)
})

it('hands on what may not be stored, by the range that the client asked for', async () => {
  const file = new LargeFile(10 * GIB, { fields: { 'Cache-Control': 'private' } })
  const site = await slicedSite(file)
  for (const first of [5 * GIB, 6 * GIB]) shows(await site.get('/film', { Range: `bytes=${first}-${first + 9}` }), 206, first, first + 9)
  const own = [`bytes=${5 * GIB}-${5 * GIB + 9}`, `bytes=${6 * GIB}-${6 * GIB + 9}`]
  expect(file.ranges.filter((range) => own.includes(range))).toEqual(own)
  // Each worker finds out for itself.
  expect(file.ranges.length - own.length).toBeLessThanOrEqual(WORKERS)
})

it('breaks off visibly when the file changes while it is sent, and then serves the new one', async () => {
  const file = new LargeFile(LENGTH)
  const site = await slicedSite(file)
  file.asked = (range) => {
    if (range === slice(3, LENGTH)) file.version = 1
  }
  const client = await site.connect()
  client.send(message('GET', '/film'))
  await client.closed()
  const { total } = client
  const body = total.subarray(total.indexOf('\r\n\r\n') + 4)
  expect(total.toString('latin1')).toContain(`Content-Length: ${LENGTH}`)
  expect(body.equals(bytesOf(0, 3 * SLICE - 1))).toBe(true)
  shows(await site.get('/film'), 200, 0, LENGTH - 1, 1)
  // The old slices have made room.
  await until(() => site.stat('n_object') === 7, 'the manifest and the slices of the new file alone')
})

it('begins anew, unseen, when the file has changed before anything was sent', async () => {
  const file = new LargeFile(LENGTH)
  const site = await slicedSite(file)
  await site.get('/film', { Range: 'bytes=0-9' })
  file.version = 1
  file.length = LENGTH + SLICE
  const answer = await site.get('/film', { Range: `bytes=${4 * SLICE}-${4 * SLICE + 99}` })
  shows(answer, 206, 4 * SLICE, 4 * SLICE + 99, 1)
  expect(answer.get('content-range')).toBe(`bytes ${4 * SLICE}-${4 * SLICE + 99}/${LENGTH + SLICE}`)
  shows(await site.get('/film', { Range: 'bytes=0-9' }), 206, 0, 9, 1)
})

it('answers the failure of the origin when nothing was sent, and breaks off when something was', async () => {
  const file = new LargeFile(LENGTH)
  const site = await slicedSite(file)
  await site.get('/film', { Range: 'bytes=0-9' })
  site.origin.script = (_, response) => response.writeHead(503).end()
  expect((await site.get('/film', { Range: `bytes=${SLICE}-` })).status).toBe(502)
  await expect(site.get('/film')).rejects.toThrow('before a whole answer')
  site.origin.script = file.script
  shows(await site.get('/film'), 200, 0, LENGTH - 1)
})

it('confirms an old file with one question, and keeps its slices', async () => {
  const file = new LargeFile(LENGTH)
  const site = await slicedSite(file)
  await site.get('/film')
  site.clock.advance(61_000)
  const answer = await site.get('/film')
  shows(answer, 200, 0, LENGTH - 1)
  expect(answer.get('cache-status')).toContain('detail=REVALIDATED')
  expect(file.ranges.length).toBe(7)
  expect((await site.get('/film')).get('x-cache')).toBe('HIT')
  site.clock.advance(61_000)
  file.version = 1
  shows(await site.get('/film'), 200, 0, LENGTH - 1, 1)
})

it('serves an old file in grace while one question renews it', async () => {
  const file = new LargeFile(LENGTH, { fields: { 'Cache-Control': 'max-age=60, stale-while-revalidate=60' } })
  const site = await slicedSite(file)
  await site.get('/film')
  site.clock.advance(61_000)
  const answer = await site.get('/film')
  shows(answer, 200, 0, LENGTH - 1)
  expect(answer.get('x-cache')).toBe('STALE')
  await until(() => file.ranges.length === 7, 'the question')
  await until(() => site.server.stat()['s_bgfetch'] === 1)
  shows(await site.get('/film'), 200, 0, LENGTH - 1)
  expect(file.ranges.length).toBe(7)
})

const PURGING = definePolicy({
  recv({ req, purge }) {
    if (req.method === 'PURGE') return purge({ soft: req.headers.has('soft') })
    if (req.method === 'PURGETAG') return purge({ tags: ['films'] })
    if (req.method === 'PURGEPREFIX') return purge({ prefix: req.url })
    if (req.method === 'BAN') return purge({ ban: 'obj.http.etag ~ v0' })
  },
  hash({ req, key }) {
    if (req.url === '/tenant') key.add('one')
    if (req.url === '/anew') {
      key.clear()
      key.add('anything')
    }
  },
  backendResponse({ beresp }) {
    beresp.tags.add('films')
  },
  purge: ({ synth, purged }) => synth(200, String(purged.objects)),
})

it.each([
  ['/film', 'PURGE'],
  ['/film', 'PURGETAG'],
  ['/film', 'PURGEPREFIX'],
  ['/tenant', 'PURGE'],
  ['/anew', 'PURGE'],
])('drops all slices of %s by %s', async (url, method) => {
  const file = new LargeFile(LENGTH)
  const site = await slicedSite(file, { policy: PURGING })
  await site.get(url)
  await until(() => site.stat('n_object') === 7, 'the manifest and six slices')
  expect((await site.ask(method, url)).reason).toBe('7')
  expect(site.stat('n_object')).toBe(0)
  shows(await site.get(url), 200, 0, LENGTH - 1)
  expect(file.ranges.length).toBe(12)
})

it('drops slices that a ban matches', async () => {
  const file = new LargeFile(LENGTH)
  const site = await slicedSite(file, { policy: PURGING })
  await site.get('/film')
  await site.ask('BAN', '/film')
  shows(await site.get('/film'), 200, 0, LENGTH - 1)
  expect(file.ranges.length).toBe(12)
})

it('confirms a file that was softly purged', async () => {
  const file = new LargeFile(LENGTH)
  const site = await slicedSite(file, { policy: PURGING })
  await site.get('/film')
  await site.ask('PURGE', '/film', { Soft: '1' })
  shows(await site.get('/film'), 200, 0, LENGTH - 1)
  expect(file.ranges.length).toBe(7)
})

it('fetches a slice once for two who want it at the same time', async () => {
  const file = new LargeFile(LENGTH)
  const site = await slicedSite(file)
  await site.get('/film', { Range: 'bytes=0-9' })
  const gate = new Gate()
  file.asked = () => gate.opened
  const first = 2 * SLICE + 5
  const before = site.stat('busy_sleep')
  const both = [
    site.get('/film', { Range: `bytes=${first}-${first + 9}` }),
    site.get('/film', { Range: `bytes=${first + 50}-${first + 59}` }),
  ]
  await site.origin.hit(1)
  await until(() => site.stat('busy_sleep') === before + 1, 'one who waits')
  gate.open()
  const [one, other] = await Promise.all(both)
  shows(one as RawResponse, 206, first, first + 9)
  shows(other as RawResponse, 206, first + 50, first + 59)
  expect(file.ranges.slice(1)).toEqual([slice(2, LENGTH)])
})

it('waits once for what several ask for who know nothing of the file', async () => {
  const file = new LargeFile(LENGTH)
  const site = await slicedSite(file)
  const gate = new Gate()
  file.asked = () => gate.opened
  const all = [0, 1, 2].map((index) => site.get('/film', { Range: `bytes=${index}-${index + 9}` }))
  await until(() => site.stat('busy_sleep') === 2, 'two who wait')
  gate.open()
  for (const [index, answer] of (await Promise.all(all)).entries()) shows(answer, 206, index, index + 9)
  expect(file.ranges).toEqual([slice(0)])
})

it('fetches again the slices that made room, one by one', async () => {
  // There is room for about half of it.
  const file = new LargeFile(400 * SLICE)
  const site = await slicedSite(file, { memory: 12 * 1024 * KIB, maxObject: SLICE })
  shows(await site.get('/film'), 200, 0, 400 * SLICE - 1)
  expect(file.ranges.length).toBe(400)
  let hits = 0
  for (let index = 399; index >= 0; index -= 20) {
    const first = index * SLICE
    const answer = await site.get('/film', { Range: `bytes=${first}-${first + 9}` })
    shows(answer, 206, first, first + 9)
    if (answer.get('x-cache') === 'HIT') hits++
  }
  expect(hits).toBeGreaterThan(0)
  expect(hits).toBeLessThan(20)
  expect(file.ranges.length).toBe(420 - hits)
})

it('asks for no more when the client leaves', async () => {
  const file = new LargeFile(1000 * SLICE)
  const site = await slicedSite(file)
  const gate = new Gate()
  file.asked = (range) => (range === slice(3, file.length) ? gate.opened : undefined)
  const client = await site.connect()
  client.send(message('GET', '/film'))
  await until(() => client.received > 2.5 * SLICE, 'three slices')
  await site.origin.hit(3)
  client.reset()
  await until(() => site.stat('client_left') === 1, 'the client to be gone')
  gate.open()
  await until(() => site.stat('n_object') === 5, 'the slice that was under way')
  expect(file.ranges.length).toBe(4)
})

it('lets a policy choose what is sliced, and how', async () => {
  const file = new LargeFile(LENGTH)
  const policy = definePolicy({
    recv({ req }) {
      req.slice = req.url.startsWith('/films/') ? 2 * SLICE : null
    },
  })
  const site = await open(file.script, { policy })
  shows(await site.get('/films/1', { Range: 'bytes=5-9' }), 206, 5, 9)
  shows(await site.get('/texts/1'), 200, 0, LENGTH - 1)
  expect(file.ranges).toEqual([`bytes=0-${2 * SLICE - 1}`, ''])
})

it('shows a policy each slice as the whole file, whose bytes it may not change', async () => {
  const file = new LargeFile(LENGTH)
  const seen: string[] = []
  const policy = definePolicy({
    backendResponse({ beresp, bereq }) {
      seen.push(
        `${bereq.headers.get('range')} ${beresp.status} ${beresp.headers.get('content-length')} ${beresp.headers.get('content-range')}`,
      )
      if (bereq.url === '/filtered') beresp.filters.push({ chunk: (bytes, push) => void push(bytes.map((byte) => byte ^ 255)) })
    },
  })
  const site = await slicedSite(file, { policy })
  await site.get('/film', { Range: `bytes=0-${SLICE}` })
  expect(seen).toEqual([`${slice(0)} 200 ${LENGTH} undefined`, `${slice(1, LENGTH)} 200 ${LENGTH} undefined`])
  const filtered = await site.get('/filtered')
  expect(filtered.body.equals(bytesOf(0, LENGTH - 1).map((byte) => byte ^ 255))).toBe(true)
  expect(file.ranges.slice(2)).toEqual([slice(0), ''])
})

it('decodes nothing and compresses small answers as ever', async () => {
  const text = 'word '.repeat(2000)
  const site = await open(
    (hit, response) => {
      const { range = '' } = hit.headers
      const head = { ETag: '"t"', 'Content-Type': 'text/plain', 'Cache-Control': 'max-age=60' }
      if (range === '') response.writeHead(200, { ...head, 'Content-Length': text.length }).end(text)
      else
        response
          .writeHead(206, { ...head, 'Content-Length': text.length, 'Content-Range': `bytes 0-${text.length - 1}/${text.length}` })
          .end(text)
    },
    { slice: SLICE, compress: 'gzip' },
  )
  const answer = await site.get('/text', { 'Accept-Encoding': 'gzip' })
  expect([answer.status, answer.get('content-encoding')]).toEqual([200, 'gzip'])
  expect((await site.get('/text')).body.toString()).toBe(text)
  expect(site.origin.hits.length).toBe(1)
})

it.each(['safe', 'rfc9111', 'varnish'] as const)('is the same under the preset %s', async (preset) => {
  const file = new LargeFile(LENGTH)
  const site = await slicedSite(file, { preset })
  const head = await site.ask('HEAD', '/film')
  expect([head.status, head.get('content-length'), head.body.length]).toEqual([200, String(LENGTH), 0])
  shows(await site.get('/film', { Range: `bytes=${2 * SLICE}-${2 * SLICE + 9}` }), 206, 2 * SLICE, 2 * SLICE + 9)
  shows(await site.get('/film'), 200, 0, LENGTH - 1)
  expect(file.sent).toBe(LENGTH)
})

it('puts a page together with what is stored in slices', async () => {
  const text = 'all work and no play '.repeat(10_000)
  const file = { ETag: '"t"', 'Cache-Control': 'max-age=60' }
  const site = await open(
    (hit, response) => {
      if (hit.url === '/page')
        return reply(response, 200, { ...file, 'Surrogate-Control': 'content="ESI/1.0"' }, '<esi:include src="/text"/>!')
      const [, first = '0', last = ''] = /^bytes=(\d+)-(\d+)$/.exec(hit.headers.range ?? '') ?? []
      const end = Math.min(Number(last), text.length - 1)
      const part = text.slice(Number(first), end + 1)
      return reply(response, 206, { ...file, 'Content-Range': `bytes ${first}-${end}/${text.length}` }, part)
    },
    { slice: SLICE },
  )
  for (let i = 0; i < 2; i++) expect((await site.get('/page')).body.toString()).toBe(`${text}!`)
  expect(site.origin.hits.filter(({ url }) => url === '/text').length).toBe(4)
})

it('tells the log once of each request, with its bytes', async () => {
  const site = await slicedSite(new LargeFile(LENGTH))
  await site.get('/film')
  await until(() => site.records.length === 1, 'the line')
  expect(site.records).toMatchObject([{ url: '/film', status: 200, bodyBytes: LENGTH, outcome: 'MISS', end: 'sent' }])
})

it('takes no slices that would be too large to be stored', async () => {
  const file = new LargeFile(LENGTH)
  const site = await slicedSite(file, { slice: 16 * SLICE, maxObject: 2 * SLICE })
  await site.get('/film', { Range: `bytes=${3 * SLICE}-${3 * SLICE + 9}` })
  expect(file.ranges).toEqual([`bytes=${2 * SLICE}-${4 * SLICE - 1}`])
  const tiny = await slicedSite(new LargeFile(LENGTH), { maxObject: SLICE - 1 })
  shows(await tiny.get('/film', { Range: 'bytes=5-9' }), 206, 5, 9)
  expect(tiny.origin.hits.map(({ headers }) => headers.range)).toEqual(['bytes=5-9'])
})
