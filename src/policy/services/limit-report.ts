/** What a node tells of its buckets, as bytes: records of one size, read without trust. */
import type { BucketName } from './buckets.ts'

/** Uint32 group, Int32 tag, Uint32 limit, Int32 tokens, Uint32 milliseconds of a block that began, Uint32 marks, Float64 nanoseconds of the period. */
const BYTES = 32
const REMOVED_HERE = 1

const MOST_LIMIT = 1_000_000
const MOST_TOKENS = 2 ** 30
const SHORTEST = 1e8
const LONGEST = 30 * 86_400e9

export interface LimitRecord extends BucketName {
  readonly limit: number
  /** Nanoseconds in which an empty bucket fills. */
  readonly period: bigint
  /** Taken since the last report; fewer than none: given back. */
  readonly tokens: number
  /** Milliseconds for which the key is blocked from now on; 0: nothing is said of it. */
  readonly block: number
  /** The key was forgotten. */
  readonly removed: boolean
}

export function packReport(records: readonly LimitRecord[]): Buffer {
  const bytes = Buffer.alloc(records.length * BYTES)
  let at = 0
  for (const { group, tag, limit, tokens, block, removed, period } of records) {
    bytes.writeUInt32LE(group, at)
    bytes.writeInt32LE(tag, at + 4)
    bytes.writeUInt32LE(limit, at + 8)
    bytes.writeInt32LE(tokens, at + 12)
    bytes.writeUInt32LE(block, at + 16)
    bytes.writeUInt32LE(removed ? REMOVED_HERE : 0, at + 20)
    bytes.writeDoubleLE(Number(period), at + 24)
    at += BYTES
  }
  return bytes
}

/** `null`: this is no report for nodes with so many groups of buckets. */
export function unpackReport(bytes: Buffer, groups: number): readonly LimitRecord[] | null {
  if (bytes.length % BYTES !== 0) return null
  const records: LimitRecord[] = []
  for (let at = 0; at < bytes.length; at += BYTES) {
    const group = bytes.readUInt32LE(at)
    const limit = bytes.readUInt32LE(at + 8)
    const tokens = bytes.readInt32LE(at + 12)
    const period = bytes.readDoubleLE(at + 24)
    if (group >= groups || limit < 1 || limit > MOST_LIMIT || Math.abs(tokens) > MOST_TOKENS) return null
    if (!Number.isInteger(period) || period < SHORTEST || period > LONGEST) return null
    records.push({
      group,
      tag: bytes.readInt32LE(at + 4),
      limit,
      period: BigInt(period),
      tokens,
      block: bytes.readUInt32LE(at + 16),
      removed: (bytes.readUInt32LE(at + 20) & REMOVED_HERE) !== 0,
    })
  }
  return records
}
