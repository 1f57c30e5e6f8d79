/** What one worker stores, fetches or purges, as another sees it. */

import { describe, expect, it } from 'vitest'
import { COMPLETE } from '../../../src/body/body.ts'
import { RequestFailure } from '../../../src/errors.ts'
import { Filling } from '../../../src/object/filling.ts'
import type { CachedObject } from '../../../src/object/object.ts'
import { bodyOf, StoredBody } from '../../../src/object/stored-body.ts'
import { storedCoding } from '../../../src/object/stored-coding.ts'
import { CODINGS } from '../../../vcl-ts/coding.ts'
import { claimOf, fillingFor, marker, object, Reader } from '../things.ts'
import { PLAIN, Rig } from './rig.ts'

const LANGUAGE = ['accept-language']

function textOf({ body }: CachedObject): string {
  return body instanceof StoredBody ? Buffer.concat(body.segments).toString() : 'arriving'
}

describe('what one worker stored', () => {
  it('is found by another, with everything that belongs to it', () => {
    const rig = new Rig()
    const kept = rig.keep(rig.a, {
      ...{ status: 404, reason: 'Nothing Here', etag: '"1"', lastModified: 1_000, date: 2_000, tags: ['one', 'two'] },
      ...{ ttl: 10, grace: 20, staleIfError: 30, keep: 40, at: 5, mustRevalidate: true, lifetimeSource: 'heuristic', backend: 'http://b' },
      withheld: ['x-inner'],
    })
    rig.clock.advance(1000)
    const found = rig.hit(rig.b) as CachedObject
    expect(found).not.toBe(kept)
    for (const name of [
      'key',
      'status',
      'reason',
      'etag',
      'lastModified',
      'date',
      'storedAt',
      'ttl',
      'grace',
      'staleIfError',
      'keep',
    ] as const)
      expect([name, found[name]]).toEqual([name, kept[name]])
    for (const name of [
      'tags',
      'withheld',
      'mustRevalidate',
      'lifetimeSource',
      'backend',
      'fieldLines',
      'expiresAt',
      'dated',
      'part',
    ] as const)
      expect([name, found[name]]).toEqual([name, kept[name]])
    expect([...found.headers]).toEqual([...kept.headers])
    expect(textOf(found)).toBe('body')
  })

  it.each([null, ...CODINGS.flatMap((coding) => [storedCoding(coding, true), storedCoding(coding, false)])])(
    'has the coding that it was stored in: %j',
    (coding) => {
      const rig = new Rig()
      rig.keep(rig.a, { coding, mustRevalidate: true })
      expect([rig.hit(rig.b)?.coding, rig.hit(rig.b)?.mustRevalidate]).toEqual([coding, true])
    },
  )

  it('counts the hits of all of them', () => {
    const rig = new Rig()
    rig.keep(rig.a)
    rig.hit(rig.a)
    rig.hit(rig.b)
    expect(rig.hit(rig.b)?.hits).toBe(3)
    expect(rig.hit(rig.a)?.hits).toBe(4)
    expect([...rig.librarian.shelf.stored()].map(({ hits }) => hits)).toEqual([4])
  })

  it('is told from other variants, and superseded by what another worker stores', () => {
    const rig = new Rig()
    rig.keep(rig.a, { names: LANGUAGE, fields: { 'accept-language': 'en' }, body: bodyOf(Buffer.from('old')) })
    rig.keep(rig.b, { names: LANGUAGE, fields: { 'accept-language': 'de' }, body: bodyOf(Buffer.from('deutsch')) })
    rig.keep(rig.b, { names: LANGUAGE, fields: { 'accept-language': 'en' }, body: bodyOf(Buffer.from('new')) })
    for (const table of [rig.a, rig.b])
      expect(
        ['en', 'de', 'fr'].map((language) => rig.hit(table, { fields: { 'accept-language': language } })).map((one) => one && textOf(one)),
      ).toEqual(['new', 'deutsch', null])
    rig.takeNotices()
    expect(rig.librarian.shelf.objects).toBe(2)
  })

  it('is served from memory that is shared where it is large, once its bytes have been asked for', async () => {
    const rig = new Rig()
    const bytes = Buffer.alloc(700_000, 'clearcoat ')
    rig.keep(rig.a, { body: bodyOf(bytes) })
    const { told } = rig.waitsOn(rig.b)
    expect(rig.find(rig.b).type).toBe('away')
    await rig.settle()
    expect(told).toEqual([{ type: 'again' }])
    const found = rig.hit(rig.b) as CachedObject
    const { segments } = found.body as StoredBody
    expect(Buffer.concat(segments).equals(bytes)).toBe(true)
    expect(segments.every(({ buffer }) => buffer instanceof SharedArrayBuffer)).toBe(true)
  })

  describe('is served by another though the librarian has not heard of its bytes', () => {
    const stored = (): Rig => {
      const rig = new Rig({ unheard: true })
      rig.keep(rig.a, { body: new StoredBody(Buffer.alloc(100_000, 'x')) })
      return rig
    }

    it('which it then asks for', async () => {
      const rig = stored()
      const { told } = rig.waitsOn(rig.b)
      await rig.settle()
      expect(told).toEqual([{ type: 'again' }])
      expect(rig.hit(rig.b)?.body.length).toBe(100_000)
    })

    it('which it takes as it enters it into its books', () => {
      const rig = stored()
      rig.takeNotices()
      expect(rig.entries).toBe(1)
    })

    it('until its worker has died', async () => {
      const rig = stored()
      rig.kill(1)
      expect(rig.entries).toBe(1)
      rig.waitsOn(rig.b)
      await rig.settle()
      expect(rig.hit(rig.b)?.body.length).toBe(100_000)
    })
  })

  it('is gone for all when it is discarded by one', () => {
    const rig = new Rig()
    rig.keep(rig.a)
    const found = rig.hit(rig.b) as CachedObject
    rig.b.discard(found)
    expect([rig.hit(rig.a), rig.hit(rig.b)]).toEqual([null, null])
    rig.takeNotices()
    expect(rig.librarian.shelf.objects).toBe(0)
  })

  it('binds others as a refusal does, until it is shared again', () => {
    const rig = new Rig()
    const claim = claimOf(rig.find(rig.a))
    rig.a.refuse(claim, PLAIN, '', marker(), false)
    expect(rig.find(rig.b)).toMatchObject({ type: 'refused', marker: { type: 'hitForMiss', expiresAt: 120_000 } })
    expect(rig.find(rig.b, { credentialed: true }).type).toBe('fetch')
    rig.keep(rig.a)
    expect(rig.hit(rig.b)).not.toBeNull()
  })
})

