/** `jwt`: which tokens are taken, where keys come from and how long they stay, and what a client is told. */
import { createHmac } from 'node:crypto'
import { UnsecuredJWT } from 'jose'
import { describe, expect, it } from 'vitest'
import { type PolicyTest, testPolicy } from '../../../src/testing/index.ts'
import { definePolicy, type Jwt, type JwtOptions, jwt, stack } from '../../../vcl-ts/index.ts'
import { until } from '../../support/until.ts'
import { issuer, NOW, pair, publicJwk, token } from './issuer.ts'

const WHO = { issuer: 'https://id.test', audience: 'api' }
const FRESH = { headers: { 'Cache-Control': 'max-age=60' }, body: 'page' }

const key = pair('one')
const other = pair('two')

function guarded(options: Partial<JwtOptions> = {}): Promise<PolicyTest> {
  return testPolicy(jwt({ ...WHO, keys: [publicJwk(key)], ...options }).policy(), { origin: FRESH })
}

async function answerTo(cache: PolicyTest, bearer: string | null): Promise<readonly [number, string | undefined]> {
  const { status, headers } = await cache.request({
    url: '/',
    ...(bearer === null ? {} : { headers: { Authorization: `Bearer ${bearer}` } }),
  })
  return [status, headers.get('www-authenticate')]
}

const invalid = (why: string): string => `Bearer realm="api", error="invalid_token", error_description="${why}"`

describe('a token', () => {
  it('lets its bearer in', async () => {
    const cache = await guarded()
    expect(await answerTo(cache, await token(key))).toEqual([200, undefined])
  })

  it('that is missing leads to a challenge that tells nothing', async () => {
    const cache = await guarded()
    expect(await answerTo(cache, null)).toEqual([401, 'Bearer realm="api"'])
    const basic = await cache.request({ url: '/', headers: { Authorization: 'Basic YTpi' } })
    expect([basic.status, basic.headers.get('www-authenticate')]).toEqual([401, 'Bearer realm="api"'])
  })

  it.each([
    ['that has expired', { exp: NOW - 6 }, 'the token has expired'],
    ['that is not valid yet', { nbf: NOW + 6 }, 'the token is not valid yet'],
    ['of another issuer', { iss: 'https://evil.test' }, 'the issuer is not one of those that are trusted'],
    ['for somebody else', { aud: ['shop', 'mail'] }, 'the token is for somebody else'],
    ['for nobody', { aud: undefined }, 'the token is for somebody else'],
    ['that never expires', { exp: undefined }, 'the token does not say when it expires'],
  ])('%s is refused with the reason', async (_title, claims, why) => {
    expect(await answerTo(await guarded(), await token(key, claims))).toEqual([401, invalid(why)])
  })

  it.each([{ exp: NOW - 4 }, { nbf: NOW + 4 }])('may be as much too old or young as clocks differ: %j', async (claims) => {
    expect((await answerTo(await guarded(), await token(key, claims)))[0]).toBe(200)
  })

  it('of another key is refused', async () => {
    const forged = await token({ ...other, kid: key.kid })
    expect(await answerTo(await guarded(), forged)).toEqual([401, invalid('the signature is not right')])
    expect(await answerTo(await guarded(), await token(other))).toEqual([401, invalid('the key is not known')])
  })

  it('without signature is refused, whatever its header says', async () => {
    const cache = await guarded()
    const unsigned = new UnsecuredJWT({ iss: 'https://id.test', aud: 'api', sub: 'alice', exp: NOW + 300 }).encode()
    expect((await answerTo(cache, unsigned))[0]).toBe(401)
    const [, payload] = unsigned.split('.')
    for (const alg of ['none', 'None', 'nOnE', '']) {
      const header = Buffer.from(JSON.stringify({ alg, kid: key.kid })).toString('base64url')
      for (const signature of ['', 'AAAA']) expect((await answerTo(cache, `${header}.${payload}.${signature}`))[0]).toBe(401)
    }
  })

  it('that takes the public key for a secret is refused (algorithm confusion)', async () => {
    const rsa = pair('rsa', 'RS256')
    const cache = await guarded({ keys: [publicJwk(rsa)] })
    const payload = Buffer.from(JSON.stringify({ iss: 'https://id.test', aud: 'api', sub: 'root', exp: NOW + 300 })).toString('base64url')
    const header = Buffer.from(JSON.stringify({ alg: 'HS256', kid: 'rsa' })).toString('base64url')
    const secrets = [rsa.publicKey.export({ format: 'pem', type: 'spki' }), JSON.stringify(publicJwk(rsa))]
    for (const secret of secrets) {
      const signature = createHmac('sha256', secret).update(`${header}.${payload}`).digest('base64url')
      expect(await answerTo(cache, `${header}.${payload}.${signature}`)).toEqual([401, invalid('the algorithm is not allowed')])
    }
    expect((await answerTo(cache, await token(rsa)))[0]).toBe(200)
  })

  it('with a key or address of a key in its own header is not believed', async () => {
    const cache = await guarded()
    for (const header of [{ jwk: publicJwk(other) }, { jku: 'http://127.0.0.1:1/keys' }, { x5u: 'http://127.0.0.1:1/' }])
      expect((await answerTo(cache, await token({ ...other, kid: key.kid }, {}, header)))[0]).toBe(401)
  })

  it.each(['', 'a', 'a.b', 'a.b.c', '..', 'x'.repeat(20_000)])('that is none is refused: %.10s…', async (text) => {
    expect((await answerTo(await guarded(), text))[0]).toBe(401)
  })

  it('by a secret is taken where a secret is what was agreed on', async () => {
    const secret = 'a secret of more than thirty-two bytes'
    const cache = await guarded({ keys: undefined as never, secret })
    const sign = (header: string, by: string): string => {
      const body = Buffer.from(JSON.stringify({ iss: 'https://id.test', aud: 'api', exp: NOW + 300 })).toString('base64url')
      const head = Buffer.from(header).toString('base64url')
      return `${head}.${body}.${createHmac('sha256', by).update(`${head}.${body}`).digest('base64url')}`
    }
    expect((await answerTo(cache, sign('{"alg":"HS256"}', secret)))[0]).toBe(200)
    expect((await answerTo(cache, sign('{"alg":"HS256"}', `${secret}.`)))[0]).toBe(401)
    expect((await answerTo(cache, sign('{"alg":"HS512"}', secret)))[0]).toBe(401)
  })

  it('is refused when there are two', async () => {
    const good = await token(key)
    const { status } = await (await guarded()).request({
      url: '/',
      headers: [
        ['Authorization', `Bearer ${good}`],
        ['Authorization', `Bearer ${good}`],
      ],
    })
    expect(status).toBe(401)
  })

  it('may come in another field, or in a cookie', async () => {
    const good = await token(key)
    const cache = await guarded({ header: 'X-Token', cookie: 'jwt' })
    const status = async (headers: Record<string, string>): Promise<number> => (await cache.request({ url: '/', headers })).status
    expect(await status({ 'X-Token': `Bearer ${good}` })).toBe(200)
    expect(await status({ Cookie: `a=1; jwt=${good}` })).toBe(200)
    expect(await status({ Authorization: `Bearer ${good}` })).toBe(401)
  })
})

