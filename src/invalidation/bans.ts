/**
 * The list of bans. A ban is for objects whose fetch began before it; each of them is tested against it once, before it is served or by the
 * lurker, whichever comes first. When all have been, and no older fetch is on its way, the ban is completed. The list is bounded: a ban
 * above the bound is refused, none is dropped.
 */
import { type Ban, BanError, type BanSubject, isObjectBan, isTimedBan, parseBan, requestFieldsOf } from '../../vcl-ts/ban.ts'
import type { Clock } from '../clock.ts'
import { C, type Counters } from '../counters.ts'
import { type BanMatcher, banMatcher } from './ban-matcher.ts'
import type { BanInfo } from './invalidation.ts'

export type { BanSubject } from '../../vcl-ts/ban.ts'

export interface BansInit {
  readonly clock: Clock
  readonly counters: Counters
  /** Whether the Vary of a stored answer names that request field, lower case. */
  readonly knows: (name: string) => boolean
  /** Active bans at most, default 1,000. */
  readonly cap?: number
  /** Characters of all active bans together at most, default 1 Mi. */
  readonly characters?: number
}

/** A ban on the list. */
export interface ListedBan {
  readonly id: string
  readonly position: number
  /** Objects that it took so far. */
  readonly objects: number
  readonly completed: boolean
}

/** There are too many bans. The list is as it was. */
export class BanLimitError extends Error {
  /** Seconds after which it may be tried again. */
  readonly retryAfter: number = 5

  constructor(message: string) {
    super(message)
    this.name = 'BanLimitError'
  }
}

function tooMany(bound: string): BanLimitError {
  return new BanLimitError(
    `too many bans: ${bound} until stored objects have been tested against those; try again later, or purge by tag, prefix or host`,
  )
}

const CAP = 1000
const CHARACTERS = 1024 * 1024
/** Completed bans that stay on the list to be looked at. */
const COMPLETED = 100

const NEVER: BanMatcher = () => false

class Entry implements ListedBan {
  readonly id: string
  readonly text: string
  readonly position: number
  readonly added: number
  readonly tests: number
  readonly ofObject: boolean
  matches: BanMatcher
  objects = 0
  completed = false

  constructor(ban: Ban, position: number, added: number) {
    this.id = String(position)
    this.text = ban.text
    this.position = position
    this.added = added
    this.tests = ban.tests.length
    this.ofObject = isObjectBan(ban)
    this.matches = banMatcher(ban)
  }
}

export class Bans {
  readonly #clock: Clock
  readonly #counters: Counters
  readonly #knows: (name: string) => boolean
  readonly #cap: number
  readonly #limit: number
  /** Oldest first. */
  readonly #active: Entry[] = []
  readonly #completed: Entry[] = []
  /** Active ones whose meaning does not change with time. */
  readonly #byText = new Map<string, Entry>()
  #characters = 0
  #newest = 0
  #forgotten = 0

  constructor({ clock, counters, knows, cap = CAP, characters = CHARACTERS }: BansInit) {
    this.#clock = clock
    this.#counters = counters
    this.#knows = knows
    this.#cap = cap
    this.#limit = characters
  }

  /** Position of the newest active ban, 0 when there is none. */
  get newest(): number {
    return this.#newest
  }

  /** Position of the newest ban that was completed because nothing older was left to test: what is older cannot be vouched for. */
  get forgotten(): number {
    return this.#forgotten
  }

  /** Active bans. */
  get size(): number {
    return this.#active.length
  }

