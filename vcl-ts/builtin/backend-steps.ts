/** The built-in steps of the fetch side: may this answer serve others? Each refuses, with its REASON, or says nothing. */
import { type Action, type ErrorAnswer, verbs } from '../actions.ts'
import type { Bereq, Beresp, ResponseControl } from '../context.ts'
import type { HookContext } from '../hook-context.ts'
import type { Reason } from '../reason.ts'
import { isAnalyticsOnly } from './analytics-cookies.ts'
import type { Decisions } from './decisions.ts'
import { errorPage } from './error-page.ts'
import type { StepName } from './step-names.ts'

type Response = HookContext<'backendResponse'>
type Refresh = HookContext<'backendRefresh'>
export type BackendSteps = { readonly [S in StepName<'backendResponse'>]: (context: Response) => Action | undefined } & {
  readonly [S in StepName<'backendRefresh'>]: (context: Refresh) => Action | undefined
} & { readonly berespPage: (context: HookContext<'backendError'>) => Action | undefined }

const DELIVER = verbs.deliver()
const RETRY = verbs.retry()

/** The steps under one preset's decisions. */
export function backendSteps(decisions: Decisions): BackendSteps {
  const unasked: ErrorAnswer = verbs.error(decisions.unreachableStatus === 503 ? 503 : 502)
  const refuse = (beresp: Beresp, why: Reason): Action => {
    beresp.uncacheable = true
    beresp.ttl = decisions.uncacheableTtl
    beresp.why = why
    return DELIVER
  }
  /** A refusal that a policy made stands; without a lifetime its marker would mark nothing. */
  const keepRefusal = (beresp: Beresp): Action => {
    if (beresp.ttl <= 0) beresp.ttl = decisions.uncacheableTtl
    if (beresp.why === 'STORED') beresp.why = 'POLICY'
    return DELIVER
  }
  /** One check of an answer that could be shared; the answer to a pass is private already. */
  const step = (reasonAgainst: (beresp: Beresp, bereq: Bereq) => Reason | null) => {
    return ({ bereq, beresp }: Response): Action | undefined => {
      if (bereq.uncacheable) return DELIVER
      if (beresp.uncacheable) return keepRefusal(beresp)
      const why = reasonAgainst(beresp, bereq)
      return why === null ? undefined : refuse(beresp, why)
    }
  }
  return {
    berespRange: ({ bereq, beresp }) => checkRange(bereq, beresp, decisions),
    berespStale: step((beresp) => againstLifetime(beresp, decisions)),
    berespCookie: step(({ headers }) => (decisions.setCookie === 'hitForMiss' && headers.has('set-cookie') ? 'SET_COOKIE' : null)),
    berespControl: step((beresp) => againstControl(beresp, decisions)),
    berespVary: step(({ control }) => (control.vary === 'star' ? 'VARY_STAR' : control.vary === 'malformed' ? 'VARY_MALFORMED' : null)),
    berespClass: step((beresp, bereq) => againstClass(beresp.control, bereq, decisions)),
    // An invalidated object must not come back by a 304: asked anew, without its validators.
    refreshValid: ({ objStale }) => (objStale.isValid ? undefined : decisions.preset === 'varnish' ? unasked : RETRY),
    // RFC 9110 §15.4.5: 304 answers a conditional request only.
    refreshConditions: ({ bereq }) => (bereq.headers.has('if-none-match') || bereq.headers.has('if-modified-since') ? undefined : unasked),
    // RFC 9111 §4.3.4 lets a 304 renew whatever was stored; Varnish renews 200 alone.
    refreshStatus: ({ objStale }) => (decisions.preset === 'varnish' && objStale.status !== 200 ? unasked : undefined),
    berespPage: ({ bereq, beresp }) => {
      if (beresp.body.length > 0) return undefined
      const accept = bereq.headers.joined('accept')
      const page = errorPage({
        status: beresp.status,
        reason: beresp.reason,
        cause: beresp.why,
        detail: beresp.detail,
        id: bereq.id,
        accept,
      })
      for (const [name, value] of page.headers) beresp.headers.set(name, value)
      beresp.body = page.body
      return undefined
    },
  }
}

