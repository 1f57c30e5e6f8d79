/** Snapshots of the fleet's log: bounded when they are written, believed in nothing when they are read. */
import type { FleetSnapshot, SnapshotSubject } from '../object/fleet-view.ts'

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

/** A snapshot from text that anybody may have written; `null` where there is any doubt. */
export function parseSnapshot(text: string): FleetSnapshot | null {
  let read: unknown
  try {
    read = JSON.parse(text)
  } catch {
    return null
  }
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