describe('claims', () => {
  it('reach hooks with the type that the policy gave them', async () => {
    const user = jwt({
      ...WHO,
      keys: [publicJwk(key)],
      claims: ({ sub, role }) => (sub === undefined || typeof role !== 'string' ? null : { name: sub, role }),
    })
    const policy = definePolicy({
      services: { user },
      async recv({ req, synth }) {
        const found = await user.verify(req)
        return synth(200, 'OK', found === null ? 'nobody' : `${found.name} ${found.role} ${user.claims(req)?.name}`)
      },
    })
    const cache = await testPolicy(policy)
    const ask = async (bearer: string): Promise<string> =>
      (await cache.request({ url: '/', headers: { Authorization: `Bearer ${bearer}` } })).body
    expect(await ask(await token(key, { role: 'admin' }))).toBe('alice admin alice')
    expect(await ask(await token(key))).toBe('nobody')
    expect(await ask('x')).toBe('nobody')
  })

  it('go to the origin in fields that a client cannot set itself', async () => {
    const policy = jwt({ ...WHO, keys: [publicJwk(key)] }).policy({ fields: { 'X-User': 'sub', 'X-Role': 'role' }, forward: false })
    const cache = await testPolicy(policy, { origin: FRESH })
    const bearer = await token(key, { sub: 'Zoë\r\nX-Role: root' })
    const { trace } = await cache.request({
      url: '/',
      headers: { Authorization: `Bearer ${bearer}`, 'X-User': 'root', 'X-Role': 'root' },
    })
    const { headers } = trace.origin[0]!
    expect([headers.get('x-user'), headers.get('x-role'), headers.get('authorization')]).toEqual([
      'Zo%C3%AB%0D%0AX-Role%3A%20root',
      undefined,
      undefined,
    ])
  })

  it('cannot be changed by a hook', async () => {
    const user = jwt({ ...WHO, keys: [publicJwk(key)] })
    await testPolicy(definePolicy({ services: { user } }))
    const bearer = await token(key, { roles: ['reader'] })
    const claims = await user.verify({ headers: { getAll: () => [`Bearer ${bearer}`] } } as never)
    expect(claims).toMatchObject({ sub: 'alice', roles: ['reader'] })
    expect(() => (claims as unknown as { roles: string[] }).roles.push('admin')).toThrow(TypeError)
  })
})

