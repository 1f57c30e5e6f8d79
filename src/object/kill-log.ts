/** What the transaction log has of objects that go: too old, in the way of others, or named by a ban. Nothing looks while nobody listens. */
import type { Journal } from '../vsl/journal.ts'
import type { LocalTable } from './local-table.ts'
import type { CachedObject } from './object.ts'
import type { Killer } from './shelves.ts'

export function recordKills(table: LocalTable, journal: Journal): void {
  const told = (object: CachedObject, by: Killer): void => record(journal, object, by)
  journal.watch((recording) => {
    table.onKilled = recording ? told : null
  })
}

function record(journal: Journal, object: CachedObject, by: Killer): void {
  const { xid } = object
  switch (by) {
    case 'lru':
      journal.raw('ExpKill', `LRU x=${xid}`)
      return
    case 'expired':
      journal.raw('ExpKill', `EXP_Expired x=${xid} t=${object.left(journal.clock.now()).toFixed(0)}`)
      return
    case 'lookup':
      journal.raw('ExpBan', `${xid} banned lookup`)
      return
    case 'lurker':
      journal.raw('ExpBan', `${xid} banned by lurker`)
      return
    default:
      by satisfies never
  }
}
