/** Carries out in one worker what the librarian records, on what is at hand and what arrives there. */
import type { FleetReplica } from '../fleet-view.ts'
import type { LocalTable } from '../local-table.ts'
import type { CachedObject } from '../object.ts'
import type { Vouching } from '../tier.ts'
import type { Arriving } from './arriving.ts'
import type { Followings } from './followings.ts'
import type { FleetMessage, FromLibrarian, Invalidating, ToLibrarian } from './messages.ts'
import type { BanReplica, LogReplica } from './replica.ts'

export interface AppliedLogInit {
  readonly near: LocalTable
  readonly log: LogReplica
  readonly bans: BanReplica
  readonly followings: Followings
  readonly arriving: Arriving
  /** Follows the log that nodes share; `null`: there are no others. */
  readonly fleet: FleetCopy | null
  readonly tell: (message: ToLibrarian) => void
}

/** A worker's copy of the fleet's log, and whether what is stored is vouched for by it. */
export interface FleetCopy {
  readonly replica: FleetReplica
  readonly vouching: Vouching
}

export class AppliedLog {
  readonly #init: AppliedLogInit
  /** Bans up to there are done with, but for what this worker fetches. */
  #retired = 0

  constructor(init: AppliedLogInit) {
    this.#init = init
  }

  begin({ settled, forgotten, bans: active }: Extract<FromLibrarian, { type: 'begin' }>): void {
    const { log, bans } = this.#init
    log.begin(settled)
    bans.begin(forgotten)
    for (const { text, position } of active) bans.follow(text, position)
  }

  apply(entry: Invalidating): void {
    const { log, bans, near } = this.#init
    const { position } = entry
    if (position <= log.head) return
    log.skipTo(position - 1)
    switch (entry.type) {
      case 'ban':
        bans.follow(entry.text, position)
        log.skipTo(position)
        this.#init.arriving.test()
        // What landed here while the ban was on its way, nobody has told of.
        if (near.flights.oldest >= position) this.#init.tell({ type: 'landed' })
        return
      case 'key': {
        const objects = near.arrivingUnder(entry.key).filter((object) => this.#counts(object)).length
        near.purge(entry.key, entry.soft)
        this.#tell(position, objects)
        return
      }
      case 'subject': {
        let objects = 0
        const result = near.purgeSubject(entry.subject, entry.soft, (object) => {
          if (this.#counts(object)) objects++
        })
        if (result instanceof Promise) void result.then(() => this.#tell(position, objects))
        else this.#tell(position, objects)
        return
      }
      default:
        entry satisfies never
    }
  }

  /** What becomes of the fleet's log. */
  follow(message: FleetMessage): void {
    const { fleet } = this.#init
    if (fleet === null) return
    const { replica, vouching } = fleet
    switch (message.type) {
      case 'fleetBegin':
        if (message.begun) replica.begin(message.snapshot, message.pending)
        else for (const { uid, entry } of message.pending) replica.pend(uid, entry)
        replica.heard(message.heard)
        vouching.from = message.from
        return
      case 'pending':
        replica.pend(message.uid, message.entry)
        return
      case 'withdrawn':
        replica.withdraw(message.uids)
        return
      case 'fleet':
        replica.apply(message.position, message.entry, message.uid)
        return
      case 'lost':
        replica.lose(message.kept, message.until)
        return
      case 'heard':
        replica.heard(message.still)
        return
      case 'vouching':
        vouching.from = message.from
        return
      default:
        message satisfies never
    }
  }

  /** Bans up to a position are done with: all that is stored has been tested against them. */
  retire(position: number): void {
    this.#retired = position
    this.landed()
  }

  /** What a fetch brought that was under way when a ban came is tested here, though the librarian may not have heard of that fetch. */
  landed(): void {
    const { near, bans, followings } = this.#init
    if (bans.size === 0) return
    // The librarian's lurker does not come to what arrives from other workers, and their fetch may have ended already.
    for (const object of followings.objects) near.test(object)
    bans.retire(this.#retired, near.flights.landedUpTo())
  }

  /** What is stored is counted by the librarian, what another worker fetches by that one. */
  #counts(object: CachedObject): boolean {
    return object.handle === 0 && !this.#init.followings.has(object)
  }

  #tell(position: number, objects: number): void {
    this.#init.tell({ type: 'applied', position, objects })
  }
}
