/** What few objects have: those that have nothing of it keep no memory for it. */
import type { Place } from './key-text.ts'
import type { Part } from './object.ts'
import { ownText } from './own.ts'

/** Memory that it takes, beyond the texts of the target. Measured, rounded up. */
const RARE = 160
/** Where that is only the id of their fetch. */
const NUMBERED = 72

export interface Rare {
  target: Place | null
  readonly part: Part | null
  readonly retryAt: number
  readonly failures: number
  readonly xid: number
}

const NOTHING_RARE: Rare = { target: null, part: null, retryAt: 0, failures: 0, xid: 0 }

/** `target`: when the key does not tell it. */
export function rareOf(part: Part | null, target: Place | null, xid: number): Rare | null {
  return part === null && target === null && xid === 0 ? null : { ...NOTHING_RARE, part, target, xid }
}

/** Of an object whose refresh failed. */
export function failedRare(rare: Rare | null, failures: number, retryAt: number): Rare {
  return { ...(rare ?? NOTHING_RARE), failures, retryAt }
}

/** Lets go of what its strings were cut from. */
export function settleRare(rare: Rare): void {
  if (rare.target !== null) rare.target = { url: ownText(rare.target.url), host: ownText(rare.target.host) }
}

export function rareBytes({ target, part, failures, xid }: Rare): number {
  if (target !== null) return RARE + target.url.length + target.host.length
  return xid > 0 && part === null && failures === 0 ? NUMBERED : RARE
}
