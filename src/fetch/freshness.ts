/** How long the answer of a fetch lives, under this process's clock and preset. */
import type { ResponseControl } from '../../vcl-ts/context.ts'
import type { HeaderMap } from '../../vcl-ts/headers.ts'
import { type Lifetime, lifetime } from '../wire/freshness.ts'
import type { FetchTransaction } from './transaction.ts'

/** Freshness of an answer of this fetch. */
export function freshness(
  fetch: FetchTransaction,
  status: number,
  headers: HeaderMap,
  framing: ResponseControl['framing'],
  bodyLength: number | null,
): Lifetime {
  const { decisions } = fetch.deps
  return lifetime({
    status,
    method: fetch.bereq?.method ?? 'GET',
    headers,
    requestTime: fetch.requestTime,
    responseTime: fetch.responseTime,
    wall: fetch.responseWall,
    decisions,
    framing,
    bodyLength,
  })
}
