/**
 * The log of the fleet as one thread knows it, in its compacted form: what became of something that lies in the tier, by whomever it was written and
 * whenever it is read. No clock, no I/O; it follows what it is told.
 */
import { BanView } from '../object/ban-view.ts'
import type { FleetEntry, FleetReplica, FleetSnapshot, FleetVerdict, FleetView, PendingEntry } from '../object/fleet-view.ts'
import type { CachedObject } from '../object/object.ts'
import type { FleetPosition } from './fleet.ts'
import { FleetBans } from './fleet-bans.ts'
import { FleetPending } from './fleet-pending.ts'
import { boundedSnapshot, emptySnapshot } from './fleet-snapshot.ts'
import { InvalidationLog } from './log.ts'

export interface FleetLogInit {
  /** Subjects of a kind that are remembered one by one. Default: as many as by an `InvalidationLog`. */
  readonly capacity?: number
  /** Bans that are remembered. Default 1,000. */
  readonly bans?: number
}

/** Intervals that were lost; beyond them the oldest raise the floor. */
const LOST = 100

export class FleetLog implements FleetView, FleetReplica {
  readonly #init: FleetLogInit
  readonly #pending = new FleetPending()
  #log: InvalidationLog
  #bans: FleetBans
  /** Oldest first. */
  #lost: (readonly [kept: FleetPosition, until: FleetPosition])[] = []
  #begun = false
  #heard = true

  constructor(init: FleetLogInit = {}) {
    this.#init = init
    this.#log = this.#newLog()
    this.#bans = this.#newBans()
  }

  get ready(): boolean {
    return this.#begun && this.#heard
  }

  /** Whether it began with what is known. */
  get begun(): boolean {
    return this.#begun
  }

  get heardOf(): boolean {
    return this.#heard
  }

  get position(): FleetPosition {
    return this.#log.head
  }

  /** Of what is older, nobody can tell. */
  get floor(): FleetPosition {
    return this.#log.floor
  }

  /** Entries of this node that are not in the log yet. */
  get pending(): readonly PendingEntry[] {
    return this.#pending.entries
  }

  pend(uid: string, entry: FleetEntry): void {
    this.#pending.add(uid, entry)
  }

  withdraw(uids: readonly string[]): void {
    for (const uid of uids) this.#pending.remove(uid)
  }

  /** An entry that comes a second time, or late, is recorded as the newest: what is fetched again in vain costs less than what is served in error. */
  apply(position: FleetPosition, entry: FleetEntry, uid: string | null): void {
    const at = Math.max(position, this.#log.head)
    switch (entry.do) {
      case 'key':
        this.#log.recordKey(at, entry.key, entry.soft)
        break
      case 'subject':
        this.#log.recordSubject(at, entry.subject, entry.soft)
        break
      case 'ban':
        this.#log.skipTo(at)
        this.#bans.add(entry.text, at)
        break
      case 'generation':
        this.#log.skipTo(at)
        this.lose(entry.kept, position)
        break
      default:
        entry satisfies never
    }
    if (uid !== null) this.#pending.remove(uid)
  }

  lose(kept: FleetPosition, until: FleetPosition): void {
    if (kept >= until || this.#lost.some((lost) => lost[0] <= kept && lost[1] >= until)) return
    this.#lost = [...this.#lost.filter((lost) => lost[0] < kept || lost[1] > until), [kept, until]]
    while (this.#lost.length > LOST) {
      const oldest = this.#lost.shift()
      if (oldest !== undefined) this.#log.raise(oldest[1])
    }
  }

  heard(still: boolean): void {
    this.#heard = still
  }

  begin(snapshot: FleetSnapshot, pending: readonly PendingEntry[]): void {
    this.load(snapshot)
    this.#pending.clear()
    for (const { uid, entry } of pending) this.#pending.add(uid, entry)
  }

  /** Begins anew with what another one knew; what is pending here stays so. Positions lost that only this one knows of stay lost. */
  load({ lost, bans, ...log }: FleetSnapshot): void {
    const before = this.#lost
    this.#log = this.#newLog()
    this.#bans = this.#newBans()
    this.#lost = []
    this.#log.restore(log)
    for (const [text, position] of bans) this.#bans.add(text, position)
    for (const [kept, until] of [...lost, ...before].sort((a, b) => a[1] - b[1])) this.lose(kept, until)
    this.#begun = true
  }

  /** Begins where nothing is known of what came before: of nothing that is older than this position can be told what became of it. */
  start(position: FleetPosition): void {
    this.load(emptySnapshot(position))
  }

  /** All of it but what is pending; of at most so many characters, by leaving out the oldest, which raises the floor. */
  snapshot(characters: number = Number.POSITIVE_INFINITY): FleetSnapshot {
    return boundedSnapshot({ ...this.#log.dump(), lost: this.#lost, bans: this.#bans.entries }, characters)
  }

  verdict(object: CachedObject, names: readonly string[], variant: string, since: FleetPosition, now: number): FleetVerdict {
    const { key, tags, target } = object
    const pending = this.#pending.size === 0 ? 'valid' : this.#pending.verdict(key, tags, target)
    if (pending === 'hard') return 'hard'
    if (!this.#knows(since)) return 'unknown'
    const recorded = this.#log.verdict(key, since, tags, target)
    if (recorded === 'hard') return 'hard'
    if (this.#bans.newest > since || this.#pending.bans) {
      const view = new BanView(object, names, variant, now)
      if (this.#pending.banned(view) || this.#bans.names(view, since)) return 'hard'
    }
    return recorded === 'soft' || pending === 'soft' ? 'soft' : 'valid'
  }

  refusalVerdict(key: string, since: FleetPosition): 'valid' | 'hard' | 'unknown' {
    if (this.#pending.verdict(key, [], null) === 'hard') return 'hard'
    if (!this.#knows(since)) return 'unknown'
    return this.#log.verdict(key, since) === 'hard' ? 'hard' : 'valid'
  }

  /**
   * A position that is not known here yet may as well be of a log that was lost, and is going to be given again. Where nothing was kept, what was told
   * in the beginning may be lost as well.
   */
  #knows(since: FleetPosition): boolean {
    const { head, floor } = this.#log
    return since >= floor && since <= head && !this.#lost.some(([kept, until]) => (since > kept || kept === 0) && since < until)
  }

  #newLog(): InvalidationLog {
    return new InvalidationLog(this.#init.capacity)
  }

  #newBans(): FleetBans {
    return new FleetBans((position) => this.#log.raise(position), this.#init.bans)
  }
}
