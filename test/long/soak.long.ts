/**
 * A mixed load for `SOAK_SECONDS` (default 60): every body is compared, one origin answer in a hundred is broken, and afterwards the
 * process holds what it held before.
 */
import { Agent, type ClientRequest, type IncomingMessage, request } from 'node:http'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { createServer } from '../../src/index.ts'
import { Random, SEED } from './random.ts'
import { bodyOf, SoakOrigin, sizeOf } from './soak-origin.ts'

const SECONDS = Number(process.env['SOAK_SECONDS'] ?? 60)
const CLIENTS = 24
const SIZES = [0, 1, 100, 1024, 1024, 10_000, 16_384, 16_385, 65_536, 200_000, 1_500_000]
const MEMORY = 32 * 1024 * 1024
/** Bytes that the heap may differ after a collection. */
const HEAP_SLACK = 24 * 1024 * 1024

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

interface Tally {
  readonly findings: string[]
  readonly kinds: Map<string, number>
  failures: number
}

interface Ran {
  readonly stat: Record<string, number>
  readonly faults: number
  /** Bytes of the heap under load, what is stored included. */
  readonly heap: number
}

test('a mixed load gets the right bytes throughout and leaves nothing behind', async () => {
  const uncaught: unknown[] = []
  const note = (error: unknown): unknown => uncaught.push(error)
  process.on('uncaughtException', note)
  process.on('unhandledRejection', note)
  for (const size of SIZES) bodyOf(size)
  const before = await resources()
  const heapBefore = await heap()
  const errors: string[] = []
  const tally: Tally = { findings: [], kinds: new Map(), failures: 0 }
  const { stat, faults, heap: heapLoaded } = await run(tally, errors)
  await settled(async () => (await resources()) <= before)
  const after = await resources()
  const heapAfter = await heap()
  process.off('uncaughtException', note)
  process.off('unhandledRejection', note)
  const mib = (bytes: number): string => (bytes / 1024 / 1024).toFixed(1)
  const total = [...tally.kinds.values()].reduce((a, b) => a + b, 0)
  console.log(
    `soak: seed ${SEED}, ${SECONDS} s, ${total} requests (${[...tally.kinds].map(([kind, times]) => `${kind} ${times}`).join(', ')}), ` +
      `${stat['cache_hit']} hits, ${faults} faults, ${tally.failures} visible failures, handles ${before} → ${after}, ` +
      `heap ${mib(heapBefore)} → ${mib(heapLoaded)} with ${mib(stat['g_bytes'] ?? 0)} stored → ${mib(heapAfter)} MiB, ${errors.length} errors logged`,
  )
  expect(tally.findings).toEqual([])
  expect(uncaught).toEqual([])
  expect(errors).toEqual([])
  // A failure that nothing caused would be ours; a client shares a broken fill with others.
  expect(tally.failures).toBeLessThanOrEqual(faults * CLIENTS)
  expect(stat['sess_open']).toBe(0)
  expect(stat['g_bytes']).toBeLessThanOrEqual(MEMORY)
  expect(heapLoaded - (stat['g_bytes'] ?? 0) - heapBefore).toBeLessThan(HEAP_SLACK)
  expect(after).toBeLessThanOrEqual(before)
  expect(heapAfter - heapBefore).toBeLessThan(HEAP_SLACK)
})

/** The whole load, by whose end everything of it is garbage. */
async function run(tally: Tally, errors: string[]): Promise<Ran> {
  const origin = await SoakOrigin.start(new Random(SEED))
  const eventLog = {
    info: () => {},
    warn: () => {},
    error: (fields: object, message: string) => errors.push(`${message} ${JSON.stringify(fields)}`),
  }
  const server = await createServer({ origin: origin.url, listen: ['127.0.0.1:0'], eventLog, memory: MEMORY })
  const port = Number(server.addresses[0]?.split(':')[1])
  const agent = new Agent({ keepAlive: true, maxSockets: CLIENTS * 2 })
  const ends = performance.now() + SECONDS * 1000
  const client = async (number: number): Promise<void> => {
    const random = new Random(SEED + number)
    while (performance.now() < ends && tally.findings.length < 20) await one(random, port, agent, tally)
  }
  await Promise.all(Array.from({ length: CLIENTS }, (_, number) => client(number)))
  agent.destroy()
  await settled(() => server.stat()['sess_open'] === 0)
  const ran = { stat: server.stat(), faults: origin.faults, heap: await heap() }
  await server.close()
  await origin.close()
  return ran
}

