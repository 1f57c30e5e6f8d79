/** An issuer of tokens with a JWKS on a real socket; its keys are made for the test. */
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { SignJWT } from 'jose'
import { type Neighbour, neighbour } from '../../support/neighbour.ts'

/** When manual clocks begin, in seconds. */
export const NOW: number = Date.UTC(2026, 0, 1) / 1000

export interface Pair {
  readonly kid: string
  readonly alg: string
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
}

export function pair(kid: string, alg: 'ES256' | 'RS256' = 'ES256'): Pair {
  const made = alg === 'ES256' ? generateKeyPairSync('ec', { namedCurve: 'P-256' }) : generateKeyPairSync('rsa', { modulusLength: 2048 })
  return { kid, alg, ...made }
}

export function publicJwk({ kid, alg, publicKey }: Pair): { readonly kty: string } {
  return { ...publicKey.export({ format: 'jwk' }), kid, alg, use: 'sig' } as unknown as { readonly kty: string }
}

/** A token for Alice, five minutes long, unless it says otherwise. */
export function token(
  by: Pair,
  claims: Readonly<Record<string, unknown>> = {},
  header: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  const payload = { iss: 'https://id.test', aud: 'api', sub: 'alice', iat: NOW, exp: NOW + 300, ...claims }
  return new SignJWT(payload).setProtectedHeader({ alg: by.alg, kid: by.kid, ...header }).sign(by.privateKey)
}

export class Issuer {
  readonly server: Neighbour
  keys: readonly Pair[]

  constructor(server: Neighbour, keys: readonly Pair[]) {
    this.server = server
    this.keys = keys
  }

  get jwks(): string {
    return `${this.server.url}/keys`
  }

  get asked(): number {
    return this.server.asked.length
  }
}

export async function issuer(...keys: readonly Pair[]): Promise<Issuer> {
  const server = await neighbour((_request, response) => {
    response.setHeader('Content-Type', 'application/json')
    response.end(JSON.stringify({ keys: made.keys.map(publicJwk) }))
  })
  const made: Issuer = new Issuer(server, keys)
  return made
}
