/** Names of origins: resolved as often as their records say, all addresses used, what was good kept when DNS fails. Real DNS, real sockets. */
import { describe, expect, onTestFinished, test } from 'vitest'
import { ManualClock } from '../../src/clock.ts'
import { Counters } from '../../src/counters.ts'
import type { Origin } from '../../src/origin/exchange.ts'
import type { Answer, Names } from '../../src/origin/names.ts'
import { createOrigins } from '../../src/origin/registry.ts'
import { type BackendOptions, backend } from '../../vcl-ts/backend.ts'
import { ByteOrigin } from '../support/byte-origin.ts'
import { DnsServer, type Zone } from '../support/dns-server.ts'
import { ask, begin, eventually, get, namesFor, ok, settingsFor, turns } from './rig.ts'

const MINUTE = 60_000
const CONNECT = { connect: 3.5, firstByte: 60, betweenBytes: 60 }

/** Servers on the same port of several loopback addresses; each answers with its address. */
async function servers(...addresses: readonly string[]): Promise<{ port: number; at: Record<string, ByteOrigin> }> {
  for (;;) {
    const at: Record<string, ByteOrigin> = {}
    try {
      for (const host of addresses)
        at[host] = await ByteOrigin.answering(() => ok(host), null, { host, port: Object.values(at)[0]?.port ?? 0 })
    } catch (error) {
      await Promise.all(Object.values(at).map((server) => server.close()))
      if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') continue
      throw error
    }
    onTestFinished(() => Promise.all(Object.values(at).map((server) => server.close())).then(() => {}))
    return { port: Object.values(at)[0]!.port, at }
  }
}

interface Named {
  readonly dns: DnsServer
  readonly clock: ManualClock
  readonly counters: Counters
  readonly names: Names
  readonly events: string[]
  origin(url: string, options?: BackendOptions): Origin
}

async function named(zones: Readonly<Record<string, Zone>> = {}): Promise<Named> {
  const dns = await DnsServer.start()
  for (const [name, zone] of Object.entries(zones)) dns.set(name, zone)
  const clock = new ManualClock()
  const counters = new Counters()
  const events: string[] = []
  const note = (fields: Readonly<Record<string, unknown>>, text: string): void => void events.push(`${fields['name']}: ${text}`)
  const names = namesFor(clock, [dns.address], { info: note, warn: note, error: note })
  const origins = createOrigins({ names, settings: settingsFor({}), clock, counters, oddStatus: 'fail' })
  onTestFinished(async () => {
    origins.stop()
    await dns.close()
  })
  return { dns, clock, counters, names, events, origin: (url, options) => origins.of(backend(url, options)) }
}

/** Asks on a new connection each time, and tells who answered, or why nobody did. */
async function who(origin: Origin): Promise<string> {
  const asked = await ask(origin, get('/', { fieldLines: 'Host: a\r\n' }))
  return asked.failure?.code ?? asked.text
}

/** Lets the clock move, and waits until DNS has been asked so often in all. */
async function later({ clock, dns }: Named, ms: number, queries: number): Promise<void> {
  clock.advance(ms)
  await eventually(() => dns.queries.length >= queries)
}

const single = { proxyHeader: 1 } as const // one connection a request

test('all addresses of a name are used in turn, and DNS is asked once', async () => {
  const { port } = await servers('127.0.0.1', '127.0.0.2', '127.0.0.3')
  const rig = await named({ 'app.test': { addresses: ['127.0.0.3', '127.0.0.1', '127.0.0.2'] } })
  const origin = rig.origin(`http://app.test:${port}`, single)
  const seen: string[] = []
  for (let i = 0; i < 6; i++) seen.push(await who(origin))
  expect(seen.toSorted()).toEqual(['127.0.0.1', '127.0.0.1', '127.0.0.2', '127.0.0.2', '127.0.0.3', '127.0.0.3'])
  expect(new Set(seen.slice(0, 3)).size).toBe(3)
  expect(rig.dns.queries.toSorted()).toEqual(['A app.test', 'AAAA app.test'])
})

