/** The newspaper of `examples/news` behind the cache, over real sockets. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type NewsOrigin, startNews } from '../../examples/news/origin.ts'
import news from '../../examples/news/policy.ts'
import { createServer, type Server } from '../../src/index.ts'

let origin: NewsOrigin
let cache: Server

beforeEach(async () => {
  origin = await startNews()
  cache = await createServer({ origin: origin.url, listen: ['127.0.0.1:0'], policy: news })
})

afterEach(async () => {
  await cache.close()
  await origin.close()
})

async function read(reader: string): Promise<{ readonly page: string; readonly answer: Response }> {
  const answer = await fetch(`http://${cache.addresses[0]}/`, { headers: { Cookie: `reader=${reader}; theme=dark` } })
  return { page: await answer.text(), answer }
}

describe('the newspaper', () => {
  it('is one page for all with a greeting for each', async () => {
    const [ada, ben] = [await read('ada'), await read('ben')]
    expect(ada.page).toContain('Good morning, ada')
    expect(ben.page).toContain('Good morning, ben')
    expect(ada.page.replace('ada', 'ben')).toBe(ben.page)
    expect(ben.answer.headers.get('x-cache')).toBe('HIT')
    expect(origin.asked.filter((path) => path !== '/fragments/reader').toSorted()).toEqual(['/', '/fragments/ticker', '/fragments/weather'])
  })

  it('shows nothing of how it is made', async () => {
    const { page, answer } = await read('ada')
    expect(page).not.toMatch(/esi/)
    expect(page).not.toContain('href="/fragments/ticker"')
    expect(answer.headers.get('set-cookie')).toBe(null)
    expect(answer.headers.get('surrogate-control')).toBe(null)
    expect(answer.headers.get('cache-control')).toBe('private, no-cache')
  })

  it('does without the weather, but not without the news', async () => {
    origin.weather = false
    const { page } = await read('ada')
    expect(page).toContain('Nothing happened today')
    expect(page).not.toContain('weather')
    expect(page).toMatch(/<\/html>\n$/)
  })

  it('is purged piece by piece', async () => {
    await read('ada')
    origin.headline = 'Something happened after all'
    expect((await read('ada')).page).toContain('Nothing happened today')
    expect((await fetch(`http://${cache.addresses[0]}/fragments/ticker`, { method: 'PURGE' })).status).toBe(200)
    expect((await read('ada')).page).toContain('Something happened after all')
    expect(origin.asked.filter((path) => path === '/')).toHaveLength(1)
  })
})
