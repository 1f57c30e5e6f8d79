/**
 * The contract towards an origin server: one request out, one answer or one named failure in, on a connection whose socket is ours.
 */
import type { Socket } from 'node:net'
import type { HeaderMap } from '../../vcl-ts/headers.ts'
import type { Body } from '../body/body.ts'
import type { OriginFailureCode } from '../errors.ts'
import type { ClientEnds } from './proxy-header.ts'

export type { OriginFailureCode } from '../errors.ts'

/** In seconds. */
export interface OriginDeadlines {
  /** From dispatch to a usable connection; queueing apart. */
  readonly connect: number
  /** From the request's last byte written (or its head, while a body is still under way) to the answer's first; and from there to the end of its head. */
  readonly firstByte: number
  /** Between two reads of the answer. */
  readonly betweenBytes: number
}

export interface OriginRequest {
  readonly method: string
  /** Origin form, byte-exact, or `*`. */
  readonly target: string
  /** All fields but framing, from `wire/message-head`, `Host` among them, each line ended by CRLF. */
  readonly fieldLines: string
  /** `null`: none. With a body of unknown length it is sent chunked. */
  readonly body: Body | null
  /** Whether `Content-Length: 0` is announced when there is no body (POST, PUT, PATCH). */
  readonly announceEmpty: boolean
  /** Asks for `Connection: upgrade` with this token; a 101 is then an answer, else it is a failure. */
  readonly upgrade: string | null
  readonly deadlines: OriginDeadlines
  /** The connection carries nothing else behind it, and the origin is told so. Default `false`. */
  readonly closes?: boolean
  /** Both ends of the connection of the client who asks; `null`: nobody does. */
  readonly client: (() => ClientEnds) | null
  /**
   * Whether the request may be sent again on a new connection when a reused one died before any byte of the answer
   * (idempotent method, and no body byte consumed that cannot be replayed).
   */
  readonly replayable: boolean
}

export interface OriginResponse {
  readonly status: number
  readonly reason: string
  readonly version: '1.0' | '1.1'
  /** As received, hop-by-hop fields included; framing in canonical form. */
  readonly headers: HeaderMap
  /**
   * How the end of the body is known. `none`: HEAD, 204, 304. `close`: by the connection's end, which proves nothing.
   */
  readonly framing: 'none' | 'length' | 'chunked' | 'close'
  /** `Content-Length`, also of HEAD and 304 answers; `null` when not given. */
  readonly contentLength: number | null
}

export interface OriginObserver {
  /** A 1xx other than 100 and 101. */
  interim(status: number, reason: string, headers: HeaderMap): void
  /** The final head. `body` is `null` when framing is `none`. A body that breaks ends with `reset` and an `OriginFailure` as cause. */
  response(response: OriginResponse, body: Body | null): void
  /** 101 was asked for and came: the socket is the caller's, paused, `rest` holds the bytes behind the head. */
  upgraded(response: OriginResponse, socket: Socket, rest: Buffer): void
  /** No final head came. Last call. */
  failed(failure: OriginFailure): void
}

export class OriginFailure extends Error {
  readonly code: OriginFailureCode
  /** Whether no byte of this request can have been acted upon, so that another attempt is safe for any method. */
  readonly untouched: boolean
  /** Whether the request had been sent on another connection before. */
  resent = false

  constructor(code: OriginFailureCode, detail: string, untouched: boolean = false) {
    super(detail)
    this.name = 'OriginFailure'
    this.code = code
    this.untouched = untouched
  }
}

/** The connection that a call is on. */
export interface OriginWire {
  /** Of its socket; -1 where the system has none. */
  readonly descriptor: number
  readonly address: string
  readonly port: number
  readonly localAddress: string
  readonly localPort: number
  /** Whether it had served others before. */
  readonly reused: boolean
}

export interface OriginCall {
  /** `null`: it is on none, or not any more. Absent where there are none. */
  readonly wire?: OriginWire | null
  /** Ends the call; the connection is destroyed unless the answer was complete. No further call reaches the observer. */
  cancel(): void
}

/** One backend as the fetch machine sees it. */
export interface Origin {
  readonly name: string
  /** Value of `Host` when the policy wants the backend's own. */
  readonly hostHeader: string
  /** Nothing reaches the observer before this has returned. */
  send(request: OriginRequest, observer: OriginObserver): OriginCall
  /** Closes idle connections; calls under way finish. */
  close(): void
}
