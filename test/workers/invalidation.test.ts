/** What one worker has answered to be purged or banned, no other serves to a request that arrives afterwards. */
import { describe, expect, it } from 'vitest'
import { message, reply } from '../journey/site.ts'
import { Random } from '../long/random.ts'
import { RawClient } from '../support/raw-client.ts'
import type { OriginScript } from '../support/scripted-origin.ts'
import { until } from '../support/until.ts'
import { type Connected, type Crew, connectToEach, crew, policyFile, who } from './rig.ts'

const GROUPS = [0, 1]
const PAGES = [0, 1, 2]
const NOTHING = Buffer.alloc(0)

/** Pages with versions: `/group/page`, tagged with the group. One that was replaced is purged, and that is known when it was answered. */
class Site {
  readonly versions: Map<string, number> = new Map(GROUPS.flatMap((group) => PAGES.map((page) => [`/g${group}/${page}`, 0] as const)))
  /** Below which nobody may get it who comes now. */
  readonly floors: Map<string, number> = new Map()
  readonly stale: string[] = []
  reads = 0
  hits = 0
  readonly #random: Random

  constructor(random: Random) {
    this.#random = random
  }

  /** Answers at once or later with what there was when it was asked. */
  readonly script: OriginScript = async ({ url }, response) => {
    const version = this.versions.get(url)
    if (this.#random.once(2)) await new Promise((resolve) => setTimeout(resolve, this.#random.below(30)))
    // Some bodies are large enough to have memory of their own.
    const padding = url.endsWith('/2') ? ' '.repeat(20_000) : ''
    reply(response, 200, { 'Cache-Control': 'max-age=600', 'X-Cache-Tags': url.split('/')[1] as string }, `${version}${padding}`)
  }

  async read(client: RawClient, url: string, where: string): Promise<void> {
    const floor = this.floors.get(url) ?? 0
    const answer = await client.request(message('GET', url))
    client.total = NOTHING
    this.reads++
    if (answer.get('x-cache') === 'HIT') this.hits++
    const version = Number(answer.body)
    if (answer.status !== 200 || !(version >= floor)) this.stale.push(`${where}: ${answer.status} ${version} of ${url}, after ${floor}`)
  }

  /** Replaces pages and invalidates them in one of four ways. */
  async replace(client: RawClient, random: Random, way: number = random.below(4)): Promise<void> {
    const group = random.of(GROUPS)
    const url = `/g${group}/${random.of(PAGES)}`
    const ways: readonly (() => [string[], string])[] = [
      () => [[url], message('PURGE', url)],
      () => [this.#of(group), message('PURGE', '/', { 'xkey-purge': `g${group}` })],
      () => [this.#of(group), message('BAN', '/', { 'X-Ban': `req.url ~ ^/g${group}/` })],
      () => [[url], message('BAN', '/', { 'X-Ban': `req.url == ${url}` })],
    ]
    const [pages, request] = (ways[way] as () => [string[], string])()
    const replaced = pages.map((page): [string, number] => [page, (this.versions.get(page) ?? 0) + 1])
    for (const [page, version] of replaced) this.versions.set(page, version)
    expect((await client.request(request)).status).toBe(200)
    client.total = NOTHING
    for (const [page, version] of replaced) this.floors.set(page, version)
  }

  #of(group: number): string[] {
    return PAGES.map((page) => `/g${group}/${page}`)
  }
}

/** A client at whatever worker; it comes again when its worker has gone. Told by a function when to stop. */
async function reader(cache: Crew, site: Site, random: Random, going: () => boolean): Promise<void> {
  while (going()) {
    const client = await RawClient.connect(cache.address)
    try {
      const where = await who(client)
      while (going()) await site.read(client, random.of([...site.versions.keys()]), where)
    } catch (error) {
      if (client.ended === null) throw error
    } finally {
      client.destroy()
    }
  }
}

describe('what was purged or banned at one worker', () => {
  it('is older than everything that the other serves to who comes after the answer, in some hundred orders', async () => {
    const site = new Site(new Random(1))
    const cache = await crew({ policyFile: policyFile(), script: site.script })
    const workers = await cache.connectToEach()
    let going = true
    const readers = Array.from({ length: 6 }, (_, index) => reader(cache, site, new Random(100 + index), () => going))
    const random = new Random(7)
    for (let round = 0; round < 300; round++) {
      const [asked, other] = random.of([
        [0, 1],
        [1, 0],
      ]) as [number, number]
      await site.replace((workers[asked] as Connected).client, random)
      // At once, at the other, all that it has at hand.
      const { client, thread } = workers[other] as Connected
      for (const url of site.versions.keys()) if (random.once(2)) await site.read(client, url, thread)
    }
    going = false
    await Promise.all(readers)
    expect(site.stale).toEqual([])
    expect(site.hits).toBeGreaterThan(300)
  }, 60_000)

  it('is so, and answered, when a worker dies in the middle of it', async () => {
    const site = new Site(new Random(2))
    const cache = await crew({ policyFile: policyFile(), script: site.script })
    const random = new Random(8)
    for (let round = 0; round < 4; round++) {
      const [victim, survivor] = (await cache.connectToEach()) as [Connected, Connected]
      for (const worker of [victim, survivor]) for (const url of site.versions.keys()) await site.read(worker.client, url, worker.thread)
      // It has fetches under way, and does not hear of the purge.
      const arriving = await connectToEach(cache.address)
      for (const { client } of arriving) client.send(message('GET', `/g0/${round % 3}`))
      await cache.stall(victim)
      const recorded = cache.stat('n_purges') + cache.stat('bans_added')
      const replaced = site.replace(survivor.client, random, round)
      await until(() => cache.stat('n_purges') + cache.stat('bans_added') > recorded, 'the purge')
      cache.end(victim, 'terminate')
      await replaced
      for (const url of site.versions.keys()) await site.read(survivor.client, url, survivor.thread)
      await cache.replaced(round + 1)
      for (const { client, thread } of await cache.connectToEach()) {
        for (const url of site.versions.keys()) await site.read(client, url, thread)
        client.destroy()
      }
    }
    expect(site.stale).toEqual([])
  }, 60_000)

  it('stays so while workers die at any moment', async () => {
    const site = new Site(new Random(3))
    const cache = await crew({ policyFile: policyFile(), script: site.script })
    let going = true
    const readers = Array.from({ length: 4 }, (_, index) => reader(cache, site, new Random(200 + index), () => going))
    const random = new Random(9)
    for (let death = 1; death <= 3; death++) {
      const [victim, survivor] = (await cache.connectToEach()) as [Connected, Connected]
      for (let purge = random.below(30); purge > 0; purge--) await site.replace(survivor.client, random)
      const replacing = site.replace(survivor.client, random)
      cache.end(victim, random.of(['terminate', 'throw', 'exit']))
      await replacing
      while (cache.replacements().length < death) await site.replace(survivor.client, random)
    }
    going = false
    await Promise.all(readers)
    expect(site.stale).toEqual([])
  }, 60_000)
})
