/** Requests of services: each has a deadline and a limit to what it reads. Connections are those of Node's `fetch`. */
import type { Clock } from '../../clock.ts'

export interface BoundedRequest {
  readonly method?: string
  readonly headers?: Headers | Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
  /** Milliseconds, of the whole. */
  readonly timeout: number
  /** Bytes of the answer's body, decoded. */
  readonly limit: number
  /** Ends it from outside. */
  readonly signal?: AbortSignal
  /** Default `false`: an answer 3xx is the answer. */
  readonly follow?: boolean
}

export interface BoundedAnswer {
  readonly status: number
  readonly headers: Headers
  readonly body: Uint8Array
}

/** Why there is no answer, in words; `cause` has what was thrown. */
export class AskError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'AskError'
  }
}

/** Rejects with an `AskError`. */
export async function boundedFetch(url: string, request: BoundedRequest, clock: Clock): Promise<BoundedAnswer> {
  const { method = 'GET', headers = {}, body, timeout, limit, signal, follow = false } = request
  const controller = new AbortController()
  const late = new AskError(`${shownUrl(url)} did not answer within ${timeout / 1000} s`)
  const timer = clock.after(timeout, () => controller.abort(late))
  const end = (): void => controller.abort(signal?.reason)
  signal?.addEventListener('abort', end, { once: true })
  if (signal?.aborted === true) end()
  try {
    const response = await fetch(url, {
      method,
      headers,
      redirect: follow ? 'follow' : 'manual',
      signal: controller.signal,
      ...(body === undefined ? {} : { body: body as NonNullable<RequestInit['body']> }),
    })
    return { status: response.status, headers: response.headers, body: await readUpTo(response, limit, url) }
  } catch (cause) {
    controller.abort()
    if (cause instanceof AskError) throw cause
    throw new AskError(`${shownUrl(url)} cannot be asked: ${inWords(cause)}`, { cause })
  } finally {
    timer.cancel()
    signal?.removeEventListener('abort', end)
  }
}

/** An address as it may be shown: without what may be secret in its query. */
export function shownUrl(url: string): string {
  return url.replace(/[?#].*$/s, '')
}

async function readUpTo(response: Response, limit: number, url: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let size = 0
  if (response.body !== null)
    for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
      size += chunk.length
      if (size > limit) throw new AskError(`${shownUrl(url)} answers with more than ${limit} bytes`)
      chunks.push(chunk)
    }
  return Buffer.concat(chunks, size)
}

function inWords(cause: unknown): string {
  const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause
  if (!(inner instanceof Error)) return String(inner)
  return inner.message === '' && 'code' in inner ? String(inner.code) : inner.message
}