test('addresses of both families are used', async () => {
  const { names } = await named({ 'app.test': { addresses: ['127.0.0.1', '::1', 'fd00::5'] } })
  const told = new Promise<string[]>((resolve) => names.watch('app.test', ({ addresses }) => resolve(addresses.map(({ host }) => host))))
  names.want('app.test')
  expect(await told).toEqual(['127.0.0.1', '::1', 'fd00::5'])
})

test('requests that come while a name is being resolved wait for one resolution', async () => {
  const { port } = await servers('127.0.0.1')
  const rig = await named({ 'app.test': { addresses: ['127.0.0.1'] } })
  const origin = rig.origin(`http://app.test:${port}`)
  const all = Array.from({ length: 50 }, () => begin(origin, get('/')))
  await Promise.all(all.map(({ over }) => over))
  expect(all.every(({ text }) => text === '127.0.0.1')).toBe(true)
  expect(rig.dns.queries).toHaveLength(2)
})

test('a long answer is fetched over TCP', async () => {
  const { port } = await servers('127.0.0.1')
  const rig = await named({ 'app.test': { addresses: ['127.0.0.1'], truncated: true } })
  expect(await who(rig.origin(`http://app.test:${port}`))).toBe('127.0.0.1')
  expect(rig.dns.queries).toContain('tcp A app.test')
})

test('a change is adopted when the TTL is over and not before; old connections serve what is under way and nothing else', async () => {
  const { port, at } = await servers('127.0.0.1', '127.0.0.2')
  const rig = await named({ 'app.test': { addresses: ['127.0.0.1'], ttl: 30 } })
  const origin = rig.origin(`http://app.test:${port}`)
  // One connection that stays busy, one that is idle.
  const slow = begin(origin, get('/slow', { method: 'POST', body: { length: 1, read: () => ({ resume() {}, cancel() {} }) } }))
  await eventually(() => at['127.0.0.1']!.connections.length === 1)
  expect(await who(origin)).toBe('127.0.0.1')
  rig.dns.set('app.test', { addresses: ['127.0.0.2'], ttl: 30 })
  rig.clock.advance(29_999)
  expect(await who(origin)).toBe('127.0.0.1')
  expect(rig.dns.queries).toHaveLength(2)
  await later(rig, 1, 4)
  await at['127.0.0.1']!.connections[1]!.closed
  expect(await who(origin)).toBe('127.0.0.2')
  expect(slow.outcome).toBe('pending')
  expect(at['127.0.0.1']!.connections[0]!.ended).toBe(false)
  // Its answer is delivered, and the connection is not kept.
  at['127.0.0.1']!.connections[0]!.send(ok('slow'))
  await slow.over
  expect(slow.text).toBe('slow')
  await at['127.0.0.1']!.connections[0]!.closed
  expect(await who(origin)).toBe('127.0.0.2')
  expect(at['127.0.0.2']!.connections).toHaveLength(1)
})

test.each([
  [0, 1000],
  [7, 7000],
  [4_000_000, 3_600_000],
])('a TTL of %s s is asked again after %s ms', async (ttl, ms) => {
  const rig = await named({ 'app.test': { addresses: ['127.0.0.9'], ttl } })
  let told = 0
  rig.names.watch('app.test', () => {
    told++
    rig.names.want('app.test')
  })
  rig.names.want('app.test')
  await eventually(() => told === 1)
  for (let round = 2; round <= 4; round++) {
    rig.clock.advance(ms - 1)
    expect(rig.dns.queries).toHaveLength(2 * (round - 1))
    rig.clock.advance(1)
    await eventually(() => told === round)
    expect(rig.dns.queries).toHaveLength(2 * round)
  }
})

