/** What a store and the expiry need to know of what is stored: nothing of HTTP. */
export interface Entry {
  readonly id: number
  /** Primary key. */
  readonly key: string
  /** Bytes of everything the entry holds: body, head, key, tags, index. */
  readonly bytes: number
  /** Monotonic milliseconds from which it is worthless. */
  readonly expiresAt: number
  /** Where the expiry holds it; -1 while it does not. Nobody else's to touch. */
  place: number
  /** Where the store has it, and how often it was used there; -1 while it has not. Nobody else's to touch. */
  row: number
}

let nextId = 1

/** Ids are process-wide, so that entries of all kinds can share one store. */
export function newEntryId(): number {
  return nextId++
}
