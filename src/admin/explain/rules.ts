/** What a built-in step goes by: the row of the decision table, else the clause. */
import type { Action } from '../../../vcl-ts/actions.ts'
import { DECISIONS, type DecisionId } from '../../../vcl-ts/builtin/decision-table.ts'
import type { PresetName } from '../../../vcl-ts/builtin/decisions.ts'
import type { StepName } from '../../../vcl-ts/builtin/step-names.ts'
import { REGISTERED_METHODS } from '../../../vcl-ts/methods.ts'
import { REASONS, type Reason } from '../../../vcl-ts/reason.ts'
import type { ExplainedRule } from '../explanation.ts'

interface Clause {
  readonly rule: string
  readonly clause: string
}

/** Steps that a row explains whatever they find. */
const ROWS: Readonly<Partial<Record<StepName, DecisionId>>> = {
  reqInvalidate: 'purgeRefused',
  reqAuthorization: 'authorization',
  reqCookie: 'cookie',
  reqCacheControl: 'clientCacheControl',
  berespRange: 'contentRange',
  berespCookie: 'setCookie',
}

/** Steps that go by a clause of their own, the same under every preset. */
const CLAUSES: Readonly<Partial<Record<StepName, Clause>>> = {
  reqHost: { rule: 'HTTP/1.1 needs a Host', clause: 'RFC 9112 §3.2' },
  reqUpgrade: { rule: 'GET with Upgrade: websocket opens a tunnel', clause: 'RFC 6455 §4.1' },
  reqMethod: { rule: 'GET and HEAD without a body and without If-Match are looked up', clause: 'RFC 9110 §9.2, RFC 9111 §4.3.2' },
  purgeAnswer: { rule: 'a purge is answered with verb and count', clause: 'RFC 9110 §15.3.1' },
  synthPage: { rule: 'an answer without a body gets a page; 405 gets Allow', clause: 'RFC 9110 §15.5.6' },
  refreshValid: { rule: 'what was invalidated meanwhile is not renewed by a 304', clause: 'RFC 9111 §4.4' },
  refreshConditions: { rule: 'a 304 answers conditional requests only', clause: 'RFC 9110 §15.4.5' },
  refreshStatus: { rule: 'a 304 renews what was stored', clause: 'RFC 9111 §4.3.4' },
  berespStale: { rule: 'an answer without a lifetime and without another use is not stored', clause: 'RFC 9111 §3, §4.2.1' },
  berespControl: { rule: 'what the answer says about storing it', clause: 'RFC 9111 §3, §5.2.2' },
  berespVary: { rule: 'Vary: * matches no request, a malformed Vary is not reused', clause: 'RFC 9111 §4.1' },
  berespClass: { rule: 'what a credentialed request fetched is shared only if the origin says so', clause: 'RFC 9111 §3.5' },
  berespPage: { rule: 'an error without a body gets a page', clause: 'RFC 9110 §15.6' },
}

/** Where the same step goes by one row or another, depending on what it found. */
const ROW_OF_REASON: Readonly<Partial<Record<Reason, DecisionId>>> = {
  STATUS: 'statuses',
  NO_FRESHNESS: 'lifetime',
  NO_LENGTH: 'closeDelimited',
  AUTHORIZATION: 'authorization',
  COOKIE: 'cookie',
}

const CLAUSE_OF_REASON: Readonly<Partial<Record<Reason, string>>> = {
  NO_STORE: 'RFC 9111 §5.2.2.5',
  PRIVATE: 'RFC 9111 §5.2.2.7',
  MUST_UNDERSTAND: 'RFC 9111 §5.2.2.3',
  NO_CACHE: 'RFC 9111 §5.2.2.4; Varnish vcl_beresp_control',
  CONFLICT: 'RFC 9110 §5.3',
}

const BERESP_STEPS: ReadonlySet<StepName> = new Set(['berespStale', 'berespControl', 'berespClass'])

/** `action`: `null` when the step had no opinion. */
export function ruleOf(step: StepName, action: Action | null, context: object, preset: PresetName): ExplainedRule | null {
  const row = rowOf(step, action, context)
  if (row !== null) return ruleFor(row, preset)
  const clause = CLAUSES[step]
  if (clause === undefined) return null
  const reason = action === null || !BERESP_STEPS.has(step) ? null : whyOf(context)
  const own = reason === null ? undefined : CLAUSE_OF_REASON[reason]
  const says = reason === null ? 'the same under every preset' : REASONS[reason]
  return { id: null, rule: clause.rule, clause: own ?? clause.clause, says }
}

export function ruleFor(id: DecisionId, preset: PresetName): ExplainedRule | null {
  const row = DECISIONS.find((each) => each.id === id)
  if (row === undefined) return null
  return { id, rule: row.rule, clause: row.clause, says: row[preset].replace(/^the same(?=$|,)/, row.safe) }
}

function rowOf(step: StepName, action: Action | null, context: object): DecisionId | null {
  const own = ROWS[step]
  if (own !== undefined) return own
  if (action === null) return null
  if (step === 'reqMethod') return rowOfMethod(action, context)
  const reason = BERESP_STEPS.has(step) ? whyOf(context) : null
  return reason === null ? null : (ROW_OF_REASON[reason] ?? null)
}

function rowOfMethod(action: Action, context: object): DecisionId | null {
  const { req } = context as { readonly req?: { readonly method: string } }
  const looked = req?.method === 'GET' || req?.method === 'HEAD'
  if (looked || (action.type !== 'pass' && action.type !== 'synth')) return null
  return REGISTERED_METHODS.has(req?.method ?? '') ? 'registeredMethod' : 'unregisteredMethod'
}

function whyOf(context: object): Reason | null {
  const { beresp } = context as { readonly beresp?: { readonly why: Reason } | null }
  return beresp == null || beresp.why === 'STORED' ? null : beresp.why
}
