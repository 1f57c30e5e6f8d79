/**
 * One run of a course: readers, fetches and purges come to the tables of a world, and all that happens later is a task that a seeded scheduler
 * takes at some time. The origin's content is a version number that every purge follows; nobody who comes after a purge counts may get an older
 * version, although most of it has not been carried out yet.
 */
import type { BodySink } from '../../src/body/body.ts'
import type { Invalidation } from '../../src/invalidation/invalidation.ts'
import type { Claim, ClaimOutcome } from '../../src/object/claim.ts'
import { FillBudget } from '../../src/object/fill-budget.ts'
import { Filling } from '../../src/object/filling.ts'
import type { LocalClaim } from '../../src/object/head.ts'
import { keyOf } from '../../src/object/key-text.ts'
import { Marker } from '../../src/object/marker.ts'
import { CachedObject } from '../../src/object/object.ts'
import { bodyOf, type StoredBody } from '../../src/object/stored-body.ts'
import type { Lookup, ObjectTable } from '../../src/object/table.ts'
import type { PurgeSubject } from '../../vcl-ts/actions.ts'
import { HeaderMap } from '../../vcl-ts/headers.ts'

export const HOST = 'www.example'
export const URL = '/shop/1'
export const TAG = 'product'
const KEY = keyOf({ url: URL, host: HOST })
const NO_NAMES: readonly string[] = []
const VARY: readonly string[] = ['x-v']
/** Others that the same purges are for, so that a sweep has a way to go. */
export const BYSTANDERS = 12

/** What is purged, how fetches are answered, and what else befalls. */
export interface Course {
  readonly subjects: readonly PurgeSubject[]
  /** Share of purges that are by key. */
  readonly byKey: number
  /** Share of fetches with a stale object that are answered 304 if the content is as it was. */
  readonly confirms: number
  /** Share of steps in which a worker dies, where there are some. */
  readonly deaths?: number
}

/** What one run came to. */
export interface Verdict {
  /** Whoever got older content than the last purge before it arrived, and what was left over at the end. */
  readonly violations: readonly string[]
  readonly served: number
  readonly purges: number
  /** Fetches that a purge overtook. */
  readonly overtaken: number
  /** Purges and bans that were not over when they had been recorded. */
  readonly sliced: number
  /** 304 answers that renewed a stale object. */
  readonly confirmed: number
  /** Requests that waited for a fetch that a purge had overtaken. */
  readonly patient: number
}

/** Where a request or a purge arrives. */
export interface Site {
  readonly table: ObjectTable
  readonly invalidation: Invalidation
  /** Nothing happens there any more. */
  readonly dead: boolean
}

export interface World {
  /** Where the next one arrives. */
  arrival(what: 'request' | 'purge'): Site
  /** Time goes on to this moment, in milliseconds, or further: answers how far. */
  pass(to: number): number
  /** A purge counts when it is answered; else from the moment at which it is asked for. */
  readonly answersCount: boolean
  /** Share of bodies that arrive piece by piece. */
  readonly streams: number
  /** A worker dies. */
  kill(): void
  /** What is wrong when nothing goes on any more. */
  leftovers(): string[]
}

export type Task = () => void

/** What happens some time, in an order that the seed decides. */
export class Tasks {
  readonly #random: () => number
  readonly #tasks: Task[] = []

  constructor(random: () => number) {
    this.#random = random
  }

  get size(): number {
    return this.#tasks.length
  }

  readonly add = (task: Task): void => {
    this.#tasks.push(task)
  }

  takeOne(): void {
    const at = Math.floor(this.#random() * this.#tasks.length)
    const [task] = this.#tasks.splice(at, 1)
    task?.()
  }
}

/** What a request may not get any more: content older than the last hard purge, and fresh content older than the last purge of any kind. */
interface Floor {
  readonly hard: number
  readonly any: number
}

interface Request {
  readonly site: Site
  readonly lookup: Lookup
  readonly names: readonly string[]
  readonly floor: Floor
}

interface Fetching {
  readonly site: Site
  readonly claim: Claim | null
  readonly lookup: Lookup
  readonly names: readonly string[]
  /** The request that it is for; `null` when that has been answered. */
  readonly reader: Request | null
  readonly position: number
}

export class Run implements Verdict {
  readonly violations: string[] = []
  served = 0
  purges = 0
  overtaken = 0
  sliced = 0
  confirmed = 0
  patient = 0
  readonly tasks: Tasks
  readonly #open = new Map<LocalClaim, Request>()
  readonly #unanswered = new Set<Request | { readonly site: Site; readonly purge: number }>()
  readonly #random: () => number
  readonly #course: Course
  readonly #world: World
  readonly #vary: boolean
  #now = 0
  /** The origin's content. */
  #version = 1
  #floor: Floor = { hard: 0, any: 0 }

