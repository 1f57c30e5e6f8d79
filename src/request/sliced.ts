/** Requests for what is fetched in slices: how they are looked up, and how they are answered once a manifest is there. */
import { SMALLEST_SLICE } from '../../vcl-ts/slice.ts'
import { manifestOf } from '../object/manifest.ts'
import type { CachedObject } from '../object/object.ts'
import { failureStatus } from '../policy/failure-status.ts'
import { firstSliceOf } from '../wire/slices.ts'
import type { Answer } from './answer.ts'
import { firstByte } from './conditions.ts'
import type { SliceFailure, SliceOutcome } from './slice-request.ts'
import { SlicedBody } from './sliced-body.ts'
import { DONE, failureStep, LOOKUP, type NextRequestStep, type RequestStep } from './step.ts'
import type { RequestTransaction } from './transaction.ts'

/** Whoever asks for slices looks up the whole; the range that it wants is one of theirs. */
export function prepareSlices(tx: RequestTransaction, wanted: number): void {
  const { engine, req } = tx
  const size = Math.min(wanted, engine.settings.maxObject)
  if (size < SMALLEST_SLICE || (req.method !== 'GET' && req.method !== 'HEAD') || tx.asksWithBody) return
  if (tx.unsliceable || engine.unsliced.has(tx.key, tx.now)) return
  const range = req.method === 'GET' ? req.headers.joinedLower('range') : undefined
  tx.slicing = { size, index: firstSliceOf(range, size), of: null }
  tx.range = null
  tx.completesParts = false
  if (req.method === 'GET') tx.solitary = false
}

/** The slice that is sent first has to be there before the answer begins: until then all can still become right. */
export function deliverSliced(
  tx: RequestTransaction,
  answer: Answer,
  object: CachedObject,
  next: (tx: RequestTransaction, answer: Answer) => NextRequestStep,
): NextRequestStep {
  const manifest = manifestOf(object)
  const body = new SlicedBody({ tx, object, manifest }, { first: 0, last: manifest.total - 1 })
  answer.body = body
  answer.contentLength = manifest.total
  const first = firstByte(tx, answer, object, manifest.total)
  if (first === null) return next(tx, answer)
  tx.keep(() => body.leave())
  // Why it goes forward, should it: what is stored is not all that is sent.
  if (answer.outcome === 'HIT') tx.forwardReason = 'PARTIAL'
  const began = Promise.withResolvers<SliceOutcome>()
  let outcome: SliceOutcome | null = null
  body.begin(first, (came) => {
    outcome = came
    began.resolve(came)
  })
  const after = (came: SliceOutcome): NextRequestStep => {
    if (tx.over) return DONE
    tx.now = tx.engine.clock.now()
    if (came.type === 'failed') return failed(tx, came.failure)
    return next(tx, came.stored ? answer : incomplete(answer))
  }
  return outcome === null ? began.promise.then(after) : after(outcome)
}

function incomplete(answer: Answer): Answer {
  if (answer.outcome !== 'HIT') return answer
  return { ...answer, outcome: 'MISS', why: 'PARTIAL', forward: 'partial', forwardStatus: 206, stored: true }
}

/** Of a file that changed the manifest is gone by now: once more, with what it is now. */
function failed(tx: RequestTransaction, failure: SliceFailure): RequestStep {
  tx.hold(null)
  tx.releaseClaims()
  if (failure.code === 'slice_changed' && !tx.foundChanged) {
    tx.foundChanged = true
    return LOOKUP
  }
  return failureStep(failure, failureStatus(failure.code, tx.engine.decisions), 'ERROR')
}
