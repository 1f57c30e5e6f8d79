/** Everything that a Redis does when it is not well: each call ends in time, nothing piles up, and one line tells of each change. */
import { afterEach, describe, expect, it, onTestFinished } from 'vitest'
import { ManualClock } from '../../src/clock.ts'
import { MOST_UNDER_WAY } from '../../src/redis/load.ts'
import { RedisFailure, type RedisPort, type Script } from '../../src/redis/port.ts'
import { authority, selfSigned } from '../support/certificates.ts'
import { FaultBox } from '../support/fault-box.ts'
import { openFeed, openPort, readyPort, type Said, standing } from '../support/redis-link.ts'
import { type RedisServer, type RedisServerOptions, startRedis } from '../support/redis-server.ts'
import { until } from '../support/until.ts'
import { Wire } from '../support/wire.ts'

const KEY = 'clearcoat:{a}'
const VALUE = Buffer.alloc(300, 'v')

async function started(options: RedisServerOptions = {}): Promise<RedisServer> {
  const redis = await startRedis(options)
  onTestFinished(() => redis.stop())
  return redis
}

/** How a read ends, and after how many milliseconds. */
async function timed(port: RedisPort, key: string = KEY): Promise<{ readonly end: string; readonly ms: number }> {
  const began = performance.now()
  const end = await port.read([key], 'small').then(
    () => 'read',
    (failure: RedisFailure) => failure.fault,
  )
  return { end, ms: performance.now() - began }
}

const back = (port: RedisPort): Promise<void> => until(() => port.state === 'ready', 'Redis to be back')
const away = (port: RedisPort): Promise<void> => until(() => port.state === 'away', 'Redis to be away')

describe('a Redis that is not there', () => {
  it('is away from the start, and ready soon after it has come', async () => {
    const redis = await started()
    await redis.kill()
    const { port, said, states } = openPort(redis.url)
    expect(await timed(port)).toMatchObject({ end: 'away' })
    await until(() => said.length > 0, 'a line')
    expect(said[0]).toMatchObject({ level: 'warn', fields: { event: 'redis', redis: 'away', server: redis.url } })
    expect(String(said[0]?.fields['reason'])).toContain('ECONNREFUSED')
    await redis.restart()
    await back(port)
    expect(await timed(port)).toMatchObject({ end: 'read' })
    expect(states()).toEqual(['warn away', 'info ready'])
  })

  it('is known to be away as soon as it was killed, under load, and is back within a second', async () => {
    const redis = await started()
    const { port, states } = await readyPort(redis.url)
    const load = Array.from({ length: 200 }, () => timed(port))
    await redis.kill()
    const ends = await Promise.all(load)
    expect(ends.filter(({ end }) => end !== 'read' && end !== 'lost')).toEqual([])
    await away(port)
    const { end, ms } = await timed(port)
    expect([end, ms < 5]).toEqual(['away', true])
    const began = performance.now()
    await redis.restart()
    await standing(port)
    expect(performance.now() - began).toBeLessThan(2000)
    expect(states()).toEqual(['warn away', 'info ready'])
  })
})

describe('a Redis that is frozen', () => {
  it('costs each call its deadline, five times; then nobody waits, nothing piles up, and it is back when it thaws', async () => {
    const redis = await started()
    const { port, said, states } = await readyPort(redis.url, { deadline: 0.05 })
    await redis.freeze()
    for (let call = 1; call <= 5; call++) {
      const { end, ms } = await timed(port)
      expect(end).toBe('timeout')
      expect(ms).toBeGreaterThan(45)
      expect(ms).toBeLessThan(200)
    }
    expect(port.state).toBe('away')
    for (let call = 0; call < 1000; call++) expect((await timed(port)).end).toBe('away')
    expect(said.at(-1)?.fields['reason']).toBe('it does not answer in time')
    redis.thaw()
    await back(port)
    expect(await timed(port)).toMatchObject({ end: 'read' })
    expect(states()).toEqual(['warn away', 'info ready'])
  })

  it('has no more than a thousand commands under way, whoever asks', async () => {
    const redis = await started()
    const { port } = await readyPort(redis.url, { deadline: 1 })
    await redis.freeze()
    const asked = Array.from({ length: 3000 }, () => timed(port))
    const refused = (await Promise.all(asked)).filter(({ end, ms }) => end === 'away' && ms < 900)
    // A read is two commands.
    expect(refused).toHaveLength(3000 - MOST_UNDER_WAY / 2)
  })

  it('ends what the feed waits for, too', async () => {
    const redis = await started()
    const feed = openFeed(redis.url, { deadline: 0.1 })
    expect(await feed.follow('s', '0-0', 1, 1)).toEqual([])
    await redis.freeze()
    const began = performance.now()
    await expect(feed.follow('s', '0-0', 100, 1)).rejects.toMatchObject({ fault: 'timeout' })
    expect(performance.now() - began).toBeLessThan(500)
    redis.thaw()
    await expect.poll(() => feed.follow('s', '0-0', 1, 1).catch(() => null)).toEqual([])
  })
})

