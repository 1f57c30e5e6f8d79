/** Snapshots of the fleet's log: bounded when they are written, believed in nothing when they are read. */
import type { FleetSnapshot, SnapshotSubject } from '../object/fleet-view.ts'
import { placeOf } from '../object/key-text.ts'
import type { Order } from './fleet-home.ts'

const KINDS = ['keys', 'urls', 'tags', 'hosts', 'prefixes'] as const
/** What a subject or a ban costs beside its text: two positions and their punctuation. */
const EACH = 40

/** The same, of at most so many characters: the oldest are left out, and of what they might have named nobody can tell. */
export function boundedSnapshot(snapshot: FleetSnapshot, characters: number): FleetSnapshot {
  const items = [
    ...KINDS.flatMap((kind) => snapshot[kind].map(([text, , soft]) => ({ size: text.length + EACH, position: soft }))),
    ...snapshot.bans.map(([text, position]) => ({ size: text.length + EACH, position })),
  ]
  let size = items.reduce((sum, item) => sum + item.size, 0)
  if (size <= characters) return snapshot
  let { floor } = snapshot
  items.sort((a, b) => a.position - b.position)
  for (const item of items) {
    if (size <= characters) break
    size -= item.size
    floor = Math.max(floor, item.position)
  }
  const newer = ([, , soft]: SnapshotSubject): boolean => soft > floor
  return {
    ...snapshot,
    floor,
    keys: snapshot.keys.filter(newer),
    urls: snapshot.urls.filter(newer),
    tags: snapshot.tags.filter(newer),
    hosts: snapshot.hosts.filter(newer),
    prefixes: snapshot.prefixes.filter(newer),
    bans: snapshot.bans.filter(([, position]) => position > floor),
  }
}

/** A snapshot from what anybody may have written; `null` where there is any doubt. */
export function snapshotOf(read: unknown): FleetSnapshot | null {
  if (typeof read !== 'object' || read === null) return null
  const { position, floor, lost, all, keys, urls, tags, hosts, prefixes, bans } = read as Record<string, unknown>
  if (!isPosition(position) || !isPosition(floor) || floor > position) return null
  if (!isRows(lost, isInterval) || !isInterval(all)) return null
  if (!isRows(keys, isSubject) || !isRows(urls, isSubject) || !isRows(tags, isSubject)) return null
  if (!isRows(hosts, isSubject) || !isRows(prefixes, isSubject) || !isRows(bans, isBan)) return null
  return { position, floor, lost, all, keys, urls, tags, hosts, prefixes, bans }
}

function isPosition(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

function isRows<T>(value: unknown, isRow: (row: unknown) => row is T): value is readonly T[] {
  return Array.isArray(value) && value.every(isRow)
}

function isInterval(row: unknown): row is readonly [number, number] {
  return Array.isArray(row) && row.length === 2 && isPosition(row[0]) && isPosition(row[1])
}

function isSubject(row: unknown): row is SnapshotSubject {
  return Array.isArray(row) && row.length === 3 && typeof row[0] === 'string' && isPosition(row[1]) && isPosition(row[2])
}

function isBan(row: unknown): row is readonly [string, number] {
  return Array.isArray(row) && row.length === 2 && typeof row[0] === 'string' && isPosition(row[1])
}

/** Of a log that begins at a position, and knows nothing of what came before. */
export function emptySnapshot(position: number): FleetSnapshot {
  return { position, floor: position, lost: [], all: [0, 0], keys: [], urls: [], tags: [], hosts: [], prefixes: [], bans: [] }
}

/** What a snapshot knows of the time behind a position, one by one. */
export function* ordersSince(snapshot: FleetSnapshot, since: number): IterableIterator<Order> {
  const { all, keys, urls, tags, hosts, prefixes, bans } = snapshot
  if (all[1] > since) yield { do: 'subject', subject: { by: 'all' }, soft: all[0] <= since }
  for (const [key, soft] of newer(keys, since)) yield { do: 'key', key, soft }
  for (const [url, soft] of newer(urls, since)) {
    const place = placeOf(url)
    if (place !== null) yield { do: 'subject', subject: { by: 'url', ...place }, soft }
  }
  for (const [tag, soft] of newer(tags, since)) yield { do: 'subject', subject: { by: 'tags', tags: [tag] }, soft }
  for (const [host, soft] of newer(hosts, since)) yield { do: 'subject', subject: { by: 'host', host }, soft }
  for (const [prefix, soft] of newer(prefixes, since)) {
    const space = prefix.indexOf(' ')
    yield { do: 'subject', subject: { by: 'prefix', host: prefix.slice(0, space), prefix: prefix.slice(space + 1) }, soft }
  }
  for (const [text, position] of bans) if (position > since) yield { do: 'ban', text }
}

function* newer(subjects: readonly SnapshotSubject[], since: number): IterableIterator<readonly [subject: string, soft: boolean]> {
  for (const [subject, hard, soft] of subjects) if (soft > since) yield [subject, hard <= since]
}
