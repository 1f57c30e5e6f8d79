import type { Marker } from '../../../src/object/marker.ts'
import type { CachedObject } from '../../../src/object/object.ts'
import type { SharedTable } from '../../../src/object/shared/shared-table.ts'
import { tableContract } from '../table-contract.ts'
import { Fleet } from './fleet.ts'

tableContract('the table of one worker of two', ({ budget = 0, variants } = {}) => {
  const fleet = new Fleet({ budget: Math.max(budget, 64 * 1024 * 1024), ...(variants === undefined ? {} : { variants }) })
  const shelf = fleet.librarian.shelf
  const table = fleet.table(1)
  /** What the librarian has of what a worker has. */
  const booked = (entry: object): CachedObject | Marker | null => {
    fleet.takeNotices()
    const { key, handle } = entry as CachedObject | Marker
    return shelf.keptUnder(key).find((kept) => kept.entry.handle === handle)?.entry ?? null
  }
  return {
    clock: fleet.clock,
    exact: false,
    store: {
      get count() {
        fleet.takeNotices()
        return fleet.entries
      },
      has: (entry) => booked(entry) !== null,
      remove(entry) {
        const kept = booked(entry)
        if (kept !== null) shelf.drop(kept)
      },
    },
    table: new Proxy(table, {
      get(target, name) {
        if (name === 'objects' || name === 'bytes' || name === 'tags') return shelf[name]
        // Fetches are under way at the worker, refusals and objects are in the books.
        if (name === 'keys') return Math.max(shelf.keys, fleet.workers[1]?.shelf.keys ?? 0)
        const value: unknown = Reflect.get(target, name, target)
        if (typeof value !== 'function') return value
        return (...args: unknown[]): unknown => {
          const result: unknown = value.apply(target, args)
          fleet.takeNotices()
          return result
        }
      },
    }) as SharedTable & { keys: number; tags: number },
  }
})
