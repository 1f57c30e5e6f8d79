/** Carries purges out over the table, and counts what one would take. */
import { BanView } from './ban-view.ts'
import type { Head } from './head.ts'
import { keyOf } from './key-text.ts'
import { CachedObject } from './object.ts'
import { ownText } from './own.ts'
import { type Job, type Pace, Slices } from './pace.ts'
import { objectsUnder, type Shelves } from './shelves.ts'
import type { Slot } from './slot.ts'
import { Selector, type SubjectPurge } from './subject.ts'
import type { Sweep, Sweeps } from './sweeps.ts'
import type { Invalidations, PurgeResult } from './table.ts'

/** What a sweep comes by: an object by one of its tags, or everything under a key. */
type Stop = CachedObject | Head

/** A look at something beside taking an object out of all indexes. */
const LOOK = 1
const TAKE = 8
const NOTHING: PurgeResult = { objects: 0 }

export interface PurgingInit {
  readonly shelves: Shelves
  readonly sweeps: Sweeps
  readonly invalidations: Invalidations
  readonly pace: Pace
}

export class Purging {
  readonly #shelves: Shelves
  readonly #sweeps: Sweeps
  readonly #invalidations: Invalidations
  readonly #slices: Slices
  /** Ends each job that has not ended, with what it has come to. */
  readonly #unfinished = new Set<() => void>()

  constructor(init: PurgingInit) {
    this.#shelves = init.shelves
    this.#sweeps = init.sweeps
    this.#invalidations = init.invalidations
    this.#slices = new Slices(init.pace)
  }

  /** Everything under a key. Slices without their manifest lead nowhere; made stale, it vouches for them again once it is confirmed. */
  key(key: string, soft: boolean): PurgeResult {
    const head = this.#shelves.heads.get(key)
    // What earlier purges have not come to yet is theirs.
    if (head !== undefined) this.#sweeps.settleHead(head)
    this.#invalidations.purgeKey(head?.key ?? ownText(key), soft)
    const now = this.#shelves.now()
    let objects = head === undefined ? 0 : this.#take(head, soft, now)
    if (soft) return { objects }
    for (const slice of this.#shelves.urls.slicesOf(key)) if (this.#sweeps.settleHead(slice)) objects += this.#take(slice, false, now)
    return { objects }
  }

  #take(head: Head, soft: boolean, now: number): number {
    let objects = 0
    // A soft purge lets the stale copy answer while one fetch refreshes it; a claim that began before would bring the old one.
    for (const claim of head.claims) claim.overtake(now)
    for (const spec of head.specs) {
      for (const slot of spec.slots) {
        for (const object of [slot.filling, slot.whole, slot.part]) {
          if (object === null) continue
          objects++
          this.#sweeps.take(object, slot, soft, now)
        }
        if (!soft) for (const credentialed of [false, true]) this.#shelves.clearMarker(slot, credentialed)
      }
    }
    this.#shelves.tidy(head)
    return objects
  }

  subject(subject: SubjectPurge, soft: boolean, gone: ((object: CachedObject) => void) | null): PurgeResult | Promise<PurgeResult> {
    const sweep: Sweep = {
      selector: new Selector(subject),
      soft,
      at: this.#shelves.now(),
      position: this.#invalidations.purgeSubject(subject, soft),
      objects: 0,
      gone,
    }
    this.#sweeps.begin(sweep)
    const result = (): PurgeResult => ({ objects: sweep.objects })
    return this.#carryOut(
      subject,
      (stop) => this.#settle(stop),
      result,
      () => this.#sweeps.end(sweep),
    )
  }

  /** How many objects a purge would take now; nothing is changed. */
  count(subject: SubjectPurge): PurgeResult | Promise<PurgeResult> {
    const selector = new Selector(subject)
    const counted = new Set<CachedObject>()
    let objects = 0
    const see = (object: CachedObject): void => {
      if (!selector.names(object) || this.#sweeps.doomed(object)) return
      if (subject.by === 'tags' && subject.tags.length > 1) {
        if (counted.has(object)) return
        counted.add(object)
      }
      objects++
    }
    const look = (stop: Stop): number => {
      if (stop instanceof CachedObject) see(stop)
      else for (const object of objectsUnder(stop)) see(object)
      return LOOK
    }
    return this.#carryOut(
      subject,
      look,
      () => ({ objects }),
      () => {},
    )
  }

  /** How many objects a ban would take now. */
  async countMatching(matches: (object: BanView) => boolean): Promise<PurgeResult> {
    let objects = 0
    await this.look(TAKE, (object, slot) => {
      if (matches(new BanView(object, slot.spec.names, slot.variant, this.#shelves.now()))) objects++
    })
    return { objects }
  }

  /** Shows everything that is stored or arriving and that no purge under way is going to take. A look at one is so much `work`. */
  async look(work: number, visit: (object: CachedObject, slot: Slot) => void): Promise<void> {
    await this.#carryOut(
      { by: 'all' },
      (stop) => {
        for (const object of stop instanceof CachedObject ? [stop] : objectsUnder(stop))
          if (object.slot !== null && !this.#sweeps.doomed(object)) visit(object, object.slot)
        return work
      },
      () => NOTHING,
      () => {},
    )
  }

  /** Ends what is under way: it is answered with what it has come to. */
  stop(): void {
    this.#slices.stop()
    for (const end of [...this.#unfinished]) end()
  }

  #carryOut(
    subject: SubjectPurge,
    visit: (stop: Stop) => number,
    result: () => PurgeResult,
    ended: () => void,
  ): PurgeResult | Promise<PurgeResult> {
    const stops = this.#stops(subject)
    let tell: ((result: PurgeResult) => void) | null = null
    let over = false
    const done = (): void => {
      if (over) return
      over = true
      this.#unfinished.delete(done)
      ended()
      tell?.(result())
    }
    const job: Job = {
      step() {
        const next = stops.next()
        return next.done === true ? 0 : visit(next.value)
      },
      done,
    }
    this.#unfinished.add(done)
    this.#slices.begin(job)
    return over
      ? result()
      : new Promise((resolve) => {
          tell = resolve
        })
  }

  /** Where there may be something that a subject names. Maps and sets let entries come and go while they are walked. */
  *#stops(subject: SubjectPurge): IterableIterator<Stop> {
    switch (subject.by) {
      case 'tags':
        for (const tag of subject.tags) yield* this.#shelves.tags.carriers(tag)
        return
      case 'url': {
        const place = { url: subject.url, host: subject.host ?? '' }
        const plain = this.#shelves.heads.get(keyOf(place))
        if (plain !== undefined) yield plain
        yield* this.#shelves.urls.of(place)
        return
      }
      default:
        yield* this.#shelves.heads.values()
    }
  }

  /** Applies what is in force; answers the work done. */
  #settle(stop: Stop): number {
    const before = this.#shelves.objects
    if (stop instanceof CachedObject) {
      if (stop.slot !== null) this.#sweeps.settleObject(stop, stop.slot)
    } else this.#sweeps.settleHead(stop)
    return LOOK + TAKE * (before - this.#shelves.objects)
  }
}
