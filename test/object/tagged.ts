/** A table of many tagged objects, and what must be true of it. */
import { expect } from 'vitest'
import { keyOf } from '../../src/object/key-text.ts'
import { ManualPace, object, type Rig, rig } from './things.ts'

const PLAIN: readonly string[] = []

function store({ table }: Rig, i: number, tags: readonly string[]): void {
  const made = object({ key: keyOf({ url: `/${i}`, host: 'a' }), position: table.position, ttl: 1000, tags })
  table.publish(null, made, PLAIN, '', true)
  expect(table.complete(made)).toBe(true)
}

/** So many objects, of which one in a hundred has a tag that is purged, are kept, counted, purged in slices and forgotten. */
export async function checkTagged(count: number): Promise<void> {
  const pace = new ManualPace(4)
  const made = rig({ budget: count * 8192, pace })
  for (let i = 0; i < count; i++) store(made, i, [`product-${i}`, `category-${i % 100}`])
  expect([made.table.objects, made.table.tags]).toEqual([count, count + 100])
  const result = made.table.purgeSubject({ by: 'tags', tags: ['category-7'] }, false)
  let largest = 0
  for (let before = made.table.objects; pace.waiting > 0; before = made.table.objects) {
    pace.take()
    largest = Math.max(largest, before - made.table.objects)
  }
  expect(await result).toEqual({ objects: count / 100 })
  expect(largest).toBeGreaterThan(0)
  expect(largest).toBeLessThanOrEqual(8)
  expect([made.table.objects, made.table.tags]).toEqual([count - count / 100, count + 99 - count / 100])
  const all = made.table.purgeSubject({ by: 'all' }, false)
  while (pace.take());
  expect(await all).toEqual({ objects: count - count / 100 })
  expect([made.table.objects, made.table.keys, made.table.tags, made.table.bytes, made.expiry.size]).toEqual([0, 0, 0, 0, 0])
  for (let i = 0; i < 100_000; i++) store(made, i, PLAIN)
  expect([made.table.objects, made.table.tags]).toEqual([100_000, 0])
  made.expiry.stop()
}
