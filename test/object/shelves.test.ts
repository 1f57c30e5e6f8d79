import { expect, it } from 'vitest'
import { Counters } from '../../src/counters.ts'
import { Shelves } from '../../src/object/shelves.ts'
import { MemoryStore } from '../../src/storage/memory.ts'
import { MIB, object } from './things.ts'

it('has the object of a first variant stand for its head, and no other', () => {
  const store = new MemoryStore(MIB)
  const shelves = new Shelves({ store, now: () => 0, counters: new Counters(), expiry: { add: () => {}, remove: () => {} } })
  const head = shelves.head('k')
  const standing = (): unknown => shelves.heads.at('k')
  const keep = (variant: string): ReturnType<typeof object> => {
    const made = object()
    const slot = shelves.slot(head, [], variant)
    const before = slot.whole
    store.put(made)
    shelves.keep(made, slot)
    if (before !== null) store.remove(before, 'superseded')
    return made
  }
  expect(standing()).toBe(head)
  const first = keep('a')
  expect([standing(), first.alone]).toEqual([first, 'a'])
  const other = keep('b')
  expect([standing(), first.alone, other.alone]).toEqual([first, null, null])
  const next = keep('a')
  expect(standing()).toBe(next)
  store.remove(next, 'purged')
  expect([standing(), shelves.heads.get('k')]).toEqual([head, head])
  store.remove(other, 'purged')
  expect(standing()).toBeUndefined()
})
