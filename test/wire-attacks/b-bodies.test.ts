import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ExchangeHandler } from '../../src/request/exchange.ts'
import { ok, type Rig, readAll, type Seen, start, turns, until } from '../listen/fixture.ts'
import { MemoryListener, splits } from '../listen/memory-connection.ts'
import { RawClient } from '../support/raw-client.ts'

const INNER = 'GET /inner HTTP/1.1\r\nHost: h\r\n\r\n'
const VICTIM = 'GET /own HTTP/1.1\r\nHost: h\r\nX-Nonce: own\r\n\r\n'

const post = (fields: string, body: string): string => `POST /p HTTP/1.1\r\nHost: h\r\n${fields}\r\n${body}`
const chunk = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n`

/** Bodies that hold a request, and what they come to. */
const BODIES = [
  { name: 'of known length', bytes: post(`Content-Length: ${INNER.length}\r\n`, INNER) },
  { name: 'in one chunk', bytes: post('Transfer-Encoding: chunked\r\n', `${chunk(INNER)}0\r\n\r\n`) },
  {
    name: 'in many chunks',
    bytes: post('Transfer-Encoding: chunked\r\n', `${[...INNER].map(chunk).join('')}0;x="y"\r\nX: ${'y'}\r\n\r\n`),
  },
]

/** Ways in which a handler does not take a body to its end. */
const HANDLERS: Record<string, (seen: Seen[]) => ExchangeHandler> = {
  'never reads': (seen) => (exchange) => {
    note(seen, exchange.head.target)
    answer(exchange)
  },
  'reads, and answers at the first byte': (seen) => (exchange) => {
    note(seen, exchange.head.target)
    if (exchange.body === null) {
      answer(exchange)
      return
    }
    exchange.body.read({
      chunk: () => {
        answer(exchange)
        return true
      },
      end: () => undefined,
    })
  },
  'reads, leaves at the first byte, and answers': (seen) => (exchange) => {
    note(seen, exchange.head.target)
    if (exchange.body === null) {
      answer(exchange)
      return
    }
    const flow = exchange.body.read({
      chunk: () => {
        queueMicrotask(() => {
          flow.cancel(new Error('enough'))
          answer(exchange)
        })
        return true
      },
      end: () => undefined,
    })
  },
}

function note(seen: Seen[], target: string): void {
  seen.push({ method: '', target, host: null, version: '', fields: [], body: null })
}

function answer(exchange: Parameters<ExchangeHandler>[0]): void {
  exchange.respondWhole(ok(`X-Nonce: ${exchange.head.headers.get('x-nonce') ?? '-'}\r\n`), null)
}

describe.each(Object.keys(HANDLERS))('a handler that %s', (name) => {
  const seen: Seen[] = []
  let rig: Rig
  beforeAll(async () => {
    rig = await start(HANDLERS[name]!(seen))
  })
  afterAll(() => rig.listener.close())

  test.each(BODIES)('never runs the request in a body $name, and serves the next one', async ({ bytes }) => {
    for (const whole of [true, false]) {
      seen.length = 0
      const client = await RawClient.connect(rig.listener.address)
      if (whole) client.send(bytes + VICTIM)
      else await client.sendInPieces(bytes + VICTIM)
      expect((await client.response()).get('x-nonce')).toBe('-')
      expect((await client.response()).get('x-nonce')).toBe('own')
      expect(seen.map((entry) => entry.target)).toEqual(['/p', '/own'])
      client.destroy()
    }
  })

  test.each(BODIES)('gives the same verdict on a body $name at every split', async ({ bytes }) => {
    const memory = new MemoryListener(HANDLERS[name])
    const all = Buffer.from(bytes + VICTIM)
    for (const pieces of splits(all)) {
      const { seen: entries, closed } = await memory.feed(pieces)
      expect(entries.map((entry) => entry.target)).toEqual(['/p', '/own'])
      expect(closed).toBe(false)
    }
  })
})

test.each([1000, 70_000, 500_000])('relays an early answer to an upload of %i bytes and never runs what is in it', async (size) => {
  const seen: Seen[] = []
  const rig = await start(HANDLERS['reads, and answers at the first byte']!(seen))
  const client = await RawClient.connect(rig.listener.address)
  client.send(post(`Content-Length: ${size}\r\n`, 'x'))
  expect((await client.response()).status).toBe(200)
  client.send(INNER.repeat(Math.ceil(size / INNER.length)).slice(0, size - 1) + VICTIM)
  if (size <= 64 * 1024) expect((await client.response()).get('x-nonce')).toBe('own')
  else await client.closed()
  await turns()
  expect(seen.map((entry) => entry.target)).toEqual(size <= 64 * 1024 ? ['/p', '/own'] : ['/p'])
  client.destroy()
  await rig.listener.close()
})

test('a pause within a body longer than its deadline ends the connection, and the rest is no request', async () => {
  const seen: Seen[] = []
  let broke = false
  const rig = await start((exchange) => {
    note(seen, exchange.head.target)
    readAll(exchange.body, (bytes) => {
      broke = bytes === null
    })
  })
  const client = await RawClient.connect(rig.listener.address)
  client.send(post(`Content-Length: ${INNER.length}\r\n`, ''))
  await until(() => seen.length === 1)
  rig.clock.advance(31_000)
  client.send(INNER)
  const answers = await client.responses()
  expect(answers.map((entry) => entry.status)).toEqual([408])
  expect(broke).toBe(true)
  expect(seen.map((entry) => entry.target)).toEqual(['/p'])
  client.destroy()
  await rig.listener.close()
})

test('a body that turns out malformed reaches its reader as broken and the client as 400', async () => {
  let broke = false
  const rig = await start((exchange) => {
    readAll(exchange.body, (bytes) => {
      broke = bytes === null
      exchange.respondWhole(ok(), null)
    })
  })
  const client = await RawClient.connect(rig.listener.address)
  client.send(post('Transfer-Encoding: chunked\r\n', `${chunk('good')}zz`))
  expect((await client.responses()).map((entry) => entry.status)).toEqual([400])
  expect(broke).toBe(true)
  client.destroy()
  await rig.listener.close()
})

test('a malformed rest of a body whose answer was sent only ends the connection', async () => {
  const rig = await start((exchange) => answer(exchange))
  const client = await RawClient.connect(rig.listener.address)
  client.send(post('Transfer-Encoding: chunked\r\n', chunk('good')))
  expect((await client.response()).status).toBe(200)
  client.send(`zz\r\n${INNER}`)
  expect(await client.closed()).toBe('end')
  expect(client.pending).toHaveLength(0)
  expect(rig.counters.reasonCount('reject', 'chunk_size')).toBe(1)
  client.destroy()
  await rig.listener.close()
})