/** Handles and requests that keep the process alive, but timers of this test. */
async function resources(): Promise<number> {
  await new Promise<void>((resolve) => setImmediate(resolve))
  return process.getActiveResourcesInfo().filter((name) => name !== 'Immediate').length
}

async function heap(): Promise<number> {
  for (let times = 0; times < 3; times++) {
    await new Promise<void>((resolve) => setImmediate(resolve))
    collect()
  }
  const { heapUsed, external, arrayBuffers } = process.memoryUsage()
  return heapUsed + Math.max(external, arrayBuffers)
}

async function settled(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 10_000
  while (!(await condition()) && performance.now() < deadline) await new Promise<void>((resolve) => setImmediate(resolve))
}

type Load = 'whole' | 'range' | 'conditional' | 'head' | 'upload' | 'slow' | 'abort'
const LOADS: readonly Load[] = [
  'whole',
  'whole',
  'whole',
  'whole',
  'whole',
  'range',
  'range',
  'conditional',
  'head',
  'upload',
  'slow',
  'abort',
]

function one(random: Random, port: number, agent: Agent, tally: Tally): Promise<void> {
  const load = random.of(LOADS)
  const path = `/${random.of(['keep', 'keep', 'keep', 'brief', 'pass'])}/${random.below(40)}/${random.of(SIZES)}`
  const body = bodyOf(sizeOf(path))
  const headers: Record<string, string> = {}
  const first = random.below(body.length + 1)
  const last = first + random.below(10_000)
  if (load === 'range') headers['Range'] = `bytes=${first}-${last}`
  if (load === 'conditional') headers['If-None-Match'] = `"${path}"`
  const method = load === 'head' ? 'HEAD' : load === 'upload' ? random.of(['POST', 'PUT']) : 'GET'
  tally.kinds.set(load, (tally.kinds.get(load) ?? 0) + 1)
  return new Promise((resolve) => {
    const what = `${method} ${path} ${JSON.stringify(headers)}`
    const sending: ClientRequest = request({ port, host: '127.0.0.1', agent, method, path, headers })
    const uploaded = bodyOf(random.of(SIZES))
    let over = false
    const failed = (): void => {
      if (over) return
      over = true
      if (load !== 'abort') tally.failures++
      resolve()
    }
    sending.on('error', failed)
    sending.on('response', (answer: IncomingMessage) => {
      const parts: Buffer[] = []
      let length = 0
      answer.on('error', failed)
      answer.on('close', failed)
      answer.on('data', (bytes: Buffer) => {
        parts.push(bytes)
        length += bytes.length
        if (load === 'abort' && length > body.length / 3) sending.destroy()
        if (load === 'slow') {
          answer.pause()
          setTimeout(() => answer.resume(), 2)
        }
      })
      answer.on('end', () => {
        if (over || !answer.complete) return
        over = true
        const status = answer.statusCode ?? 0
        const got = Buffer.concat(parts)
        const wrong = judge(load, status, got, body, answer.headers, first, last, uploaded.length)
        if (wrong === 'failure') tally.failures++
        else if (wrong !== null) tally.findings.push(`${what}: ${wrong}, ${got.length} bytes, ${JSON.stringify(answer.headers)}`)
        resolve()
      })
    })
    if (load === 'upload') sending.end(uploaded)
    else sending.end()
    if (load === 'abort' && random.once(2)) setImmediate(() => sending.destroy())
  })
}

/** What is wrong with an answer that came to its end, `failure` for one that says of itself that it failed. */
function judge(
  load: Load,
  status: number,
  got: Buffer,
  body: Buffer,
  headers: IncomingMessage['headers'],
  first: number,
  last: number,
  uploaded: number,
): string | null {
  if (status === 502 || status === 503 || status === 504) return 'failure'
  if (load === 'conditional' && status === 304) return got.length === 0 ? null : 'a 304 with a body'
  if (load === 'range' && status === 416) return first >= body.length ? null : 'a 416 for a range that there is'
  if (load === 'range' && status === 206) {
    const wanted = body.subarray(first, last + 1)
    if (headers['content-range'] !== `bytes ${first}-${first + wanted.length - 1}/${body.length}`)
      return `the range ${headers['content-range']}`
    return got.equals(wanted) ? null : 'wrong bytes of a range'
  }
  if (status !== 200) return `status ${status}`
  if (load === 'head') return got.length === 0 ? null : 'a HEAD with a body'
  if (load === 'upload' && headers['x-received'] !== String(uploaded)) return `the origin received ${headers['x-received']} of ${uploaded}`
  return got.equals(body) ? null : 'wrong bytes'
}
