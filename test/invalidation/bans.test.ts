import { describe, expect, it } from 'vitest'
import { ManualClock } from '../../src/clock.ts'
import { Counters } from '../../src/counters.ts'
import { BanLimitError, Bans, type BansInit } from '../../src/invalidation/bans.ts'
import { BanError } from '../../vcl-ts/ban.ts'
import { subject } from './ban-subject.ts'

function listOf(changes: Partial<BansInit> = {}): { bans: Bans; counters: Counters; clock: ManualClock } {
  const counters = new Counters()
  const clock = new ManualClock(1000)
  return { bans: new Bans({ clock, counters, knows: () => false, ...changes }), counters, clock }
}

describe('the list of bans', () => {
  it('is empty at first', () => {
    const { bans } = listOf()
    expect([bans.newest, bans.size, bans.list(), bans.matches(subject(), 0)]).toEqual([0, 0, [], false])
    expect(bans.gauges()).toEqual({ bans: 0, bans_completed: 0, bans_obj: 0, bans_req: 0 })
  })

  it('bans what is older than the ban, and nothing else', () => {
    const { bans } = listOf()
    bans.add('obj.url == /a', 5)
    expect(bans.newest).toBe(5)
    expect([4, 5, 6].map((since) => bans.matches(subject({ url: '/a' }), since))).toEqual([true, false, false])
    expect(bans.matches(subject({ url: '/b' }), 0)).toBe(false)
  })

  it('counts bans and tests, apart for the lurker', () => {
    const { bans, counters } = listOf()
    bans.add('obj.url == /a && obj.status == 200', 1)
    bans.add('obj.url == /b', 2)
    bans.add('obj.url == /c', 3)
    bans.matches(subject({ url: '/b' }), 0)
    bans.matches(subject({ url: '/a' }), 0, true)
    bans.matches(subject({ url: '/x' }), 2, true)
    expect((['bans_added', 'bans_tested', 'bans_tests_tested', 'bans_obj_killed'] as const).map((name) => counters.get(name))).toEqual([
      3, 2, 2, 1,
    ])
    expect(
      (['bans_lurker_tested', 'bans_lurker_tests_tested', 'bans_lurker_obj_killed'] as const).map((name) => counters.get(name)),
    ).toEqual([4, 5, 1])
  })

  it('shows its bans, newest first, with what they took', () => {
    const { bans, clock } = listOf({ knows: (name) => name === 'x-lang' })
    const first = bans.add('obj.url   ~ "^/a"', 1)
    clock.advance(500)
    bans.add('req.http.X-Lang == de', 2)
    bans.matches(subject({ url: '/a' }), 0)
    expect(first.objects).toBe(1)
    expect(bans.list((position) => position * 10)).toEqual([
      { id: '2', expression: 'req.http.x-lang == de', added: 1500, references: 20, state: 'active', objects: 0 },
      { id: '1', expression: 'obj.url ~ ^/a', added: 1000, references: 10, state: 'active', objects: 1 },
    ])
    bans.retire(1, Infinity)
    expect(bans.list(() => 7).map(({ references, state }) => [references, state])).toEqual([
      [7, 'active'],
      [0, 'completed'],
    ])
    expect(bans.gauges()).toEqual({ bans: 2, bans_completed: 1, bans_obj: 1, bans_req: 1 })
  })

  it('completes a ban when everything was tested against it and no older fetch is on its way', () => {
    const { bans } = listOf()
    for (let position = 1; position <= 3; position++) bans.add(`obj.url == /${position}`, position)
    bans.retire(0, Infinity)
    bans.retire(3, 0)
    expect(bans.size).toBe(3)
    bans.retire(3, 2)
    expect([bans.size, bans.newest, bans.matches(subject({ url: '/2' }), 0), bans.matches(subject({ url: '/3' }), 0)]).toEqual([
      1,
      3,
      false,
      true,
    ])
    bans.retire(3, Infinity)
    expect([bans.size, bans.newest]).toEqual([0, 0])
  })

  it('completes an older ban that is the same, however it was written, unless its meaning changes with time', () => {
    const { bans, counters } = listOf({ cap: 2 })
    bans.add('obj.url ~ ^/a', 1)
    bans.add('obj.age > 60s', 2)
    bans.add(' obj.url ~ "^/a"', 3)
    expect(counters.get('bans_dups')).toBe(1)
    expect(bans.list().map(({ id, state }) => [id, state])).toEqual([
      ['3', 'active'],
      ['2', 'active'],
      ['1', 'completed'],
    ])
    expect(bans.matches(subject({ url: '/a' }), 2)).toBe(true)
    expect(() => bans.add('obj.age > 1m', 4)).toThrow(BanLimitError)
  })

  it('holds 100,000 equal bans as one', () => {
    const { bans, counters } = listOf()
    for (let position = 1; position <= 100_000; position++) bans.add('obj.url ~ ^/a', position)
    expect([bans.size, bans.newest, bans.list().length, counters.get('bans_dups'), counters.get('bans_deleted')]).toEqual([
      1, 100_000, 101, 99_999, 99_899,
    ])
  })

  it('refuses 100,000 distinct bans above the cap, drops none, and takes new ones when it is done with those', () => {
    const { bans } = listOf()
    let refused = 0
    for (let i = 1; i <= 100_000; i++) {
      try {
        bans.add(`obj.url ~ ^/${i}/.*x`, i)
      } catch (error) {
        expect(error).toBeInstanceOf(BanLimitError)
        expect((error as BanLimitError).retryAfter).toBeGreaterThan(0)
        refused++
      }
    }
    expect([refused, bans.size, bans.newest]).toEqual([99_000, 1000, 1000])
    expect([1, 1000, 1001].map((i) => bans.matches(subject({ url: `/${i}/x` }), 0))).toEqual([true, true, false])
    bans.retire(1000, Infinity)
    expect([bans.size, bans.list().length]).toEqual([0, 100])
    expect(bans.add('obj.url == /', 100_001).completed).toBe(false)
  })

  it('is bounded in characters, too', () => {
    const { bans } = listOf({ characters: 100 })
    bans.add(`obj.url == /${'a'.repeat(60)}`, 1)
    expect(() => bans.add(`obj.url == /${'b'.repeat(60)}`, 2)).toThrow(/characters/)
    bans.add(`obj.url == /${'a'.repeat(60)}`, 3)
    bans.retire(3, Infinity)
    bans.add(`obj.url == /${'b'.repeat(60)}`, 4)
    expect(bans.size).toBe(1)
  })

  it.each(['obj.url ~ ^(a+)+$', 'obj.url', 'obj.url ~ a\nobj.url ~ b', 'req.http.x-other == a'])(
    'refuses %j and stays as it was',
    (expression) => {
      const { bans, counters } = listOf()
      bans.add('obj.url == /a', 1)
      const before = [bans.list(), bans.gauges(), bans.newest, counters.snapshot()]
      expect(() => bans.add(expression, 2)).toThrow(BanError)
      expect([bans.list(), bans.gauges(), bans.newest, counters.snapshot()]).toEqual(before)
    },
  )

  it('says why a request field that no Vary names cannot be asked for; of the host it always can', () => {
    const { bans } = listOf({ knows: (name) => name === 'x-lang' })
    expect(() => bans.add('req.http.X-Other ~ a', 1)).toThrow('the Vary of no stored answer names it')
    bans.add('req.http.X-Lang ~ a && req.http.Host == b', 1)
    expect(bans.size).toBe(1)
  })
})
