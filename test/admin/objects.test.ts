import { describe, expect, it } from 'vitest'
import { Least, walk } from '../../src/admin/walk.ts'
import { definePolicy } from '../../vcl-ts/index.ts'
import { always, reply } from '../journey/site.ts'
import { api, type Operated, operated, problem } from './rig.ts'

interface Shown {
  readonly id: number
  readonly key: string
  readonly url: string
  readonly host: string
}

const FRESH = { 'Cache-Control': 'max-age=60', Date: 'Thu, 01 Jan 2026 00:00:00 GMT' }

async function urls(site: Operated, query: string): Promise<readonly string[]> {
  const { objects } = (await api(site, `GET /api/objects${query}`)) as { objects: Shown[] }
  return objects.map(({ url }) => url)
}

describe('GET /api/objects', () => {
  it('shows each stored object with its numbers', async () => {
    const site = await operated(always({ ...FRESH, ETag: '"a"', 'Surrogate-Key': 'b a', Vary: 'Accept-Language' }, 'hello'))
    await site.get('/page?x=1')
    await site.get('/page?x=1')
    site.clock.advance(10_000)
    const { objects, next } = await api(site, 'GET /api/objects')
    expect(next).toBeNull()
    expect(objects).toEqual([
      {
        id: expect.any(Number),
        key: '9:/page?x=111:www.example',
        url: '/page?x=1',
        host: 'www.example',
        scheme: 'http',
        arm: null,
        variant: { 'accept-language': null },
        status: 200,
        bytes: expect.any(Number),
        hits: 1,
        age: 10,
        ttl: 50,
        grace: 0,
        staleIfError: 86_400,
        keep: 3600,
        state: 'fresh',
        tags: ['b', 'a'],
      },
    ])
    site.clock.advance(60_000)
    expect((await api(site, 'GET /api/objects'))['objects']).toMatchObject([{ state: 'stale', ttl: -10 }])
  })

  it('filters by URL, host, prefix, tag and status', async () => {
    const site = await operated((hit, response) => reply(response, hit.url === '/gone' ? 410 : 200, { ...FRESH, xkey: `k${hit.url}` }))
    for (const path of ['/a', '/a/b', '/gone']) await site.get(path)
    await site.get('/a', { Host: 'other.example' })
    expect(await urls(site, '')).toEqual(['/a', '/a/b', '/gone', '/a'])
    expect(await urls(site, '?url=/a')).toEqual(['/a', '/a'])
    expect(await urls(site, '?url=http://other.example/a')).toEqual(['/a'])
    expect(await urls(site, '?host=WWW.example')).toEqual(['/a', '/a/b', '/gone'])
    expect(await urls(site, '?prefix=/a/&host=www.example')).toEqual(['/a/b'])
    expect(await urls(site, '?tag=k/a/b')).toEqual(['/a/b'])
    expect(await urls(site, '?status=410')).toEqual(['/gone'])
    expect(await urls(site, '?status=410&url=/a')).toEqual([])
  })

  it('goes in pages that miss nothing and show nothing twice, whatever happens in between', async () => {
    const site = await operated(always(FRESH))
    for (let i = 0; i < 25; i++) await site.get(`/${i}`)
    const seen: string[] = []
    let cursor: unknown = null
    do {
      const page = await api(site, `GET /api/objects?limit=4${cursor === null ? '' : `&cursor=${String(cursor)}`}`)
      seen.push(...(page['objects'] as Shown[]).map(({ url }) => url))
      cursor = page['next']
      await site.ask('PURGE', `/${seen.length - 1}`)
      await site.get(`/new${seen.length}`)
    } while (cursor !== null)
    expect(seen.slice(0, 25)).toEqual(Array.from({ length: 25 }, (_, i) => `/${i}`))
    expect(new Set(seen).size).toBe(seen.length)
  })

  it('touches nothing', async () => {
    const site = await operated(always(FRESH))
    await site.get('/')
    const looked = (): unknown => [
      Object.entries(site.server.stat()).filter(([name]) => !name.startsWith('sess_')),
      [...site.server.objects()].map(({ hits }) => hits),
    ]
    const before = looked()
    await api(site, 'GET /api/objects')
    await api(site, 'GET /api/object?key=1:/11:www.example')
    await api(site, 'GET /api/tags')
    expect(looked()).toEqual(before)
  })
})

