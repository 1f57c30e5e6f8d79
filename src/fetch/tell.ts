/** What a fetch that received an answer tells the request it is for. */
import type { HeaderMap } from '../../vcl-ts/headers.ts'
import type { CachedObject } from '../object/object.ts'
import type { ReceiveStep, Sharing } from './sharing.ts'
import type { FetchTransaction } from './transaction.ts'

/** `headers`: of the answer, `null` where they are those of the object. `contentLength`: of the body, announced; `null`: unknown. */
export function tellReceived(
  fetch: FetchTransaction,
  { beresp, response }: ReceiveStep,
  sharing: Sharing,
  object: CachedObject,
  headers: HeaderMap | null,
  contentLength: number | null,
): void {
  fetch.tell({
    status: beresp.status,
    reason: beresp.reason,
    headers,
    object,
    contentLength,
    stored: sharing.store,
    why: sharing.why,
    ttl: beresp.ttl,
    ttlSource: beresp.control.source,
    originStatus: response.status,
    failure: null,
  })
}
