/** A client transaction that remembers what served it. */
import type { Socket } from 'node:net'
import type { RequestFailure } from '../errors.ts'
import type { FetchResult } from '../fetch/start.ts'
import type { ClaimOutcome } from '../object/claim.ts'
import type { Freshness } from '../object/lifetime.ts'
import type { CachedObject } from '../object/object.ts'
import type { OriginFailure } from '../origin/exchange.ts'
import { RequestTransaction } from './transaction.ts'

export class TracedTransaction extends RequestTransaction {
  /** The stored object that answers, or that the answer became. */
  served: CachedObject | null = null
  /** Is told when a restart gives it another id. */
  renamed: ((before: string, after: string) => void) | null = null
  /** What its own fetch brought. */
  result: FetchResult | null = null

  override renumber(): void {
    const before = this.id
    super.renumber()
    this.renamed?.(before, this.id)
  }

  /** The table judges candidates until one fits. */
  override judge(object: CachedObject): Freshness {
    this.served = object
    return super.judge(object)
  }

  override released(outcome: ClaimOutcome): void {
    if (outcome.type === 'object') this.served = outcome.object
    super.released(outcome)
  }

  override readable(result: FetchResult): void {
    this.result = result
    this.served = result.object
    super.readable(result)
  }

  override failed(failure: RequestFailure | OriginFailure, stale: CachedObject): void {
    this.served = stale
    super.failed(failure, stale)
  }

  /** There are no two sockets to join. */
  override upgraded(head: { status: number; reason: string; fieldLines: string }, socket: Socket): void {
    socket.destroy()
    this.outcome = 'PIPE'
    this.reason = 'UPGRADE'
    this.status = head.status
    this.exchange.tunnel(head)
  }
}
