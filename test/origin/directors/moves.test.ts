/** Keys that move when members come, go or fall sick: the ones that must, and no others. */
import { expect, it } from 'vitest'
import { type Backend, consistent, type Director, split, sticky } from '../../../vcl-ts/index.ts'
import fc from '../../support/properties.ts'
import { chooser, named } from './rig.ts'

const KEYS = Array.from({ length: 400 }, (_, index) => `/page/${index}`)

function placed(director: Director, sick: Backend | null = null): string[] {
  const rig = chooser()
  if (sick !== null) rig.origins.setHealth(sick, 'sick')
  return KEYS.map((key) => rig.choose(director, { hash: key, identity: key }))
}

const count = fc.integer({ min: 2, max: 8 })
const members = (n: number): Backend[] => Array.from({ length: n }, (_, index) => named(`m${index}`))

for (const make of [consistent, sticky]) {
  it(`${make.name}: a new member takes keys from the others, and none moves between those`, () => {
    fc.assert(
      fc.property(count, fc.nat(8), (n, at) => {
        const before = members(n)
        const after = [...before.slice(0, at), named('new'), ...before.slice(at)]
        const [old, now] = [placed(make(before)), placed(make(after))]
        const moved = now.filter((each, index) => each !== old[index])
        expect(new Set(moved).size).toBeLessThanOrEqual(1)
        expect(moved.every((each) => each === 'new')).toBe(true)
        // Its fair share is one of n + 1; a ring of 67 places each is uneven, but not by far.
        expect(moved.length).toBeLessThan((2 * KEYS.length) / (n + 1))
        expect(moved.length).toBeGreaterThan(0)
      }),
      { numRuns: 20 },
    )
  })

  it(`${make.name}: who falls sick gives its keys away, and gets the same ones back`, () => {
    fc.assert(
      fc.property(count, fc.nat(7), (n, at) => {
        const all = members(n)
        const victim = all[at % n] as Backend
        const director = make(all)
        const [well, ill] = [placed(director), placed(director, victim)]
        const name = victim.host.split('.')[0]
        for (const [index, owner] of well.entries()) if (owner !== name) expect(ill[index]).toBe(owner)
        expect(ill).not.toContain(name)
        expect(placed(director)).toEqual(well)
      }),
      { numRuns: 20 },
    )
  })
}

it('split: a change of weights moves only clients into the arm that grows', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: 40 }), (share, more) => {
      const arms = (canary: number): Director =>
        split({ old: [named('old'), 100 - canary], next: [named('next'), canary] }, { keyed: false })
      const [before, after] = [placed(arms(share)), placed(arms(share + more))]
      for (const [index, arm] of before.entries()) if (arm === 'next') expect(after[index]).toBe('next')
    }),
    { numRuns: 30 },
  )
})
