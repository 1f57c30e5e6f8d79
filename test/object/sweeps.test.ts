import { describe, expect, it } from 'vitest'
import { keyOf, keyPart } from '../../src/object/key-text.ts'
import type { CachedObject } from '../../src/object/object.ts'
import type { SubjectPurge } from '../../src/object/subject.ts'
import type { Found } from '../../src/object/table.ts'
import {
  type Ask,
  ask,
  claimOf,
  fillingFor,
  ManualPace,
  marker,
  type ObjectOptions,
  object,
  type Rig,
  rig,
  variantOf,
  Witness,
} from './things.ts'

const PLAIN: readonly string[] = []
const COUNT = 1000

class Sliced {
  readonly pace = new ManualPace(4)
  readonly rig: Rig

  constructor(options: { budget?: number } = {}) {
    this.rig = rig({ budget: 1024 ** 3, ...options, pace: this.pace })
  }

  get table(): Rig['table'] {
    return this.rig.table
  }

  keep(options: ObjectOptions & { names?: readonly string[]; fields?: Record<string, string> } = {}): CachedObject {
    const { names = PLAIN, fields = {}, ...init } = options
    const made = object({ position: this.table.position, ...init })
    this.table.publish(null, made, names, variantOf(names, fields), true)
    expect(this.table.complete(made)).toBe(true)
    return made
  }

  find(key: string, asks: Ask = {}): Found {
    return this.table.find(ask({ key, now: this.rig.clock.now(), ...asks }))
  }

  hit(key: string, asks: Ask = {}): CachedObject | null {
    const found = this.find(key, asks)
    if (found.type === 'fetch' && found.claim !== null) this.table.release(found.claim, { type: 'again' })
    return found.type === 'object' ? found.object : null
  }

  /** Begins a purge that cannot end within its first slice. */
  begin(subject: SubjectPurge, soft: boolean = false, gone?: (object: CachedObject) => void): { objects: number | null } {
    const state: { objects: number | null } = { objects: null }
    const result = this.table.purgeSubject(subject, soft, gone)
    expect(result).toBeInstanceOf(Promise)
    void Promise.resolve(result).then(({ objects }) => {
      state.objects = objects
    })
    return state
  }

  async finish(): Promise<void> {
    while (this.pace.take());
    await Promise.resolve()
    await Promise.resolve()
  }
}

const place = (i: number, host: string = 'a'): string => keyOf({ url: `/shop/${i}`, host })

const SUBJECTS: readonly SubjectPurge[] = [
  { by: 'tags', tags: ['t', 'u'] },
  { by: 'host', host: 'a' },
  { by: 'prefix', prefix: '/shop/', host: 'a' },
  { by: 'all' },
]

