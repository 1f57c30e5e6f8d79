import { describe, expect, it } from 'vitest'
import { keyPart } from '../../src/object/key-text.ts'
import { COUNT, place, Sliced, SUBJECTS } from './sliced.ts'
import { claimOf, fillingFor, marker, object } from './things.ts'

const PLAIN: readonly string[] = []

describe('a purge of a URL', () => {
  it('takes every variant, whatever a policy added to its key', () => {
    const it = new Sliced()
    const kept = ['', keyPart('mobile'), keyPart('tenant 7')].map((more) => it.keep({ key: place(1) + more }))
    const others = [place(2), place(1, 'b'), place(2) + keyPart('mobile')].map((key) => it.keep({ key }))
    expect(it.table.purgeSubject({ by: 'url', url: '/shop/1', host: 'a' }, false)).toEqual({ objects: 3 })
    expect(kept.map(({ key }) => it.hit(key))).toEqual([null, null, null])
    expect(others.map(({ key }) => it.hit(key))).toEqual(others)
  })

  it('takes what is of the URL under keys that a policy made anew, and only that', () => {
    const it = new Sliced()
    const target = { url: '/shop/1', host: 'a' }
    it.keep({ key: '-1:x', target })
    const others = [
      it.keep({ key: '-1:y', target: { url: '/shop/2', host: 'a' } }),
      it.keep({ key: '-1:z', target: { url: '/shop/1', host: 'b' } }),
    ]
    expect(it.table.purgeSubject({ by: 'url', url: '/shop/1', host: 'a' }, false)).toEqual({ objects: 1 })
    expect(others.map(({ key }) => it.hit(key))).toEqual(others)
  })

  it('overtakes fetches of all its keys', () => {
    const it = new Sliced()
    const keys = [place(1), place(1) + keyPart('mobile'), '-1:x', place(2)]
    const claims = keys.map((key) => claimOf(it.find(key)))
    it.table.purgeSubject({ by: 'url', url: '/shop/1', host: 'a' }, false)
    expect(claims.map(({ detached }) => detached)).toEqual([true, true, true, false])
    expect(keys.map((key) => it.table.overtaken(key, 0))).toEqual(['hard', 'hard', 'hard', 'valid'])
  })

  it('looks at no key but those of the URL', () => {
    const it = new Sliced()
    for (let i = 0; i < COUNT; i++) it.keep({ key: place(i) + keyPart('mobile') })
    expect(it.table.purgeSubject({ by: 'url', url: '/shop/1', host: 'a' }, false)).toEqual({ objects: 1 })
    expect(it.table.purgeSubject({ by: 'url', url: '/none', host: 'a' }, false)).toEqual({ objects: 0 })
    expect(it.pace.waiting).toBe(0)
  })

  it('looks no more at keys that have gone', () => {
    const it = new Sliced()
    const keys = Array.from({ length: COUNT }, (_, i) => (i % 2 === 0 ? `-${keyPart(String(i))}` : place(1) + keyPart(String(i))))
    for (const key of keys) it.keep({ key, target: { url: '/shop/1', host: 'a' } })
    for (const key of keys) it.table.purge(key, false)
    expect(it.table.purgeSubject({ by: 'url', url: '/shop/1', host: 'a' }, false)).toEqual({ objects: 0 })
  })

  it('goes on in slices where many keys do not tell their URL', async () => {
    const it = new Sliced()
    for (let i = 0; i < COUNT; i++) it.keep({ key: `-${keyPart(String(i))}`, target: { url: `/${i % 10}`, host: 'a' } })
    const purge = it.begin({ by: 'url', url: '/9', host: 'a' })
    expect(it.hit(`-${keyPart('999')}`)).toBeNull()
    await it.finish()
    expect([purge.objects, it.table.objects]).toEqual([100, 900])
  })
})

describe('an object under a key that a policy made anew', () => {
  const target = { url: '/shop/1', host: 'a' }

  it.each([
    [{ by: 'host', host: 'a' }, true],
    [{ by: 'host', host: 'b' }, false],
    [{ by: 'prefix', prefix: '/shop/', host: 'a' }, true],
    [{ by: 'prefix', prefix: '/shop/', host: 'b' }, false],
    [{ by: 'prefix', prefix: '/blog/', host: 'a' }, false],
  ] as const)('goes by what was asked for: %j', (subject, goes) => {
    const it = new Sliced()
    it.keep({ key: '-1:x', target })
    expect(it.table.purgeSubject(subject, false)).toEqual({ objects: goes ? 1 : 0 })
    const overtaken = object({ key: '-1:x', target, position: 0 })
    it.table.publish(null, overtaken, PLAIN, '', true)
    expect(it.table.complete(overtaken)).toBe(!goes)
  })

  it('keeps nothing else of the request that asked for it', () => {
    const request = { ...target, headers: [] }
    const kept = new Sliced().keep({ key: '-1:x', target: request })
    expect(kept.target).not.toBe(request)
    expect(kept.target).toStrictEqual(target)
  })

  it('tells its URL and host only where the key does not, in memory of its own that is counted', () => {
    const [anew, plain] = [object({ key: '-1:x', target }), object({ key: place(1), target })]
    expect([anew.target, plain.target]).toEqual([target, null])
    const longer = object({ key: '-1:x', target: { url: `${target.url}0123456789`, host: target.host } })
    expect(longer.bytes - anew.bytes).toBe(10)
  })
})

