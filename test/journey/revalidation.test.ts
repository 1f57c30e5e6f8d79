/** Conditional refetch: a stale object with a validator is confirmed by a 304, whose fields renew it. */
import { expect, it } from 'vitest'
import { until } from '../support/until.ts'
import { type Fields, open, reply, type Site, type SiteOptions } from './site.ts'

/** An origin whose first answer is `first`, and which confirms it with `confirmation`. */
async function confirming(first: Fields, confirmation: Fields, options: SiteOptions = {}): Promise<Site> {
  return open((hit, response) => {
    const conditional = hit.headers['if-none-match'] !== undefined || hit.headers['if-modified-since'] !== undefined
    reply(response, conditional ? 304 : 200, conditional ? confirmation : first, `body ${hit.index}`)
  }, options)
}

it('asks with the stored validators in place of the client’s own', async () => {
  const modified = 'Wed, 01 Jan 2025 00:00:00 GMT'
  const site = await confirming(
    { 'Cache-Control': 'max-age=10', ETag: '"a"', 'Last-Modified': modified },
    { 'Cache-Control': 'max-age=10' },
  )
  await site.get('/')
  site.clock.advance(11_000)
  const answer = await site.get('/', { 'If-None-Match': '"mine"', 'If-Modified-Since': modified })
  expect([site.origin.hits[1]?.headers['if-none-match'], site.origin.hits[1]?.headers['if-modified-since']]).toEqual(['"a"', modified])
  expect([answer.status, answer.body.toString()]).toEqual([200, 'body 0'])
  expect(site.stat('fetch_304')).toBe(1)
})

it('answers the client’s own condition from what was confirmed', async () => {
  const site = await confirming({ 'Cache-Control': 'max-age=10', ETag: '"a"' }, { 'Cache-Control': 'max-age=10' })
  await site.get('/')
  site.clock.advance(11_000)
  expect((await site.get('/', { 'If-None-Match': '"a"' })).status).toBe(304)
})

it('carries Cookie and Authorization in a foreground revalidation, which is the client’s own request', async () => {
  const site = await confirming({ 'Cache-Control': 'public, max-age=10', ETag: '"a"' }, { 'Cache-Control': 'public, max-age=10' })
  await site.get('/')
  site.clock.advance(11_000)
  await site.get('/', { Cookie: 'id=alice' })
  expect(site.origin.hits[1]?.headers.cookie).toBe('id=alice')
})

it('replaces the fields that the 304 names and keeps the others, Content-Length and Content-Type included', async () => {
  const site = await confirming(
    { 'Cache-Control': 'max-age=10', ETag: '"a"', 'Content-Type': 'text/plain', 'X-Old': 'old', 'X-Both': 'old' },
    { 'Cache-Control': 'max-age=100', ETag: '"a"', 'Content-Type': 'text/html', 'X-Both': 'new', 'X-New': 'new' },
  )
  await site.get('/')
  site.clock.advance(11_000)
  const shown = (answer: Awaited<ReturnType<Site['get']>>): unknown[] =>
    ['content-type', 'content-length', 'x-old', 'x-both', 'x-new', 'cache-control'].map((name) => answer.get(name))
  const expected = ['text/plain', '6', 'old', 'new', 'new', 'max-age=100']
  expect(shown(await site.get('/'))).toEqual(expected)
  site.clock.advance(99_000)
  const hit = await site.get('/')
  expect([hit.get('x-cache'), hit.get('age')]).toEqual(['HIT', '99'])
  expect(shown(hit)).toEqual(expected)
})

it('takes an object whose 304 sets a cookie out of sharing under safe', async () => {
  const site = await confirming({ 'Cache-Control': 'max-age=10', ETag: '"a"' }, { 'Cache-Control': 'max-age=10', 'Set-Cookie': 'id=1' })
  await site.get('/')
  site.clock.advance(11_000)
  const first = await site.get('/')
  expect([first.body.toString(), first.get('set-cookie')]).toEqual(['body 0', 'id=1'])
  expect(site.stat('n_object')).toBe(0)
  const second = await site.get('/')
  expect(second.get('x-cache')).toBe('MISS')
  expect(second.get('cache-status')).toContain('fwd=miss')
})

