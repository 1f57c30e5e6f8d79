/** What is not one answer to one GET goes through the tier behind memory all the same: slices, pages of fragments, answers to bodies. */
import { expect, it } from 'vitest'
import { definePolicy } from '../../vcl-ts/index.ts'
import { bytesOf, LargeFile } from '../support/large-file.ts'
import { bodyOf } from '../support/scripted-origin.ts'
import { WORKERS } from '../support/serving.ts'
import { until } from '../support/until.ts'
import { endings, fleetOf } from './fleet-of.ts'
import { always, reply } from './site.ts'

const SLICE = 64 * 1024
const LENGTH = 3 * SLICE + 17
const FRESH = { 'Cache-Control': 'max-age=60' }

it('has the slices of a file that another node fetched', async () => {
  const file = new LargeFile(LENGTH)
  const { nodes, shelf, clock } = await fleetOf(file.script, { slice: SLICE })
  const [a, b] = nodes
  await a?.get('/film')
  expect(file.ranges.length).toBe(4)
  // The manifest, told of when its first slice was there, and four slices.
  await until(() => shelf.kept.length === 5)
  expect(shelf.kept.map(({ object }) => object.sliced)).toEqual([false, true, false, false, false])
  clock.advance(5000)
  const answer = await b?.get('/film')
  expect(answer?.body.equals(bytesOf(0, LENGTH - 1))).toBe(true)
  expect([answer?.get('x-cache'), answer?.get('age')]).toEqual(['HIT', '5'])
  expect(answer?.get('cache-status')).toContain('tier=redis')
  expect([file.ranges.length, b?.stat('slice_fetch'), b?.stat('tier_hit')]).toEqual([4, 0, 5])
  const again = await b?.get('/film', { Range: 'bytes=70000-70009' })
  expect(again?.body.equals(bytesOf(70_000, 70_009))).toBe(true)
  expect([file.ranges.length, shelf.asked.length]).toEqual([4, 9])
  expect(endings(shelf)).toEqual({ once: 4, left: 0, often: 0 })
})

it('fetches the slices that no node has, and shares them', async () => {
  const file = new LargeFile(LENGTH)
  const { nodes, shelf } = await fleetOf(file.script, { slice: SLICE })
  const [a, b] = nodes
  await a?.get('/film', { Range: `bytes=0-${SLICE - 1}` })
  const last = `bytes=${2 * SLICE}-${3 * SLICE - 1}`
  expect((await b?.get('/film', { Range: last }))?.body.equals(bytesOf(2 * SLICE, 3 * SLICE - 1))).toBe(true)
  expect(file.ranges.length).toBe(2)
  expect((await a?.get('/film', { Range: last }))?.body.equals(bytesOf(2 * SLICE, 3 * SLICE - 1))).toBe(true)
  expect(file.ranges.length).toBe(2)
  expect(endings(shelf)).toMatchObject({ left: 0, often: 0 })
})

it('begins anew with a file that changed, whatever the tier still has of it', async () => {
  const file = new LargeFile(LENGTH)
  const { nodes, shelf } = await fleetOf(file.script, { slice: SLICE })
  const [a, b] = nodes
  await a?.get('/film', { Range: 'bytes=0-9' })
  file.version = 1
  const answer = await b?.get('/film', { Range: `bytes=${SLICE}-${SLICE + 9}` })
  expect([answer?.status, answer?.body.equals(bytesOf(SLICE, SLICE + 9, 1))]).toEqual([206, true])
  expect(shelf.forgotten.length).toBe(1)
  const other = await a?.get('/film', { Range: `bytes=${2 * SLICE}-${2 * SLICE + 9}` })
  expect([other?.status, other?.body.equals(bytesOf(2 * SLICE, 2 * SLICE + 9, 1))]).toEqual([206, true])
  expect(endings(shelf)).toMatchObject({ left: 0, often: 0 })
})

