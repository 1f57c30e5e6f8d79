/**
 * Eight kinds of faults between cache and origin, in both directions, upon a hit, an object that is stale, a miss and an upload: what the
 * client gets is pinned, no byte of it is ever wrong, and all is well once the fault is over.
 */
import { describe, expect, test } from 'vitest'
import type { Direction, Fault } from '../support/fault-box.ts'
import { RawClient } from '../support/raw-client.ts'
import { bodyOf, type OriginScript } from '../support/scripted-origin.ts'
import { until } from '../support/until.ts'
import { type Faulty, openBehindBox, passing } from './faulty.ts'
import { message, reply } from './site.ts'

const LENGTH = 2000
/** Within the head of a request that has no body; of an answer or an upload, within the body. */
const IN_HEAD = 50
const IN_BODY = 1000

type Scene = 'hit' | 'stale' | 'miss' | 'upload'
type Outcome = '200 HIT' | '200 STALE' | '200 MISS' | '200 PASS' | '502' | '504' | 'broken off'

const FAULTS: Readonly<Record<Fault['kind'], (direction: Direction, scene: Scene) => Fault>> = {
  latency: () => ({ kind: 'latency', ms: 10_000 }),
  down: () => ({ kind: 'down' }),
  bandwidth: () => ({ kind: 'bandwidth', rate: 200 }),
  'slow close': () => ({ kind: 'slow close', ms: 10_000 }),
  'black hole': () => ({ kind: 'black hole' }),
  reset: () => ({ kind: 'reset', after: 0 }),
  slicer: () => ({ kind: 'slicer' }),
  cut: (direction, scene) => ({ kind: 'cut', after: direction === 'to' && scene !== 'upload' ? IN_HEAD : IN_BODY }),
}

const OUTCOMES: Readonly<Record<Fault['kind'], Readonly<Record<Direction, Readonly<Record<Scene, Outcome>>>>>> = {
  latency: {
    to: { hit: '200 HIT', stale: '200 MISS', miss: '200 MISS', upload: '200 PASS' },
    from: { hit: '200 HIT', stale: '200 MISS', miss: '200 MISS', upload: '200 PASS' },
  },
  down: {
    to: { hit: '200 HIT', stale: '200 STALE', miss: '502', upload: '502' },
    from: { hit: '200 HIT', stale: '200 STALE', miss: '502', upload: '502' },
  },
  bandwidth: {
    to: { hit: '200 HIT', stale: '200 MISS', miss: '200 MISS', upload: '200 PASS' },
    from: { hit: '200 HIT', stale: '200 MISS', miss: '200 MISS', upload: '200 PASS' },
  },
  'slow close': {
    to: { hit: '200 HIT', stale: '200 MISS', miss: '200 MISS', upload: '200 PASS' },
    from: { hit: '200 HIT', stale: '200 MISS', miss: '200 MISS', upload: '200 PASS' },
  },
  'black hole': {
    to: { hit: '200 HIT', stale: '200 STALE', miss: '504', upload: '504' },
    from: { hit: '200 HIT', stale: '200 STALE', miss: '504', upload: '504' },
  },
  reset: {
    to: { hit: '200 HIT', stale: '200 STALE', miss: '502', upload: '502' },
    from: { hit: '200 HIT', stale: '200 STALE', miss: '502', upload: '502' },
  },
  slicer: {
    to: { hit: '200 HIT', stale: '200 MISS', miss: '200 MISS', upload: '200 PASS' },
    from: { hit: '200 HIT', stale: '200 MISS', miss: '200 MISS', upload: '200 PASS' },
  },
  cut: {
    to: { hit: '200 HIT', stale: '200 STALE', miss: '502', upload: '502' },
    // The head had been delivered.
    from: { hit: '200 HIT', stale: 'broken off', miss: 'broken off', upload: 'broken off' },
  },
}

/** Bytes that tell what they are a part of, and which. */
function pattern(name: string): string {
  let text = ''
  for (let at = 0; text.length < LENGTH; at++) text += `${name}:${at};`
  return text.slice(0, LENGTH)
}

const UPLOADED = pattern('uploaded')

/**
 * The first answer to a page is old, every later one new; what is uploaded comes back. Each answer ends its connection, so that there are
 * ends to be slow; `quietly`, without saying that it will.
 */
