/** The answer becomes an object: readable from its first byte, shared when it may be, stored when it is whole. */
import type { HeaderMap } from '../../vcl-ts/headers.ts'
import { type Stage, staged } from '../body/stages.ts'
import { RequestFailure } from '../errors.ts'
import { CachedObject } from '../object/object.ts'
import { EMPTY_BODY, keptBody, StoredBody } from '../object/stored-body.ts'
import type { ActivePolicy } from '../policy/active.ts'
import { askPlain } from './again.ts'
import type { Duty } from './duty.ts'
import { freshenByHead } from './head.ts'
import { objectInit } from './new-object.ts'
import { receiveSlice } from './receive-slice.ts'
import { type ReceiveStep, refuse, type Sharing, share, withoutCodings } from './sharing.ts'
import { DONE, type FetchStep, failWith, type NextFetchStep } from './step.ts'
import { shapingOf } from './store-stages.ts'
import { deliverableHeaders, makeDeliverable } from './stored-head.ts'
import { tellReceived } from './tell.ts'
import { asksForWhole } from './template.ts'
import type { FetchTransaction } from './transaction.ts'
import { invalidateUnsafe } from './unsafe.ts'

export function receive(fetch: FetchTransaction, step: ReceiveStep): NextFetchStep {
  const invalidated = invalidateUnsafe(fetch, step.beresp)
  return invalidated === null ? begin(fetch, step) : invalidated.then(() => begin(fetch, step))
}

function begin(fetch: FetchTransaction, came: ReceiveStep): FetchStep {
  const { beresp } = came
  if (fetch.slice !== null) return receiveSlice(fetch, came, fetch.slice)
  if (beresp.esi && beresp.status === 206) {
    fetch.cancelCall()
    return asksForWhole(fetch) ? askPlain(fetch) : failWith(new RequestFailure('unexpected_206'))
  }
  const stale = fetch.init.claim?.stale ?? fetch.init.stale
  if (fetch.bereq?.method === 'HEAD' && fetch.init.kind === 'miss') freshenByHead(fetch, beresp, came.response)
  const judged = share(fetch, came)
  const shaping = shapingOf(fetch, came, judged.store)
  if (shaping instanceof RequestFailure) {
    fetch.cancelCall()
    return failWith(shaping)
  }
  const sharing = shaping?.servesAll === true ? { ...judged, names: withoutCodings(judged.names) } : judged
  const step = shaping === null || shaping.stages.length === 0 ? came : through(came, shaping.stages)
  const object = new CachedObject(
    objectInit(fetch, step, sharing, step.merged !== null && stale !== null ? stale.body : EMPTY_BODY, shaping),
  )
  fetch.object = object
  fetch.keeping = sharing.store
  if (fetch.log !== null) fetch.log.receives(sharing.store, step.response.framing, beresp.stream, shaping?.stages.length ?? 0)
  const { body, response } = step
  if (body instanceof StoredBody) {
    // Nothing is left to arrive: no filling, nobody to follow it.
    object.body = sharing.store ? keptBody(body) : body
    fetch.call = null
    if (fetch.log !== null) fetch.log.body({ type: 'complete' }, body.length)
  } else if (body !== null) {
    // An answer that is delivered only when it is whole is kept until then, whether it is stored or not.
    object.body = fetch.newFilling(response.framing === 'length' ? response.contentLength : null, sharing.store || !beresp.stream)
  }
  if (beresp.stream || fetch.filling === null) {
    open(fetch, step, sharing, object)
    if (body !== null) fetch.fill(body)
    return DONE
  }
  fetch.whenWhole = () => {
    fetch.whenWhole = null
    open(fetch, step, sharing, object)
    fetch.decided()
  }
  if (body !== null) fetch.filling.fill(body)
  return DONE
}

/** Its length is not known any more. */
function through(step: ReceiveStep, stages: readonly (() => Stage)[]): ReceiveStep {
  const { body, response } = step
  return body === null ? step : { ...step, body: staged(body, stages), response: { ...response, framing: 'chunked', contentLength: null } }
}

/** Lets the leader and everybody who may share it have the object. */
function open(fetch: FetchTransaction, step: ReceiveStep, sharing: Sharing, object: CachedObject): void {
  const { deps, init } = fetch
  const { claim } = init
  if (sharing.shared) {
    const { names } = sharing
    const variant = init.request.variant(names)
    deps.table.publish(claim, object, names, variant, sharing.store)
    const kept = (step.body === null || object.complete) && deps.table.complete(object)
    if (fetch.duty !== null) owed(fetch.duty, fetch, step, sharing, object, variant, kept)
  } else refuse(fetch, step, sharing)
  tellReceived(fetch, step, sharing, object, headersOf(fetch, step, sharing), announcedLength(step, object))
}

/** Of the answer to the request that fetched it; `null`: they are the object's. */
function headersOf({ deps, init }: FetchTransaction, step: ReceiveStep, sharing: Sharing): HeaderMap | null {
  if (sendsAsKept(step, sharing, init.policy)) return null
  const { headers } = step.beresp
  // What nobody else gets is copied only for a policy that may look at both.
  const make = sharing.shared || init.policy.compiled.hooks.deliver !== null ? deliverableHeaders : makeDeliverable
  return make(headers, deps.decisions, deps.settings.tagFields)
}

/** Other nodes get what is stored, once it is whole, unless it answers a method that made everything before it unusable. */
function owed(
  duty: Duty,
  { init }: FetchTransaction,
  { body }: ReceiveStep,
  { names, store, part }: Sharing,
  object: CachedObject,
  variant: string,
  kept: boolean,
): void {
  const arrives = body !== null && !object.complete
  if (store && part === null && object.slot !== null && init.kind !== 'pass') duty.comes(names, variant)
  else duty.release('again')
  if (!arrives) duty.arrived(object, kept)
}

/** Whether the request that fetched it gets the very head that later ones get, so that it need not be written twice. */
function sendsAsKept({ beresp, merged }: ReceiveStep, sharing: Sharing, { compiled }: ActivePolicy): boolean {
  if (!sharing.shared || sharing.part !== null || merged !== null || compiled.hooks.deliver !== null) return false
  const { noCacheFields, privateFields } = beresp.control
  return noCacheFields.length === 0 && privateFields.length === 0 && !beresp.headers.hasLower('age')
}

function announcedLength(step: ReceiveStep, object: CachedObject): number | null {
  if (step.merged !== null) return object.body.length
  const { response, body, beresp } = step
  if (body !== null) return response.framing === 'length' ? response.contentLength : null
  if (beresp.status === 204 || beresp.status === 304) return null
  return response.contentLength
}
