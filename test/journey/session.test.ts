/** `session` over real sockets: who is let in, where the others are sent, and where they can never be sent. */
import { describe, expect, it } from 'vitest'
import { definePolicy, localAddress, memo, type SessionOptions, session, stack } from '../../vcl-ts/index.ts'
import { always, open, type Site } from './site.ts'

const CACHED = { 'Cache-Control': 'max-age=600' }

function guarded(options: Partial<SessionOptions> = {}): Promise<Site> {
  return open(always(CACHED), { policy: stack(session({ cookie: 'sid', allow: (sid) => sid === 'good', ...options }), definePolicy({})) })
}

it('lets in who has a good session, and nobody else', async () => {
  const site = await guarded()
  const status = async (fields: Record<string, string>): Promise<number> => (await site.get('/', fields)).status
  expect(await status({ Cookie: 'a=1; sid=good' })).toBe(200)
  for (const cookie of ['sid=bad', 'sid=', 'SID=good', 'xsid=good', 'sid=bad; sid=good']) expect(await status({ Cookie: cookie })).toBe(401)
  const denied = await site.get('/')
  expect([denied.status, denied.get('www-authenticate'), denied.get('cache-control')]).toEqual([
    401,
    'Cookie realm="session", cookie-name="sid"',
    'no-store',
  ])
  expect(site.origin.hits.length).toBe(1)
})

it('sends who has none to the page for logging in, with the way back, and leaves that page open', async () => {
  const site = await guarded({ login: '/login' })
  const sent = await site.get('/cart?a=1&b=%20')
  expect([sent.status, sent.get('location')]).toEqual([302, '/login?return=%2Fcart%3Fa%3D1%26b%3D%2520'])
  expect((await site.get('/login?return=%2Fcart')).status).toBe(200)
  expect((await site.ask('POST', '/cart', {}, 'x')).status).toBe(401)
})

it('sends nobody to another host', async () => {
  const site = await guarded({ login: '/login' })
  const sentTo = async (target: string): Promise<string | undefined> => (await site.get(target)).get('location')
  expect(await sentTo('//evil.test/a')).toBe('/login?return=%2F')
  expect(await sentTo('/\t/evil.test')).toBeUndefined()
  expect(await sentTo('/a//evil.test')).toBe('/login?return=%2Fa%2F%2Fevil.test')
  const away = await guarded({ login: 'https://id.test/login?app=1', returnTo: 'to' })
  expect((await away.get('/a')).get('location')).toBe('https://id.test/login?app=1&to=http%3A%2F%2Fwww.example%2Fa')
  expect((await away.get('//evil.test')).get('location')).toBe('https://id.test/login?app=1&to=http%3A%2F%2Fwww.example%2F')
})

it('may ask somebody, who is asked once for many requests', async () => {
  const asked: string[] = []
  const sessions = memo({ key: (sid: string) => sid, ttl: '1m' }, async (sid) => {
    asked.push(sid)
    return sid.startsWith('good')
  })
  const policy = stack(session({ cookie: 'sid', allow: (sid) => sessions.get(sid) }), definePolicy({ services: { sessions } }))
  const site = await open(always(CACHED), { policy })
  const status = async (sid: string): Promise<number> => (await site.get('/', { Cookie: `sid=${sid}` })).status
  expect([await status('good1'), await status('good1'), await status('bad'), await status('good2')]).toEqual([200, 200, 401, 200])
  expect(asked).toEqual(['good1', 'bad', 'good2'])
})

it('keeps the cookie from the origin and lets all who are let in share, where that was said', async () => {
  const site = await guarded({ forward: false, shared: true })
  for (const other of ['', '; _ga=1']) expect((await site.get('/', { Cookie: `sid=good${other}` })).status).toBe(200)
  expect(site.origin.hits.length).toBe(1)
  expect(site.origin.hits[0]!.message.headers).not.toHaveProperty('cookie')
  expect((await site.get('/')).status).toBe(401)
})

describe('localAddress', () => {
  it.each(['/', '/a?b=c', '/a//b', '/a?to=https://x.test/', "/it's(1)"])('keeps %s', (address) => {
    expect(localAddress(address)).toBe(address)
  })

  it.each([
    '//evil.test',
    '/\\evil.test',
    '\\/evil.test',
    'https://evil.test/',
    'javascript:alert(1)',
    '/\t/evil.test',
    '/\n/evil.test',
    ' //evil.test',
    '/a\r\nSet-Cookie: a=1',
    '/a\\b',
    '',
    'a',
    '/ü',
  ])('refuses %j', (address) => {
    expect(localAddress(address, '/home')).toBe('/home')
  })
})

it.each([
  [{ cookie: 'a b' }, /not the name of a cookie/],
  [{ allow: true }, /function/],
  [{ login: '//evil.test/' }, /neither a path/],
  [{ login: 'login' }, /neither a path/],
  [{ login: 'javascript:alert(1)' }, /neither a path/],
  [{ login: 'https://id.test/#a' }, /neither a path/],
  [{ shared: true }, /forward: false/],
])('refuses %j', (options, why) => {
  expect(() => session({ cookie: 'sid', allow: () => true, ...(options as Partial<SessionOptions>) })).toThrow(why)
})
