/** As `test/object/shared/torn.test.ts`, for long: by default ten minutes, otherwise `TORN_SECONDS`. */
import { describe, expect, it } from 'vitest'
import { tear } from '../object/shared/torn/torn.ts'

const SECONDS = Number(process.env['TORN_SECONDS'] ?? 600)
/** How much more memory the process may take in the second half than it took in the first. */
const GROWTH = 1.2

describe(`threads that store, read, purge and die over one small memory for ${SECONDS} seconds`, () => {
  it('never find anything torn, wrong or purged, leave the books as they find the memory, and need no more of it', async () => {
    const torn = await tear({ seconds: SECONDS, workers: 4, killEvery: 2, seed: Date.now() % 1_000_000 })
    console.log({ ...torn, rss: torn.rss.map((bytes) => Math.round(bytes / 1024 / 1024)) })
    expect(torn.wrong).toEqual([])
    expect(torn.live).toBe(torn.booked)
    expect(torn.most).toBeLessThan(torn.budget)
    const half = torn.rss.length / 2
    expect(Math.max(...torn.rss.slice(half))).toBeLessThan(GROWTH * Math.max(...torn.rss.slice(0, half)))
  })
})
