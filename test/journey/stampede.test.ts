/** A stampede on what is not stored costs the origin one fetch, however large it is. */
import { readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import { serve } from '../../src/request/serve.ts'
import { Gate, ScriptedOrigin } from '../support/scripted-origin.ts'
import { engineFor, getExchange } from './in-process.ts'
import { message, open, reply } from './site.ts'

const FRESH = { 'Cache-Control': 'max-age=60' }

it('answers 10,000 exchanges that begin together by one fetch', async () => {
  const gate = new Gate()
  const origin = await ScriptedOrigin.start(async (_hit, response) => {
    await gate.opened
    reply(response, 200, FRESH, 'shared')
  })
  onTestFinished(() => origin.close())
  const engine = engineFor(origin.url)
  const exchanges = Array.from({ length: 10_000 }, () => getExchange('/'))
  for (const exchange of exchanges) serve(engine, exchange)
  expect(engine.counters.get('busy_sleep')).toBe(9999)
  gate.open()
  await Promise.all(exchanges.map(({ answered }) => answered))
  expect(new Set(exchanges.map(({ status, bytes }) => `${status} ${bytes.toString()}`))).toEqual(new Set(['200 shared']))
  expect(origin.hits.length).toBe(1)
})

it('answers as many clients as the descriptor limit allows by one fetch', async () => {
  const gate = new Gate()
  const site = await open(async (_hit, response) => {
    await gate.opened
    reply(response, 200, FRESH, 'shared')
  })
  const count = simultaneous()
  const clients: Client[] = []
  // Batches smaller than the listener's backlog, so that no connection attempt is dropped and tried again a second later.
  while (clients.length < count) {
    const batch = Array.from({ length: Math.min(256, count - clients.length) }, () => new Client(site.address))
    await Promise.all(batch.map(({ connected }) => connected))
    clients.push(...batch)
  }
  await site.origin.hit(0)
  for (;;) {
    if (site.stat('busy_sleep') === count - 1) break
    await new Promise((resolve) => setImmediate(resolve))
  }
  gate.open()
  await Promise.all(clients.map(({ answered }) => answered))
  console.info(`${count} clients at once, ${site.origin.hits.length} fetch`)
  expect(clients.filter(({ text }) => !text.startsWith('HTTP/1.1 200 OK\r\n') || !text.endsWith('\r\n\r\nshared')).length).toBe(0)
  expect(site.origin.hits.length).toBe(1)
  for (const client of clients) client.socket.destroy()
}, 60_000)

/** Both ends of each connection live in this process; some descriptors are left to everything else. */
function simultaneous(): number {
  const limit = Number(/^Max open files\s+(\d+)/m.exec(limits())?.[1] ?? 1024)
  return Math.max(100, Math.min(10_000, Math.floor((limit - 400) / 2)))
}

function limits(): string {
  try {
    return readFileSync('/proc/self/limits', 'latin1')
  } catch {
    return ''
  }
}

/** Asks as soon as it is connected, and takes the answer's bytes as they are. */
class Client {
  readonly socket: Socket
  readonly connected: Promise<void>
  readonly answered: Promise<void>
  text = ''

  constructor(address: string) {
    const [host = '', port = ''] = address.split(':')
    this.socket = connect(Number(port), host)
    this.connected = new Promise((resolve, reject) => {
      this.socket.once('connect', () => {
        this.socket.write(message('GET', '/'))
        resolve()
      })
      this.socket.once('error', reject)
    })
    this.answered = new Promise((resolve, reject) => {
      this.socket.on('data', (chunk) => {
        this.text += chunk.toString('latin1')
        if (this.text.endsWith('shared')) resolve()
      })
      this.socket.once('close', () => reject(new Error(`closed after ${JSON.stringify(this.text)}`)))
    })
    this.answered.catch(() => {})
  }
}
