/** What an explanation tells of the origin's answer, where it was let ask for one. */
import { describe, expect, it } from 'vitest'
import type { Explanation } from '../../src/admin/explanation.ts'
import { backend, definePolicy, roundRobin, split } from '../../vcl-ts/index.ts'
import { always, type Fields, open, reply, type SiteOptions } from '../journey/site.ts'
import { decisionOf, explain, openWith } from './explaining.ts'

async function fetched(answer: Fields, request: Fields = {}, options: SiteOptions = {}): Promise<Explanation> {
  return explain(await open(always(answer), options), '/', request, { fetch: true })
}

describe('behind a director', () => {
  it('tells a backend that may be chosen, asks it, and takes nobody’s turn', async () => {
    const site = await open(always({ 'Cache-Control': 'no-store' }))
    const other = await open(always({ 'Cache-Control': 'no-store' }))
    const policy = definePolicy({ backends: { pool: roundRobin([backend(site.origin.url), backend(other.origin.url)]) } })
    const shop = await open(() => {}, { policy })
    for (let i = 0; i < 3; i++) {
      const told = await explain(shop, `/${i}`, {}, { fetch: true })
      expect(told.origin).toMatchObject([{ asked: true, backend: site.origin.url }])
      expect(told.answer?.status).toBe(200)
    }
    expect([site.origin.hits.length, other.origin.hits.length]).toEqual([3, 0])
    await shop.get('/')
    expect(site.origin.hits.length).toBe(4)
    expect(await explain(shop, '/', {}, {})).toMatchObject({ origin: [{ asked: false, backend: site.origin.url }] })
  })

  it('tells that there is nobody when all are sick, and asks nobody', async () => {
    const site = await open(always({}))
    const sick = backend(site.origin.url, { probe: { path: '/health', expected: 204 } })
    const shop = await open(() => {}, { policy: definePolicy({ backends: { pool: roundRobin([sick]) } }) })
    const told = await explain(shop, '/', {}, { fetch: true })
    expect(told).toMatchObject({ origin: [], answer: { status: 503 } })
    expect(shop.stat('VBE.policy.pool.1.unhealthy')).toBe(0)
  })

  it('tells the arm of a split', async () => {
    const site = await open(always({ 'Cache-Control': 'max-age=60' }))
    const shop = await open(() => {}, { policy: definePolicy({ backends: { shop: split({ a: backend(site.origin.url) }) } }) })
    await shop.get('/')
    const told = await explain(shop, '/', {}, {})
    expect(told).toMatchObject({
      verdict: { kind: 'HIT' },
      variant: { scheme: 'http', arm: 'a' },
      stored: { variants: [{ arm: 'a', selected: true }] },
    })
  })
})

