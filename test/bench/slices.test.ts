import { describe, expect, it } from 'vitest'
import { inSlices, type Watch } from '../../bench/harness/slices.ts'

/** Loads of a thousand answers a second that run by the clock, standing still or not, and what was going on whenever time went by. */
function play(count: number): { watch: Watch; begins: ((seconds: number) => Promise<never>)[]; going: Set<number>[]; asked: number[] } {
  let time = 0
  const loads: { on: boolean; end: number; answers: number; finish: (() => void) | null }[] = []
  const going: Set<number>[] = []
  const asked: number[] = []
  const look = (): void => {
    for (const load of loads) if (load.on && time >= load.end) load.finish?.()
  }
  const watch: Watch = {
    now: () => time,
    pause: async (ms) => {
      going.push(new Set(loads.flatMap(({ on }, index) => (on ? [index] : []))))
      for (const load of loads) if (load.on) load.answers += ms
      time += ms
      look()
    },
  }
  const begins = Array.from({ length: count }, () => async (seconds: number) => {
    asked.push(seconds)
    const load: (typeof loads)[number] = { on: true, end: seconds * 1000, answers: 0, finish: null }
    loads.push(load)
    const result = new Promise((resolve) => {
      load.finish = () => resolve({ answers: load.answers, wrong: 0 })
    })
    const signal = (name: string): void => {
      load.on = name === 'SIGCONT'
      look()
    }
    return { result, signal } as never
  })
  return { watch, begins, going, asked }
}

describe('loads in slices', () => {
  it('go on one at a time, each for as long as the others, and end one after the other', async () => {
    const { watch, begins, going, asked } = play(3)
    const runs = await inSlices(begins, { slice: 100, seconds: 2 }, watch)
    expect(asked).toEqual([6, 6, 6])
    expect(going.every((set) => set.size <= 1)).toBe(true)
    for (const { answers, active } of runs) {
      expect(active).toBeGreaterThan(1.85)
      expect(active).toBeLessThan(2.1)
      expect(answers / active).toBeCloseTo(1000)
    }
  })

  it('is one run by the clock where there is one load', async () => {
    const { watch, begins } = play(1)
    const [run] = await inSlices(begins, { slice: 100, seconds: 2 }, watch)
    expect(run?.active).toBeGreaterThan(1.9)
  })
})
