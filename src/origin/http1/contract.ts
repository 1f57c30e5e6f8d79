/** What a connection is given: its options, and calls to carry. */
import type { Socket } from 'node:net'
import type { HeaderMap } from '../../../vcl-ts/headers.ts'
import type { Body } from '../../body/body.ts'
import type { Clock } from '../../clock.ts'
import type { Settings } from '../../config/settings.ts'
import type { OriginFailure, OriginRequest, OriginResponse } from '../exchange.ts'
import type { Intake } from '../intake.ts'
import type { Place } from '../place.ts'
import type { OddStatus } from './response-parser.ts'

/** The exchange as the connection sees it. After `failed` or `ended` it hears no more. */
export interface ConnectionCall {
  readonly request: OriginRequest
  /** The request's head as it is written. */
  readonly head: string
  interim(status: number, reason: string, headers: HeaderMap): void
  response(response: OriginResponse, body: Body | null): void
  upgraded(response: OriginResponse, socket: Socket, rest: Buffer): void
  /** No final head came. `begun`: some byte of an answer had. */
  failed(failure: OriginFailure, begun: boolean): void
  /** The answer, whose head has been told, is over; `null`: whole. Comes before the body's own end. */
  ended(failure: OriginFailure | null): void
}

/** A socket that is connected, and that nobody reads yet. */
export interface Line {
  readonly socket: Socket
  readonly intake: Intake
  readonly place: Place
  /** `null`: in plain text. */
  readonly tls: TlsState | null
}

/** What a TLS socket has told. */
export interface TlsState {
  /** Whether the end that the socket has told came as an alert (`close_notify`), which nobody else can send. */
  readonly endProven: boolean
}

export interface ConnectionOptions {
  /** Each connection carries one request. */
  readonly single: boolean
  readonly settings: Pick<Settings, 'limits' | 'deadlines'>
  readonly oddStatus: OddStatus
  readonly clock: Clock
}
