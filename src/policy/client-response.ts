/** The noun `resp`: the answer to the client, in `deliver` and `synth`. */
import type { Resp, RespSynth } from '../../vcl-ts/context.ts'
import type { FilterSource } from '../../vcl-ts/filters.ts'
import type { HeaderMap } from '../../vcl-ts/headers.ts'
import type { Reason } from '../../vcl-ts/reason.ts'
import { checkedReason, checkedStatus } from './status-line.ts'

export class ClientResponse implements Resp, RespSynth {
  #status: number
  #reason: string
  readonly headers: HeaderMap
  readonly isStreaming: boolean
  readonly why: Reason
  /** Used by `synth` only. */
  body: string | Uint8Array = ''
  /** What went wrong in a client's words; `''` for a policy's own answer. */
  detail = ''
  #filters: FilterSource[] | null = null

  constructor(status: number, reason: string, headers: HeaderMap, isStreaming: boolean, why: Reason) {
    this.#status = status
    this.#reason = reason
    this.headers = headers
    this.isStreaming = isStreaming
    this.why = why
  }

  get status(): number {
    return this.#status
  }

  set status(value: number) {
    this.#status = checkedStatus(value)
  }

  get reason(): string {
    return this.#reason
  }

  set reason(value: string) {
    this.#reason = checkedReason(value)
  }

  get filters(): FilterSource[] {
    this.#filters ??= []
    return this.#filters
  }

  /** As `filters`; `null`: there are none. */
  get filterList(): readonly FilterSource[] | null {
    return this.#filters === null || this.#filters.length === 0 ? null : this.#filters
  }
}
