/**
 * The one ordered log of invalidations, in its compacted form: the last position per subject. An object remembers the position at
 * which its fetch began; an entry that came later and names its key, one of its tags, its host, a prefix of its URL or all makes it
 * unusable, whenever it was stored.
 */
import type { FleetSnapshot, SnapshotSubject } from '../object/fleet-view.ts'
import { keyOf, type Place, placeOf } from '../object/key-text.ts'
import type { SubjectPurge } from '../object/subject.ts'
import type { Verdict } from '../object/table.ts'
import { type Positions, Subjects } from './subjects.ts'

export interface InvalidationEntry {
  readonly position: number
  readonly key: string
  readonly soft: boolean
}

/** What it holds, as plain data. */
export type LogDump = Omit<FleetSnapshot, 'lost' | 'bans'>

/** Subjects of a kind remembered one by one, and the characters of all together; beyond them the oldest raise the floor. */
const CAPACITY = 100_000
const CHARACTERS = 8 * 1024 * 1024
/** Prefixes are looked through one by one. */
const PREFIXES = 1000

const NO_TAGS: readonly string[] = []

export class InvalidationLog {
  #head = 0
  /** Objects whose fetch began before this position cannot be vouched for: they are misses. */
  #floor = 0
  readonly #keys: Subjects
  /** By the key that is made of URL and host alone. */
  readonly #urls: Subjects
  readonly #tags: Subjects
  readonly #hosts: Subjects
  readonly #prefixes: Subjects
  readonly #all: Positions = { hard: 0, soft: 0 }

  constructor(capacity: number = CAPACITY) {
    const raise = (position: number): void => {
      this.#floor = Math.max(this.#floor, position)
    }
    this.#keys = new Subjects(capacity, CHARACTERS, raise)
    this.#urls = new Subjects(capacity, CHARACTERS, raise)
    this.#tags = new Subjects(capacity, CHARACTERS, raise)
    this.#hosts = new Subjects(capacity, CHARACTERS, raise)
    this.#prefixes = new Subjects(Math.min(capacity, PREFIXES), CHARACTERS, raise)
  }

  /** Position of the last entry. */
  get head(): number {
    return this.#head
  }

  /** Of what began before this position, nobody can tell. */
  get floor(): number {
    return this.#floor
  }

  /** Subjects held. */
  get size(): number {
    return this.#keys.size + this.#urls.size + this.#tags.size + this.#hosts.size + this.#prefixes.size
  }

  /** Begins at a position: nothing is known of what came before, so that nothing that was fetched before it is vouched for. */
  begin(position: number): void {
    this.#head = position
    this.#floor = position
  }

  /** The next entry comes behind this position. */
  skipTo(position: number): void {
    this.#head = Math.max(this.#head, position)
  }

  /** Of what began before this position, nobody can tell any more. */
  raise(position: number): void {
    this.#floor = Math.max(this.#floor, position)
  }

  /** All variants under a primary key, hard or soft. */
  purgeKey(key: string, soft: boolean): InvalidationEntry {
    const position = this.#head + 1
    this.recordKey(position, key, soft)
    return { position, key, soft }
  }

  /** Everything that a subject names. One position, however many tags. */
  purgeSubject(subject: SubjectPurge, soft: boolean): number {
    const position = this.#head + 1
    this.recordSubject(position, subject, soft)
    return position
  }

  /** As `purgeKey`, at a position that another log has given; none is lower than that of the last entry. */
  recordKey(position: number, key: string, soft: boolean): void {
    this.#head = position
    this.#keys.record(key, position, soft)
  }

  /** As `purgeSubject`, at a position that another log has given; none is lower than that of the last entry. */
  recordSubject(position: number, subject: SubjectPurge, soft: boolean): void {
    this.#head = position
    switch (subject.by) {
      case 'tags':
        for (const tag of subject.tags) this.#tags.record(tag, position, soft)
        break
      case 'url':
        this.#urls.record(keyOf({ url: subject.url, host: subject.host ?? '' }), position, soft)
        break
      case 'host':
        this.#hosts.record(subject.host, position, soft)
        break
      case 'prefix':
        this.#prefixes.record(`${subject.host ?? ''} ${subject.prefix}`, position, soft)
        break
      case 'all':
        this.#all.soft = position
        if (!soft) this.#all.hard = position
        break
      default:
        subject satisfies never
    }
  }

  /** A ban takes a position; the list of bans holds the rest. */
  ban(): number {
    return ++this.#head
  }

  /** All that it holds, as plain data. */
  dump(): LogDump {
    return {
      position: this.#head,
      floor: this.#floor,
      all: [this.#all.hard, this.#all.soft],
      keys: listed(this.#keys),
      urls: listed(this.#urls),
      tags: listed(this.#tags),
      hosts: listed(this.#hosts),
      prefixes: listed(this.#prefixes),
    }
  }

  /** Begins with what another one held; it must be new. */
  restore({ position, floor, all, keys, urls, tags, hosts, prefixes }: LogDump): void {
    this.#head = position
    this.#floor = floor
    this.#all.hard = all[0]
    this.#all.soft = all[1]
    const kinds = [
      [this.#keys, keys],
      [this.#urls, urls],
      [this.#tags, tags],
      [this.#hosts, hosts],
      [this.#prefixes, prefixes],
    ] as const
    for (const [subjects, list] of kinds) for (const [subject, hard, soft] of list) subjects.restore(subject, { hard, soft })
  }

  /** What became of something fetched under `key`, carrying `tags`, by a fetch that began at position `since`. `target`: as an object's. */
  verdict(key: string, since: number, tags: readonly string[] = NO_TAGS, target: Place | null = null): Verdict {
    if (since >= this.#head) return 'valid'
    if (since < this.#floor) return 'hard'
    const last: Positions = { hard: this.#all.hard, soft: this.#all.soft }
    take(last, this.#keys.get(key))
    if (this.#tags.last.soft > since) for (const tag of tags) take(last, this.#tags.get(tag))
    if (this.#urls.last.soft > since || this.#hosts.last.soft > since || this.#prefixes.last.soft > since)
      this.#takePlace(last, target ?? placeOf(key))
    return last.hard > since ? 'hard' : last.soft > since ? 'soft' : 'valid'
  }

  #takePlace(last: Positions, place: Place | null): void {
    if (place === null) {
      // What does not tell its place goes with every URL, host and prefix.
      for (const { last: positions } of [this.#urls, this.#hosts, this.#prefixes]) take(last, positions)
      return
    }
    take(last, this.#urls.get(keyOf(place)))
    take(last, this.#hosts.get(place.host))
    const where = `${place.host} ${place.url}`
    for (const [prefix, positions] of this.#prefixes.entries) if (where.startsWith(prefix)) take(last, positions)
  }
}

function listed(subjects: Subjects): readonly SnapshotSubject[] {
  return Array.from(subjects.entries, ([subject, { hard, soft }]) => [subject, hard, soft] as const)
}

function take(last: Positions, positions: Readonly<Positions> | undefined): void {
  if (positions === undefined) return
  if (positions.hard > last.hard) last.hard = positions.hard
  if (positions.soft > last.soft) last.soft = positions.soft
}