  constructor(random: () => number, course: Course, build: (tasks: Tasks, now: () => number) => World) {
    this.#random = random
    this.#course = course
    this.#vary = random() < 0.4
    this.tasks = new Tasks(random)
    this.#world = build(this.tasks, () => this.#now)
    for (let i = 0; i < BYSTANDERS; i++)
      this.#keep(this.#object(keyOf({ url: `/shop/${i + 2}`, host: HOST }), 0, 0, bodyOf(Buffer.from('another'))))
  }

  step(): void {
    this.#now = this.#world.pass(this.#now + 1)
    const { deaths = 0 } = this.#course
    if (deaths > 0 && this.#random() < deaths) this.#world.kill()
    const dice = this.#random()
    if (dice < 0.3) this.arrive()
    else if (dice < 0.4) this.#purge()
    else this.tasks.takeOne()
  }

  /** All is over: nothing may be left. */
  end(): void {
    for (const left of this.#unanswered)
      if (!left.site.dead) this.violations.push('purge' in left ? `purge ${left.purge} was never answered` : 'a request was never answered')
    this.violations.push(...this.#world.leftovers())
  }

  /** The resource changes, then it is purged. */
  #purge(): void {
    const version = ++this.#version
    this.purges++
    const site = this.#world.arrival('purge')
    const { subjects, byKey } = this.#course
    const subject = subjects[Math.floor(this.#random() * subjects.length)] as PurgeSubject
    const soft = this.#random() < 0.25 && subject.by !== 'ban'
    const byItsKey = this.#random() < byKey
    const { invalidation } = site
    const result = byItsKey ? invalidation.purgeKey(KEY, soft) : invalidation.purge(subject, soft)
    const counts = (): void => {
      const { hard, any } = this.#floor
      this.#floor = { hard: soft ? hard : Math.max(hard, version), any: Math.max(any, version) }
    }
    if (!this.#world.answersCount || !(result instanceof Promise)) counts()
    if (!(result instanceof Promise)) return
    if (!byItsKey) this.sliced++
    if (!this.#world.answersCount) return
    const waiting = { site, purge: version }
    this.#unanswered.add(waiting)
    void result.then(() => {
      this.#unanswered.delete(waiting)
      counts()
    })
  }

  arrive(): void {
    const { lookup, names } = this.#request()
    const request = { site: this.#world.arrival('request'), lookup, names, floor: this.#floor }
    this.#unanswered.add(request)
    this.#lookUp(request, 0)
  }

  #lookUp(request: Request, tries: number): void {
    if (tries > 50) {
      this.violations.push('a request found no end')
      return
    }
    const { site, lookup, floor } = request
    if (site.dead) return
    const found = site.table.find({ ...lookup, now: this.#now })
    if ((found.type === 'fetch' || found.type === 'object') && found.claim !== null) this.#claimed(found.claim as LocalClaim, request)
    switch (found.type) {
      case 'object':
        this.#got(found.object, found.freshness === 'fresh' ? floor : { hard: floor.hard, any: 0 }, request)
        if (found.claim !== null) this.#fetch(found.claim, request, null)
        return
      case 'fetch':
        this.#fetch(found.claim, request, request)
        return
      case 'refused':
        this.#fetch(null, request, request)
        return
      case 'wait':
      case 'away':
        if (found.claim.detached) this.patient++
        site.table.wait(found.claim, { released: (outcome) => this.#released(outcome, request, tries) })
        return
      default:
        found satisfies never
    }
  }

  /** A fetch begins. Unless the request insists on one of its own, it is the only one for its variant and class. */
  #claimed(claim: LocalClaim, request: Request): void {
    const { site, lookup } = request
    for (const [other, its] of this.#open) {
      if (other.released || its.site.dead) this.#open.delete(other)
      else if (!isOrdinary(lookup) || other.credentialed !== lookup.credentialed) continue
      else if (isBusy(other, its, claim, site) && other.variant === lookup.variant(other.names))
        this.violations.push('a second fetch beside one under way')
    }
    this.#open.set(claim, request)
  }

  #released(outcome: ClaimOutcome, request: Request, tries: number): void {
    const { lookup, floor } = request
    if (outcome.type === 'object' && lookup.variant(outcome.names) === outcome.variant) this.#got(outcome.object, floor, request)
    else if (outcome.type === 'alone') this.#fetch(null, request, request)
    else this.#lookUp(request, tries + 1)
  }

  /** The steps of a fetch: asked, head there, body there; each some time later. */
  #fetch(claim: Claim | null, { site, lookup, names }: Request, reader: Request | null): void {
    const position = claim?.position ?? site.table.position
    site.table.flights.begin(position)
    this.#ask({ site, claim, lookup, names, reader, position }, claim?.stale ?? null)
  }

  #ask(fetch: Fetching, stale: CachedObject | null): void {
    this.#later(fetch.site, () => {
      const version = this.#version
      const confirms = stale !== null && stale.lastModified === version && this.#random() < this.#course.confirms
      this.#later(fetch.site, () => {
        if (!confirms || stale === null) this.#answer(fetch, version)
        else if (fetch.claim?.detached === true || fetch.site.table.outdated(stale, fetch.position) !== 'valid') this.#ask(fetch, null)
        else {
          this.confirmed++
          this.#answer(fetch, version)
        }
      })
    })
  }

  #answer({ site, claim, lookup, names, reader, position }: Fetching, version: number): void {
    const variant = lookup.variant(names)
    const { table } = site
    const landed = (): void => table.flights.end(position)
    const object = this.#object(KEY, position, version, bodyOf(contentOf(version, variant)))
    if (table.outdated(object, position) !== 'valid') this.overtaken++
    const dice = this.#random()
    if (dice < 0.1) {
      if (claim !== null) table.release(claim, { type: 'failed', cause: new Error('broken'), page: null })
      if (reader !== null) this.#unanswered.delete(reader)
      landed()
      return
    }
    if (dice < 0.2) {
      const marker = new Marker(KEY, 'hitForMiss', this.#now + 20, position, lookup.credentialed)
      if (claim !== null) table.refuse(claim, names, variant, marker, true)
      else if (table.overtaken(KEY, position) !== 'hard') table.remember(KEY, names, variant, marker)
      if (reader !== null) this.#unanswered.delete(reader)
      landed()
      return
    }
    const { streams } = this.#world
    const filling = streams > 0 && this.#random() < streams ? fillingOf(object, table) : null
    if (filling !== null) object.body = filling
    if (reader !== null) this.#got(object, reader.floor, reader)
    table.publish(claim, object, names, variant, true)
    const breaks = this.#random() < 0.15
    if (filling !== null) this.#fill(site, filling, contentOf(version, variant), breaks, landed)
    else
      this.#later(site, () => {
        if (breaks) table.discard(object)
        else table.complete(object)
        landed()
      })
  }

