/** What a client's conditions and ranges get (behaviours 30–34). */
import { gzipSync } from 'node:zlib'
import { expect } from 'vitest'
import { definePolicy } from '../../vcl-ts/index.ts'
import { always, type Fields, message, type Site } from '../journey/site.ts'
import type { RawResponse } from '../support/raw-client.ts'
import { Gate } from '../support/scripted-origin.ts'
import { until } from '../support/until.ts'
import { behaviour, open, openBytes } from './site.ts'

const TEXT = 'abcdefghij'.repeat(10)
const MODIFIED = 'Wed, 01 Jan 2025 00:00:00 GMT'
const KEPT: Fields = { 'Cache-Control': 'max-age=60', ETag: '"a"', 'Last-Modified': MODIFIED }

/** A hundred bytes that are stored. */
async function hundred(body: string = TEXT, fields: Fields = KEPT): Promise<Site> {
  const site = await open(always(fields, body))
  await site.get('/')
  return site
}

const told = ({ status, body, get }: RawResponse): unknown[] => [status, get('content-range'), get('content-length'), body.toString()]

behaviour(30, 'If-None-Match alone decides where there is one, weakly but for a range', async () => {
  const site = await hundred(TEXT, { ...KEPT, ETag: 'W/"a"' })
  const status = async (fields: Fields): Promise<number> => (await site.get('/', fields)).status
  expect(await status({ 'If-Modified-Since': MODIFIED })).toBe(304)
  expect(await status({ 'If-Modified-Since': MODIFIED, 'If-None-Match': '"b"' })).toBe(200)
  expect(await status({ 'If-None-Match': '"a"' })).toBe(304)
  expect(await status({ 'If-None-Match': 'W/"a"', Range: 'bytes=0-9' })).toBe(206)
  const strong = await hundred()
  expect((await strong.get('/', { 'If-None-Match': '"a"', Range: 'bytes=0-9' })).status).toBe(304)
})

behaviour(31, 'byte ranges that are no ranges, or lie behind the end, are refused', async () => {
  const site = await hundred()
  for (const range of ['bytes =0-9', 'bytes=0- 9', 'bytes=5-2', 'bytes=-0', 'bytes=100-', 'bytes=a-b'])
    expect(told(await site.get('/', { Range: range })), range).toEqual([416, 'bytes */100', '0', ''])
  for (const range of ['items=0-9', 'bytesize=0-9', 'bytes=', 'bytes'])
    expect((await site.get('/', { Range: range })).status, range).toBe(200)
})

behaviour(31, 'several ranges are answered in parts', async () => {
  const answer = await (await hundred()).get('/', { Range: 'bytes=0-1,5-6' })
  expect([answer.status, answer.get('content-type')]).toEqual([206, expect.stringMatching(/^multipart\/byteranges; boundary=/)])
})

behaviour(32, 'while the length is not known, a range with both ends is served, and the others are the whole', async () => {
  const gate = new Gate()
  const site = await open(async (_hit, response) => {
    response.writeHead(200, KEPT)
    response.write(TEXT)
    await gate.opened
    response.end(TEXT)
  })
  const leader = await site.download('/')
  const ask = async (range: string, path: string = '/'): Promise<Awaited<ReturnType<Site['connect']>>> => {
    const client = await site.connect()
    client.send(message('GET', path, { Range: range }))
    await until(() => client.received > 0)
    return client
  }
  const inside = await ask('bytes=5-12')
  const beyond = await ask('bytes=0-1299')
  const [suffix, open_] = [await ask('bytes=-5'), await ask('bytes=5-')]
  // It has its bytes although the rest is still to come.
  const first = await inside.response()
  expect([...told(first), first.get('transfer-encoding')]).toEqual([206, 'bytes 5-12/*', undefined, 'fghijabc', 'chunked'])
  // Who fetches it is told the same.
  const own = await ask('bytes=5-12', '/other')
  expect(told(await own.response())).toEqual([206, 'bytes 5-12/*', undefined, 'fghijabc'])
  gate.open()
  expect(told(await beyond.response())).toEqual([206, 'bytes 0-1299/*', undefined, TEXT + TEXT])
  for (const client of [suffix, open_]) expect(told(await client.response())).toEqual([200, undefined, undefined, TEXT + TEXT])
  for (const client of [inside, beyond, suffix, open_, own]) client.destroy()
  leader.resume()
  await until(() => site.stat('n_object') === 2)
  expect(told(await site.get('/', { Range: 'bytes=-5' }))).toEqual([206, 'bytes 195-199/200', '5', 'fghij'])
})

behaviour(33, 'ranges are served of what was made here and of what was decoded, and of nothing there are none', async () => {
  const made = await open(always({}), {
    policy: definePolicy({
      recv: ({ synth }) => synth(200),
      synth({ resp }) {
        resp.body = TEXT
      },
    }),
  })
  expect(told(await made.get('/', { Range: 'bytes=2-4' }))).toEqual([206, 'bytes 2-4/100', '3', 'cde'])
  expect(told(await made.get('/', { Range: 'bytes=100-' }))).toEqual([416, 'bytes */100', '0', ''])

  const zipped = await open((_hit, response) => response.writeHead(200, { ...KEPT, 'Content-Encoding': 'gzip' }).end(gzipSync(TEXT)), {
    compress: 'gzip',
  })
  await zipped.get('/')
  expect(told(await zipped.get('/', { Range: 'bytes=2-4' }))).toEqual([206, 'bytes 2-4/100', '3', 'cde'])

  const empty = await hundred('')
  for (const range of ['bytes=0-9', 'bytes=-5', 'bytes=5-']) expect((await empty.get('/', { Range: range })).status, range).toBe(200)
})

behaviour(34, 'a 304 has no length, a HEAD has that of the GET, and a 304 that is passed has no body to wait for', async () => {
  const site = await hundred()
  expect((await site.get('/', { 'If-None-Match': '"a"' })).get('content-length')).toBeUndefined()
  const head = await site.ask('HEAD', '/')
  expect([head.status, head.get('content-length'), head.get('x-cache')]).toEqual([200, '100', 'HIT'])

  const { site: passing } = await openBytes(() => 'HTTP/1.1 304 Not Modified\r\nContent-Length: 100\r\nETag: "a"\r\n\r\n')
  const client = await passing.connect()
  const cookie = { Cookie: 'a=b', 'If-None-Match': '"a"' }
  for (let i = 0; i < 2; i++) {
    const answer = await client.request(message('GET', '/', cookie))
    expect([answer.status, answer.get('x-cache'), answer.body.length]).toEqual([304, 'PASS', 0])
  }
  client.destroy()
})
