/** The memory budget: everything counted, the least recently used goes first, and every reason is counted. */
import { expect, it } from 'vitest'
import { definePolicy } from '../../vcl-ts/index.ts'
import { WORKERS } from '../support/serving.ts'
import { always, open } from './site.ts'

const KB = 1024
/** With a budget smaller than several workers can have: `test/object/shared/room.test.ts` fills theirs. */
const itAlone: typeof it = it.runIf(WORKERS === 1) as typeof it
const FRESH = { 'Cache-Control': 'max-age=60' }

itAlone('never holds more than its budget, and lets the least recently used go', async () => {
  const memory = 1024 * KB
  const site = await open(always(FRESH, 'x'.repeat(40 * KB)), { memory })
  for (let i = 0; i < 40; i++) {
    await site.get(`/${i}`)
    await site.get('/0')
    expect(site.stat('g_bytes')).toBeLessThanOrEqual(memory)
  }
  expect((await site.get('/0')).get('x-cache')).toBe('HIT')
  expect((await site.get('/39')).get('x-cache')).toBe('HIT')
  expect((await site.get('/1')).get('x-cache')).toBe('MISS')
  expect(site.stat('n_lru_nuked')).toBeGreaterThan(10)
  expect(site.stat('evict_lru')).toBe(site.stat('n_lru_nuked'))
  expect(site.stat('n_object') + site.stat('n_lru_nuked')).toBe(41)
})

it('counts head, key and tags, not only the body', async () => {
  const site = await open(always({ ...FRESH, 'X-Long': 'h'.repeat(2000) }, ''), {
    policy: definePolicy({
      backendResponse({ beresp }) {
        beresp.tags.add('t'.repeat(1000))
      },
    }),
  })
  await site.get(`/${'k'.repeat(1000)}`)
  expect(site.stat('g_bytes')).toBeGreaterThan(4000)
  expect(site.stat('g_bytes') + site.stat('g_space')).toBe(site.server.settings.memory)
})

it('gives everything back when objects expire, are purged or superseded', async () => {
  const site = await open(always({ 'Cache-Control': 'max-age=10, must-revalidate' }, 'x'.repeat(1000)), {
    policy: definePolicy({ recv: ({ req, purge }) => (req.method === 'PURGE' ? purge() : undefined) }),
  })
  await site.get('/purged')
  await site.ask('PURGE', '/purged')
  expect([site.stat('n_object'), site.stat('g_bytes'), site.stat('evict_purged')]).toEqual([0, 0, 1])
  await site.get('/expires')
  expect(site.stat('n_object')).toBe(1)
  site.clock.advance(60_000)
  expect([site.stat('n_object'), site.stat('g_bytes'), site.stat('n_expired'), site.stat('n_objecthead')]).toEqual([0, 0, 1, 0])
})

it('holds one object where a newer takes the older’s place', async () => {
  const site = await open(always({ 'Cache-Control': 'max-age=10' }, 'x'.repeat(1000)))
  await site.get('/')
  const { g_bytes } = site.server.stat()
  site.clock.advance(11_000)
  await site.get('/')
  expect([site.stat('n_object'), site.stat('g_bytes'), site.stat('evict_superseded')]).toEqual([1, g_bytes, 1])
})

it('holds at most 64 variants of a URL', async () => {
  const site = await open(always({ ...FRESH, Vary: 'X-Kind' }))
  for (let i = 0; i < 80; i++) await site.get('/', { 'X-Kind': String(i) })
  expect(site.stat('n_object')).toBe(64)
  expect((await site.get('/', { 'X-Kind': '79' })).get('x-cache')).toBe('HIT')
  expect((await site.get('/', { 'X-Kind': '0' })).get('x-cache')).toBe('MISS')
})

itAlone('stores nothing larger than a sixteenth of the budget by default', async () => {
  const site = await open(always(FRESH, 'x'.repeat(65 * KB)), { memory: 1024 * KB })
  await site.get('/')
  expect((await site.get('/')).get('x-cache')).toBe('MISS')
  expect(site.server.settings.maxObject).toBe(64 * KB)
})

itAlone('serves on when not even one object fits', async () => {
  const site = await open(always(FRESH, 'x'.repeat(1024 * KB - 100)), { memory: 1024 * KB, maxObject: 1024 * KB })
  for (let i = 0; i < 3; i++) expect((await site.get('/')).body.length).toBe(1024 * KB - 100)
  expect(site.stat('g_bytes')).toBeLessThanOrEqual(1024 * KB)
})