describe('GET /api/object', () => {
  it('shows everything under a key, every variant, or one object by its id', async () => {
    const site = await operated((hit, response) =>
      reply(response, 200, { ...FRESH, Vary: 'X', Foo: 'bar' }, `for ${String(hit.headers['x'])}`),
    )
    await site.get('/', { X: '1' })
    await site.get('/', { X: 'two' })
    const key = encodeURIComponent('1:/11:www.example')
    const { objects } = (await api(site, `GET /api/object?key=${key}`)) as { objects: (Shown & Record<string, unknown>)[] }
    expect(objects).toMatchObject([
      { url: '/', reason: 'OK', bodyBytes: 5, part: null, backend: site.origin.url, lifetimeSource: 'max-age', mustRevalidate: false },
      { url: '/', bodyBytes: 7, variant: { x: 'two' }, markers: [] },
    ])
    expect(objects[0]?.['headers']).toEqual(
      expect.arrayContaining([
        ['Foo', 'bar'],
        ['Vary', 'X'],
      ]),
    )
    expect(await api(site, `GET /api/object?id=${objects[1]?.id}`)).toEqual({ objects: [objects[1]] })
  })

  it('says so when there is none, or nothing is asked for', async () => {
    const site = await operated()
    await problem(site, 404, 'GET /api/object?key=x')
    await problem(site, 404, 'GET /api/object?id=999999999')
    await problem(site, 400, 'GET /api/object')
    await problem(site, 400, 'GET /api/object?key=x&id=1')
    await problem(site, 400, 'GET /api/object?id=x')
  })

  it('shows what a policy stored under a key of its own', async () => {
    const policy = definePolicy({
      hash({ key }) {
        key.clear()
        key.add('mine')
      },
    })
    const site = await operated(always(FRESH), { policy })
    await site.get('/')
    expect(await api(site, `GET /api/object?key=${encodeURIComponent('-4:mine')}`)).toMatchObject({
      objects: [{ key: '-4:mine', url: '/', host: 'www.example' }],
    })
  })
})

describe('GET /api/tags', () => {
  it('counts the objects of each tag, by their text, in pages', async () => {
    const site = await operated((hit, response) => reply(response, 200, { ...FRESH, 'Surrogate-Key': `all p${hit.url.slice(1)} shop` }))
    for (const path of ['/1', '/2', '/3']) await site.get(path)
    expect(await api(site, 'GET /api/tags')).toEqual({
      tags: [
        { tag: 'all', objects: 3 },
        { tag: 'p1', objects: 1 },
        { tag: 'p2', objects: 1 },
        { tag: 'p3', objects: 1 },
        { tag: 'shop', objects: 3 },
      ],
      next: null,
    })
    expect(await api(site, 'GET /api/tags?prefix=p&limit=2')).toMatchObject({ tags: [{ tag: 'p1' }, { tag: 'p2' }], next: 'p2' })
    expect(await api(site, 'GET /api/tags?prefix=p&limit=2&cursor=p2')).toMatchObject({ tags: [{ tag: 'p3' }], next: null })
  })
})

describe('a walk', () => {
  it('gives others their turn before a slice is over', async () => {
    let time = 0
    let turns = 0
    const slices: number[] = []
    const pace = {
      between: 64,
      now: () => time,
      turn: (callback: () => void) => {
        slices.push(time)
        turns++
        queueMicrotask(callback)
      },
    }
    let visited = 0
    await walk(
      Array.from({ length: 10_000 }, (_, index) => index),
      () => {
        visited++
        time += 0.01
        return true
      },
      pace,
    )
    expect(visited).toBe(10_000)
    expect(turns).toBeGreaterThan(15)
    for (let i = 1; i < slices.length; i++) expect((slices[i] as number) - (slices[i - 1] as number)).toBeLessThanOrEqual(5)
  })

  it('ends when it is told to', async () => {
    const seen: number[] = []
    await walk([1, 2, 3], (item) => {
      seen.push(item)
      return item < 2
    })
    expect(seen).toEqual([1, 2])
  })

  it('keeps the least of many', () => {
    const least = new Least<number>(5, (a, b) => a - b)
    for (let i = 0; i < 1000; i++) least.add((i * 7919) % 1000)
    expect(least.all).toEqual([0, 1, 2, 3, 4])
    const few = new Least<number>(5, (a, b) => a - b)
    for (const item of [3, 1, 2]) few.add(item)
    expect(few.all).toEqual([1, 2, 3])
  })
})
