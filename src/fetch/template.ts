/** An answer that is going to be assembled (Edge Side Includes): what has to be so that its includes can be read. */
import type { Decisions } from '../../vcl-ts/builtin/decisions.ts'
import type { HeaderMap } from '../../vcl-ts/headers.ts'
import { decoding, HIGHEST_RATIO } from '../body/codings.ts'
import type { Stage } from '../body/stages.ts'
import type { BackendResponse } from '../policy/backend-response.ts'
import { bytesChanged, contentCoding, setContentCoding } from '../wire/content-coding.ts'
import { asksForEsi } from '../wire/targeted.ts'
import type { Shaping } from './store-stages.ts'
import type { FetchTransaction } from './transaction.ts'

/** Whether the answer itself asks for it, where the preset reads the field by which it can. */
export function asksToBeAssembled(headers: HeaderMap, decisions: Decisions): boolean {
  if (!decisions.surrogateEsi) return false
  const value = headers.joinedLower('surrogate-control')
  return value !== undefined && asksForEsi(value)
}

/** Whether an answer of this status has a page that can be assembled. */
export function assembles(status: number): boolean {
  return status !== 204 && status !== 206 && status !== 304
}

/** A part of a page is what nobody could assemble: answers whether the whole can be asked for, and turns the request into that for it. */
export function asksForWhole(fetch: FetchTransaction): boolean {
  const headers = fetch.bereq?.headers
  if (headers === undefined || !headers.removeRaw('range')) return false
  headers.removeRaw('if-range')
  return true
}

/** Its text is stored as it is read, for all clients alike. `filtering`: what its body passes through first. `null`: of a coding that cannot be undone, and not assembled. */
export function templateShaping(beresp: BackendResponse, filtering: readonly (() => Stage)[]): Shaping | null {
  const coding = contentCoding(beresp.headers)
  if (coding === 'other') {
    beresp.esi = false
    return null
  }
  if (coding === null && filtering.length === 0) return PLAIN
  setContentCoding(beresp.headers, null)
  bytesChanged(beresp.headers)
  return { ...PLAIN, stages: coding === null ? filtering : [decoding(coding, HIGHEST_RATIO), ...filtering] }
}

const PLAIN: Shaping = { stages: [], coding: null, servesAll: true }
