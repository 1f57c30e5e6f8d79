/**
 * What a hook decides, as frozen plain data with a `type`, and the verbs that build it. Verbs use no `this`, so
 * destructuring them is safe; verbs without arguments answer one shared constant each.
 */
import { checkBan } from './ban.ts'
import { type Duration, seconds } from './duration.ts'
import { HeaderMap, type HeaderPairs } from './headers.ts'
import { REASONS, type Reason } from './reason.ts'

/** 503 for the client, or a failed fetch. `cause` is what a hook threw, else `null`. */
export interface Fail {
  readonly type: 'fail'
  readonly reason: string | null
  readonly cause: unknown
}

/** An answer made here. `null`: the status' own reason phrase, the built-in page. `close`: end the connection behind it. */
export interface Synth {
  readonly type: 'synth'
  readonly status: number
  readonly reason: string | null
  readonly body: string | Uint8Array | null
  readonly close: boolean
  /** Content-Type of the body; absent: none is set. */
  readonly contentType?: string
  /** Fields that the answer begins with, before `synth` hooks see it; absent: none. */
  readonly headers?: HeaderPairs
}

/** Begin again at `recv` with the request as it now is. */
export interface Restart {
  readonly type: 'restart'
}

/** Ask the origin for this request alone; nothing is looked up or stored. `reason` is shown in log and `Cache-Status`. */
export interface Pass {
  readonly type: 'pass'
  readonly reason: Reason
}

/** Join client and origin as a tunnel. */
export interface Pipe {
  readonly type: 'pipe'
}

/** Make the key and look it up. */
export interface Hash {
  readonly type: 'hash'
}

/** What a purge is for when it is not the request's own key. */
export type PurgeSubject =
  /** Every object that carries any of these tags, whatever its host. */
  | { readonly by: 'tags'; readonly tags: readonly string[] }
  /** Every object of a host. */
  | { readonly by: 'host'; readonly host: string }
  /** Every object whose URL begins so. `host`: `null` is the request's own. */
  | { readonly by: 'prefix'; readonly prefix: string; readonly host: string | null }
  | { readonly by: 'all' }
  /** Every variant of a URL, whatever a policy added to its key. `host`: `null` is the request's own. */
  | { readonly by: 'url'; readonly url: string; readonly host: string | null }
  /** Every object that a ban in Varnish's grammar matches (Varnish manual, “Purging and banning”). */
  | { readonly by: 'ban'; readonly expression: string }

/** Drop what is stored. `soft`: only its freshness, so that it may still be served stale. Without `subject`: what the request's key holds. */
export interface Purge {
  readonly type: 'purge'
  readonly soft: boolean
  readonly subject?: PurgeSubject
}

/** The key is complete. */
export interface Lookup {
  readonly type: 'lookup'
}

/** Answer the client with what is at hand. */
export interface Deliver {
  readonly type: 'deliver'
}

/** Ask the origin. */
export interface Fetch {
  readonly type: 'fetch'
}

/** Give the fetch up: nothing is stored, and its client gets the stale object that staleIfError allows, else 503. */
export interface Abandon {
  readonly type: 'abandon'
}

/** Go to `backendError` with this status instead of the origin's answer. */
export interface ErrorAnswer {
  readonly type: 'error'
  readonly status: number
  readonly reason: string | null
}

/** Ask the origin again, at `backendFetch`. */
export interface Retry {
  readonly type: 'retry'
}

/** Renew the stale object with the fields of the 304. */
export interface Merge {
  readonly type: 'merge'
}

/** Go on with the 304 itself, without its stale object. */
export interface UseFresh {
  readonly type: 'useFresh'
}

/** Go on with the stale object's fields, without those of the 304. */
export interface UseStale {
  readonly type: 'useStale'
}

/** Requests for this key pass for `ttl` seconds. */
export interface HitForPass {
  readonly type: 'hitForPass'
  readonly ttl: number
}

/** `init` or `fini` has done its work. */
export interface Ok {
  readonly type: 'ok'
}

export type Action =
  | Fail
  | Synth
  | Restart
  | Pass
  | Pipe
  | Hash
  | Purge
  | Lookup
  | Deliver
  | Fetch
  | Abandon
  | ErrorAnswer
  | Retry
  | Merge
  | UseFresh
  | UseStale
  | HitForPass
  | Ok

export type ActionType = Action['type']

const FAIL: Fail = Object.freeze({ type: 'fail', reason: null, cause: null })
const RESTART: Restart = Object.freeze({ type: 'restart' })
const PIPE: Pipe = Object.freeze({ type: 'pipe' })
const HASH: Hash = Object.freeze({ type: 'hash' })
const PURGE: Purge = Object.freeze({ type: 'purge', soft: false })
const SOFT_PURGE: Purge = Object.freeze({ type: 'purge', soft: true })

