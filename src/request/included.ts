/** An answer that a page includes: its body has to be as plain as the page's. */
import type { HeaderMap } from '../../vcl-ts/headers.ts'
import { storedCoding } from '../object/stored-coding.ts'
import { contentCoding } from '../wire/content-coding.ts'
import type { Answer } from './answer.ts'
import { decodeAnswer } from './delivery-stages.ts'
import type { RequestTransaction } from './transaction.ts'

const CODED = /^content-encoding:/im

/**
 * Decodes what came coded although nobody asked for that. `ownHeaders`: the answer's head to be changed. With a coding that cannot be undone it
 * has failed.
 */
export function makePlain(tx: RequestTransaction, answer: Answer, ownHeaders: () => HeaderMap): void {
  const { object } = answer
  if (object === null || (answer.headers === null && !CODED.test(object.fieldLines))) return
  const headers = ownHeaders()
  const coding = contentCoding(headers)
  if (coding === 'other') answer.status = 502
  else if (coding !== null) decodeAnswer(tx, answer, headers, storedCoding(coding, false))
}