describe('a network that is not well', () => {
  let box: FaultBox
  const clock = new ManualClock()
  afterEach(() => box.close())

  async function behindBox(): Promise<{ readonly redis: RedisServer; readonly port: RedisPort; states(): string[] }> {
    const redis = await started()
    box = await FaultBox.start()
    box.lead(redis.port, clock)
    const opened = await readyPort(`redis://127.0.0.1:${box.port}`, { deadline: 0.1 })
    await opened.port.write([{ key: KEY, value: VALUE, life: 60_000 }], 'small')
    return { redis, port: opened.port, states: opened.states }
  }

  it('that is slow ends each call at its deadline, and stays away without a word until it is quick again', async () => {
    const { port, states } = await behindBox()
    await box.set('from', { kind: 'latency', ms: 200 })
    for (let call = 0; call < 5; call++) expect((await timed(port)).end).toBe('timeout')
    expect(port.state).toBe('away')
    const ticking = setInterval(() => clock.advance(20), 20)
    onTestFinished(() => clearInterval(ticking))
    // Connections stand, and probes are answered, each too late.
    const connections = box.accepted
    await until(() => box.accepted > connections, 'a connection')
    const from = performance.now()
    await until(() => performance.now() > from + 600)
    expect([port.state, states()]).toEqual(['away', ['warn away']])
    await box.set('from', null)
    await back(port)
    expect(states()).toEqual(['warn away', 'info ready'])
  })

  it('that hands on a byte at a time gives whole values', async () => {
    const { port } = await behindBox()
    await box.set('from', { kind: 'slicer' })
    const [stored] = await port.read([KEY], 'small').catch(() => [null])
    if (stored !== null && stored !== undefined) expect(stored.value.equals(VALUE)).toBe(true)
    await box.set('from', null)
    await back(port)
    expect((await port.read([KEY], 'small'))[0]?.value.equals(VALUE)).toBe(true)
  })

  it.each(['reset', 'cut'] as const)('that ends by a %s in the middle of an answer never gives a part of it', async (kind) => {
    const { port } = await behindBox()
    for (const after of [0, 1, 5, 100, 305, 311]) {
      await standing(port)
      await box.set('from', { kind, after })
      expect((await timed(port)).end).toBe('lost')
      await box.set('from', null)
    }
    await standing(port)
    expect((await port.read([KEY], 'small'))[0]?.value.equals(VALUE)).toBe(true)
  })
})

describe('answers that are not those to their questions', () => {
  it.each([
    ['a value', '$1\r\nx\r\n'],
    ['nothing', '$-1\r\n'],
    ['a number', ':1\r\n'],
    ['a list', '*1\r\n$-1\r\n'],
    ['an error', '-ERR stray\r\n'],
    ['what is no reply', 'HTTP/1.1 200 OK\r\n\r\n'],
  ])('%s before an answer, or where nobody asked, ends the connection', async (_, stray) => {
    const redis = await started()
    const wire = await Wire.before(redis.port)
    onTestFinished(() => wire.close())
    const { port } = await readyPort(`redis://127.0.0.1:${wire.port}`)
    await port.write([{ key: KEY, value: VALUE, life: 60_000 }], 'small')
    // Both behind a whole answer and before the next.
    for (const order of [(bytes: Buffer) => [bytes, Buffer.from(stray)], (bytes: Buffer) => [Buffer.from(stray), bytes]]) {
      await standing(port)
      wire.through = (bytes) => {
        wire.through = (all) => [all]
        return order(bytes)
      }
      const [first] = await port.read([KEY], 'small').catch(() => [null])
      const [second] = await port.read([KEY], 'small').catch(() => [null])
      for (const stored of [first, second]) if (stored != null) expect(stored.value.equals(VALUE)).toBe(true)
      await away(port)
    }
    await standing(port)
    expect((await port.read([KEY], 'small'))[0]?.value.equals(VALUE)).toBe(true)
  })

  it('that somebody else recognised as such end the connection too', async () => {
    const redis = await started()
    const { port } = await readyPort(redis.url)
    const client = async (): Promise<string> => String(await redis.cli('CLIENT', 'LIST'))
    const before = (await client()).match(/id=\d+/g)
    port.distrust('small')
    expect(port.state).toBe('away')
    await back(port)
    const after = (await client()).match(/id=\d+/g)
    expect(after?.filter((id) => !before?.includes(id))).toHaveLength(1)
  })
})

