import { describe, expect, it } from 'vitest'
import { Control } from '../../../src/object/shared/control.ts'
import { Epochs } from '../../../src/object/shared/epochs.ts'
import { createSharedMemory } from '../../../src/object/shared/memory.ts'
import fc from '../../support/properties.ts'

function epochs(epoch = 0): Epochs {
  const control = new Control(createSharedMemory({ bytes: 1, workers: 3 }))
  control.epoch = epoch
  return new Epochs(control)
}

describe('epochs', () => {
  it('reclaim at once what was retired while nobody is inside', () => {
    const all = epochs()
    const done: string[] = []
    all.retire(() => done.push('a'))
    all.retire(() => done.push('b'))
    expect(done).toEqual([])
    expect(all.waiting).toBe(2)
    expect(all.reclaim()).toBe(2)
    expect(done).toEqual(['a', 'b'])
    expect(all.reclaim()).toBe(0)
  })

  it('wait for those who were inside, and not for those who came after', () => {
    const all = epochs()
    const done: string[] = []
    all.enter(1)
    all.retire(() => done.push('first'))
    expect(all.reclaim()).toBe(0)
    all.enter(2)
    all.retire(() => done.push('second'))
    expect(all.reclaim()).toBe(0)
    all.leave(1)
    expect(all.reclaim()).toBe(1)
    expect(done).toEqual(['first'])
    all.enter(3)
    all.leave(2)
    expect(all.reclaim()).toBe(1)
    expect(done).toEqual(['first', 'second'])
  })

  it('do not wait for the dead', () => {
    const all = epochs()
    all.enter(2)
    all.retire(() => {})
    expect(all.reclaim()).toBe(0)
    all.abandon(2)
    expect(all.reclaim()).toBe(1)
  })

  it('run what an action retires at the next time', () => {
    const all = epochs()
    const done: string[] = []
    all.retire(() => {
      done.push('outer')
      all.retire(() => done.push('inner'))
    })
    all.reclaim()
    expect(done).toEqual(['outer'])
    all.reclaim()
    expect(done).toEqual(['outer', 'inner'])
  })

  it('hold, wherever the epoch wraps round: an action runs exactly when all who were inside have left', () => {
    const step = fc.oneof(
      fc.record({ is: fc.constantFrom('enter', 'leave'), participant: fc.integer({ min: 0, max: 3 }) }),
      fc.record({ is: fc.constantFrom('retire', 'reclaim'), participant: fc.constant(0) }),
    )
    const start = fc.constantFrom(0, 2 ** 31 - 2, 2 ** 31 - 8, -2, -8)
    fc.assert(
      fc.property(start, fc.array(step, { maxLength: 60 }), (epoch, steps) => {
        const all = epochs(epoch)
        // When each participant entered, and what each action waits for: stays of participants, numbered.
        const inside = new Map<number, number>()
        const waiting: { readonly name: number; readonly stays: Set<number> }[] = []
        const done: number[] = []
        let number = 0
        for (const { is, participant } of steps) {
          if (is === 'enter' && !inside.has(participant)) {
            inside.set(participant, number++)
            all.enter(participant)
          } else if (is === 'leave') {
            inside.delete(participant)
            all.leave(participant)
          } else if (is === 'retire') {
            const name = number++
            waiting.push({ name, stays: new Set(inside.values()) })
            all.retire(() => done.push(name))
          } else if (is === 'reclaim') {
            all.reclaim()
            for (const { name, stays } of waiting)
              if ([...inside.values()].some((stay) => stays.has(stay))) expect(done).not.toContain(name)
          }
        }
        for (const participant of inside.keys()) all.leave(participant)
        all.reclaim()
        expect(done).toEqual(waiting.map(({ name }) => name))
      }),
    )
  })
})