/**
 * A part that does not say where it belongs is no part. Elsewhere Content-Range means nothing (RFC 9110 §14.4): Varnish drops it, we relay it.
 */
function checkRange(bereq: Bereq, beresp: Beresp, decisions: Decisions): Action | undefined {
  if (beresp.status === 206) {
    if (bereq.uncacheable || beresp.control.contentRange === 'consistent') return undefined
    beresp.uncacheable = true
    beresp.ttl = 0 // says nothing about the next answer, so no marker
    beresp.why = 'RANGE_INCONSISTENT'
    return DELIVER
  }
  if (decisions.preset === 'varnish' && beresp.status !== 416 && beresp.headers.has('content-range')) beresp.headers.delete('content-range')
  return undefined
}

/** With no lifetime left an object is of use only to be validated, or served stale because somebody said so. */
function againstLifetime(beresp: Beresp, decisions: Decisions): Reason | null {
  if (beresp.ttl > 0) return null
  const { control } = beresp
  const stated = statedReason(control)
  if (decisions.varnishLifetime) return stated ?? 'NO_FRESHNESS'
  if (stated === null && !lifetimeAllowed(control)) return 'STATUS'
  const useful = control.validator || beresp.grace > 0 || (control.staleWhileRevalidate ?? 0) > 0 || (control.staleIfError ?? 0) > 0
  return useful ? null : (stated ?? 'NO_FRESHNESS')
}

function againstControl(beresp: Beresp, decisions: Decisions): Reason | null {
  const { control } = beresp
  const stated = decisions.preset === 'varnish' ? varnishReason(beresp) : statedReason(control)
  if (stated !== null) return stated
  if (beresp.status >= 600 && decisions.oddStatus !== 'store') return 'STATUS'
  if (decisions.storableStatuses === 'any' && !lifetimeAllowed(control)) return 'STATUS'
  if (control.conflict) return 'CONFLICT'
  return control.framing === 'close' && decisions.closeDelimited === 'relay' ? 'NO_LENGTH' : null
}

/** RFC 9111 §3: explicit freshness, or a status (or `public`) that allows a heuristic one. */
function lifetimeAllowed(control: ResponseControl): boolean {
  return control.explicit || control.heuristicallyCacheable || control.source === 'policy'
}

/** RFC 9111 §5.2.2.3, §5.2.2.5, §5.2.2.7. A `private` with field names is taken as one without, as §5.2.2.7 permits. */
function statedReason(control: ResponseControl): Reason | null {
  if (control.mustUnderstand && !control.understood) return 'MUST_UNDERSTAND'
  if (control.noStore && !control.mustUnderstand) return 'NO_STORE'
  return control.private || control.privateFields.length > 0 ? 'PRIVATE' : null
}

/** Varnish reads words, not directives: Surrogate-Control for no-store, and without it Cache-Control. */
function varnishReason({ headers }: Beresp): Reason | null {
  const surrogate = headers.joined('surrogate-control')
  if (surrogate !== undefined) return /no-store/i.test(surrogate) ? 'NO_STORE' : null
  const word = /no-store|private|no-cache/i.exec(headers.joined('cache-control') ?? '')
  return word === null ? null : (WORDS[word[0].toLowerCase()] ?? null)
}

const WORDS: Readonly<Record<string, Reason>> = { 'no-store': 'NO_STORE', private: 'PRIVATE', 'no-cache': 'NO_CACHE' }

/** What a credentialed request fetched serves others only when the origin says so (RFC 9111 §3.5; DECISIONS “request Cookie”). */
function againstClass(control: ResponseControl, bereq: Bereq, decisions: Decisions): Reason | null {
  const shared = control.public || control.sMaxage !== null
  if (decisions.authorization === 'class' && bereq.authorized && !shared && !control.mustRevalidate) return 'AUTHORIZATION'
  if (decisions.cookie !== 'class' || !bereq.credentialed || shared || control.targeted || control.varyCookie) return null
  const onlyAuthorized = bereq.authorized && bereq.headers.getAll('cookie').every(isAnalyticsOnly)
  return onlyAuthorized ? null : 'COOKIE'
}
