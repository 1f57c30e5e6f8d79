/**
 * Mutated requests over real sockets through the whole server to a strict origin, with clean clients in between on the same origin
 * connections. `SOCKET_RUNS` messages (default 100,000), `FUZZ_SEED` to repeat a run.
 */
import { connect } from 'node:net'
import { expect, test } from 'vitest'
import { type AccessRecord, createServer } from '../../src/index.ts'
import { definePolicy } from '../../vcl-ts/index.ts'
import type { LintedRequest } from '../support/lint.ts'
import { RawClient } from '../support/raw-client.ts'
import * as grammar from './grammar.ts'
import { Random, SEED } from './random.ts'
import { StrictOrigin } from './strict-origin.ts'

const RUNS = Number(process.env['SOCKET_RUNS'] ?? 100_000)
const ATTACKERS = 32
const CLEAN = 20
const PAGES = 8
/** The body of good requests, which must stay one; much of it is read for nobody, since the answer is a hit. */
const HIDDEN = 'GET /hidden HTTP/1.1\r\nHost: h\r\n\r\n'
/** Milliseconds within which a connection is over once the client has ended its side. */
const PATIENCE = 5000

function answer({ method, target, fields, body }: LintedRequest): string {
  const value = (name: string): string => fields.find(([key]) => key.toLowerCase() === name)?.[1] ?? ''
  const nonce = value('x-nonce')
  // What is stored tells which request it answers; what is not tells whose.
  const page = /^\/k\d$/.test(target)
  const text = page ? `${target} ${value('host')}` : `${method} ${target} ${nonce} ${body.length}`
  const head = `HTTP/1.1 200 OK\r\nCache-Control: ${page ? 'max-age=60' : 'no-store'}\r\n${page ? '' : `X-Nonce: ${nonce}\r\n`}`
  return `${head}Content-Length: ${text.length}\r\n\r\n${method === 'HEAD' ? '' : text}`
}