describe('counting', () => {
  it.each(SUBJECTS)('says how many a purge would take, and changes nothing: %j', async (subject) => {
    const it = new Sliced()
    for (let i = 0; i < COUNT; i++) it.keep({ key: place(i), tags: i % 2 === 0 ? ['t', 'u'] : ['u'] })
    it.keep({ key: place(1, 'b') })
    const counts = [it.rig.counters.snapshot(), it.table.position, it.table.objects]
    const counting = it.table.count(subject)
    expect(counting).toBeInstanceOf(Promise)
    await it.finish()
    const all = subject.by === 'all' ? 1 : 0
    expect(await counting).toEqual({ objects: COUNT + all })
    expect([it.rig.counters.snapshot(), it.table.position, it.table.objects]).toEqual(counts)
    expect(it.hit(place(0))).not.toBeNull()
  })

  it('leaves out what an earlier purge is going to take', async () => {
    const it = new Sliced()
    for (let i = 0; i < COUNT; i++) it.keep({ key: place(i), tags: i < 900 ? ['t'] : [] })
    it.begin({ by: 'tags', tags: ['t'] })
    const counting = it.table.count({ by: 'all' })
    await it.finish()
    expect(await counting).toEqual({ objects: 100 })
  })

  it('counts the variants of a URL and what arrives', () => {
    const it = new Sliced()
    it.keep({ key: place(1) })
    it.keep({ key: place(1) + keyPart('mobile') })
    const { object: made } = fillingFor(it.table, { key: place(1) + keyPart('tv') })
    it.table.publish(claimOf(it.find(made.key)), made, PLAIN, '', true)
    expect(it.table.count({ by: 'url', url: '/shop/1', host: 'a' })).toEqual({ objects: 3 })
  })
})

describe('fetches under way', () => {
  it('are known by the oldest, until each has ended', () => {
    const it = new Sliced()
    const { flights } = it.table
    expect(flights.oldest).toBe(Number.POSITIVE_INFINITY)
    const first = claimOf(it.find('a'))
    it.table.purge('other', false)
    const second = claimOf(it.find('b'))
    flights.begin(it.table.position)
    expect([first.position, second.position, flights.oldest]).toEqual([0, 1, 0])
    it.table.release(first, { type: 'again' })
    it.table.release(first, { type: 'again' })
    expect(flights.oldest).toBe(1)
    it.table.refuse(second, PLAIN, '', null, false)
    expect(flights.oldest).toBe(1)
    flights.end(1)
    expect(flights.oldest).toBe(Number.POSITIVE_INFINITY)
  })
})

describe('looking at what is stored', () => {
  it('finds objects by id, key and tag, and the tags with their numbers', () => {
    const it = new Sliced()
    const kept = [it.keep({ key: 'a', tags: ['t', 'u'] }), it.keep({ key: 'a', tags: ['t'], names: ['x'], fields: { x: '1' } })]
    const other = it.keep({ key: 'b' })
    const refusal = marker({ key: 'b' })
    it.table.remember('b', PLAIN, '', refusal)
    expect([it.table.byId(other.id), it.table.byId(refusal.id), it.table.byId(-1)]).toEqual([other, null, null])
    expect([...it.table.byKey('a')]).toEqual(expect.arrayContaining(kept))
    expect([...it.table.byKey('none')]).toEqual([])
    expect(new Set(it.table.byTag('t'))).toEqual(new Set(kept))
    expect([...it.table.byTag('none')]).toEqual([])
    expect([...it.table.tagNames()]).toEqual([
      ['t', 2],
      ['u', 1],
    ])
    expect([...it.table.stored()]).toEqual(expect.arrayContaining([...kept, other]))
  })

  it('knows which request fields tell variants apart, as long as one does', () => {
    const it = new Sliced()
    const kept = [1, 2].map((i) => it.keep({ key: `k${i}`, names: ['accept', 'x-v'], fields: {} }))
    expect([it.table.variesBy('x-v'), it.table.variesBy('cookie')]).toEqual([true, false])
    for (const { key } of kept) {
      expect(it.table.variesBy('accept')).toBe(true)
      it.table.purge(key, false)
    }
    expect([it.table.variesBy('x-v'), it.table.variesBy('accept')]).toEqual([false, false])
  })
})