describe('a fetch of one worker', () => {
  it('is the only one: another waits, and reads along while it arrives', async () => {
    const rig = new Rig()
    const claim = claimOf(rig.find(rig.a))
    const { told, reader } = rig.readsOn(rig.b)
    await rig.settle()
    const { filling, object: made } = fillingFor(rig.a, { at: rig.clock.now() })
    rig.a.publish(claim, made, PLAIN, '', true)
    filling.chunk(Buffer.from('one '))
    await rig.settle()
    expect(told).toMatchObject([{ type: 'object', names: PLAIN, variant: '' }])
    expect(reader.bytes.toString()).toBe('one ')
    const late = new Reader()
    expect(rig.hit(rig.b)?.body.read(late)).toBeDefined()
    filling.chunk(Buffer.from('two'))
    await rig.settle()
    expect([reader.bytes.toString(), reader.ends]).toEqual(['one two', []])
    filling.end({ type: 'complete' })
    await rig.settle()
    expect([reader.ends, late.bytes.toString(), late.ends]).toEqual([['complete'], 'one two', ['complete']])
    expect(textOf(rig.hit(rig.b) as CachedObject)).toBe('one two')
  })

  it('goes on for who reads it elsewhere, though another who waited there wants nothing of its body', async () => {
    const rig = new Rig()
    const claim = claimOf(rig.find(rig.a))
    const found = rig.find(rig.b)
    if (found.type !== 'wait') throw new Error(`no wait but ${found.type}`)
    // As a HEAD does, or a condition that holds.
    rig.b.wait(found.claim, {
      released(outcome) {
        if (outcome.type === 'object' && outcome.object.body instanceof Filling) outcome.object.body.hold()()
      },
    })
    const { reader } = rig.readsOn(rig.b)
    await rig.settle()
    const { filling, object: made } = fillingFor(rig.a, { at: rig.clock.now() })
    rig.a.publish(claim, made, PLAIN, '', true)
    await rig.settle()
    filling.chunk(Buffer.from('all'))
    filling.end(COMPLETE)
    await rig.settle()
    expect([reader.bytes.toString(), reader.ends]).toEqual(['all', ['complete']])
  })

  it('is joined by who comes while it arrives', async () => {
    const rig = new Rig()
    const { filling, object: made } = fillingFor(rig.a, { at: rig.clock.now() })
    rig.a.publish(claimOf(rig.find(rig.a)), made, PLAIN, '', true)
    filling.chunk(Buffer.from('begun'))
    const { told } = rig.waitsOn(rig.b)
    await rig.settle()
    expect(told).toMatchObject([{ type: 'object' }])
    filling.end({ type: 'complete' })
  })

  it('breaks off visibly where it is read along', async () => {
    const rig = new Rig()
    const claim = claimOf(rig.find(rig.a))
    const { reader } = rig.readsOn(rig.b)
    await rig.settle()
    const { filling, object: made } = fillingFor(rig.a, { at: rig.clock.now() })
    rig.a.publish(claim, made, PLAIN, '', true)
    filling.chunk(Buffer.from('one '))
    await rig.settle()
    filling.end({ type: 'reset', cause: new RequestFailure('reset') })
    await rig.settle()
    expect(reader.ends).toEqual([new RequestFailure('reset').message])
    expect(rig.find(rig.b).type).toBe('fetch')
  })

  it('tells who waits elsewhere how it ended', async () => {
    const rig = new Rig()
    for (const outcome of [{ type: 'alone' }, { type: 'again' }] as const) {
      const claim = claimOf(rig.find(rig.a))
      const { told } = rig.waitsOn(rig.b)
      await rig.settle()
      rig.a.release(claim, outcome)
      await rig.settle()
      expect(told).toEqual([outcome])
    }
    const claim = claimOf(rig.find(rig.a))
    const { told } = rig.waitsOn(rig.b)
    await rig.settle()
    rig.a.release(claim, { type: 'failed', cause: new RequestFailure('connect_refused', 'no'), page: object({ status: 502 }) })
    await rig.settle()
    expect(told).toMatchObject([{ type: 'failed', cause: { code: 'connect_refused', message: 'no' }, page: { status: 502 } }])
  })

  it('is found stored by who asks for it just as it ends', async () => {
    const rig = new Rig()
    const claim = claimOf(rig.find(rig.a))
    const { told } = rig.waitsOn(rig.b)
    const made = object({ at: rig.clock.now() })
    rig.a.publish(claim, made, PLAIN, '', true)
    rig.a.complete(made)
    await rig.settle()
    expect(told).toEqual([{ type: 'again' }])
    expect(rig.hit(rig.b)).not.toBeNull()
  })

  it('refreshes what is in grace for all', () => {
    const rig = new Rig()
    rig.keep(rig.a, { ttl: 10, grace: 100 })
    rig.clock.advance(11_000)
    const first = rig.find(rig.a)
    expect(first).toMatchObject({ type: 'object', freshness: 'grace' })
    expect(first.type === 'object' && first.claim !== null).toBe(true)
    expect(rig.find(rig.b)).toMatchObject({ type: 'object', freshness: 'grace', claim: null })
    rig.a.release(claimOf(first), { type: 'again' })
    expect(claimOf(rig.find(rig.b))).toBeDefined()
  })

  it('holds back what another worker reads too slowly', async () => {
    const rig = new Rig()
    const claim = claimOf(rig.find(rig.a))
    const { reader } = rig.readsOn(rig.b)
    reader.paused = true
    await rig.settle()
    const { filling, object: made } = fillingFor(rig.a, { at: rig.clock.now() }, false)
    rig.a.publish(claim, made, PLAIN, '', false)
    filling.chunk(Buffer.alloc(1000))
    await rig.settle()
    let room = true
    let sent = 1000
    for (let i = 0; i < 256 && room; i++) {
      room = filling.chunk(Buffer.alloc(100_000))
      sent += 100_000
      await rig.settle(2)
    }
    expect(room).toBe(false)
    expect(sent).toBeLessThan(16_000_000)
  })

  it('is looked up again when its worker dies, and read along no further', async () => {
    const rig = new Rig({ workers: 3 })
    const waited = claimOf(rig.find(rig.a, { key: 'waited' }))
    expect(waited.released).toBe(false)
    const arriving = claimOf(rig.find(rig.a, { key: 'arriving' }))
    const waiting = rig.waitsOn(rig.b, { key: 'waited' })
    const { reader } = rig.readsOn(rig.b, { key: 'arriving' })
    await rig.settle()
    const { filling, object: made } = fillingFor(rig.a, { key: 'arriving', at: rig.clock.now() })
    rig.a.publish(arriving, made, PLAIN, '', true)
    filling.chunk(Buffer.from('one '))
    await rig.settle()
    expect(reader.bytes.toString()).toBe('one ')
    rig.kill(1)
    await rig.settle()
    expect(waiting.told).toEqual([{ type: 'again' }])
    expect(reader.ends).toEqual(['the worker that fetched it ended'])
    for (const key of ['waited', 'arriving']) expect(claimOf(rig.find(rig.b, { key }))).toBeDefined()
  })
})

