/** The origin is dead or broken: what staleIfError allows is served, all of it; nothing more. */

import type { ServerResponse } from 'node:http'
import { expect, it } from 'vitest'
import type { OriginHit } from '../support/scripted-origin.ts'
import { until } from '../support/until.ts'
import { always, open, reply, type Site } from './site.ts'

const HOUR = 3_600_000

async function filled(then: (hit: OriginHit, response: ServerResponse) => unknown, control: string): Promise<Site> {
  const site = await open((hit, response) =>
    hit.index === 0 ? reply(response, 200, { 'Cache-Control': control }, 'good') : void then(hit, response),
  )
  await site.get('/')
  return site
}

async function expectStale(site: Site): Promise<void> {
  const answer = await site.get('/')
  expect([answer.status, answer.body.toString(), answer.get('x-cache')]).toEqual([200, 'good', 'STALE'])
  expect(answer.get('cache-status')).toContain('detail=STALE_IF_ERROR')
}

const broken: readonly [name: string, (hit: OriginHit, response: ServerResponse) => void][] = [
  ['closes without an answer', (hit) => hit.message.socket.destroy()],
  ['resets', (hit) => hit.message.socket.resetAndDestroy()],
  ['answers what is no HTTP', (hit) => void hit.message.socket.end('SSH-2.0-OpenSSH_9.2\r\n\r\n')],
  ['answers with two lengths', (hit) => void hit.message.socket.end('HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab')],
  ['answers 304 that nobody asked for', (_hit, response) => reply(response, 304, {})],
]

for (const [name, then] of broken) {
  it(`serves the stale object when the origin ${name}`, async () => {
    const site = await filled(then, 'max-age=10')
    site.clock.advance(11_000)
    await expectStale(site)
    expect(site.stat('cache_hit_stale_if_error')).toBe(1)
    expect(site.stat('fetch_failed')).toBe(1)
  })
}

it('serves the stale object when the origin refuses connections, for 24 hours and no longer', async () => {
  const site = await filled(() => {}, 'max-age=10')
  await site.origin.close()
  site.clock.advance(11_000)
  await expectStale(site)
  site.clock.advance(24 * HOUR - 5000)
  await expectStale(site)
  site.clock.advance(5000)
  const answer = await site.get('/')
  expect(answer.status).toBe(502)
  expect(answer.get('proxy-status')).toContain('error=connection_refused')
})

it('serves the stale object when the origin does not answer in time', async () => {
  const site = await filled(() => {}, 'max-age=10')
  site.clock.advance(11_000)
  const answer = site.get('/')
  await site.origin.hit(1)
  site.clock.advance(60_001)
  expect((await answer).body.toString()).toBe('good')
  expect((await answer).get('x-cache')).toBe('STALE')
})

it('answers 504 when the origin does not answer in time and nothing is stored', async () => {
  const site = await open(() => {})
  const answer = site.get('/')
  await site.origin.hit(0)
  site.clock.advance(60_001)
  expect([(await answer).status, (await answer).get('cache-control')]).toEqual([504, 'no-store'])
})

it('does not ask a dead origin for every request', async () => {
  const site = await filled((hit) => hit.message.socket.destroy(), 'max-age=10')
  site.clock.advance(11_000)
  await expectStale(site)
  const { length } = site.origin.hits
  for (let i = 0; i < 5; i++) await expectStale(site)
  expect(site.origin.hits.length).toBe(length)
  site.clock.advance(1001)
  await expectStale(site)
  expect(site.origin.hits.length).toBeGreaterThan(length)
})

it('takes the origin’s good answer as soon as there is one', async () => {
  let dead = true
  const site = await filled((hit, response) => (dead ? hit.message.socket.destroy() : reply(response, 200, {}, 'better')), 'max-age=10')
  site.clock.advance(11_000)
  await expectStale(site)
  dead = false
  await expectStale(site)
  site.clock.advance(1001)
  const answer = await site.get('/')
  expect([answer.body.toString(), answer.get('x-cache')]).toEqual(['better', 'MISS'])
})

it('relays a well-formed 5xx instead of the stale object', async () => {
  const site = await filled((_hit, response) => reply(response, 503, { 'Retry-After': '7' }, 'maintenance'), 'max-age=10')
  site.clock.advance(11_000)
  const answer = await site.get('/')
  expect([answer.status, answer.get('retry-after'), answer.body.toString()]).toEqual([503, '7', 'maintenance'])
})

for (const status of [500, 502, 503, 504]) {
  it(`serves the stale object instead of a ${status} within an explicit stale-if-error`, async () => {
    const site = await filled((_hit, response) => reply(response, status, {}, 'trouble'), 'max-age=10, stale-if-error=100')
    site.clock.advance(11_000)
    await expectStale(site)
    site.clock.advance(100_000)
    const answer = await site.get('/')
    expect([answer.status, answer.body.toString()]).toEqual([status, 'trouble'])
  })
}

it('keeps an explicit stale-if-error’s bound for dead origins too', async () => {
  const site = await filled(() => {}, 'max-age=10, stale-if-error=100')
  await site.origin.close()
  site.clock.advance(109_000)
  await expectStale(site)
  site.clock.advance(2000)
  expect((await site.get('/')).status).toBe(502)
})

for (const control of ['max-age=10, must-revalidate', 'max-age=10, proxy-revalidate', 's-maxage=10', 'max-age=10, stale-if-error=0']) {
  it(`serves nothing stale under ${control}`, async () => {
    const site = await filled(() => {}, control)
    await site.origin.close()
    site.clock.advance(11_000)
    expect((await site.get('/')).status).toBe(502)
  })
}

it('serves the stale object of s-maxage with an explicit stale-if-error', async () => {
  const site = await filled(() => {}, 's-maxage=10, stale-if-error=100')
  await site.origin.close()
  site.clock.advance(11_000)
  await expectStale(site)
})

it('does not serve stale what was purged or what a broken first answer left behind', async () => {
  const site = await open((hit, response) => {
    response.writeHead(200, { 'Cache-Control': 'max-age=60', 'Content-Length': 10 })
    response.write('half', () => hit.message.socket.destroy())
  })
  const client = await site.connect()
  client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  await client.closed()
  expect(site.stat('n_object')).toBe(0)
  await site.origin.close()
  expect((await site.get('/')).status).toBe(502)
  client.destroy()
})

it('keeps what it had when the refresh breaks off in the middle of its body', async () => {
  const site = await filled((hit, response) => {
    response.writeHead(200, { 'Cache-Control': 'max-age=60', 'Content-Length': 10 })
    response.write('half', () => hit.message.socket.destroy())
  }, 'max-age=10, stale-while-revalidate=60')
  site.clock.advance(11_000)
  expect((await site.get('/')).body.toString()).toBe('good')
  await until(() => site.stat('fetch_failed') === 1)
  expect((await site.get('/')).body.toString()).toBe('good')
  expect(site.stat('n_object')).toBe(1)
})

it('serves nothing private because the origin is dead', async () => {
  const site = await open(always({ 'Cache-Control': 'private, max-age=60' }))
  await site.get('/')
  await site.origin.close()
  expect((await site.get('/')).status).toBe(502)
})
