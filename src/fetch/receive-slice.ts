/**
 * A slice came: it is stored under a key of its own. The first that is fetched tells what there is to be sliced, so that the manifest is stored
 * with it, and ends the claim of what was asked for.
 */
import { RequestFailure } from '../errors.ts'
import { sliceKey } from '../object/key-text.ts'
import { dropSlices, manifestBody } from '../object/manifest.ts'
import { CachedObject, type ObjectInit } from '../object/object.ts'
import { SliceLookup } from '../object/slice-lookup.ts'
import { EMPTY_BODY, keptBody, StoredBody } from '../object/stored-body.ts'
import type { BackendResponse } from '../policy/backend-response.ts'
import { objectInit } from './new-object.ts'
import { type ReceiveStep, refuse, type Sharing, share, withoutCodings } from './sharing.ts'
import { type FoundSlice, giveUpSlices, manifestBefore } from './slicing.ts'
import { DONE, type FetchStep, failWith } from './step.ts'
import { deliverableHeaders } from './stored-head.ts'
import { tellReceived } from './tell.ts'
import type { FetchTransaction } from './transaction.ts'

const NO_NAMES: readonly string[] = []

export function receiveSlice(fetch: FetchTransaction, step: ReceiveStep, slice: FoundSlice): FetchStep {
  const { body } = step
  const sharing = share(fetch, step)
  if (slice.first && (!sharing.store || changesBytes(step.beresp))) return giveUpSlices(fetch, true)
  if (body === null) return failWith(new RequestFailure('internal'))
  const init = { ...objectInit(fetch, step, sharing, EMPTY_BODY, null), esi: false }
  const { key } = fetch.init.request
  const object = new CachedObject(slice.first ? { ...init, key: sliceKey(key, slice.manifest.mark, slice.index) } : init)
  fetch.object = object
  fetch.keeping = sharing.store
  if (body instanceof StoredBody) {
    object.body = sharing.store ? keptBody(body) : body
    fetch.call = null
  } else object.body = fetch.newFilling(body.length, sharing.store)
  if (slice.first) tell(fetch, step, sharing, openManifest(fetch, sharing, slice, init, object))
  else {
    if (sharing.shared) arrived(fetch, object, publish(fetch, fetch.init.claim, object))
    else refuse(fetch, step, sharing)
    tell(fetch, step, sharing, object)
  }
  if (!(body instanceof StoredBody)) fetch.fill(body)
  return DONE
}

/** A policy wants other bytes than the origin's, for which the whole has to be there. */
function changesBytes({ esi, filterList, compress }: BackendResponse): boolean {
  return esi || filterList !== null || (compress !== null && compress !== false)
}

/** The slice first: who waits for the manifest looks for slices as soon as it is there. */
function openManifest(fetch: FetchTransaction, sharing: Sharing, slice: FoundSlice, init: ObjectInit, object: CachedObject): CachedObject {
  const { table, clock, log } = fetch.deps
  const { request, claim } = fetch.init
  const found = table.find(new SliceLookup(object.key, request.credentialed, clock.now()))
  const whole = publish(fetch, found.type === 'fetch' ? found.claim : null, object)
  const before = manifestBefore(fetch)
  if (before !== null && before.mark !== slice.manifest.mark)
    dropSlices(table, request.key, before, (error) => log.error({ err: error, fetch: request.id }, 'slices could not be dropped'))
  const manifest = new CachedObject({ ...init, sliced: true, body: manifestBody(slice.manifest) })
  // Uncoded, it serves clients of all codings.
  const names = withoutCodings(sharing.names)
  const variant = request.variant(names)
  table.publish(claim, manifest, names, variant, true)
  const kept = table.complete(manifest)
  if (fetch.duty !== null) {
    if (kept) fetch.duty.holds(manifest, names, variant)
    else fetch.duty.release('again')
  }
  arrived(fetch, object, whole)
  return manifest
}

/** Whether it is whole and stored. */
function publish({ deps, keeping, duty }: FetchTransaction, claim: FetchTransaction['init']['claim'], object: CachedObject): boolean {
  deps.table.publish(claim, object, NO_NAMES, '', keeping)
  const kept = object.complete && deps.table.complete(object)
  if (duty !== null && keeping && object.slot !== null) duty.comes(NO_NAMES, '')
  return kept
}

/** Other nodes get it once it is whole. */
function arrived({ duty, keeping }: FetchTransaction, object: CachedObject, kept: boolean): void {
  if (duty === null) return
  if (!keeping || object.slot === null) duty.release('again')
  if (object.complete) duty.arrived(object, kept)
}

function tell(fetch: FetchTransaction, step: ReceiveStep, sharing: Sharing, object: CachedObject): void {
  const { decisions, settings } = fetch.deps
  const headers = deliverableHeaders(step.beresp.headers, decisions, settings.tagFields)
  tellReceived(fetch, step, sharing, object, headers, object.body.length)
}
