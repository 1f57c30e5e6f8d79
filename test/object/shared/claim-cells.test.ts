import { describe, expect, it } from 'vitest'
import { ClaimCells } from '../../../src/object/shared/claim-cells.ts'
import { createSharedMemory, type SharedMemory } from '../../../src/object/shared/memory.ts'
import fc from '../../support/properties.ts'

const TAG = 0x1234_5600
const memoryOf = (claims = 64): SharedMemory => createSharedMemory({ bytes: 1, workers: 64, claims })

/** Two participants' views of the same cells. */
function two(memory = memoryOf()): [ClaimCells, ClaimCells] {
  return [new ClaimCells(memory), new ClaimCells(memory)]
}

/** Writes a candidate as one leaves it that stops in the middle of `take`. */
function leaveCandidate(memory: SharedMemory, cell: number, tag: number, participant: number): void {
  new Int32Array(memory.claims)[cell] = (tag & ~0xff) | 0x80 | participant
}

describe('claim cells', () => {
  it('give a key to one worker, and tell the others who has it', () => {
    const [one, other] = two()
    const claim = one.take(3, TAG, 1)
    expect(claim).toBeGreaterThan(0)
    expect(other.take(3, TAG, 64)).toBe(-1)
    expect(one.take(3, TAG, 1)).toBe(-1)
    expect(other.holder(3, TAG)).toBe(1)
    expect(other.take(4, TAG, 64)).toBeGreaterThan(0)
    expect(other.take(3, TAG + 0x100, 64)).toBeGreaterThan(0)
    expect(one.free(claim, TAG, 1)).toBe(true)
    expect(one.holder(3, TAG)).toBe(0)
    expect(other.take(3, TAG, 64)).toBeGreaterThan(0)
  })

  it('hold tags whose upper bits are all 0 or all 1', () => {
    const [one, other] = two()
    for (const tag of [0, 0xff, -1]) {
      const claim = one.take(3, tag, 1)
      expect(other.take(3, tag, 2)).toBe(-1)
      expect(one.free(claim, tag, 1)).toBe(true)
      expect(one.free(claim, tag, 1)).toBe(false)
    }
  })

  it('have no room for a ninth key of a group, until one is free', () => {
    const [one] = two()
    const claims = Array.from({ length: 8 }, (_, at) => one.take(3, TAG + at * 0x100, 1))
    expect(Math.min(...claims)).toBeGreaterThan(0)
    expect(one.take(3, 0x7777_0000, 1)).toBe(0)
    expect(one.take(4, 0x7777_0000, 1)).toBeGreaterThan(0)
    one.free(claims[5]!, TAG + 5 * 0x100, 1)
    expect(one.take(3, 0x7777_0000, 1)).toBeGreaterThan(0)
  })

  it('let a claim be taken over, which the one before can no longer end', () => {
    const [one, other] = two()
    const overtaken = one.take(3, TAG, 1)
    expect(other.steal(3, TAG, 5, 2)).toBe(0)
    const claim = other.steal(3, TAG, 1, 2)
    expect(claim).toBeGreaterThan(0)
    expect(one.free(overtaken, TAG, 1)).toBe(false)
    expect(one.holder(3, TAG)).toBe(2)
    expect(other.free(claim, TAG, 2)).toBe(true)
  })

  it('do not let a claim that was taken over end a newer one of the same worker', () => {
    const [one, other] = two()
    const overtaken = one.take(3, TAG, 1)
    other.free(other.steal(3, TAG, 1, 2), TAG, 2)
    const newer = one.take(3, TAG, 1)
    expect(newer).toBeGreaterThan(0)
    expect(one.free(overtaken, TAG, 1)).toBe(false)
    expect(one.holder(3, TAG)).toBe(1)
    expect(one.free(newer, TAG, 1)).toBe(true)
  })

  it('count the turns of a cell round', () => {
    const [one] = two()
    let last = 0
    for (let turn = 0; turn < 0x8001; turn++) {
      const claim = one.take(3, TAG, 1)
      if (claim <= 0 || claim === last || !one.free(claim, TAG, 1)) expect.fail(`turn ${turn}`)
      last = claim
    }
  })

  it('lose all of a dead worker, and nothing else', () => {
    const memory = memoryOf()
    const [one, other] = two(memory)
    for (let at = 0; at < 6; at++) one.take(at, TAG, 1)
    other.take(0, TAG + 0x100, 2)
    leaveCandidate(memory, 63, TAG, 1)
    expect(other.freeAll(1)).toBe(6)
    expect([0, 1, 2, 3, 4, 5].map((at) => other.holder(at, TAG))).toEqual([0, 0, 0, 0, 0, 0])
    expect(other.holder(0, TAG + 0x100)).toBe(2)
    expect(new Int32Array(memory.claims)[63]).toBe(0)
  })

  it('are not blocked by one that stopped while it was taking, and do not name it', () => {
    for (const cell of [24, 31]) {
      const memory = memoryOf()
      const [one] = two(memory)
      one.take(3, 0x7777_0000, 1)
      one.take(3, 0x6666_0000, 1)
      leaveCandidate(memory, cell === 24 ? 26 : cell, TAG, 2)
      expect(one.holder(3, TAG)).toBe(0)
      expect(one.take(3, TAG, 1)).toBeGreaterThan(0)
      expect(new Int32Array(memory.claims).filter((word) => (word & 0x80) !== 0)).toHaveLength(0)
    }
  })

  it('are the map from key to worker that a model is', () => {
    const step = fc.record({
      is: fc.constantFrom('take', 'free', 'steal', 'freeAll'),
      key: fc.integer({ min: 0, max: 9 }),
      worker: fc.integer({ min: 1, max: 3 }),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const memory = memoryOf()
        const views = [0, 1, 2, 3].map(() => new ClaimCells(memory))
        const held = new Map<number, { readonly worker: number; readonly claim: number }>()
        const tag = (key: number): number => (key + 1) << 8
        for (const { is, key, worker } of steps) {
          const view = views[worker]!
          const was = held.get(key)
          if (is === 'take') {
            const claim = view.take(0, tag(key), worker)
            if (was !== undefined) expect(claim).toBe(-was.worker)
            else if (held.size === 8) expect(claim).toBe(0)
            else held.set(key, { worker, claim })
          } else if (is === 'steal' && was !== undefined) {
            held.set(key, { worker, claim: view.steal(0, tag(key), was.worker, worker) })
          } else if (is === 'free' && was !== undefined) {
            expect(views[was.worker]!.free(was.claim, tag(key), was.worker)).toBe(true)
            held.delete(key)
          } else if (is === 'freeAll') {
            for (const [other, claim] of held) if (claim.worker === worker) held.delete(other)
            view.freeAll(worker)
          }
          const holders = Array.from({ length: 10 }, (_, other) => view.holder(0, tag(other)))
          expect(holders).toEqual(holders.map((_, other) => held.get(other)?.worker ?? 0))
        }
      }),
    )
  })
})
