/** What `explain` answers: plain JSON, so that the command line and scripts read the same. Times are seconds unless a name says otherwise. */
import type { ActionType } from '../../vcl-ts/actions.ts'
import type { PresetName } from '../../vcl-ts/builtin/decisions.ts'
import type { Coding } from '../../vcl-ts/coding.ts'
import type { RequestHook } from '../../vcl-ts/legal.ts'
import type { Reason } from '../../vcl-ts/reason.ts'

/** A request as somebody describes it. It has no body. */
export interface ExplainRequest {
  /** `http://host/path?query`, or `/path?query` with a `Host` among the fields. A fragment does not count. */
  readonly url: string
  /** Default `GET`. */
  readonly method?: string
  /** Field lines, in order. `Host` wins over the URL's host. */
  readonly headers?: readonly (readonly [name: string, value: string])[]
  /** Ask the origin where a real request would; only with a safe method. What it answers is neither stored nor counted. Default `false`. */
  readonly fetch?: boolean
  /** The client's address, by which it is trusted, may purge and may refresh. Default `192.0.2.1`, which nobody has (RFC 5737). */
  readonly ip?: string
}

/** Why one request would be answered as it would. */
export interface Explanation {
  readonly request: ExplainedRequest
  readonly preset: PresetName
  /** Of the policy in use; `null` when nobody told. */
  readonly policy: string | null
  readonly verdict: Verdict
  /** `null` when no key was made: the request was answered before. */
  readonly key: ExplainedKey | null
  readonly variant: ExplainedVariant
  readonly class: ExplainedClass
  /** Every function of a hook that ran, in order: the policy's own, built-in steps, default answers. */
  readonly decisions: readonly ExplainedDecision[]
  /** Of the stored object that was judged for this request; `null` when there was none. */
  readonly freshness: FreshnessInputs | null
  /** What lies under the key. */
  readonly stored: StoredUnderKey
  /** What the origin would be asked; with `fetch` what it was asked, retries and the refresh behind the answer included. */
  readonly origin: readonly OriginAsked[]
  /** Only with `fetch`, where the origin was asked and the policy looked at its answer. */
  readonly fetched: Fetched | null
  /** The answer that the client would get; `null` where that is not known without the origin. */
  readonly answer: { readonly status: number; readonly reason: string } | null
  /** What would make it a HIT, as sentences. Empty for a HIT. */
  readonly hit: readonly string[]
  /** What else is worth knowing, as sentences: a failing hook's log message, what a purge would take. */
  readonly notes: readonly string[]
}

export interface ExplainedRequest {
  readonly method: string
  /** Path and query as the client sent them. */
  readonly url: string
  readonly host: string
  readonly scheme: 'http' | 'https'
  readonly ip: string
  /** Whether the address may purge. */
  readonly mayInvalidate: boolean
  readonly fetch: boolean
}

/**
 * `HIT`: from memory. `GRACE`: from memory though stale, while one fetch refreshes it. `STALE`: from memory because the origin fails.
 * `MISS`: fetched, perhaps stored. `WAIT`: waits for a fetch under way. `PASS`: fetched for this request alone. `HIT_FOR_MISS`, `HIT_FOR_PASS`:
 * fetched because an answer before could not be shared, because the policy said so. `SYNTH`: answered here. `PIPE`: a tunnel. `ERROR`: answered
 * here because something went wrong.
 */
export type VerdictKind =
  | 'HIT'
  | 'GRACE'
  | 'STALE'
  | 'MISS'
  | 'WAIT'
  | 'PASS'
  | 'HIT_FOR_MISS'
  | 'HIT_FOR_PASS'
  | 'SYNTH'
  | 'PIPE'
  | 'ERROR'

export interface Verdict {
  readonly kind: VerdictKind
  readonly reason: Reason
  /** One sentence. */
  readonly text: string
  /** Where in the policy it was decided, or went wrong; `null` when not by the policy's own code. */
  readonly at: SourcePlace | null
}

/** In the user's own sources. Line and column from 1. */
export interface SourcePlace {
  readonly file: string
  readonly line: number
  readonly column: number
}

export interface ExplainedKey {
  /** As the table has it: length-prefixed parts. */
  readonly text: string
  /** URL and host as `recv` left them; `null` when a policy made the key without them. */
  readonly url: string | null
  readonly host: string | null
  /** What `hash` added. */
  readonly added: readonly string[]
}

export interface VaryValue {
  readonly name: string
  /** As variants are compared, in canonical form; `null`: absent. */
  readonly value: string | null
}

export interface ExplainedVariant {
  /** `null` when the policy keeps the scheme out of it. */
  readonly scheme: string | null
  /** Of a split whose arms answer differently; `null`: there is none. */
  readonly arm: string | null
  /** Names that `Vary` of what is stored gives, with this request's values. */
  readonly vary: readonly VaryValue[]
}

