/** The API of `examples/api` behind the cache, over real sockets, with an issuer that publishes its keys. */
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { api } from '../../examples/api/policy.ts'
import { createServer, type Server } from '../../src/index.ts'
import { type Neighbour, neighbour } from '../support/neighbour.ts'

let issuer: Neighbour
let origin: Neighbour
let cache: Server
let sign: (user: string, plan: string) => Promise<string>

beforeEach(async () => {
  const { privateKey, publicKey } = await generateKeyPair('ES256')
  const keys = [{ ...(await exportJWK(publicKey)), kid: 'a', alg: 'ES256' }]
  issuer = await neighbour((_request, response) => void response.end(JSON.stringify({ keys })))
  origin = await neighbour((request, response) => {
    response.setHeader('Cache-Control', 'max-age=60')
    response.end(`${request.url} for ${request.headers['x-user']} (${request.headers['x-plan']})`)
  })
  cache = await createServer({ origin: origin.url, listen: ['127.0.0.1:0'], policy: api(issuer.url) })
  sign = (user, plan) =>
    new SignJWT({ plan })
      .setProtectedHeader({ alg: 'ES256', kid: 'a' })
      .setSubject(user)
      .setIssuer(issuer.url)
      .setAudience('api')
      .setExpirationTime('5m')
      .sign(privateKey)
})

afterEach(() => cache.close())

const get = (path: string, token?: string, more: Record<string, string> = {}): Promise<Response> =>
  fetch(`http://${cache.addresses[0]}${path}`, {
    headers: { ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }), ...more },
  })

describe('the API', () => {
  it('answers nobody without a token, but for its health', async () => {
    const answer = await get('/orders', undefined, { 'X-User': 'ada' })
    expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([401, 'Bearer realm="api"'])
    expect(await (await get('/health', undefined, { 'X-User': 'ada' })).text()).toBe('/health for undefined (undefined)')
    expect(origin.asked.map(({ url }) => url)).toEqual(['/health'])
  })

  it('gives each their own orders, and all the same catalogue', async () => {
    const [ada, ben] = [await sign('ada', 'paid'), await sign('ben', 'paid')]
    for (let round = 0; round < 2; round++) {
      expect(await (await get('/orders', ada)).text()).toBe('/orders for ada (paid)')
      expect(await (await get('/orders', ben)).text()).toBe('/orders for ben (paid)')
    }
    const first = await (await get('/catalogue', ada)).text()
    const second = await get('/catalogue', ben)
    expect(first).toBe('/catalogue for undefined (undefined)')
    expect([await second.text(), second.headers.get('x-cache')]).toEqual([first, 'HIT'])
    expect((await get('/catalogue')).status).toBe(401)
    expect(issuer.asked.length).toBe(1)
    expect(origin.asked.every(({ headers }) => headers.authorization === undefined)).toBe(true)
  })

  it('lets a free plan call five times a minute, a paid one more, and each by itself', async () => {
    const [ada, ben, eve] = [await sign('ada', 'free'), await sign('ben', 'paid'), await sign('eve', 'free')]
    const statuses = async (token: string, times: number): Promise<number[]> => {
      const all: number[] = []
      for (let i = 0; i < times; i++) all.push((await get('/catalogue', token)).status)
      return all
    }
    expect(await statuses(ada, 6)).toEqual([200, 200, 200, 200, 200, 429])
    expect(await statuses(ben, 8)).toEqual(new Array(8).fill(200))
    expect(await statuses(eve, 1)).toEqual([200])
    const denied = await get('/catalogue', ada)
    expect(await denied.json()).toEqual({ error: 'too many requests' })
    expect(Number(denied.headers.get('retry-after'))).toBeGreaterThan(0)
  })
})
