/** `GET /log`: the transactions that begin from now on, in groups, as lines of JSON. A reader that is slow loses whole groups, and is told how many. */
import { type Group, Grouping, type GroupingName } from '../vsl/grouping.ts'
import type { Journal } from '../vsl/journal.ts'
import { parseQuery, type Query } from '../vsl/query.ts'
import { matchesQuery } from '../vsl/query-match.ts'
import type { Leveled, LogRecord, Transaction } from '../vsl/transaction.ts'
import type { LineSink, LineStream } from './route.ts'

export interface LogAsked {
  /** Default: all. */
  readonly query?: string | undefined
  /** Default `vxid`. */
  readonly group?: GroupingName | undefined
}

/** A line of the answer. */
export interface LogLine {
  readonly transactions?: LoggedTransaction[]
  /** Of the group something is missing. */
  readonly incomplete?: boolean
  /** So many transactions or groups were lost before this line. */
  readonly lost?: number
}

export interface LoggedTransaction {
  readonly level: number
  readonly type: Transaction['type']
  readonly vxid: number
  readonly parent: number
  readonly reason: string
  readonly records: LogRecord[]
}

/** Throws a `QueryError`. */
export function logStream(journal: Journal, { query: text, group: name = 'vxid' }: LogAsked): LineStream {
  const query = text === undefined || text.trim() === '' ? null : parseQuery(text)
  return async (sink) => {
    const writer = new LogWriter(sink, query)
    const grouping = new Grouping(
      name,
      (group) => writer.group(group),
      () => journal.clock.now(),
    )
    const end = await journal.listen({
      transaction: (transaction) => grouping.add(transaction),
      lost: (count) => writer.lost(count),
    })
    sink.drained(() => writer.tellLost())
    return end
  }
}

class LogWriter {
  readonly #sink: LineSink
  readonly #query: Query | null
  #lost = 0

  constructor(sink: LineSink, query: Query | null) {
    this.#sink = sink
    this.#query = query
  }

  group({ transactions, incomplete }: Group): void {
    if (this.#query !== null && !matchesQuery(this.#query, transactions)) return
    if (this.#sink.full) {
      this.#lost++
      return
    }
    this.tellLost()
    this.#write({ transactions: transactions.map(logged), ...(incomplete ? { incomplete } : {}) })
  }

  lost(count: number): void {
    this.#lost += count
    this.tellLost()
  }

  tellLost(): void {
    if (this.#lost === 0 || this.#sink.full) return
    this.#write({ lost: this.#lost })
    this.#lost = 0
  }

  #write(line: LogLine): void {
    this.#sink.write(JSON.stringify(line))
  }
}

function logged({ level, type, vxid, parent, reason, records }: Leveled): LoggedTransaction {
  return { level, type, vxid, parent, reason, records: [...records] }
}
