/** What a worker needs of its copies of the invalidation log and of the list of bans: they follow those of the librarian, entry by entry. */
import type { BanTests } from '../ban-view.ts'
import type { Invalidations } from '../table.ts'

export interface LogReplica extends Invalidations {
  /** Everything up to a position is past, and nothing is known of it. What a fetch brings that began before is of no use. */
  begin(position: number): void
  /** The next entry comes behind this position. */
  skipTo(position: number): void
}

export interface BanReplica extends BanTests {
  /** Active ones. */
  readonly size: number
  /** Of what is older than this position, nobody can tell any more whether a ban named it. */
  begin(forgotten: number): void
  /** A ban that the librarian took. */
  follow(text: string, position: number): void
  /** Bans up to a position are done with. */
  retire(testedUpTo: number, oldestFetch: number): void
}
