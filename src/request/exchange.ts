/**
 * The protocol-neutral exchange: one request in, one response out. `listen` implements it, the request machine consumes it.
 * A connection may carry several exchanges; each answers exactly once.
 */
import type { Socket } from 'node:net'
import type { HeaderMap } from '../../vcl-ts/headers.ts'
import type { Body } from '../body/body.ts'
import type { OpenTransaction } from '../vsl/journal.ts'

/** What is known of the client's connection. Fixed for its life. */
export interface Peer {
  /** Address of the socket's other end, IPv4-mapped IPv6 written as IPv4; `''` for a Unix socket. */
  readonly address: string
  readonly port: number
  readonly localAddress: string
  readonly localPort: number
  /** The listener's scheme. */
  readonly scheme: 'http' | 'https'
  /** Whether the address is in `--trust`, so that its forwarding fields are believed. */
  readonly trusted: boolean
}

/** A client's connection as the transaction log has it. */
export interface ClientSession {
  /** Varnish's XID. */
  readonly xid: number
  /** Where it is recorded; `null`: nowhere. */
  readonly log: OpenTransaction | null
}

/** A request message that passed the strict parser. */
export interface RequestHead {
  /** Case-sensitive token, any. */
  readonly method: string
  /** Origin form (`/path?query`), byte-exact, or `*` with OPTIONS. An absolute form has been split into `target` and `host`. */
  readonly target: string
  /** Authority as sent (absolute form wins over Host, RFC 9112 §3.2.2); syntax checked, not yet normalised; `null` only in HTTP/1.0. */
  readonly host: string | null
  readonly version: '1.0' | '1.1' | '2'
  /**
   * Field lines as received, owned by the receiver of the exchange. Framing fields are in canonical form
   * (`Content-Length` digits without leading zeros). Hop-by-hop fields are still there; `Host` equals `host`.
   */
  readonly headers: HeaderMap
}

/** The final response's head. */
export interface ResponseHead {
  readonly status: number
  readonly reason: string
  /**
   * Field lines in final form: latin-1, each ended by CRLF, checked by `wire/message-head`. Without framing
   * (Content-Length, Transfer-Encoding) and connection fields: those are the protocol's.
   */
  readonly fieldLines: string
  /** Length of the selected representation; for HEAD and 304 what to announce. `null`: unknown or not to be announced. */
  readonly contentLength: number | null
  /** `fieldLines` are known to hold a Date; where it is not known, the protocol looks and adds one. */
  readonly dated: boolean
  /** Close the connection after this answer. */
  readonly close: boolean
}

/** How an exchange ended, told once. */
export interface ExchangeEnd {
  /** `sent`: the answer was handed to the operating system whole. `left`: the client went away first. `aborted`: we broke it off visibly. */
  readonly type: 'sent' | 'left' | 'aborted'
  /** Bytes of head and body given to the socket. */
  readonly bytes: number
  readonly bodyBytes: number
}

export interface ExchangeObserver {
  /** The client is gone before the answer was sent whole; the exchange's `ended` follows. Also while no answer has begun. */
  left(): void
  /** Last call of every exchange. */
  ended(end: ExchangeEnd): void
}

export interface Exchange {
  readonly peer: Peer
  /** Absent where there is no connection. */
  readonly session?: ClientSession
  readonly head: RequestHead
  /**
   * The request's body, or `null` when it has none (RFC 9112 §6.3). Reading it sends `100 Continue` when the client waits for one.
   * What is not read is drained within bounds or the connection closes after the answer.
   */
  readonly body: Body | null
  /** Set by the consumer before it returns from the handler. */
  observer: ExchangeObserver | null
  /** Relays an interim answer (1xx but 101). Ignored for HTTP/1.0 and once the final answer began. */
  interim(status: number, reason: string, fieldLines: string): void
  /**
   * Sends the final answer. `body` is `null` for none; for HEAD and 304 it must be `null`. The exchange frames it:
   * Content-Length when known, else chunked, else (HTTP/1.0) the connection's end. A body that resets breaks the connection visibly.
   */
  respond(head: ResponseHead, body: Body | null): void
  /** The common hit in one write: `respond` with the whole body at hand; a string has a latin-1 character for each byte. */
  respondWhole(head: ResponseHead, body: Buffer | string | null): void
  /**
   * Turns the connection into a tunnel: sends `head` (101 or 200) with its fields as they are, then gives the raw socket away, paused, with the
   * bytes that the client had already sent. The exchange ends (`sent`) at once.
   */
  tunnel(head: { status: number; reason: string; fieldLines: string }): { socket: Socket; rest: Buffer }
  /** Breaks the connection off visibly. */
  abort(): void
}

export type ExchangeHandler = (exchange: Exchange) => void
