/** What every memory tier has to do. */
import { beforeEach, describe, expect, it } from 'vitest'
import { type Entry, newEntryId } from '../../src/object/entry.ts'
import type { LeaveReason, ObjectStore } from '../../src/object/store.ts'

function entry(bytes: number): Entry {
  const id = newEntryId()
  return { id, key: `key ${id}`, bytes, expiresAt: Number.POSITIVE_INFINITY, place: -1, row: -1 }
}

export function storeContract(name: string, make: (budget: number) => ObjectStore): void {
  describe(name, () => {
    let store: ObjectStore
    let left: [Entry, LeaveReason][]

    beforeEach(() => {
      store = make(1000)
      left = []
      store.onLeave = (gone, reason) => left.push([gone, reason])
    })

    it('is empty at first and knows its budget', () => {
      expect([store.budget, store.bytes, store.count]).toEqual([1000, 0, 0])
    })

    it('counts the bytes and the number of what it keeps', () => {
      store.put(entry(100))
      store.put(entry(250))
      expect([store.bytes, store.count]).toEqual([350, 2])
    })

    it('tells for what there can be room', () => {
      expect([store.takes(entry(1000)), store.takes(entry(1001))]).toEqual([true, false])
    })

    it('takes an entry exactly as large as the budget', () => {
      const whole = entry(1000)
      expect(store.put(whole)).toBe(true)
      expect(store.has(whole)).toBe(true)
    })

    it('refuses an entry that alone is larger than the budget, and changes nothing', () => {
      const kept = entry(600)
      const huge = entry(1001)
      store.put(kept)
      expect(store.put(huge)).toBe(false)
      expect([store.has(kept), store.has(huge), store.bytes, left.length]).toEqual([true, false, 600, 0])
    })

    it('never holds more than its budget, whatever comes', () => {
      for (let i = 0; i < 500; i++) {
        store.put(entry(1 + ((i * 37) % 400)))
        expect(store.bytes).toBeLessThanOrEqual(1000)
      }
      expect(store.count).toBe(500 - left.length)
    })

    it('lets the least recently stored go first to make room, and says so', () => {
      const entries = [entry(400), entry(400), entry(400)]
      for (const each of entries) store.put(each)
      expect(left).toEqual([[entries[0], 'lru']])
      expect(entries.map((each) => store.has(each))).toEqual([false, true, true])
    })

    it('keeps what was used lately instead of what was not', () => {
      const [first, second, third] = [entry(400), entry(400), entry(400)]
      store.put(first)
      store.put(second)
      store.touch(first)
      store.put(third)
      expect(left).toEqual([[second, 'lru']])
    })

    it('lets as many go as the new one needs', () => {
      const small = [entry(300), entry(300), entry(300)]
      for (const each of small) store.put(each)
      store.put(entry(700))
      expect(left.map(([gone]) => gone)).toEqual(small.slice(0, 2))
      expect(store.bytes).toBe(1000)
    })

    it.each<LeaveReason>(['lru', 'expired', 'superseded', 'purged'])('tells once that an entry was removed because it is %s', (reason) => {
      const gone = entry(100)
      store.put(gone)
      store.remove(gone, reason)
      store.remove(gone, reason)
      expect(left).toEqual([[gone, reason]])
      expect([store.has(gone), store.bytes, store.count]).toEqual([false, 0, 0])
    })

    it('takes the removal and the use of what it does not hold in silence', () => {
      const stranger = entry(100)
      store.touch(stranger)
      store.remove(stranger, 'purged')
      expect([left.length, store.has(stranger), store.count]).toEqual([0, false, 0])
    })

    it('has let an entry go by the time that it tells', () => {
      const seen: [boolean, number][] = []
      store.onLeave = (gone) => seen.push([store.has(gone), store.bytes])
      const [first, second] = [entry(400), entry(600)]
      store.put(first)
      store.put(second)
      store.remove(first, 'purged')
      store.put(entry(500))
      expect(seen.map(([there]) => there)).toEqual([false, false])
      expect(seen[0]).toEqual([false, 600])
    })

    it('stays in order when whoever is told removes another', () => {
      const [first, second, third] = [entry(300), entry(300), entry(300)]
      store.onLeave = (gone, reason) => {
        left.push([gone, reason])
        store.remove(second, 'superseded')
      }
      for (const each of [first, second, third]) store.put(each)
      store.remove(first, 'purged')
      expect(left).toEqual([
        [first, 'purged'],
        [second, 'superseded'],
      ])
      expect([store.count, store.bytes, store.has(third)]).toEqual([1, 300, true])
    })

    it('forgets the reason of one removal before the next eviction', () => {
      const [first, second] = [entry(500), entry(500)]
      store.put(first)
      store.put(second)
      store.remove(first, 'purged')
      store.put(entry(900))
      expect(left).toEqual([
        [first, 'purged'],
        [second, 'lru'],
      ])
    })

    it('keeps what it took until it tells that it let it go, finds it by id, and lets nothing go without need', () => {
      const all = Array.from({ length: 40 }, (_, i) => entry(1 + ((i * 53) % 200)))
      const model = new Set<Entry>()
      const bytes = (): number => [...model].reduce((sum, each) => sum + each.bytes, 0)
      let coming: Entry | null = null
      store.onLeave = (gone, reason) => {
        if (reason === 'lru') expect([coming === null, bytes() + (coming?.bytes ?? 0) > 1000]).toEqual([false, true])
        expect(model.delete(gone)).toBe(true)
      }
      let seed = 7
      const draw = (among: number): number => {
        seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0
        return (seed >>> 8) % among
      }
      for (let i = 0; i < 5000; i++) {
        const one = all[draw(all.length)] as Entry
        const what = draw(3)
        if (what === 0) store.remove(one, 'purged')
        if (what === 1) store.touch(one)
        if (what === 2) {
          coming = one
          model.delete(one)
          store.put(one)
          model.add(one)
          coming = null
        }
        expect(all.filter((each) => store.has(each))).toEqual(all.filter((each) => model.has(each)))
        expect(store.get(one.id)).toBe(model.has(one) ? one : undefined)
        expect([store.count, store.bytes]).toEqual([model.size, bytes()])
      }
    })

    it('keeps many more than there was room for at first', () => {
      const large = make(1_000_000)
      const all = Array.from({ length: 5000 }, () => entry(100))
      for (const each of all) large.put(each)
      expect([large.count, large.bytes, all.every((each) => large.has(each))]).toEqual([5000, 500_000, true])
      for (const each of all) large.remove(each, 'purged')
      expect([large.count, large.bytes]).toEqual([0, 0])
    })

    it('counts an entry that is put again once', () => {
      const one = entry(400)
      store.put(one)
      store.put(one)
      expect([store.bytes, store.count, left.length]).toEqual([400, 1, 0])
    })
  })
}
