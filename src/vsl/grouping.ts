/**
 * Puts transactions together that belong together: what a request or a session began. A group is complete when everything in it that says it
 * began another transaction has that; until then it is held, in bounded memory and for a bounded time.
 */
import { type Leveled, linksOf, sizeOf, type Transaction } from './transaction.ts'

export const GROUPINGS = ['vxid', 'request', 'session', 'raw'] as const
export type GroupingName = (typeof GROUPINGS)[number]

export interface Group {
  /** The first began the others: level by level, as varnishlog has them. */
  readonly transactions: readonly Leveled[]
  /** Something of it is missing: it took too long, or too much memory. */
  readonly incomplete: boolean
}

/** Milliseconds for which a group is held, as varnishlog's -T. */
const LONGEST_HELD = 120_000
/** Bytes of all that is held. */
const MOST_HELD = 16 * 1024 * 1024

interface Held {
  readonly transaction: Transaction
  readonly links: readonly number[]
  readonly since: number
}

export class Grouping {
  readonly #name: GroupingName
  readonly #emit: (group: Group) => void
  readonly #now: () => number
  /** By id, oldest first. */
  readonly #held = new Map<number, Held>()
  #bytes = 0

  /** `now`: monotonic milliseconds. */
  constructor(name: GroupingName, emit: (group: Group) => void, now: () => number) {
    this.#name = name
    this.#emit = emit
    this.#now = now
  }

  add(transaction: Transaction): void {
    const { type, vxid } = transaction
    if (this.#name === 'raw' || this.#name === 'vxid') {
      if (type !== 'raw' || this.#name === 'raw')
        this.#emit({ transactions: [{ ...transaction, level: this.#name === 'raw' ? 0 : 1 }], incomplete: false })
      return
    }
    if (type === 'raw' || (type === 'sess' && this.#name === 'request')) return
    // Ids come again when somebody sets them back.
    if (this.#held.has(vxid)) this.#release(this.#highest(vxid), true)
    this.#held.set(vxid, { transaction, links: linksOf(transaction), since: this.#now() })
    this.#bytes += sizeOf(transaction)
    const root = this.#rootOf(transaction)
    if (root !== null && this.#isWhole(root)) this.#release(root, false)
    this.#prune()
  }

  /** Gives up waiting: what is held goes out as it is. */
  flush(): void {
    for (const vxid of [...this.#held.keys()]) if (this.#held.has(vxid)) this.#release(this.#highest(vxid), true)
  }

  /** `null`: that has not ended yet. */
  #rootOf(transaction: Transaction): number | null {
    const seen = new Set<number>()
    let root = transaction
    while (!this.#isRoot(root)) {
      const above = this.#held.get(root.parent)
      if (above === undefined || seen.has(root.vxid)) return null
      seen.add(root.vxid)
      root = above.transaction
    }
    return root.vxid
  }

  #isRoot({ type, reason, parent }: Transaction): boolean {
    if (parent === 0) return true
    return type === 'sess' || (this.#name === 'request' && type === 'req' && reason === 'rxreq')
  }

  #isWhole(vxid: number, seen: Set<number> = new Set()): boolean {
    const held = this.#held.get(vxid)
    if (held === undefined) return false
    if (seen.has(vxid)) return true
    seen.add(vxid)
    return held.links.every((link) => this.#isWhole(link, seen))
  }

  #highest(vxid: number): number {
    const seen = new Set<number>()
    let at = vxid
    for (;;) {
      const held = this.#held.get(at)
      if (held === undefined || seen.has(at) || this.#isRoot(held.transaction) || !this.#held.has(held.transaction.parent)) return at
      seen.add(at)
      at = held.transaction.parent
    }
  }

  #release(root: number, incomplete: boolean): void {
    const transactions: Leveled[] = []
    const next: (readonly [vxid: number, level: number])[] = [[root, 1]]
    for (const [vxid, above] of next) {
      const held = this.#held.get(vxid)
      if (held === undefined) continue
      this.#held.delete(vxid)
      this.#bytes -= sizeOf(held.transaction)
      // A restart stands beside the request that it goes on with.
      const level = held.transaction.reason === 'restart' && vxid !== root ? above - 1 : above
      transactions.push({ ...held.transaction, level })
      for (const link of held.links) next.push([link, level + 1])
    }
    this.#emit({ transactions, incomplete })
  }

  #prune(): void {
    const now = this.#now()
    for (const [vxid, { since }] of this.#held) {
      if (this.#bytes <= MOST_HELD && now - since < LONGEST_HELD) return
      this.#release(this.#highest(vxid), true)
    }
  }
}
