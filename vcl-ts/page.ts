/** Answers of this cache's own with a body: `return page.json({ ok: true })`. */
import { type Synth, type SynthFields, synthetic } from './actions.ts'
import type { Html } from './html.ts'

export interface PageOptions {
  /** 200–599, else a `RangeError`. Default 200. */
  readonly status?: number
  /** The field `Cache-Control`. Default `no-store`. */
  readonly cacheControl?: string
  /** More fields, a list where a name has several lines. */
  readonly headers?: SynthFields
}

/** What went wrong, for programs (RFC 9457 §3.1). */
export interface ProblemMembers {
  /** 400–599. */
  readonly status: number
  /** What kind of problem in a few words, the same each time. */
  readonly title: string
  /** What went wrong this time. */
  readonly detail?: string
  /** A URI that names the kind. Default `about:blank`. */
  readonly type?: string
  /** A URI that names this occurrence. */
  readonly instance?: string
}

/** Members of the problem's own may be added. */
export type Problem = ProblemMembers & Readonly<Record<string, unknown>>

/** Makes answers of this cache's own. */
export interface Pages {
  /** A page made with `html`, whose values are escaped. */
  readonly html: (body: Html, options?: PageOptions) => Synth
  /** Any value that JSON has; throws what `JSON.stringify` throws. `<` is escaped, so that it may stand in a page. */
  readonly json: (value: unknown, options?: PageOptions) => Synth
  /** Plain text, as UTF-8. */
  readonly text: (body: string, options?: PageOptions) => Synth
  /** A problem in JSON, with its own status: `page.problem({ status: 403, title: 'Not yours' })`. */
  readonly problem: (problem: Problem, options?: Omit<PageOptions, 'status'>) => Synth
}

export const page: Pages = Object.freeze({
  html: (body: Html, options?: PageOptions) => answer('text/html; charset=utf-8', body.text, options),
  json: (value: unknown, options?: PageOptions) => answer('application/json', jsonOf(value), options),
  text: (body: string, options?: PageOptions) => answer('text/plain; charset=utf-8', body, options),
  problem: ({ status, title, ...more }: Problem, options: Omit<PageOptions, 'status'> = {}) =>
    answer('application/problem+json', jsonOf({ type: 'about:blank', title, status, ...more }), { ...options, status }),
})

function answer(type: string, body: string, { status = 200, cacheControl = 'no-store', headers = {} }: PageOptions = {}): Synth {
  const more = Object.entries(headers).flatMap(([name, value]) => [value].flat().map((line) => [name, line] as const))
  return synthetic(status, null, body, false, type, [['Cache-Control', cacheControl], ['X-Content-Type-Options', 'nosniff'], ...more])
}

function jsonOf(value: unknown): string {
  const text = JSON.stringify(value)
  if (text === undefined) throw new TypeError('page.json(): there is no JSON for undefined and functions')
  return text.replaceAll('<', '\\u003c')
}
