/** What every object table has to do. */
import { beforeEach, describe, expect, it } from 'vitest'
import type { ManualClock } from '../../src/clock.ts'
import type { Claim } from '../../src/object/claim.ts'
import type { CachedObject } from '../../src/object/object.ts'
import type { ObjectStore } from '../../src/object/store.ts'
import type { ObjectTable } from '../../src/object/table.ts'
import { type Ask, ask, claimOf, fillingFor, MIB, marker, type ObjectOptions, object, Reader, variantOf, Witness } from './things.ts'

export interface TableRig {
  /** Whether room is made object by object, so that a budget of a few objects can be told. */
  readonly exact: boolean
  readonly clock: ManualClock
  readonly store: Pick<ObjectStore, 'has' | 'count' | 'remove'>
  readonly table: ObjectTable & { readonly keys: number; readonly tags: number }
}

const PLAIN: readonly string[] = []
const LANGUAGE = ['accept-language']
const OTHER = { type: 'again' } as const

export function tableContract(name: string, make: (options?: { budget?: number; variants?: number }) => TableRig): void {
  describe(name, () => {
    let clock: ManualClock
    let store: TableRig['store']
    let table: TableRig['table']
    let exact: boolean

    function fresh(options?: { budget?: number; variants?: number }): void {
      ;({ clock, store, table, exact } = make(options))
    }

    beforeEach(() => fresh())

    /** Stores an object as a fetch under a claim does. */
    function keep(options: ObjectOptions & { names?: readonly string[]; fields?: Record<string, string>; asks?: Ask } = {}): CachedObject {
      const { names = PLAIN, fields = {}, asks = {}, ...init } = options
      const claim = claimOf(table.find(ask({ now: clock.now(), fields, alwaysMiss: true, key: init.key ?? 'k', ...asks })))
      const made = object({ position: claim.position, at: clock.now(), ...init })
      table.publish(claim, made, names, variantOf(names, fields), true)
      expect(table.complete(made)).toBe(true)
      return made
    }

    function find(asks: Ask = {}): ReturnType<ObjectTable['find']> {
      return table.find(ask({ now: clock.now(), ...asks }))
    }

    function hit(asks: Ask = {}): CachedObject | null {
      const found = find(asks)
      if (found.type === 'fetch' && found.claim !== null) table.release(found.claim, OTHER)
      return found.type === 'object' ? found.object : null
    }

    function counts(): [objects: number, entries: number, keys: number] {
      return [table.objects, store.count, table.keys]
    }

    describe('finding and claiming', () => {
      it('gives the first who asks the claim and lets everybody else wait for it', () => {
        const first = find()
        expect(first).toMatchObject({ type: 'fetch', why: 'ABSENT', stale: null })
        const claim = claimOf(first)
        expect(claim).toMatchObject({ key: 'k', kind: 'whole', range: null, released: false, detached: false, attempt: 0, waiters: 0 })
        expect(find()).toEqual({ type: 'wait', claim, stale: null })
        expect(find({ key: 'another' })).toMatchObject({ type: 'fetch' })
      })

      it('gives a claim anew once the first has been given up', () => {
        const claim = claimOf(find())
        table.release(claim, OTHER)
        expect(find().type).toBe('fetch')
      })

      it('finds what is stored, and counts its hits', () => {
        const kept = keep()
        expect(find()).toEqual({ type: 'object', object: kept, freshness: 'fresh', claim: null })
        expect(kept.hits).toBe(1)
      })

      it('finds for nobody what was stored for another variant without names, be it of another scheme', () => {
        const kept = keep()
        const other = claimOf(find({ variant: () => 'https' }))
        expect([hit(), find({ variant: () => 'https' }).type]).toEqual([kept, 'wait'])
        table.release(other, OTHER)
        expect(hit({ variant: () => 'https', ignoreVary: true })).toBe(kept)
      })

      it('finds what is stored as it is after each change beside it', async () => {
        const first = keep({ key: 'a' })
        const arriving = fillingFor(table, { key: 'a', at: clock.now() })
        table.publish(null, arriving.object, PLAIN, variantOf(PLAIN, {}), true)
        expect([hit({ key: 'a' }), hit({ key: 'a', ignoreBusy: true })]).toEqual([arriving.object, first])
        table.discard(arriving.object)
        expect(hit({ key: 'a' })).toBe(first)
        const english = keep({ key: 'a', names: LANGUAGE, fields: { 'accept-language': 'en' } })
        expect([hit({ key: 'a', fields: { 'accept-language': 'en' } }), hit({ key: 'a' })]).toEqual([english, first])
        table.discard(first)
        expect([hit({ key: 'a' }), table.keys]).toEqual([null, 1])
        table.discard(english)
        expect([table.keys, hit({ key: 'a', solitary: true })]).toEqual([0, null])
        const second = keep({ key: 'a' })
        await table.purge('b', false)
        expect([hit({ key: 'a' }), hit({ key: 'a' }), second.hits, second.checked]).toEqual([second, second, 2, table.position])
        clock.advance(61_000)
        expect(hit({ key: 'a' })).toBeNull()
      })

      it('holds what a look-up finds in its place, as long as nothing else arrives there', async () => {
        const first = keep()
        expect(table.holds(first)).toBe(true)
        const arriving = fillingFor(table, { at: clock.now() })
        table.publish(null, arriving.object, PLAIN, variantOf(PLAIN, {}), true)
        expect(table.holds(first)).toBe(false)
        table.discard(arriving.object)
        expect(table.holds(first)).toBe(true)
        const second = keep()
        expect([table.holds(first), table.holds(second)]).toEqual([false, true])
        await table.purge('k', false)
        expect([table.holds(first), table.holds(second)]).toEqual([false, false])
        expect(table.holds(object())).toBe(false)
      })

      it('lets the two classes fetch side by side', () => {
        const anonymous = claimOf(find())
        const credentialed = claimOf(find({ credentialed: true }))
        expect(credentialed).not.toBe(anonymous)
        expect(find({ credentialed: true })).toMatchObject({ type: 'wait', claim: credentialed })
        expect(find()).toMatchObject({ type: 'wait', claim: anonymous })
      })

      it('serves what may be shared to both classes', () => {
        const kept = keep({ asks: { credentialed: true } })
        expect([hit(), hit({ credentialed: true })]).toEqual([kept, kept])
      })

      it('lets different ranges and the whole fetch side by side, and equal ranges wait for each other', () => {
        const whole = claimOf(find())
        const range = claimOf(find({ range: 'bytes=0-1' }))
        expect(range).toMatchObject({ kind: 'range', range: 'bytes=0-1' })
        expect(claimOf(find({ range: 'bytes=2-3' }))).not.toBe(range)
        expect(find({ range: 'bytes=0-1' })).toMatchObject({ type: 'wait', claim: range })
        expect(find()).toMatchObject({ type: 'wait', claim: whole })
      })

      it('predicts the variant of an answer by the newest list of names under the key', () => {
        keep({ names: LANGUAGE, fields: { 'accept-language': 'en' } })
        const german = claimOf(find({ fields: { 'accept-language': 'de' } }))
        expect(find({ fields: { 'accept-language': 'fr' } })).toMatchObject({ type: 'fetch', why: 'VARY' })
        expect(find({ fields: { 'accept-language': 'de' } })).toMatchObject({ type: 'wait', claim: german })
      })

      it('finds each variant under the names that it was stored with', () => {
        const plain = keep()
        const english = keep({ names: LANGUAGE, fields: { 'accept-language': 'en' } })
        expect(hit({ fields: { 'accept-language': 'en' } })).toBe(english)
        expect(hit({ fields: { 'accept-language': 'de' } })).toBe(plain)
      })

      it('asks whether another variant matches, too, and takes it then', () => {
        const english = keep({ names: LANGUAGE, fields: { 'accept-language': 'en' } })
        const asked: string[] = []
        const alsoMatches: Ask['alsoMatches'] = (candidate, names) => {
          asked.push(names.join())
          return candidate === english
        }
        expect(hit({ fields: { 'accept-language': 'en-GB' }, alsoMatches })).toBe(english)
        expect(asked).toEqual(['accept-language'])
      })

      it('takes any variant for a request that ignores Vary', () => {
        const english = keep({ names: LANGUAGE, fields: { 'accept-language': 'en' } })
        expect(hit({ fields: { 'accept-language': 'de' }, ignoreVary: true })).toBe(english)
      })

      it('lets who always misses and who ignores the busy fetch at once, under claims of their own', () => {
        keep()
        const forced = find({ alwaysMiss: true })
        expect(forced).toMatchObject({ type: 'fetch', why: 'FORCED' })
        expect(claimOf(find({ alwaysMiss: true }))).not.toBe(claimOf(forced))
        const first = claimOf(find({ key: 'b' }))
        expect(claimOf(find({ key: 'b', ignoreBusy: true }))).not.toBe(first)
      })

      it('gives a solitary request neither a claim nor a queue, and remembers nothing of it', () => {
        expect(find({ solitary: true })).toEqual({ type: 'fetch', claim: null, stale: null, why: 'ABSENT' })
        expect(counts()).toEqual([0, 0, 0])
        claimOf(find())
        expect(find({ solitary: true })).toMatchObject({ type: 'fetch', claim: null })
      })
    })

    describe('what is stale', () => {
      it('is served in grace with the claim to refresh it for one, and without for the others', () => {
        const kept = keep({ ttl: 10, grace: 10 })
        clock.advance(15_000)
        const first = find()
        expect(first).toMatchObject({ type: 'object', object: kept, freshness: 'grace' })
        expect(claimOf(first)).toMatchObject({ stale: kept, kind: 'whole' })
        expect(find()).toEqual({ type: 'object', object: kept, freshness: 'grace', claim: null })
      })

      it('is refreshed once, also when ranges of it are asked for', () => {
        keep({ ttl: 10, grace: 10 })
        clock.advance(15_000)
        expect(claimOf(find({ range: 'bytes=0-1' })).range).toBeNull()
        expect(find({ range: 'bytes=0-1' })).toMatchObject({ type: 'object', claim: null })
        expect(find()).toMatchObject({ type: 'object', claim: null })
      })

      it('gives no claim to refresh it to a solitary request', () => {
        keep({ ttl: 10, grace: 10 })
        clock.advance(15_000)
        expect(find({ solitary: true })).toMatchObject({ type: 'object', claim: null })
      })

      it('gives no claim to refresh it before the pause after a failure is over', () => {
        const kept = keep({ ttl: 10, grace: 100 })
        clock.advance(15_000)
        kept.failed(1, 20_000)
        expect(find()).toMatchObject({ type: 'object', claim: null })
        clock.advance(5000)
        expect(claimOf(find()).stale).toBe(kept)
      })

      it('is handed to the claim past its grace, and to those who wait', () => {
        const kept = keep({ ttl: 10, keep: 100 })
        clock.advance(15_000)
        const found = find()
        expect(found).toMatchObject({ type: 'fetch', stale: kept, why: 'EXPIRED' })
        expect(find()).toEqual({ type: 'wait', claim: claimOf(found), stale: kept })
      })

      it('is served at once after a failure a moment ago, where errors allow, but not to who insists', () => {
        const kept = keep({ ttl: 10, staleIfError: 100 })
        clock.advance(15_000)
        kept.failed(1, 20_000)
        expect(find()).toEqual({ type: 'object', object: kept, freshness: 'stale', claim: null })
        expect(find({ demanding: true })).toMatchObject({ type: 'fetch', stale: kept })
      })

      it('stays until its successor is whole, and through a fill that breaks', () => {
        const kept = keep({ ttl: 10, grace: 100 })
        clock.advance(15_000)
        const { filling, object: next } = fillingFor(table, { at: clock.now(), ttl: 0 })
        table.publish(claimOf(find()), next, PLAIN, '', true)
        filling.chunk(Buffer.from('half'))
        expect(hit()).toBe(kept)
        filling.abort(new Error('broken'))
        expect(hit()).toBe(kept)
        expect(counts()).toEqual([1, 1, 1])
      })
    })

    describe('publishing', () => {
      it('lets everybody join what arrives, and stores it once it is whole', () => {
        const claim = claimOf(find())
        const { filling, object: made } = fillingFor(table)
        table.publish(claim, made, PLAIN, '', true)
        expect(claim.released).toBe(true)
        expect([hit(), hit({ credentialed: true })]).toEqual([made, made])
        expect(counts()).toEqual([0, 0, 1])
        filling.chunk(Buffer.from('all'))
        filling.end({ type: 'complete' })
        expect(counts()).toEqual([1, 1, 1])
        expect(hit()).toBe(made)
        if (exact) expect(table.bytes).toBe(made.bytes)
      })

      it('gives waiters the object with its real names, in the order in which they came, even when its ttl is 0', () => {
        const claim = claimOf(find())
        const order: number[] = []
        for (const i of [1, 2, 3]) table.wait(claim, { released: () => order.push(i) })
        const witness = new Witness()
        table.wait(claim, witness)
        expect(claim.waiters).toBe(4)
        const made = object({ ttl: 0 })
        table.publish(claim, made, LANGUAGE, 'accept-language=en', false)
        expect(order).toEqual([1, 2, 3])
        expect(witness.told).toEqual([{ type: 'object', object: made, names: LANGUAGE, variant: 'accept-language=en' }])
        expect(table.complete(made)).toBe(false)
        expect(counts()).toEqual([0, 0, 0])
      })

      it('lets nobody join what is not fresh while it arrives', () => {
        const claim = claimOf(find())
        const { object: made } = fillingFor(table, { ttl: 0 })
        table.publish(claim, made, PLAIN, '', false)
        expect(find().type).toBe('fetch')
      })

      it('lets who ignores the busy join nothing that arrives', () => {
        const { object: made } = fillingFor(table)
        table.publish(claimOf(find()), made, PLAIN, '', true)
        expect(find({ ignoreBusy: true }).type).toBe('fetch')
      })

      it('forgets at once what broke or is not to be kept', () => {
        const { filling, object: made } = fillingFor(table)
        table.publish(claimOf(find()), made, PLAIN, '', true)
        filling.abort(new Error('broken'))
        expect(counts()).toEqual([0, 0, 0])
        table.discard(made)
        expect(table.complete(made)).toBe(false)
      })

      it('forgets a stored object that is discarded', () => {
        table.discard(keep())
        expect(counts()).toEqual([0, 0, 0])
      })

      it('supersedes the object of the same variant and no other', () => {
        const english = keep({ names: LANGUAGE, fields: { 'accept-language': 'en' } })
        const german = keep({ names: LANGUAGE, fields: { 'accept-language': 'de' } })
        const newer = keep({ names: LANGUAGE, fields: { 'accept-language': 'en' } })
        expect(store.has(english)).toBe(false)
        expect([hit({ fields: { 'accept-language': 'en' } }), hit({ fields: { 'accept-language': 'de' } })]).toEqual([newer, german])
        expect(counts()).toEqual([2, 2, 1])
      })

      it('evicts nothing for a successor that is no larger', () => {
        if (!exact) return
        const room = object().bytes
        fresh({ budget: room * 2 + 10 })
        const bystander = keep({ key: 'a' })
        keep({ key: 'b' })
        const successor = keep({ key: 'b' })
        expect([store.has(bystander), store.has(successor)]).toEqual([true, true])
      })

      it('keeps an object as it is when it is told twice that it is complete', () => {
        const kept = keep()
        expect(table.complete(kept)).toBe(true)
        expect(counts()).toEqual([1, 1, 1])
        store.remove(kept, 'lru')
        expect(hit()).toBeNull()
        expect(counts()).toEqual([0, 0, 0])
      })

      it('stores the newer of two fills of one variant, whichever ends first', () => {
        const [older, newer] = [fillingFor(table), fillingFor(table)]
        const first = claimOf(find())
        const second = claimOf(find({ ignoreBusy: true }))
        table.publish(first, older.object, PLAIN, '', true)
        table.publish(second, newer.object, PLAIN, '', true)
        newer.filling.end({ type: 'complete' })
        older.filling.end({ type: 'complete' })
        expect(hit()).toBe(newer.object)
        expect(counts()).toEqual([1, 1, 1])
      })

      it('serves its fetch but stores nothing that does not fit in the budget', () => {
        if (!exact) return
        fresh({ budget: 1000 })
        const claim = claimOf(find())
        const made = object({ fieldLines: 'x'.repeat(2000) })
        const witness = new Witness()
        table.wait(claim, witness)
        table.publish(claim, made, PLAIN, '', true)
        expect(table.complete(made)).toBe(false)
        expect(witness.told[0]).toMatchObject({ type: 'object' })
        expect(counts()).toEqual([0, 0, 0])
      })

      it('publishes without a claim, too', () => {
        const made = object()
        table.publish(null, made, PLAIN, '', true)
        table.complete(made)
        expect(hit()).toBe(made)
      })
    })

    describe('claims', () => {
      it('end once: the first outcome is told, a second is ignored', () => {
        const claim = claimOf(find())
        const witness = new Witness()
        table.wait(claim, witness)
        const cause = new Error('the origin')
        table.release(claim, { type: 'failed', cause, page: null })
        table.release(claim, OTHER)
        table.refuse(claim, PLAIN, '', null, false)
        expect(witness.told).toEqual([{ type: 'failed', cause, page: null }])
        expect(claim.released).toBe(true)
        expect(table.keys).toBe(0)
      })

      it('tell nothing to who has left the queue', () => {
        const claim = claimOf(find())
        const [stays, leaves] = [new Witness(), new Witness()]
        table.wait(claim, stays)
        const leave = table.wait(claim, leaves)
        leave()
        leave()
        expect(claim.waiters).toBe(1)
        table.release(claim, OTHER)
        expect([stays.told.length, leaves.told.length]).toEqual([1, 0])
      })

      it('tell ten thousand waiters once each, in slices, and nothing to who leaves meanwhile', async () => {
        const claim = claimOf(find())
        const witnesses = Array.from({ length: 10_000 }, () => new Witness())
        const leaves = witnesses.map((witness) => table.wait(claim, witness))
        table.release(claim, OTHER)
        const told = (): number => witnesses.reduce((sum, witness) => sum + witness.told.length, 0)
        expect(told()).toBeGreaterThan(0)
        expect(told()).toBeLessThan(1000)
        for (const leave of leaves.slice(-1000)) leave()
        for (let before = -1; before !== told(); ) {
          before = told()
          await new Promise<void>((resolve) => setImmediate(resolve))
        }
        expect(witnesses.map((witness) => witness.told.length)).toEqual([...Array(9000).fill(1), ...Array(1000).fill(0)])
        expect(claim.waiters).toBe(0)
      })

      it('keep byte 0 of a body that is not stored for waiters who are told later', async () => {
        const claim = claimOf(find())
        const readers = Array.from({ length: 1000 }, () => new Reader())
        const { filling, object: made } = fillingFor(table, { ttl: 0 }, false)
        for (const reader of readers) table.wait(claim, { released: () => made.body.read(reader) })
        table.publish(claim, made, PLAIN, '', false)
        for (let i = 0; i < 20; i++) {
          filling.chunk(Buffer.alloc(10_000, i))
          await new Promise<void>((resolve) => setImmediate(resolve))
        }
        filling.end({ type: 'complete' })
        const wrong = readers.filter((reader) => reader.ends.join() !== 'complete' || reader.bytes.length !== 200_000)
        expect(wrong).toHaveLength(0)
      })

      it('count the failures of those who wait', () => {
        expect(claimOf(find({ attempt: 1 })).attempt).toBe(1)
      })

      it('leave no key behind, in whatever way they end', async () => {
        table.release(claimOf(find({ key: 'a' })), OTHER)
        table.release(claimOf(find({ key: 'b' })), { type: 'failed', cause: new Error('x'), page: null })
        table.refuse(claimOf(find({ key: 'c' })), PLAIN, '', null, false)
        await table.purge('d', false)
        const overtaken = claimOf(find({ key: 'e' }))
        await table.purge('e', false)
        expect(counts()).toEqual([0, 0, 1])
        table.release(overtaken, OTHER)
        expect(counts()).toEqual([0, 0, 0])
      })
    })

    describe('refusals', () => {
      it('free the waiters and send their class to the origin until their time is over', () => {
        const claim = claimOf(find())
        const witness = new Witness()
        table.wait(claim, witness)
        const refusal = marker({ until: 5000 })
        table.refuse(claim, PLAIN, '', refusal, false)
        expect(witness.told).toEqual([{ type: 'alone' }])
        expect(find()).toEqual({ type: 'refused', marker: refusal })
        expect(find({ credentialed: true }).type).toBe('fetch')
        clock.advance(5000)
        expect(find().type).toBe('fetch')
      })

      it('of the credentialed class never bind the anonymous', () => {
        const refusal = marker({ credentialed: true, type: 'hitForPass' })
        table.refuse(claimOf(find({ credentialed: true })), PLAIN, '', refusal, false)
        expect(find({ credentialed: true })).toEqual({ type: 'refused', marker: refusal })
        expect(find().type).toBe('fetch')
      })

      it('are renewed as often as they are given, and the last one counts', () => {
        for (const until of [1000, 2000, 3000, 4000]) {
          const refusal = marker({ until })
          table.remember('k', PLAIN, '', refusal)
          expect(find()).toEqual({ type: 'refused', marker: refusal })
          expect(counts()).toEqual([0, 1, 1])
        }
      })

      it('stay as they are when one that says the same ends less than a second later', () => {
        const [first, same, other, later] = [
          marker({ until: 10_000 }),
          marker({ until: 10_999 }),
          marker({ until: 10_999, type: 'hitForPass' }),
          marker({ until: 11_999, type: 'hitForPass' }),
        ]
        const found: unknown[] = []
        for (const refusal of [first, same, other, later]) {
          table.remember('k', PLAIN, '', refusal)
          found.push(find())
          expect(counts()).toEqual([0, 1, 1])
        }
        expect(found).toEqual([first, first, other, later].map((refusal) => ({ type: 'refused', marker: refusal })))
        expect(store.has(same)).toBe(false)
      })

      it('hold for their variant alone', () => {
        table.remember('k', LANGUAGE, 'accept-language=en', marker())
        expect(find({ fields: { 'accept-language': 'en' } }).type).toBe('refused')
        expect(find({ fields: { 'accept-language': 'de' } }).type).toBe('fetch')
      })

      it('take what is stored with them when they say so, and else leave it', () => {
        const kept = keep({ ttl: 10, keep: 100 })
        clock.advance(15_000)
        table.refuse(claimOf(find()), PLAIN, '', marker({ until: 20_000 }), false)
        expect(store.has(kept)).toBe(true)
        clock.advance(10_000)
        table.refuse(claimOf(find()), PLAIN, '', null, true)
        expect(counts()).toEqual([0, 0, 0])
      })

      it('end when the variant can be shared again', () => {
        table.remember('k', PLAIN, '', marker())
        table.remember('k', PLAIN, '', marker({ credentialed: true }))
        const kept = keep()
        expect([hit(), hit({ credentialed: true })]).toEqual([kept, kept])
        expect(counts()).toEqual([1, 1, 1])
      })

      it('are not remembered by a fetch that a purge overtook', async () => {
        const claim = claimOf(find())
        await table.purge('k', false)
        table.refuse(claim, PLAIN, '', marker(), true)
        expect(counts()).toEqual([0, 0, 0])
      })
    })

    describe('purging', () => {
      it('drops all variants, parts and refusals under the key, and nothing else', async () => {
        keep()
        keep({ names: LANGUAGE, fields: { 'accept-language': 'en' } })
        keep({ part: { first: 0, last: 1, total: 9 }, names: LANGUAGE, fields: { 'accept-language': 'de' } })
        table.remember('k', LANGUAGE, 'accept-language=fr', marker())
        const other = keep({ key: 'other' })
        expect(await table.purge('k', false)).toEqual({ objects: 3 })
        expect(counts()).toEqual([1, 1, 1])
        expect(hit({ key: 'other' })).toBe(other)
        expect(await table.purge('k', false)).toEqual({ objects: 0 })
      })

      it('softly makes stale what is stored, which still serves in grace while one refreshes it', async () => {
        const kept = keep({ ttl: 100, grace: 50 })
        clock.advance(10_000)
        expect(await table.purge('k', true)).toEqual({ objects: 1 })
        const found = find()
        expect(found).toMatchObject({ type: 'object', object: kept, freshness: 'grace' })
        expect(claimOf(found).stale).toBe(kept)
      })

      it('softly lets go the sooner of what is stored', async () => {
        keep({ ttl: 1_000_000, grace: 10 })
        clock.advance(5000)
        await table.purge('k', true)
        await table.purge('k', true)
        clock.advance(9000)
        expect(counts()).toEqual([1, 1, 1])
        clock.advance(2001)
        expect(counts()).toEqual([0, 0, 0])
      })

      it.each([false, true])(
        'lets nobody who came after it have what was fetched before, whoever fetched that (soft: %s)',
        async (soft) => {
          const before = table.position
          await table.purge('k', soft)
          const claim = claimOf(find())
          const witness = new Witness()
          table.wait(claim, witness)
          table.publish(claim, object({ position: before, at: clock.now() }), PLAIN, '', true)
          expect(witness.told).toEqual([{ type: 'again' }])
        },
      )

      it.each([false, true])('overtakes claims: who came before has what they bring, but it is not stored (soft: %s)', async (soft) => {
        const claim = claimOf(find())
        const witness = new Witness()
        table.wait(claim, witness)
        await table.purge('k', soft)
        expect(claim.detached).toBe(true)
        const made = object({ position: claim.position })
        table.publish(claim, made, PLAIN, '', true)
        // Who came before the purge may have it.
        expect(witness.told).toMatchObject([{ type: 'object', object: made }])
        expect(table.complete(made)).toBe(false)
        expect(hit()).toBeNull()
        expect([table.objects, store.count]).toEqual([0, 0])
      })

      it.each([
        ['brings an object', (claim: Claim) => table.publish(claim, object({ position: claim.position }), PLAIN, '', true)],
        ['cannot be shared', (claim: Claim) => table.refuse(claim, PLAIN, '', marker(), false)],
        ['fails', (claim: Claim) => table.release(claim, { type: 'failed', cause: new Error('x'), page: null })],
      ])('lets who comes after it wait for the overtaken claim, and look again when that %s', async (_, end) => {
        const claim = claimOf(find())
        await table.purge('k', false)
        await table.purge('k', true)
        const witnesses = Array.from({ length: 300 }, () => new Witness())
        for (const witness of witnesses) {
          const found = find()
          expect(found).toMatchObject({ type: 'wait', claim })
          table.wait(claim, witness)
        }
        end(claim)
        expect(witnesses[0]?.told).toEqual([{ type: 'again' }])
        expect(claimOf(find())).not.toBe(claim)
      })

      it('lets nobody wait for a claim that it overtook a second ago, whatever else came since', async () => {
        const claim = claimOf(find())
        await table.purge('k', false)
        clock.advance(999)
        await table.purge('k', false)
        expect(find()).toMatchObject({ type: 'wait', claim })
        clock.advance(1)
        const next = claimOf(find())
        expect(next).not.toBe(claim)
        expect(find()).toMatchObject({ type: 'wait', claim: next })
        table.release(claim, OTHER)
        table.release(next, OTHER)
        expect(counts()).toEqual([0, 0, 0])
      })

      it('softly gives no second claim to refresh while the first is under way', async () => {
        keep({ ttl: 100, grace: 50 })
        await table.purge('k', true)
        const claim = claimOf(find())
        await table.purge('k', true)
        expect(find()).toMatchObject({ type: 'object', freshness: 'grace', claim: null })
        table.release(claim, OTHER)
        expect(claimOf(find())).not.toBe(claim)
      })

      it.each([false, true])('detaches what is arriving: its readers finish, nobody joins, nothing is stored (soft: %s)', async (soft) => {
        const { filling, object: made } = fillingFor(table)
        table.publish(claimOf(find()), made, PLAIN, '', true)
        const reader = new Reader()
        made.body.read(reader)
        filling.chunk(Buffer.from('ab'))
        await table.purge('k', soft)
        expect(hit()).toBeNull()
        filling.chunk(Buffer.from('cd'))
        filling.end({ type: 'complete' })
        expect([reader.bytes.toString(), reader.ends]).toEqual(['abcd', ['complete']])
        expect(counts()).toEqual([0, 0, 0])
      })

      it('reaches what was published without a claim and completes after it', async () => {
        const part = object({ part: { first: 0, last: 1, total: 9 } })
        table.publish(null, part, PLAIN, '', true)
        await table.purge('k', false)
        expect(table.complete(part)).toBe(false)
        expect(counts()).toEqual([0, 0, 0])
      })

      it('tells of a position whether an invalidation overtook it', async () => {
        const before = table.position
        expect(table.overtaken('k', before)).toBe('valid')
        await table.purge('k', true)
        expect([table.overtaken('k', before), table.overtaken('k', table.position)]).toEqual(['soft', 'valid'])
        await table.purge('k', false)
        expect(table.overtaken('k', before)).toBe('hard')
      })

      it('by tags reaches every object that carries one, stored or arriving, and no other', async () => {
        keep({ key: 'a', tags: ['one', 'two'] })
        keep({ key: 'a', tags: ['two'], names: LANGUAGE, fields: { 'accept-language': 'en' } })
        const other = keep({ key: 'b', tags: ['three'] })
        const { filling, object: arriving } = fillingFor(table, { key: 'c', tags: ['one'] })
        table.publish(claimOf(find({ key: 'c' })), arriving, PLAIN, '', true)
        expect(table.tags).toBe(3)
        expect(await table.purgeSubject({ by: 'tags', tags: ['one', 'two', 'none'] }, false)).toEqual({ objects: 3 })
        filling.end({ type: 'complete' })
        expect([hit({ key: 'a' }), hit({ key: 'b' }), hit({ key: 'c' })]).toEqual([null, other, null])
        expect([...counts(), table.tags]).toEqual([1, 1, 1, 1])
      })

      it('by tags makes softly stale', async () => {
        const kept = keep({ tags: ['t'], ttl: 100, grace: 50 })
        expect(await table.purgeSubject({ by: 'tags', tags: ['t'] }, true)).toEqual({ objects: 1 })
        expect(find()).toMatchObject({ type: 'object', object: kept, freshness: 'grace' })
      })

      it.each([false, true])(
        'by tags lets who came before have what is fetched, and who came after look again (soft: %s)',
        async (soft) => {
          const claim = claimOf(find())
          const [early, between, late] = [new Witness(), new Witness(), new Witness()]
          table.wait(claim, early)
          await table.purgeSubject({ by: 'tags', tags: ['t'] }, soft)
          table.wait(claim, between)
          await table.purgeSubject({ by: 'tags', tags: ['t'] }, soft)
          table.wait(claim, late)
          const made = object({ position: claim.position, tags: ['t'], ttl: 100 })
          table.publish(claim, made, PLAIN, '', true)
          expect([early, between, late].map(({ told }) => told.map(({ type }) => type))).toEqual([['object'], ['again'], ['again']])
          expect(table.complete(made)).toBe(soft)
          expect(find().type).not.toBe('object')
        },
      )

      it('of a tag that nothing fetched carries leaves waiters alone', async () => {
        const claim = claimOf(find())
        const witness = new Witness()
        await table.purgeSubject({ by: 'tags', tags: ['other'] }, false)
        table.wait(claim, witness)
        const made = object({ position: claim.position, tags: ['t'] })
        table.publish(claim, made, PLAIN, '', true)
        expect(witness.told).toMatchObject([{ type: 'object', object: made }])
        expect(table.complete(made)).toBe(true)
      })

      it('of all reaches everything', async () => {
        for (const key of ['a', 'b', 'c']) keep({ key, tags: ['t'] })
        const claim = claimOf(find({ key: 'd' }))
        expect(await table.purgeSubject({ by: 'all' }, false)).toEqual({ objects: 3 })
        expect([...counts(), table.tags, claim.detached]).toEqual([0, 0, 1, 0, true])
        table.release(claim, OTHER)
        expect(counts()).toEqual([0, 0, 0])
      })

      it('holds no tag of what left, however it left', () => {
        if (!exact) return
        fresh({ budget: 100_000 })
        for (let i = 0; i < 500; i++) keep({ key: `k${i}`, tags: [`t${i}`, 'all'] })
        expect(table.tags).toBe(table.objects + 1)
        for (let i = 0; i < 500; i++) keep({ key: `k${i}` })
        expect(table.tags).toBe(0)
      })

      it('stores what was fetched after it', async () => {
        await table.purge('k', false)
        const kept = keep()
        expect(hit()).toBe(kept)
      })

      it('of a key with many variants takes no longer for each than that of one', async () => {
        if (!exact) return
        fresh({ variants: 20_000, budget: 1024 * MIB })
        for (let i = 0; i < 20_000; i++) {
          const made = object()
          table.publish(null, made, LANGUAGE, `accept-language=${i}`, true)
          table.complete(made)
        }
        expect(await table.purge('k', false)).toEqual({ objects: 20_000 })
        expect(counts()).toEqual([0, 0, 0])
      })
    })

    describe('parts', () => {
      const part = { first: 0, last: 9, total: 100 }

      it('answer the ranges that they hold, beside the whole', () => {
        const kept = keep({ part, asks: { range: 'bytes=0-9' } })
        expect(hit({ range: 'bytes=2-3', covers: () => true })).toBe(kept)
        expect(find({ range: 'bytes=2-99' })).toMatchObject({ type: 'fetch', why: 'RANGE' })
        expect(find()).toMatchObject({ type: 'fetch', why: 'PARTIAL' })
      })

      it('are completed by a request of the whole where that is wanted, if they begin at byte 0 and are fresh', async () => {
        const kept = keep({ part, ttl: 10, keep: 100 })
        const claim: Claim = claimOf(find({ completesParts: true }))
        expect(claim.part).toBe(kept)
        table.release(claim, OTHER)
        clock.advance(15_000)
        const late = claimOf(find({ completesParts: true }))
        expect(late.part).toBeNull()
        table.release(late, OTHER)
        await table.purge('k', false)
        keep({ part: { first: 1, last: 9, total: 100 } })
        expect(claimOf(find({ completesParts: true })).part).toBeNull()
      })

      it('go when the whole is there, and when another part comes', () => {
        const first = keep({ part })
        const second = keep({ part: { first: 10, last: 19, total: 100 } })
        expect([store.has(first), store.has(second)]).toEqual([false, true])
        const whole = keep()
        expect(store.has(second)).toBe(false)
        expect(hit({ range: 'bytes=10-11', covers: () => true })).toBe(whole)
        expect(counts()).toEqual([1, 1, 1])
      })

      it('leave the whole where it is', () => {
        const whole = keep({ ttl: 100 })
        keep({ part })
        expect(hit()).toBe(whole)
        expect(counts()).toEqual([2, 2, 1])
      })
    })

    describe('limits', () => {
      it('keeps so many variants under a key, the newest among them', () => {
        fresh({ variants: 3 })
        for (let i = 0; i < 10; i++) keep({ names: LANGUAGE, fields: { 'accept-language': String(i) } })
        expect(counts()).toEqual([3, 3, 1])
        expect(hit({ fields: { 'accept-language': '9' } })).not.toBeNull()
        expect(hit({ fields: { 'accept-language': '0' } })).toBeNull()
      })

      it('counts variants over all lists of names, refusals and fillings too', () => {
        fresh({ variants: 2 })
        const { filling, object: made } = fillingFor(table)
        table.publish(claimOf(find()), made, PLAIN, '', true)
        table.remember('k', LANGUAGE, 'accept-language=en', marker())
        keep({ names: ['x'], fields: { x: '1' } })
        filling.end({ type: 'complete' })
        expect([table.objects, store.count]).toEqual([1, 2])
      })

      it('forgets what the store let go to make room', () => {
        if (!exact) return
        const room = keep({ key: 'key 0' }).bytes
        fresh({ budget: room * 3 + 10 })
        const kept = Array.from({ length: 20 }, (_, i) => keep({ key: `key ${i % 10}` }))
        expect(counts()).toEqual([3, 3, 3])
        expect(hit({ key: 'key 9' })).toBe(kept[19])
        expect(hit({ key: 'key 0' })).toBeNull()
      })

      it('forgets what expired, with its key', () => {
        keep({ ttl: 10 })
        table.remember('other', PLAIN, '', marker({ until: 10_000 }))
        clock.advance(12_000)
        expect(counts()).toEqual([0, 0, 0])
        expect(table.bytes).toBe(0)
      })

      it('keeps what is used and lets the rest go', () => {
        if (!exact) return
        const room = keep({ key: 'key 0' }).bytes
        fresh({ budget: room * 3 + 10 })
        const hot = keep({ key: 'key 0' })
        for (let i = 1; i < 10; i++) {
          expect(hit({ key: 'key 0' })).toBe(hot)
          keep({ key: `key ${i}` })
        }
        expect(hit({ key: 'key 0' })).toBe(hot)
      })
    })
  })
}
