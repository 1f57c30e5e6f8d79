/** `basicAuth`: passwords, what is remembered of them, and what a client is told. */
import { beforeAll, describe, expect, it } from 'vitest'
import { hashPassword, isPassword, parseScrypt } from '../../../src/policy/services/scrypt.ts'
import { type PolicyTest, testPolicy } from '../../../src/testing/index.ts'
import { basicAuth, definePolicy, stack } from '../../../vcl-ts/index.ts'

const FRESH = { headers: { 'Cache-Control': 'max-age=60' }, body: 'page' }
const basic = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`

let users: Record<string, string>
beforeAll(async () => {
  users = { alice: await hashPassword('wonder:land'), zoë: await hashPassword('pässword') }
})

async function status(cache: PolicyTest, given: string | null, url = '/'): Promise<number> {
  return (await cache.request({ url, ...(given === null ? {} : { headers: { Authorization: given } }) })).status
}

describe('a password', () => {
  it('that is right lets its user in, colons and umlauts included', async () => {
    const cache = await testPolicy(basicAuth({ users }).policy(), { origin: FRESH })
    expect(await status(cache, basic('alice:wonder:land'))).toBe(200)
    expect(await status(cache, basic('zoë:pässword'))).toBe(200)
  })

  it.each([
    ['wrong', basic('alice:wonderland')],
    ['empty', basic('alice:')],
    ['of another user', basic('zoë:wonder:land')],
    ['of nobody', basic('bob:wonder:land')],
    ['of a name that every object has', basic('constructor:wonder:land')],
    ['of __proto__', basic('__proto__:wonder:land')],
    ['without colon', basic('alice')],
    ['in Latin-1', `Basic ${Buffer.from('zoë:pässword', 'latin1').toString('base64')}`],
    ['that is no base64', 'Basic ?'],
    ['in another scheme', 'Bearer YWxpY2U6d29uZGVyOmxhbmQ='],
    ['endless', basic(`alice:${'x'.repeat(5000)}`)],
    ['missing', null],
  ])('that is %s leads to 401 with a challenge', async (_title, given) => {
    const cache = await testPolicy(basicAuth({ users, realm: 'the "shop"' }).policy(), { origin: FRESH })
    const answer = await cache.request({ url: '/', ...(given === null ? {} : { headers: { Authorization: given } }) })
    expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([401, 'Basic realm="the \\"shop\\"", charset="UTF-8"'])
    expect(answer.headers.get('cache-control')).toBe('no-store')
    expect(answer.trace.origin).toEqual([])
  })

  it('is hashed with a salt, and compared in the form that is stored', async () => {
    const [one, two] = [await hashPassword('a'), await hashPassword('a')]
    expect(one).toMatch(/^\$scrypt\$ln=15,r=8,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/)
    expect(one).not.toBe(two)
    expect(await isPassword('a', parseScrypt(two)!)).toBe(true)
    expect(await isPassword('b', parseScrypt(two)!)).toBe(false)
  })

  it('has the hash of RFC 7914', async () => {
    const hash = Buffer.from(
      'fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b3731622eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640',
      'hex',
    )
    const text = `$scrypt$ln=10,r=8,p=16$${Buffer.from('NaCl').toString('base64')}$${hash.toString('base64')}`.replaceAll('=$', '$')
    expect(await isPassword('password', parseScrypt(text.replace(/=+$/, ''))!)).toBe(true)
  })
})

describe('what was found', () => {
  it('is remembered for a minute, wrong passwords for ten seconds, and asked once for many', async () => {
    const asked: string[] = []
    const service = basicAuth({
      verify: async (name, password) => {
        asked.push(`${name}:${password}`)
        await Promise.resolve()
        return password === 'right'
      },
    })
    const cache = await testPolicy(service.policy(), { origin: FRESH })
    const all = await Promise.all(Array.from({ length: 5 }, () => status(cache, basic('a:right'))))
    expect(all).toEqual([200, 200, 200, 200, 200])
    for (const given of ['a:wrong', 'a:wrong', 'a:right', 'b:right']) await status(cache, basic(given))
    expect(asked).toEqual(['a:right', 'a:wrong', 'b:right'])
    await cache.advance(11)
    expect([await status(cache, basic('a:right')), await status(cache, basic('a:wrong'))]).toEqual([200, 401])
    expect(asked.splice(3)).toEqual(['a:wrong'])
    await cache.advance(50)
    await status(cache, basic('a:right'))
    expect(asked.splice(3)).toEqual(['a:right'])
  })

  it('is told apart by name and password, not by both together', async () => {
    const cache = await testPolicy(basicAuth({ verify: (name) => name === 'ab' }).policy(), { origin: FRESH })
    expect([await status(cache, basic('ab:c')), await status(cache, basic('a:bc'))]).toEqual([200, 401])
  })

  it('is not looked for when too many wait: 503', async () => {
    const gates: (() => void)[] = []
    const service = basicAuth({ verify: () => new Promise<boolean>((resolve) => gates.push(() => resolve(true))) })
    const cache = await testPolicy(service.policy(), { origin: FRESH })
    const waiting = Array.from({ length: 102 }, (_, i) => status(cache, basic(`user ${i}:x`)))
    await new Promise((resolve) => setImmediate(resolve))
    expect(await status(cache, basic('one more:x'))).toBe(503)
    for (let opened = 0; opened < 102; opened++) {
      gates.shift()?.()
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(new Set(await Promise.all(waiting))).toEqual(new Set([200]))
  })

  it('fails the hook when who is asked throws', async () => {
    const service = basicAuth({ verify: () => Promise.reject(new Error('down')) })
    const cache = await testPolicy(service.policy(), { origin: FRESH })
    expect(await status(cache, basic('a:b'))).toBe(503)
    expect(await status(cache, basic('a:b'))).toBe(503)
  })
})

describe('the origin', () => {
  it('gets the name in a field that the client cannot set, and the password unless it is not to', async () => {
    const cache = await testPolicy(basicAuth({ users }).policy({ field: 'X-User', forward: false }), { origin: FRESH })
    const { trace } = await cache.request({ url: '/', headers: { Authorization: basic('zoë:pässword'), 'X-User': 'root' } })
    const { headers } = trace.origin[0]!
    expect([headers.get('x-user'), headers.get('authorization')]).toEqual(['zo%C3%AB', undefined])
    expect(trace.class).toBe('credentialed')
  })

  it('is not told by a client that writes the field as CGI reads it', async () => {
    const cache = await testPolicy(basicAuth({ users }).policy({ field: 'X-Auth-User' }), { origin: FRESH })
    const headers = { Authorization: basic('alice:wonder:land'), X_Auth_User: 'root', 'X-Auth_user': 'root', X_Other: '1' }
    const { trace } = await cache.request({ url: '/', headers })
    const sent = Array.from(trace.origin[0]!.headers, ([name, value]) => `${name}: ${value}`).filter((line) =>
      /^x.(?:auth|other)/i.test(line),
    )
    expect(sent).toEqual(['X_Other: 1', 'X-Auth-User: alice'])
  })

  it('is not told by a client whom nobody asked', async () => {
    const cache = await testPolicy(basicAuth({ users }).policy({ field: 'X-User', when: ({ req }) => req.path !== '/open' }), {
      origin: FRESH,
    })
    const { trace, status } = await cache.request({ url: '/open', headers: { 'X-User': 'root' } })
    expect([status, trace.origin[0]!.headers.get('x-user')]).toEqual([200, undefined])
  })

  it('lets a request that begins again in, although its password is gone', async () => {
    const policy = stack(
      basicAuth({ users }).policy({ forward: false }),
      definePolicy({ recv: ({ req, restart }) => (req.restarts === 0 ? restart() : undefined) }),
    )
    const cache = await testPolicy(policy, { origin: FRESH })
    expect(await status(cache, basic('alice:wonder:land'))).toBe(200)
  })
})

describe('options', () => {
  it.each([
    [{}, /either users or verify/],
    [{ users: {}, verify: () => true }, /either users or verify/],
    [{ users: { alice: 'secret' } }, /alice is not hashed with scrypt; clearcoat hash-password/],
    [{ users: { 'a:b': '' } }, /cannot be a user name/],
    [{ users: { a: `$scrypt$ln=30,r=8,p=1$${'A'.repeat(22)}$${'A'.repeat(43)}` } }, /more than a server can do/],
    [{ users: { a: `$scrypt$ln=4,r=8,p=1$${'A'.repeat(22)}$${'A'.repeat(43)}` } }, /too little/],
  ])('%j are refused', (options, why) => {
    expect(() => basicAuth(options as never)).toThrow(why)
  })

  it('that would share what was made for one are refused', () => {
    expect(() => basicAuth({ users }).policy({ shared: true })).toThrow(/forward: false/)
    expect(() => basicAuth({ users }).policy({ shared: true, forward: false, field: 'X-User' })).toThrow(/X-User/)
  })
})
