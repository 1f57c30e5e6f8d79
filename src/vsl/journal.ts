/**
 * Where transactions are recorded while somebody listens, in bounded memory. With nobody listening `recording` is `false`, and no transaction
 * makes a record. Who is told of a transaction hears of it when it has ended.
 */
import { observeAcls } from '../../vcl-ts/acl.ts'
import type { Clock } from '../clock.ts'
import { recordText } from './record-text.ts'
import type { Tag } from './tags.ts'
import { type LogRecord, PER_RECORD, PER_TRANSACTION, type Transaction, type TransactionType } from './transaction.ts'

export interface JournalListener {
  transaction(transaction: Transaction): void
  /** So many transactions could not be recorded. */
  lost(count: number): void
}

/** Of one transaction; what comes beyond is left out, and counted in its last records. */
const MOST_RECORDS = 2000
const MOST_BYTES = 512 * 1024
/** Bytes of all transactions under way; while there are more, none begins to be recorded. */
const MOST_OPEN_BYTES = 32 * 1024 * 1024
/** Carries the wish to record to other threads, and resolves when they know. */
export type Relay = (recording: boolean) => Promise<void>

export class Journal {
  /** Whether what begins now is recorded. */
  recording = false
  readonly clock: Clock
  readonly #listeners = new Set<JournalListener>()
  readonly #watchers: ((recording: boolean) => void)[] = []
  #relay: Relay = async () => {}
  #relayed: Promise<void> = Promise.resolve()
  #open = 0

  constructor(clock: Clock) {
    this.clock = clock
  }

  /** Threads elsewhere record, too, as long as somebody listens here. */
  relay(relay: Relay): void {
    this.#relay = relay
  }

  /** Calls back whenever somebody begins to listen where nobody did, and when the last one has left. */
  watch(watcher: (recording: boolean) => void): void {
    this.#watchers.push(watcher)
  }

  /** Resolves when everything that begins from then on is recorded; with what ends that. */
  async listen(listener: JournalListener): Promise<() => void> {
    this.#listeners.add(listener)
    this.#settle()
    let over = false
    const end = (): void => {
      if (over) return
      over = true
      this.#listeners.delete(listener)
      this.#settle()
    }
    await this.#relayed
    return end
  }

  /** Begins to record one; `null`: too much is under way. `since`: when its time began, where it goes on with another one's. */
  begin(type: TransactionType, vxid: number, parent: number, reason: string, since?: number): OpenTransaction | null {
    return this.admits ? new OpenTransaction(this, type, vxid, parent, reason, since) : null
  }

  /** Whether there is room for one more; one for which there is none is lost. */
  get admits(): boolean {
    if (this.#open <= MOST_OPEN_BYTES) return true
    this.lose(1)
    return false
  }

  /** A record of no transaction. */
  raw(tag: Tag, text: string): void {
    if (this.recording) this.deliver({ type: 'raw', vxid: 0, parent: 0, reason: '', records: [[tag, recordText(text)]] })
  }

  /** One that was recorded, here or in another thread. */
  deliver(transaction: Transaction): void {
    for (const listener of this.#listeners) listener.transaction(transaction)
  }

  lose(count: number): void {
    for (const listener of this.#listeners) listener.lost(count)
  }

  /** Of transactions under way: so many bytes more, or less. */
  hold(bytes: number): void {
    this.#open += bytes
  }

  #settle(): void {
    const recording = this.#listeners.size > 0
    if (recording === this.recording) return
    this.recording = recording
    for (const watcher of this.#watchers) watcher(recording)
    this.#relayed = this.#relayed.then(() => this.#relay(recording))
  }
}

/** A transaction that is being recorded. */
export class OpenTransaction {
  readonly journal: Journal
  readonly vxid: number
  readonly #type: TransactionType
  readonly #parent: number
  readonly #reason: string
  readonly #records: LogRecord[] = []
  /** When its time began; monotonic milliseconds. */
  readonly began: number
  /** Bytes of the head that its last fetch sent to the origin. */
  fetchHead = 0
  #stamped: number
  #bytes = PER_TRANSACTION
  #leftOut = 0
  #over = false

  constructor(journal: Journal, type: TransactionType, vxid: number, parent: number, reason: string, since?: number) {
    this.journal = journal
    this.vxid = vxid
    this.#type = type
    this.#parent = parent
    this.#reason = reason
    this.#stamped = journal.clock.now()
    this.began = since ?? this.#stamped
    journal.hold(this.#bytes)
    this.add('Begin', `${type} ${parent} ${reason}`)
  }

  /** Ignored once it has ended. */
  add(tag: Tag, text: string): void {
    if (this.#over) return
    if (this.#records.length >= MOST_RECORDS || this.#bytes >= MOST_BYTES) this.#leftOut++
    else this.#push(tag, recordText(text))
  }

  /** It began another one. Not left out, since groups hang on it. */
  link(type: TransactionType, vxid: number, reason: string): void {
    if (!this.#over) this.#push('Link', `${type} ${vxid} ${reason}`)
  }

  /** What a policy logged. */
  note(key: string, value: string): void {
    this.add('VCL_Log', key === '' ? value : `${key}:${value}`)
  }

  /** What is looked for in address lists until `quiet` is. */
  observes(): void {
    observeAcls((name, entry) => this.add('VCL_acl', aclText(name, entry)))
  }

  /** A hook is over, or waits for something. */
  quiet(): void {
    observeAcls(null)
  }

  /** At the time at which it began to be recorded. */
  start(): void {
    this.stamp('Start', this.#stamped)
  }

  /** `Event: time, seconds since the beginning, seconds since the last stamp`. `at`: monotonic milliseconds, now unless given. */
  stamp(event: string, at: number = this.journal.clock.now()): void {
    const { clock } = this.journal
    const wall = clock.wall() - (clock.now() - at)
    this.add('Timestamp', `${event}: ${inSeconds(wall)} ${inSeconds(at - this.began)} ${inSeconds(at - this.#stamped)}`)
    this.#stamped = at
  }

  /** Whoever listens is told of it. */
  end(): void {
    if (this.#over) return
    if (this.#leftOut > 0) this.#push('Notice', `${this.#leftOut} records were left out: the transaction has too many`)
    this.#push('End', '')
    this.#over = true
    this.journal.hold(-this.#bytes)
    this.journal.deliver({ type: this.#type, vxid: this.vxid, parent: this.#parent, reason: this.#reason, records: this.#records })
  }

  #push(tag: Tag, text: string): void {
    const bytes = text.length + PER_RECORD
    this.#bytes += bytes
    this.journal.hold(bytes)
    this.#records.push([tag, text])
  }
}

/** Of milliseconds, with six decimals as Varnish prints them. */
export function inSeconds(ms: number): string {
  return (ms / 1000).toFixed(6)
}

/** `10.0.0.0/8` as `"10.0.0.0"/8`. */
function aclText(name: string, entry: string | null): string {
  if (entry === null) return `NO_MATCH ${name}`
  const [address = '', length] = entry.replace('!', '').split('/')
  return `${entry.startsWith('!') ? 'NEG_MATCH' : 'MATCH'} ${name} "${address}"${length === undefined ? '' : `/${length}`}`
}
