/** The newspaper's policy, tested without a server: `clearcoat test examples/news/policy.test.ts`. */
import { beforeEach, describe, expect, type OriginHandler, type PolicyTest, test, testPolicy } from 'clearcoat/vcl-ts/testing'
import news from './policy.ts'

let cache: PolicyTest

/** What the newspaper's web server says, in short. */
const origin: OriginHandler = ({ url, headers }) => {
  if (url === '/fragments/reader') return { headers: { 'Cache-Control': 'private' }, body: `Good morning, ${headers.get('cookie')}` }
  const fields = { 'Cache-Control': 's-maxage=3600', Vary: 'Surrogate-Capability' }
  return headers.has('surrogate-capability')
    ? { headers: { ...fields, 'Surrogate-Control': 'content="ESI/1.0"' }, body: '<p><esi:include src="/fragments/reader"/></p>' }
    : { headers: fields, body: '<p>Good morning</p>' }
}

beforeEach(async () => {
  cache = await testPolicy(news, { origin })
})

const read = (reader: string) => cache.request({ url: '/', headers: { Cookie: `theme=dark; reader=${reader}` } })

describe('a newspaper', () => {
  test('greets each reader on a page that is one for all', async () => {
    const ada = await read('ada')
    expect(ada.body).toBe('<p>Good morning, reader=ada</p>')
    const ben = await read('ben')
    expect(ben.trace.decision).toBe('hit')
    expect(ben.body).toBe('<p>Good morning, reader=ben</p>')
  })

  test('tells caches on the way that the page is somebody’s own', async () => {
    await read('ada')
    expect((await read('ben')).headers.get('cache-control')).toBe('private, no-cache')
  })

  test('keeps the greeting for nobody', async () => {
    const fragment = { url: '/fragments/reader', headers: { Cookie: 'reader=ada; theme=dark' } }
    const { trace } = await cache.request(fragment)
    expect(trace).toMatchObject({ decision: 'pass', stored: false, origin: [{ url: '/fragments/reader' }] })
    expect((await cache.request(fragment)).trace.decision).toBe('pass')
  })
})
