/** Large files in slices: a range costs the origin little more than itself, and what is sent is always of one file. */
import { expect, it } from 'vitest'
import { definePolicy } from '../../vcl-ts/index.ts'
import { bytesOf, LargeFile } from '../support/large-file.ts'
import type { RawResponse } from '../support/raw-client.ts'
import { open, type Site, type SiteOptions } from './site.ts'

const KIB = 1024
const SLICE = 64 * KIB
const GIB = 1024 * KIB * KIB

async function slicedSite(file: LargeFile, options: SiteOptions = {}): Promise<Site> {
  return await open(file.script, { slice: SLICE, ...options })
}

function shows(answer: RawResponse, status: number, first: number, last: number, version: number = 0): void {
  expect([answer.status, answer.body.length]).toEqual([status, last - first + 1])
  expect(answer.body.equals(bytesOf(first, last, version))).toBe(true)
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
  expect(file.ranges.length).toBe(2)
  expect(file.sent).toBe(2 * 1024 * KIB)
  const again = await site.get('/film', { Range: `bytes=${first}-${last}` })
  shows(again, 206, first, last)
  expect(again.get('x-cache')).toBe('HIT')
  expect(file.ranges.length).toBe(2)
})

it('sends the whole of it, slice after slice', async () => {
  const file = new LargeFile(5 * SLICE + 17)
  const site = await slicedSite(file)
  const answer = await site.get('/film')
  shows(answer, 200, 0, 5 * SLICE + 16)
  expect(answer.get('content-length')).toBe(String(5 * SLICE + 17))
  expect(answer.get('accept-ranges')).toBe('bytes')
  expect(file.ranges).toEqual(
    [0, 1, 2, 3, 4, 5].map((i) => `bytes=${i * SLICE}-${Math.min((i + 1) * SLICE, i === 0 ? Infinity : 5 * SLICE + 17) - 1}`),
  )
  shows(await site.get('/film'), 200, 0, 5 * SLICE + 16)
  expect(file.ranges.length).toBe(6)
})

it('stores whole what is no larger than a slice', async () => {
  const file = new LargeFile(SLICE)
  const site = await slicedSite(file)
  const answer = await site.get('/film', { Range: 'bytes=100-199' })
  shows(answer, 206, 100, 199)
  shows(await site.get('/film'), 200, 0, SLICE - 1)
  expect(file.ranges).toEqual([`bytes=0-${SLICE - 1}`])
  void definePolicy
})
