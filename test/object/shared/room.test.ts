/** Making room in shared memory, giving back what nobody can read any more, and what a worker that died leaves behind. */
import { describe, expect, it, vi } from 'vitest'
import type { CachedObject } from '../../../src/object/object.ts'
import { Stacks } from '../../../src/object/shared/stacks.ts'
import { bodyOf, StoredBody } from '../../../src/object/stored-body.ts'
import { ask, claimOf, MIB, object, variantOf } from '../things.ts'
import { Fleet } from './fleet.ts'

const PLAIN: readonly string[] = []

function put(fleet: Fleet, participant: number, key: string, body: Buffer, tags: readonly string[] = []): boolean {
  const table = fleet.table(participant)
  const claim = claimOf(table.find(ask({ key, now: fleet.clock.now(), alwaysMiss: true })))
  const made = object({ key, body: bodyOf(body), position: claim.position, at: fleet.clock.now(), tags })
  table.publish(claim, made, PLAIN, '', true)
  return table.complete(made)
}

function get(fleet: Fleet, participant: number, key: string): CachedObject | null {
  const table = fleet.table(participant)
  const found = table.find(ask({ key, now: fleet.clock.now() }))
  if (found.type === 'fetch' && found.claim !== null) table.release(found.claim, { type: 'again' })
  return found.type === 'object' ? found.object : null
}

function bodyFor(key: string, size: number): Buffer {
  return Buffer.alloc(size, `${key} `)
}

function textOf(object: CachedObject): string {
  return object.body instanceof StoredBody ? Buffer.concat(object.body.segments).toString() : ''
}

describe('a full shared memory', () => {
  it('takes ever more, within its budget, and lets go what was not used', async () => {
    const fleet = new Fleet({ budget: 16 * MIB })
    put(fleet, 1, 'hot', bodyFor('hot', 4000))
    let refused = 0
    for (let i = 0; i < 8_000; i++) {
      if (!put(fleet, 1 + (i % 2), `key ${i}`, bodyFor(`key ${i}`, 4000))) refused++
      if (i % 10 === 0) expect(textOf(get(fleet, 2, 'hot') as CachedObject)).toBe(bodyFor('hot', 4000).toString())
      if (i % 50 === 0) await fleet.settle()
    }
    await fleet.settle(20)
    expect(refused).toBe(0)
    const { shelf } = fleet.librarian
    expect(shelf.objects).toBeGreaterThan(1500)
    expect(shelf.bytes).toBeLessThan(16 * MIB)
    expect(fleet.counters.get('n_lru_nuked')).toBe(8_001 - shelf.objects)
    expect(get(fleet, 1, 'key 0')).toBeNull()
    for (let i = 7_900; i < 8_000; i++)
      expect(textOf(get(fleet, 1 + ((i + 1) % 2), `key ${i}`) as CachedObject)).toBe(bodyFor(`key ${i}`, 4000).toString())
  })

  it('does not give back what a worker stored while it was looked which blocks are filled', async () => {
    const fleet = new Fleet({ budget: 16 * MIB })
    let next = 0
    const sizeOf = (i: number): number => 2000 + ((i * 7919) % 5000)
    // What is there has just been taken into the books when worker 1 stores more, and opens another block.
    const { takeNotices } = Stacks.prototype
    const taking = vi.spyOn(Stacks.prototype, 'takeNotices').mockImplementation(function (this: Stacks) {
      takeNotices.call(this)
      for (let i = 0; i < 70; i++, next++) put(fleet, 1, `key ${next}`, bodyFor(`key ${next}`, sizeOf(next)))
    })
    try {
      for (let round = 0; round < 40; round++) {
        // Large ones take most of the room, so that there are few blocks to choose from.
        put(fleet, 2, `large ${round}`, bodyFor('large', 2 * MIB))
        await fleet.settle(2)
      }
    } finally {
      taking.mockRestore()
    }
    await fleet.settle()
    // Who begins has nothing at hand, and reads what is stored.
    fleet.kill(2)
    fleet.begin(2)
    let read = 0
    for (const { key } of fleet.librarian.shelf.stored()) {
      const found = get(fleet, 2, key)
      const i = Number(key.split(' ')[1])
      if (key.startsWith('key'))
        expect([key, found === null ? null : textOf(found) === bodyFor(key, sizeOf(i)).toString()]).toEqual([key, true])
      read++
    }
    expect(read).toBeGreaterThan(100)
  })

  it('counts bodies that have memory of their own', async () => {
    const fleet = new Fleet({ budget: 32 * MIB })
    for (let i = 0; i < 100; i++) {
      put(fleet, 1, `key ${i}`, bodyFor(`key ${i}`, MIB))
      await fleet.settle()
    }
    const { shelf } = fleet.librarian
    expect(shelf.objects).toBeGreaterThan(10)
    expect(shelf.objects).toBeLessThan(31)
    expect(get(fleet, 1, 'key 0')).toBeNull()
  })

  it('gives back what was purged and what was superseded', async () => {
    const fleet = new Fleet({ budget: 16 * MIB })
    for (let round = 0; round < 12; round++) {
      for (let i = 0; i < 500; i++) {
        expect(put(fleet, 1 + (i % 2), `key ${i}`, bodyFor(`${round}`, 4000), ['all'])).toBe(true)
        if (i % 50 === 0) await fleet.settle()
      }
      await fleet.settle()
      if (round % 3 === 0) expect(await fleet.table(1).purgeSubject({ by: 'tags', tags: ['all'] }, false)).toEqual({ objects: 500 })
    }
    expect(fleet.counters.get('n_lru_nuked')).toBe(0)
    expect(fleet.librarian.shelf.objects).toBe(500)
    for (let i = 0; i < 500; i++) expect(textOf(get(fleet, 1, `key ${i}`) as CachedObject)).toBe(bodyFor('11', 4000).toString())
  })
})

