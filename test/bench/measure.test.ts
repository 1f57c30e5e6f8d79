import { describe, expect, it } from 'vitest'
import { type Figures, joined } from '../../bench/harness/measure.ts'

const figures = (name: string, cpu: readonly number[], logged: number | null = null): Figures => ({
  ...{ name, cpu, rate: cpu, p99: [], answers: 10, wrong: 1, logged },
})

describe('several starts', () => {
  it('have the rounds of all, their answers together, and the log that lacks most', () => {
    expect(joined([[figures('a', [1, 2], 1)], [figures('a', [3], 0.5)]])).toEqual([
      { name: 'a', cpu: [1, 2, 3], rate: [1, 2, 3], p99: [], answers: 20, wrong: 2, logged: 0.5 },
    ])
  })

  it('leave out who did not come through each of them', () => {
    const found = joined([[figures('a', [1]), figures('b', [1])], [figures('a', [2])]])
    expect(found.map(({ name }) => name)).toEqual(['a'])
  })
})
