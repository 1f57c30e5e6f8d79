/** Many requests at once for what is not stored or has just expired: the origin is asked within its bounds, and hits do not wait for it. */
import { expect, it, onTestFinished } from 'vitest'
import { ManualClock } from '../../src/clock.ts'
import type { Engine } from '../../src/request/engine.ts'
import type { MemoryExchange } from '../../src/request/memory-exchange.ts'
import { serve } from '../../src/request/serve.ts'
import { Gate, type OriginScript, ScriptedOrigin } from '../support/scripted-origin.ts'
import { until } from '../support/until.ts'
import { engineFor, getExchange } from './in-process.ts'
import { reply } from './site.ts'

const KEYS = 10_000
const CONNECTIONS = 100

async function originFor(script: OriginScript): Promise<ScriptedOrigin> {
  const origin = await ScriptedOrigin.start(script)
  onTestFinished(() => origin.close())
  return origin
}

function ask(engine: Engine, target: string): MemoryExchange {
  const exchange = getExchange(target)
  serve(engine, exchange)
  return exchange
}

it('asks for 10,000 different keys over a bounded number of connections, and answers hits meanwhile at once', async () => {
  const gate = new Gate()
  let most = 0
  const origin = await originFor(async (hit, response) => {
    most = Math.max(most, origin.sockets.size)
    if (hit.url !== '/hit') await gate.opened
    reply(response, 200, { 'Cache-Control': 'max-age=60' }, hit.url)
  })
  const engine = engineFor(origin.url, {
    clock: new ManualClock(),
    limits: { originConnections: CONNECTIONS, originQueue: KEYS - CONNECTIONS },
  })
  await ask(engine, '/hit').answered

  const cold = Array.from({ length: KEYS }, (_, key) => ask(engine, `/${key}`))
  await until(() => origin.hits.length === CONNECTIONS + 1, 'as many fetches as connections')
  const refused = [ask(engine, '/one-too-many'), ask(engine, '/and-another')]
  for (const exchange of refused) await exchange.answered
  expect(refused.map(({ status, fieldLines }) => [status, /^Retry-After: (\d+)\r$/m.exec(fieldLines)?.[1]])).toEqual([
    [503, '1'],
    [503, '1'],
  ])
  for (let i = 0; i < 100; i++) expect(ask(engine, '/hit').bytes.toString()).toBe('/hit')

  gate.open()
  for (const { answered } of cold) await answered
  expect(cold.filter(({ status, bytes }, key) => status !== 200 || bytes.toString() !== `/${key}`)).toEqual([])
  expect(most).toBeLessThanOrEqual(CONNECTIONS)
  expect(origin.hits.length).toBe(KEYS + 1)
})

it('lets nobody wait when a hot key expires, and refreshes it once', async () => {
  const gate = new Gate()
  const origin = await originFor(async (hit, response) => {
    if (hit.index > 0) await gate.opened
    reply(response, 200, { 'Cache-Control': 'max-age=10, stale-while-revalidate=60' }, `answer ${hit.index}`)
  })
  const clock = new ManualClock()
  const engine = engineFor(origin.url, { clock })
  await ask(engine, '/').answered
  clock.advance(11_000)
  const exchanges = Array.from({ length: KEYS }, () => ask(engine, '/'))
  // In the very turn in which they asked.
  expect(exchanges.filter(({ over, bytes }) => !over || bytes.toString() !== 'answer 0')).toEqual([])
  expect(engine.counters.get('busy_sleep')).toBe(0)
  await origin.hit(1)
  gate.open()
  await until(() => engine.counters.get('n_superseded') === 1, 'the refresh')
  expect(ask(engine, '/').bytes.toString()).toBe('answer 1')
  expect(origin.hits.length).toBe(2)
})

it('serves other paths of a backend while one of them is slow, however many ask for that', async () => {
  const gate = new Gate()
  const origin = await originFor(async (hit, response) => {
    if (hit.url.startsWith('/slow')) await gate.opened
    reply(response, 200, {}, hit.url)
  })
  const clock = new ManualClock()
  const engine = engineFor(origin.url, { clock, limits: { originConnections: 16, originQueue: 32 } })
  const slow = Array.from({ length: 100 }, (_, i) => ask(engine, `/slow?${i}`))
  await until(() => origin.hits.length === 14, 'all fetches that the slow path may have')
  for (let i = 0; i < 50; i++) {
    const fast = [ask(engine, `/fast/${i}`), ask(engine, `/faster?${i}`), ask(engine, `/fastest/${i}`)]
    for (const exchange of fast) await exchange.answered
    expect(fast.map(({ bytes }) => bytes.toString())).toEqual([`/fast/${i}`, `/faster?${i}`, `/fastest/${i}`])
  }
  expect(origin.hits.filter(({ url }) => url.startsWith('/slow')).length).toBe(14)
  // 28 wait, for the others there was no place.
  const refused = (): number => slow.filter(({ status }) => status === 503).length
  await until(() => refused() === 58, 'refusals')
  clock.advance(10_000)
  await until(() => refused() === 86, 'refusals')
  gate.open()
  for (const { answered } of slow) await answered
  expect(slow.filter(({ status }) => status === 200).length).toBe(14)
  expect(origin.sockets.size).toBeLessThanOrEqual(16)
})

it.each([
  [7, 7],
  [24, 21],
])('lets one path have of %i connections %i while nobody else asks, and serves all who wait', async (connections, its) => {
  const gate = new Gate()
  const origin = await originFor(async (hit, response) => {
    await gate.opened
    reply(response, 200, {}, hit.url)
  })
  const engine = engineFor(origin.url, { clock: new ManualClock(), limits: { originConnections: connections, originQueue: 100 } })
  const all = Array.from({ length: 50 }, (_, i) => ask(engine, `/?${i}`))
  await until(() => origin.hits.length === its, 'what the path may have')
  gate.open()
  for (const { answered } of all) await answered
  expect(all.filter(({ status }) => status !== 200)).toEqual([])
})
