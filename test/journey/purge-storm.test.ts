/** A hot page that is purged all the time costs the origin one fetch at a time, and nobody gets what was purged before they asked. */
import { expect, it } from 'vitest'
import { definePolicy } from '../../vcl-ts/index.ts'
import { Gate, type OriginScript } from '../support/scripted-origin.ts'
import { WORKERS } from '../support/serving.ts'
import { until } from '../support/until.ts'
import { open, reply, type Site } from './site.ts'

const policy = definePolicy({
  recv({ req, purge }) {
    if (req.method === 'PURGE') return purge()
    if (req.method === 'SOFTPURGE') return purge({ soft: true })
  },
})

/** An origin whose answers are what was true when it was asked, and leave when they are let. */
class SlowOrigin {
  version = 1
  most = 0
  #flying = 0
  readonly #held: Gate[] = []

  script: OriginScript = async (_hit, response) => {
    const gate = new Gate()
    const body = String(this.version)
    this.#held.push(gate)
    this.most = Math.max(this.most, ++this.#flying)
    await gate.opened
    this.#flying--
    reply(response, 200, { 'Cache-Control': 'max-age=600, stale-while-revalidate=600' }, body)
  }

  /** Lets the oldest answer go, as soon as there is one. */
  async answer(): Promise<void> {
    await until(() => this.#held.length > 0, 'a fetch')
    this.#held.shift()?.open()
  }

  /** Lets answers go until all of these are through. */
  async answerAll<T>(asked: readonly Promise<T>[]): Promise<T[]> {
    let through = false
    const all = Promise.all(asked).finally(() => {
      through = true
    })
    while (!through) {
      this.#held.shift()?.open()
      await new Promise((resolve) => setImmediate(resolve))
    }
    return all
  }
}

async function storm(): Promise<{ site: Site; origin: SlowOrigin }> {
  const origin = new SlowOrigin()
  return { origin, site: await open(origin.script, { policy }) }
}

it('asks the origin once at a time for a page that is purged between any two requests', async () => {
  const { site, origin } = await storm()
  const asked: Promise<number>[] = []
  for (let round = 0; round < 60; round++) {
    const least = origin.version
    for (let i = 0; i < 3; i++) asked.push(site.get('/').then(({ body }) => Number(body.toString()) - least))
    await until(() => site.stat('client_req') === 4 * round + 3, 'the requests')
    if (round % 10 === 9) await origin.answer()
    origin.version++
    expect((await site.ask('PURGE', '/')).status).toBe(200)
  }
  const ahead = await origin.answerAll(asked)
  expect(Math.min(...ahead)).toBeGreaterThanOrEqual(0)
  expect(origin.most).toBe(1)
  // Each fetch served all who had come before the purge that overtook it.
  expect(site.origin.hits.length).toBeLessThan(20)
})

it('serves the stale page meanwhile when the purges are soft, with one refresh at a time', async () => {
  const { site, origin } = await storm()
  await origin.answerAll([site.get('/')])
  for (let round = 0; round < 40; round++) {
    origin.version++
    expect((await site.ask('SOFTPURGE', '/')).status).toBe(200)
    const answer = await site.get('/')
    expect([answer.status, answer.get('x-cache')]).toEqual([200, 'STALE'])
    if (round % 10 === 9) await origin.answer()
  }
  expect(origin.most).toBe(1)
})

it('waits a second for a fetch that a purge overtook, and no longer', async () => {
  const { site, origin } = await storm()
  const before = site.get('/')
  await site.origin.hit(0)
  origin.version++
  await site.ask('PURGE', '/')
  const after = [site.get('/'), site.get('/')]
  await until(() => site.stat('busy_sleep') === 2, 'the waiters')
  site.clock.advance(999)
  expect(site.origin.hits.length).toBe(1)
  site.clock.advance(1)
  await site.origin.hit(1)
  // How often those wait that are at other workers depends on where they are.
  if (WORKERS === 1) expect(site.stat('busy_sleep')).toBe(3)
  expect((await origin.answerAll([before, ...after])).map(({ body }) => body.toString())).toEqual(['1', '2', '2'])
  expect(site.origin.hits.length).toBe(2)
})

it('lets who came after a purge look again when the overtaken fetch fails or cannot be shared', async () => {
  const gate = new Gate()
  let version = 1
  const site = await open(
    async (hit, response) => {
      const body = String(version)
      if (hit.index === 0) await gate.opened
      if (hit.index === 0 && hit.url === '/broken') response.destroy()
      else reply(response, 200, { 'Cache-Control': hit.index === 0 ? 'private' : 'max-age=60' }, body)
    },
    { policy },
  )
  const before = site.get('/private')
  await site.origin.hit(0)
  version++
  await site.ask('PURGE', '/private')
  const after = Array.from({ length: 5 }, () => site.get('/private'))
  await until(() => site.stat('busy_sleep') === 5, 'the waiters')
  gate.open()
  expect((await before).body.toString()).toBe('1')
  for (const answer of after) expect((await answer).body.toString()).toBe('2')
  expect(site.origin.hits.length).toBe(2)
})