describe('a Redis that refuses', () => {
  const write = (port: RedisPort): Promise<void> => port.write([{ key: KEY, value: VALUE, life: 60_000 }], 'small')

  it('writes when it is full, is read still, and is told of once', async () => {
    const redis = await started()
    const { port, said } = await readyPort(redis.url)
    await write(port)
    await redis.cli('CONFIG', 'SET', 'maxmemory', '1')
    for (let call = 0; call < 20; call++)
      await expect(write(port)).rejects.toMatchObject({ fault: 'refused', message: expect.stringContaining('OOM') })
    expect([await timed(port), port.state]).toMatchObject([{ end: 'read' }, 'ready'])
    await redis.cli('CONFIG', 'SET', 'maxmemory', '0')
    await write(port)
    expect(said.map(({ level, fields }) => [level, fields['redis'], fields['command']])).toEqual([
      ['warn', 'refuses', 'set'],
      ['info', 'takes', 'set'],
    ])
  })

  it('everything while a script runs: it is away until that has ended', async () => {
    const redis = await started({ config: { 'busy-reply-threshold': 1 } })
    const { port, said, states } = await readyPort(redis.url, { deadline: 0.1 })
    const endless: Script = { name: 'endless', lua: 'while true do end' }
    const running = port.run(endless, [], []).catch((failure: RedisFailure) => failure.fault)
    const ends: string[] = []
    while (port.state === 'ready') ends.push((await timed(port)).end)
    expect(['timeout', 'refused']).toContain(ends.at(-1))
    expect(ends.length).toBeLessThanOrEqual(6)
    expect(['timeout', 'lost']).toContain(await running)
    await until(() => said.length > 0)
    await redis.cli('SCRIPT', 'KILL')
    await back(port)
    expect(states()).toEqual(['warn away', 'info ready'])
  })

  it('whoever has the wrong password or none, and says so without it', async () => {
    const redis = await started({ password: 'the right one' })
    for (const [more, reason] of [
      [{ password: 'hunter2' }, 'WRONGPASS'],
      [{}, 'NOAUTH'],
    ] as const) {
      const { port, said } = openPort(redis.url, more)
      await until(() => said.length > 0, 'a line')
      expect([port.state, String(said[0]?.fields['reason'])]).toEqual(['away', expect.stringContaining(reason)])
      expect(JSON.stringify(said)).not.toContain('hunter2')
    }
    const inUrl = openPort(`redis://:hunter2@127.0.0.1:${redis.port}`)
    await until(() => inUrl.said.length > 0, 'a line')
    expect(JSON.stringify(inUrl.said)).not.toContain('hunter2')
    const { port } = await readyPort(`redis://:hunter2@127.0.0.1:${redis.port}`, { password: 'the right one' })
    // Taken away while it is in use.
    await redis.cli('CONFIG', 'SET', 'requirepass', 'a new one')
    await redis.cli('CLIENT', 'KILL', 'TYPE', 'normal')
    await away(port)
  })

  it('writes as a replica: it is away until it is the master again', async () => {
    const [redis, other] = [await started(), await started()]
    const { port, said, states } = await readyPort(redis.url)
    await redis.cli('REPLICAOF', '127.0.0.1', other.port)
    await expect(write(port)).rejects.toMatchObject({ fault: 'refused', message: expect.stringContaining('READONLY') })
    expect(port.state).toBe('away')
    const from = performance.now()
    await until(() => performance.now() > from + 550)
    expect([port.state, states()]).toEqual(['away', ['warn away']])
    expect(String(said[0]?.fields['reason'])).toContain('READONLY')
    await redis.cli('REPLICAOF', 'NO', 'ONE')
    await back(port)
    await write(port)
    expect(states()).toEqual(['warn away', 'info ready'])
  })

  it('everything while it loads its data', async () => {
    const redis = await started()
    await redis.cli('DEBUG', 'POPULATE', 500, 'k', 10)
    await redis.cli('SAVE')
    const { port, said, states } = openPort(redis.url)
    await back(port)
    await redis.restart({ 'key-load-delay': 1200, 'loading-process-events-interval-bytes': 1024 })
    await away(port)
    const end = await timed(port)
    expect(end.end).toBe('away')
    await back(port)
    expect(String(await redis.cli('DBSIZE'))).toBe('500')
    expect(states()).toEqual(['warn away', 'info ready'])
    expect(said).toHaveLength(2)
  })

  it('another connection when it has too many', async () => {
    const redis = await started({ config: { maxclients: 1 } })
    const { port, said } = openPort(redis.url)
    await until(() => said.length > 0, 'a line')
    expect([port.state, String(said[0]?.fields['reason'])]).toEqual([
      'away',
      expect.stringMatching(/max number of clients|closed|ECONNRESET/),
    ])
    await redis.cli('CONFIG', 'SET', 'maxclients', 100)
    await back(port)
  })

  it('to be what it was taken for', async () => {
    const redis = await started()
    const { said } = openPort(`redis+cluster://127.0.0.1:${redis.port}`)
    await until(() => said.length > 0, 'a line')
    expect(String(said[0]?.fields['reason'])).toContain('it is not a node of a Cluster; write redis://')
  })
})

