/** Carries out `jwt`, with jose. What was verified is remembered until it expires. */
import {
  createLocalJWKSet,
  errors,
  type FlattenedJWSInput,
  type JSONWebKeySet,
  type JWSHeaderParameters,
  type JWTVerifyOptions,
  jwtVerify,
} from 'jose'
import { LRUCache } from 'lru-cache'
import type { Maybe } from '../../../vcl-ts/maybe.ts'
import type { Jwt, JwtClaims, JwtResult, JwtWork } from '../../../vcl-ts/services/jwt.ts'
import type { Clock } from '../../clock.ts'
import type { EventLog } from '../../log.ts'
import { Jwks, KeysUnavailable } from './jwks.ts'

/** Tokens remembered at most, and their characters. */
const MOST = 10_000
const MOST_CHARACTERS = 16 * 1024 * 1024
/** Characters of a token; what is longer is no token. */
const LONGEST = 16 * 1024

type Result = JwtResult<JwtClaims>
type Refused = Result & { readonly valid: false }

interface Verified {
  readonly result: Result & { readonly valid: true }
  /** Milliseconds since the Unix epoch. */
  readonly until: number
}

export interface TokenVerifierInit {
  readonly clock: Clock
  readonly log: EventLog
  /** Of a hook's promise, in seconds. */
  readonly deadline: () => number
}

export class TokenVerifier implements JwtWork {
  readonly #clock: Clock
  readonly #tolerance: number
  readonly #options: JWTVerifyOptions
  readonly #jwks: Jwks | null
  readonly #keys: (header: JWSHeaderParameters, token: FlattenedJWSInput) => Promise<CryptoKey | Uint8Array>
  readonly #verified = new LRUCache<string, Verified>({
    max: MOST,
    maxSize: MOST_CHARACTERS,
    sizeCalculation: (_value, token) => token.length + 512,
  })
  readonly #underWay = new Map<string, Promise<Result>>()

  constructor({ jwks, keys, secret, issuer, audience, algorithms, tolerance, refresh, cooldown }: Jwt, init: TokenVerifierInit) {
    const { clock, log, deadline } = init
    this.#clock = clock
    this.#tolerance = tolerance * 1000
    this.#options = {
      issuer: [...issuer],
      audience: [...audience],
      algorithms: [...algorithms],
      clockTolerance: tolerance,
      requiredClaims: ['exp'],
    }
    this.#jwks =
      jwks === null
        ? null
        : new Jwks({
            ...{ url: jwks, clock, log },
            timeout: () => deadline() * 800,
            refresh: refresh * 1000,
            cooldown: cooldown * 1000,
            changed: () => this.#verified.clear(),
          })
    this.#keys = this.#jwks === null ? givenKeys(keys, secret) : (header, token) => (this.#jwks as Jwks).key(header, token)
  }

  check(token: string): Maybe<Result> {
    const known = this.#verified.get(token)
    if (known !== undefined) {
      this.#jwks?.renew()
      if (known.until > this.#clock.wall()) return known.result
      this.#verified.delete(token)
      return refused('the token has expired')
    }
    if (token.length > LONGEST) return refused('it is too long for a token')
    const before = this.#underWay.get(token)
    if (before !== undefined) return before
    const verifying = this.#verify(token).finally(() => this.#underWay.delete(token))
    this.#underWay.set(token, verifying)
    return verifying
  }

  stop(): void {
    this.#jwks?.stop()
    this.#verified.clear()
  }

  async #verify(token: string): Promise<Result> {
    try {
      const options = { ...this.#options, currentDate: new Date(this.#clock.wall()) }
      const claims = await this.#claims(token, options)
      const result = Object.freeze({ valid: true, claims })
      this.#verified.set(token, { result, until: claims.exp * 1000 + this.#tolerance })
      return result
    } catch (error) {
      return refusalOf(error)
    }
  }

  /** Where several keys may be meant, one of them has to be it. */
  async #claims(token: string, options: JWTVerifyOptions): Promise<JwtClaims> {
    try {
      return frozen((await jwtVerify(token, this.#keys, options)).payload) as JwtClaims
    } catch (error) {
      if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error
      for await (const key of error) {
        try {
          return frozen((await jwtVerify(token, key, options)).payload) as JwtClaims
        } catch (cause) {
          if (!(cause instanceof errors.JWSSignatureVerificationFailed)) throw cause
        }
      }
      throw new errors.JWSSignatureVerificationFailed()
    }
  }
}

function givenKeys(
  keys: Jwt['keys'],
  secret: string | null,
): (header: JWSHeaderParameters, token: FlattenedJWSInput) => Promise<CryptoKey | Uint8Array> {
  if (secret !== null) {
    const bytes = new TextEncoder().encode(secret)
    return () => Promise.resolve(bytes)
  }
  return createLocalJWKSet({ keys: structuredClone(keys) } as unknown as JSONWebKeySet)
}

function refusalOf(error: unknown): Refused {
  if (error instanceof KeysUnavailable) return Object.freeze({ valid: false, error: 'unavailable', description: error.message })
  if (error instanceof errors.JWTExpired) return refused('the token has expired')
  if (error instanceof errors.JWTClaimValidationFailed) return refused(CLAIMS[error.claim] ?? 'a claim of the token is not as it should be')
  if (error instanceof errors.JWSSignatureVerificationFailed) return refused('the signature is not right')
  if (error instanceof errors.JOSEAlgNotAllowed) return refused('the algorithm is not allowed')
  if (error instanceof errors.JWKSNoMatchingKey) return refused('the key is not known')
  if (error instanceof errors.JOSEError) return refused('it is no signed token')
  return refused('the token cannot be verified')
}

const CLAIMS: Readonly<Record<string, string>> = {
  iss: 'the issuer is not one of those that are trusted',
  aud: 'the token is for somebody else',
  nbf: 'the token is not valid yet',
  exp: 'the token does not say when it expires',
  iat: 'the token is from the future',
}

function refused(description: string): Refused {
  return Object.freeze({ valid: false, error: 'invalid', description })
}

/** All who have the same token get the same object. */
function frozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value
  for (const inner of Object.values(value)) frozen(inner)
  return Object.freeze(value)
}