test('no mutated request makes an origin see anything but what was decided to be sent, or a clean client anything but its own', async () => {
  const origin = await StrictOrigin.start(answer)
  const decided = new Map<string, number>()
  /** Requests that were answered with nothing, or not to their end. */
  const unfinished = new Map<string, number>()
  const policy = definePolicy({
    backendFetch({ bereq }) {
      count(decided, `${bereq.method} ${bereq.url}`)
    },
  })
  const errors: string[] = []
  const eventLog = {
    info: () => {},
    warn: () => {},
    error: (fields: object, message: string) => errors.push(`${message} ${JSON.stringify(fields)}`),
  }
  const accessLog = {
    write: ({ method, url, end }: AccessRecord): void => {
      if (end !== 'sent') count(unfinished, `${method} ${url}`)
    },
  }
  const server = await createServer({ origin: origin.url, listen: ['127.0.0.1:0'], policy, eventLog, accessLog, memory: 64 * 1024 * 1024 })
  const address = server.addresses[0] as string
  const clean = await Promise.all(Array.from({ length: CLEAN }, () => RawClient.connect(address)))
  const findings: string[] = []
  const began = performance.now()
  let sent = 0
  let broken = 0
  let checked = 0

  const attack = async (number: number): Promise<void> => {
    for (let round = 0; sent < RUNS && findings.length < 20; round++) {
      const seed = (SEED + number * 1_000_003 + round * 7919) >>> 0
      const random = new Random(seed)
      const one = (): string => grammar.request(random, random.once(5) ? `k${random.below(PAGES)}` : `n${random.below(1000)}`)
      const untouched = random.once(6)
      const messages = random.many(1, 3, () =>
        untouched ? grammar.request(random, `k${random.below(PAGES)}`, HIDDEN) : grammar.mutate(random, one(), one),
      )
      sent += messages.length
      const text = messages.join('')
      const ending = await converse(address, random, text)
      if (ending === 'stuck') findings.push(`seed ${seed}: not over after ${PATIENCE} ms: ${JSON.stringify(text)}`)
      else if (ending === 'garbage') findings.push(`seed ${seed}: what came is no answer: ${JSON.stringify(text)}`)
      else if (ending === 'reset') broken++
    }
  }

  const victim = async (client: RawClient, number: number): Promise<void> => {
    for (let round = 0; sent < RUNS && findings.length < 20; round++) {
      const nonce = `clean-${number}-${round}`
      const own = await client.request(`GET /${nonce} HTTP/1.1\r\nHost: h\r\nX-Nonce: ${nonce}\r\n\r\n`)
      const text = own.body.toString('latin1')
      if (own.get('x-nonce') !== nonce || text !== `GET /${nonce} ${nonce} 0`) findings.push(`${nonce} got ${own.head} ${text}`)
      const page = await client.request(`GET /k${round % PAGES} HTTP/1.1\r\nHost: h\r\n\r\n`)
      if (page.body.toString('latin1') !== `/k${round % PAGES} h`)
        findings.push(`/k${round % PAGES} is ${page.head} ${page.body.toString('latin1')}`)
      checked += 2
      // Some turns for the attackers, else a clean client that only waits for itself would take them all.
      for (let turns = 0; turns < 20; turns++) await new Promise<void>((resolve) => setImmediate(resolve))
    }
  }

  await Promise.all([...Array.from({ length: ATTACKERS }, (_, number) => attack(number)), ...clean.map(victim)])
  for (const client of clean) client.destroy()
  await server.close()
  await origin.close()
  for (const line of origin.seen.keys()) if (line.includes('/hidden')) findings.push(`a body became a request: ${line}`)
  let missing = 0
  for (const [line, times] of decided) {
    const lost = times - (origin.seen.get(line) ?? 0)
    missing += Math.max(0, lost)
    if (lost > (unfinished.get(line) ?? 0)) findings.push(`${line} did not reach the origin ${lost} times`)
  }
  for (const [line, times] of origin.seen) if (times > (decided.get(line) ?? 0)) findings.push(`the origin saw ${line} ${times} times`)
  const seconds = ((performance.now() - began) / 1000).toFixed(1)
  console.log(
    `sockets: seed ${SEED}, ${sent} messages, ${seconds} s, ${[...origin.seen.values()].reduce((a, b) => a + b, 0)} requests at the origin, ` +
      `${origin.cutOff} cut off, ${missing} given up, ${broken} connections broken off, ${checked} clean answers, ${server.counters.get('cache_hit')} hits, ${findings.length} findings`,
  )
  expect(findings).toEqual([])
  expect(origin.violations).toEqual([])
  expect(errors).toEqual([])
})

function count(times: Map<string, number>, line: string): void {
  times.set(line, (times.get(line) ?? 0) + 1)
}

/** Sends everything, in pieces or not, ends, and waits for the other side to do so. */
function converse(address: string, random: Random, text: string): Promise<'end' | 'reset' | 'stuck' | 'garbage'> {
  return new Promise((resolve) => {
    const [host = '', port] = address.split(':')
    const socket = connect({ host, port: Number(port), allowHalfOpen: true })
    let first = ''
    let failed = false
    const timer = setTimeout(() => {
      resolve('stuck')
      socket.destroy()
    }, PATIENCE)
    socket.on('error', () => {
      failed = true
    })
    socket.on('data', (bytes) => {
      if (first.length < 9) first += bytes.toString('latin1', 0, 9)
    })
    socket.on('close', () => {
      clearTimeout(timer)
      resolve(!'HTTP/1.1 '.startsWith(first.slice(0, 9)) ? 'garbage' : failed ? 'reset' : 'end')
    })
    const bytes = Buffer.from(text, 'latin1')
    const cuts = random.once(3) ? random.cuts(bytes.length, 3) : []
    const pieces = [...cuts, bytes.length].map((end, at) => bytes.subarray(at === 0 ? 0 : cuts[at - 1], end))
    const next = (): void => {
      const piece = pieces.shift()
      if (piece === undefined) socket.end()
      else socket.write(piece, () => setImmediate(next))
    }
    next()
  })
}
