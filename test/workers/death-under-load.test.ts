import { expect, it } from 'vitest'
import { Random } from '../long/random.ts'
import { until } from '../support/until.ts'
import { bodyFor, HashedOrigin } from './hashed-origin.ts'
import { claimed, linkedObjects } from './linked.ts'
import { KEPT_URLS, Load, unexplained } from './load.ts'
import { type Connected, type Crew, connectToEach, crew, policyFile } from './rig.ts'

const HEAP = { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 8 }
const LARGE = 1_500_000

async function site(): Promise<{ site: Crew; origin: HashedOrigin }> {
  const origin = await HashedOrigin.start()
  return { site: await crew({ policyFile: policyFile(), originUrl: origin.url, heap: HEAP }), origin }
}

it('workers that die under load, of anything, cost nobody else an answer and no byte', async () => {
  const { site: cache, origin } = await site()
  const [warming] = (await cache.connectToEach()) as [Connected]
  for (const url of KEPT_URLS) await warming.get(url)
  origin.fetched.clear()
  const load = new Load({ address: cache.address, clients: 12, random: new Random(1) })
  const dead = new Set<string>()
  for (const [index, how] of ['throw', 'terminate', 'exit', 'heap', 'reject'].entries()) {
    const [victim, survivor] = (await cache.connectToEach()) as [Connected, Connected]
    await load.more(100)
    dead.add(victim.thread)
    cache.end(victim, how)
    await cache.replaced(index + 1)
    const pair = (await cache.connectToEach()) as [Connected, Connected]
    const fresh = pair.find(({ thread }) => thread !== survivor.thread)
    expect(dead).not.toContain(fresh?.thread)
    // The first thing that the new one is asked for is stored since before it began.
    const url = KEPT_URLS[3] as string
    const answer = await fresh?.get(url)
    expect([answer?.status, answer?.get('x-cache'), answer?.body.equals(bodyFor(url))]).toEqual([200, 'HIT', true])
    expect((await survivor.get(url)).get('x-cache')).toBe('HIT')
  }
  await load.stop()
  await until(() => claimed(cache.memory) === 0, 'the end of all claims')
  await until(() => cache.stat('n_object') === linkedObjects(cache.memory), 'the same in the books as in the chains')
  expect(load.wrong).toEqual([])
  expect(unexplained(load.failures, dead, origin)).toEqual([])
  expect(load.failures.some(({ thread }) => thread !== null && dead.has(thread))).toBe(true)
}, 60_000)

it('a key that a dead worker was fetching is fetched by another, and what followed its body breaks off visibly', async () => {
  const { site: cache, origin } = await site()
  const [victim, survivor] = (await cache.connectToEach()) as [Connected, Connected]
  const late = await connectTo(cache, survivor.thread)
  const url = `/held/a/${LARGE}`
  victim.client.send(`GET ${url} HTTP/1.1\r\nHost: www.example\r\n\r\n`)
  await until(() => victim.client.received > LARGE / 4, 'the first bytes')
  survivor.client.send(`GET ${url} HTTP/1.1\r\nHost: www.example\r\n\r\n`)
  await until(() => survivor.client.received > LARGE / 4, 'the first bytes of the one that follows')
  expect(origin.times(url)).toBe(1)
  cache.end(victim, 'terminate')
  // The end of the connection within the body tells that it is not whole.
  await survivor.client.closed()
  await expect(survivor.client.response()).rejects.toThrow('before a whole answer')
  origin.gate.open()
  const answer = await late.get(url)
  expect([answer.status, answer.body.equals(bodyFor(url))]).toEqual([200, true])
  await cache.replaced(1)
  for (const worker of await cache.connectToEach()) expect((await worker.get(url)).get('x-cache')).toBe('HIT')
  expect(origin.times(url)).toBe(2)
})

it('who waits for the head of what a dead worker was fetching gets it from another fetch', async () => {
  const { site: cache, origin } = await site()
  const [victim, survivor] = (await cache.connectToEach()) as [Connected, Connected]
  const url = '/mute/a/100'
  victim.client.send(`GET ${url} HTTP/1.1\r\nHost: www.example\r\n\r\n`)
  await until(() => origin.times(url) === 1, 'the fetch')
  const waiting = survivor.get(url)
  await until(() => cache.stat('busy_sleep') === 1, 'the one that waits')
  cache.end(victim, 'terminate')
  await until(() => origin.times(url) === 2, 'the other fetch')
  origin.gate.open()
  const answer = await waiting
  expect([answer.status, answer.body.equals(bodyFor(url))]).toEqual([200, true])
})

async function connectTo(cache: Crew, thread: string): Promise<Connected> {
  for (;;) {
    const found = (await connectToEach(cache.address)).find((each) => each.thread === thread)
    if (found !== undefined) return found
  }
}

it('counters never go back when workers die', async () => {
  const { site: cache, origin } = await site()
  const load = new Load({ address: cache.address, clients: 4, random: new Random(2) })
  const names = new Set(Object.keys(cache.server.stat()).filter(isCounter))
  let last = cache.server.stat()
  const backwards: string[] = []
  const look = (): true => {
    const now = cache.server.stat()
    for (const name of Object.keys(now)) if (isCounter(name)) names.add(name)
    for (const name of names) if ((now[name] ?? 0) < (last[name] ?? 0)) backwards.push(`${name}: ${last[name]}, ${now[name]}`)
    last = now
    return true
  }
  for (const [index, how] of ['throw', 'terminate', 'exit'].entries()) {
    await load.more(30)
    look()
    const [victim] = (await cache.connectToEach()) as [Connected]
    cache.end(victim, how)
    await until(() => look() && cache.deaths().length === index + 1, 'the death')
    await until(() => look() && cache.handles.length === index + 3, 'the replacement')
  }
  await load.stop()
  look()
  expect(backwards).toEqual([])
  expect(last['cache_hit'] ?? 0).toBeGreaterThan(0)
  expect(origin.fetched.size).toBeGreaterThan(0)
}, 60_000)

/** What is under way or stored goes up and down. */
function isCounter(name: string): boolean {
  return !/^(?:g_|sess_open|n_object|uptime|bans_(?:active|bytes|lurker_age))|\.(?:conn|happy)$/.test(name)
}
