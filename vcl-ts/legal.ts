/**
 * The one table of what each hook sees and may answer. The context types, the check at run time and the reference derive from it.
 */
import { type Action, type ActionType, areSynthFields, isAnswerStatus, isMark, isPurgeSubject, isReasonPhrase } from './actions.ts'
import { REASONS } from './reason.ts'

/** Hook → the actions that are legal there. */
export const LEGAL = {
  recv: ['fail', 'synth', 'restart', 'pass', 'pipe', 'hash', 'purge'],
  hash: ['fail', 'lookup'],
  purge: ['fail', 'synth', 'restart'],
  hit: ['fail', 'synth', 'restart', 'pass', 'deliver'],
  miss: ['fail', 'synth', 'restart', 'pass', 'fetch'],
  pass: ['fail', 'synth', 'restart', 'fetch'],
  pipe: ['fail', 'synth', 'pipe'],
  deliver: ['fail', 'synth', 'restart', 'deliver'],
  synth: ['fail', 'restart', 'deliver'],
  backendFetch: ['fail', 'abandon', 'error', 'fetch'],
  backendRefresh: ['fail', 'abandon', 'error', 'retry', 'merge', 'useFresh', 'useStale'],
  backendResponse: ['fail', 'abandon', 'error', 'retry', 'hitForPass', 'deliver'],
  backendError: ['fail', 'abandon', 'retry', 'deliver'],
  init: ['ok'],
  fini: ['ok'],
} as const

/** Hook → the nouns on its context. */
export const NOUNS = {
  recv: ['client', 'session', 'now', 'signal', 'state', 'req'],
  hash: ['client', 'session', 'now', 'signal', 'state', 'req', 'key'],
  purge: ['client', 'session', 'now', 'signal', 'state', 'req', 'purged'],
  hit: ['client', 'session', 'now', 'signal', 'state', 'req', 'obj'],
  miss: ['client', 'session', 'now', 'signal', 'state', 'req'],
  pass: ['client', 'session', 'now', 'signal', 'state', 'req'],
  pipe: ['client', 'session', 'now', 'signal', 'state', 'req', 'bereq'],
  deliver: ['client', 'session', 'now', 'signal', 'state', 'req', 'obj', 'resp'],
  synth: ['client', 'session', 'now', 'signal', 'state', 'req', 'resp'],
  backendFetch: ['now', 'signal', 'state', 'bereq'],
  backendRefresh: ['now', 'signal', 'state', 'bereq', 'beresp', 'objStale'],
  backendResponse: ['now', 'signal', 'state', 'bereq', 'beresp'],
  backendError: ['now', 'signal', 'state', 'bereq', 'beresp'],
  init: ['backends'],
  fini: ['backends'],
} as const

export type Hook = keyof typeof LEGAL
/** Hooks of one transaction; the others run once per loaded policy. */
export type RequestHook = Exclude<Hook, 'init' | 'fini'>
export type LegalType<H extends Hook> = (typeof LEGAL)[H][number]
/** The closed union of what a hook may answer. */
export type HookAction<H extends Hook> = Extract<Action, { readonly type: LegalType<H> }>

export const HOOKS: readonly Hook[] = Object.freeze(Object.keys(LEGAL) as Hook[])
export const REQUEST_HOOKS: readonly RequestHook[] = Object.freeze(
  HOOKS.filter((hook): hook is RequestHook => hook !== 'init' && hook !== 'fini'),
)

const SETS: Readonly<Record<Hook, ReadonlySet<ActionType>>> = perHook(HOOKS, (hook) => new Set<ActionType>(LEGAL[hook]))

/** A record with one value per hook. */
export function perHook<H extends Hook, T>(hooks: readonly H[], make: (hook: H) => T): Record<H, T> {
  const record: Partial<Record<H, T>> = {}
  for (const hook of hooks) record[hook] = make(hook)
  return record as Record<H, T>
}

/** Whether a hook may answer with that type of action. */
export function isLegal(hook: Hook, type: ActionType): boolean {
  return SETS[hook].has(type)
}

/** Why `value` is not an answer that `hook` may give, or `null` when it is. */
export function illegality(hook: Hook, value: unknown): string | null {
  if (typeof value !== 'object' || value === null || typeof (value as Action).type !== 'string') return notAnAction(value)
  const action = value as Action
  if (!SETS[hook].has(action.type)) return `returned the action ${JSON.stringify(action.type)}; legal in ${hook}: ${LEGAL[hook].join(', ')}`
  return wellFormed(action) ? null : `returned the action ${action.type} with wrong fields; build it with the verb ${action.type}()`
}

function notAnAction(value: unknown): string {
  if (typeof value === 'function') return `returned a function; call the verb: return ${value.name === '' ? 'pass' : value.name}()`
  if (typeof value === 'string') return `returned the text ${JSON.stringify(value.slice(0, 40))}; return what a verb builds`
  return `returned ${value === null ? 'null' : `a value of type ${typeof value}`}, which is not an action; return nothing to have no opinion`
}

/** The verbs check what they build; this is for actions written by hand in plain JavaScript. */
function wellFormed(action: Action): boolean {
  switch (action.type) {
    case 'synth':
      return (
        (isAnswerStatus(action.status) || isMark(action.status)) &&
        isPhraseOrNull(action.reason) &&
        isBodyOrNull(action.body) &&
        typeof action.close === 'boolean' &&
        (action.contentType === undefined || isReasonPhrase(action.contentType)) &&
        (action.headers === undefined || areSynthFields(action.headers))
      )
    case 'error':
      return (isAnswerStatus(action.status) || isMark(action.status)) && isPhraseOrNull(action.reason)
    case 'pass':
      return Object.hasOwn(REASONS, action.reason)
    case 'purge':
      return (
        typeof action.soft === 'boolean' &&
        (action.subject === undefined || (isPurgeSubject(action.subject) && !(action.soft && action.subject.by === 'ban')))
      )
    case 'hitForPass':
      return Number.isFinite(action.ttl) && action.ttl > 0
    case 'fail':
      return action.reason === null || typeof action.reason === 'string'
    default:
      return true
  }
}

function isPhraseOrNull(value: unknown): boolean {
  return value === null || isReasonPhrase(value)
}

function isBodyOrNull(value: unknown): boolean {
  return value === null || typeof value === 'string' || value instanceof Uint8Array
}
