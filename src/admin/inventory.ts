/** Looks into what is stored, in slices: lists of objects and tags, one key's objects. Nothing is touched or counted. */
import type { Clock } from '../clock.ts'
import { placeOf } from '../object/key-text.ts'
import type { Freshness } from '../object/lifetime.ts'
import type { CachedObject, Part } from '../object/object.ts'
import { Problem } from './problem.ts'
import { Least, walk } from './walk.ts'

export interface ObjectInfo {
  readonly id: number
  readonly key: string
  /** `null`, as is the host, where a policy made the key without them. */
  readonly url: string | null
  readonly host: string | null
  /** Names of Vary, lower case. */
  readonly variant: string[]
  readonly status: number
  /** Of body, head and index. */
  readonly bytes: number
  readonly hits: number
  /** Seconds, as are the four numbers of its life; `ttl` is what is left, negative when it is stale. */
  readonly age: number
  readonly ttl: number
  readonly grace: number
  readonly staleIfError: number
  readonly keep: number
  readonly state: Freshness
  readonly tags: string[]
}

export interface ObjectDetail extends ObjectInfo {
  readonly reason: string
  /** As stored, in order. */
  readonly headers: [string, string][]
  readonly bodyBytes: number
  readonly part: Part | null
  readonly backend: string
  readonly lifetimeSource: string
  readonly mustRevalidate: boolean
  /** Of the invalidation log when its fetch began. */
  readonly position: number
}

export interface TagInfo {
  readonly tag: string
  readonly objects: number
}

export interface PageQuery {
  /** Default 100. */
  readonly limit?: number | undefined
  /** `next` of the page before. */
  readonly cursor?: string | undefined
}

export interface ObjectsQuery extends PageQuery {
  /** Path and query, whole; or `http://host/path`. */
  readonly url?: string | undefined
  readonly host?: string | undefined
  readonly prefix?: string | undefined
  readonly tag?: string | undefined
  readonly status?: number | undefined
}

export interface TagsQuery extends PageQuery {
  readonly prefix?: string | undefined
}

const LIMIT = 100

/** What of the table it needs. */
export interface Shelf {
  stored(): Iterable<CachedObject>
}

export interface Page<T> {
  readonly items: readonly T[]
  /** Cursor of the next page; `null`: there is none. */
  readonly next: string | null
}

/** Objects that a query names, in the order in which they were stored. */
export async function listObjects(shelf: Shelf, clock: Clock, query: ObjectsQuery): Promise<Page<ObjectInfo>> {
  const after = query.cursor === undefined ? 0 : cursorNumber(query.cursor)
  const limit = query.limit ?? LIMIT
  const least = new Least<CachedObject>(limit + 1, (a, b) => a.id - b.id)
  const wanted = filterOf(query)
  await walk(shelf.stored(), (object) => {
    if (object.id > after && wanted(object)) least.add(object)
    return true
  })
  const found = least.all
  const shown = found.slice(0, limit)
  const now = clock.now()
  return {
    items: shown.map((object) => infoOf(object, now)),
    next: found.length > limit ? String(shown.at(-1)?.id) : null,
  }
}

/** Every stored variant under a key, or the one of an id. */
export async function objectsOf(
  shelf: Shelf,
  clock: Clock,
  which: { readonly key: string } | { readonly id: number },
): Promise<ObjectDetail[]> {
  const found: CachedObject[] = []
  await walk(shelf.stored(), (object) => {
    if ('id' in which ? object.id === which.id : object.key === which.key) found.push(object)
    return !('id' in which) || found.length === 0
  })
  const now = clock.now()
  return found.map((object) => detailOf(object, now))
}

/** Tags in order of their text, each with the number of objects that carry it. */
export async function listTags(shelf: Shelf, query: TagsQuery): Promise<Page<TagInfo>> {
  const limit = query.limit ?? LIMIT
  const prefix = query.prefix ?? ''
  const after = query.cursor ?? ''
  const counts = new Map<string, number>()
  await walk(shelf.stored(), (object) => {
    for (const tag of object.tags) if (tag > after && tag.startsWith(prefix)) counts.set(tag, (counts.get(tag) ?? 0) + 1)
    return true
  })
  const found = [...counts].sort(([a], [b]) => (a < b ? -1 : 1))
  const shown = found.slice(0, limit).map(([tag, objects]) => ({ tag, objects }))
  return { items: shown, next: found.length > limit ? (shown.at(-1)?.tag ?? null) : null }
}

function infoOf(object: CachedObject, now: number): ObjectInfo {
  const place = placeOf(object.key)
  const vary = object.headers.joined('vary') ?? ''
  return {
    id: object.id,
    key: object.key,
    url: place?.url ?? null,
    host: place?.host ?? null,
    variant: vary === '' ? [] : vary.split(',').map((name) => name.trim().toLowerCase()),
    status: object.status,
    bytes: object.bytes,
    hits: object.hits,
    age: rounded(object.age(now)),
    ttl: rounded(object.left(now)),
    grace: object.grace,
    staleIfError: object.staleIfError,
    keep: object.keep,
    state: object.freshness(now),
    tags: [...object.tags],
  }
}

function detailOf(object: CachedObject, now: number): ObjectDetail {
  const { reason, part, backend, lifetimeSource, mustRevalidate, position } = object
  const bodyBytes = object.body.length ?? 0
  const headers = [...object.headers].map(([name, value]): [string, string] => [name, value])
  return { ...infoOf(object, now), reason, headers, bodyBytes, part, backend, lifetimeSource, mustRevalidate, position }
}

function filterOf({ url, host, prefix, tag, status }: ObjectsQuery): (object: CachedObject) => boolean {
  const absolute = url === undefined ? null : /^https?:\/\/([^/?#]+)(.*)$/i.exec(url)
  const path = absolute === null ? url : absolute[2] === '' ? '/' : absolute[2]
  const name = (absolute?.[1] ?? host)?.toLowerCase()
  return (object) => {
    if (status !== undefined && object.status !== status) return false
    if (tag !== undefined && !object.tags.includes(tag)) return false
    if (path === undefined && name === undefined && prefix === undefined) return true
    const place = placeOf(object.key)
    if (place === null) return false
    if (path !== undefined && place.url !== path) return false
    if (name !== undefined && place.host !== name) return false
    return prefix === undefined || place.url.startsWith(prefix)
  }
}

function cursorNumber(cursor: string): number {
  if (/^\d{1,15}$/.test(cursor)) return Number(cursor)
  throw new Problem(400, 'bad-request', `query.cursor: ${JSON.stringify(cursor)} is none`, 'give `next` of the page before')
}

function rounded(seconds: number): number {
  return Math.round(seconds * 1000) / 1000
}