describe('a purge', () => {
  it('counts what is stored once, and takes it from all', async () => {
    const rig = new Rig()
    rig.keep(rig.a)
    rig.keep(rig.a, { key: 'other' })
    rig.hit(rig.b)
    expect(await rig.b.purge('k', false)).toEqual({ objects: 1 })
    expect([rig.hit(rig.a), rig.hit(rig.b)]).toEqual([null, null])
    expect(rig.hit(rig.b, { key: 'other' })).not.toBeNull()
    expect(await rig.a.purge('k', false)).toEqual({ objects: 0 })
  })

  it('by tag reaches what each of them stored, and what arrives, once', async () => {
    const rig = new Rig()
    rig.keep(rig.a, { key: 'a', tags: ['t', 'u'] })
    rig.keep(rig.b, { key: 'b', tags: ['t'] })
    rig.keep(rig.b, { key: 'c', tags: ['v'] })
    const claim = claimOf(rig.find(rig.a, { key: 'd' }))
    rig.waitsOn(rig.b, { key: 'd' })
    await rig.settle()
    const { filling, object: made } = fillingFor(rig.a, { key: 'd', at: rig.clock.now(), tags: ['t'], position: claim.position })
    rig.a.publish(claim, made, PLAIN, '', true)
    await rig.settle()
    expect(await rig.librarian.invalidation.count({ by: 'tags', tags: ['t', 'u'] })).toBe(2)
    expect(await rig.a.purgeSubject({ by: 'tags', tags: ['t', 'u'] }, false)).toEqual({ objects: 3 })
    filling.end({ type: 'complete' })
    for (const table of [rig.a, rig.b]) expect(['a', 'b', 'd'].map((key) => rig.hit(table, { key }))).toEqual([null, null, null])
    expect(rig.hit(rig.a, { key: 'c' })).not.toBeNull()
  })

  it('makes softly stale for all', async () => {
    const rig = new Rig()
    rig.keep(rig.a, { grace: 100, tags: ['t'] })
    rig.hit(rig.b)
    expect(await rig.b.purgeSubject({ by: 'tags', tags: ['t'] }, true)).toEqual({ objects: 1 })
    expect(rig.find(rig.a)).toMatchObject({ type: 'object', freshness: 'grace' })
    expect(rig.find(rig.b)).toMatchObject({ type: 'object', freshness: 'grace', claim: null })
    const third = rig.begin(3)
    expect(rig.find(third)).toMatchObject({ type: 'object', freshness: 'grace' })
  })

  it('overtakes a fetch, wherever it is', async () => {
    const rig = new Rig()
    const claim = claimOf(rig.find(rig.a))
    await rig.b.purge('k', false)
    const made = object({ at: rig.clock.now(), position: claim.position })
    rig.a.publish(claim, made, PLAIN, '', true)
    expect(rig.a.complete(made)).toBe(false)
    expect([rig.hit(rig.a), rig.hit(rig.b)]).toEqual([null, null])
  })

  it('lets who comes after it elsewhere wait a second for the fetch that it overtook, and no longer', async () => {
    const rig = new Rig()
    const claim = claimOf(rig.find(rig.a))
    await rig.b.purge('k', false)
    const { told, claim: waited } = rig.waitsOn(rig.b)
    await rig.settle()
    expect(waited.overtakenAt).toBe(0)
    expect(told).toEqual([])
    rig.clock.advance(1001)
    const second = rig.waitsOn(rig.b)
    await rig.settle()
    expect(second.told).toEqual([{ type: 'again' }])
    expect(claimOf(rig.find(rig.b))).toBeDefined()
    expect(claim.released).toBe(false)
  })

  it('is in force for what was stored by a worker that had not heard of it', async () => {
    const rig = new Rig()
    const claim = claimOf(rig.find(rig.a))
    const purged = rig.b.purge('k', false)
    const made = object({ at: rig.clock.now(), position: claim.position })
    rig.a.publish(claim, made, PLAIN, '', true)
    rig.a.complete(made)
    await purged
    expect([rig.hit(rig.a), rig.hit(rig.b)]).toEqual([null, null])
  })
})
