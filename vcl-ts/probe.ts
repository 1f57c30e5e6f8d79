import { type Duration, seconds } from './duration.ts'

/** Any status from 200 on that is smaller. */
export interface StatusBelow {
  readonly below: number
}

/** How a backend is asked whether it is well, as data. Made by `backend(url, { probe })`. Times in seconds. */
export interface Probe {
  readonly method: string
  readonly url: string
  /** Fields of the request, `Host` among them only if it is not the backend's. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly expected: readonly number[] | StatusBelow
  /** What the first 64 KiB of the body must hold; `null`: anything. */
  readonly body: string | RegExp | null
  readonly interval: number
  readonly timeout: number
  readonly window: number
  readonly threshold: number
  readonly initial: number
  readonly jitter: number
}

/** Names and defaults are those of VCL's `probe`. */
export interface ProbeOptions {
  /** Path and query of a GET. Default `/`. */
  readonly path?: string
  /** In place of `path`: another method, other fields. */
  readonly request?: { readonly method?: string; readonly url: string; readonly headers?: Readonly<Record<string, string>> }
  /** The status that a healthy backend answers, several, or `{ below: 500 }`. Default 200. */
  readonly expected?: number | readonly number[] | StatusBelow
  /** Text or pattern that must occur in the first 64 KiB of the body. Default: anything will do. */
  readonly body?: string | RegExp
  /** From the beginning of one probe to that of the next. Default 5 s, at least 0.1 s. */
  readonly interval?: Duration
  /** For the whole of one probe, connecting included. Default 2 s. */
  readonly timeout?: Duration
  /** The last so many probes are looked at, 1 to 64. Default 8. */
  readonly window?: number
  /** The backend is healthy while so many of them were good. Default 3. */
  readonly threshold?: number
  /**
   * So many good probes are assumed at the start, at most `threshold`. Default `threshold` − 1: sick until the first probe is good. With
   * `threshold` it is taken for healthy until probes say otherwise.
   */
  readonly initial?: number
  /** Up to so much is added to each interval at random, so that caches do not probe in step. Default 0. */
  readonly jitter?: Duration
}

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const TARGET = /^\/[!"$-~]*$/
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/

/** Throws a `TypeError` that names what is wrong. */
export function probeOf(options: ProbeOptions): Probe {
  const { request, path = '/', expected = 200, window = 8, threshold = 3 } = options
  if (request !== undefined && options.path !== undefined) throw new TypeError('a probe has path or request, not both')
  const { method = 'GET', url, headers = {} } = request ?? { url: path }
  if (!TOKEN.test(method)) throw new TypeError(`probe: the method ${JSON.stringify(method)} is not a token`)
  for (const [name, value] of Object.entries(headers))
    if (!TOKEN.test(name) || !VALUE.test(value)) throw new TypeError(`probe: the field ${JSON.stringify(name)} cannot be sent`)
  if (!TARGET.test(url)) throw new TypeError(`probe: ${JSON.stringify(url)} is not a path; write it as /healthz`)
  whole('window', window, 1, 64)
  whole('threshold', threshold, 1, window)
  const initial = Math.min(options.initial ?? threshold - 1, threshold)
  whole('initial', initial, 0, threshold)
  return Object.freeze({
    method,
    url,
    headers: Object.freeze(Object.entries(headers)),
    expected: statuses(expected),
    body: options.body ?? null,
    interval: time('interval', options.interval ?? 5, 0.1),
    timeout: time('timeout', options.timeout ?? 2, 0.01),
    window,
    threshold,
    initial,
    jitter: time('jitter', options.jitter ?? 0, 0),
  })
}

/** What two probes have in common that find the same. */
export function probeText({ body, ...probe }: Probe): string {
  return JSON.stringify([probe, body === null ? null : String(body), typeof body])
}

/** Whether a probe may be answered with that status. */
export function isExpected({ expected }: Probe, status: number): boolean {
  return 'below' in expected ? status < expected.below : expected.includes(status)
}

function statuses(expected: number | readonly number[] | StatusBelow): Probe['expected'] {
  if (typeof expected === 'object' && 'below' in expected) {
    whole('expected.below', expected.below, 201, 600)
    return Object.freeze({ below: expected.below })
  }
  const list = typeof expected === 'number' ? [expected] : [...expected]
  if (list.length === 0) throw new TypeError('probe: expected names no status')
  for (const status of list) whole('expected', status, 200, 599)
  return Object.freeze(list)
}

function whole(name: string, value: number, min: number, max: number): void {
  if (!Number.isInteger(value) || value < min || value > max)
    throw new TypeError(`probe: ${name} must be a whole number from ${min} to ${max}, not ${String(value)}`)
}

function time(name: string, value: Duration, min: number): number {
  const given = seconds(value)
  if (given < min || given > 86_400) throw new TypeError(`probe: ${name} must be from ${min} s to a day`)
  return given
}
