/** The origin is there and does not get on: what waits for it waits no longer than deadlines allow, and gets what is stale where there is any. */
import { expect, it } from 'vitest'
import type { RawResponse } from '../support/raw-client.ts'
import { Gate } from '../support/scripted-origin.ts'
import { until } from '../support/until.ts'
import { type Faulty, openBehindBox } from './faulty.ts'
import { always, message, open, reply } from './site.ts'

const WAITERS = 10

/** A leader and others that wait for its fetch, once `begun` holds. */
async function crowd({ site }: Faulty, begun: () => boolean): Promise<Promise<RawResponse>[]> {
  const leader = site.get('/')
  await until(begun, 'the fetch')
  const others = Array.from({ length: WAITERS }, () => site.get('/'))
  await until(() => site.stat('busy_sleep') === WAITERS, 'those who wait')
  return [leader, ...others]
}

function seen(answers: readonly RawResponse[]): Set<string> {
  return new Set(
    answers.map((answer) => `${answer.status} ${answer.get('x-cache') ?? '-'} ${answer.status === 200 ? answer.body.toString() : ''}`),
  )
}

it('serves all who wait the stale object when no first byte comes', async () => {
  const faulty = await openBehindBox(always({ 'Cache-Control': 'max-age=10' }))
  const { site, box } = faulty
  await site.get('/')
  site.clock.advance(11_000)
  await box.set('from', { kind: 'black hole' })
  const answers = await crowd(faulty, () => box.swallowed > 0)
  site.clock.advance(60_001)
  expect(seen(await Promise.all(answers))).toEqual(new Set(['200 STALE answer 0']))
  expect(site.stat('busy_sleep')).toBe(WAITERS)
})

it('answers all who wait 504 when no first byte comes and nothing is stale', async () => {
  const faulty = await openBehindBox(always({}))
  const { site, box } = faulty
  await box.set('from', { kind: 'black hole' })
  const answers = await crowd(faulty, () => box.swallowed > 0)
  site.clock.advance(60_001)
  expect(seen(await Promise.all(answers))).toEqual(new Set(['504 - ']))
})

/** Lets the origin's bytes through one a second, each read before the next one comes, for so many seconds. */
async function drip({ site, box }: Faulty, seconds: number): Promise<void> {
  for (let second = 0; second < seconds && box.open > 0; second++) {
    await until(() => box.holding || box.open === 0, 'the next byte')
    site.clock.advance(1000)
  }
}

it('gives up a head that comes one byte a second, and serves all who wait the stale object', async () => {
  const faulty = await openBehindBox(always({ 'Cache-Control': 'max-age=10', 'X-Long': 'x'.repeat(1000) }))
  const { site, box } = faulty
  await site.get('/')
  site.clock.advance(11_000)
  await box.set('from', { kind: 'bandwidth', rate: 1 })
  const answers = await crowd(faulty, () => box.holding)
  await drip(faulty, 200)
  expect(seen(await Promise.all(answers))).toEqual(new Set(['200 STALE answer 0']))
  expect(site.clock.now()).toBeLessThan(11_000 + 65_000)
  expect(box.open).toBe(0)
})

it('goes on serving what is in grace while a refresh hangs, and asks again after pauses that grow', async () => {
  const { site, box } = await openBehindBox(always({ 'Cache-Control': 'max-age=10, stale-while-revalidate=3600' }))
  await site.get('/')
  site.clock.advance(11_000)
  await box.set('from', { kind: 'black hole' })
  const stale = async (): Promise<void> => {
    for (let i = 0; i < 5; i++) expect(seen([await site.get('/')])).toEqual(new Set(['200 STALE answer 0']))
  }
  for (const [failures, pause] of [1000, 2000, 4000, 8000].entries()) {
    const before = box.swallowed
    await stale()
    await until(() => box.swallowed > before, 'the refresh')
    await stale()
    expect(site.origin.hits.length).toBe(failures + 2)
    site.clock.advance(60_001)
    await until(() => site.stat('fetch_failed') === failures + 1, 'the end of the refresh')
    expect(site.stat('VBE.boot.default.conn')).toBe(0)
    site.clock.advance(pause - 100)
    await stale()
    expect(site.origin.hits.length).toBe(failures + 2)
    site.clock.advance(200)
  }
  await box.set('from', null)
  await site.get('/')
  await until(() => site.stat('n_superseded') === 1, 'the refresh')
  expect((await site.get('/')).get('x-cache')).toBe('HIT')
})

it('goes on serving what is in grace while the body of its refresh hangs', async () => {
  const site = await open((hit, response) => {
    if (hit.index === 0) return reply(response, 200, { 'Cache-Control': 'max-age=10, stale-while-revalidate=3600' }, 'good')
    response.writeHead(200, { 'Cache-Control': 'max-age=10', 'Content-Length': 10 })
    response.write('half')
  })
  await site.get('/')
  site.clock.advance(11_000)
  await site.get('/')
  await until(() => site.stat('s_bgfetch') === 1 && site.stat('fetch_length') === 2, 'the head of the refresh')
  for (let i = 0; i < 5; i++) {
    const client = await site.connect()
    const answer = await Promise.race([client.request(message('GET', '/')), until(() => client.received > 0).then(() => null)])
    expect(answer?.body.toString()).toBe('good')
    client.destroy()
  }
})

const DRIP = '\r\n\r\ndri'

it('shares a body that drips with nobody who comes later: they fetch anew', async () => {
  const half = new Gate()
  const site = await open(async (hit, response) => {
    if (hit.index > 0) return reply(response, 200, { 'Cache-Control': 'max-age=60' }, 'whole')
    response.writeHead(200, { 'Cache-Control': 'max-age=60', 'Content-Length': 7 })
    response.write('dri')
    await half.opened
    response.end('pped')
  })
  const first = await site.connect()
  const early = [first]
  first.send(message('GET', '/'))
  await until(() => first.total.includes(DRIP), 'the first half')
  site.clock.advance(29_000)
  const second = await site.connect()
  early.push(second)
  second.send(message('GET', '/'))
  await until(() => second.total.includes(DRIP), 'the first half')
  site.clock.advance(2000)
  for (;;) {
    const late = await site.connect()
    late.send(message('GET', '/'))
    await until(() => /\r\n\r\n(?:dri|whole)/.test(late.total.toString()), 'an answer')
    if (late.total.includes('whole')) {
      late.destroy()
      break
    }
    // Another worker has not heard of it yet.
    early.push(late)
    expect(early.length).toBeLessThan(50)
  }
  half.open()
  for (const client of early) {
    expect((await client.response()).body.toString()).toBe('dripped')
    client.destroy()
  }
  const after = await site.get('/')
  expect([after.body.toString(), after.get('x-cache'), site.origin.hits.length]).toEqual(['whole', 'HIT', 2])
})
