import { describe, expect, it } from 'vitest'
import { ManualClock } from '../../src/clock.ts'
import { Counters } from '../../src/counters.ts'
import { Banning } from '../../src/invalidation/banning.ts'
import { BanLimitError, Bans } from '../../src/invalidation/bans.ts'
import { Invalidation } from '../../src/invalidation/invalidation.ts'
import { InvalidationLog } from '../../src/invalidation/log.ts'
import type { Claim } from '../../src/object/claim.ts'
import { Expiry } from '../../src/object/expiry.ts'
import { keyOf } from '../../src/object/key-text.ts'
import { LocalTable } from '../../src/object/local-table.ts'
import type { CachedObject } from '../../src/object/object.ts'
import { MemoryStore } from '../../src/storage/memory.ts'
import { BanError } from '../../vcl-ts/ban.ts'
import { HeaderMap } from '../../vcl-ts/headers.ts'
import { ask, claimOf, fillingFor, type ObjectOptions, object, Witness } from '../object/things.ts'

const PLAIN: readonly string[] = []
const VARY: readonly string[] = ['accept-language']

class Rig {
  readonly clock = new ManualClock()
  readonly counters = new Counters()
  readonly log = new InvalidationLog()
  readonly bans: Bans
  readonly table: LocalTable
  readonly banning: Banning
  readonly invalidation: Invalidation
  #lurkerAge: number