test('a name that nobody uses is not asked for, and is asked for first when somebody does again', async () => {
  const { port, at } = await servers('127.0.0.1', '127.0.0.2')
  const rig = await named({ 'app.test': { addresses: ['127.0.0.1'], ttl: 10 } })
  const origin = rig.origin(`http://app.test:${port}`, single)
  expect(await who(origin)).toBe('127.0.0.1')
  await eventually(() => at['127.0.0.1']!.connections[0]!.socket.destroyed || at['127.0.0.1']!.connections[0]!.ended)
  let answers = 0
  rig.names.watch('app.test', () => void answers++)
  rig.clock.advance(10_000)
  await eventually(() => answers === 1)
  expect(rig.dns.queries).toHaveLength(4)
  for (let i = 0; i < 100; i++) rig.clock.advance(10_000)
  expect(rig.dns.queries).toHaveLength(4)
  rig.dns.set('app.test', { addresses: ['127.0.0.2'] })
  expect(await who(origin)).toBe('127.0.0.2')
})

describe.each([
  ['NXDOMAIN', { trouble: 'NXDOMAIN' }],
  ['SERVFAIL', { trouble: 'SERVFAIL' }],
  ['REFUSED', { trouble: 'REFUSED' }],
  ['no address', { addresses: [] }],
  ['silence', { trouble: 'silence' }],
] as const)('when DNS answers with %s', (what, zone: Zone) => {
  test('the last good addresses are used for ten minutes behind their time, then the fetch fails; it recovers at once', async () => {
    const { port } = await servers('127.0.0.1', '127.0.0.2')
    const rig = await named({ 'app.test': { addresses: ['127.0.0.1'], ttl: 20 } })
    const origin = rig.origin(`http://app.test:${port}`, single)
    expect(await who(origin)).toBe('127.0.0.1')
    rig.dns.set('app.test', zone)
    let answer: Answer | null = null
    rig.names.watch('app.test', (next) => {
      answer = next
    })
    /** Moves to the next resolution, and to its outcome. */
    const resolved = async (ms: number): Promise<Answer> => {
      answer = null
      const asked = rig.dns.queries.length
      rig.clock.advance(ms)
      await eventually(() => rig.dns.queries.length > asked)
      if (zone.trouble === 'silence') rig.clock.advance(5000)
      await eventually(() => answer !== null)
      return answer as unknown as Answer
    }
    let state = (await resolved(20_000)).state
    let rounds = 1
    for (let pause = 1000; state === 'known'; pause = Math.min(2 * pause, 5000)) {
      expect(await who(origin)).toBe('127.0.0.1')
      rounds++
      ;({ state } = await resolved(Math.min(pause, 20_000 + 10 * MINUTE - rig.clock.now())))
    }
    expect(state).toBe('unknown')
    expect(rig.clock.now()).toBeGreaterThanOrEqual(20_000 + 10 * MINUTE)
    expect(rig.clock.now()).toBeLessThanOrEqual(20_000 + 10 * MINUTE + 5000)
    expect(rounds).toBeLessThan(130)
    expect(await who(origin)).toBe('dns')
    expect(rig.counters.reasonCount('fetch_fail', 'dns')).toBe(1)
    expect(rig.events).toEqual(['app.test: a name is not resolved'])
    rig.dns.set('app.test', { addresses: ['127.0.0.2'], ttl: 20 })
    answer = null
    await turns()
    rig.clock.advance(5000)
    await eventually(() => answer !== null)
    expect(await who(origin)).toBe('127.0.0.2')
    expect(rig.events).toEqual(['app.test: a name is not resolved', 'app.test: a name is resolved again'])
  })

  test('a name that never was good fails every request at once, and is asked for a few times only', async () => {
    const rig = await named({ 'app.test': zone })
    const origin = rig.origin('http://app.test')
    const first = Array.from({ length: 20 }, () => begin(origin, get('/', { deadlines: { ...CONNECT, connect: 60 } })))
    if (what === 'silence') {
      await eventually(() => rig.dns.queries.length >= 2)
      rig.clock.advance(5000)
    }
    await Promise.all(first.map(({ over }) => over))
    expect(new Set(first.map(({ outcome }) => outcome))).toEqual(new Set(['dns']))
    expect(first[0]!.failure!.message).toContain('app.test')
    const asked = rig.dns.queries.length
    for (let i = 0; i < 50; i++) expect(await who(origin)).toBe('dns')
    expect(rig.dns.queries.length - asked).toBeLessThanOrEqual(what === 'silence' ? 4 : 0)
  })
})

