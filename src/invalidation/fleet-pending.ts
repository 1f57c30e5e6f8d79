/**
 * Entries of this node that have no place in the log yet. They come behind everything that lies in the tier now, so that each is in force for all of
 * it. Counted by what they name, so that a test costs as much with one as with many.
 */
import type { BanView } from '../object/ban-view.ts'
import type { FleetEntry, PendingEntry } from '../object/fleet-view.ts'
import { keyOf, type Place, placeOf } from '../object/key-text.ts'
import type { SubjectPurge } from '../object/subject.ts'
import type { Verdict } from '../object/table.ts'
import type { BanMatcher } from './ban-matcher.ts'
import { matcherOf } from './fleet-bans.ts'

/** How many entries name something. */
interface Count {
  hard: number
  soft: number
}

/** What is told from others by how its text begins, or by a test: looked through one by one. */
interface PendingBan {
  count: number
  /** `null`: it might name anything. */
  readonly matches: BanMatcher | null
}

export class FleetPending {
  readonly #entries = new Map<string, FleetEntry>()
  readonly #keys = new Map<string, Count>()
  readonly #urls = new Map<string, Count>()
  readonly #tags = new Map<string, Count>()
  readonly #hosts = new Map<string, Count>()
  readonly #prefixes = new Map<string, Count>()
  readonly #all: Count = { hard: 0, soft: 0 }
  readonly #bans = new Map<string, PendingBan>()

  get size(): number {
    return this.#entries.size
  }

  /** Whether any of them is a ban. */
  get bans(): boolean {
    return this.#bans.size > 0
  }

  get entries(): readonly PendingEntry[] {
    return Array.from(this.#entries, ([uid, entry]) => ({ uid, entry }))
  }

  add(uid: string, entry: FleetEntry): void {
    if (this.#entries.has(uid)) return
    this.#entries.set(uid, entry)
    this.#count(entry, 1)
  }

  /** Harmless when it is not there. */
  remove(uid: string): void {
    const entry = this.#entries.get(uid)
    if (entry === undefined) return
    this.#entries.delete(uid)
    this.#count(entry, -1)
  }

  clear(): void {
    for (const uid of [...this.#entries.keys()]) this.remove(uid)
  }

  /** What becomes of something by all but the bans. */
  verdict(key: string, tags: readonly string[], target: Place | null): Verdict {
    let soft = this.#all.soft > 0
    if (this.#all.hard > 0) return 'hard'
    for (const count of this.#naming(key, tags, target)) {
      if (count.hard > 0) return 'hard'
      soft = true
    }
    return soft ? 'soft' : 'valid'
  }

  banned(object: BanView): boolean {
    for (const { matches } of this.#bans.values()) if (matches === null || matches(object)) return true
    return false
  }

  *#naming(key: string, tags: readonly string[], target: Place | null): IterableIterator<Count> {
    const byKey = this.#keys.get(key)
    if (byKey !== undefined) yield byKey
    if (this.#tags.size > 0) {
      for (const tag of tags) {
        const byTag = this.#tags.get(tag)
        if (byTag !== undefined) yield byTag
      }
    }
    if (this.#urls.size === 0 && this.#hosts.size === 0 && this.#prefixes.size === 0) return
    const place = target ?? placeOf(key)
    if (place === null) {
      // What does not tell its place goes with every URL, host and prefix.
      yield* this.#urls.values()
      yield* this.#hosts.values()
      yield* this.#prefixes.values()
      return
    }
    const byUrl = this.#urls.get(keyOf(place))
    if (byUrl !== undefined) yield byUrl
    const byHost = this.#hosts.get(place.host)
    if (byHost !== undefined) yield byHost
    const where = `${place.host} ${place.url}`
    for (const [prefix, count] of this.#prefixes) if (where.startsWith(prefix)) yield count
  }

  #count(entry: FleetEntry, by: number): void {
    switch (entry.do) {
      case 'key':
        countIn(this.#keys, entry.key, entry.soft, by)
        return
      case 'subject':
        this.#countSubject(entry.subject, entry.soft, by)
        return
      case 'ban': {
        const ban = this.#bans.get(entry.text) ?? { count: 0, matches: matcherOf(entry.text) }
        ban.count += by
        if (ban.count > 0) this.#bans.set(entry.text, ban)
        else this.#bans.delete(entry.text)
        return
      }
      case 'generation':
        return
      default:
        entry satisfies never
    }
  }

  #countSubject(subject: SubjectPurge, soft: boolean, by: number): void {
    switch (subject.by) {
      case 'tags':
        for (const tag of new Set(subject.tags)) countIn(this.#tags, tag, soft, by)
        return
      case 'url':
        countIn(this.#urls, keyOf({ url: subject.url, host: subject.host ?? '' }), soft, by)
        return
      case 'host':
        countIn(this.#hosts, subject.host, soft, by)
        return
      case 'prefix':
        countIn(this.#prefixes, `${subject.host ?? ''} ${subject.prefix}`, soft, by)
        return
      case 'all':
        this.#all[soft ? 'soft' : 'hard'] += by
        return
      default:
        subject satisfies never
    }
  }
}

function countIn(counts: Map<string, Count>, name: string, soft: boolean, by: number): void {
  const count = counts.get(name) ?? { hard: 0, soft: 0 }
  count[soft ? 'soft' : 'hard'] += by
  if (count.hard + count.soft > 0) counts.set(name, count)
  else counts.delete(name)
}
