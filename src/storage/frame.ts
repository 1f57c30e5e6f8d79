/**
 * What lies under a key of Redis: a kind, the key itself, what is told, and a seal over all of it. Whoever can write into Redis may have written
 * it, or some other version; anything that is not exactly what this one writes is refused, and nothing of it is used.
 *
 *     magic (4) | version (1) | kind (1) | length of the key (2) | the key | what is told | seal (16)
 */
import { FrameWriter } from './frame-bytes.ts'

/** Goes up with each change of what is written. Other versions have other keys, too (`redis-keys.ts`), so that each leaves the others' alone. */
export const FRAME_VERSION = 1

const MAGIC = Buffer.from('ccrf', 'latin1')
const LONGEST_KEY = 1024
/** Bytes of the largest frame: a body of a chunk or of 64 KiB, and a head. */
export const LARGEST_FRAME: number = 1024 * 1024

const KINDS = ['object', 'refusal', 'index', 'chunk'] as const

export type FrameKind = (typeof KINDS)[number]

/** Where in a frame a script finds its kind, counted from 0, and that of an index. */
export const KIND_AT: number = MAGIC.length + 1
export const INDEX_KIND: number = KINDS.indexOf('index')

/**
 * Why a frame is refused. `version`: another one wrote it. `key`: it is the answer to another question, or was put there. `seal`: it is not
 * what was written, or not with our secret. `frame`: it cannot be read. `head`: what it says may not be served.
 */
export type FrameFault = 'version' | 'key' | 'seal' | 'frame' | 'head'

/** What authenticates bytes for the place where they lie. */
export interface FrameSeal {
  sign(context: string, bytes: Buffer): Buffer
  verify(context: string, sealed: Buffer): Buffer | null
}

export interface Frame {
  readonly kind: FrameKind
  /** What is told. It refers to the bytes that were read. */
  readonly told: Buffer
}

/** `null`: it is too large to be read again. */
export function sealFrame(seal: FrameSeal, kind: FrameKind, key: string, told: Buffer): Buffer | null {
  const name = Buffer.from(key)
  if (name.length > LONGEST_KEY) return null
  const writer = new FrameWriter()
  writer.raw(MAGIC)
  writer.byte(FRAME_VERSION)
  writer.byte(KINDS.indexOf(kind))
  writer.short(name.length)
  writer.raw(name)
  writer.raw(told)
  const sealed = seal.sign(key, writer.bytes)
  return sealed.length > LARGEST_FRAME ? null : sealed
}

/** Reads what lies under a key. Never throws. */
export function openFrame(seal: FrameSeal, key: string, sealed: Buffer): Frame | FrameFault {
  if (sealed.length > LARGEST_FRAME || sealed.length < KIND_AT + 3 || !sealed.subarray(0, MAGIC.length).equals(MAGIC)) return 'frame'
  if (sealed[MAGIC.length] !== FRAME_VERSION) return 'version'
  const nameAt = KIND_AT + 3
  const toldAt = nameAt + sealed.readUInt16LE(KIND_AT + 1)
  if (toldAt > sealed.length || toldAt - nameAt > LONGEST_KEY) return 'frame'
  const name = sealed.toString('utf8', nameAt, toldAt)
  // What was written for another key, and was not touched, came in the place of what was asked for.
  if (name !== key) return seal.verify(name, sealed) === null ? 'seal' : 'key'
  const bytes = seal.verify(key, sealed)
  if (bytes === null) return 'seal'
  const kind = KINDS[bytes[KIND_AT] as number]
  if (kind === undefined || toldAt > bytes.length) return 'frame'
  return { kind, told: bytes.subarray(toldAt) }
}
