/** The noun `beresp`: the origin's answer with the numbers computed from it, which a policy may assign anew. */
import { CODINGS, type Coding, isCoding } from '../../vcl-ts/coding.ts'
import type { Beresp, ResponseControl } from '../../vcl-ts/context.ts'
import { type Duration, seconds } from '../../vcl-ts/duration.ts'
import type { FilterSource } from '../../vcl-ts/filters.ts'
import type { HeaderMap } from '../../vcl-ts/headers.ts'
import type { Reason } from '../../vcl-ts/reason.ts'
import { bounded, type Lifetime } from '../object/lifetime.ts'
import { assignedControl } from '../wire/response-control.ts'
import { checkedReason, checkedStatus } from './status-line.ts'

export interface BackendResponseInit {
  readonly status: number
  readonly reason: string
  readonly headers: HeaderMap
  readonly ttl: number
  readonly grace: number
  readonly staleIfError: number
  readonly keep: number
  readonly age: number
  readonly control: ResponseControl
  readonly backend: string
  readonly was304: boolean
  readonly uncacheable: boolean
  /** Whether staleIfError is what grace is, unless a policy says otherwise. Default `false`. */
  readonly staleWithGrace?: boolean
  /** Whether the page is assembled unless a policy says otherwise. Default `false`. */
  readonly esi?: boolean
  /** What the answer's own fields say. */
  readonly tags?: readonly string[]
}

const NO_TAGS: readonly string[] = []

export class BackendResponse implements Beresp {
  #status: number
  #reason: string
  readonly headers: HeaderMap
  #ttl: number
  #grace: number
  #staleIfError: number
  #staleWithGrace: boolean
  #keep: number
  readonly age: number
  #uncacheable: boolean
  stream = true
  esi: boolean
  readonly #given: readonly string[]
  #tags: Set<string> | null = null
  readonly backend: string
  #control: ResponseControl
  why: Reason = 'STORED'
  #compress: Coding | boolean | null = null
  #filters: FilterSource[] | null = null
  readonly was304: boolean
  /** Whether `staleIfError` was set by directive or policy. */
  staleIfErrorExplicit: boolean
  /** Seconds for which the backend is not to be asked for this again. */
  denial = 0
  /** For `backendError`: the page that it makes, and what went wrong in a client's words. */
  body: string | Uint8Array = ''
  detail = ''

  constructor(init: BackendResponseInit) {
    this.#status = init.status
    this.#reason = init.reason
    this.headers = init.headers
    this.#ttl = bounded(init.ttl)
    this.#grace = bounded(init.grace)
    this.#staleIfError = bounded(init.staleIfError)
    this.#staleWithGrace = init.staleWithGrace ?? false
    this.#keep = bounded(init.keep)
    this.age = init.age
    this.#control = init.control
    this.backend = init.backend
    this.was304 = init.was304
    this.esi = init.esi ?? false
    this.#given = init.tags ?? NO_TAGS
    this.#uncacheable = init.uncacheable
    this.staleIfErrorExplicit = init.control.staleIfError !== null
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

  get tags(): Set<string> {
    this.#tags ??= new Set(this.#given)
    return this.#tags
  }

  /** As `tags`, to be read only. */
  get tagList(): readonly string[] {
    return this.#tags === null ? this.#given : [...this.#tags]
  }

  get ttl(): number {
    return this.#ttl
  }

  set ttl(value: Duration) {
    this.#ttl = bounded(seconds(value))
    if (this.#control.source !== 'policy') this.#control = assignedControl(this.#control)
  }

  get grace(): number {
    return this.#grace
  }

  set grace(value: Duration) {
    this.#grace = Math.max(0, bounded(seconds(value)))
    if (this.#staleWithGrace) this.#staleIfError = this.#grace
  }

  get staleIfError(): number {
    return this.#staleIfError
  }

  set staleIfError(value: Duration) {
    this.#staleIfError = Math.max(0, bounded(seconds(value)))
    this.#staleWithGrace = false
    this.staleIfErrorExplicit = true
  }

  get keep(): number {
    return this.#keep
  }

  set keep(value: Duration) {
    this.#keep = Math.max(0, bounded(seconds(value)))
  }

  get uncacheable(): boolean {
    return this.#uncacheable
  }

  /** Can only be raised, as in VCL. */
  set uncacheable(value: boolean) {
    if (value) this.#uncacheable = true
  }

  get compress(): Coding | boolean | null {
    return this.#compress
  }

  set compress(value: Coding | boolean | null) {
    if (value !== null && typeof value !== 'boolean' && !isCoding(value))
      throw new TypeError(`beresp.compress cannot be ${JSON.stringify(value)}: give ${CODINGS.join(', ')}, true, false or null`)
    this.#compress = value
  }

  get filters(): FilterSource[] {
    this.#filters ??= []
    return this.#filters
  }

  /** As `filters`; `null`: there are none. */
  get filterList(): readonly FilterSource[] | null {
    return this.#filters === null || this.#filters.length === 0 ? null : this.#filters
  }

  deny(time: Duration): void {
    this.denial = Math.max(0, seconds(time))
  }

  /** Of what is stored at a moment (monotonic ms). */
  life(storedAt: number): Lifetime {
    const { ttl, grace, staleIfError, staleIfErrorExplicit, keep, age } = this
    return { storedAt, ttl, grace, staleIfError, staleIfErrorExplicit, keep, age }
  }

  get control(): ResponseControl {
    return this.#control
  }
}
