import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { ManualClock } from '../../src/clock.ts'
import { Counters } from '../../src/counters.ts'
import { createOrigins } from '../../src/origin/registry.ts'
import { backend } from '../../vcl-ts/backend.ts'
import { type ByteConnection, ByteOrigin } from '../support/byte-origin.ts'
import { ask, begin, eventually, get, namesFor, ok, originTo, rig, settingsFor, stall, turns } from './rig.ts'

/** An origin that keeps its answers back until told. */
function holding(): { script: (connection: ByteConnection) => Promise<void>; release: () => void } {
  const held: (() => void)[] = []
  return {
    release: () => {
      for (const go of held.splice(0)) go()
    },
    script: async (connection) => {
      for (;;) {
        const request = await connection.request()
        if (request === null) return
        await new Promise<void>((resolve) => held.push(resolve))
        connection.send(ok(request.target))
      }
    },
  }
}

test('the connection used last is used first', async () => {
  const { script, release } = holding()
  const { origin, server } = await rig(script)
  const both = [begin(origin, get('/a')), begin(origin, get('/b'))]
  await eventually(() => server.requests.length === 2)
  release()
  await Promise.all(both.map(({ over }) => over))
  for (let i = 0; i < 3; i++) {
    const next = begin(origin, get(`/${i}`))
    await eventually(() => server.requests.length === 3 + i)
    release()
    await next.over
  }
  const used = server.requests.slice(2).map(({ connection }) => connection)
  expect(new Set(used).size).toBe(1)
  expect(server.connections).toHaveLength(2)
})

test('no more connections than allowed; who waits is served in order', async () => {
  const { script, release } = holding()
  const { origin, server, counters } = await rig(script, { maxConnections: 2 })
  const all = Array.from({ length: 6 }, (_, i) => begin(origin, get(`/${i}`)))
  for (const count of [2, 4, 6]) {
    await eventually(() => server.requests.length === count)
    await turns()
    expect(server.requests).toHaveLength(count)
    release()
  }
  await Promise.all(all.map(({ over }) => over))
  expect(all.map(({ text }) => text)).toEqual(['/0', '/1', '/2', '/3', '/4', '/5'])
  expect(
    server.requests
      .slice(2)
      .map(({ target }) => target)
      .sort(),
  ).toEqual(['/2', '/3', '/4', '/5'])
  expect(server.connections).toHaveLength(2)
  expect(counters.get('backend_reuse')).toBe(4)
})

test('a queue that is full refuses at once, and nothing reaches the observer before send returned', async () => {
  const { script, release } = holding()
  const { origin, server, counters } = await rig(script, { maxConnections: 1, limits: { originQueue: 1 } })
  const first = begin(origin, get('/1'))
  const second = begin(origin, get('/2'))
  const third = begin(origin, get('/3'))
  expect(third.failure).toBeNull()
  await third.over
  expect(third.outcome).toBe('pool_full')
  expect(third.failure!.untouched).toBe(true)
  expect(counters.get('backend_busy')).toBe(1)
  for (const [i, asked] of [first, second].entries()) {
    await eventually(() => server.requests.length === i + 1)
    release()
    await asked.over
    expect(asked.outcome).toBe('complete')
  }
})

test('waiting for a connection has a deadline', async () => {
  const { script, release } = holding()
  const { origin, server, clock, counters } = await rig(script, { maxConnections: 1, deadlines: { originQueue: 10 } })
  const first = begin(origin, get('/1', { deadlines: { connect: 60, firstByte: 60, betweenBytes: 60 } }))
  const second = begin(origin, get('/2'))
  clock.advance(4000)
  const third = begin(origin, get('/3'))
  await eventually(() => server.requests.length === 1)
  clock.advance(6000)
  expect(second.outcome).toBe('pool_full')
  expect(third.outcome).toBe('pending')
  clock.advance(4000)
  expect(third.outcome).toBe('pool_full')
  expect(counters.reasonCount('fetch_fail', 'pool_full')).toBe(2)
  release()
  await first.over
  expect(first.outcome).toBe('complete')
})

test('who was cancelled while waiting is not sent', async () => {
  const { script, release } = holding()
  const { origin, server } = await rig(script, { maxConnections: 1 })
  const first = begin(origin, get('/1'))
  const second = begin(origin, get('/2'))
  const third = begin(origin, get('/3'))
  second.call.cancel()
  for (const [i, asked] of [first, third].entries()) {
    await eventually(() => server.requests.length === i + 1)
    release()
    await asked.over
  }
  expect(server.requests.map(({ target }) => target)).toEqual(['/1', '/3'])
  expect(second.outcome).toBe('pending')
})

test('a connection opened for a call that was cancelled serves the next', async () => {
  const { origin, server, counters } = await rig(await ByteOrigin.answering(({ target }) => ok(target)), { maxConnections: 1 })
  const first = begin(origin, get('/1'))
  first.call.cancel()
  const second = await ask(origin, get('/2'))
  expect(second.text).toBe('/2')
  expect(server.requests.map(({ target }) => target)).toEqual(['/2'])
  expect(counters.get('backend_conn')).toBe(1)
})