describe('a verified token', () => {
  it('is not verified again: the second request is decided at once', async () => {
    const user: Jwt = jwt({ ...WHO, keys: [publicJwk(key)] })
    const waited: boolean[] = []
    const policy = definePolicy({
      services: { user },
      recv({ req }) {
        const result = user.check(req)
        waited.push(result instanceof Promise)
        return result instanceof Promise ? result.then(() => undefined) : undefined
      },
    })
    const cache = await testPolicy(policy)
    const bearer = await token(key)
    for (let i = 0; i < 3; i++) await cache.request({ url: '/', headers: { Authorization: `Bearer ${bearer}` } })
    expect(waited).toEqual([true, false, false])
  })

  it('is refused from the moment on at which it expires', async () => {
    const cache = await guarded()
    const bearer = await token(key)
    expect((await answerTo(cache, bearer))[0]).toBe(200)
    await cache.advance(304)
    expect((await answerTo(cache, bearer))[0]).toBe(200)
    await cache.advance(2)
    expect(await answerTo(cache, bearer)).toEqual([401, invalid('the token has expired')])
  })
})

describe('a published set of keys', () => {
  const remote = async (jwks: string, more: Partial<JwtOptions> = {}): Promise<PolicyTest> =>
    guarded({ keys: undefined as never, jwks, ...more })

  it('is fetched once for many tokens', async () => {
    const from = await issuer(key)
    const cache = await remote(from.jwks)
    expect(from.asked).toBe(0)
    const answers = await Promise.all(['alice', 'bob', 'carol'].map(async (sub) => answerTo(cache, await token(key, { sub }))))
    expect(answers.map(([status]) => status)).toEqual([200, 200, 200])
    expect(from.asked).toBe(1)
  })

  it('is fetched anew for a key that came since, but not for each that somebody makes up', async () => {
    const from = await issuer(key)
    const cache = await remote(from.jwks)
    expect((await answerTo(cache, await token(key)))[0]).toBe(200)
    from.keys = [other]
    expect((await answerTo(cache, await token(other)))[0]).toBe(401)
    expect(from.asked).toBe(1)
    await cache.advance(30)
    expect((await answerTo(cache, await token(other)))[0]).toBe(200)
    expect(from.asked).toBe(2)
    for (let i = 0; i < 20; i++) expect((await answerTo(cache, await token(pair(`made up ${i}`))))[0]).toBe(401)
    expect(from.asked).toBe(2)
  })

  it('takes a key back: tokens that were verified with it are verified anew', async () => {
    const from = await issuer(key, other)
    const cache = await remote(from.jwks)
    const bearer = await token(key, { exp: NOW + 3600 })
    expect((await answerTo(cache, bearer))[0]).toBe(200)
    from.keys = [other]
    await cache.advance(600)
    expect((await answerTo(cache, bearer))[0]).toBe(200)
    await until(() => from.asked === 2)
    await cache.advance(0)
    await until(() => from.server.asked[1]!.complete)
    let status = 200
    for (let i = 0; i < 200 && status === 200; i++) [status] = await answerTo(cache, bearer)
    expect(status).toBe(401)
  })

  it('is used on while it cannot be fetched', async () => {
    const from = await issuer(key)
    const cache = await remote(from.jwks)
    expect((await answerTo(cache, await token(key)))[0]).toBe(200)
    for (const broken of [
      (response: import('node:http').ServerResponse) => void response.writeHead(500).end('{}'),
      (response: import('node:http').ServerResponse) => void response.end('no JSON'),
      (response: import('node:http').ServerResponse) => void response.end('{"keys":7}'),
      (response: import('node:http').ServerResponse) => void response.end(JSON.stringify({ keys: ['x'.repeat(300_000)] })),
      (response: import('node:http').ServerResponse) => void response.destroy(),
    ]) {
      const before = from.asked
      from.server.answer = (_request, response) => broken(response)
      await cache.advance(600)
      const bearer = await token(key, { exp: Math.floor(cache.now / 1000) + 60 })
      expect((await answerTo(cache, bearer))[0]).toBe(200)
      await until(() => from.asked === before + 1)
    }
  })

  it('that cannot be had at all is our fault and no token’s: 503, and it is asked for again later', async () => {
    const from = await issuer(key)
    const { answer } = from.server
    from.server.answer = (_request, response) => void response.writeHead(503).end()
    const cache = await remote(from.jwks)
    const bearer = await token(key)
    expect(await answerTo(cache, bearer)).toEqual([503, undefined])
    expect(await answerTo(cache, bearer)).toEqual([503, undefined])
    expect(from.asked).toBe(1)
    from.server.answer = answer
    await cache.advance(1)
    expect((await answerTo(cache, bearer))[0]).toBe(200)
  })

  it('gives no secret to sign with, whatever it publishes', async () => {
    const from = await issuer(key)
    const secret = Buffer.from('a secret of more than thirty-two bytes')
    from.server.answer = (_request, response) =>
      void response.end(JSON.stringify({ keys: [{ kty: 'oct', k: secret.toString('base64url'), alg: 'HS256', kid: 'one' }] }))
    const cache = await remote(from.jwks)
    expect((await answerTo(cache, await token(key)))[0]).toBe(401)
  })
})