describe('what a worker has at hand', () => {
  it('is read again once it had to make room, from what is stored', async () => {
    const fleet = new Fleet({ budget: 32 * MIB })
    for (let i = 0; i < 200; i++) {
      expect(put(fleet, 1, `key ${i}`, bodyFor(`key ${i}`, 15_000))).toBe(true)
      if (i % 20 === 0) await fleet.settle()
    }
    for (let round = 0; round < 2; round++)
      for (let i = 0; i < 200; i++)
        for (const participant of [1, 2])
          expect([round, i, participant, get(fleet, participant, `key ${i}`) !== null]).toEqual([round, i, participant, true])
  })
})

describe('a worker that dies', () => {
  it('leaves what it stored, which the one in its place finds', async () => {
    const fleet = new Fleet()
    for (let i = 0; i < 300; i++) put(fleet, 1, `key ${i}`, bodyFor(`key ${i}`, 100), ['t'])
    // Nobody has taken notice of these yet.
    fleet.kill(1)
    fleet.begin(1)
    for (const participant of [1, 2])
      for (let i = 0; i < 300; i++)
        expect(textOf(get(fleet, participant, `key ${i}`) as CachedObject)).toBe(bodyFor(`key ${i}`, 100).toString())
    expect(await fleet.table(1).purgeSubject({ by: 'tags', tags: ['t'] }, false)).toEqual({ objects: 300 })
    expect(get(fleet, 2, 'key 7')).toBeNull()
  })

  it('again and again costs no room', async () => {
    const fleet = new Fleet({ budget: 16 * MIB })
    for (let round = 0; round < 60; round++) {
      for (let i = 0; i < 20; i++) expect(put(fleet, 1, `key ${i}`, bodyFor(`${round}`, 4000))).toBe(true)
      fleet.kill(1)
      fleet.begin(1)
      await fleet.settle(2)
    }
    expect(fleet.counters.get('n_lru_nuked')).toBe(0)
    expect(fleet.librarian.shelf.objects).toBe(20)
  })

  it('neither holds up a purge nor brings back what it took', async () => {
    const fleet = new Fleet({ workers: 3 })
    for (let i = 0; i < 100; i++) put(fleet, 1, `key ${i}`, bodyFor('x', 100), ['t'])
    const purged = fleet.table(2).purgeSubject({ by: 'tags', tags: ['t'] }, false)
    fleet.kill(1)
    fleet.begin(1)
    expect(await purged).toEqual({ objects: 100 })
    for (const participant of [1, 2, 3]) expect(get(fleet, participant, 'key 5')).toBeNull()
  })
})

describe('what a worker has at hand of a key with many variants', () => {
  const NAMES = ['accept-language']
  const SIZE = 16 * 1024

  function putVariant(fleet: Fleet, participant: number, language: string): void {
    const table = fleet.table(participant)
    const fields = { 'accept-language': language }
    const claim = claimOf(table.find(ask({ key: 'page', fields, now: fleet.clock.now(), alwaysMiss: true })))
    const made = object({ key: 'page', body: bodyOf(bodyFor(language, SIZE)), position: claim.position, at: fleet.clock.now() })
    table.publish(claim, made, NAMES, variantOf(NAMES, fields), true)
    expect(table.complete(made)).toBe(true)
  }

  it('has all that is stored, though it is more than what is new may take, and other keys come between', async () => {
    const fleet = new Fleet({ budget: 128 * MIB })
    const languages = Array.from({ length: 40 }, (_, i) => `lang-${i}`)
    for (const language of languages) putVariant(fleet, 1, language)
    for (let i = 0; i < 1000; i++) {
      if (i % 50 === 0) await fleet.settle()
      expect(put(fleet, 1, `key ${i}`, bodyFor(`key ${i}`, 8000))).toBe(true)
    }
    await fleet.settle()
    // Worker 2 has what there is room for of the others at hand, and has read nothing of the page yet.
    for (let i = 0; i < 1000; i++) expect(get(fleet, 2, `key ${i}`)).not.toBeNull()
    const found: string[] = []
    for (let round = 0; round < 3; round++)
      for (const [i, language] of languages.entries()) {
        const table = fleet.table(2)
        const answer = table.find(ask({ key: 'page', fields: { 'accept-language': language }, now: fleet.clock.now() }))
        if (answer.type === 'object') found.push(textOf(answer.object).slice(0, language.length))
        else if (answer.type === 'fetch' && answer.claim !== null) table.release(answer.claim, { type: 'again' })
        for (let j = 0; j < 20; j++) get(fleet, 2, `key ${(round * 800 + i * 20 + j) % 1000}`)
      }
    expect(found).toEqual([...languages, ...languages, ...languages])
  })
})
