/** What hooks note with `log` goes with their transaction: into the access log and the trace; `healthy` asks the engine. */
import { describe, expect, it } from 'vitest'
import { runHookSync, testPolicy } from '../../src/testing/index.ts'
import { backend, definePolicy, fallback, roundRobin } from '../../vcl-ts/index.ts'
import { always, open } from '../journey/site.ts'

const PAGE = { headers: { 'Cache-Control': 'max-age=60, stale-while-revalidate=60' }, body: 'page' }

const noting = definePolicy({
  recv({ req, log }) {
    log('path', req.path)
    log('restarts', req.restarts)
  },
  backendResponse({ beresp, bereq, log }) {
    log('origin', beresp.status)
    log('background', bereq.isBgfetch)
  },
  deliver({ log }) {
    log('served:at once: yes')
    log('no key here')
    log(' :none either')
  },
})

describe('log', () => {
  it('notes in order, the fetch’s notes with the request that began it', async () => {
    const cache = await testPolicy(noting, { origin: PAGE })
    const { trace } = await cache.request('/a?b')
    expect(trace.notes).toEqual([
      ['path', '/a'],
      ['restarts', '0'],
      ['origin', '200'],
      ['background', 'false'],
      ['served', 'at once: yes'],
      ['', 'no key here'],
      ['', ' :none either'],
    ])
    expect((await cache.request('/a')).trace.notes).toHaveLength(7)
  })

  it('notes nothing with a request that a refresh outlives', async () => {
    const cache = await testPolicy(noting, { origin: PAGE })
    await cache.request('/a')
    await cache.advance(90)
    const { trace } = await cache.request('/a')
    expect(trace.decision).toBe('stale')
    expect(trace.background.origin).toHaveLength(1)
    expect(trace.notes.map(([key]) => key)).toEqual(['path', 'restarts', 'served', '', ''])
  })

  it('keeps 64 notes of 1,024 characters', async () => {
    const cache = await testPolicy(
      definePolicy({
        recv({ log }) {
          for (let count = 0; count < 100; count++) log(`n${count}`, 'x'.repeat(5000))
          log('y'.repeat(5000))
        },
      }),
    )
    const { notes } = (await cache.request('/')).trace
    expect(notes).toHaveLength(64)
    expect(new Set(notes.map(([, value]) => value.length))).toEqual(new Set([1024]))
  })

  it.each(['', 'a:b', 'a b', 'ä', 'x\n', 'x'.repeat(65)])('refuses the key %j, and the hook fails', (key) => {
    const { action } = runHookSync(definePolicy({ recv: ({ log }) => log(key, 1) }), 'recv')
    expect(action).toMatchObject({ type: 'fail', cause: expect.objectContaining({ message: expect.stringContaining('is no key') }) })
  })

  it('is shown by runHook', () => {
    const { notes } = runHookSync(definePolicy({ deliver: ({ log, obj }) => log('hits', obj.hits) }), 'deliver', { obj: { hits: 3 } })
    expect(notes).toEqual([['hits', '3']])
  })

  it('is in the record of the access log; without notes there is nothing', async () => {
    const site = await open(always({ 'Cache-Control': 'max-age=60' }), {
      policy: definePolicy({ recv: ({ req, log }) => (req.url === '/noted' ? log('a', 'b') : undefined) }),
    })
    await site.get('/noted')
    await site.get('/plain')
    expect(site.records.map(({ url, notes }) => [url, notes])).toEqual([
      ['/noted', [['a', 'b']]],
      ['/plain', null],
    ])
  })
})

describe('healthy', () => {
  const a = backend('http://a')
  const b = backend('http://b')
  const both = roundRobin([a, b])

  it('is what an operator says, of a director what any of its backends is', async () => {
    const policy = definePolicy({
      backends: { both, a, b },
      recv({ log, healthy }) {
        log('a', healthy(a))
        log('both', healthy(both))
        log('nested', healthy(fallback([both, a])))
        log('none', healthy(fallback([])))
      },
      backendFetch: ({ log, healthy }) => log('fetch', healthy(b)),
    })
    const cache = await testPolicy(policy, { origin: PAGE })
    const told = async (url: string): Promise<object> => Object.fromEntries((await cache.request(url)).trace.notes)
    expect(await told('/1')).toEqual({ a: 'true', both: 'true', nested: 'true', none: 'false', fetch: 'true' })
    cache.setHealth(a, 'sick')
    expect(await told('/2')).toEqual({ a: 'false', both: 'true', nested: 'true', none: 'false', fetch: 'true' })
    cache.setHealth(b, 'sick')
    expect(await told('/3')).toEqual({ a: 'false', both: 'false', nested: 'false', none: 'false', fetch: 'false' })
  })

  it('is what a test of one hook says', () => {
    const policy = definePolicy({ recv: ({ healthy, synth }) => (healthy(both) ? undefined : synth(503)) })
    expect(runHookSync(policy, 'recv', {}, { sick: [a] }).action.type).toBe('hash')
    expect(runHookSync(policy, 'recv', {}, { sick: [a, b] }).action.type).toBe('synth')
  })
})
