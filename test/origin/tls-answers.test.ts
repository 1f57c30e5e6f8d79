/** What an origin may do wrong within its answers (HARDENING group C), over TLS: the records' borders, the alerts and the tickets are new. */
import { Readable } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import { describe, expect, onTestFinished, test } from 'vitest'
import { ManualClock } from '../../src/clock.ts'
import { Counters } from '../../src/counters.ts'
import { watchEnd } from '../../src/origin/tls.ts'
import { ByteOrigin, type Secure } from '../support/byte-origin.ts'
import { authority } from '../support/certificates.ts'
import { dataRecords, Wire } from '../support/wire.ts'
import { ask, begin, eventually, get, ManualBody, ok, originTo, rig as plainRig, type Rig, type RigOptions, stall, turns } from './rig.ts'

const EVIL = 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nEVIL'
const CLOSE = 'HTTP/1.1 200 OK\r\n\r\n'

const ca = authority('Clearcoat test CA')
const pair = ca.issue({ names: ['127.0.0.1'] })
const tls = { ca: ca.cert }

describe.each(['TLSv1.2', 'TLSv1.3'] as const)('over %s', (version) => {
  const secure: Secure = { ...pair, minVersion: version, maxVersion: version }
  const rig = (script: Parameters<typeof plainRig>[0], options: RigOptions = {}): Promise<Rig> =>
    plainRig(script, { secure, tls, ...options })
  const answering = (answer: Parameters<typeof ByteOrigin.answering>[0]): Promise<ByteOrigin> => ByteOrigin.answering(answer, secure)

  test.each([
    ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc', 'bad_framing'],
    [
      'a length and chunks',
      'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n',
      'bad_framing',
    ],
    ['gzip, chunked', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n', 'bad_framing'],
    ['a bad chunk', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n', 'reset: bad_chunk'],
    ['a 101 that was not asked for', 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n', 'unexpected_upgrade'],
    ['no HTTP', 'SSH-2.0-OpenSSH_9.6\r\n', 'malformed_head'],
    ['bare line feeds', 'HTTP/1.1 200 OK\nContent-Length: 1\n\nx', 'malformed_head'],
    ['a head without end', `HTTP/1.1 200 OK\r\nX: ${'a'.repeat(140_000)}`, 'head_too_large'],
    ['eleven interim answers', `${'HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(11)}${ok('x')}`, 'too_many_interim'],
  ])('an answer with %s fails, and its connection is not used again', async (_, bytes, outcome) => {
    const { origin, server } = await rig(await answering(({ target }) => (target === '/bad' ? bytes : ok('good'))))
    expect((await ask(origin, get('/bad'))).outcome).toBe(outcome)
    await turns()
    expect((await ask(origin, get('/good'))).text).toBe('good')
    expect(server.connections).toHaveLength(2)
  })

  test.each([
    ['the length', ok('body') + EVIL],
    ['the last chunk', `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n${EVIL}`],
    ['a 204', `HTTP/1.1 204 No Content\r\n\r\n${EVIL}`],
  ])('what lies behind %s is cut off, and never an answer', async (_, bytes) => {
    const { origin, server } = await rig(await answering(({ target }) => (target === '/1' ? bytes : ok(`answer to ${target}`))))
    const first = await ask(origin, get('/1'))
    expect([first.outcome, 'EVIL'.includes(first.text) ? '' : first.text]).toEqual(['complete', first.head!.status === 204 ? '' : 'body'])
    await turns()
    expect((await ask(origin, get('/2'))).text).toBe('answer to /2')
    expect(server.connections).toHaveLength(2)
  })

  test('an answer that nobody asked for, in a record of its own that arrives together with the one before, is not given to who waits', async () => {
    const server = await ByteOrigin.start(async (connection) => {
      for (let request = await connection.request(); request !== null; request = await connection.request()) {
        connection.send(ok(`answer to ${request.target}`))
        if (request.target === '/1') connection.send(EVIL)
      }
    }, secure)
    const wire = await Wire.before(server.port)
    onTestFinished(async () => {
      await wire.close()
      await server.close()
    })
    const origin = originTo(`https://127.0.0.1:${wire.port}`, new Counters(), new ManualClock(), { tls, maxConnections: 1 })
    const warm = await ask(origin, get('/0'))
    expect(warm.text).toBe('answer to /0')
    await turns()
    wire.hold()
    const first = begin(origin, get('/1'))
    const second = begin(origin, get('/2'))
    await wire.until((held) => dataRecords(held) === 2)
    wire.release()
    await Promise.all([first.over, second.over])
    expect([first.text, second.text]).toEqual(['answer to /1', 'answer to /2'])
    expect(server.connections).toHaveLength(2)
  })

  test('an answer planted on an idle connection, also while the loop was stalled, is never used', async () => {
    const { origin, server, counters } = await rig(await answering(({ target }) => ok(`answer to ${target}`)))
    for (let round = 0; round < 3; round++) {
      expect((await ask(origin, get(`/${round}a`))).text).toBe(`answer to /${round}a`)
      await turns()
      server.connections.at(-1)!.send(EVIL)
      if (round > 0) stall(20)
      else await turns(10)
      const asked = await new Promise<ReturnType<typeof begin>>((resolve) =>
        process.nextTick(() => resolve(begin(origin, get(`/${round}b`)))),
      )
      await asked.over
      expect(asked.text).toBe(`answer to /${round}b`)
      await turns()
      expect((await ask(origin, get(`/${round}c`))).text).toBe(`answer to /${round}c`)
      await turns()
    }
    expect(counters.get('fetch_failed')).toBe(0)
    expect(server.requests).toHaveLength(9)
  })

  test.each([
    ['close_notify', 'end', 'complete'],
    ['a FIN alone', 'cut', 'reset: incomplete'],
    ['a reset', 'reset', 'reset: reset'],
  ] as const)('a body without a length that ends with %s', async (_, how, outcome) => {
    const { origin, counters } = await rig(async (connection) => {
      await connection.request()
      connection.send(`${CLOSE}some of it`)
      await new Promise((resolve) => connection.socket.write('', resolve))
      await turns(5)
      connection[how]()
    })
    const answer = await ask(origin, get('/'))
    expect([answer.text, answer.outcome]).toEqual(['some of it', outcome])
    expect(counters.get('fetch_failed')).toBe(outcome === 'complete' ? 0 : 1)
  })

  test.each(['end', 'cut'] as const)('a large body without a length whose reader pauses, and that ends by %s meanwhile', async (how) => {
    const body = Buffer.alloc(300_000, 'abcdefghij')
    const { origin, server } = await rig(async (connection) => {
      await connection.request()
      connection.send(CLOSE)
      connection.socket.write(body, () => setImmediate(() => connection[how]()))
    })
    const asked = begin(origin, get('/'))
    let taken = 0
    asked.takes = () => {
      if (++taken % 3 !== 0) return true
      setImmediate(() => asked.flow?.resume())
      return false
    }
    await asked.over
    expect(asked.outcome).toBe(how === 'end' ? 'complete' : 'reset: incomplete')
    if (how === 'end') expect(asked.received.equals(body)).toBe(true)
    else expect(body.subarray(0, asked.received.length).equals(asked.received)).toBe(true)
    expect(server.connections).toHaveLength(1)
  })

  test('close_notify in the segment of the last bytes counts', async () => {
    const server = await ByteOrigin.start(async (connection) => {
      await connection.request()
      connection.send(`${CLOSE}whole`)
      connection.end()
    }, secure)
    const wire = await Wire.before(server.port)
    onTestFinished(async () => {
      await wire.close()
      await server.close()
    })
    const asked = begin(originTo(`https://127.0.0.1:${wire.port}`, new Counters(), new ManualClock(), { tls }), get('/'))
    await server.connection(0)
    await eventually(() => server.connections[0]!.received.endsWith('\r\n\r\n'))
    await asked.over
    expect([asked.text, asked.outcome]).toEqual(['whole', 'complete'])
  })

  test.each([0, 1, 50, 99])('an answer cut at %s of 100 bytes fails, however it is cut', async (at) => {
    for (const how of ['end', 'cut', 'reset'] as const) {
      const { origin } = await rig(async (connection) => {
        await connection.request()
        connection.send(`HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n${'x'.repeat(at)}`)
        await new Promise((resolve) => connection.socket.write('', resolve))
        await turns(5)
        connection[how]()
      })
      expect((await ask(origin, get('/'))).outcome).toBe(how === 'reset' ? 'reset: reset' : 'reset: incomplete')
    }
  })

  test('an answer in records of one byte is the answer sent whole', async () => {
    const bytes = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nETag: "a"\r\n\r\n5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n'
    const { origin, server } = await rig(async (connection) => {
      for (let request = await connection.request(); request !== null; request = await connection.request()) await connection.trickle(bytes)
    })
    for (let i = 0; i < 2; i++) {
      const answer = await ask(origin, get('/'))
      expect([answer.text, answer.outcome]).toEqual(['hello!', 'complete'])
      await turns()
    }
    expect(server.connections).toHaveLength(1)
  })

  test('a large body arrives byte for byte while its reader pauses, and the connection is used again', async () => {
    const body = Buffer.from(Array.from({ length: 700_000 }, (_, i) => (i * 7 + (i >> 8)) & 255))
    const { origin, server } = await rig(
      await answering(() => Buffer.concat([Buffer.from(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n`), body])),
    )
    for (let i = 0; i < 2; i++) {
      const asked = begin(origin, get('/'))
      asked.takes = () => {
        setImmediate(() => asked.flow?.resume())
        return false
      }
      await asked.over
      expect(asked.received.equals(body)).toBe(true)
      await turns()
    }
    expect(server.connections).toHaveLength(1)
  })

  test('a request body is sent whole, and the connection is used again', async () => {
    const { origin, server } = await rig(await answering(({ body }) => ok(String(body.length))))
    for (let i = 0; i < 2; i++) {
      const body = new ManualBody(200_000)
      const asked = begin(origin, get('/', { method: 'POST', body }))
      await eventually(() => body.sink !== null)
      for await (const piece of Readable.from(Array.from({ length: 20 }, () => Buffer.alloc(10_000, 'u')))) body.push(piece as Buffer)
      body.sink!.end({ type: 'complete' })
      await asked.over
      expect(asked.text).toBe('200000')
      await turns()
    }
    expect(server.connections).toHaveLength(1)
  })

  test('a connection that the origin has closed is not used, and one that dies as it is used costs a GET nothing', async () => {
    const { origin, server, counters } = await rig(async (connection) => {
      await connection.request()
      connection.send(ok('first'))
      await connection.request()
      connection.cut()
    })
    await ask(origin, get('/1'))
    await turns()
    expect((await ask(origin, get('/2'))).text).toBe('first')
    expect(counters.get('backend_retry')).toBe(1)
    await turns()
    server.connections[1]!.end()
    stall(5)
    expect((await ask(origin, get('/3', { method: 'POST', replayable: false }))).text).toBe('first')
  })

  test('an idle connection ends with close_notify', async () => {
    const { origin, server, clock } = await rig(await answering(() => ok('x')))
    await ask(origin, get('/'))
    await turns()
    const { socket, closed } = server.connections[0]!
    const end = watchEnd(socket as TLSSocket)
    clock.advance(60_000)
    await closed
    expect(end.endProven).toBe(true)
  })

  test('a change of the protocol gives the socket away, with what lay behind the head, and bytes flow both ways', async () => {
    const { origin, server } = await rig(async (connection) => {
      await connection.head()
      connection.send('HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\nfirst ')
      await connection.until((received) => received.endsWith('ping'))
      connection.send('pong')
      connection.end()
    })
    const asked = await ask(origin, get('/', { upgrade: 'echo' }))
    const { socket, rest } = asked.upgrade!
    let text = rest.toString()
    const ended = new Promise<void>((resolve) => socket.on('end', () => resolve()))
    socket.on('data', (bytes: Buffer) => {
      text += bytes.toString()
    })
    socket.resume()
    socket.write('ping')
    await ended
    expect(text).toBe('first pong')
    socket.destroy()
    await server.connections[0]!.closed
  })
})

test('an answer that comes together with the end of the handshake fails', async () => {
  const server = await ByteOrigin.start(
    (connection) => {
      connection.socket.once('secure', () => connection.send(EVIL))
    },
    { ...pair, maxVersion: 'TLSv1.2' },
  )
  const wire = await Wire.before(server.port)
  let kept = Buffer.alloc(0)
  wire.through = (bytes) => {
    // The first flight goes on, what ends the handshake only when the planted answer is there, too.
    if (kept.length === 0 && bytes[0] === 22 && bytes[5] === 2) return [bytes]
    kept = Buffer.concat([kept, bytes])
    return dataRecords(kept) === 0 ? [] : [kept]
  }
  onTestFinished(async () => {
    await wire.close()
    await server.close()
  })
  const asked = await ask(originTo(`https://127.0.0.1:${wire.port}`, new Counters(), new ManualClock(), { tls }), get('/'))
  expect([asked.outcome, asked.text]).toEqual(['malformed_head', ''])
  expect(server.connections[0]!.received).toBe('')
})
