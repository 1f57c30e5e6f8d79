/** Who was let in by a service of the policy gets nobody else's answer, and who was not gets none: two users, one URL, the real engine. */
import { beforeAll, describe, expect, it } from 'vitest'
import { hashPassword } from '../../src/policy/services/scrypt.ts'
import { basicAuth, definePolicy, forwardAuth, jwt, type Policy, rateLimit, session, stack } from '../../vcl-ts/index.ts'
import { type Fields, message, open, reply, type Site } from '../journey/site.ts'
import { issuer, pair, token } from '../policy/services/issuer.ts'
import { neighbour } from '../support/neighbour.ts'
import type { OriginHit } from '../support/scripted-origin.ts'
import { until } from '../support/until.ts'

/** A way of letting somebody in: its policies, and what each of two users sends. */
interface Way {
  readonly personal: Policy
  readonly shared: Policy
  readonly alice: Fields
  readonly bob: Fields
}

const key = pair('one')
const basic = (text: string): Fields => ({ Authorization: `Basic ${Buffer.from(text).toString('base64')}` })

const WAYS: Readonly<Record<string, () => Promise<Way>>> = {
  async basicAuth() {
    const service = (): ReturnType<typeof basicAuth> => basicAuth({ users })
    return {
      personal: service().policy({ forward: false, field: 'X-User' }),
      shared: service().policy({ forward: false, shared: true }),
      alice: basic('alice:a'),
      bob: basic('bob:b'),
    }
  },
  async jwt() {
    const { jwks } = await issuer(key)
    const service = () => jwt({ jwks, issuer: 'https://id.test', audience: 'api' })
    return {
      personal: service().policy({ forward: false, fields: { 'X-User': 'sub' } }),
      shared: service().policy({ forward: false, shared: true }),
      alice: { Authorization: `Bearer ${await token(key)}` },
      bob: { Authorization: `Bearer ${await token(key, { sub: 'bob' })}` },
    }
  },
  async 'jwt in a cookie'() {
    const { jwks } = await issuer(key)
    const service = () => jwt({ jwks, issuer: 'https://id.test', audience: 'api', cookie: '_ga' })
    return {
      personal: service().policy({ forward: false, fields: { 'X-User': 'sub' } }),
      shared: service().policy({ forward: false, shared: true }),
      alice: { Cookie: `_ga=${await token(key)}` },
      bob: { Cookie: `_ga=${await token(key, { sub: 'bob' })}` },
    }
  },
  async forwardAuth() {
    const auth = await neighbour((request, response) => {
      const user = /user=(\w+)/.exec(request.headers.cookie ?? '')?.[1]
      response.writeHead(user === undefined ? 401 : 200, user === undefined ? {} : { 'X-User': user }).end()
    })
    return {
      personal: forwardAuth({ url: auth.url, headers: ['X-User'], cacheFor: 60 }).policy({ forward: false }),
      shared: forwardAuth({ url: auth.url, cacheFor: 60 }).policy({ forward: false, shared: true }),
      alice: { Cookie: 'user=alice' },
      bob: { Cookie: 'user=bob' },
    }
  },
  async session() {
    const options = { cookie: '_gid', allow: (sid: string) => sid === 'alice' || sid === 'bob' }
    return {
      personal: session(options),
      shared: session({ ...options, forward: false, shared: true }),
      alice: { Cookie: '_gid=alice' },
      bob: { Cookie: '_gid=bob' },
    }
  },
}

let users: Record<string, string>
beforeAll(async () => {
  users = { alice: await hashPassword('a'), bob: await hashPassword('b') }
})

/** Whom the origin takes a request for. */
function userOf({ message: { headers } }: OriginHit): string {
  return String(headers['x-user'] ?? /_gid=(\w+)/.exec(headers.cookie ?? '')?.[1] ?? 'somebody')
}

function behind(policy: Policy, cacheControl: string): Promise<Site> {
  return open((hit, response) => reply(response, 200, { 'Cache-Control': cacheControl, ETag: `"${userOf(hit)}"` }, `for ${userOf(hit)}`), {
    policy: stack(policy, definePolicy({})),
  })
}

async function seen(site: Site, fields: Fields): Promise<string> {
  const { status, body } = await site.get('/account', fields)
  return status === 200 ? String(body) : String(status)
}

