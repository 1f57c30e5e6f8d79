/**
 * Bans of the fleet, for what lies in the tier. It cannot be known when everything there has been tested, so that none retires: of each text the
 * newest is held, and beyond the bound the oldest raise the floor.
 */
import { parseBan } from '../../vcl-ts/ban.ts'
import type { BanView } from '../object/ban-view.ts'
import { type BanMatcher, banMatcher } from './ban-matcher.ts'

interface FleetBan {
  readonly position: number
  readonly matches: BanMatcher
}

const CAP = 1000
const CHARACTERS = 1024 * 1024

export class FleetBans {
  readonly #cap: number
  readonly #forgotten: (position: number) => void
  /** Oldest first. */
  readonly #bans = new Map<string, FleetBan>()
  #characters = 0
  #newest = 0

  /** `forgotten` is told the position of each that has to go. */
  constructor(forgotten: (position: number) => void, cap: number = CAP) {
    this.#forgotten = forgotten
    this.#cap = cap
  }

  /** Position of the newest one; 0: there is none. */
  get newest(): number {
    return this.#newest
  }

  get size(): number {
    return this.#bans.size
  }

  get entries(): readonly (readonly [text: string, position: number])[] {
    return Array.from(this.#bans, ([text, { position }]) => [text, position] as const)
  }

  /** No position is lower than that of the last one. What is no ban here (of a newer node?) might name anything. */
  add(text: string, position: number): void {
    const matches = matcherOf(text)
    if (matches === null) {
      this.#forgotten(position)
      return
    }
    if (!this.#bans.delete(text)) this.#characters += text.length
    this.#bans.set(text, { position, matches })
    this.#newest = position
    while (this.#bans.size > this.#cap || (this.#characters > CHARACTERS && this.#bans.size > 1)) this.#forget()
  }

  /** Whether one that is newer than `since` names the object. */
  names(object: BanView, since: number): boolean {
    for (const { position, matches } of this.#bans.values()) if (position > since && matches(object)) return true
    return false
  }

  #forget(): void {
    const [oldest] = this.#bans
    if (oldest === undefined) return
    const [text, { position }] = oldest
    this.#bans.delete(text)
    this.#characters -= text.length
    this.#forgotten(position)
  }
}

/** `null`: it is no ban. */
export function matcherOf(text: string): BanMatcher | null {
  try {
    return banMatcher(parseBan(text))
  } catch {
    return null
  }
}