test('a broken connection makes room for who waits', async () => {
  const { origin, server } = await rig(
    async (connection) => {
      const request = await connection.request()
      if (request?.target === '/1') connection.send('garbage')
      else connection.send(ok('fine'))
    },
    { maxConnections: 1 },
  )
  const first = begin(origin, get('/1'))
  const second = begin(origin, get('/2'))
  await Promise.all([first.over, second.over])
  expect(first.outcome).toBe('malformed_head')
  expect(second.text).toBe('fine')
  expect(server.connections).toHaveLength(2)
})

test('a request that follows from an answer finds its connection free', async () => {
  const { origin, server } = await rig(await ByteOrigin.answering(({ target }) => ok(target)))
  const first = begin(origin, get('/1'))
  let second: ReturnType<typeof begin> | null = null
  const end = first.end.bind(first)
  first.end = (how) => {
    end(how)
    second = begin(origin, get('/2'))
  }
  await first.over
  await second!.over
  expect(second!.text).toBe('/2')
  expect(server.connections).toHaveLength(1)
})

test('closing ends idle connections, lets calls finish and keeps none of theirs', async () => {
  const { script, release } = holding()
  const { origin, server } = await rig(script)
  const both = [begin(origin, get('/a')), begin(origin, get('/b'))]
  await eventually(() => server.requests.length === 2)
  release()
  await Promise.all(both.map(({ over }) => over))
  const last = begin(origin, get('/c'))
  await eventually(() => server.requests.length === 3)
  origin.close()
  const busy = server.requests[2]!.connection
  await server.connections[1 - busy]!.closed
  expect(last.outcome).toBe('pending')
  release()
  await last.over
  expect(last.text).toBe('/c')
  await server.connections[busy]!.closed
})

test('equal backends share their connections, others do not', () => {
  const origins = createOrigins({
    names: namesFor(new ManualClock()),
    settings: settingsFor({}),
    clock: new ManualClock(),
    counters: new Counters(),
    oddStatus: 'fail',
  })
  const one = origins.of(backend('http://127.0.0.1:3000'))
  expect(origins.of(backend('http://127.0.0.1:3000'))).toBe(one)
  expect(origins.of(backend('http://127.0.0.1:3001'))).not.toBe(one)
  expect([one.name, one.hostHeader]).toEqual(['127.0.0.1:3000', '127.0.0.1:3000'])
  expect(origins.of(backend('http://[::1]:3000', { hostHeader: 'shop.example' })).hostHeader).toBe('shop.example')
})

test('a backend is reached by its name', async () => {
  const { server, counters } = await rig(await ByteOrigin.answering(() => ok('by name')))
  const origins = createOrigins({
    names: namesFor(new ManualClock()),
    settings: settingsFor({}),
    clock: new ManualClock(),
    counters,
    oddStatus: 'fail',
  })
  const answer = await ask(origins.of(backend(`http://localhost:${server.port}`)), get('/'))
  expect(answer.text).toBe('by name')
  origins.close()
})

test('a backend may say itself how many wait for it, and how long', async () => {
  const { script, release } = holding()
  const { origin, server, clock } = await rig(script, { maxConnections: 1, waitLimit: 1, waitTimeout: '2s' })
  const patient = { deadlines: { connect: 60, firstByte: 60, betweenBytes: 60 } }
  const [first, second, third] = [begin(origin, get('/1', patient)), begin(origin, get('/2')), begin(origin, get('/3'))]
  await third.over
  expect(third.failure!.message).toContain('1 requests wait')
  await eventually(() => server.requests.length === 1)
  clock.advance(1999)
  expect(second.outcome).toBe('pending')
  clock.advance(1)
  expect(second.outcome).toBe('pool_full')
  release()
  await first.over
  expect(first.text).toBe('/1')
  const none = await rig(holding().script, { maxConnections: 1, waitLimit: 0 })
  begin(none.origin, get('/1'))
  expect((await ask(none.origin, get('/2'))).outcome).toBe('pool_full')
})

test('a Unix socket is an origin as any other', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'clearcoat-unix-'))
  const path = join(folder, 'app.sock')
  const server = await ByteOrigin.answering(({ target }) => ok(target), null, { path })
  onTestFinished(async () => {
    await server.close()
    rmSync(folder, { recursive: true })
  })
  const origin = originTo(`unix:${path}`, new Counters(), new ManualClock())
  expect([origin.name, origin.hostHeader]).toEqual([`unix:${path}`, 'localhost'])
  for (const target of ['/1', '/2']) expect((await ask(origin, get(target))).text).toBe(target)
  expect(server.connections).toHaveLength(1)
  // What is planted there is seen as on any socket.
  server.connections[0]!.send(ok('planted'))
  stall(5)
  expect((await ask(origin, get('/3'))).text).toBe('/3')
  const upgraded = begin(origin, get('/4', { upgrade: 'x' }))
  upgraded.call.cancel()
  const gone = originTo(`unix:${path}.gone`, new Counters(), new ManualClock())
  expect((await ask(gone, get('/'))).failure).toMatchObject({ code: 'connect_failed', message: 'ENOENT', untouched: true })
})

test('a backend that stands for no server answers nothing, and connects to nothing', async () => {
  const counters = new Counters()
  const answer = await ask(originTo('none', counters, new ManualClock()), get('/'))
  expect([answer.outcome, answer.failure!.untouched]).toEqual(['unhealthy', true])
  expect([counters.get('backend_unhealthy'), counters.get('backend_conn')]).toEqual([1, 0])
})
