import { describe, expect, it } from 'vitest'
import { tear } from './torn/torn.ts'

describe('threads that store, read, purge and die over one small memory', () => {
  it('never find anything torn, wrong or purged, and leave the books as they find the memory', async () => {
    const torn = await tear({ seconds: 3, workers: 3, killEvery: 1, seed: 7 })
    expect(torn.wrong).toEqual([])
    expect(torn.live).toBe(torn.booked)
    expect(torn.most).toBeLessThan(torn.budget)
    for (const [what, times] of Object.entries({ ...torn.counts, deaths: torn.deaths, evictions: torn.nuked }))
      expect([what, times > 0]).toEqual([what, true])
  }, 60_000)
})