  /**
   * Adds a ban at a position of the log that is higher than all before. An older one that is the same is completed by it. Throws a
   * `BanError` for what is no ban or would silently match nothing, a `BanLimitError` when the list is full; then nothing has changed.
   */
  add(expression: string, position: number): ListedBan {
    const ban = parseBan(expression)
    for (const name of requestFieldsOf(ban))
      if (!this.#knows(name))
        throw new BanError(
          `req.http.${name} is not known: the Vary of no stored answer names it, so nothing of it is stored and the ban would silently match nothing; test obj.http.<name>, obj.url or obj.tags`,
        )
    const same = this.#byText.get(ban.text)
    if (same === undefined) this.#checkRoom(ban)
    const entry = new Entry(ban, position, this.#clock.wall())
    this.#counters.add(C.bans_added)
    if (same !== undefined) {
      this.#counters.add(C.bans_dups)
      this.#active.splice(this.#active.indexOf(same), 1)
      this.#complete(same)
    }
    this.#push(entry, !isTimedBan(ban))
    return entry
  }

  #push(entry: Entry, lasting: boolean): void {
    this.#active.push(entry)
    this.#characters += entry.text.length
    this.#newest = entry.position
    if (lasting) this.#byText.set(entry.text, entry)
  }

  /** Bans in force, oldest first. */
  get active(): readonly { readonly text: string; readonly position: number }[] {
    return this.#active
  }

  /** Begins behind bans that are done with: of what is older than this position, nobody can tell any more whether one named it. */
  begin(forgotten: number): void {
    this.#forgotten = forgotten
  }

  /** Adds a ban that another list has taken, at its position there. */
  follow(text: string, position: number): void {
    const ban = parseBan(text)
    const same = this.#byText.get(ban.text)
    if (same !== undefined) {
      this.#active.splice(this.#active.indexOf(same), 1)
      this.#complete(same)
    }
    this.#push(new Entry(ban, position, this.#clock.wall()), !isTimedBan(ban))
  }

  /** Whether an active ban that is newer than position `since` matches. What matches is taken as gone, and counted. */
  matches(subject: BanSubject, since: number, byLurker: boolean = false): boolean {
    const active = this.#active
    let tests = 0
    let at = active.length - 1
    let found: Entry | null = null
    for (; at >= 0 && found === null; at--) {
      const entry = active[at] as Entry
      if (entry.position <= since) break
      tests += entry.tests
      if (entry.matches(subject)) found = entry
    }
    this.#counters.add(byLurker ? C.bans_lurker_tested : C.bans_tested, active.length - 1 - at)
    this.#counters.add(byLurker ? C.bans_lurker_tests_tested : C.bans_tests_tested, tests)
    if (found === null) return false
    found.objects++
    this.#counters.add(byLurker ? C.bans_lurker_obj_killed : C.bans_obj_killed)
    return true
  }

  /** Whether an active ban that is newer than position `since` matches; nothing is counted. */
  names(subject: BanSubject, since: number): boolean {
    return this.#active.some((entry) => entry.position > since && entry.matches(subject))
  }

  /**
   * Completes what is done: everything stored has been tested against the bans up to `testedUpTo`, and no fetch is on its way that began
   * before `oldestFetch` (`Infinity`: none at all).
   */
  retire(testedUpTo: number, oldestFetch: number): void {
    const done = Math.min(testedUpTo, oldestFetch)
    const left = this.#active.findIndex((entry) => entry.position > done)
    for (const entry of this.#active.splice(0, left < 0 ? this.#active.length : left)) {
      this.#forgotten = entry.position
      this.#complete(entry)
    }
    if (this.#active.length === 0) this.#newest = 0
  }

  /** Newest first. `references` tells how many objects have not been tested against the bans up to a position. */
  list(references: (position: number) => number = () => 0): readonly BanInfo[] {
    return [...this.#active, ...this.#completed]
      .sort((a, b) => b.position - a.position)
      .map(({ id, text, added, position, completed, objects }) => ({
        id,
        expression: text,
        added,
        references: completed ? 0 : references(position),
        state: completed ? 'completed' : 'active',
        objects,
      }))
  }

  /** What the list holds now, by the names of Varnish's counters. */
  gauges(): Readonly<Record<'bans' | 'bans_completed' | 'bans_obj' | 'bans_req', number>> {
    const listed = [...this.#active, ...this.#completed]
    const ofObjects = listed.filter(({ ofObject }) => ofObject).length
    return { bans: listed.length, bans_completed: this.#completed.length, bans_obj: ofObjects, bans_req: listed.length - ofObjects }
  }

  #checkRoom(ban: Ban): void {
    if (this.#active.length >= this.#cap) throw tooMany(`${this.#cap} are active, and no more are taken`)
    if (this.#characters + ban.text.length > this.#limit)
      throw tooMany(`those that are active have ${this.#characters} characters, and no more than ${this.#limit} are taken`)
  }

  #complete(entry: Entry): void {
    entry.completed = true
    entry.matches = NEVER
    this.#characters -= entry.text.length
    if (this.#byText.get(entry.text) === entry) this.#byText.delete(entry.text)
    this.#completed.push(entry)
    if (this.#completed.length <= COMPLETED) return
    this.#completed.shift()
    this.#counters.add(C.bans_deleted)
  }
}
