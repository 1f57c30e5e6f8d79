/** Makes this process a node of a fleet: the log of all, what is carried out here, and copies of the log in other threads. */
import type { Clock } from '../clock.ts'
import type { RedisSettings } from '../config/settings.ts'
import type { EventLog } from '../log.ts'
import type { FleetReplica } from '../object/fleet-view.ts'
import type { FleetMessage } from '../object/shared/messages.ts'
import type { Vouching } from '../object/tier.ts'
import type { RedisFeed, RedisPort } from '../redis/port.ts'
import type { EntrySeal } from './fleet-entry.ts'
import type { FleetHome } from './fleet-home.ts'
import { FleetLog } from './fleet-log.ts'
import type { Invalidation } from './invalidation.ts'
import { RedisLog } from './redis-log.ts'

/** What a node reaches the others by. Whoever opened it stops it. */
export interface FleetParts {
  readonly port: Pick<RedisPort, 'state' | 'read' | 'run'>
  readonly feed: RedisFeed
  readonly seal: EntrySeal
  readonly log: EventLog
  /** Unlike that of any other process, one that was there before included. */
  readonly id: string
}

export interface FleetNodeInit {
  readonly parts: FleetParts
  readonly settings: RedisSettings
  readonly clock: Clock
  /** What is carried out on this node alone. */
  readonly here: Pick<Invalidation, 'purgeKey' | 'purge'>
  /** Tells the threads that have copies of the log. Default: there are none. */
  readonly spread?: (message: FleetMessage) => void
}

export interface JoinedFleet {
  readonly log: FleetLog
  readonly vouching: Vouching
  readonly desk: RedisLog
  /** For a thread that begins. */
  begin(): FleetMessage
}

/** Nothing is asked of Redis until the desk is started. */
export function joinFleet({ parts, settings, clock, here, spread = () => {} }: FleetNodeInit): JoinedFleet {
  const log = new FleetLog()
  const vouching: Vouching = { from: Number.POSITIVE_INFINITY, limit: settings.staleLimit * 1000 }
  const begin = (): FleetMessage => ({
    type: 'fleetBegin',
    snapshot: log.snapshot(),
    ...{ pending: log.pending, begun: log.begun, heard: log.heardOf, from: vouching.from },
  })
  const home: FleetHome = {
    ...{ log, vouching },
    replica: spreading(log, spread, begin),
    carryOut(order, gone) {
      switch (order.do) {
        case 'key':
          return here.purgeKey(order.key, order.soft)
        case 'subject':
          return here.purge(order.subject, order.soft, gone)
        case 'ban':
          return here.purge({ by: 'ban', expression: order.text }, false)
        default:
          return order satisfies never
      }
    },
    vouch(from) {
      vouching.from = from
      spread({ type: 'vouching', from })
    },
  }
  const { port, feed, seal, log: events, id } = parts
  const desk = new RedisLog({ port, feed, seal, clock, log: events, home, prefix: settings.prefix, node: { id, name: settings.node } })
  return { log, vouching, desk, begin }
}

/** Does to all copies what it does to this thread's. */
function spreading(log: FleetLog, spread: (message: FleetMessage) => void, begin: () => FleetMessage): FleetReplica {
  return {
    begin(snapshot, pending) {
      log.begin(snapshot, pending)
      spread(begin())
    },
    pend(uid, entry) {
      log.pend(uid, entry)
      spread({ type: 'pending', uid, entry })
    },
    withdraw(uids) {
      log.withdraw(uids)
      spread({ type: 'withdrawn', uids })
    },
    apply(position, entry, uid) {
      log.apply(position, entry, uid)
      spread({ type: 'fleet', position, entry, uid })
    },
    lose(kept, until) {
      log.lose(kept, until)
      spread({ type: 'lost', kept, until })
    },
    heard(still) {
      log.heard(still)
      spread({ type: 'heard', still })
    },
  }
}