it('assembles a page of fragments that another node fetched', async () => {
  const page = { ...FRESH, 'Content-Type': 'text/html', 'Surrogate-Control': 'content="ESI/1.0"' }
  const { nodes, origin } = await fleetOf(({ url }, response) =>
    url === '/' ? reply(response, 200, page, '<p><esi:include src="/a"/>-<esi:include src="/b"/></p>') : reply(response, 200, FRESH, url),
  )
  await nodes[0]?.get('/')
  const answer = await nodes[1]?.get('/')
  expect(answer?.body.toString()).toBe('<p>/a-/b</p>')
  expect([answer?.get('x-cache'), origin.hits.length, nodes[1]?.stat('tier_hit')]).toEqual(['HIT', 3, 3])
})

it('knows answers by the bodies that were asked with', async () => {
  const policy = definePolicy({
    async recv({ req, hash, pass }) {
      if (req.method !== 'QUERY') return undefined
      return (await req.cacheBody(100)) === null ? pass() : hash()
    },
  })
  const { nodes, origin } = await fleetOf(async (hit, response) => reply(response, 200, FRESH, await bodyOf(hit)), { policy })
  const [a, b] = nodes
  await a?.ask('QUERY', '/', {}, 'red')
  const red = await b?.ask('QUERY', '/', {}, 'red')
  expect([red?.body.toString(), red?.get('x-cache')]).toEqual(['red', 'HIT'])
  const blue = await b?.ask('QUERY', '/', {}, 'blue')
  expect([blue?.body.toString(), blue?.get('x-cache')]).toEqual(['blue', 'MISS'])
  expect(origin.hits.length).toBe(2)
})

it('hands on what was compressed, and what was compressed anew', async () => {
  const text = 'all work and no play '.repeat(500)
  const { nodes, origin, shelf, clock } = await fleetOf(always({ ...FRESH, 'Content-Type': 'text/plain' }, text), {
    compress: 'gzip',
    compressAgain: true,
  })
  const [a, b] = nodes
  for (let each = 0; each < 5; each++) await a?.get('/')
  expect((await b?.get('/'))?.body.toString()).toBe(text)
  const coded = await b?.get('/', { 'Accept-Encoding': 'gzip' })
  expect([coded?.get('content-encoding'), origin.hits.length]).toEqual(['gzip', 1])
  clock.advance(5000)
  await until(() => shelf.kept.length === 2 || a?.stat('n_recompressed') === 0, 'the smaller one')
  expect(shelf.kept.every(({ object }) => object.coding?.coding === 'gzip')).toBe(true)
})

it('lets a HEAD that shows a change take what the tier has, too', async () => {
  let etag = '"1"'
  const { nodes, origin, shelf } = await fleetOf((hit, response) =>
    reply(response, 200, { 'Cache-Control': 'max-age=10', ETag: etag }, hit.method === 'HEAD' ? '' : etag),
  )
  const [a, b] = nodes
  await a?.get('/')
  a?.clock.advance(11_000)
  etag = '"2"'
  await a?.ask('HEAD', '/')
  expect(shelf.forgotten.length).toBe(1)
  expect((await b?.get('/'))?.body.toString()).toBe('"2"')
  expect(origin.hits.length).toBe(3)
})

it('does not ask Redis for an explanation, and says so', async () => {
  const { nodes, shelf } = await fleetOf(always(FRESH))
  const [a, b] = nodes
  await a?.get('/')
  const told = await b?.server.explain({ url: 'http://www.example/' })
  expect(told?.verdict).toMatchObject({ kind: 'MISS', reason: 'ABSENT' })
  // With workers the supervisor explains, who knows of Redis by its settings alone.
  if (WORKERS === 1) expect(told?.notes.join()).toContain('Redis is not asked')
  expect(shelf.asked.length).toBe(1)
  expect((await a?.server.explain({ url: 'http://www.example/' }))?.notes).toEqual([])
})
