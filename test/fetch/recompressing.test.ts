import { gunzipSync, gzipSync } from 'node:zlib'
import { expect, it } from 'vitest'
import { LOOKED_AT, Recompressor, WORTH_IT } from '../../src/fetch/recompressing.ts'
import type { CachedObject } from '../../src/object/object.ts'
import { bodyOf, type StoredBody } from '../../src/object/stored-body.ts'
import { storedCoding } from '../../src/object/stored-coding.ts'
import { ask, object, type Rig, rig } from '../object/things.ts'
import { until } from '../support/until.ts'

const TEXT = Buffer.from(Array.from({ length: 2000 }, (_, i) => `${i % 7} lamps and ${(i * 48271) % 1009} shades`).join('\n'))

/** Stored as a fetch stores it, and used. */
function store({ table }: Rig, key: string, hits: number = WORTH_IT): CachedObject {
  const body = bodyOf(gzipSync(TEXT, { level: 1 }))
  const made = object({ key, ttl: 600, body, coding: storedCoding('gzip', true) })
  table.publish(null, made, [], '', true)
  expect(table.complete(made)).toBe(true)
  made.hits = hits
  return made
}

function stored({ table, clock }: Rig, key: string): CachedObject | null {
  const found = table.find(ask({ key, now: clock.now() }))
  return found.type === 'object' ? found.object : null
}

it('replaces what is used by the same in fewer bytes, and nothing that was purged, superseded or overtaken while it worked', async () => {
  const site = rig()
  const { table, clock, counters } = site
  const recompressor = new Recompressor({ table, tier: null, clock, counters })
  const objects = ['purged', 'superseded', 'overtaken', 'unused', 'used'].map((key) => store(site, key, key === 'unused' ? 0 : WORTH_IT))
  const [, , , unused, used] = objects as [CachedObject, CachedObject, CachedObject, CachedObject, CachedObject]
  for (const each of objects) recompressor.add(each, 0)
  clock.advance(LOOKED_AT)
  // The first is being compressed by now, the others wait for it.
  table.purge('purged', false)
  const newer = store(site, 'superseded', 0)
  const arriving = object({ key: 'overtaken' })
  table.publish(null, arriving, [], '', true)
  await until(() => counters.get('n_recompressed') === 1)
  expect(stored(site, 'purged')).toBeNull()
  expect([stored(site, 'superseded') === newer, stored(site, 'unused') === unused]).toEqual([true, true])
  expect(table.complete(arriving)).toBe(true)
  const smaller = stored(site, 'used') as CachedObject
  expect(smaller).not.toBe(used)
  expect(smaller.body.length).toBeLessThan(used.body.length as number)
  expect(gunzipSync((smaller.body as StoredBody).whole as Buffer).equals(TEXT)).toBe(true)
  expect([smaller.hits, smaller.ttl, smaller.storedAt, smaller.coding]).toEqual([WORTH_IT + 1, 600, used.storedAt, used.coding])
})

it('looks once at each, when it is due, and holds nothing of it afterwards', async () => {
  const site = rig()
  const { table, clock, counters } = site
  const recompressor = new Recompressor({ table, tier: null, clock, counters })
  recompressor.add(store(site, 'a'), 0)
  clock.advance(LOOKED_AT / 2)
  recompressor.add(store(site, 'b'), 0)
  clock.advance(LOOKED_AT / 2)
  await until(() => counters.get('n_recompressed') === 1)
  expect(stored(site, 'b')?.body.length).toBe(gzipSync(TEXT, { level: 1 }).length)
  clock.advance(LOOKED_AT / 2)
  await until(() => counters.get('n_recompressed') === 2)
})