  /** With an age the lurker does nothing, unless time goes by. */
  constructor(lurkerAge: number, cap?: number) {
    this.#lurkerAge = lurkerAge
    const { clock, counters, log } = this
    const expiry = new Expiry(clock, (entry) => this.table.expire(entry))
    this.bans = new Bans({ clock, counters, knows: (name) => this.table.variesBy(name), ...(cap === undefined ? {} : { cap }) })
    this.table = new LocalTable({
      store: new MemoryStore(1024 ** 3),
      invalidations: log,
      bans: this.bans,
      now: () => clock.now(),
      variants: 64,
      counters,
      expiry,
    })
    this.banning = new Banning({ bans: this.bans, table: this.table, log, clock, counters, lurkerAge: () => this.#lurkerAge })
    this.invalidation = new Invalidation(this.table, this.banning)
  }

  wake(): void {
    this.#lurkerAge = 0
    this.clock.advance(100_000)
  }

  keep(url: string, options: ObjectOptions & { names?: readonly string[]; variant?: string } = {}): CachedObject {
    const { names = PLAIN, variant = '', ...init } = options
    const made = object({ key: keyOf({ url, host: 'a' }), position: this.table.position, ttl: 1_000_000, ...init })
    this.table.publish(null, made, names, variant, true)
    expect(this.table.complete(made)).toBe(true)
    return made
  }

  claim(url: string): Claim {
    return claimOf(this.table.find(ask({ key: keyOf({ url, host: 'a' }) })))
  }

  hit(url: string, variant: string = ''): CachedObject | null {
    const found = this.table.find(ask({ key: keyOf({ url, host: 'a' }), now: this.clock.now(), variant: () => variant, solitary: true }))
    return found.type === 'object' ? found.object : null
  }

  ban(expression: string): unknown {
    return this.invalidation.purge({ by: 'ban', expression }, false)
  }
}

describe('a ban', () => {
  it('of a small cache is done when it is answered', async () => {
    const it = new Rig(0)
    for (let i = 0; i < 10; i++) it.keep(`/${i}`, { status: i < 4 ? 404 : 200 })
    expect(it.ban('obj.status == 404')).toEqual({ objects: 4, complete: true, id: '1' })
    expect([it.table.objects, it.hit('/0'), it.hit('/9')?.status]).toEqual([6, null, 200])
    expect([it.counters.get('bans_lurker_obj_killed'), it.counters.reasonCount('evict', 'banned')]).toEqual([4, 4])
    expect(await it.invalidation.bans()).toMatchObject([{ expression: 'obj.status == 404', state: 'completed', objects: 4, references: 0 }])
  })

  it('is in force before the lurker begins: each older object is tested once, when it is asked for', async () => {
    const it = new Rig(60)
    const kept = ['/a/1', '/a/2', '/b/1'].map((url) => it.keep(url))
    expect(it.ban('obj.url ~ ^/a/')).toEqual({ objects: 0, complete: false, id: '1' })
    expect(await it.invalidation.bans()).toMatchObject([{ state: 'active', references: 3, objects: 0 }])
    expect([it.hit('/a/1'), it.hit('/b/1'), it.hit('/b/1')]).toEqual([null, kept[2], kept[2]])
    expect(it.counters.get('bans_tested')).toBe(2)
    expect(await it.invalidation.bans()).toMatchObject([{ references: 1, objects: 1 }])
    it.wake()
    expect(await it.invalidation.bans()).toMatchObject([{ state: 'completed', references: 0, objects: 2 }])
    expect(it.table.objects).toBe(1)
  })

  it.each([
    ['obj.url == /x', true],
    ['req.url == /y', false],
    ['obj.host == a', true],
    ['req.http.host == b', false],
    ['obj.http.content-type ~ html', true],
    ['obj.http.x-none ~ .', false],
    ['obj.http.x-none !~ .', true],
    ['req.http.accept-language == de', true],
    ['req.http.accept-language == en', false],
    ['obj.tags has "two"', true],
    ['obj.tags has "tw"', false],
    ['obj.age > 5s', true],
    ['obj.age > 50s', false],
    ['obj.ttl < 91s && obj.grace == 3s && obj.keep == 4s', true],
  ])('sees what was stored: %s', (expression, goes) => {
    const it = new Rig(0)
    it.keep('/x', {
      names: VARY,
      variant: 'http accept-language:2:de',
      headers: HeaderMap.of([['Content-Type', 'text/html']]),
      tags: ['one', 'two'],
      ttl: 100,
      grace: 3,
      keep: 4,
    })
    it.clock.advance(10_000)
    expect(it.ban(expression)).toMatchObject({ objects: goes ? 1 : 0 })
  })

  it('sees what was asked for under a key that a policy made anew', () => {
    const it = new Rig(0)
    it.keep('', { key: '-1:x', target: { url: '/shop/1', host: 'a.example' } })
    expect(it.ban('obj.url ~ ^/blog && obj.host == a.example')).toMatchObject({ objects: 0 })
    expect(it.ban('obj.url ~ ^/shop && obj.host == a.example')).toMatchObject({ objects: 1 })
  })

  it('of a request field is refused as long as Vary names it nowhere', () => {
    const it = new Rig(0)
    const before = it.table.position
    expect(() => it.ban('req.http.accept-language == de')).toThrow(BanError)
    expect(it.table.position).toBe(before)
    it.keep('/x', { names: VARY, variant: 'http accept-language:2:de' })
    expect(it.ban('req.http.accept-language == de')).toMatchObject({ objects: 1 })
  })

  it('is not outlived by what was on its way: it is not kept, and who came since looks again', async () => {
    const it = new Rig(0)
    const claim = it.claim('/x')
    const [early, late] = [new Witness(), new Witness()]
    it.table.wait(claim, early)
    it.ban('obj.url == /x')
    it.table.wait(claim, late)
    expect(await it.invalidation.bans()).toMatchObject([{ state: 'active' }])
    const made = object({ key: claim.key, position: claim.position })
    it.table.publish(claim, made, PLAIN, '', true)
    expect([early, late].map(({ told }) => told.map(({ type }) => type))).toEqual([['object'], ['again']])
    expect([it.table.complete(made), it.table.objects]).toEqual([false, 0])
    expect(await it.invalidation.bans()).toMatchObject([{ state: 'completed' }])
  })

  it('lets nobody join a body that arrives, and keeps nothing of it', () => {
    const it = new Rig(60)
    const claim = it.claim('/x')
    const { filling, object: made } = fillingFor(it.table, { key: claim.key, position: claim.position })
    it.table.publish(claim, made, PLAIN, '', true)
    expect(it.hit('/x')).toBe(made)
    it.ban('obj.url == /x')
    expect(it.hit('/x')).toBeNull()
    filling.end({ type: 'complete' })
    expect(it.table.objects).toBe(0)
  })

  it('reaches a body that arrives by the lurker, so that a long one does not keep the ban', async () => {
    const it = new Rig(0)
    const claim = it.claim('/x')
    const { object: made } = fillingFor(it.table, { key: claim.key, position: claim.position })
    it.table.publish(claim, made, PLAIN, '', true)
    expect(it.ban('obj.url == /x')).toEqual({ objects: 1, complete: true, id: '1' })
    expect([it.hit('/x'), (await it.invalidation.bans())[0]?.state]).toEqual([null, 'completed'])
  })

  it('reaches a part that is in no place yet when it is complete', () => {
    const it = new Rig(60)
    const part = object({ key: keyOf({ url: '/x', host: 'a' }), part: { first: 0, last: 1, total: 9 } })
    it.table.publish(null, part, PLAIN, '', true)
    it.ban('obj.url == /x')
    expect(it.table.complete(part)).toBe(false)
  })

  it('makes a stale object useless for a 304 and for errors', async () => {
    const it = new Rig(60)
    const [stale, other] = [it.keep('/x'), it.keep('/y')]
    const position = it.table.position
    it.ban('obj.url == /x')
    expect([it.table.outdated(stale, position), it.table.outdated(other, position)]).toEqual(['hard', 'valid'])
    expect(it.table.outdated(stale, position)).toBe('hard')
    expect(await it.invalidation.bans()).toMatchObject([{ objects: 1 }])
  })

  it('leaves alone what is stored after it', () => {
    const it = new Rig(60)
    it.ban('obj.url ~ .*')
    const kept = it.keep('/x')
    expect(it.hit('/x')).toBe(kept)
    it.wake()
    expect(it.hit('/x')).toBe(kept)
  })

  it('waits with its end for fetches that began before it, and for no others', async () => {
    const it = new Rig(0)
    const before = it.claim('/before')
    it.ban('obj.url == /a')
    const after = it.claim('/after')
    expect(await it.invalidation.bans()).toMatchObject([{ state: 'active' }])
    it.table.release(before, { type: 'again' })
    expect(await it.invalidation.bans()).toMatchObject([{ state: 'completed' }])
    expect(it.bans.newest).toBe(0)
    it.table.release(after, { type: 'again' })
  })

  it('that was forgotten is not outlived by a fetch that nobody knew of', async () => {
    const it = new Rig(0)
    const made = object({ key: keyOf({ url: '/x', host: 'a' }), position: it.table.position })
    it.ban('obj.url == /x')
    expect(await it.invalidation.bans()).toMatchObject([{ state: 'completed' }])
    it.table.publish(null, made, PLAIN, '', true)
    expect([it.table.complete(made), it.table.outdated(made, 0)]).toEqual([false, 'hard'])
  })

  it('of a large cache is answered when the lurker is through, or after a while with what it has come to', async () => {
    const it = new Rig(0)
    for (let i = 0; i < 100; i++) it.keep(`/${i}`)
    let tests = 0
    // The clock stands still but for the tests: five fit into a slice.
    const { test } = it.table
    it.table.test = async (one) => {
      tests++
      if (tests <= 50) it.clock.advance(1)
      test.call(it.table, one)
    }
    const answer = it.ban('obj.url ~ .*')
    expect(answer).toBeInstanceOf(Promise)
    expect(it.table.objects).toBeGreaterThan(90)
    expect(await answer).toEqual({ objects: 100, complete: true, id: '1' })
    for (let i = 0; i < 100; i++) it.keep(`/${i}`)
    tests = 0
    const second = it.ban('obj.url ~ ^/')
    it.clock.advance(200)
    expect(await second).toMatchObject({ complete: false })
    expect([it.hit('/99'), (await it.invalidation.bans())[0]?.references]).toEqual([null, expect.any(Number)])
    it.banning.stop()
  })

  it('says how many it would take, and changes nothing', async () => {
    const it = new Rig(0)
    for (let i = 0; i < 10; i++) it.keep(`/${i}`, { status: i < 4 ? 404 : 200 })
    expect(await it.invalidation.count({ by: 'ban', expression: 'obj.status == 404' })).toBe(4)
    expect([it.table.objects, it.bans.size, it.table.position, it.counters.get('bans_tested')]).toEqual([10, 0, 0, 0])
    await expect(it.invalidation.count({ by: 'ban', expression: 'nonsense' })).rejects.toThrow(BanError)
  })

  it('above the cap is refused, and the list is as it was', () => {
    const it = new Rig(60, 2)
    it.keep('/x')
    it.ban('obj.url == /1')
    it.ban('obj.url == /2')
    const before = it.table.position
    expect(() => it.ban('obj.url == /3')).toThrow(BanLimitError)
    expect([it.bans.size, it.table.position]).toEqual([2, before])
    it.wake()
    expect(it.ban('obj.url == /3')).toMatchObject({ complete: true })
  })

  it('by the hundred thousand stays bounded, and look-ups stay right', async () => {
    const it = new Rig(0)
    const kept = it.keep('/kept')
    const claim = it.claim('/under-way')
    let refused = 0
    for (let i = 0; i < 100_000; i++) {
      if (i === 50_000) it.table.release(claim, { type: 'again' })
      try {
        it.ban(`obj.url == /${i}`)
      } catch (error) {
        expect(error).toBeInstanceOf(BanLimitError)
        refused++
      }
    }
    expect([refused, it.bans.size, (await it.invalidation.bans()).length]).toEqual([49_000, 0, 100])
    expect(it.hit('/kept')).toBe(kept)
  })
})
