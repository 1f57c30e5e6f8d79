import { expect, it } from 'vitest'
import { ManualClock } from '../../src/clock.ts'
import { Counters } from '../../src/counters.ts'
import { Banning } from '../../src/invalidation/banning.ts'
import { Bans } from '../../src/invalidation/bans.ts'
import { InvalidationLog } from '../../src/invalidation/log.ts'
import { Expiry } from '../../src/object/expiry.ts'
import { keyOf } from '../../src/object/key-text.ts'
import { LocalTable } from '../../src/object/local-table.ts'
import { MemoryStore } from '../../src/storage/memory.ts'
import { checkFull } from '../object/full.ts'
import { ask, object } from '../object/things.ts'

it('keeps what is hot among a million objects while five million URLs that are asked for once go over them', () => checkFull(1_000_000))

it('tests a million objects once against a thousand bans, and asks none of them anything afterwards', async () => {
  const COUNT = 1_000_000
  const BANS = 1000
  const clock = new ManualClock()
  const counters = new Counters()
  const log = new InvalidationLog()
  const expiry: Expiry = new Expiry(clock, (entry) => table.expire(entry))
  const bans: Bans = new Bans({ clock, counters, knows: () => false })
  const table: LocalTable = new LocalTable({
    store: new MemoryStore(64 * 1024 ** 3),
    invalidations: log,
    bans,
    now: () => clock.now(),
    variants: 64,
    counters,
    expiry,
  })
  let age = 1
  const banning = new Banning({ bans, table, log, clock, counters, lurkerAge: () => age })
  const keyOfNumber = (i: number): string => keyOf({ url: `/${i}`, host: 'a' })
  for (let i = 0; i < COUNT; i++) {
    const made = object({ key: keyOfNumber(i), ttl: 1_000_000 })
    table.publish(null, made, [], '', true)
    table.complete(made)
  }
  for (let i = 0; i < BANS; i++) banning.ban(`obj.url == /${i * 1000}`)
  age = 0
  clock.advance(1000)
  while (bans.size > 0) await new Promise<void>((resolve) => setImmediate(resolve))
  expect([table.objects, counters.get('bans_lurker_obj_killed'), counters.get('bans_tested')]).toEqual([COUNT - BANS, BANS, 0])
  // Each of what is left against each, once; what went, against those from the newest to the one that took it.
  expect(counters.get('bans_lurker_tested')).toBe((COUNT - BANS) * BANS + (BANS * (BANS + 1)) / 2)
  for (let i = 0; i < COUNT; i++) {
    const { type } = table.find(ask({ key: keyOfNumber(i), solitary: true }))
    if (type !== (i % 1000 === 0 ? 'fetch' : 'object')) throw new Error(`${i}: ${type}`)
  }
  expect(counters.get('bans_tested')).toBe(0)
  expiry.stop()
})
