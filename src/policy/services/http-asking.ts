/** Carries out `httpClient`. */
import type { HttpAnswer, HttpClient, HttpClientWork, HttpRequest } from '../../../vcl-ts/services/http-client.ts'
import type { Clock } from '../../clock.ts'
import { boundedFetch } from './bounded-fetch.ts'

export class HttpAsking implements HttpClientWork {
  readonly #client: HttpClient
  readonly #clock: Clock
  readonly #deadline: () => number
  readonly #ended = new AbortController()

  constructor(client: HttpClient, clock: Clock, deadline: () => number) {
    this.#client = client
    this.#clock = clock
    this.#deadline = deadline
  }

  async fetch(url: string, { method, headers, body, signal }: HttpRequest, timeout: number | null): Promise<HttpAnswer> {
    const { timeout: own, maxBody, headers: always } = this.#client
    const seconds = Math.min(this.#deadline(), own ?? Number.POSITIVE_INFINITY, timeout ?? Number.POSITIVE_INFINITY)
    const answer = await boundedFetch(
      url,
      {
        headers: { ...always, ...headers },
        timeout: seconds * 1000,
        limit: maxBody,
        signal: signal === undefined ? this.#ended.signal : AbortSignal.any([signal, this.#ended.signal]),
        ...(method === undefined ? {} : { method }),
        ...(body === undefined ? {} : { body }),
      },
      this.#clock,
    )
    const { status, body: bytes } = answer
    const text = (): string => new TextDecoder().decode(bytes)
    return {
      status,
      ok: status >= 200 && status < 300,
      header: (name) => answer.headers.get(name),
      bytes,
      text,
      json: () => JSON.parse(text()),
    }
  }

  stop(): void {
    this.#ended.abort(new Error('the policy has ended'))
  }
}