describe.each(Object.keys(WAYS))('%s', (name) => {
  it('gives each their own page, whatever lifetime it has', async () => {
    const { personal, alice, bob } = await WAYS[name]!()
    for (const lifetime of ['max-age=600', 'max-age=600, stale-while-revalidate=600', 'max-age=0, stale-if-error=600']) {
      const site = await behind(personal, lifetime)
      for (let round = 0; round < 2; round++) {
        expect(await seen(site, alice)).toBe('for alice')
        expect(await seen(site, bob)).toBe('for bob')
        expect(await seen(site, {})).toBe('401')
      }
      site.clock.advance(700_000)
      if (name !== 'jwt' && name !== 'jwt in a cookie') expect(await seen(site, bob)).toBe('for bob')
      expect(await seen(site, {})).toBe('401')
    }
  })

  it('gives each their own page when both ask at once', async () => {
    const { personal, alice, bob } = await WAYS[name]!()
    const { promise: all, resolve } = Promise.withResolvers<void>()
    const site = await open(
      async (hit, response) => {
        await all
        reply(response, 200, { 'Cache-Control': 'max-age=600' }, `for ${userOf(hit)}`)
      },
      { policy: stack(personal, definePolicy({})) },
    )
    const answers = Promise.all([alice, bob, alice, bob].map((fields) => seen(site, fields)))
    // Some wait for what others fetch.
    await until(() => site.stat('client_req') === 4 && site.origin.hits.length > 0)
    resolve()
    expect(await answers).toEqual(['for alice', 'for bob', 'for alice', 'for bob'])
  })

  it('shares among those who are let in what is the same for all, and with nobody else', async () => {
    const { shared, alice, bob } = await WAYS[name]!()
    const site = await behind(shared, 'max-age=600')
    expect([await seen(site, alice), await seen(site, bob), await seen(site, {})]).toEqual(['for somebody', 'for somebody', '401'])
    expect(site.origin.hits.length).toBe(1)
    const { headers } = site.origin.hits[0]!.message
    expect([headers.authorization, headers.cookie]).toEqual([undefined, undefined])
  })

  it('does not let anybody around it: HEAD, POST, ranges, conditions, restarts and fragments', async () => {
    const { shared, alice } = await WAYS[name]!()
    const site = await behind(shared, 'max-age=600')
    await seen(site, alice)
    const client = await site.connect()
    for (const request of [
      message('HEAD', '/account'),
      message('POST', '/account', {}, 'x'),
      message('GET', '/account', { Range: 'bytes=0-1' }),
      message('GET', '/account', { 'If-None-Match': '"somebody"' }),
      message('GET', 'http://www.example/account'),
      message('OPTIONS', '/account'),
    ])
      expect((await client.request(request, { head: request.startsWith('HEAD') })).status).toBe(401)
    client.destroy()
    expect(site.origin.hits.length).toBe(1)
  })
})

it('lets a page with fragments ask for each as the one who asked for the page', async () => {
  const { personal, alice, bob } = await WAYS['jwt']!()
  const policy = stack(personal, definePolicy({ backendResponse: ({ bereq, beresp }) => void (beresp.esi = bereq.url === '/account') }))
  const site = await open(
    (hit, response) =>
      reply(response, 200, { 'Cache-Control': 'max-age=600' }, hit.url === '/account' ? '<esi:include src="/who"/>' : `for ${userOf(hit)}`),
    { policy },
  )
  expect([await seen(site, alice), await seen(site, bob)]).toEqual(['for alice', 'for bob'])
})

it('tells each client its own share of a limit, on a page that all share', async () => {
  const limit = rateLimit({ limit: 10, period: 3600 })
  const policy = limit.policy({ fields: true, key: ({ req }) => req.headers.get('x-client') ?? null })
  const site = await open((_hit, response) => reply(response, 200, { 'Cache-Control': 'max-age=600' }, 'page'), { policy })
  const left = async (client: string): Promise<string | undefined> => (await site.get('/', { 'X-Client': client })).get('ratelimit')
  for (let i = 0; i < 5; i++) await left('alice')
  expect([await left('bob'), await left('alice')]).toEqual(['"default";r=9;t=360', '"default";r=4;t=360'])
  expect((await site.get('/')).get('ratelimit')).toBeUndefined()
})

it('shows no credentials in log or answer when a service cannot be asked', async () => {
  const auth = await neighbour((_request, response) => void response.writeHead(500).end())
  const policy = stack(forwardAuth({ url: `${auth.url}/?key=hidden` }).policy(), definePolicy({}))
  const site = await open((_hit, response) => reply(response, 200, {}), { policy })
  const answer = await site.get('/', { Authorization: 'Bearer hidden', Cookie: 'sid=hidden' })
  expect(answer.status).toBe(503)
  const shown = site.events.map(
    ({ fields, message: text }) => `${text} ${JSON.stringify(fields)} ${(fields['err'] as Error | undefined)?.message}`,
  )
  expect(shown.length).toBe(1)
  expect(`${shown.join()} ${answer.head} ${answer.body}`).not.toContain('hidden')
})
