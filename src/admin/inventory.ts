/** Looks into what is stored, in slices: lists of objects and tags, one key's objects. Nothing is touched or counted. */
import type { Clock } from '../clock.ts'
import { placeOf } from '../object/key-text.ts'
import type { Freshness } from '../object/lifetime.ts'
import type { LocalTable } from '../object/local-table.ts'
import type { CachedObject, Part } from '../object/object.ts'
import { schemeAndArm, variantField } from '../wire/vary.ts'
import { Problem } from './problem.ts'
import { Least, walk } from './walk.ts'

export interface ObjectInfo {
  readonly id: number
  readonly key: string
  /** `null`, as is the host, where a policy made the key without them. */
  readonly url: string | null
  readonly host: string | null
  /** `null` where a policy has scheme make no difference. */
  readonly scheme: string | null
  /** Of a split whose arms answer differently; `null`: there is none. */
  readonly arm: string | null
  /** By the names of Vary, lower case: what the request had, as it is compared; `null`: nothing. */
  readonly variant: Record<string, string | null>
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
  /** What is remembered of answers to this variant that could not be shared, each for requests with or without credentials. */
  readonly markers: MarkerInfo[]
}

export interface MarkerInfo {
  readonly type: 'hitForMiss' | 'hitForPass'
  readonly credentialed: boolean
  /** Seconds. */
  readonly left: number
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
export type Shelf = Pick<LocalTable, 'stored' | 'objects' | 'tagNames' | 'byTag' | 'byKey' | 'byId'>

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
  await walk(query.tag === undefined ? shelf.stored() : shelf.byTag(query.tag), (object) => {
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
export function objectsOf(shelf: Shelf, clock: Clock, which: { readonly key: string } | { readonly id: number }): ObjectDetail[] {
  const found = 'key' in which ? [...shelf.byKey(which.key)] : [shelf.byId(which.id)]
  const now = clock.now()
  return found.flatMap((object) => (object === null ? [] : [detailOf(object, now)]))
}

/** Tags in order of their text, each with the number of objects that carry it. */
export async function listTags(shelf: Shelf, query: TagsQuery): Promise<Page<TagInfo>> {
  const limit = query.limit ?? LIMIT
  const prefix = query.prefix ?? ''
  const after = query.cursor ?? ''
  const least = new Least<TagInfo>(limit + 1, (a, b) => (a.tag < b.tag ? -1 : a.tag > b.tag ? 1 : 0))
  await walk(shelf.tagNames(), ([tag, objects]) => {
    if (tag > after && tag.startsWith(prefix)) least.add({ tag, objects })
    return true
  })
  const shown = least.all.slice(0, limit)
  return { items: shown, next: least.all.length > limit ? (shown.at(-1)?.tag ?? null) : null }
}

function infoOf(object: CachedObject, now: number): ObjectInfo {
  const place = object.target ?? placeOf(object.key)
  const variant = object.slot?.variant ?? ''
  const names = object.slot?.spec.names ?? []
  return {
    id: object.id,
    key: object.key,
    url: place?.url ?? null,
    host: place?.host ?? null,
    ...schemeAndArm(variant),
    variant: Object.fromEntries(names.map((name) => [name, variantField(variant, name) ?? null])),
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
  const markers = [object.slot?.anonymousMarker, object.slot?.credentialedMarker].flatMap((marker) =>
    marker == null ? [] : [{ type: marker.type, credentialed: marker.credentialed, left: rounded((marker.expiresAt - now) / 1000) }],
  )
  return { ...infoOf(object, now), reason, headers, bodyBytes, part, backend, lifetimeSource, mustRevalidate, position, markers }
}

function filterOf({ url, host, prefix, status }: ObjectsQuery): (object: CachedObject) => boolean {
  const absolute = url === undefined ? null : /^https?:\/\/([^/?#]+)(.*)$/i.exec(url)
  const path = absolute === null ? url : absolute[2] === '' ? '/' : absolute[2]
  const name = (absolute?.[1] ?? host)?.toLowerCase()
  return (object) => {
    if (status !== undefined && object.status !== status) return false
    if (path === undefined && name === undefined && prefix === undefined) return true
    const place = object.target ?? placeOf(object.key)
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