describe('TLS', () => {
  const ca = authority('authority of the test')

  async function reasonFor(tls: { readonly cert: string; readonly key: string }, authorities: string | null): Promise<string> {
    const redis = await started({ tls, password: 'hunter2' })
    const opened = openPort(redis.url, { ca: authorities, password: 'hunter2' })
    await until(() => opened.said.length > 0 || opened.port.state === 'ready', 'something to happen')
    expect(JSON.stringify(opened.said)).not.toContain('hunter2')
    return opened.port.state === 'ready' ? 'ready' : reason(opened.said)
  }
  const reason = (said: readonly Said[]): string => String(said[0]?.fields['reason'])

  it('is spoken with who is vouched for, and with nobody else', async () => {
    const good = ca.issue({ names: ['127.0.0.1'] })
    expect(await reasonFor(good, ca.cert)).toBe('ready')
    expect(await reasonFor(good, null)).toMatch(/certificate/)
    expect(await reasonFor(selfSigned({ names: ['127.0.0.1'] }), ca.cert)).toMatch(/certificate/)
    expect(await reasonFor(ca.issue({ names: ['redis.example'] }), ca.cert)).toMatch(/does not match/)
    expect(await reasonFor(ca.issue({ names: ['127.0.0.1'], notAfter: new Date(Date.now() - 1000) }), ca.cert)).toMatch(/expired/)
  })
})

it('looks small values up while large ones are slow', async () => {
  const redis = await started()
  const wire = await Wire.before(redis.port)
  onTestFinished(() => wire.close())
  let held = 0
  wire.through = (bytes) => {
    // Large answers get stuck on their way.
    if (bytes.length < 10_000) return [bytes]
    held++
    return []
  }
  const { port, said } = await readyPort(`redis://127.0.0.1:${wire.port}`, { deadline: 0.05 })
  await redis.cli('SET', KEY, VALUE)
  await redis.cli('SET', 'clearcoat:{big}', Buffer.alloc(512 * 1024))
  const large = Promise.all(
    Array.from({ length: 6 }, () => port.read(['clearcoat:{big}'], 'bulk').catch((failure: RedisFailure) => failure.fault)),
  )
  for (let call = 0; call < 50; call++) expect((await timed(port)).end).toBe('read')
  expect((await large).every((end) => end === 'timeout' || end === 'lost')).toBe(true)
  expect([held > 0, port.state]).toEqual([true, 'ready'])
  expect(await timed(port)).toMatchObject({ end: 'read' })
  await expect(port.read([KEY], 'bulk')).rejects.toBeInstanceOf(RedisFailure)
  expect(said.filter(({ fields }) => fields['redis'] === 'away')).toEqual([])
})

it('speaks over a Unix socket, in the database that it was told', async () => {
  const redis = await started()
  const { port } = await readyPort(`redis+unix://${redis.socket}?db=3`)
  await port.write([{ key: KEY, value: VALUE, life: 60_000 }], 'bulk')
  expect(String(await redis.cli('INFO', 'keyspace'))).toContain('db3:keys=1')
})
