/** What the transaction log has of a client's connection. There is one only while somebody listens. */
import type { Socket } from 'node:net'
import { descriptorOf } from '../../origin/http1/unread.ts'
import type { Peer } from '../../request/exchange.ts'
import { inSeconds, type Journal, OpenTransaction } from '../../vsl/journal.ts'
import type { RefusalReason } from './refusal.ts'

/** Begins one, or, for a connection that was there before, late; `null`: there is no room. */
export function openSessionLog(journal: Journal, xid: number, peer: Peer, socket: Socket): SessionLog | null {
  const log = journal.admits ? new SessionLog(journal, xid) : null
  log?.opened(peer, descriptorOf(socket))
  return log
}

export class SessionLog extends OpenTransaction {
  readonly #since: number
  /** Why what is closed next is closed. */
  #why: string | null = null

  constructor(journal: Journal, xid: number) {
    super(journal, 'sess', xid, 0, 'HTTP/1')
    this.#since = journal.clock.now()
  }

  opened({ address, port, localAddress, localPort }: Peer, descriptor: number): void {
    const listener = `${localAddress}:${localPort}`
    const time = inSeconds(this.journal.clock.wall())
    this.add('SessOpen', `${address === '' ? '-' : address} ${port} ${listener} ${localAddress} ${localPort} ${time} ${descriptor}`)
  }

  /** What was read is no request that is taken. */
  refused(status: number, reason: RefusalReason): void {
    this.#why = reason.endsWith('timeout') ? 'RX_TIMEOUT' : status === 413 || status === 414 || status === 431 ? 'RX_OVERFLOW' : 'RX_BAD'
    this.add('Error', `refused: ${reason} (${status})`)
  }

  /** Our side ends, or the client's has. The first reason counts. */
  closing(why: string): void {
    this.#why ??= why
  }

  failed({ message }: Error): void {
    this.#why ??= 'TX_ERROR'
    this.add('SessError', message)
  }

  closed(why: string): void {
    this.add('SessClose', `${this.#why ?? why} ${((this.journal.clock.now() - this.#since) / 1000).toFixed(3)}`)
    this.end()
  }
}
