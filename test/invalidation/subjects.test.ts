import { describe, expect, it } from 'vitest'
import { Subjects } from '../../src/invalidation/subjects.ts'

/** Subjects that are still remembered, and the positions that were told as forgotten. */
function recording(capacity: number, recorded: string, characters: number = 1000): { held: string; forgotten: number[] } {
  const forgotten: number[] = []
  const subjects = new Subjects(capacity, characters, (position) => forgotten.push(position))
  for (const [index, subject] of [...recorded].entries()) subjects.record(subject, index + 1, false)
  return { held: [...subjects.entries].map(([subject]) => subject).join(''), forgotten }
}

describe('the last positions per subject', () => {
  it('forget the oldest above the capacity; what is recorded again is the newest', () => {
    expect(recording(2, 'abacd')).toEqual({ held: 'cd', forgotten: [2, 3] })
    expect(recording(2, 'ababab')).toEqual({ held: 'ab', forgotten: [] })
    expect(recording(1, 'abcab')).toEqual({ held: 'b', forgotten: [1, 2, 3, 4] })
  })

  it('go on forgetting in order after nothing had to be forgotten for a while', () => {
    expect(recording(3, 'abcdbcdbcdexya')).toEqual({ held: 'xya', forgotten: [1, 8, 9, 10, 11] })
  })

  it('forget by their characters, too, but never the last', () => {
    expect(recording(10, 'abcd', 2)).toEqual({ held: 'cd', forgotten: [1, 2] })
    expect(recording(10, 'ab', 0)).toEqual({ held: 'b', forgotten: [1] })
  })
})
