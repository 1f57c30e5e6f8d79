/** An answer that is going to be assembled (Edge Side Includes): what has to be so that its includes can be read. */
import type { Decisions } from '../../vcl-ts/builtin/decisions.ts'
import type { HeaderMap } from '../../vcl-ts/headers.ts'
import { asksForEsi } from '../wire/targeted.ts'
import { askPlain } from './again.ts'
import type { FetchStep } from './step.ts'
import type { FetchTransaction } from './transaction.ts'

type ReceiveStep = Extract<FetchStep, { step: 'receive' }>

/** Whether the answer itself asks for it, where the preset reads the field by which it can. */
export function asksToBeAssembled(headers: HeaderMap, decisions: Decisions): boolean {
  const value = headers.joinedLower('surrogate-control')
  return value !== undefined && decisions.lifetime.includes('Surrogate-Control') && asksForEsi(value)
}

/** Whether an answer of this status has a page that can be assembled. */
export function assembles(status: number): boolean {
  return status !== 204 && status !== 206 && status !== 304
}

/** The answer as it is received; for a part of a page, which nobody could assemble, the whole is asked for. */
export function template(fetch: FetchTransaction, step: ReceiveStep): FetchStep {
  const { beresp } = step
  if (beresp.status !== 206 || fetch.bereq === null) return step
  const { headers } = fetch.bereq
  if (!headers.removeRaw('range')) return step
  headers.removeRaw('if-range')
  fetch.cancelCall()
  return askPlain(fetch)
}
