/** A remembered refusal: what the last answer said about sharing, held per variant and class. */
import { type Entry, newEntryId } from './entry.ts'
import { sameNames } from './names.ts'
import type { Slot } from './slot.ts'

/** Bookkeeping of one refusal: its key's head and slot, maps, instances. Measured, rounded up. */
const OVERHEAD = 700
/** Milliseconds by which two refusals end that are the same. */
const NEARLY = 1000

export class Marker implements Entry {
  readonly id: number = newEntryId()
  /** Once it has its place the table's own copy, so that no message is kept for it. */
  key: string
  readonly type: 'hitForMiss' | 'hitForPass'
  readonly expiresAt: number
  readonly position: number
  readonly credentialed: boolean
  /** Of the fetch whose answer it remembers; 0: not known. */
  readonly xid: number
  place = -1
  row = -1
  /** As an object's. */
  handle = 0
  /** As an object's, both. */
  slot: Slot | null = null
  checked: number

  constructor(key: string, type: 'hitForMiss' | 'hitForPass', expiresAt: number, position: number, credentialed: boolean, xid: number = 0) {
    this.key = key
    this.type = type
    this.expiresAt = expiresAt
    this.position = position
    this.checked = position
    this.credentialed = credentialed
    this.xid = xid
  }

  /** Whether one of this type, until this moment, says nothing new: many requests in a row may not share. */
  says(type: Marker['type'], expiresAt: number): boolean {
    return this.type === type && Math.abs(expiresAt - this.expiresAt) < NEARLY
  }

  /** Whether it is kept there. */
  isAt(key: string, names: readonly string[], variant: string): boolean {
    const { slot } = this
    return slot !== null && slot.variant === variant && this.key === key && sameNames(slot.spec.names, names)
  }

  get bytes(): number {
    return OVERHEAD + this.key.length * 2
  }
}
