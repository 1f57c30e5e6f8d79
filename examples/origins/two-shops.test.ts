/** What visitors notice while one of the two servers dies: nothing. */
import { describe, expect, it, type OriginHandler, type PolicyTest, testPolicy } from 'clearcoat/vcl-ts/testing'
import twoShops, { east, west } from './two-shops.ts'

const PAGE = { headers: { 'Cache-Control': 'max-age=60' }, body: 'a page' }
const DYING: OriginHandler = ({ backend }) => (backend === east.url ? { status: 503 } : PAGE)

/** The servers that were asked for so many pages, one after another. */
async function askedFor(cache: PolicyTest, pages: number): Promise<string[]> {
  const asked: string[] = []
  for (let page = 0; page < pages; page++) {
    const answer = await cache.request(`/shop/${asked.length}/${page}`)
    expect(answer.status).toBe(200)
    asked.push(...answer.trace.origin.map(({ backend }) => backend))
  }
  return asked
}

describe('a shop over two servers', () => {
  it('takes turns', async () => {
    expect(await askedFor(await testPolicy(twoShops, { origin: PAGE }), 4)).toEqual([east.url, west.url, east.url, west.url])
  })

  it('answers every visitor while one dies, and leaves that one alone after five failures', async () => {
    const cache = await testPolicy(twoShops, { origin: DYING })
    const asked = await askedFor(cache, 50)
    expect(asked.filter((url) => url === east.url)).toHaveLength(5)
    expect(asked).toHaveLength(55)
    await cache.advance('29s')
    expect(await askedFor(cache, 10)).not.toContain(east.url)
    await cache.advance('1m')
    expect(await askedFor(cache, 10)).toContain(east.url)
  })

  it('serves what it has for a day when both are dead', async () => {
    let dead = false
    const cache = await testPolicy(twoShops, { origin: () => (dead ? { fails: 'refuse' } : PAGE) })
    await cache.request('/shop/lamp')
    dead = true
    await cache.advance('23h')
    expect(await cache.request('/shop/lamp')).toMatchObject({ status: 200, body: 'a page', trace: { decision: 'stale' } })
  })

  it('fetches a page that one server lacks from the other, and remembers', async () => {
    const cache = await testPolicy(twoShops, { origin: ({ backend }) => (backend === east.url ? { status: 410 } : PAGE) })
    const first = await cache.request('/shop/lamp')
    expect([first.status, first.trace.origin.map(({ backend }) => backend)]).toEqual([200, [east.url, west.url]])
    await cache.advance('5m')
    for (let round = 0; round < 3; round++) {
      const again = await cache.request('/shop/lamp')
      expect(again.trace.origin.map(({ backend }) => backend)).not.toContain(east.url)
      await cache.advance('90s')
    }
  })

  it('goes to the other one when an operator takes one away', async () => {
    const cache = await testPolicy(twoShops, { origin: PAGE })
    cache.setHealth(west, 'sick')
    expect(new Set(await askedFor(cache, 6))).toEqual(new Set([east.url]))
    cache.setHealth(east, 'sick')
    expect((await cache.request('/shop/new')).status).toBe(503)
  })
})
