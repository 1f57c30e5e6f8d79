/**
 * For `DEATH_SECONDS` (default 600) a random one of two workers dies every 5 s of a random cause, at load: no answer is wrong or short without a
 * sign, nobody at another worker loses one, each is back within a second (`DEATH_BACK`), and memory does not grow.
 */
import { expect, test } from 'vitest'
import { until } from '../support/until.ts'
import { HashedOrigin } from '../workers/hashed-origin.ts'
import { claimed, linkedObjects } from '../workers/linked.ts'
import { KEPT_URLS, Load, unexplained } from '../workers/load.ts'
import { type Connected, crew, policyFile } from '../workers/rig.ts'
import { Random, SEED } from './random.ts'

const SECONDS = Number(process.env['DEATH_SECONDS'] ?? 600)
const EVERY = 5000
/** Milliseconds within which a worker is back. A machine that others use needs more. */
const BACK = Number(process.env['DEATH_BACK'] ?? 1000)
const MEMORY = 64 * 1024 * 1024
const MIB = 1024 * 1024
/** Bytes by which the largest resident size of the last third may pass that of the second. */
const SLACK = 64 * MIB

test('workers that die all the time cost nobody else anything', async () => {
  const origin = await HashedOrigin.start()
  const heap = { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 8 }
  const site = await crew({ policyFile: policyFile(), originUrl: origin.url, heap, memory: MEMORY, accessLog: null })
  const random = new Random(SEED)
  const [warming] = (await site.connectToEach()) as [Connected]
  for (const url of KEPT_URLS) await warming.get(url)
  origin.fetched.clear()
  const load = new Load({ address: site.address, clients: 16, random: new Random(SEED + 1), pause: 50 })
  const dead = new Set<string>()
  const resident: number[] = []
  const causes = new Map<string, number>()
  const back: number[] = []
  const ends = performance.now() + SECONDS * 1000
  const late: string[] = []
  while (performance.now() < ends) {
    const next = performance.now() + EVERY
    const pair = (await site.connectToEach()) as [Connected, Connected]
    const victim = random.of(pair)
    const how = random.of(['throw', 'reject', 'exit', 'terminate', 'heap'])
    causes.set(how, (causes.get(how) ?? 0) + 1)
    dead.add(victim.thread)
    const deaths = site.deaths().length + 1
    site.end(victim, how)
    while (site.deaths().length < deaths) await new Promise((resolve) => setTimeout(resolve, 5))
    const died = performance.now()
    while (site.replacements().length < deaths) await new Promise((resolve) => setTimeout(resolve, 5))
    back.push(performance.now() - died)
    if ((back.at(-1) as number) > BACK) late.push(`${how}: ${Math.round(back.at(-1) as number)} ms`)
    for (const { client } of pair) client.destroy()
    resident.push(process.memoryUsage.rss())
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, next - performance.now())))
  }
  await load.stop()
  await until(() => claimed(site.memory) === 0, 'the end of all claims')
  await until(() => site.stat('n_object') === linkedObjects(site.memory), 'the same in the books as in the chains')
  back.sort((a, b) => a - b)
  const third = Math.floor(resident.length / 3)
  const [middle, last] = [resident.slice(third, 2 * third), resident.slice(2 * third)].map((sizes) => Math.max(...sizes)) as [
    number,
    number,
  ]
  console.log(
    `death: seed ${SEED}, ${SECONDS} s, ${dead.size} deaths (${[...causes].map(([how, times]) => `${how} ${times}`).join(', ')}), ` +
      `${load.answers} answers, ${load.failures.length} failures at the dead, ${load.wrong.length} wrong, back after ` +
      `${Math.round(back[back.length >> 1] ?? 0)} ms in the middle and ${Math.round(back.at(-1) ?? 0)} at most, resident ` +
      `${resident.map((size) => Math.round(size / MIB)).join(' ')} MiB, ${site.stat('n_object')} objects`,
  )
  expect(load.wrong).toEqual([])
  expect(unexplained(load.failures, dead, origin)).toEqual([])
  expect(site.deaths()).toHaveLength(dead.size)
  expect(late).toEqual([])
  expect(last).toBeLessThan(middle + SLACK)
})