describe('what it answers', () => {
  it('is 503 when a hook asks for claims and the keys cannot be had', async () => {
    const user = jwt({ ...WHO, jwks: 'http://127.0.0.1:1/keys' })
    const cache = await testPolicy(
      definePolicy({ services: { user }, recv: async ({ req, synth }) => ((await user.verify(req)) === null ? synth(401) : undefined) }),
    )
    expect((await answerTo(cache, await token(key)))[0]).toBe(503)
  })

  it('may leave requests without token to others', async () => {
    const cache = await testPolicy(
      stack(jwt({ ...WHO, keys: [publicJwk(key)] }).policy({ optional: true, when: ({ req }) => req.path !== '/open' })),
      { origin: FRESH },
    )
    expect((await answerTo(cache, null))[0]).toBe(200)
    expect((await answerTo(cache, 'x'))[0]).toBe(401)
    expect((await cache.request({ url: '/open', headers: { Authorization: 'Bearer x' } })).status).toBe(200)
  })
})

describe('options', () => {
  it.each([
    [{}, /one of jwks/],
    [{ jwks: 'ftp://id/' }, /http or https/],
    [{ jwks: 'http://a:b@id/' }, /without user name/],
    [{ jwks: 'http://id/', secret: 'x'.repeat(40) }, /one of jwks/],
    [{ keys: [] }, /at least one/],
    [{ keys: [{ kty: 'oct', k: 'AAAA' }] }, /a secret is given as secret/],
    [{ secret: 'short' }, /32/],
    [{ keys: [publicJwk(key)], algorithms: ['HS256'] }, /cannot have "HS256" with public keys/],
    [{ secret: 'x'.repeat(40), algorithms: ['HS256', 'RS256'] }, /cannot have "RS256" with a secret/],
    [{ keys: [publicJwk(key)], algorithms: ['none'] }, /cannot have "none"/],
    [{ keys: [publicJwk(key)], algorithms: [] }, /must not be empty/],
    [{ keys: [publicJwk(key)], issuer: '' }, /issuer/],
    [{ keys: [publicJwk(key)], audience: [] }, /audience/],
    [{ keys: [publicJwk(key)], tolerance: 301 }, /tolerance/],
    [{ keys: [publicJwk(key)], cookie: 'a b' }, /cookie/],
  ])('%j are refused', (options, why) => {
    expect(() => jwt({ ...WHO, ...(options as JwtOptions) })).toThrow(why)
  })

  it('that would share what was made for one are refused', () => {
    const user = jwt({ ...WHO, keys: [publicJwk(key)] })
    expect(() => user.policy({ shared: true })).toThrow(/forward: false/)
    expect(() => user.policy({ shared: true, forward: false, fields: { 'X-User': 'sub' } })).toThrow(/X-User/)
  })
})
