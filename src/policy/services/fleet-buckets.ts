/**
 * A process's buckets as one of several nodes': what they have to tell, and what others told. Needs no Redis; whoever carries the reports from
 * node to node is `redis-limits.ts`. Of one thread a process: that in which the buckets were made.
 */
import { type BucketMemory, type BucketRule, Buckets } from './buckets.ts'
import { BLOCKED, type FleetCells, REMOVED } from './fleet-cells.ts'
import type { LimitRecord } from './limit-report.ts'

/** Records of one report. What does not fit is told by the next. */
export const MOST_RECORDS = 4096
/** Reports that others may have yet to read. More are only there if a node has stopped without a word; it is left out soon. */
const MOST_UNKNOWN = 1000

/** What was told of a bucket. */
interface Told {
  readonly at: number
  readonly tag: number
  readonly taken: number
}

export interface LimitReport {
  readonly records: readonly LimitRecord[]
  readonly told: readonly Told[]
  /** There is more to tell. */
  readonly more: boolean
}

export class FleetBuckets {
  readonly #buckets: Buckets
  readonly cells: FleetCells
  /** Reports of which not all others are known to know, oldest first. */
  #unknown: { readonly report: LimitReport; readonly id: string }[] = []

  /** Throws a `TypeError` for memory that is not a fleet's. */
  constructor(memory: BucketMemory) {
    this.#buckets = new Buckets(memory)
    const { fleet } = this.#buckets
    if (fleet === null) throw new TypeError('these buckets are not made for a fleet')
    this.cells = fleet
  }

  get groups(): number {
    return this.#buckets.groups
  }

  /** What was taken since the last report. */
  collect(now: bigint): LimitReport {
    const places = this.cells.drain(MOST_RECORDS)
    const records: LimitRecord[] = []
    const told: Told[] = []
    for (const at of places) {
      const { tokens, marks, taken } = this.cells.tell(at)
      const { group, tag } = this.#buckets.nameOf(at)
      const removed = (marks & REMOVED) !== 0
      const block = (marks & BLOCKED) !== 0 ? milliseconds(this.#buckets.blockOf(at) - now) : 0
      const rule = this.cells.rule(at)
      // A common bucket that only denied has no rule.
      if (rule.limit > 0 && (tokens !== 0 || block > 0 || removed))
        records.push({ group, tag, ...rule, tokens: removed ? 0 : tokens, block, removed })
      told.push({ at, tag, taken })
    }
    return { records, told, more: places.length >= MOST_RECORDS }
  }

  /** Whether there are reports of which not all others know. */
  get isAhead(): boolean {
    return this.#unknown.length > 0
  }

  /** A report is on its way, under an id that grows. */
  sent(report: LimitReport, id: string): void {
    this.#unknown.push({ report, id })
    if (this.#unknown.length > MOST_UNKNOWN) this.#know(this.#unknown.shift()?.report)
  }

  /** All others have read what has an id for which that is so. Whether that was news. */
  known(isRead: (id: string) => boolean): boolean {
    let news = false
    for (;;) {
      const [first] = this.#unknown
      if (first === undefined || !isRead(first.id)) return news
      this.#unknown.shift()
      this.#know(first.report)
      news = true
    }
  }

  /** Nobody is told of this report. */
  drop(report: LimitReport): void {
    this.#know(report)
  }

  /** From now on this node counts alone. */
  alone(): void {
    this.cells.nodes = 1
    this.known(() => true)
  }

  /** What another node let through, `age` nanoseconds ago. */
  charge(records: readonly LimitRecord[], age: bigint, now: bigint): void {
    const nodes = BigInt(this.cells.nodes)
    for (const { group, tag, limit, period, tokens, block, removed } of records) {
      if (age >= period && block === 0) continue
      const rule: BucketRule = { limit, period, step: period / BigInt(limit), block: 0n }
      const at = this.#buckets.locate({ group, tag }, tokens > 0 || block > 0 ? rule : null, now)
      if (at === null) continue
      if (removed) this.#buckets.clear(at)
      // What several let through at the same moment is beyond the period, and has to be waited for; more than that cannot be.
      if (tokens !== 0) this.#buckets.charge(at, tokens, rule, now - age, now, period + period / 4n + nodes * rule.step)
      const left = BigInt(block) * 1_000_000n - age
      if (left > 0n) this.#buckets.block(at, now + left)
    }
  }

  #know(report: LimitReport | undefined): void {
    if (report === undefined) return
    for (const { at, tag, taken } of report.told) if (this.#buckets.nameOf(at).tag === tag) this.cells.know(at, taken)
  }
}

function milliseconds(nanoseconds: bigint): number {
  return nanoseconds <= 0n ? 0 : Number((nanoseconds + 999_999n) / 1_000_000n)
}
