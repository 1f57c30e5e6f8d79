import { describe, expect, it } from 'vitest'
import type { CachedObject } from '../../src/object/object.ts'
import type { SubjectPurge } from '../../src/object/subject.ts'
import { COUNT, place, Sliced, SUBJECTS } from './sliced.ts'
import { claimOf, fillingFor, marker, object, Witness } from './things.ts'

const PLAIN: readonly string[] = []

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
  /** A key that comes late where all are walked through: in which order they come differs from process to process. */
  const LATE = ((): string => {
    const it = new Sliced()
    const keys = Array.from({ length: 20 }, (_, i) => `x${i}`)
    for (const key of [...keys, ...Array.from({ length: COUNT }, (_, i) => place(i))]) it.keep({ key })
    return Array.from(it.table.stored(), ({ key }) => key).findLast((key) => keys.includes(key)) as string
  })()

  /** A table in which a purge of all has begun, and the last keys are far behind its first slice. */
  function begun(before: (it: Sliced) => void, subject: SubjectPurge = { by: 'all' }, soft: boolean = false): Sliced {
    const it = new Sliced()
    for (let i = 0; i < COUNT; i++) it.keep({ key: place(i), tags: ['t'] })
    before(it)
    it.begin(subject, soft)
    return it
  }

  it.each([false, true])('is a claim for which one waits to look again (soft: %s)', (soft) => {
    let claim = claimOf(new Sliced().find(LATE))
    const it = begun(
      (table) => {
        claim = claimOf(table.find(LATE))
      },
      { by: 'all' },
      soft,
    )
    expect(claim.detached).toBe(false)
    expect(it.find(LATE)).toMatchObject({ type: 'wait', claim })
    expect(claim.detached).toBe(true)
    const made = object({ key: LATE, position: claim.position })
    it.table.publish(claim, made, PLAIN, '', true)
    expect(it.table.complete(made)).toBe(false)
  })

  it.each([false, true])('is a claim whose answer is not kept (soft: %s)', (soft) => {
    let claim = claimOf(new Sliced().find(LATE))
    const it = begun(
      (table) => {
        claim = claimOf(table.find(LATE))
      },
      { by: 'host', host: 'a' },
      soft,
    )
    const [made, witness] = [object({ key: LATE, position: claim.position }), new Witness()]
    it.table.wait(claim, witness)
    it.table.publish(claim, made, PLAIN, '', true)
    expect([it.table.complete(made), witness.told]).toEqual([false, [{ type: 'again' }]])
  })

  it('is a claim of another host, which goes on', () => {
    let claim = claimOf(new Sliced().find(LATE))
    const it = begun(
      (table) => {
        claim = claimOf(table.find(place(1, 'b')))
      },
      { by: 'host', host: 'a' },
    )
    expect(it.find(place(1, 'b'))).toMatchObject({ type: 'wait', claim })
  })

  it('is a claim of before another purge, which the sweep detaches, and one of after it, which goes on', async () => {
    let claim = claimOf(new Sliced().find(LATE))
    const it = begun((table) => {
      claim = claimOf(table.find(LATE))
    })
    const later = claimOf(it.find('y'))
    await it.finish()
    expect([claim.detached, later.detached]).toEqual([true, false])
  })

  it.each([false, true])('is a body that arrives, which nobody joins and which is not kept (soft: %s)', (soft) => {
    let made: ReturnType<typeof fillingFor> | null = null
    const it = begun(
      (sliced) => {
        made = fillingFor(sliced.table, { key: LATE, tags: ['t'] })
        sliced.table.publish(claimOf(sliced.find(LATE)), made.object, PLAIN, '', true)
      },
      { by: 'tags', tags: ['t'] },
      soft,
    )
    expect(it.find(LATE).type).toBe('fetch')
    const arriving = made as unknown as ReturnType<typeof fillingFor>
    arriving.filling.end({ type: 'complete' })
    expect(it.hit(LATE)).toBeNull()
  })

  it('is a body that arrives and is whole before the sweep comes to it: it is not kept, and counts', async () => {
    const it = new Sliced()
    for (let i = 0; i < COUNT; i++) it.keep({ key: place(i), tags: ['t'] })
    const { filling, object: made } = fillingFor(it.table, { key: LATE, tags: ['t'] })
    it.table.publish(claimOf(it.find(LATE)), made, PLAIN, '', true)
    const purge = it.begin({ by: 'tags', tags: ['t'] })
    filling.end({ type: 'complete' })
    await it.finish()
    expect([purge.objects, it.table.objects]).toEqual([COUNT + 1, 0])
  })

  it('is a refusal that binds nobody', () => {
    const it = begun((sliced) => sliced.table.remember(LATE, PLAIN, '', marker({ key: LATE })))
    expect(it.find(LATE).type).toBe('fetch')
  })

  it('is a refusal that a soft purge leaves', () => {
    const it = begun((sliced) => sliced.table.remember(LATE, PLAIN, '', marker({ key: LATE })), { by: 'all' }, true)
    expect(it.find(LATE).type).toBe('refused')
  })

  it('is a part that answers no range and is not completed', () => {
    const part = { first: 0, last: 9, total: 100 }
    const it = begun((sliced) => sliced.keep({ key: LATE, part, tags: ['t'] }), { by: 'tags', tags: ['t'] })
    expect(it.find(LATE, { range: 'bytes=1-2', covers: () => true }).type).toBe('fetch')
    expect(claimOf(it.find(LATE, { completesParts: true })).part).toBeNull()
  })

  it('is a stale object that is not handed to a fetch', () => {
    const it = begun((sliced) => sliced.keep({ key: LATE, ttl: 1, keep: 1000, tags: ['t'] }), { by: 'tags', tags: ['t'] })
    it.rig.clock.advance(10_000)
    expect(it.find(LATE)).toMatchObject({ type: 'fetch', stale: null, why: 'ABSENT' })
  })

  it('is any variant that a request takes that ignores Vary: the next one is looked for', () => {
    const names = ['x-v']
    const it = begun((sliced) => sliced.keep({ key: LATE, names, fields: { 'x-v': '1' }, tags: ['t'] }), { by: 'tags', tags: ['t'] })
    const other = it.keep({ key: LATE, names, fields: { 'x-v': '2' } })
    expect(it.hit(LATE, { ignoreVary: true })).toBe(other)
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