describe('a purge of many, in slices', () => {
  it('of few ends at once', () => {
    const it = new Sliced()
    for (let i = 0; i < 3; i++) it.keep({ key: place(i), tags: ['t'] })
    for (const subject of SUBJECTS) expect(it.table.purgeSubject(subject, true)).toEqual({ objects: 3 })
    expect(it.table.purgeSubject({ by: 'tags', tags: ['t'] }, false)).toEqual({ objects: 3 })
    expect(it.pace.waiting).toBe(0)
  })

  it.each(SUBJECTS)('is in force before the first slice is over, and answers the exact count: %j', async (subject) => {
    const it = new Sliced()
    for (let i = 0; i < COUNT; i++) it.keep({ key: place(i), tags: i % 2 === 0 ? ['t', 'u'] : ['u'] })
    const gone = new Set<CachedObject>()
    const purge = it.begin(subject, false, (one) => gone.add(one))
    expect(it.table.objects).toBeGreaterThan(COUNT / 2)
    // Every second one is dropped by a look-up, the others by the sweep.
    for (let i = 0; i < COUNT; i += 2) {
      expect(it.hit(place(i))).toBeNull()
      if (i % 100 === 0) it.pace.take()
    }
    await it.finish()
    expect([purge.objects, gone.size, it.table.objects, it.table.keys, it.table.tags]).toEqual([COUNT, COUNT, 0, 0, 0])
    expect(it.rig.counters.get('n_obj_purged')).toBe(COUNT)
  })

  it.each(SUBJECTS)('makes all stale at once when it is soft: %j', async (subject) => {
    const it = new Sliced()
    for (let i = 0; i < COUNT; i++) it.keep({ key: place(i), tags: ['t'], ttl: 100, grace: 100 })
    it.rig.clock.advance(1000)
    const purge = it.begin(subject, true)
    for (let i = 0; i < COUNT; i += 3) {
      expect(it.find(place(i), { solitary: true })).toMatchObject({ type: 'object', freshness: 'grace' })
      if (i % 99 === 0) it.pace.take()
    }
    await it.finish()
    expect([purge.objects, it.table.objects]).toEqual([COUNT, COUNT])
    for (let i = 0; i < COUNT; i++) expect(it.find(place(i), { solitary: true })).toMatchObject({ freshness: 'grace' })
  })

  it('takes no more in a slice than its time allows', async () => {
    const it = new Sliced()
    for (let i = 0; i < COUNT; i++) it.keep({ key: place(i), tags: ['t'] })
    const purge = it.begin({ by: 'tags', tags: ['t'] })
    const taken: number[] = []
    for (let before = COUNT; it.table.objects > 0; before = it.table.objects) {
      if (before !== COUNT) it.pace.take()
      taken.push(before - it.table.objects)
    }
    // A look at the clock between 64 units of work, of which each object is nine; this clock allows one.
    expect(Math.max(...taken)).toBeLessThanOrEqual(8)
    await it.finish()
    expect(purge.objects).toBe(COUNT)
  })

  it('leaves alone what is stored after it', async () => {
    const it = new Sliced()
    for (let i = 0; i < COUNT; i++) it.keep({ key: place(i), tags: ['t'] })
    const purge = it.begin({ by: 'all' })
    const later = Array.from({ length: 200 }, (_, i) => it.keep({ key: place(COUNT - 1 - i), tags: ['t'] }))
    const other = it.keep({ key: 'another', tags: ['t'] })
    await it.finish()
    // What was superseded was gone already, and counts.
    expect([purge.objects, it.table.objects]).toEqual([COUNT, 201])
    expect(later.map(({ key }) => it.hit(key))).toEqual(later)
    expect(it.hit('another')).toBe(other)
  })

  it('that overlaps others takes what is left, as if each had been carried out at once', async () => {
    const it = new Sliced()
    for (let i = 0; i < COUNT; i++) it.keep({ key: place(i), tags: i < 600 ? ['t'] : ['u'], ttl: 100, grace: 100 })
    const soft = it.begin({ by: 'tags', tags: ['t'] }, true)
    const tag = it.begin({ by: 'tags', tags: ['u'] })
    const all = it.begin({ by: 'all' })
    expect(it.table.purge(place(COUNT - 1), false)).toEqual({ objects: 0 })
    const again = it.begin({ by: 'all' })
    expect(it.hit(place(700))).toBeNull()
    await it.finish()
    expect([soft.objects, tag.objects, all.objects, again.objects]).toEqual([600, 400, 600, 0])
  })

  it('counts what is evicted, expires or is superseded before its turn comes', async () => {
    const it = new Sliced({ budget: COUNT * object({ key: place(1000), tags: ['t'] }).bytes })
    for (let i = 0; i < COUNT; i++) it.keep({ key: place(i), tags: ['t'], ttl: i < 10 ? 5 : 1000 })
    const purge = it.begin({ by: 'tags', tags: ['t'] })
    const before = it.table.objects
    // Newer ones push older ones out.
    for (let i = 0; i < 100; i++) it.keep({ key: place(i, 'b') })
    it.rig.clock.advance(20_000)
    it.keep({ key: place(500), tags: ['t'], at: it.rig.clock.now() })
    expect(before).toBeGreaterThan(900)
    await it.finish()
    expect(purge.objects).toBe(COUNT)
  })

  it('ends with what it has come to when the table stops', async () => {
    const it = new Sliced()
    for (let i = 0; i < COUNT; i++) it.keep({ key: place(i), tags: ['t'] })
    const purges = SUBJECTS.slice(0, 2).map((subject) => it.begin(subject))
    const before = it.table.objects
    it.table.stop()
    await it.finish()
    expect(purges.map(({ objects }) => objects)).toEqual([COUNT - before, 0])
  })

  it('goes on while much is stored and evicted', async () => {
    const it = new Sliced({ budget: COUNT * object({ key: place(1000), tags: ['t'] }).bytes })
    for (let i = 0; i < COUNT; i++) it.keep({ key: place(i), tags: ['t'] })
    const purge = it.begin({ by: 'tags', tags: ['t'] })
    let turns = 0
    while (it.pace.take()) {
      turns++
      for (let i = 0; i < 5; i++) it.keep({ key: place(turns * 5 + i, 'b'), tags: ['t'] })
    }
    await it.finish()
    expect(purge.objects).toBe(COUNT)
    expect(turns).toBeLessThan(COUNT)
    for (let i = 0; i < COUNT; i++) expect(it.hit(place(i))).toBeNull()
  })
})

