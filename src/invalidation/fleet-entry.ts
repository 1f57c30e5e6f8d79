/** Entries of the fleet's log as bytes: JSON under a seal, and read without trust. */
import { createHash } from 'node:crypto'
import type { FleetEntry } from '../object/fleet-view.ts'
import type { SubjectPurge } from '../object/subject.ts'
import { NO_MARK } from './fleet-scripts.ts'

/** What signs and verifies; `redis/seal.ts` is one. */
export interface EntrySeal {
  name(text: string): string
  sign(context: string, bytes: Buffer): Buffer
  verify(context: string, sealed: Buffer): Buffer | null
}

/** An entry as a node tells it to the others. */
export interface ToldEntry {
  /** `<node>:<number>`. */
  readonly uid: string
  readonly entry: FleetEntry
  /** Nobody waits for it: it came by an unsafe method. */
  readonly quiet: boolean
}

/** A value of the stream. */
export interface StreamValue {
  /** The mark of the entry before. */
  readonly before: string
  /** `null`: whoever wrote it, it is nothing that can be believed. */
  readonly told: ToldEntry | null
}

const CONTEXT = 'log'

export function sealEntry(seal: EntrySeal, { uid, entry, quiet }: ToldEntry): Buffer {
  return seal.sign(CONTEXT, Buffer.from(JSON.stringify({ u: uid, e: entry, ...(quiet ? { q: 1 } : {}) })))
}

export function readEntry(seal: EntrySeal, value: Buffer): StreamValue {
  const before = value.toString('latin1', 0, NO_MARK.length)
  const bytes = seal.verify(CONTEXT, value.subarray(NO_MARK.length))
  return { before, told: bytes === null ? null : parseEntry(bytes.toString()) }
}

/** Of an entry, by which it is known again. */
export function markOf(value: Buffer): string {
  return createHash('sha1').update(value).digest('hex')
}

export function sealText(seal: EntrySeal, text: string): Buffer {
  return seal.sign(CONTEXT, Buffer.from(text))
}

export function readText(seal: EntrySeal, sealed: Buffer): string | null {
  return seal.verify(CONTEXT, sealed)?.toString() ?? null
}

function parseEntry(text: string): ToldEntry | null {
  let read: unknown
  try {
    read = JSON.parse(text)
  } catch {
    return null
  }
  if (!isRecord(read) || typeof read['u'] !== 'string') return null
  const entry = entryOf(read['e'])
  return entry === null ? null : { uid: read['u'], entry, quiet: read['q'] === 1 }
}

function entryOf(value: unknown): FleetEntry | null {
  if (!isRecord(value)) return null
  const { do: what, key, soft, subject, text, kept } = value
  switch (what) {
    case 'key':
      return typeof key === 'string' && typeof soft === 'boolean' ? { do: 'key', key, soft } : null
    case 'subject': {
      const named = subjectOf(subject)
      return named !== null && typeof soft === 'boolean' ? { do: 'subject', subject: named, soft } : null
    }
    case 'ban':
      return typeof text === 'string' ? { do: 'ban', text } : null
    case 'generation':
      return typeof kept === 'number' && Number.isSafeInteger(kept) && kept >= 0 ? { do: 'generation', kept } : null
    default:
      return null
  }
}

function subjectOf(value: unknown): SubjectPurge | null {
  if (!isRecord(value)) return null
  const { by, tags, url, host, prefix } = value
  const hostOrNone = host === null || typeof host === 'string' ? host : undefined
  switch (by) {
    case 'all':
      return { by: 'all' }
    case 'tags':
      return Array.isArray(tags) && tags.every((tag) => typeof tag === 'string') ? { by: 'tags', tags } : null
    case 'host':
      return typeof host === 'string' ? { by: 'host', host } : null
    case 'url':
      return typeof url === 'string' && hostOrNone !== undefined ? { by: 'url', url, host: hostOrNone } : null
    case 'prefix':
      return typeof prefix === 'string' && hostOrNone !== undefined ? { by: 'prefix', prefix, host: hostOrNone } : null
    default:
      return null
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}