it('gives the cookie of a 304 to the client whose request it answered, and to nobody else, under rfc9111', async () => {
  const site = await confirming(
    { 'Cache-Control': 'max-age=10', ETag: '"a"' },
    { 'Cache-Control': 'max-age=10', 'Set-Cookie': 'id=1' },
    { preset: 'rfc9111' },
  )
  await site.get('/')
  site.clock.advance(11_000)
  expect((await site.get('/')).get('set-cookie')).toBe('id=1')
  const next = await site.get('/')
  expect([next.get('x-cache'), next.get('set-cookie')]).toEqual(['HIT', undefined])
})

it('takes an object out of sharing when the 304 says private or no-store', async () => {
  for (const control of ['private', 'no-store']) {
    const site = await confirming({ 'Cache-Control': 'max-age=10', ETag: '"a"' }, { 'Cache-Control': control })
    await site.get('/')
    site.clock.advance(11_000)
    expect((await site.get('/')).body.toString()).toBe('body 0')
    expect(site.stat('n_object')).toBe(0)
  }
})

it('replaces the object when the origin answers 200 to the condition', async () => {
  const site = await open((hit, response) =>
    reply(response, 200, { 'Cache-Control': 'max-age=10', ETag: `"${hit.index}"` }, `body ${hit.index}`),
  )
  await site.get('/')
  site.clock.advance(11_000)
  expect((await site.get('/')).body.toString()).toBe('body 1')
  expect((await site.get('/')).body.toString()).toBe('body 1')
  expect(site.stat('n_object')).toBe(1)
})

it('confirms an object that says no-cache on every use', async () => {
  const site = await confirming({ 'Cache-Control': 'no-cache', ETag: '"a"' }, { 'Cache-Control': 'no-cache' })
  await site.get('/')
  for (let i = 1; i <= 3; i++) {
    const answer = await site.get('/')
    expect([answer.body.toString(), answer.get('cache-status')]).toEqual(['body 0', expect.stringContaining('detail=REVALIDATED')])
    expect(site.origin.hits.length).toBe(i + 1)
  }
})

it('keeps an object with a validator for an hour past its lifetime to confirm it', async () => {
  const site = await confirming(
    { 'Cache-Control': 'max-age=10, must-revalidate', ETag: '"a"' },
    { 'Cache-Control': 'max-age=10, must-revalidate' },
  )
  await site.get('/')
  site.clock.advance(3_600_000)
  expect((await site.get('/')).body.toString()).toBe('body 0')
  site.clock.advance(3_700_000)
  expect((await site.get('/')).body.toString()).toBe('body 2')
})

it('confirms in the background during grace, and restarts the age', async () => {
  const control = 'max-age=10, stale-while-revalidate=60'
  const site = await confirming({ 'Cache-Control': control, ETag: '"a"' }, { 'Cache-Control': control, 'X-Renewed': 'yes' })
  await site.get('/')
  site.clock.advance(11_000)
  expect((await site.get('/')).get('x-cache')).toBe('STALE')
  await until(() => site.stat('fetch_304') === 1)
  const answer = await site.get('/')
  expect([answer.get('x-cache'), answer.get('age'), answer.get('x-renewed'), answer.body.toString()]).toEqual(['HIT', '0', 'yes', 'body 0'])
})

it.each([10, 500_000])(
  'keeps what only a cache is told of %i bytes, though no client gets it: its lifetime holds once confirmed',
  async (size) => {
    const own = { 'Clearcoat-Cache-Control': 'max-age=50', 'Cache-Control': 'max-age=1' }
    const site = await open((hit, response) => {
      const conditional = hit.headers['if-none-match'] !== undefined
      reply(response, conditional ? 304 : 200, conditional ? { ETag: '"a"' } : { ...own, Age: '1', ETag: '"a"' }, 'b'.repeat(size))
    })
    expect((await site.get('/')).get('clearcoat-cache-control')).toBe(undefined)
    await until(() => site.stat('n_object') === 1, 'all of it is stored')
    site.clock.advance(60_000)
    expect((await site.get('/')).body.length).toBe(size)
    expect(site.stat('fetch_304')).toBe(1)
    site.clock.advance(30_000)
    expect((await site.get('/')).get('x-cache')).toBe('HIT')
  },
)
