/** What tells variants apart, and gzip (behaviours 35–39). Compression is on here: `--compress gzip`. */
import { gunzipSync, gzipSync } from 'node:zlib'
import { expect } from 'vitest'
import { definePolicy } from '../../vcl-ts/index.ts'
import { always, type Fields, message, reply, type Site } from '../journey/site.ts'
import type { OriginHit, OriginScript } from '../support/scripted-origin.ts'
import { until } from '../support/until.ts'
import { behaviour, open } from './site.ts'

const PAGE = '<p>All the news that is fit to be compressed.</p>\n'.repeat(100)
const HTML: Fields = { 'Content-Type': 'text/html', 'Cache-Control': 'max-age=60', ETag: '"a"' }
const GZIP: Fields = { 'Accept-Encoding': 'gzip' }

/** An origin that answers coded to who takes it. */
const coding: OriginScript = (hit, response) => {
  const takes = String(hit.headers['accept-encoding'] ?? '').includes('gzip')
  response.writeHead(200, { ...HTML, Vary: 'Accept-Encoding', ...(takes ? { 'Content-Encoding': 'gzip' } : {}) })
  response.end(takes ? gzipSync(PAGE) : PAGE)
}

async function filled(script: OriginScript, fields: Fields = GZIP): Promise<Site> {
  const site = await open(script, { compress: 'gzip' })
  await site.get('/', fields)
  await until(() => site.stat('n_object') === 1)
  return site
}

behaviour(35, 'a field that is absent and one that is empty are different variants', async () => {
  const site = await open((hit, response) => reply(response, 200, { ...HTML, Vary: 'X-Kind' }, `${hit.headers['x-kind'] ?? 'none'}`))
  expect((await site.get('/')).body.toString()).toBe('none')
  expect((await site.get('/', { 'X-Kind': '' })).body.toString()).toBe('')
  expect((await site.get('/')).get('x-cache')).toBe('HIT')
  expect((await site.get('/', { 'X-Kind': '' })).get('x-cache')).toBe('HIT')
  expect(site.origin.hits.length).toBe(2)
})

behaviour(36, 'one compressed copy serves all whatever they take, and only what is compressed says that it varies', async () => {
  const site = await filled(coding)
  const zipped = await site.get('/', { 'Accept-Encoding': 'br, gzip' })
  expect([zipped.get('content-encoding'), zipped.get('vary'), gunzipSync(zipped.body).toString()]).toEqual([
    'gzip',
    'Accept-Encoding',
    PAGE,
  ])
  const plain = await site.get('/')
  expect([plain.get('content-encoding'), plain.body.toString()]).toEqual([undefined, PAGE])
  expect([site.origin.hits.length, site.stat('n_object')]).toEqual([1, 1])
  const small = await filled(always({ ...HTML, 'Content-Type': 'image/png' }, 'png'))
  expect((await small.get('/')).get('vary')).toBeUndefined()
})

behaviour(36, 'without compression what answers vary by is the origin’s word', async () => {
  const site = await open(coding)
  expect((await site.get('/', GZIP)).get('content-encoding')).toBe('gzip')
  expect((await site.get('/')).body.toString()).toBe(PAGE)
  expect([site.origin.hits.length, site.stat('n_object')]).toEqual([2, 2])
})

behaviour(37, 'what is compressed or decompressed here has a weak ETag', async () => {
  const compressed = await filled(always(HTML, PAGE))
  for (const fields of [GZIP, {}]) expect((await compressed.get('/', fields)).get('etag')).toBe('W/"a"')
  const decoded = await filled(coding)
  expect((await decoded.get('/', GZIP)).get('etag')).toBe('"a"')
  expect((await decoded.get('/')).get('etag')).toBe('W/"a"')
})

behaviour(38, 'damaged gzip goes untouched to who takes it, and breaks off for who does not', async () => {
  const whole = gzipSync(PAGE)
  for (const body of [whole.subarray(0, whole.length - 9), Buffer.concat([whole, Buffer.from('junk')])]) {
    const site = await filled((_hit, response) => response.writeHead(200, { ...HTML, 'Content-Encoding': 'gzip' }).end(body))
    expect((await site.get('/', GZIP)).body.equals(body)).toBe(true)
    const client = await site.connect()
    client.send(message('GET', '/'))
    await client.closed()
    await expect(client.response()).rejects.toThrow(/before a whole answer/)
  }
})

behaviour(39, 'a part that the origin sends is relayed as it is', async () => {
  const part = (_hit: OriginHit, response: Parameters<OriginScript>[1]): unknown =>
    reply(response, 206, { ...HTML, 'Content-Range': 'bytes 0-9/5000' }, PAGE.slice(0, 10))
  const site = await open(part, { compress: 'gzip', policy: definePolicy({ recv: ({ pass }) => pass() }) })
  const answer = await site.get('/', { ...GZIP, Range: 'bytes=0-9' })
  expect([answer.status, answer.get('content-encoding'), answer.get('etag'), answer.body.toString()]).toEqual([
    206,
    undefined,
    '"a"',
    PAGE.slice(0, 10),
  ])
})
