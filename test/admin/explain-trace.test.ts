/** An explanation leaves no trace: nothing is stored, counted, logged, claimed or used up for it. */
import { describe, expect, it } from 'vitest'
import type { ExplainRequest } from '../../src/admin/explanation.ts'
import { definePolicy } from '../../vcl-ts/index.ts'
import { always, open, reply, type Site } from '../journey/site.ts'
import { until } from '../support/until.ts'
import { explain } from './explaining.ts'

const GRACE = { 'Cache-Control': 'max-age=60, stale-while-revalidate=60', ETag: '"1"', xkey: 'all' }

/** Everything of a server that a request may change. */
function state(site: Site): object {
  return {
    stat: site.server.stat(),
    objects: [...site.server.objects()].map(({ key, status, bytes, hits }) => ({ key, status, bytes, hits })),
    policies: site.server.policies.list(),
    records: site.records.length,
    events: site.events.length,
    origin: site.origin.hits.length,
  }
}

const REQUESTS: readonly (readonly [what: string, request: Partial<ExplainRequest> & { readonly path: string }])[] = [
  ['a hit', { path: '/fresh' }],
  ['a hit with a range', { path: '/fresh', headers: [['Range', 'bytes=0-1']] }],
  ['a hit in grace', { path: '/grace' }],
  ['a miss', { path: '/none' }],
  ['a credentialed miss', { path: '/none', headers: [['Cookie', 'a=1']] }],
  ['a HEAD', { path: '/none', method: 'HEAD' }],
  ['a hit-for-miss', { path: '/private' }],
  ['a pass', { path: '/pass' }],
  ['a POST', { path: '/fresh', method: 'POST' }],
  ['a failing hook', { path: '/throw' }],
  ['a restart', { path: '/restart' }],
  ['a purge', { path: '/fresh', method: 'PURGE', ip: '127.0.0.1' }],
  ['a soft purge', { path: '/fresh', method: 'PURGE', ip: '127.0.0.1', headers: [['X-Purge-Soft', '1']] }],
  [
    'a tunnel',
    {
      path: '/',
      headers: [
        ['Upgrade', 'websocket'],
        ['Connection', 'Upgrade'],
      ],
    },
  ],
  ['a hit, fetching', { path: '/fresh', fetch: true }],
  ['a hit in grace, fetching', { path: '/grace', fetch: true }],
  ['a miss, fetching', { path: '/none', fetch: true }],
  ['a hit-for-miss, fetching', { path: '/private', fetch: true }],
  ['a miss that the origin breaks off, fetching', { path: '/broken', fetch: true }],
]

async function filled(): Promise<Site> {
  const site = await open(
    ({ url }, response) => {
      if (url === '/broken') response.destroy()
      else if (url === '/private') reply(response, 200, { 'Cache-Control': 'private' }, 'mine')
      else reply(response, 200, url === '/fresh' ? { ...GRACE, 'Cache-Control': 'max-age=600' } : GRACE, 'body')
    },
    {
      policy: definePolicy({
        recv({ req, pass, restart }) {
          if (req.url === '/throw') throw new Error('boom')
          if (req.url === '/restart' && req.restarts === 0) return restart()
          return req.url === '/pass' ? pass() : undefined
        },
      }),
    },
  )
  for (const path of ['/fresh', '/grace']) await site.get(path)
  site.clock.advance(70_000)
  await site.get('/private')
  await until(() => site.stat('sess_open') === 0)
  return site
}

describe('an explanation', () => {
  it.each(REQUESTS)('leaves no trace: %s', async (_what, { path, headers, ...more }) => {
    const site = await filled()
    const before = state(site)
    await site.server.explain({ url: `http://www.example${path}`, ...(headers === undefined ? {} : { headers }), ...more })
    const after = state(site)
    expect(after).toEqual(more.fetch === true ? { ...before, origin: site.origin.hits.length } : before)
  })

  it('asks the origin once where fetch is said, and never else', async () => {
    const site = await filled()
    const asked = site.origin.hits.length
    for (const [, { path, headers, ...more }] of REQUESTS)
      if (more.fetch !== true) await site.server.explain({ url: `http://www.example${path}`, ...(headers && { headers }), ...more })
    expect(site.origin.hits).toHaveLength(asked)
    await explain(site, '/none', {}, { fetch: true })
    await explain(site, '/grace', {}, { fetch: true })
    expect(site.origin.hits.slice(asked).map(({ url }) => url)).toEqual(['/none', '/grace'])
    await until(() => site.origin.sockets.size <= 1, 'the connections of its own to close')
  })

  it('leaves a stale object that the origin could not refresh as it was', async () => {
    const site = await filled()
    await site.origin.close()
    site.clock.advance(60_000)
    const told = await explain(site, '/grace', {}, { fetch: true })
    expect(told.verdict).toMatchObject({ kind: 'STALE' })
    expect(told.fetched).toMatchObject({ status: 0, stored: false, why: 'ERROR' })
    // A real one that had failed would be served stale for a second without another attempt.
    expect((await explain(site, '/grace')).verdict).toMatchObject({ kind: 'MISS', reason: 'EXPIRED' })
  })

  it('does not keep an object from being the next to go', async () => {
    const site = await open(always({ 'Cache-Control': 'max-age=60' }, 'x'.repeat(300_000)), { memory: 1_100_000, maxObject: 400_000 })
    for (const path of ['/1', '/2', '/3']) await site.get(path)
    await explain(site, '/1')
    await site.get('/4')
    const left = [...site.server.objects()].map(({ key }) => key.slice(2, 4))
    expect(left.toSorted()).toEqual(['/2', '/3', '/4'])
  })

  it('takes no claim: a request that comes at the same time fetches at once', async () => {
    const site = await open(always({ 'Cache-Control': 'max-age=60' }), {
      policy: definePolicy({ backendFetch: async ({ bereq }) => void (await (bereq.id.startsWith('explain-') ? never() : null)) }),
    })
    const pending = explain(site, '/')
    expect((await site.get('/')).get('x-cache')).toBe('MISS')
    expect(site.stat('busy_sleep')).toBe(0)
    site.clock.advance(5000)
    expect((await pending).verdict.kind).toBe('ERROR')
  })
})

function never(): Promise<never> {
  return new Promise(() => {})
}
