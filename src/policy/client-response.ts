/** The noun `resp`: the answer to the client, in `deliver` and `synth`. */
import type { RespSynth } from '../../vcl-ts/context.ts'
import type { HeaderMap } from '../../vcl-ts/headers.ts'
import type { Reason } from '../../vcl-ts/reason.ts'
import { StatusLine } from './status-line.ts'

export class ClientResponse extends StatusLine implements RespSynth {
  readonly headers: HeaderMap
  readonly isStreaming: boolean
  readonly why: Reason
  /** Used by `synth` only. */
  body: string | Uint8Array = ''
  /** What went wrong in a client's words; `''` for a policy's own answer. */
  detail = ''

  constructor(status: number, reason: string, headers: HeaderMap, isStreaming: boolean, why: Reason) {
    super(status, reason)
    this.headers = headers
    this.isStreaming = isStreaming
    this.why = why
  }
}