/** `soft`, default `false`; and at most one of the others, else a `TypeError`: default is the request's own key. */
export interface PurgeOptions {
  readonly soft?: boolean
  readonly tags?: readonly string[]
  /** URLs that begin so, of `host` or the request's own. */
  readonly prefix?: string
  readonly host?: string
  readonly all?: boolean
  /** What a ban matches, in Varnish's grammar; always hard. What is no ban, or refused, is a `TypeError` with the reason: ask `checkBan` before. */
  readonly ban?: string
}
const LOOKUP: Lookup = Object.freeze({ type: 'lookup' })
const DELIVER: Deliver = Object.freeze({ type: 'deliver' })
const FETCH: Fetch = Object.freeze({ type: 'fetch' })
const ABANDON: Abandon = Object.freeze({ type: 'abandon' })
const RETRY: Retry = Object.freeze({ type: 'retry' })
const MERGE: Merge = Object.freeze({ type: 'merge' })
const USE_FRESH: UseFresh = Object.freeze({ type: 'useFresh' })
const USE_STALE: UseStale = Object.freeze({ type: 'useStale' })
const OK: Ok = Object.freeze({ type: 'ok' })
const PASSES: ReadonlyMap<string, Pass> = new Map(
  (Object.keys(REASONS) as Reason[]).map((reason) => [reason, Object.freeze({ type: 'pass', reason })]),
)

/** Fields of an answer by name; a list where a name has several lines. */
export type SynthFields = Readonly<Record<string, string | readonly string[]>>

/**
 * Every verb; a hook's context carries those that are legal there. A verb's name is the `type` of what it builds.
 */
export interface Verbs {
  /** `reason` goes to the log, never to the client. */
  readonly fail: (reason?: string) => Fail
  /**
   * Answer without asking the origin. Status 200–599, or 600–65535 as a mark that the own hook `synth` replaces, else a `RangeError`; `reason` is the reason phrase (visible ASCII, space, obs-text),
   * `body` text (sent as UTF-8) or bytes. Without a body the built-in step `synthPage` writes one. `headers`: fields by name, a list where there
   * are several lines, `{ Location: '/here' }`; what is no field, or message framing, throws a `TypeError`.
   */
  readonly synth: (status: number, reason?: string, body?: string | Uint8Array, headers?: SynthFields) => Synth
  readonly restart: () => Restart
  /** `reason`, default `POLICY`, is one of `REASONS`; another throws a `TypeError`. */
  readonly pass: (reason?: Reason) => Pass
  readonly pipe: () => Pipe
  readonly hash: () => Hash
  readonly purge: (options?: PurgeOptions) => Purge
  readonly lookup: () => Lookup
  readonly deliver: () => Deliver
  readonly fetch: () => Fetch
  readonly abandon: () => Abandon
  /** Status 200–599, or a mark as for `synth` that `backendError` replaces; default 503; else a `RangeError`. */
  readonly error: (status?: number, reason?: string) => ErrorAnswer
  readonly retry: () => Retry
  readonly merge: () => Merge
  readonly useFresh: () => UseFresh
  readonly useStale: () => UseStale
  /** For that long (seconds, or text such as `'2m'`), more than 0, else a `RangeError`. */
  readonly hitForPass: (ttl: Duration) => HitForPass
  readonly ok: () => Ok
}

export const verbs: Verbs = Object.freeze({
  fail: (reason?: string) => (reason === undefined ? FAIL : failure(reason, null)),
  synth: (status: number, reason?: string, body?: string | Uint8Array, headers?: SynthFields) =>
    synthetic(status, reason ?? null, body ?? null, false, undefined, headers === undefined ? undefined : fieldPairs(headers)),
  restart: () => RESTART,
  pass: (reason: Reason = 'POLICY') => passFor(reason),
  pipe: () => PIPE,
  hash: () => HASH,
  purge: (options: PurgeOptions = {}) => purgeOf(options),
  lookup: () => LOOKUP,
  deliver: () => DELIVER,
  fetch: () => FETCH,
  abandon: () => ABANDON,
  error: (status = 503, reason?: string): ErrorAnswer =>
    Object.freeze({ type: 'error', status: answerStatus(status), reason: checkPhrase(reason ?? null) }),
  retry: () => RETRY,
  merge: () => MERGE,
  useFresh: () => USE_FRESH,
  useStale: () => USE_STALE,
  hitForPass: (ttl: Duration): HitForPass => Object.freeze({ type: 'hitForPass', ttl: positive(seconds(ttl)) }),
  ok: () => OK,
})

/** A `fail` with what a hook threw. */
export function failure(reason: string, cause: unknown): Fail {
  return Object.freeze({ type: 'fail', reason, cause })
}

/** A `synth`; `close` ends the connection behind it. Throws a `RangeError` for a status outside 200–599, a `TypeError` for a bad phrase or field. */
export function synthetic(
  status: number,
  reason: string | null,
  body: string | Uint8Array | null,
  close: boolean,
  contentType?: string,
  headers?: HeaderPairs,
): Synth {
  const typed = contentType === undefined ? {} : { contentType }
  const fields = headers === undefined || headers.length === 0 ? {} : { headers: checkedFields(headers) }
  return Object.freeze({ type: 'synth', status: answerStatus(status), reason: checkPhrase(reason), body, close, ...typed, ...fields })
}