  /** The bytes of a body come. */
  #fill(site: Site, filling: Filling, content: Buffer, breaks: boolean, landed: () => void): void {
    const half = content.length >> 1
    this.#later(site, () => {
      filling.chunk(content.subarray(0, half))
      this.#later(site, () => {
        if (!breaks) filling.chunk(content.subarray(half))
        filling.end(breaks ? { type: 'reset', cause: new Error('broken') } : { type: 'complete' })
        landed()
      })
    })
  }

  #later(site: Site, task: Task): void {
    this.tasks.add(() => {
      if (!site.dead) task()
    })
  }

  /** A request was given an object. */
  #got(object: CachedObject, floor: Floor, request: Request): void {
    this.served++
    this.#unanswered.delete(request)
    const version = object.lastModified ?? 0
    if (version < floor.hard) this.violations.push(`version ${version} after the purge of ${floor.hard}`)
    else if (version < floor.any) this.violations.push(`version ${version}, called fresh, after the soft purge of ${floor.any}`)
    object.body.read(new Comparing(contentOf(version, request.lookup.variant(request.names)), this.violations))
  }

  #keep(object: CachedObject): void {
    const { table } = this.#world.arrival('request')
    table.publish(null, object, NO_NAMES, '', true)
    table.complete(object)
  }

  #object(key: string, position: number, version: number, body: StoredBody): CachedObject {
    const ttl = this.#random() < 0.5 ? 1000 : 0.005
    return new CachedObject({
      key,
      target: null,
      status: 200,
      reason: 'OK',
      headers: HEADERS,
      fieldLines: '',
      withheld: NO_NAMES,
      life: { storedAt: this.#now, ttl, grace: 1000, staleIfError: 0, staleIfErrorExplicit: false, keep: 0, age: 0 },
      retention: 'max',
      position,
      etag: null,
      lastModified: version,
      date: 0,
      part: null,
      tags: ['other', TAG],
      mustRevalidate: false,
      lifetimeSource: 'max-age',
      body,
      backend: '',
    })
  }

  #request(): { lookup: Lookup; names: readonly string[] } {
    const value = this.#vary && this.#random() < 0.5 ? 'b' : 'a'
    const lookup: Lookup = {
      key: KEY,
      credentialed: this.#random() < 0.2,
      now: this.#now,
      variant: (names) => (names.length === 0 ? '' : value),
      alsoMatches: () => false,
      judge: (object) => object.freshness(this.#now),
      covers: () => false,
      range: null,
      alwaysMiss: this.#random() < 0.05,
      ignoreBusy: this.#random() < 0.05,
      ignoreVary: false,
      solitary: this.#random() < 0.05,
      attempt: 0,
      demanding: false,
      completesParts: false,
    }
    return { lookup, names: this.#vary ? VARY : NO_NAMES }
  }
}

