/** A node that has not heard of the fleet's log for too long: what it has is served on, and confirmed in the background at a gentle pace. */
import { expect, it } from 'vitest'
import type { Vouching } from '../../src/object/tier.ts'
import { Gate } from '../support/scripted-origin.ts'
import { WORKERS } from '../support/serving.ts'
import { until } from '../support/until.ts'
import { open, reply, type Site } from './site.ts'

const LONG = { 'Cache-Control': 'max-age=3600', ETag: '"1"' }

/** What is stored for longer than a minute is not vouched for from now on. */
function unheard(): Vouching {
  return { from: 0, limit: 60_000 }
}

it('serves what is not vouched for at once, and refreshes it once', async () => {
  const gate = new Gate()
  const vouching: Vouching = { from: Number.POSITIVE_INFINITY, limit: 60_000 }
  const site = await open(
    async (hit, response) => {
      if (hit.index > 0) await gate.opened
      if (hit.headers['if-none-match'] === '"1"') reply(response, 304, LONG)
      else reply(response, 200, LONG, 'body')
    },
    {},
    { vouching },
  )
  await site.get('/')
  site.clock.advance(70_000)
  expect((await site.get('/')).get('cache-status')).toBe('Clearcoat; hit; ttl=3530; detail=HIT')
  vouching.from = site.clock.now()
  for (const answer of await Promise.all([1, 2, 3].map(() => site.get('/')))) {
    expect([answer.status, answer.get('x-cache')]).toEqual([200, 'HIT'])
    expect(answer.get('cache-status')).toBe('Clearcoat; hit; ttl=3530; detail=UNVOUCHED')
  }
  await site.origin.hit(1)
  gate.open()
  await until(() => site.stat('n_superseded') === 1)
  expect((await site.get('/')).get('cache-status')).toBe('Clearcoat; hit; ttl=3600; detail=HIT')
  expect([site.origin.hits.length, site.stat('s_bgfetch')]).toEqual([2, 1])
  // Confirmed, it is vouched for as long again.
  site.clock.advance(59_000)
  expect((await site.get('/')).get('cache-status')).toContain('detail=HIT')
  site.clock.advance(2000)
  expect((await site.get('/')).get('cache-status')).toContain('detail=UNVOUCHED')
})

it('vouches for what was stored a moment ago', async () => {
  const site = await open((_hit, response) => reply(response, 200, LONG, 'body'), {}, { vouching: unheard() })
  await site.get('/')
  site.clock.advance(60_000)
  expect((await site.get('/')).get('cache-status')).toContain('detail=HIT')
  expect(site.origin.hits.length).toBe(1)
})

async function failing(answer: 'resets' | 'fails' | 'is busy'): Promise<Site> {
  const site = await open(
    (hit, response) => {
      if (hit.index === 0) reply(response, 200, { 'Cache-Control': 'max-age=3600' }, 'body')
      else if (answer === 'resets') hit.message.socket.destroy()
      else reply(response, answer === 'fails' ? 500 : 429, {}, 'no')
    },
    {},
    { vouching: unheard() },
  )
  await site.get('/')
  site.clock.advance(70_000)
  return site
}

it.each(['resets', 'fails', 'is busy'] as const)('serves it on while the origin %s, and pauses', async (answer) => {
  const site = await failing(answer)
  await site.get('/')
  await until(() => site.stat('fetch_failed') > 0 || site.stat('backend_fail') > 0)
  const asked = site.origin.hits.length
  for (let each = 0; each < 5; each++) {
    const served = await site.get('/')
    expect([served.status, served.body.toString(), served.get('x-cache')]).toEqual([200, 'body', 'HIT'])
  }
  expect(site.origin.hits.length).toBe(asked)
  site.clock.advance(1000)
  await site.get('/')
  await until(() => site.origin.hits.length > asked)
  expect((await site.get('/')).body.toString()).toBe('body')
})

it('begins ten refreshes a second and thread at most, and serves the rest as ever', async () => {
  const site = await open((_hit, response) => reply(response, 200, LONG, 'body'), {}, { vouching: unheard() })
  const paths = Array.from({ length: 40 }, (_, index) => `/${index}`)
  for (const path of paths) await site.get(path)
  site.clock.advance(70_000)
  const details = async (): Promise<number> => {
    const answers = []
    for (const path of paths) answers.push(await site.get(path))
    expect(answers.every((answer) => answer.get('x-cache') === 'HIT')).toBe(true)
    return answers.filter((answer) => answer.get('cache-status')?.includes('UNVOUCHED')).length
  }
  const first = await details()
  expect(first).toBeGreaterThanOrEqual(10)
  expect(first).toBeLessThanOrEqual(10 * WORKERS)
  await until(() => site.stat('s_bgfetch') === first)
  if (WORKERS === 1) expect(await details()).toBe(0)
  site.clock.advance(500)
  const more = await details()
  expect(more).toBeLessThanOrEqual(5 * WORKERS + 10 * WORKERS - first)
  if (WORKERS === 1) expect(more).toBe(5)
})

it('lets what is stale be stale', async () => {
  const site = await open(
    (hit, response) => reply(response, 200, { 'Cache-Control': 'max-age=65' }, String(hit.index)),
    {},
    { vouching: unheard() },
  )
  await site.get('/')
  site.clock.advance(70_000)
  expect((await site.get('/')).get('cache-status')).toContain('fwd=stale')
})