describe('with fetch', () => {
  it('tells that the answer would be stored, and for how long', async () => {
    const told = await fetched({ 'Cache-Control': 'max-age=60', Age: '10' })
    expect(told.verdict).toMatchObject({ kind: 'MISS', reason: 'ABSENT' })
    expect(told.fetched).toMatchObject({
      status: 200,
      stored: true,
      why: 'STORED',
      text: 'Stored for 50 s (max-age).',
      background: false,
      freshness: { source: 'max-age', ttl: 50 },
    })
    expect(told.answer).toEqual({ status: 200, reason: 'OK' })
    expect(told.hit.at(-1)).toBe('A real request would store this answer: the next one is a hit for 50 s.')
    expect(told.origin).toMatchObject([{ asked: true, background: false }])
    expect(told.stored.variants).toEqual([])
  })

  it.each([
    ['SET_COOKIE', { 'Cache-Control': 'max-age=60', 'Set-Cookie': 'sid=7; Path=/' }, {}, /Set-Cookie: sid\. Remove it in backendResponse/],
    ['COOKIE', { 'Cache-Control': 'max-age=60' }, { Cookie: 'sid=7' }, /the cookie sid: .* public or s-maxage, or Vary: Cookie/],
    ['AUTHORIZATION', { 'Cache-Control': 'max-age=60' }, { Authorization: 'Basic x' }, /public, s-maxage or must-revalidate/],
    ['NO_STORE', { 'Cache-Control': 'no-store' }, {}, /says no-store/],
    ['PRIVATE', { 'Cache-Control': 'private, max-age=60' }, {}, /says private/],
    ['NO_FRESHNESS', {}, {}, /no lifetime/],
    ['VARY_STAR', { 'Cache-Control': 'max-age=60', Vary: '*' }, {}, /Vary: \*/],
    ['VARY_MALFORMED', { 'Cache-Control': 'max-age=60', Vary: 'a b' }, {}, /cannot be read/],
  ] as const)('names what keeps it from being stored: %s', async (why, answer, request, advice) => {
    const told = await fetched(answer, request)
    expect(told.fetched).toMatchObject({ stored: false, why })
    expect(told.hit.join('\n')).toMatch(advice)
  })

  it.each([
    ['Stored for 60 s (max-age). Compressed as br.', {}],
    ['Stored for 60 s (max-age). Not compressed: Cache-Control says no-transform.', { 'Cache-Control': 'max-age=60, no-transform' }],
    ['Stored for 60 s (max-age). Not compressed: its Content-Type is not among --compress-types.', { 'Content-Type': 'image/webp' }],
    ['Stored for 60 s (max-age). Not compressed: the origin coded it already.', { 'Content-Encoding': 'gzip' }],
  ])('says whether it would be compressed: %s', async (text, answer) => {
    const fields: Fields = { 'Cache-Control': 'max-age=60', 'Content-Type': 'text/css', ...answer }
    const told = await fetched(fields, {}, { compress: 'br', compressMin: 0 })
    expect(told.fetched?.text).toBe(text)
  })

  it('shows the lifetime that a refused answer had, not that of its marker', async () => {
    const told = await fetched({ 'Cache-Control': 'max-age=60', 'Set-Cookie': 'a=1' })
    expect(told.fetched?.freshness).toMatchObject({ source: 'max-age', ttl: 60 })
    expect(decisionOf(told, 'step berespCookie')).toMatchObject({
      action: { type: 'deliver' },
      rule: { id: 'setCookie' },
      changes: [
        { noun: 'beresp.ttl', before: '60', after: '120' },
        { noun: 'beresp.uncacheable', before: 'false', after: 'true' },
        { noun: 'beresp.why', before: 'STORED', after: 'SET_COOKIE' },
      ],
    })
    expect(JSON.stringify(told)).not.toContain('a=1')
  })

  it('names the row or the clause by which a step refused', async () => {
    const stale = await fetched({})
    expect(decisionOf(stale, 'step berespStale').rule).toMatchObject({ id: 'lifetime' })
    const control = await fetched({ 'Cache-Control': 'no-store, max-age=60' })
    expect(decisionOf(control, 'step berespControl').rule).toMatchObject({ id: null, clause: 'RFC 9111 §5.2.2.5' })
  })

  it('runs the policy’s backendResponse, with what it assigned', async () => {
    const site = await openWith(
      `export default {
  backendResponse({ beresp }) {
    beresp.ttl = '1h'
    beresp.tags.add('shop')
    beresp.headers.delete('set-cookie')
  },
}`,
      always({ 'Set-Cookie': 'a=1' }),
    )
    const told = await explain(site, '/', {}, { fetch: true })
    expect(told.fetched).toMatchObject({ stored: true, freshness: { source: 'policy', ttl: 3600 } })
    expect(decisionOf(told, 'backendResponse').changes).toEqual([
      { noun: 'beresp.headers.set-cookie', before: 'a=***', after: null },
      { noun: 'beresp.ttl', before: '0', after: '3600' },
      { noun: 'beresp.tags shop', before: null, after: 'shop' },
    ])
  })

  it('tells of hit-for-pass and of what the policy keeps out', async () => {
    const pass = await fetched({}, {}, { policy: definePolicy({ backendResponse: ({ hitForPass }) => hitForPass(60) }) })
    expect(pass.fetched).toMatchObject({ stored: false, why: 'HIT_FOR_PASS' })
    const raised = definePolicy({
      backendResponse({ beresp }) {
        beresp.uncacheable = true
      },
    })
    const kept = await fetched({ 'Cache-Control': 'max-age=60' }, {}, { policy: raised })
    expect(kept.fetched).toMatchObject({ stored: false, why: 'POLICY' })
  })

  it('asks for a confirmation of what is stale', async () => {
    const site = await open(({ headers }, response) => {
      const fields = { 'Cache-Control': 'max-age=60', ETag: '"1"' }
      if (headers['if-none-match'] === '"1"') reply(response, 304, fields)
      else reply(response, 200, fields, 'x')
    })
    await site.get('/')
    site.clock.advance(70_000)
    const told = await explain(site, '/', {}, { fetch: true })
    expect(told.origin).toMatchObject([{ conditions: ['if-none-match'], asked: true }])
    expect(told.fetched).toMatchObject({ status: 304, stored: true, freshness: { left: 60 } })
    expect(told.freshness).toMatchObject({ left: -10 })
    expect((await explain(site, '/')).verdict.kind).toBe('MISS')
  })

  it('carries out the refresh behind a stale answer', async () => {
    const site = await open(always({ 'Cache-Control': 'max-age=60, stale-while-revalidate=60' }))
    await site.get('/')
    site.clock.advance(70_000)
    site.origin.script = always({ 'Cache-Control': 'no-store' })
    const told = await explain(site, '/', {}, { fetch: true })
    expect(told.verdict.kind).toBe('GRACE')
    expect(told.fetched).toMatchObject({ status: 200, stored: false, why: 'NO_STORE', background: true })
    expect(told.decisions.filter(({ background }) => background).map(({ hook }) => hook)).toContain('backendResponse')
    expect((await explain(site, '/')).stored.variants[0]?.object).toMatchObject({ state: 'grace' })
  })

  it('tells why the origin could not be asked', async () => {
    const site = await open(always({}))
    await site.origin.close()
    const told = await explain(site, '/', {}, { fetch: true })
    expect(told).toMatchObject({ verdict: { kind: 'ERROR', reason: 'ERROR' }, answer: { status: 502 } })
    expect(told.verdict.text).toContain('connect_refused')
    expect(told.fetched?.text).toContain('connect_refused')
  })

  it('waits for a whole body where the policy delivers only that', async () => {
    const policy = definePolicy({
      backendResponse({ beresp }) {
        beresp.stream = false
      },
    })
    expect((await fetched({ 'Cache-Control': 'max-age=60' }, {}, { policy })).fetched).toMatchObject({ stored: true })
  })

  it('does not ask twice: a fresh hit asks nothing', async () => {
    const site = await open(always({ 'Cache-Control': 'max-age=60' }))
    await site.get('/')
    expect(await explain(site, '/', {}, { fetch: true })).toMatchObject({ verdict: { kind: 'HIT' }, fetched: null, origin: [] })
    expect(site.origin.hits).toHaveLength(1)
  })
})
