/** What of an answer's body is changed on its way to one client: decoded where the client does not take the stored coding, passed through its filters. */
import type { FilterSource } from '../../vcl-ts/filters.ts'
import type { HeaderMap } from '../../vcl-ts/headers.ts'
import type { Body } from '../body/body.ts'
import { decodedWhole } from '../body/coding-engines.ts'
import { decoding, HIGHEST_RATIO } from '../body/codings.ts'
import { staged } from '../body/stages.ts'
import { C } from '../counters.ts'
import { bodyOf, StoredBody } from '../object/stored-body.ts'
import { type StoredCoding, storedCoding } from '../object/stored-coding.ts'
import { filterStages, filtersFault } from '../policy/body-filters.ts'
import type { ClientResponse } from '../policy/client-response.ts'
import { takesCoding } from '../wire/accept.ts'
import { bytesChanged, contentCoding, setContentCoding } from '../wire/content-coding.ts'
import type { Answer } from './answer.ts'
import type { RequestTransaction } from './transaction.ts'

/** Bytes of a body that is decoded at once, and of what becomes of it: quicker than through another thread, and its length is known. */
const SMALL = 16 * 1024
const MOST_AT_ONCE = 256 * 1024

/** Whether this client gets the object's body as it is stored. Only asked of an object with a coding. */
export function takesAsStored(tx: RequestTransaction, { coding }: StoredCoding): boolean {
  return takesCoding(tx.req.headers.joinedLower('accept-encoding'), coding)
}

/** Undoes the coding. `headers`: the answer's own, which are changed. */
export function decodeAnswer(tx: RequestTransaction, answer: Answer, headers: HeaderMap, coding: StoredCoding): void {
  tx.engine.counters.add(C.resp_decoded)
  changeBody(answer, headers)
  setContentCoding(headers, null)
  // Nobody reads it.
  if (tx.req.method === 'HEAD' || answer.body === null) return
  const body = decoded(answer.body, coding)
  answer.body = body
  answer.contentLength = body.length
}

/**
 * Puts the policy's filters between the body and the client, behind a decoder where one is needed. Answers what is wrong with them, in words
 * for their author; `null`: nothing.
 */
export function filterAnswer(
  tx: RequestTransaction,
  answer: Answer,
  resp: ClientResponse,
  filters: readonly FilterSource[],
): string | null {
  const { headers, status } = resp
  if (answer.body === null || status === 204 || status === 304) return null
  if (status === 206 || answer.object?.part != null)
    return 'a part cannot be filtered: remove Range in recv, or add filters only to other answers'
  const fault = filtersFault(filters)
  if (fault !== null) return fault
  const coding = contentCoding(headers)
  if (coding === 'other') return 'content of this coding cannot be decoded: remove Accept-Encoding in backendFetch'
  if (coding !== null) decodeAnswer(tx, answer, headers, answer.object?.coding ?? storedCoding(coding, false))
  else changeBody(answer, headers)
  answer.transformed = 'filtered'
  if (tx.req.method === 'HEAD') return null
  const { policy } = tx
  const failed = (error: unknown): void => tx.engine.log.error({ request: tx.id, err: policy.located(error) }, 'a body filter failed')
  answer.body = staged(answer.body, filterStages(filters, policy, failed))
  answer.contentLength = null
  return null
}

/** The bytes will be others than those of the object. */
function changeBody(answer: Answer, headers: HeaderMap): void {
  answer.headers = headers
  answer.transformed = 'decoded'
  answer.contentLength = null
  bytesChanged(headers)
  headers.removeRaw('accept-ranges')
}

function decoded(body: Body, { coding, here }: StoredCoding): Body {
  if (body instanceof StoredBody && body.length <= SMALL) {
    const bytes = decodedWhole(Buffer.concat(body.segments), coding, MOST_AT_ONCE)
    if (bytes !== null) return bodyOf(bytes)
  }
  return staged(body, [decoding(coding, here ? Number.POSITIVE_INFINITY : HIGHEST_RATIO)])
}
