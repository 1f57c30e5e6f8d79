/** `forwardAuth` over real sockets: what the service is told, what becomes of its answers, and what happens without it. */
import { expect, it } from 'vitest'
import { definePolicy, type ForwardAuthOptions, forwardAuth, type GateOptions, type Policy, stack } from '../../vcl-ts/index.ts'
import { type Answering, type Neighbour, neighbour } from '../support/neighbour.ts'
import { WORKERS } from '../support/serving.ts'
import { until } from '../support/until.ts'
import { always, open, type Site } from './site.ts'

const CACHED = { 'Cache-Control': 'max-age=600' }

const byCookie: Answering = (request, response) => {
  const user = /user=(\w+)/.exec(request.headers.cookie ?? '')?.[1]
  if (user === undefined) response.writeHead(401, { 'Content-Type': 'text/html', 'WWW-Authenticate': 'Form' }).end('<h1>Who are you?</h1>')
  else response.writeHead(200, { 'X-User': user, 'X-Secret': 'for nobody' }).end('ignored')
}

interface Guarded {
  readonly site: Site
  readonly auth: Neighbour
}

async function guarded(answer: Answering, options: Partial<ForwardAuthOptions> = {}, gate: GateOptions = {}): Promise<Guarded> {
  const auth = await neighbour(answer)
  const policy = forwardAuth({ url: `${auth.url}/verify?app=shop`, headers: ['X-User'], ...options }).policy(gate)
  return { auth, site: await open(always(CACHED), { policy: stack(policy as Policy, definePolicy({})) }) }
}

it('tells the service of the request, and the origin what the service says', async () => {
  const { site, auth } = await guarded(byCookie)
  const answer = await site.ask(
    'POST',
    '/cart?a=1',
    { Cookie: 'user=alice; x=1', 'X-User': 'root', Authorization: 'Basic YTpi', 'X-Other': '1' },
    'x',
  )
  expect(answer.status).toBe(200)
  const [asked] = auth.asked
  expect([asked?.method, asked?.url]).toEqual(['GET', '/verify?app=shop'])
  expect(asked?.headers).toMatchObject({
    'x-forwarded-method': 'POST',
    'x-forwarded-proto': 'http',
    'x-forwarded-host': 'www.example',
    'x-forwarded-uri': '/cart?a=1',
    'x-forwarded-for': '127.0.0.1',
    cookie: 'user=alice; x=1',
    authorization: 'Basic YTpi',
  })
  expect(asked?.headers).not.toHaveProperty('x-other')
  const { headers } = site.origin.hits[0]!.message
  expect([headers['x-user'], headers['x-secret'], headers.cookie]).toEqual(['alice', undefined, 'user=alice; x=1'])
})

it('hands a refusal on as it is, and asks no origin', async () => {
  const { site } = await guarded(byCookie)
  const answer = await site.get('/')
  expect([answer.status, answer.get('www-authenticate'), answer.get('content-type'), String(answer.body)]).toEqual([
    401,
    'Form',
    'text/html',
    '<h1>Who are you?</h1>',
  ])
  expect(answer.get('cache-control')).toBe('no-store')
  expect(site.origin.hits.length).toBe(0)
})

it('hands a redirect on with its cookies', async () => {
  const { site } = await guarded(
    (_request, response) =>
      void response.writeHead(302, { Location: 'https://id.test/login', 'Set-Cookie': ['a=1; Path=/', 'b=2, c'] }).end(),
  )
  const answer = await site.get('/')
  expect([answer.status, answer.get('location'), answer.getAll('set-cookie')]).toEqual([
    302,
    'https://id.test/login',
    ['a=1; Path=/', 'b=2, c'],
  ])
})

it.each([500, 404, 304, 418])('takes %i for a failure: 503, and the origin is not asked', async (status) => {
  const { site } = await guarded((_request, response) => void response.writeHead(status).end())
  const answer = await site.get('/', { Cookie: 'user=alice' })
  expect([answer.status, answer.get('retry-after')]).toEqual([503, '1'])
  expect(site.origin.hits.length).toBe(0)
  expect(site.events.map(({ message }) => message)).toEqual(['who is let in cannot be asked'])
})

it('answers 503 when the service is dead, or does not answer in time', async () => {
  const { site, auth } = await guarded(() => {})
  const slow = site.get('/')
  await until(() => auth.asked.length === 1)
  site.clock.advance(2000)
  expect((await slow).status).toBe(503)
  await until(() => auth.gone === 1)
  await auth.stop()
  expect((await site.get('/')).status).toBe(503)
  expect(site.origin.hits.length).toBe(0)
})

it('lets everybody in without the service where that was said, as nobody', async () => {
  const { site, auth } = await guarded(byCookie, { onFailure: 'allow' })
  await auth.stop()
  expect((await site.get('/', { 'X-User': 'root', Cookie: 'user=alice' })).status).toBe(200)
  expect(site.origin.hits[0]!.message.headers).not.toHaveProperty('x-user')
})

it('asks once for many who ask the same at once, and for each who asks something else', async () => {
  const held: (() => void)[] = []
  const { site, auth } = await guarded((request, response) => void held.push(() => byCookie(request, response)))
  const asking = ['alice', 'alice', 'alice', 'bob'].map((user) => site.get('/', { Cookie: `user=${user}` }))
  // Workers coalesce each for itself.
  await until(() => new Set(auth.asked.map(({ headers }) => headers.cookie)).size === 2)
  await until(() => site.stat('client_req') === 4)
  auth.answer = byCookie
  for (const answer of held) answer()
  expect((await Promise.all(asking)).map(({ status }) => status)).toEqual([200, 200, 200, 200])
  expect(auth.asked.length).toBeLessThanOrEqual(2 * WORKERS)
})

it('remembers a decision for as long as was said, for the same question only', async () => {
  const { site, auth } = await guarded(byCookie, { cacheFor: '10s' })
  const ask = async (path: string, user: string): Promise<number> => (await site.get(path, { Cookie: `user=${user}` })).status
  for (let i = 0; i < 8; i++) expect(await ask('/', 'alice')).toBe(200)
  const once = auth.asked.length
  expect(once).toBeLessThanOrEqual(WORKERS)
  await ask('/', 'bob')
  await ask('/other', 'alice')
  expect(auth.asked.length).toBe(once + 2)
  site.clock.advance(10_000)
  await ask('/', 'alice')
  expect(auth.asked.length).toBe(once + 3)
})

it('does not remember a redirect, nor what sets a cookie', async () => {
  const statuses = [302, 403]
  const { site, auth } = await guarded(
    (_request, response) => void response.writeHead(statuses.shift() ?? 200, { 'Set-Cookie': 'nonce=1', Location: '/' }).end(),
    { cacheFor: 60 },
  )
  for (let i = 0; i < 3; i++) await site.get('/')
  expect(auth.asked.length).toBe(3)
})
it('notices when the service is the cache itself', async () => {
  const first = await open(always(CACHED), { policy: definePolicy({}) })
  const site = await open(always(CACHED), { policy: forwardAuth({ url: `http://${first.address}/` }).policy() })
  expect((await site.get('/')).status).toBe(503)
  expect(first.origin.hits.length).toBe(0)
  expect(first.stat('client_req')).toBe(1)
})
