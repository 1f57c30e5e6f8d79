import { afterEach, describe, expect, test } from 'vitest'
import type { RawClient } from '../support/raw-client.ts'
import { WORKERS } from '../support/serving.ts'
import { until } from '../support/until.ts'
import { type Ask, type Fields, gate, PERSONAL, type Reply, type Rig, requestOf, type Seen, start } from './rig.ts'

let rig: Rig
afterEach(() => rig.close())

const FRESH = ['Cache-Control', 'max-age=3600'] as const
const WAITERS = 30

/** `count` requests of which all but the first wait for the first one's fetch, which the origin holds. */
async function queue(count: number, ask: (i: number) => Ask = () => ({}), target: string = '/'): Promise<RawClient[]> {
  const clients = await Promise.all(Array.from({ length: count }, () => rig.client()))
  const [leader] = clients as [RawClient]
  leader.send(requestOf(target, ask(0)))
  await until(() => rig.seen.length === 1, 'the leader’s fetch')
  for (const [i, client] of clients.slice(1).entries()) client.send(requestOf(target, ask(i + 1)))
  await until(() => rig.stat('busy_sleep') === count - 1, 'the waiters')
  expect(rig.seen).toHaveLength(1)
  return clients
}

describe('those who wait for one fetch', () => {
  test.each<[string, Fields]>([
    ['public', [['Cache-Control', 'public, max-age=60']]],
    ['fresh', [FRESH]],
    [
      'already stale',
      [
        ['Cache-Control', 'max-age=0'],
        ['ETag', '"1"'],
      ],
    ],
    [
      'no-cache',
      [
        ['Cache-Control', 'no-cache'],
        ['ETag', '"1"'],
      ],
    ],
  ])('are all served by an answer that is %s', async (_title, fields) => {
    const held = gate()
    rig = await start((seen) => ({ fields, body: `#${seen.number}`, after: held.opened }))
    const clients = await queue(WAITERS)
    held.open()
    for (const client of clients) expect((await client.response()).body.toString()).toBe('#1')
    expect(rig.seen).toHaveLength(1)
  })

  test('get the body while it arrives', async () => {
    const rest = gate()
    rig = await start(() => ({ fields: [FRESH], body: 'first half, second half', half: rest.opened }))
    const clients = await Promise.all(Array.from({ length: WAITERS }, () => rig.client()))
    for (const client of clients) client.send(requestOf('/', {}))
    await until(() => clients.every((client) => client.total.includes('first half')), 'the first half for everybody')
    rest.open()
    for (const client of clients) expect((await client.response()).body.toString()).toBe('first half, second half')
    expect(rig.seen).toHaveLength(1)
  })

  test('are judged anew when the answer varies by what they do not share', async () => {
    const held = gate()
    rig = await start((seen) => ({ fields: [FRESH, ['Vary', 'X-Lang']], body: String(seen.get('x-lang')), after: held.opened }))
    const languages = ['de', 'en', 'fr']
    const clients = await queue(WAITERS, (i) => ({ fields: [['X-Lang', languages[i % 3] as string]] }))
    held.open()
    for (const [i, client] of clients.entries()) expect((await client.response()).body.toString()).toBe(languages[i % 3])
    expect(rig.seen).toHaveLength(3)
  })

  const UNSHAREABLE: readonly (readonly [title: string, fields: Fields, request: Fields])[] = [
    ['private', [['Cache-Control', 'private, max-age=60']], []],
    ['no-store', [['Cache-Control', 'no-store']], []],
    ['setting a cookie', [FRESH, ['Set-Cookie', 'session=1']], []],
    ['bound to Authorization', [FRESH], [['Authorization', 'Basic x']]],
    ['bound to a cookie', [FRESH], [['Cookie', 'session=x']]],
    ['varying by everything', [FRESH, ['Vary', '*']], []],
  ]

  test.each(UNSHAREABLE)('get nothing of an answer that proves %s: each fetches, all at once', async (_title, fields, request) => {
    const leader = gate()
    const others = gate()
    rig = await start((seen) => ({
      fields,
      body: `${PERSONAL} ${seen.get('x-person')}`,
      after: seen.number === 1 ? leader.opened : others.opened,
    }))
    const clients = await queue(WAITERS, (i) => ({ fields: [...request, ['X-Person', String(i)]] }))
    leader.open()
    // None of them has its answer yet, so they are under way together.
    await until(() => rig.seen.length === WAITERS, 'a fetch for each')
    others.open()
    for (const [i, client] of clients.entries()) expect((await client.response()).body.toString()).toBe(`${PERSONAL} ${i}`)
    expect(rig.stat('n_object')).toBe(0)
  })

  test('never wait for somebody with credentials when they have none, nor learn from what that one got', async () => {
    const held = gate()
    rig = await start((seen) => {
      const person = seen.get('cookie')
      return person === undefined
        ? { fields: [FRESH], body: 'for all' }
        : { fields: [['Cache-Control', 'private']], body: `${PERSONAL} ${person}`, after: held.opened }
    })
    const alice = await rig.client()
    alice.send(requestOf('/', { fields: [['Cookie', 'session=alice']] }))
    await until(() => rig.seen.length === 1, 'the fetch of the one with a cookie')
    expect((await rig.get('/')).body.toString()).toBe('for all')
    expect((await rig.get('/')).get('x-cache')).toBe('HIT')
    held.open()
    expect((await alice.response()).body.toString()).toBe(`${PERSONAL} session=alice`)
    expect((await rig.get('/')).get('x-cache')).toBe('HIT')
  })

  test('try once more when the fetch fails, and then share the failure', async () => {
    const held = gate()
    rig = await start(() => ({ breaks: true, after: held.opened }))
    const clients = await queue(WAITERS)
    held.open()
    for (const client of clients) expect((await client.response()).status).toBe(502)
    // A GET on a connection that was used before may be sent once more; each of two fetches at most twice.
    expect(rig.seen.length).toBeLessThanOrEqual(4)
  })
})