test('a name that flaps between an address and nothing serves every request', async () => {
  const { port } = await servers('127.0.0.1')
  const rig = await named({ 'app.test': { addresses: ['127.0.0.1'], ttl: 1 } })
  const origin = rig.origin(`http://app.test:${port}`, single)
  for (let round = 0; round < 20; round++) {
    expect(await who(origin)).toBe('127.0.0.1')
    rig.dns.set('app.test', round % 2 === 0 ? { trouble: 'NXDOMAIN' } : { addresses: ['127.0.0.1'], ttl: 1 })
    await later(rig, 1000, 2 * round + 4)
  }
  expect(rig.dns.queries.length).toBeLessThanOrEqual(2 * 22)
})

test('an address that refuses is passed over within the request, and by those that follow, for ten seconds', async () => {
  const { port, at } = await servers('127.0.0.1', '127.0.0.2')
  const rig = await named({ 'app.test': { addresses: ['127.0.0.1', '127.0.0.2', '127.0.0.4'], ttl: 3000 } })
  const origin = rig.origin(`http://app.test:${port}`, single)
  const seen: string[] = []
  for (let i = 0; i < 6; i++) seen.push(await who(origin))
  expect(seen.filter((text) => text === '127.0.0.1' || text === '127.0.0.2')).toHaveLength(6)
  expect(rig.counters.get('fetch_failed')).toBe(0)
  await at['127.0.0.1']!.close()
  for (let i = 0; i < 4; i++) expect(await who(origin)).toBe('127.0.0.2')
  await at['127.0.0.2']!.close()
  const failed = await ask(origin, get('/', { method: 'POST' }))
  expect([failed.outcome, failed.failure!.untouched]).toEqual(['connect_refused', true])
})

test('an address that goes on refusing is tried less and less often, and each time counts as a failed connection', async () => {
  const { port } = await servers('127.0.0.2')
  const rig = await named({ 'app.test': { addresses: ['127.0.0.1', '127.0.0.2'], ttl: 3000 } })
  const origin = rig.origin(`http://app.test:${port}`, single)
  const tries: number[] = []
  for (let second = 0; second <= 700; second += 10) {
    const before = rig.counters.get('backend_fail')
    for (let i = 0; i < 4; i++) expect(await who(origin)).toBe('127.0.0.2')
    if (rig.counters.get('backend_fail') > before) tries.push(second)
    rig.clock.advance(10_000)
  }
  expect(tries).toEqual([0, 10, 30, 70, 150, 310, 630])
  expect(rig.counters.get('backend_fail')).toBe(tries.length)
  expect(rig.counters.get('fetch_failed')).toBe(0)
})

test('an address that swallows everything leaves time for the next', async () => {
  const { port } = await servers('127.0.0.1', '127.0.0.2')
  const rig = await named({ 'app.test': { addresses: ['127.0.0.1', '127.0.0.2'], ttl: 3000 } })
  const origin = rig.origin(`http://app.test:${port}`, single)
  await who(origin)
  const asked = begin(origin, get('/', { deadlines: { ...CONNECT, connect: 4 } }))
  // The system has not been asked yet whether it is connected: as if it never was.
  rig.clock.advance(1999)
  expect(asked.outcome).toBe('pending')
  rig.clock.advance(1)
  await asked.over
  expect(asked.text).toMatch(/^127\.0\.0\.[12]$/)
  const late = begin(origin, get('/', { deadlines: { ...CONNECT, connect: 4 } }))
  rig.clock.advance(4000)
  await late.over
  expect(late.outcome).toBe('connect_timeout')
})

