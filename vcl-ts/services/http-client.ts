/** Requests of a policy to other servers: with a deadline, and a limit to what is read. */
import { type Duration, seconds } from '../duration.ts'
import { type Service, workOf } from './service.ts'

export interface HttpClientOptions {
  /** Of each request, head and body. Default, and at most: what a hook may take. */
  readonly timeout?: Duration
  /** Bytes of an answer's body, decoded; what is longer fails. Default 1 MiB, at most 64 MiB. */
  readonly maxBody?: number
  /** Fields of every request. */
  readonly headers?: Readonly<Record<string, string>>
}

export interface HttpRequest {
  /** Default `GET`. */
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
  /** A hook's `signal`: the request ends with it. */
  readonly signal?: AbortSignal
  /** Shorter than that of the client. */
  readonly timeout?: Duration
}

/** An answer that is here whole. */
export interface HttpAnswer {
  readonly status: number
  /** Whether the status is 2xx. */
  readonly ok: boolean
  /** First line of a field, or `null`. */
  readonly header: (name: string) => string | null
  readonly bytes: Uint8Array
  /** The body as UTF-8. */
  readonly text: () => string
  /** Throws a `SyntaxError` for what is no JSON. */
  readonly json: () => unknown
}

/** As `httpClient` makes it. */
export interface HttpClient extends Service {
  readonly kind: 'httpClient'
  /** Seconds; `null`: as long as a hook may take. */
  readonly timeout: number | null
  readonly maxBody: number
  readonly headers: Readonly<Record<string, string>>
  /** An answer of any status; redirects are not followed. Rejects when there is none in time, or it is too long. */
  readonly fetch: (url: string, request?: HttpRequest) => Promise<HttpAnswer>
}

/** Who asks. */
export interface HttpClientWork {
  fetch(url: string, request: HttpRequest, timeout: number | null): Promise<HttpAnswer>
}

const MIB = 1024 * 1024

/** `const api = httpClient({ timeout: '500ms' })`, then `await api.fetch('http://127.0.0.1:3000/flags', { signal })`. Throws a `RangeError` for options that cannot be. */
export function httpClient({ timeout, maxBody = MIB, headers = {} }: HttpClientOptions = {}): HttpClient {
  if (!Number.isInteger(maxBody) || maxBody < 0 || maxBody > 64 * MIB)
    throw new RangeError(`httpClient: maxBody ${String(maxBody)} must be a whole number of bytes up to 64 MiB`)
  const declared: HttpClient = Object.freeze({
    type: 'service',
    kind: 'httpClient',
    timeout: checkTimeout(timeout),
    maxBody,
    headers: Object.freeze({ ...headers }),
    fetch: async (url: string, request: HttpRequest = {}) =>
      workOf<HttpClientWork>(declared).fetch(url, request, checkTimeout(request.timeout)),
  })
  return declared
}

/** Seconds, or `null` where nothing is given. */
export function checkTimeout(timeout: Duration | undefined): number | null {
  if (timeout === undefined) return null
  const given = seconds(timeout)
  if (given > 0) return given
  throw new RangeError(`a timeout of ${String(timeout)} lets nobody answer; give more than 0 seconds`)
}
