/** What the body of an answer passes through before it is kept, and what the head says then: filters see it decoded, at last it is compressed. */
import type { FilterSource } from '../../vcl-ts/filters.ts'
import { coding as coded, decoding, HIGHEST_RATIO } from '../body/codings.ts'
import type { Stage } from '../body/stages.ts'
import { C } from '../counters.ts'
import { RequestFailure } from '../errors.ts'
import { type StoredCoding, storedCoding } from '../object/stored-coding.ts'
import type { BackendResponse } from '../policy/backend-response.ts'
import { filterStages, filtersFault } from '../policy/body-filters.ts'
import { bytesChanged, contentCoding, setContentCoding, varyByCoding } from '../wire/content-coding.ts'
import { type Compression, compression } from './compressing.ts'
import type { FetchStep } from './step.ts'
import { assembles, templateShaping } from './template.ts'
import type { FetchTransaction } from './transaction.ts'

type ReceiveStep = Extract<FetchStep, { step: 'receive' }>

/** How an answer is stored that is not simply stored as it comes. */
export interface Shaping {
  readonly stages: readonly (() => Stage)[]
  /** `null`: whoever gets it gets it as it is stored. */
  readonly coding: StoredCoding | null
  /** One object serves clients of all codings, so that Accept-Encoding tells no variants apart. */
  readonly servesAll: boolean
}

const NO_STAGES: readonly (() => Stage)[] = []

/** Whether the request to the origin names the codings that this cache can store, in place of those that the client takes. */
export function asksForCodings(fetch: FetchTransaction, method: string): boolean {
  const { init, deps } = fetch
  return deps.settings.compression.coding !== null && init.range === null && method === 'GET' && (init.claim?.part ?? null) === null
}

/** What it asks for: what it would store, and what nearly every origin has. */
export function wantedCodings(fetch: FetchTransaction): string {
  const { coding } = fetch.deps.settings.compression
  return coding === null || coding === 'gzip' ? 'gzip' : `${coding}, gzip`
}

/**
 * `null`: it is stored as it comes, which costs a few comparisons. Changes the head to what the stages make of the body. `stored`: it is to be kept.
 * A `RequestFailure`: it cannot be what the policy wants.
 */
export function shapingOf(fetch: FetchTransaction, step: ReceiveStep, stored: boolean): Shaping | RequestFailure | null {
  const { beresp, merged } = step
  const { init, deps } = fetch
  const { filterList: filters, compress: wish } = beresp
  fetch.compression = null
  const kept = merged === null ? null : ((init.claim?.stale ?? init.stale)?.coding ?? null)
  if (kept !== null) return keptShaping(beresp, kept)
  const converts = init.kind !== 'pass' && (deps.settings.compression.coding !== null || (wish !== null && wish !== false))
  const page = beresp.esi && assembles(beresp.status)
  if (!converts && filters === null && !page) return null
  // A body that was confirmed has passed its filters when it came.
  const filtering = filters === null || step.body === null ? NO_STAGES : filterBody(fetch, beresp, filters)
  if (filtering instanceof RequestFailure) return filtering
  if (page) return templateShaping(beresp, filtering)
  const length = filtering.length > 0 ? null : lengthOf(step)
  if (converts) fetch.compression = decide(fetch, step, stored, length)
  const to = fetch.compression?.type === 'compress' ? fetch.compression.coding : null
  if (to === null && filtering.length === 0) return converts && (merged !== null || beresp.status !== 206) ? asItCame(beresp) : null
  bytesChanged(beresp.headers)
  if (to === null) return { stages: filtering, coding: null, servesAll: converts }
  setContentCoding(beresp.headers, to)
  varyByCoding(beresp.headers)
  deps.counters.add(C.beresp_compressed)
  return { stages: [...filtering, coded(to, length)], coding: storedCoding(to, true), servesAll: true }
}

function decide(fetch: FetchTransaction, step: ReceiveStep, stored: boolean, length: number | null): Compression {
  const { beresp, body } = step
  return compression({ beresp, settings: fetch.deps.settings.compression, stored, hasBody: body !== null, length })
}

/** Of the body as the origin sends it. */
function lengthOf({ body, response }: ReceiveStep): number | null {
  return body === null ? null : (body.length ?? (response.framing === 'length' ? response.contentLength : null))
}

/** The body of the object that a 304 confirmed: its coding is what it was. */
function keptShaping(beresp: BackendResponse, coding: StoredCoding): Shaping {
  varyByCoding(beresp.headers)
  return { stages: NO_STAGES, coding, servesAll: true }
}

/** The bytes stay; a coding that is known can be undone for whoever does not take it. */
function asItCame(beresp: BackendResponse): Shaping | null {
  const coding = contentCoding(beresp.headers)
  if (coding === 'other') return null
  if (coding === null) return { stages: NO_STAGES, coding: null, servesAll: true }
  varyByCoding(beresp.headers)
  return { stages: NO_STAGES, coding: storedCoding(coding, false), servesAll: true }
}

/** The user's filters, behind a decoder where one is needed. */
function filterBody(
  fetch: FetchTransaction,
  beresp: BackendResponse,
  filters: readonly FilterSource[],
): readonly (() => Stage)[] | RequestFailure {
  if (beresp.status === 206)
    return refused(fetch, 'a part cannot be filtered: remove Range in recv, or add filters only where beresp.status is not 206')
  const fault = filtersFault(filters)
  if (fault !== null) return refused(fetch, fault)
  const coding = contentCoding(beresp.headers)
  if (coding === 'other') return refused(fetch, 'content of this coding cannot be decoded: remove Accept-Encoding in backendFetch')
  setContentCoding(beresp.headers, null)
  const stages = filterStages(filters, fetch.init.policy, (error) => filterFailed(fetch, error))
  return coding === null ? stages : [decoding(coding, HIGHEST_RATIO), ...stages]
}

function refused(fetch: FetchTransaction, detail: string): RequestFailure {
  fetch.deps.log.error({ fetch: fetch.init.request.id, detail }, 'the filters of an answer cannot be used')
  return new RequestFailure('policy')
}

function filterFailed(fetch: FetchTransaction, error: unknown): void {
  const { request, policy } = fetch.init
  fetch.deps.log.error({ fetch: request.id, err: policy.located(error) }, 'a body filter failed')
}
