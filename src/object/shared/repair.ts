/** After a worker's death, which may have come between any two of its steps: what it had finished is kept, what it had begun is free again. */
import type { Books } from './books.ts'
import type { Burials } from './burials.ts'
import { type Entries, FREE, HANDED } from './entries.ts'

/** What the librarian has, and can do with an entry. */
export interface Repairing {
  readonly entries: Entries
  readonly books: Books
  readonly burials: Burials
  /** The first entry that was never handed out. */
  readonly fresh: number
  /** Takes it into the books. */
  readonly book: (entry: number) => void
  /** Makes it free for others. */
  readonly renew: (entry: number) => void
}

/** Looks at every entry that the dead worker had in its hands. */
export function repair(participant: number, { entries, books, burials, fresh, book, renew }: Repairing): void {
  for (let entry = 1; entry < fresh; entry++) {
    if (entries.owner(entry) !== participant || books.at(entry) !== null || burials.has(entry)) continue
    const state = entries.state(entry)
    if (state === FREE) continue
    if (state === HANDED || !isLinked(entries, entry)) renew(entry)
    else {
      // Its version may not have been raised.
      entries.touchVersion(entries.bucketOf(entries.hash(entry)))
      book(entry)
    }
  }
}

function isLinked(entries: Entries, entry: number): boolean {
  for (let other = entries.first(entries.bucketOf(entries.hash(entry))); other !== 0; other = entries.next(other))
    if (other === entry) return true
  return false
}