function fieldPairs(fields: SynthFields): HeaderPairs {
  return Object.entries(fields).flatMap(([name, value]) =>
    typeof value === 'string' ? [[name, value] as const] : value.map((line) => [name, line] as const),
  )
}

function checkedFields(headers: HeaderPairs): HeaderPairs {
  const map = new HeaderMap()
  for (const [name, value] of headers) map.append(name, value)
  return Object.freeze(Array.from(map, (pair) => Object.freeze(pair)))
}

/** Whether an answer may begin with them. */
export function areSynthFields(value: unknown): value is HeaderPairs {
  try {
    return Array.isArray(value) && checkedFields(value as HeaderPairs).length === value.length
  } catch {
    return false
  }
}

function purgeOf(options: PurgeOptions): Purge {
  const subject = subjectOf(options)
  if (subject === null) return options.soft === true ? SOFT_PURGE : PURGE
  return Object.freeze({ type: 'purge', soft: options.soft === true, subject: Object.freeze(subject) })
}

function subjectOf({ tags, prefix, host, all, ban, soft }: PurgeOptions): PurgeSubject | null {
  const given = [tags !== undefined, prefix !== undefined || host !== undefined, all === true, ban !== undefined].filter(Boolean).length
  if (given === 0) return null
  if (given > 1) throw new TypeError('purge() takes one of tags, all, ban, and prefix or host')
  if (ban !== undefined) return banSubject(ban, soft === true)
  const subject: PurgeSubject =
    tags !== undefined
      ? { by: 'tags', tags: Object.freeze([...tags]) }
      : prefix !== undefined
        ? { by: 'prefix', prefix, host: host ?? null }
        : host !== undefined
          ? { by: 'host', host }
          : { by: 'all' }
  if (isPurgeSubject(subject)) return subject
  throw new TypeError('purge(): tags are texts of at least one character, prefix and host are texts')
}

function banSubject(expression: string, soft: boolean): PurgeSubject {
  if (soft) throw new TypeError('purge(): a ban is always hard; leave soft out, or purge tags softly')
  const fault = typeof expression === 'string' ? checkBan(expression) : 'ban expression: it is not a text'
  if (fault !== null) throw new TypeError(`purge(): ${fault}`)
  return { by: 'ban', expression }
}

/** Whether it names what a purge can be for. */
export function isPurgeSubject(value: unknown): value is PurgeSubject {
  if (typeof value !== 'object' || value === null) return false
  const subject = value as PurgeSubject
  switch (subject.by) {
    case 'tags':
      return Array.isArray(subject.tags) && subject.tags.length > 0 && subject.tags.every((tag) => typeof tag === 'string' && tag !== '')
    case 'host':
      return typeof subject.host === 'string'
    case 'prefix':
      return typeof subject.prefix === 'string' && (subject.host === null || typeof subject.host === 'string')
    case 'all':
      return true
    case 'url':
      return typeof subject.url === 'string' && (subject.host === null || typeof subject.host === 'string')
    case 'ban':
      return typeof subject.expression === 'string' && checkBan(subject.expression) === null
    default:
      return false
  }
}

const PHRASE = /^[\t\x20-\x7e\x80-\xff]*$/

/** Whether it may be sent as a reason phrase (RFC 9112 §4). */
export function isReasonPhrase(value: unknown): value is string {
  return typeof value === 'string' && PHRASE.test(value)
}

/** Whether a policy may answer with it. 1xx are interim, and above 599 nothing is registered (RFC 9110 §15). */
export function isAnswerStatus(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 200 && (value as number) <= 599
}

/** A status that cannot be sent: it tells the hook that makes the answer what for (`synth(750, '/login')`), and that sets one that can. */
export function isMark(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 600 && (value as number) <= 65_535
}

function answerStatus(status: number): number {
  if (isAnswerStatus(status) || isMark(status)) return status
  throw new RangeError(
    `status ${String(status)} is not one to answer with; give a whole number from 200 to 599, or from 600 to 65535 as a mark for your own hook`,
  )
}

function checkPhrase(reason: string | null): string | null {
  if (reason === null || isReasonPhrase(reason)) return reason
  throw new TypeError('a reason phrase holds a control character, or one above U+00FF (RFC 9112 §4)')
}

function passFor(reason: Reason): Pass {
  const action = PASSES.get(reason)
  if (action === undefined) throw new TypeError(`pass(${JSON.stringify(reason)}): not a reason; see REASONS`)
  return action
}

function positive(ttl: number): number {
  if (ttl > 0) return ttl
  throw new RangeError(`hitForPass(${ttl}): give more than 0 seconds`)
}
