/** Carries out `forwardAuth`: one request to the service for all that ask the same. */
import { createHash } from 'node:crypto'
import type { HeaderPairs } from '../../../vcl-ts/headers.ts'
import type { Maybe } from '../../../vcl-ts/maybe.ts'
import type { AuthAnswer, AuthQuestion, ForwardAuth, ForwardAuthWork } from '../../../vcl-ts/services/forward-auth.ts'
import type { Clock } from '../../clock.ts'
import type { EventLog } from '../../log.ts'
import { type BoundedAnswer, boundedFetch, shownUrl } from './bounded-fetch.ts'
import { Memory } from './memory.ts'

/** Bytes of a refusal's page. */
const LARGEST = 256 * 1024
/** What is left of a hook's time, for the answer that follows. */
const SHARE = 0.8

export interface AuthAskingInit {
  readonly clock: Clock
  readonly log: EventLog
  readonly deadline: () => number
}

export class AuthAsking implements ForwardAuthWork {
  readonly #service: ForwardAuth
  readonly #init: AuthAskingInit
  readonly #memory: Memory
  readonly #ended = new AbortController()
  /** Whether the last question was not answered. */
  #failing = false

  constructor(service: ForwardAuth, init: AuthAskingInit) {
    this.#service = service
    this.#init = init
    this.#memory = new Memory({ clock: init.clock, max: service.max, staleIfError: 0, errorTtl: 0 })
  }

  ask(question: AuthQuestion, key: string | null): Maybe<AuthAnswer | null> {
    const { cacheFor } = this.#service
    const ttl = (answer: AuthAnswer): number => (isRemembered(answer) ? cacheFor : 0)
    const answer = this.#memory.get(key === null ? digest(question) : `=${key}`, () => this.#fetch(question), ttl)
    return answer instanceof Promise ? answer.catch(() => null) : answer
  }

  stop(): void {
    this.#ended.abort()
    this.#memory.clear()
  }

  async #fetch(question: AuthQuestion): Promise<AuthAnswer> {
    const { url, timeout } = this.#service
    const { clock, log, deadline } = this.#init
    const headers = new Headers()
    for (const [name, value] of question) {
      const before = name === 'cookie' ? headers.get(name) : null
      if (before === null) headers.append(name, value)
      else headers.set(name, `${before}; ${value}`)
    }
    try {
      const seconds = Math.min(timeout, deadline() * SHARE)
      const request = { headers, timeout: seconds * 1000, limit: LARGEST, signal: this.#ended.signal }
      const answer = await boundedFetch(url, request, clock)
      if (!isDecision(answer.status)) throw new Error(`its answer is ${answer.status}`)
      if (this.#failing) log.info({ event: 'forwardAuth', url: shownUrl(url) }, 'who is let in can be asked again')
      this.#failing = false
      return { status: answer.status, headers: pairs(answer), body: answer.body }
    } catch (error) {
      // Once, and not with each request.
      if (!this.#failing && !this.#ended.signal.aborted)
        log.warn({ event: 'forwardAuth', url: shownUrl(url), err: error }, 'who is let in cannot be asked')
      this.#failing = true
      throw error
    }
  }
}

function isDecision(status: number): boolean {
  return (status >= 200 && status < 300) || status === 401 || status === 403 || (status >= 300 && status < 400 && status !== 304)
}

/** What begins a login is one client's. */
function isRemembered({ status, headers }: AuthAnswer): boolean {
  return (status < 300 || status >= 400) && !headers.some(([name]) => name === 'set-cookie')
}

/** Fields in the characters that they may have; each Set-Cookie is a line. */
function pairs({ headers }: BoundedAnswer): HeaderPairs {
  const all: (readonly [string, string])[] = []
  for (const [name, value] of headers) all.push([name, value])
  return all
}

/** No credentials are kept in memory to find what was decided of them. */
function digest(question: AuthQuestion): string {
  const hash = createHash('sha256')
  for (const [name, value] of question) hash.update(`${name.length}:${name}${value.length}:${value}`)
  return hash.digest('base64')
}
