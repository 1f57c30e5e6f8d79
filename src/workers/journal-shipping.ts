/** Hands what a worker records to the supervisor, once a turn of the event loop; what the supervisor has not taken in is bounded. */
import type { JournalListener } from '../vsl/journal.ts'
import { sizeOf, type Transaction } from '../vsl/transaction.ts'
import type { FromWorker } from './messages.ts'

/** Bytes on their way; what comes while there are more is lost. */
const MOST_UNDER_WAY = 8 * 1024 * 1024

export class JournalShipping implements JournalListener {
  readonly #post: (message: FromWorker) => void
  #waiting: Transaction[] = []
  #bytes = 0
  #underWay = 0
  #lost = 0
  #armed = false

  constructor(post: (message: FromWorker) => void) {
    this.#post = post
  }

  transaction(transaction: Transaction): void {
    if (this.#underWay + this.#bytes > MOST_UNDER_WAY) {
      this.lost(1)
      return
    }
    this.#waiting.push(transaction)
    this.#bytes += sizeOf(transaction)
    this.#arm()
  }

  lost(count: number): void {
    this.#lost += count
    this.#arm()
  }

  /** The supervisor has taken so many bytes in. */
  taken(bytes: number): void {
    this.#underWay -= bytes
  }

  #arm(): void {
    if (this.#armed) return
    this.#armed = true
    setImmediate(() => this.#ship())
  }

  #ship(): void {
    const [transactions, bytes, lost] = [this.#waiting, this.#bytes, this.#lost]
    this.#armed = false
    this.#waiting = []
    this.#bytes = 0
    this.#lost = 0
    this.#underWay += bytes
    this.#post({ type: 'transactions', transactions, bytes, lost })
  }
}
