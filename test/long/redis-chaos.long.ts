/**
 * For `CHAOS_SECONDS` (default 600) Redis is killed, frozen and emptied, the origin goes away, workers die, clients read slowly, all at once, over two
 * nodes with two workers each (HARDENING 291, 357): what is in memory is always served, no byte that anybody gets is wrong, and in the end nodes
 * share again.
 */
import { expect, test } from 'vitest'
import { ManualClock } from '../../src/clock.ts'
import { message } from '../journey/site.ts'
import { FaultBox } from '../support/fault-box.ts'
import { RawClient } from '../support/raw-client.ts'
import { startRedis } from '../support/redis-server.ts'
import { until } from '../support/until.ts'
import { bodyFor, HashedOrigin } from '../workers/hashed-origin.ts'
import { KEPT_URLS } from '../workers/load.ts'
import { type Crew, crew, policyFile, who } from '../workers/rig.ts'
import { Random, SEED } from './random.ts'

const SECONDS = Number(process.env['CHAOS_SECONDS'] ?? 600)
/** Milliseconds from one trouble to the next; each lasts for as long. */
const EVERY = 2000
const SECRET = 'known-to-all-nodes-of-it'
/** Only those whose name has this in it. */
const TROUBLES = process.env['CHAOS_TROUBLES'] ?? null
/** Of what is asked for once: small, so that memory has room for all of it, and nothing has to go for want of it. */
const SIZES = [0, 100, 1000, 10_000]
const MEMORY = 512 * 1024 * 1024

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** How often each line was said. */
function spoken({ events }: Crew): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { message: line } of events) counts[line] = (counts[line] ?? 0) + 1
  return counts
}