function isOrdinary({ alwaysMiss, ignoreBusy }: Lookup): boolean {
  return !alwaysMiss && !ignoreBusy
}

/**
 * Whether who came to a site and has a claim ought to have waited for a fetch. Not for one at another site that was fetched for itself alone, or
 * where the answer was expected to vary otherwise, nor if anything was purged since.
 */
function isBusy(other: LocalClaim, { site, lookup }: Request, claim: LocalClaim, where: Site): boolean {
  if (site === where) return true
  return isOrdinary(lookup) && other.position === where.table.position && other.names.join() === claim.names.join()
}

const HEADERS = HeaderMap.of([['X-Of', 'the shop']])
const LIMITS = { keep: 1_000_000, window: 1_000_000, budget: new FillBudget(100_000_000) }

function contentOf(version: number, variant: string): Buffer {
  return Buffer.from(`version ${version} of ${URL} for ${variant === '' ? 'all' : variant}`.padEnd(100, '.'))
}

/** The body of an object that is about to arrive, as a fetch has it. */
function fillingOf(object: CachedObject, table: ObjectTable): Filling {
  return new Filling(null, true, LIMITS, {
    oversize: () => table.discard(object),
    deserted: () => {},
    filled(end, stored) {
      if (end.type !== 'complete' || stored === null) {
        table.discard(object)
        return
      }
      object.body = stored
      table.complete(object)
    },
  })
}

/** Reads a body that is to be this one, should it not break off. */
class Comparing implements BodySink {
  readonly #wanted: Buffer
  readonly #violations: string[]
  #at = 0
  #differs = false

  constructor(wanted: Buffer, violations: string[]) {
    this.#wanted = wanted
    this.#violations = violations
  }

  chunk(bytes: Buffer): boolean {
    if (this.#wanted.compare(bytes, 0, bytes.length, this.#at, this.#at + bytes.length) !== 0) this.#differs = true
    this.#at += bytes.length
    return true
  }

  end(end: { readonly type: 'complete' | 'reset' }): void {
    if (this.#differs) this.#violations.push('a body with other bytes')
    else if (end.type === 'complete' && this.#at !== this.#wanted.length) this.#violations.push('a body that ends too soon')
  }
}
