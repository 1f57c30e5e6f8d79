import { expect, it } from 'vitest'
import { ManualClock } from '../../src/clock.ts'
import { Counters, workerCounterBuffer } from '../../src/counters.ts'
import { createSharedMemory } from '../../src/object/shared/memory.ts'
import { bucketMemory } from '../../src/policy/services/buckets.ts'
import { sharedXids } from '../../src/vsl/xids.ts'
import { Backoff } from '../../src/workers/backoff.ts'
import type { WorkerEvents } from '../../src/workers/handle.ts'
import { Slot } from '../../src/workers/slot.ts'

it('replaces the first dead worker at once, and doubles the wait while its successors die young', () => {
  const backoff = new Backoff()
  expect(backoff.next(1e9)).toBe(0)
  expect(Array.from({ length: 10 }, () => backoff.next(2999))).toEqual([100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000, 10_000])
  expect(backoff.next(3000)).toBe(0)
  expect(backoff.next(0)).toBe(100)
})

it('waits so long before the next worker begins in a place', async () => {
  const clock = new ManualClock()
  const lives: WorkerEvents[] = []
  const deaths: unknown[] = []
  const slot = new Slot({
    participant: 1,
    counters: new Counters(workerCounterBuffer()),
    clock,
    log: { info() {}, warn() {}, error: (fields) => void deaths.push(fields['delay']) },
    spawn: (_init, events) => {
      lives.push(events)
      return { post() {}, terminate: async () => {} }
    },
    init: () => ({
      workers: 1,
      options: {},
      listen: [],
      access: { type: 'none' },
      memory: createSharedMemory({ bytes: 1 << 20, workers: 1 }),
      limits: bucketMemory(8),
      params: [],
      health: [],
      probed: [],
      names: [],
      xids: sharedXids(),
      recording: false,
      policies: { current: 'builtin', copies: [] },
    }),
    began: (_slot, port) => port.close(),
    died() {},
    wanted() {},
    recorded() {},
    logged() {},
  })
  const die = (): void => lives.at(-1)?.ended({ code: 1, error: null })
  const started = slot.start()
  lives[0]?.message({ type: 'ready', addresses: [] })
  await started
  die()
  expect(lives).toHaveLength(2)
  for (const delay of [100, 200, 400]) {
    die()
    const before = lives.length
    clock.advance(delay - 1)
    expect(lives).toHaveLength(before)
    clock.advance(1)
    expect(lives).toHaveLength(before + 1)
  }
  expect(deaths).toEqual([0, 100, 200, 400])
  slot.retire()
  die()
  clock.advance(60_000)
  expect(lives).toHaveLength(5)
})
