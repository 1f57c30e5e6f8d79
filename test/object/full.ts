/** A full cache of many objects, and what must be true of it. */
import { expect } from 'vitest'
import { keyOf } from '../../src/object/key-text.ts'
import type { CachedObject } from '../../src/object/object.ts'
import { ask, object, type Rig, rig } from './things.ts'

const PLAIN: readonly string[] = []

function store({ table }: Rig, url: string): CachedObject {
  const made = object({ key: keyOf({ url, host: 'a' }), position: table.position, ttl: 3600 })
  table.publish(null, made, PLAIN, '', true)
  if (!table.complete(made)) throw new Error(`${url} is not kept`)
  return made
}

/** So many objects fill a cache; five times as many that are asked for once go over it; four in five of them stay, and all expire. */
export function checkFull(count: number): void {
  const bytes = store(rig(), '/measured/00000000').bytes
  const made = rig({ budget: count * bytes })
  const { table, counters, clock } = made
  const name = (i: number): string => `/${String(i).padStart(8, '0')}`
  const hit = (url: string): boolean => {
    const found = table.find(ask({ key: keyOf({ url, host: 'a' }), solitary: true }))
    return found.type === 'object'
  }
  const hot = Math.floor(count * 0.8)
  for (let i = 0; i < hot; i++) {
    store(made, `/hot${name(i)}`)
    if (!hit(`/hot${name(i)}`)) throw new Error(`${name(i)} is not found`)
  }
  let misses = 0
  let asked = 0
  for (let i = 0; i < 5 * count; i++) {
    store(made, `/one${name(i)}`)
    // A hot one for every tenth that is not.
    if (i % 10 !== 0) continue
    asked++
    const url = `/hot${name((i / 10) % hot)}`
    if (!hit(url)) {
      misses++
      store(made, url)
    }
    if (table.bytes > made.store.budget) throw new Error(`${table.bytes} bytes`)
  }
  expect(misses / asked).toBeLessThan(0.05)
  expect([made.store.count, made.expiry.size, table.keys]).toEqual([table.objects, table.objects, table.objects])
  expect(counters.get('n_lru_nuked')).toBe(hot + 5 * count + misses - table.objects)
  expect(table.objects).toBeGreaterThan(count * 0.9)
  clock.advance(200_000_000)
  expect([table.objects, table.keys, table.bytes, made.expiry.size, made.store.count]).toEqual([0, 0, 0, 0, 0])
  made.expiry.stop()
}