test('while nobody answers DNS the connect deadline holds', async () => {
  const rig = await named({ 'app.test': { trouble: 'silence' } })
  const asked = begin(rig.origin('http://app.test'), get('/', { deadlines: CONNECT }))
  rig.clock.advance(3499)
  expect(asked.outcome).toBe('pending')
  rig.clock.advance(1)
  await asked.over
  expect(asked.outcome).toBe('dns')
})

describe('a service', () => {
  const target = (name: string, port: number, priority: number, weight: number) => ({ target: name, port, priority, weight })

  test('is found by its records: hosts, ports, weights', async () => {
    const [a, b] = [await servers('127.0.0.1'), await servers('127.0.0.2')]
    const rig = await named({
      '_http._tcp.app.test': { services: [target('a.test', a.port, 1, 3), target('b.test', b.port, 1, 1)] },
      'a.test': { addresses: ['127.0.0.1'] },
      'b.test': { addresses: ['127.0.0.2'] },
    })
    const origin = rig.origin('srv+http://app.test', single)
    const seen: string[] = []
    for (let i = 0; i < 8; i++) seen.push(await who(origin))
    expect(seen.filter((text) => text === '127.0.0.1')).toHaveLength(6)
    expect(seen.filter((text) => text === '127.0.0.2')).toHaveLength(2)
    expect(origin.hostHeader).toBe('app.test')
    expect(await who(rig.origin('http://_http._tcp.app.test', { ...single, srv: true }))).toBe('127.0.0.1')
  })

  test('goes to a later priority only when nobody of the first answers', async () => {
    const [a, b] = [await servers('127.0.0.1'), await servers('127.0.0.2')]
    const rig = await named({
      '_http._tcp.app.test': { services: [target('b.test', b.port, 20, 100), target('a.test', a.port, 10, 1)] },
      'a.test': { addresses: ['127.0.0.1'] },
      'b.test': { addresses: ['127.0.0.2'] },
    })
    const origin = rig.origin('srv+http://app.test', single)
    for (let i = 0; i < 3; i++) expect(await who(origin)).toBe('127.0.0.1')
    await a.at['127.0.0.1']!.close()
    for (let i = 0; i < 3; i++) expect(await who(origin)).toBe('127.0.0.2')
  })

  test('follows its records within five seconds', async () => {
    const [a, b] = [await servers('127.0.0.1'), await servers('127.0.0.2')]
    const zones = (name: string, port: number): Zone => ({ services: [target(name, port, 0, 0)], ttl: 3000 })
    const rig = await named({
      '_http._tcp.app.test': zones('a.test', a.port),
      'a.test': { addresses: ['127.0.0.1'], ttl: 3000 },
      'b.test': { addresses: ['127.0.0.2'], ttl: 3000 },
    })
    const origin = rig.origin('srv+http://app.test')
    expect(await who(origin)).toBe('127.0.0.1')
    rig.dns.set('_http._tcp.app.test', zones('b.test', b.port))
    rig.clock.advance(5000)
    await a.at['127.0.0.1']!.connections[0]!.closed
    expect(await who(origin)).toBe('127.0.0.2')
  })

  test.each([
    ['that is not offered', { services: [target('.', 0, 0, 0)] }],
    ['whose hosts have no addresses', { services: [target('gone.test', 1, 0, 0)] }],
    ['that does not exist', { trouble: 'NXDOMAIN' }],
  ] as const)('%s fails', async (_, zone: Zone) => {
    const rig = await named({ '_http._tcp.app.test': zone })
    expect(await who(rig.origin('srv+http://app.test'))).toBe('dns')
  })
})

test('a backend is reached by a name of the hosts file, whatever DNS says', async () => {
  const { port } = await servers('127.0.0.1')
  const rig = await named({ localhost: { addresses: ['127.0.0.66'] } })
  expect(await who(rig.origin(`http://localhost:${port}`))).toBe('127.0.0.1')
  expect(rig.dns.queries).toEqual([])
})