describe('a leader', () => {
  test.each(['reset', 'end', 'destroy'] as const)('that goes away by %s before the answer harms nobody who waits', async (how) => {
    const held = gate()
    rig = await start((seen) => ({ fields: [FRESH], body: `#${seen.number}`, after: held.opened }))
    const clients = await queue(WAITERS)
    clients[0]?.[how]()
    if (how === 'reset') await until(() => rig.stat('client_left') + rig.stat('sess_closed') > 0, 'the leader’s end')
    held.open()
    for (const client of clients.slice(1)) expect((await client.response()).body.toString()).toBe('#1')
    expect(rig.seen).toHaveLength(1)
    expect((await rig.get('/')).get('x-cache')).toBe('HIT')
  })

  test('that goes away in the middle of the body harms nobody who reads it', async () => {
    const rest = gate()
    rig = await start(() => ({ fields: [FRESH], body: 'first half, second half', half: rest.opened }))
    const [leader, ...others] = (await Promise.all(Array.from({ length: WAITERS }, () => rig.client()))) as [RawClient, ...RawClient[]]
    leader.send(requestOf('/', {}))
    await until(() => leader.total.includes('first half'), 'the leader’s first half')
    for (const client of others) client.send(requestOf('/', {}))
    await until(() => others.every((client) => client.total.includes('first half')), 'the others’ first half')
    leader.reset()
    await until(() => rig.stat('client_left') > 0, 'the leader’s end')
    rest.open()
    for (const client of others) expect((await client.response()).body.toString()).toBe('first half, second half')
    expect(rig.seen).toHaveLength(1)
  })

  test('that goes away alone leaves the object to later clients', async () => {
    const rest = gate()
    rig = await start(() => ({ fields: [FRESH], body: 'first half, second half', half: rest.opened }))
    const leader = await rig.client()
    leader.send(requestOf('/', {}))
    await until(() => leader.total.includes('first half'), 'the first half')
    leader.reset()
    await until(() => rig.stat('client_left') > 0, 'the leader’s end')
    rest.open()
    await until(() => rig.stat('n_object') === 1, 'the stored object')
    expect((await rig.get('/')).body.toString()).toBe('first half, second half')
    expect(rig.seen).toHaveLength(1)
  })

  test('that reads nothing of a large body keeps nobody waiting', async () => {
    const large = Buffer.alloc(4 * 1024 * 1024, 'x')
    rig = await start(() => ({ fields: [FRESH], body: large }), { memory: 256 * 1024 * 1024 })
    const leader = await rig.client()
    leader.socket.pause()
    leader.send(requestOf('/', {}))
    await until(() => rig.seen.length === 1, 'the leader’s fetch')
    for (let i = 0; i < 3; i++) expect((await rig.get('/')).body).toHaveLength(large.length)
    expect(rig.seen).toHaveLength(1)
  })

  test('that reads nothing of a body too large to store keeps nobody waiting', async () => {
    const large = Buffer.alloc(3 * 1024 * 1024, 'x')
    rig = await start(() => ({ fields: [FRESH], body: large, chunked: true }), { maxObject: 512 * 1024 })
    const leader = await rig.client()
    leader.socket.pause()
    leader.send(requestOf('/', {}))
    await until(() => rig.seen.length === 1, 'the leader’s fetch')
    for (let i = 0; i < 2; i++) expect((await rig.get('/')).body).toHaveLength(large.length)
    expect(rig.stat('n_object')).toBe(0)
  })

  test('whose origin never answers: the wait ends with the fetch’s deadline', async () => {
    const never = gate()
    rig = await start(() => ({ fields: [FRESH], body: 'x', after: never.opened }))
    const clients = await queue(WAITERS)
    // First byte: 60 s. One of the waiters may try again in their name, but nobody waits longer than the deadline in all.
    rig.clock.advance(60_500)
    for (const client of clients) expect((await client.response()).status).toBeGreaterThanOrEqual(502)
    never.open()
  })
})

describe('a flood', () => {
  test('of one URL costs one fetch, whatever the number of connections', async () => {
    const held = gate()
    rig = await start((seen: Seen): Reply => ({ fields: [FRESH], body: `#${seen.number}`, after: held.opened }))
    const clients = await queue(300)
    held.open()
    for (const client of clients) expect((await client.response()).body.toString()).toBe('#1')
    expect([rig.seen.length, rig.stat('busy_wakeup')]).toEqual([1, 299])
  })

  // Of each worker; `test/journey/coalescing.test.ts` fills the queues of all.
  test.runIf(WORKERS === 1)('beyond the number that may wait is refused with Retry-After, not queued', async () => {
    const held = gate()
    rig = await start(() => ({ fields: [FRESH], body: 'x', after: held.opened }), { limits: { waiters: 10 } })
    const clients = await queue(11)
    const refused = await rig.get('/')
    expect([refused.status, refused.get('retry-after')]).toEqual([503, '1'])
    held.open()
    for (const client of clients) expect((await client.response()).status).toBe(200)
  })
})