function origin(uploads: string[], quietly: boolean): OriginScript {
  const seen = new Set<string>()
  return async (hit, response) => {
    if (quietly) response.once('finish', () => hit.message.socket.destroySoon())
    else response.shouldKeepAlive = false
    if (hit.method === 'POST') {
      const body = await bodyOf(hit).catch(() => null)
      if (body === null || !hit.message.complete) return
      uploads.push(body)
      reply(response, 200, {}, body)
      return
    }
    const age = seen.has(hit.url) ? 'new' : 'old'
    seen.add(hit.url)
    reply(response, 200, { 'Cache-Control': 'max-age=10' }, pattern(`${hit.url} ${age}`))
  }
}

/** What a client gets that sends `bytes`. What is whole must be one of `allowed`, what is not the beginning of one. */
async function ask(address: string, bytes: string, allowed: readonly string[]): Promise<Outcome> {
  const client = await RawClient.connect(address)
  client.send(bytes)
  await client.closed()
  const text = client.total.toString('latin1')
  client.destroy()
  const at = text.indexOf('\r\n\r\n')
  const head = text.slice(0, at + 2)
  const body = text.slice(at + 4)
  const status = head.slice(9, 12)
  if (status !== '200') return status as Outcome
  expect(allowed.filter((whole) => whole.startsWith(body))).not.toEqual([])
  const length = Number(/\r\ncontent-length: (\d+)\r\n/i.exec(head)?.[1])
  expect(length).toBe(LENGTH)
  if (body.length < length) return 'broken off'
  return `200 ${/\r\nx-cache: (\w+)\r\n/i.exec(head)?.[1]}` as Outcome
}

function requestOf(scene: Scene): string {
  return scene === 'upload'
    ? message('POST', '/upload', { Connection: 'close' }, UPLOADED)
    : message('GET', `/${scene}`, { Connection: 'close' })
}

/** Lets time pass as the fault needs it until the answer is here. */
async function driven(faulty: Faulty, fault: Fault, answer: Promise<Outcome>): Promise<Outcome> {
  switch (fault.kind) {
    case 'latency':
      return passing(faulty, fault.ms, answer)
    case 'bandwidth':
      return passing(faulty, 1000, answer)
    case 'black hole':
      await until(() => faulty.box.swallowed > 0, 'what the black hole takes')
      faulty.site.clock.advance(60_001)
      return answer
    default:
      return answer
  }
}

/** Shows that the fault did what it is there for, where the answer does not. */
async function acted({ site, box }: Faulty, { kind }: Fault, since: number): Promise<void> {
  if (kind === 'latency' || kind === 'bandwidth') expect(site.clock.now()).toBeGreaterThan(since)
  // The answer did not wait for it.
  if (kind === 'slow close') await until(() => box.holding, 'an end that is held back')
  if (kind === 'slicer') expect(box.writes).toBeGreaterThan(100)
}

describe.each(Object.keys(FAULTS) as Fault['kind'][])('%s', (kind) => {
  describe.each(['to', 'from'] as const)('%s the origin', (direction) => {
    test.each(['hit', 'stale', 'miss', 'upload'] as const)('upon a request that is: %s', async (scene) => {
      const uploads: string[] = []
      const faulty = await openBehindBox(origin(uploads, kind === 'slow close'))
      const { site, box } = faulty
      const [old, fresh] = [pattern(`/${scene} old`), pattern(`/${scene} new`)] as const
      if (scene === 'hit' || scene === 'stale') expect(await ask(site.address, requestOf(scene), [old])).toBe('200 MISS')
      if (scene === 'stale') site.clock.advance(11_000)
      await until(() => box.open === 0, 'the end of all connections')
      const asked = box.accepted

      const fault = FAULTS[kind](direction, scene)
      const since = site.clock.now()
      await box.set(direction, fault)
      const expected = OUTCOMES[kind][direction][scene]
      const right = scene === 'upload' ? [UPLOADED] : scene === 'stale' && expected !== '200 STALE' ? [fresh] : [old]
      const answer = ask(site.address, requestOf(scene), right)
      expect(await (scene === 'hit' ? answer : driven(faulty, fault, answer))).toBe(expected)
      if (scene === 'hit') expect(box.accepted).toBe(asked)
      else await acted(faulty, fault, since)

      await box.set(direction, null)
      // Past the pause after a failed fetch, the lifetime of what was stored, and what the box held back.
      site.clock.advance(11_000)
      await until(() => box.open === 0, 'the end of all connections')
      const after = await ask(site.address, requestOf(scene), scene === 'upload' ? [UPLOADED] : [old, fresh])
      expect(after).toBe(scene === 'upload' ? '200 PASS' : '200 MISS')
      if (scene !== 'upload') expect(await ask(site.address, requestOf(scene), [old, fresh])).toBe('200 HIT')
      expect(new Set(uploads)).toEqual(new Set(scene === 'upload' ? [UPLOADED] : []))
    })
  })
})
