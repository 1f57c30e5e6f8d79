import { describe, expect, it } from 'vitest'
import { Control } from '../../../src/object/shared/control.ts'
import { createSharedMemory } from '../../../src/object/shared/memory.ts'
import { isAfter } from '../../../src/object/shared/serial.ts'

const memory = () => createSharedMemory({ bytes: 1, workers: 3 })

describe('control words', () => {
  it('are seen by all, each apart from the others', () => {
    const shared = memory()
    const librarian = new Control(shared)
    const worker = new Control(shared)
    librarian.head = 1
    librarian.settled = 2
    librarian.epoch = 3
    for (const participant of [0, 1, 2, 3]) {
      worker.setActive(participant, 10 + participant)
      worker.setOldestFlight(participant, 20 + participant)
      worker.setAlive(participant, participant !== 2)
    }
    expect([worker.head, worker.settled, worker.epoch, worker.sequence]).toEqual([1, 2, 3, 0])
    expect([0, 1, 2, 3].map((p) => librarian.active(p))).toEqual([10, 11, 12, 13])
    expect([0, 1, 2, 3].map((p) => librarian.oldestFlight(p))).toEqual([20, 21, 22, 23])
    expect([0, 1, 2, 3].map((p) => librarian.alive(p))).toEqual([true, true, false, true])
  })

  it('give out each number of the sequence once, and never 0', () => {
    const shared = memory()
    const [one, two] = [new Control(shared), new Control(shared)]
    expect([one.next(), two.next(), one.next()]).toEqual([1, 2, 3])
    new Int32Array(shared.control).fill(-1)
    expect(one.next()).toBe(1)
    expect(two.sequence).toBe(1)
  })

  it('compare numbers that wrapped round', () => {
    expect(isAfter(2, 1)).toBe(true)
    expect(isAfter(1, 1)).toBe(false)
    expect(isAfter(-(2 ** 31), 2 ** 31 - 1)).toBe(true)
    expect(isAfter(2 ** 31 - 1, -(2 ** 31))).toBe(false)
  })
})
