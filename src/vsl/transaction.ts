/** One transaction of the log: what a session, a request or a fetch did, record by record. Plain data, which goes to other threads. */
import type { Tag } from './tags.ts'

/** `raw`: a record of no transaction. */
export type TransactionType = 'sess' | 'req' | 'bereq' | 'raw'

export type LogRecord = readonly [tag: Tag, text: string]

export interface Transaction {
  readonly type: TransactionType
  /** 0 for `raw`. */
  readonly vxid: number
  /** Which one began it; 0: none. */
  readonly parent: number
  /** `HTTP/1`, `rxreq`, `restart`, `esi 1`, `fetch`, `pass`, `bgfetch`, `pipe`, `retry`. */
  readonly reason: string
  readonly records: readonly LogRecord[]
}

/** A transaction with its place below the one that its group begins with, which has level 1. */
export interface Leveled extends Transaction {
  readonly level: number
}

/** The transactions that it says it began, in order. */
export function linksOf({ records }: Transaction): readonly number[] {
  return records.flatMap(([tag, text]) => (tag === 'Link' ? [Number(text.split(' ')[1])] : []))
}

/** What a record takes beyond its text, and a transaction beyond its records, in bytes. Estimated. */
export const PER_RECORD: number = 64
export const PER_TRANSACTION: number = 256

/** Bytes that it takes in memory. Estimated. */
export function sizeOf({ records }: Transaction): number {
  return records.reduce((sum, [, text]) => sum + text.length + PER_RECORD, PER_TRANSACTION)
}
