/** The API's policy without a server: `clearcoat test examples/api/policy.test.ts`. Only who gives the tokens out is real, since keys are fetched. */
import { generateKeyPairSync, sign } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it, type PolicyTest, type TestAnswer, testPolicy } from 'clearcoat/vcl-ts/testing'
import { api } from './policy.ts'

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
let issuer: Server
let url: string
let cache: PolicyTest

beforeEach(async () => {
  issuer = createServer((_request, response) => {
    response.end(JSON.stringify({ keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'a', alg: 'ES256' }] }))
  })
  await new Promise<void>((resolve) => issuer.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(issuer.address() as AddressInfo).port}`
  cache = await testPolicy(api(url), {
    start: new Date(),
    origin: ({ url: path, headers }) => ({
      headers: { 'Cache-Control': 'max-age=60' },
      body: `${path} for ${headers.get('x-user') ?? 'nobody'}`,
    }),
  })
})

afterEach(() => void issuer.close())

/** A token as the issuer makes them. */
function tokenOf(user: string, plan: string): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  const claims = { sub: user, plan, iss: url, aud: 'api', exp: Math.floor(Date.now() / 1000) + 300 }
  const text = `${part({ alg: 'ES256', kid: 'a' })}.${part(claims)}`
  return `${text}.${sign('sha256', Buffer.from(text), { key: privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`
}

function ask(path: string, token: string): Promise<TestAnswer> {
  return cache.request({ url: path, headers: { Authorization: `Bearer ${token}` } })
}

describe('the API', () => {
  it('lets nobody in without a token, but tells everybody of its health', async () => {
    expect((await cache.request('/orders')).status).toBe(401)
    expect((await cache.request('/health')).status).toBe(200)
  })

  it('keeps one catalogue for all, and orders for each', async () => {
    const [ada, ben] = [tokenOf('ada', 'paid'), tokenOf('ben', 'paid')]
    await ask('/catalogue', ada)
    expect((await ask('/catalogue', ben)).trace.decision).toBe('hit')
    for (let times = 0; times < 2; times++) {
      expect((await ask('/orders', ada)).body).toBe('/orders for ada')
      expect((await ask('/orders', ben)).body).toBe('/orders for ben')
    }
  })

  it('refuses who asks more often than the plan allows', async () => {
    const token = tokenOf('cleo', 'free')
    const statuses: number[] = []
    for (let times = 0; times < 6; times++) statuses.push((await ask('/orders', token)).status)
    expect(statuses).toEqual([200, 200, 200, 200, 200, 429])
  })
})
