/** A published set of keys (RFC 7517): fetched when the first token comes, renewed in the background, and kept when it cannot be. */
import { createLocalJWKSet, errors, type FlattenedJWSInput, type JSONWebKeySet, type JWSHeaderParameters, type LocalJWKSet } from 'jose'
import type { Clock } from '../../clock.ts'
import type { EventLog } from '../../log.ts'
import { boundedFetch, shownUrl } from './bounded-fetch.ts'

/** A set is some kilobytes. */
const LARGEST = 256 * 1024
/** Milliseconds until a set that could not be had at all is asked for again. */
const PATIENCE = 1000

/** There are no keys, and it is not the token's fault. */
export class KeysUnavailable extends Error {
  constructor(cause: unknown) {
    super('the keys of the issuer cannot be had', { cause })
    this.name = 'KeysUnavailable'
  }
}

export interface JwksInit {
  readonly url: string
  readonly clock: Clock
  readonly log: EventLog
  /** Milliseconds. */
  readonly timeout: () => number
  readonly refresh: number
  readonly cooldown: number
  /** The keys are others than before. */
  readonly changed: () => void
}

export class Jwks {
  readonly #init: JwksInit
  #set: LocalJWKSet | null = null
  #text = ''
  #loaded = 0
  #asked = Number.NEGATIVE_INFINITY
  #failure: unknown = null
  #loading: Promise<void> | null = null
  readonly #ended = new AbortController()

  constructor(init: JwksInit) {
    this.#init = init
  }

  /** Fetches the set anew in the background when it is due. */
  renew(): void {
    const now = this.#init.clock.now()
    if (this.#set !== null && now - this.#loaded >= this.#init.refresh && now - this.#asked >= this.#init.cooldown) void this.#load()
  }

  /** The one key for a token's header. Rejects with a `JWKSNoMatchingKey` or `JWKSMultipleMatchingKeys` of jose, or `KeysUnavailable`. */
  async key(header: JWSHeaderParameters, token: FlattenedJWSInput): Promise<CryptoKey> {
    this.renew()
    const { clock, cooldown } = this.#init
    if (this.#set === null) {
      if (this.#loading === null && clock.now() - this.#asked < PATIENCE) throw new KeysUnavailable(this.#failure)
      await this.#load()
    }
    if (this.#set === null) throw new KeysUnavailable(this.#failure)
    try {
      return await this.#set(header, token)
    } catch (error) {
      // A key that came since, unless somebody makes such up.
      if (!(error instanceof errors.JWKSNoMatchingKey) || (this.#loading === null && clock.now() - this.#asked < cooldown)) throw error
      await this.#load()
      return this.#set(header, token)
    }
  }

  stop(): void {
    this.#ended.abort()
  }

  /** Never rejects. */
  #load(): Promise<void> {
    this.#loading ??= this.#fetch().finally(() => {
      this.#loading = null
    })
    return this.#loading
  }

  async #fetch(): Promise<void> {
    const { url, clock, log, timeout, changed } = this.#init
    this.#asked = clock.now()
    const before = this.#text
    try {
      const request = { timeout: timeout(), limit: LARGEST, signal: this.#ended.signal, headers: { accept: 'application/json' } }
      const { status, body } = await boundedFetch(url, request, clock)
      if (status !== 200) throw new Error(`its answer is ${status}`)
      const text = new TextDecoder().decode(body)
      if (text !== before) this.#set = createLocalJWKSet(publicKeys(JSON.parse(text)))
      this.#text = text
      this.#loaded = this.#init.clock.now()
    } catch (error) {
      this.#failure = error
      if (!this.#ended.signal.aborted)
        log.warn(
          { event: 'jwks', url: shownUrl(url), err: error },
          `the keys cannot be fetched${this.#set === null ? '' : ', and those at hand are used'}`,
        )
      return
    }
    if (before !== '' && before !== this.#text) changed()
  }
}

/** Secrets are no public keys, whoever publishes them. */
function publicKeys(value: unknown): JSONWebKeySet {
  const keys = typeof value === 'object' && value !== null ? (value as Partial<JSONWebKeySet>).keys : undefined
  if (!Array.isArray(keys)) throw new Error('it is no set of JSON Web Keys')
  return { keys: keys.filter((key: unknown) => typeof key === 'object' && key !== null && (key as { kty?: unknown }).kty !== 'oct') }
}
