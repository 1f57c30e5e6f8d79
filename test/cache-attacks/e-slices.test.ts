/** Slices of a file that an origin answers wrongly: what is sent is of one file and in its place, or is cut where the client sees it. */
import type { ServerResponse } from 'node:http'
import { describe, expect, it } from 'vitest'
import { type Fields, message, open, type Site } from '../journey/site.ts'
import { bytesOf, LargeFile } from '../support/large-file.ts'

const SLICE = 64 * 1024
const LENGTH = 3 * SLICE + 5
const CACHED = { 'Cache-Control': 'max-age=60', ETag: '"v0"' }
const OTHER = bytesOf(0, SLICE - 1, 1)

type Answer = (response: ServerResponse) => unknown

/** A part of another file, or of another place, with what is right unless something else is said. */
function part(fields: Fields, body: Buffer = OTHER): Answer {
  const all = { ...CACHED, 'Content-Range': `bytes ${SLICE}-${2 * SLICE - 1}/${LENGTH}`, 'Content-Length': String(body.length), ...fields }
  const given = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== ''))
  return (response) => response.writeHead(206, given).end(body)
}

const WRONG: readonly (readonly [string, Answer])[] = [
  ['another entity tag', part({ ETag: '"v1"' })],
  ['a weak entity tag', part({ ETag: 'W/"v0"' })],
  ['no entity tag', part({ ETag: '' })],
  ['another length of the whole', part({ 'Content-Range': `bytes ${SLICE}-${2 * SLICE - 1}/${LENGTH + 1}` })],
  ['no length of the whole', part({ 'Content-Range': `bytes ${SLICE}-${2 * SLICE - 1}/*` })],
  ['another place', part({ 'Content-Range': `bytes 0-${SLICE - 1}/${LENGTH}` })],
  ['less than was asked for', part({ 'Content-Range': `bytes ${SLICE}-${SLICE + 9}/${LENGTH}` }, OTHER.subarray(0, 10))],
  [
    'more than was asked for',
    part({ 'Content-Range': `bytes ${SLICE}-${2 * SLICE}/${LENGTH}` }, Buffer.concat([OTHER, OTHER.subarray(0, 1)])),
  ],
  ['a place that is none', part({ 'Content-Range': `bytes ${2 * SLICE}-${SLICE}/${LENGTH}` })],
  ['no place', part({ 'Content-Range': '' })],
  ['a place that its length belies', part({}, OTHER.subarray(1))],
  ['several parts', part({ 'Content-Range': '', 'Content-Type': 'multipart/byteranges; boundary=b' })],
  ['a coding', part({ 'Content-Encoding': 'gzip' })],
  ['the whole of another file', (response) => response.writeHead(200, { ...CACHED, ETag: '"v1"', 'Content-Length': SLICE }).end(OTHER)],
  ['the whole of the file', (response) => response.writeHead(200, { ...CACHED, 'Content-Length': LENGTH }).end(bytesOf(0, LENGTH - 1))],
  ['416', (response) => response.writeHead(416, { 'Content-Range': `bytes */${SLICE}` }).end()],
  ['404', (response) => response.writeHead(404).end('gone')],
  ['304', (response) => response.writeHead(304, CACHED).end()],
  ['503', (response) => response.writeHead(503).end()],
  [
    'a part that breaks off',
    (response) => {
      response.writeHead(206, { ...CACHED, 'Content-Range': `bytes ${SLICE}-${2 * SLICE - 1}/${LENGTH}`, 'Content-Length': SLICE })
      response.write(bytesOf(SLICE, SLICE + 999), () => response.destroy())
    },
  ],
]

/** The slice behind the first is answered so. */
async function siteWith(answer: Answer): Promise<{ readonly site: Site; readonly file: LargeFile }> {
  const file = new LargeFile(LENGTH)
  const site = await open(
    (hit, response) => (hit.headers.range?.startsWith(`bytes=${SLICE}-`) ? answer(response) : file.script(hit, response)),
    {
      slice: SLICE,
    },
  )
  return { site, file }
}

describe('a file of which one slice is answered with', () => {
  it.each(WRONG)('%s is cut where the client sees it, and right afterwards', async (_, answer) => {
    const { site, file } = await siteWith(answer)
    const client = await site.connect()
    client.send(message('GET', '/film'))
    await client.closed()
    const { total } = client
    const body = total.subarray(total.indexOf('\r\n\r\n') + 4)
    expect(body.length).toBeLessThan(2 * SLICE)
    expect(body.equals(bytesOf(0, body.length - 1))).toBe(true)
    expect(total.toString('latin1')).toContain(`Content-Length: ${LENGTH}\r\n`)
    site.origin.script = file.script
    const right = await site.get('/film')
    expect([right.status, right.body.equals(bytesOf(0, LENGTH - 1))]).toEqual([200, true])
  })

  it.each(WRONG)('%s, which is wanted alone, gets nothing of that', async (_, answer) => {
    const { site, file } = await siteWith(answer)
    await site.get('/film', { Range: 'bytes=0-9' })
    const range = `bytes=${SLICE + 5}-${SLICE + 5004}`
    const wrong = await site.get('/film', { Range: range }).catch(() => null)
    // Or nothing but its own bytes, when the origin said on its second question what the file is now.
    if (wrong?.status === 206)
      expect([bytesOf(SLICE + 5, SLICE + 5004), bytesOf(5, 5004, 1)].some((bytes) => bytes.equals(wrong.body))).toBe(true)
    site.origin.script = file.script
    await site.ask('PURGE', '/film')
    const right = await site.get('/film', { Range: range })
    expect([right.status, right.body.equals(bytesOf(SLICE + 5, SLICE + 5004))]).toEqual([206, true])
  })
})

describe('a file whose first slice is answered with', () => {
  const first = (fields: Fields, body?: Buffer): Answer => part({ 'Content-Range': `bytes 0-${SLICE - 1}/${LENGTH}`, ...fields }, body)
  it.each([
    ['no entity tag', first({ ETag: '' })],
    ['a coding', first({ 'Content-Encoding': 'gzip' })],
    ['another place', first({ 'Content-Range': `bytes 1-${SLICE}/${LENGTH}` })],
    ['no place', first({ 'Content-Range': '' })],
    ['no length of the whole', first({ 'Content-Range': `bytes 0-${SLICE - 1}/*` })],
    ['less than was asked for', first({ 'Content-Range': `bytes 0-9/${LENGTH}` }, OTHER.subarray(0, 10))],
    ['a place that its length belies', first({}, OTHER.subarray(1))],
    ['a part that a small whole has not', first({ 'Content-Range': 'bytes 5-9/10' }, OTHER.subarray(0, 5))],
    ['416', (response: ServerResponse) => response.writeHead(416, { 'Content-Range': 'bytes */0' }).end()],
  ] as const)('%s is asked for as a whole', async (_, answer) => {
    const file = new LargeFile(LENGTH)
    const site = await open((hit, response) => (hit.headers.range === undefined ? file.script(hit, response) : answer(response)), {
      slice: SLICE,
    })
    const right = await site.get('/film')
    expect([right.status, right.get('content-range'), right.body.equals(bytesOf(0, LENGTH - 1))]).toEqual([200, undefined, true])
    expect(site.origin.hits.length).toBe(2)
  })
})