export interface ExplainedClass {
  readonly name: 'anonymous' | 'credentialed'
  /** One sentence. */
  readonly why: string
  /** Of the request as `recv` left it. A cookie on the analytics list speaks for nobody. */
  readonly cookies: readonly { readonly name: string; readonly analytics: boolean }[]
  readonly authorization: boolean
}

export interface ExplainedDecision {
  readonly hook: RequestHook
  /** `recv of policy shop`, `step reqCookie`, `default of recv`. */
  readonly by: string
  /** Whether it is the policy's own code, a replaced step included. */
  readonly own: boolean
  /** The refresh behind the answer, not the request itself. */
  readonly background: boolean
  /** `null`: no opinion. */
  readonly action: ExplainedAction | null
  /** Where the policy's code called the verb, or threw. */
  readonly at: SourcePlace | null
  /** What it assigned, in the order of the nouns. */
  readonly changes: readonly Change[]
  /** The row of the decision table that a built-in step follows. */
  readonly rule: ExplainedRule | null
  /** What it threw, or why its answer could not be used. */
  readonly error: string | null
}

/** `data`: the action's other fields; what a hook threw is the decision's `error`. */
export interface ExplainedAction {
  readonly type: ActionType
  readonly data: Readonly<Record<string, unknown>>
}

export interface Change {
  /** `beresp.ttl`, `req.headers.cookie`. */
  readonly noun: string
  /** `null`: was not there. Values of cookies and credentials are `***`. */
  readonly before: string | null
  /** `null`: removed. */
  readonly after: string | null
}

export interface ExplainedRule {
  /** Of the row in the decision table; `null` for what no preset decides otherwise. */
  readonly id: string | null
  readonly rule: string
  /** `RFC 9111 §3.5`. */
  readonly clause: string
  /** What the preset in use says. */
  readonly says: string
}

export interface FreshnessInput {
  /** `Date`, `Age`, `Cache-Control: s-maxage`, `ttl`. */
  readonly name: string
  readonly value: string
  readonly clause: string
  /** One sentence, or `''`. */
  readonly note: string
}

export interface FreshnessInputs {
  readonly state: 'fresh' | 'grace' | 'stale'
  /** Where the lifetime came from: `s-maxage`, `heuristic`, `policy`, `none`. */
  readonly source: string
  readonly age: number
  /** From its receipt on, and what of it is left; negative when it is stale. */
  readonly ttl: number
  readonly left: number
  readonly grace: number
  readonly staleIfError: number
  readonly keep: number
  readonly mustRevalidate: boolean
  /** What counted, in the order in which it counts. */
  readonly inputs: readonly FreshnessInput[]
}

export interface StoredUnderKey {
  readonly variants: readonly StoredVariant[]
  /** Under way. */
  readonly fetches: readonly FetchUnderWay[]
}

export interface StoredVariant {
  readonly scheme: string | null
  readonly arm: string | null
  readonly vary: readonly VaryValue[]
  /** The one that this request selects. */
  readonly selected: boolean
  readonly object: StoredSummary | null
  /** A part of it, from a 206. */
  readonly part: StoredSummary | null
  /** Readable, not stored yet. */
  readonly arriving: StoredSummary | null
  /** Remembered refusals. */
  readonly markers: readonly {
    readonly type: 'hitForMiss' | 'hitForPass'
    readonly class: 'anonymous' | 'credentialed'
    readonly left: number
  }[]
}

export interface StoredSummary {
  readonly id: number
  readonly status: number
  /** Of the body; `null` while it arrives and its length is not known. */
  readonly length: number | null
  /** Of everything it holds in memory. */
  readonly bytes: number
  readonly state: 'fresh' | 'grace' | 'stale'
  readonly age: number
  readonly ttl: number
  readonly left: number
  readonly grace: number
  readonly staleIfError: number
  readonly keep: number
  readonly hits: number
  readonly tags: readonly string[]
  /** Whether a 304 can confirm it. */
  readonly validator: boolean
  /** Of the body, where clients that do not take it get it decoded; `null`: all get it as it is. */
  readonly coding: Coding | null
}

export interface FetchUnderWay {
  readonly class: 'anonymous' | 'credentialed'
  /** The Range that was forwarded; `null`: the whole. */
  readonly range: string | null
  readonly waiters: number
  /** Whether this request would wait for it. */
  readonly joined: boolean
}

export interface OriginAsked {
  /** `http://host:port`. */
  readonly backend: string
  readonly method: string
  readonly url: string
  readonly host: string
  /** Fields that ask for a confirmation or a part: `if-none-match`, `range`. */
  readonly conditions: readonly string[]
  /** The refresh behind the answer. */
  readonly background: boolean
  /** `false`: it would be asked. */
  readonly asked: boolean
}

export interface Fetched {
  /** As the origin gave it, 304 included; 0 when it gave none. */
  readonly status: number
  /** Whether a real request would have stored it. */
  readonly stored: boolean
  /** `STORED`, or why not. */
  readonly why: Reason
  /** One sentence. */
  readonly text: string
  readonly background: boolean
  readonly freshness: FreshnessInputs | null
}