describe('what a purge in slices has not come to', () => {
  /** A table in which a purge of all has begun, and the last keys are far behind its first slice. */
  function begun(before: (it: Sliced) => void, subject: SubjectPurge = { by: 'all' }, soft: boolean = false): Sliced {
    const it = new Sliced()
    for (let i = 0; i < COUNT; i++) it.keep({ key: place(i), tags: ['t'] })
    before(it)
    it.begin(subject, soft)
    return it
  }

  it.each([false, true])('is a claim that nobody joins (soft: %s)', (soft) => {
    let claim = claimOf(new Sliced().find('x'))
    const it = begun(
      (table) => {
        claim = claimOf(table.find('x'))
      },
      { by: 'all' },
      soft,
    )
    expect(claim.detached).toBe(false)
    expect(it.find('x').type).toBe('fetch')
    expect(claim.detached).toBe(true)
    const made = object({ key: 'x', position: claim.position })
    it.table.publish(claim, made, PLAIN, '', true)
    expect(it.table.complete(made)).toBe(false)
  })

  it.each([false, true])('is a claim whose answer is not kept (soft: %s)', (soft) => {
    let claim = claimOf(new Sliced().find('x'))
    const it = begun(
      (table) => {
        claim = claimOf(table.find('x'))
      },
      { by: 'host', host: 'a' },
      soft,
    )
    const [made, witness] = [object({ key: 'x', position: claim.position }), new Witness()]
    it.table.wait(claim, witness)
    it.table.publish(claim, made, PLAIN, '', true)
    expect([it.table.complete(made), witness.told]).toEqual([false, [{ type: 'again' }]])
  })

  it('is a claim of another host, which goes on', () => {
    let claim = claimOf(new Sliced().find('x'))
    const it = begun(
      (table) => {
        claim = claimOf(table.find(place(1, 'b')))
      },
      { by: 'host', host: 'a' },
    )
    expect(it.find(place(1, 'b'))).toMatchObject({ type: 'wait', claim })
  })

  it('is a claim of before another purge, which the sweep detaches, and one of after it, which goes on', async () => {
    let claim = claimOf(new Sliced().find('x'))
    const it = begun((table) => {
      claim = claimOf(table.find('x'))
    })
    const later = claimOf(it.find('y'))
    await it.finish()
    expect([claim.detached, later.detached]).toEqual([true, false])
  })

  it.each([false, true])('is a body that arrives, which nobody joins and which is not kept (soft: %s)', (soft) => {
    let made: ReturnType<typeof fillingFor> | null = null
    const it = begun(
      (sliced) => {
        made = fillingFor(sliced.table, { key: 'x', tags: ['t'] })
        sliced.table.publish(claimOf(sliced.find('x')), made.object, PLAIN, '', true)
      },
      { by: 'tags', tags: ['t'] },
      soft,
    )
    expect(it.find('x').type).toBe('fetch')
    const arriving = made as unknown as ReturnType<typeof fillingFor>
    arriving.filling.end({ type: 'complete' })
    expect(it.hit('x')).toBeNull()
  })

  it('is a body that arrives and is whole before the sweep comes to it: it is not kept, and counts', async () => {
    const it = new Sliced()
    for (let i = 0; i < COUNT; i++) it.keep({ key: place(i), tags: ['t'] })
    const { filling, object: made } = fillingFor(it.table, { key: 'x', tags: ['t'] })
    it.table.publish(claimOf(it.find('x')), made, PLAIN, '', true)
    const purge = it.begin({ by: 'tags', tags: ['t'] })
    filling.end({ type: 'complete' })
    await it.finish()
    expect([purge.objects, it.table.objects]).toEqual([COUNT + 1, 0])
  })

  it('is a refusal that binds nobody', () => {
    const it = begun((sliced) => sliced.table.remember('x', PLAIN, '', marker({ key: 'x' })))
    expect(it.find('x').type).toBe('fetch')
  })

  it('is a refusal that a soft purge leaves', () => {
    const it = begun((sliced) => sliced.table.remember('x', PLAIN, '', marker({ key: 'x' })), { by: 'all' }, true)
    expect(it.find('x').type).toBe('refused')
  })

  it('is a part that answers no range and is not completed', () => {
    const part = { first: 0, last: 9, total: 100 }
    const it = begun((sliced) => sliced.keep({ key: 'x', part, tags: ['t'] }), { by: 'tags', tags: ['t'] })
    expect(it.find('x', { range: 'bytes=1-2', covers: () => true }).type).toBe('fetch')
    expect(claimOf(it.find('x', { completesParts: true })).part).toBeNull()
  })

  it('is a stale object that is not handed to a fetch', () => {
    const it = begun((sliced) => sliced.keep({ key: 'x', ttl: 1, keep: 1000, tags: ['t'] }), { by: 'tags', tags: ['t'] })
    it.rig.clock.advance(10_000)
    expect(it.find('x')).toMatchObject({ type: 'fetch', stale: null, why: 'ABSENT' })
  })

  it('is any variant that a request takes that ignores Vary: the next one is looked for', () => {
    const names = ['x-v']
    const it = begun((sliced) => sliced.keep({ key: 'x', names, fields: { 'x-v': '1' }, tags: ['t'] }), { by: 'tags', tags: ['t'] })
    const other = it.keep({ key: 'x', names, fields: { 'x-v': '2' } })
    expect(it.hit('x', { ignoreVary: true })).toBe(other)
  })
})

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

  it('tells its URL and host only where the key does not, in memory of its own that is counted', () => {
    const [anew, plain] = [object({ key: '-1:x', target }), object({ key: place(1), target })]
    expect([anew.target, plain.target]).toEqual([target, null])
    const longer = object({ key: '-1:x', target: { url: `${target.url}0123456789`, host: target.host } })
    expect(longer.bytes - anew.bytes).toBe(10)
  })
})

describe('automatic invalidations', () => {
  it('by the hundred thousand leave every stored object a hit, although the log forgets most of them', () => {
    const it = new Sliced()
    const kept = Array.from({ length: COUNT }, (_, i) => it.keep({ key: place(i), tags: ['t'] }))
    for (let i = 0; i < 300_000; i++) it.table.purge(place(i, 'other'), false)
    expect(kept.every((one) => it.hit(one.key) === one)).toBe(true)
    // A fetch that began before them cannot be vouched for.
    expect(it.table.overtaken('never heard of', 0)).toBe('hard')
  })

  it('during a sweep leave alone what the sweep does not take', async () => {
    const it = new Sliced()
    const kept = Array.from({ length: COUNT }, (_, i) => it.keep({ key: place(i), tags: i % 2 === 0 ? ['t'] : [] }))
    it.begin({ by: 'host', host: 'b' })
    it.begin({ by: 'tags', tags: ['t'] })
    for (let i = 0; i < 150_000; i++) it.table.purge(place(i, 'other'), false)
    expect(kept.map((one) => it.hit(one.key))).toEqual(kept.map((one, i) => (i % 2 === 0 ? null : one)))
    await it.finish()
    expect(it.table.objects).toBe(COUNT / 2)
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
