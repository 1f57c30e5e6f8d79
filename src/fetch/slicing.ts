/** Fetches of slices: what is asked for, and what an answer to that is. */
import type { HeaderMap } from '../../vcl-ts/headers.ts'
import type { Body } from '../body/body.ts'
import { RequestFailure } from '../errors.ts'
import { type Manifest, manifestOf, newManifest } from '../object/manifest.ts'
import type { OriginResponse } from '../origin/exchange.ts'
import { contentCoding } from '../wire/content-coding.ts'
import { type ContentRange, parseContentRange } from '../wire/range.ts'
import { sliceRange, strongValidator } from '../wire/slices.ts'
import type { SliceWish } from './start.ts'
import { DONE, type FetchStep, failWith } from './step.ts'
import type { FetchTransaction } from './transaction.ts'

/** A slice that came, and the manifest that it belongs to. */
export interface FoundSlice {
  readonly index: number
  readonly manifest: Manifest
  /** The manifest is new: nobody knew of it before this answer. */
  readonly first: boolean
}

/** What an answer is: a slice, or as any other (`response` and `body` of the whole); `unsliced`: of no use, and the whole has to be asked for. */
export type SliceAnswer =
  | { readonly type: 'slice'; readonly slice: FoundSlice; readonly response: OriginResponse }
  | { readonly type: 'whole'; readonly response: OriginResponse }
  | { readonly type: 'unsliced'; readonly remember: boolean }
  | { readonly type: 'failed'; readonly failure: RequestFailure }

/** A slice that a fetch is for. Without a claim nobody could store a manifest, and the whole is asked for. */
export function wishOf({ init }: FetchTransaction): SliceWish | null {
  const { slice } = init.request
  return slice === null || init.kind === 'pass' || (slice.of === null && init.claim === null) ? null : slice
}

/** The manifest that the fetch is to renew, unless an invalidation overtook it. */
export function manifestBefore({ init }: FetchTransaction): Manifest | null {
  const { claim } = init
  return claim?.stale?.sliced === true && !claim.detached ? manifestOf(claim.stale) : null
}

/** Turns a request for the whole into one for the slice. */
export function askForSlice({ index, size, of }: SliceWish, headers: HeaderMap): void {
  const { first, last } = sliceRange(index, size, of === null ? null : of.total)
  headers.set('Range', `bytes=${first}-${last}`)
  // The first may be all of something small, which is stored as it is best sent.
  if (of !== null || index > 0) headers.set('Accept-Encoding', 'identity')
}

/** `before`: the manifest that is out of date. `wall`: epoch milliseconds. */
export function judgeSlice(
  wish: SliceWish,
  response: OriginResponse,
  body: Body | null,
  before: Manifest | null,
  wall: number,
): SliceAnswer {
  const { of } = wish
  if (response.status !== 206) {
    if (of !== null) return PASSING.has(response.status) ? busy(response.status) : changed(`the origin answered ${response.status}`)
    // What lies behind the end is answered as without slices.
    return response.status === 416 ? { type: 'unsliced', remember: false } : { type: 'whole', response }
  }
  const range = parseContentRange(response.headers.joinedLower('content-range') ?? '')
  const whole = range !== null && 'first' in range && range.total !== null && body?.length === range.last - range.first + 1
  if (!whole || range.total === null) return of === null ? UNSLICED : changed('the origin answered with another part')
  const { total } = range
  const validator = contentCoding(response.headers) === null ? strongValidator(response.headers, wall) : null
  if (of !== null) {
    const same = total === of.total && validator === of.validator && isSlice(range, wish, total)
    if (!same) return changed(`of ${of.total} bytes with ${of.validator} it is ${total} bytes with ${validator ?? 'nothing to tell'} now`)
    return { type: 'slice', slice: { index: wish.index, manifest: of, first: false }, response: asWhole(response, total) }
  }
  if (!isSlice(range, wish, total)) return UNSLICED
  if (total <= wish.size) return { type: 'whole', response: asWhole(response, total) }
  if (validator === null) return UNSLICED
  const manifest = newManifest(wish.size, total, validator, before)
  return { type: 'slice', slice: { index: wish.index, manifest, first: true }, response: asWhole(response, total) }
}

/** The claim goes back, and whoever asked looks up again; a manifest that was to be refreshed is no more. */
export function giveUpSlices(fetch: FetchTransaction, remember: boolean): FetchStep {
  const { deps, init, observer } = fetch
  const { claim } = init
  fetch.cancelCall()
  fetch.observer = null
  if (remember) deps.unsliced.add(init.request.key, deps.clock.now())
  const stale = claim?.stale ?? null
  if (stale?.sliced === true) {
    deps.table.discard(stale)
    if (fetch.duty !== null) fetch.duty.forget(stale.key)
  }
  if (fetch.duty !== null) fetch.duty.release('again')
  if (claim !== null) deps.table.release(claim, { type: 'again' })
  observer?.unsliced()
  return DONE
}

export function sliceFailed(fetch: FetchTransaction, failure: RequestFailure): FetchStep {
  fetch.cancelCall()
  return failWith(failure)
}

const UNSLICED: SliceAnswer = { type: 'unsliced', remember: true }

/** What says nothing about the file. */
const PASSING: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504])

function busy(status: number): SliceAnswer {
  return { type: 'failed', failure: new RequestFailure('origin_error', `the origin answered ${status}`, true) }
}

function changed(detail: string): SliceAnswer {
  return { type: 'failed', failure: new RequestFailure('slice_changed', detail) }
}

function isSlice({ first, last }: ContentRange, { index, size }: SliceWish, total: number): boolean {
  const wanted = sliceRange(index, size, total)
  return first === wanted.first && last === wanted.last
}

/** The head as policies and clients know it: that of the whole. */
function asWhole(response: OriginResponse, total: number): OriginResponse {
  const { headers } = response
  headers.removeRaw('content-range')
  headers.setRaw('Content-Length', 'content-length', String(total))
  return { ...response, status: 200, reason: 'OK', framing: 'length', contentLength: total }
}