test('memory serves on and no byte is wrong, whatever fails', async () => {
  const redis = await startRedis({ config: { maxmemory: '48mb', 'maxmemory-policy': 'allkeys-lru' } })
  const origin = await HashedOrigin.start()
  const box = await FaultBox.start()
  box.lead(Number(new URL(origin.url).port), new ManualClock())
  const random = new Random(SEED)
  const node = (): Promise<Crew> =>
    crew({
      policyFile: policyFile(),
      originUrl: box.url,
      accessLog: null,
      memory: MEMORY,
      redis: { servers: redis.url, secret: SECRET },
    })
  const nodes = [await node(), await node()]
  for (const { address } of nodes) {
    const client = await RawClient.connect(address)
    for (const url of KEPT_URLS) await client.request(message('GET', url))
    client.destroy()
  }
  let going = true
  let originAway = false
  const dead = new Set<string>()
  const wrong: string[] = []
  const counts = { kept: 0, others: 0, refused: 0, broken: 0, slow: 0 }

  const ask = async (at: Crew, next: () => string, kept: boolean): Promise<void> => {
    let once = true
    while (going) {
      const client = await RawClient.connect(at.address).catch(() => null)
      if (client === null) {
        wrong.push('nobody listens')
        await pause(100)
        continue
      }
      let thread = '?'
      try {
        thread = await who(client)
        while (going) {
          const url = next()
          const wasAway = originAway
          const { status, body } = await client.request(message('GET', url))
          client.total = Buffer.alloc(0)
          if (status === 200 && !body.equals(bodyFor(url))) wrong.push(`${body.length} wrong bytes for ${url}`)
          else if (status !== 200 && kept) wrong.push(`${status} for ${url}, which is in memory`)
          else if (status !== 200 && !wasAway && !originAway) wrong.push(`${status} for ${url} while the origin is there`)
          if (status !== 200) counts.refused++
          counts[kept ? 'kept' : 'others']++
          await pause(kept ? 5 : 20)
        }
      } catch (error) {
        counts.broken++
        // Memory is not torn from who did not lose his worker. What a dead worker fetched breaks off.
        await pause(50)
        if (kept && thread !== '?' && !dead.has(thread)) wrong.push(`${thread}: ${String(error)}`)
      } finally {
        client.destroy()
      }
      once = false
    }
    if (once) return
  }

  /** Takes a large body at a few KiB a turn, now and then none of it. */
  const dawdle = async (at: Crew): Promise<void> => {
    for (let turn = 0; going; turn++) {
      const url = `/keep/slow${turn % 5}/700000`
      const client = await RawClient.connect(at.address).catch(() => null)
      if (client === null) continue
      client.send(message('GET', url, { Connection: 'close' }))
      for (let step = 0; step < 30 && going && client.ended === null; step++) {
        client.socket.pause()
        await pause(40)
        client.socket.resume()
        await pause(1)
      }
      if (client.ended === null) client.reset()
      counts.slow++
    }
  }

  let onces = 0
  const running = nodes.flatMap((at) => [
    ...Array.from({ length: 4 }, () => ask(at, () => random.of(KEPT_URLS), true)),
    ...Array.from({ length: 4 }, () => ask(at, () => `/once/${onces++ >> 1}/${random.of(SIZES)}`, false)),
    dawdle(at),
  ])
  const kinds = new Map<string, number>()
  const troubles: Readonly<Record<string, () => Promise<unknown>>> = {
    'Redis is killed': async () => {
      await redis.kill()
      await pause(EVERY)
      await redis.restart()
    },
    'Redis is frozen': async () => {
      await redis.freeze()
      await pause(EVERY)
      redis.thaw()
    },
    'Redis forgets': () => redis.cli('FLUSHALL').catch(() => {}),
    'the origin is away': async () => {
      originAway = true
      await box.set('to', { kind: 'down' })
      await pause(EVERY)
      await box.set('to', null)
      await pause(EVERY)
      originAway = false
    },
    'a worker dies': async () => {
      const at = random.of(nodes)
      const client = await RawClient.connect(at.address)
      const thread = await who(client)
      dead.add(thread)
      const replaced = at.replacements().length + 1
      at.end({ client, thread } as Parameters<Crew['end']>[0], random.of(['throw', 'exit', 'terminate']))
      await until(() => at.replacements().length >= replaced, 'the replacement')
      client.destroy()
    },
  }
  const ends = performance.now() + SECONDS * 1000
  const chosen = Object.keys(troubles).filter((kind) => TROUBLES === null || kind.includes(TROUBLES))
  let redisBusy: Promise<unknown> = Promise.resolve()
  for (let turn = 0; performance.now() < ends; turn++) {
    // Each once, and then as it comes.
    const kind = turn < chosen.length ? (chosen[turn] as string) : random.of(chosen)
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1)
    const trouble = troubles[kind] as () => Promise<unknown>
    // Those of Redis one after the other, all others beside them.
    if (kind.startsWith('Redis')) redisBusy = redisBusy.then(trouble)
    else await trouble()
    await pause(EVERY / 2)
  }
  await redisBusy
  going = false
  await Promise.all(running)
  console.info(JSON.stringify({ ...Object.fromEntries(kinds), ...counts, written: nodes.map((each) => each.stat('tier_written')) }))
  for (const each of nodes) console.info(JSON.stringify(spoken(each)))
  expect(wrong).toEqual([])
  expect(nodes.map((each) => each.stat('n_lru_nuked'))).toEqual([0, 0])
  expect(counts.kept).toBeGreaterThan(SECONDS * 100)
  expect(nodes.map((each) => each.stat('tier_fault_bug'))).toEqual([0, 0])
  // In the end they share again.
  const [one, two] = nodes as [Crew, Crew]
  const began = performance.now()
  for (let turn = 0; ; turn++) {
    const url = `/keep/after${turn}/1000`
    expect((await one.get(url)).body.equals(bodyFor(url))).toBe(true)
    await pause(20)
    if ((await two.get(url)).get('cache-status')?.endsWith('tier=redis') === true) break
    expect(performance.now() - began).toBeLessThan(15_000)
  }
  await box.close()
  await redis.stop()
})
