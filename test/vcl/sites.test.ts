import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { OriginHandler } from '../../src/testing/fake-origin.ts'
import type { PolicyTest, TestAnswer, TestRequest } from '../../src/testing/test-policy.ts'
import { vclTest } from './translated.ts'

function site(name: string, origin: OriginHandler): Promise<PolicyTest> {
  return vclTest(readFileSync(new URL(`./sites/${name}.vcl`, import.meta.url), 'utf8'), { origin })
}

const OPERATOR = '127.0.0.1'

/** Each answer is another one, so that what is served again can be told. */
function counting(headers: (url: string) => Record<string, string>): OriginHandler {
  let count = 0
  return ({ url }) => ({ headers: { 'Content-Type': 'text/html', ...headers(url) }, body: `${url} ${++count}` })
}

async function bodies(cache: PolicyTest, ...requests: readonly (string | TestRequest)[]): Promise<string[]> {
  const found: string[] = []
  for (const request of requests) found.push((await cache.request(request)).body)
  return found
}

function get(url: string, headers: Record<string, string> = {}): TestRequest {
  return { url, headers }
}

async function status(cache: PolicyTest, request: TestRequest): Promise<string> {
  const { status: code, reason } = await cache.request(request)
  return `${code} ${reason}`
}

describe('the VCL of a WordPress site', () => {
  const origin = counting((url) => ({
    'Cache-Control': 'max-age=60',
    'X-Powered-By': 'PHP',
    ...(url.endsWith('.css') ? { 'Set-Cookie': 'a=b' } : {}),
  }))

  it('serves anonymous visitors again, whatever cookies measure them', async () => {
    const cache = await site('wordpress', origin)
    const first = await cache.request(get('/news', { Cookie: '_ga=1; wp-settings-1=x' }))
    const again = await cache.request(get('/news?utm_source=mail&gclid=7', { Cookie: '_ga=2' }))
    expect(again.body).toBe(first.body)
    expect(first.headers.get('x-cache')).toBe('MISS')
    expect(again.headers.get('x-cache')).toBe('HIT 1')
    expect(again.headers.has('x-powered-by')).toBe(false)
    expect(again.headers.has('x-blog-url')).toBe(false)
  })

  it('asks the origin for who is signed in, for carts and for the administration', async () => {
    const cache = await site('wordpress', origin)
    for (const request of [get('/news', { Cookie: 'wordpress_logged_in_x=1' }), get('/cart/'), get('/wp-admin/'), get('/a?preview=true')]) {
      const [first, second] = await bodies(cache, request, request)
      expect(first, request.url).not.toBe(second)
    }
  })

  it('forwards who asked, and sends no cookies with files', async () => {
    const cache = await site('wordpress', origin)
    const { trace } = await cache.request(get('/style.CSS?v=1', { Cookie: 'wordpress_logged_in_x=1', 'X-Forwarded-For': '203.0.113.9' }))
    expect(trace.origin[0]?.headers.has('cookie')).toBe(false)
    // The client is no proxy that is trusted, so what it says of others is not passed on.
    expect(trace.origin[0]?.headers.get('x-forwarded-for')).toContain('192.0.2.1')
    const [first, second] = await bodies(cache, '/style.css', '/style.css')
    expect(first).toBe(second)
  })

  it('lets editors purge, and nobody else', async () => {
    const cache = await site('wordpress', origin)
    const [before] = await bodies(cache, '/news')
    expect(await status(cache, { method: 'PURGE', url: '/news' })).toBe('405 Purging is not for 192.0.2.1')
    expect(await status(cache, { method: 'PURGE', url: '/news', ip: '10.20.30.40' })).toMatch(/^405/)
    expect(await bodies(cache, '/news')).toEqual([before])
    expect((await cache.request({ method: 'PURGE', url: '/news', ip: '10.20.0.7' })).status).toBe(200)
    const [after, other] = await bodies(cache, '/news', '/news/2')
    expect(after).not.toBe(before)
    const ban = { method: 'PURGE', url: '/news.*', headers: { 'X-Purge-Method': 'regex' }, ip: OPERATOR }
    expect(await status(cache, ban)).toBe('200 Banned /news.*')
    const again = await bodies(cache, '/news', '/news/2')
    expect(again[0]).not.toBe(after)
    expect(again[1]).not.toBe(other)
  })

  it('serves what is stale while the origin fails', async () => {
    let well = true
    const cache = await site('wordpress', () =>
      well ? { headers: { 'Cache-Control': 'max-age=60' }, body: 'page' } : { status: 500, body: 'oops' },
    )
    await cache.request('/')
    well = false
    await cache.advance('2m')
    expect(await bodies(cache, '/', '/')).toEqual(['page', 'page'])
    expect((await cache.request('/new')).status).toBe(500)
  })
})

describe('the VCL of a Magento shop', () => {
  const origin = counting((url) => ({
    'Cache-Control': url.startsWith('/private') ? 'private, max-age=60' : 'max-age=60',
    'X-Magento-Tags': url === '/chair' ? 'cat_c_1,cat_p_7' : 'cat_c_2',
    'Set-Cookie': 'PHPSESSID=1',
  }))

  it('serves pages again by the group of the customer, and tells browsers not to', async () => {
    const cache = await site('magento', origin)
    const anonymous = await bodies(cache, '/chair', get('/chair', { Cookie: 'PHPSESSID=7' }))
    const group = await bodies(
      cache,
      get('/chair', { Cookie: 'a=b; X-Magento-Vary=abc; c=d' }),
      get('/chair', { Cookie: 'X-Magento-Vary=abc' }),
    )
    expect(new Set(anonymous).size).toBe(1)
    expect(new Set(group).size).toBe(1)
    expect(group[0]).not.toBe(anonymous[0])
    const hit = await cache.request('/chair')
    expect(hit.headers.get('x-magento-cache-debug')).toBe('HIT')
    expect(hit.headers.get('cache-control')).toBe('no-store, no-cache, must-revalidate, max-age=0')
    expect(hit.headers.has('set-cookie')).toBe(false)
    expect(hit.headers.has('x-magento-tags')).toBe(false)
    expect(hit.headers.get('grace')).toBe('none')
  })

  it('asks the origin for checkout, private pages and GraphQL of who is signed in', async () => {
    const cache = await site('magento', origin)
    const bearer = { Authorization: 'Bearer x' }
    for (const request of [get('/checkout/cart'), get('/private'), get('/graphql?q=1', bearer)]) {
      const [first, second] = await bodies(cache, request, request)
      expect(first, request.url).not.toBe(second)
    }
    expect((await cache.request('/private')).headers.get('x-magento-cache-debug')).toBe('UNCACHEABLE')
    const id = { 'X-Magento-Cache-Id': '7' }
    const shared = await bodies(cache, get('/graphql?q=1', id), get('/graphql?q=1', id), get('/graphql?q=1', { ...id, ...bearer }))
    expect(shared[0]).toBe(shared[1])
    expect(shared[2]).not.toBe(shared[0])
  })

  it('bans by tags', async () => {
    const cache = await site('magento', origin)
    const before = await bodies(cache, '/chair', '/table')
    const ban = { method: 'PURGE', url: '/', headers: { 'X-Magento-Tags-Pattern': '((^|,)cat_c_1(,|$))' } }
    expect(await status(cache, ban)).toBe('405 Method not allowed')
    expect(await status(cache, { method: 'PURGE', url: '/', ip: OPERATOR })).toBe('400 Say what: X-Magento-Tags-Pattern or X-Pool')
    expect(await status(cache, { ...ban, ip: OPERATOR })).toBe('200 Purged')
    const after = await bodies(cache, '/chair', '/table')
    expect(after[0]).not.toBe(before[0])
    expect(after[1]).toBe(before[1])
  })

  it('serves what is stale at once, for as long as the shop is well', async () => {
    const cache = await site('magento', origin)
    const [before] = await bodies(cache, '/chair')
    await cache.advance('2m')
    const stale = await cache.request('/chair')
    expect(stale.body).toBe(before)
    expect(stale.headers.get('grace')).toBe('normal')
    await cache.advance('10m')
    expect((await bodies(cache, '/chair'))[0]).not.toBe(before)
  })

  it('puts pages together', async () => {
    const cache = await site('magento', ({ url }) =>
      url === '/'
        ? { headers: { 'Content-Type': 'text/html', 'Cache-Control': 'max-age=60' }, body: '<p><esi:include src="/menu"/></p>' }
        : { headers: { 'Content-Type': 'text/html', 'Cache-Control': 'max-age=60' }, body: `[${url}]` },
    )
    expect(await bodies(cache, '/')).toEqual(['<p>[/menu]</p>'])
  })
})

describe('the VCL of a Drupal site', () => {
  const origin = counting((url) => ({ 'Cache-Control': 'max-age=60', 'Cache-Tags': url === '/a' ? 'node:1 node_list' : 'node:11' }))

  it('serves anonymous visitors again, and asks for who has a session', async () => {
    const cache = await site('drupal', origin)
    const shared = await bodies(cache, '/a', get('/a', { Cookie: '_ga=1; has_js=1' }))
    expect(new Set(shared).size).toBe(1)
    const { trace } = await cache.request(get('/a', { Cookie: '_ga=1; SSESSabc0=1; has_js=1' }))
    expect(trace.origin[0]?.headers.get('cookie')).toBe('SSESSabc0=1')
    const own = await bodies(cache, get('/a', { Cookie: 'SESSab=1' }), get('/a', { Cookie: 'SESSab=1' }))
    expect(new Set(own).size).toBe(2)
  })

  it('bans by tags whole, of the host that is named', async () => {
    const cache = await site('drupal', origin)
    const before = await bodies(cache, '/a', '/b')
    const ban = { method: 'BAN', url: '/', headers: { 'Cache-Tags': 'node:1 node:2' } }
    expect(await status(cache, ban)).toBe('403 Not allowed.')
    expect(await status(cache, { method: 'BAN', url: '/', ip: OPERATOR })).toBe('403 Cache-Tags header missing.')
    expect(await status(cache, { ...ban, ip: OPERATOR })).toBe('200 Ban added.')
    const after = await bodies(cache, '/a', '/b')
    expect(after[0]).not.toBe(before[0])
    expect(after[1]).toBe(before[1])
  })

  it('hides what only operators may run', async () => {
    const cache = await site('drupal', origin)
    expect(await status(cache, get('/cron.php'))).toBe('404 Page not found.')
    expect((await cache.request({ url: '/cron.php', ip: OPERATOR })).status).toBe(200)
  })
})

describe('the VCL of a TYPO3 site', () => {
  const origin = counting((url) => ({
    'Cache-Control': 'max-age=60',
    ...(url === '/form' ? {} : { 'X-Varnish-Enabled': '1' }),
    'X-Cache-Tags': 'pageId_1,pages',
    'TYPO3-Sitename': 'main',
    'Set-Cookie': 'fe_typo_user=1',
  }))

  it('serves anonymous visitors again, and asks for editors, users and pages that are not to be kept', async () => {
    const cache = await site('typo3', origin)
    const shared = await bodies(cache, '/', get('/', { Cookie: '_ga=1; consent=yes' }))
    expect(new Set(shared).size).toBe(1)
    for (const request of [
      get('/', { Cookie: 'be_typo_user=1' }),
      get('/', { Cookie: '_ga=1; fe_typo_user=2' }),
      get('/typo3/'),
      get('/form'),
    ]) {
      const [first, second] = await bodies(cache, request, request)
      expect(first).not.toBe(second)
    }
    const { trace } = await cache.request(get('/', { Cookie: '_ga=1; fe_typo_user=2' }))
    expect(trace.origin[0]?.headers.get('cookie')).toBe('fe_typo_user=2')
  })

  it('bans by tag and by site, refuses unknown methods, and refreshes for operators', async () => {
    const cache = await site('typo3', origin)
    const [first] = await bodies(cache, '/')
    expect(await status(cache, { method: 'BAN', url: '/', headers: { 'X-Cache-Tags': 'pageId_1' } })).toBe('405 Not allowed')
    expect(await status(cache, { method: 'BAN', url: '/', headers: { 'X-Cache-Tags': 'pageId_1' }, ip: OPERATOR })).toBe(
      '200 Banned tags pageId_1',
    )
    const [second] = await bodies(cache, '/')
    expect(second).not.toBe(first)
    const all = { method: 'BAN', url: '/', headers: { 'Varnish-Ban-All': '1', 'Varnish-Ban-TYPO3-Sitename': 'main' }, ip: OPERATOR }
    expect(await status(cache, all)).toBe('200 Banned site main')
    const [third] = await bodies(cache, '/')
    expect(third).not.toBe(second)
    expect((await cache.request({ method: 'LOCK', url: '/' })).status).toBe(501)
    const [fresh] = await bodies(cache, { url: '/', headers: { 'Cache-Control': 'no-cache' }, ip: OPERATOR })
    expect(fresh).not.toBe(third)
    expect(await bodies(cache, get('/', { 'Cache-Control': 'no-cache' }))).toEqual([fresh])
  })
})

describe('the VCL of a Shopware shop', () => {
  const origin = counting((url) => ({
    'Cache-Control': 'max-age=60',
    xkey: url === '/lamp' ? 'product-1 category-3' : 'category-4',
    'sw-invalidation-states': 'logged-in',
  }))

  it('serves again by what the shop says of the visitor', async () => {
    const cache = await site('shopware', origin)
    const [anonymous] = await bodies(cache, '/lamp?utm_source=x&b=1&a=2')
    expect(await bodies(cache, '/lamp?a=2&b=1')).toEqual([anonymous])
    const [context] = await bodies(cache, get('/lamp?a=2&b=1', { Cookie: 'x=y; sw-cache-hash=h1' }))
    const [currency] = await bodies(cache, get('/lamp?a=2&b=1', { Cookie: 'sw-currency=chf' }))
    expect(new Set([anonymous, context, currency]).size).toBe(3)
    const { trace } = await cache.request(get('/other', { Cookie: 'sw-currency=chf' }))
    expect(trace.origin[0]?.headers.has('currency')).toBe(false)
    expect(trace.origin[0]?.headers.get('surrogate-capability')).toBe('shopware=ESI/1.0')
  })

  it('asks for who is signed in, answers the empty cart itself', async () => {
    const cache = await site('shopware', origin)
    await cache.request('/lamp')
    const signedIn = get('/lamp', { Cookie: 'sw-states=logged-in' })
    const [first, second] = await bodies(cache, signedIn, signedIn)
    expect(first).not.toBe(second)
    const empty = await cache.request('/widgets/checkout/info')
    expect([empty.status, empty.trace.origin.length]).toEqual([204, 0])
    const filled = get('/widgets/checkout/info', { Cookie: 'sw-cache-hash=h; sw-states=cart-filled' })
    expect((await cache.request(filled)).trace.origin.length).toBe(1)
  })

  it('purges by tags and says how many went', async () => {
    const cache = await site('shopware', origin)
    const before = await bodies(cache, '/lamp', '/sofa')
    expect(await status(cache, { method: 'PURGE', url: '/', headers: { xkey: 'product-1' } })).toBe('403 Forbidden')
    expect(await status(cache, { method: 'PURGE', url: '/', headers: { xkey: 'product-1 nothing' }, ip: OPERATOR })).toBe(
      '200 Invalidated 1 objects',
    )
    const after = await bodies(cache, '/lamp', '/sofa')
    expect(after[0]).not.toBe(before[0])
    expect(after[1]).toBe(before[1])
    expect(await status(cache, { method: 'BAN', url: '/sofa', ip: OPERATOR })).toBe('200 Banned')
    expect((await bodies(cache, '/sofa'))[0]).not.toBe(after[1])
  })

  it('assembles pages that ask for it', async () => {
    const cache = await site('shopware', ({ url }) =>
      url === '/'
        ? {
            headers: { 'Surrogate-Control': 'content="ESI/1.0"', 'Cache-Control': 'max-age=60' },
            body: '<p><esi:include src="/header"/></p>',
          }
        : { headers: { 'Cache-Control': 'max-age=60' }, body: url },
    )
    expect(await bodies(cache, '/')).toEqual(['<p>/header</p>'])
  })
})

describe('the VCL of a Symfony application', () => {
  const origin: OriginHandler = (() => {
    let count = 0
    return ({ url, headers }) => {
      if (url === '/_context')
        return {
          headers: {
            'Content-Type': 'application/vnd.context-hash',
            'X-User-Context': headers.get('cookie')?.includes('admin') ? 'admins' : 'users',
            'Cache-Control': 'max-age=600',
            Vary: 'Cookie',
          },
        }
      return {
        headers: { 'Content-Type': 'text/html', 'X-Reverse-Proxy-TTL': '60', Vary: 'X-User-Context', xkey: 'article-1' },
        body: `${headers.get('x-user-context') ?? 'nobody'} ${++count}`,
      }
    }
  })()

  it('serves one copy to each kind of user', async () => {
    const cache = await site('symfony', origin)
    const users = await bodies(cache, get('/a', { Cookie: 'id=1' }), get('/a', { Cookie: 'id=2' }))
    const admin = await cache.request(get('/a', { Cookie: 'id=admin' }))
    expect(users[0]).toMatch(/^users/)
    expect(users[1]).toBe(users[0])
    expect(admin.body).toMatch(/^admins/)
    expect(admin.headers.has('vary')).toBe(false)
    const [anonymous, again] = await bodies(cache, '/a', '/a')
    expect(anonymous).toMatch(/^nobody/)
    expect(again).toBe(anonymous)
  })

  it('refuses who makes the context up', async () => {
    const cache = await site('symfony', origin)
    expect((await cache.request(get('/a', { 'X-User-Context': 'admins' }))).status).toBe(400)
  })

  it('purges, bans and refreshes for those who may', async () => {
    const cache = await site('symfony', origin)
    const page = async (): Promise<string> => (await cache.request('/a')).body
    let last = await page()
    const changes = async (request: TestRequest, answer: string): Promise<void> => {
      expect(await status(cache, request)).toMatch(/^405/)
      expect(await page()).toBe(last)
      expect(await status(cache, { ...request, ip: OPERATOR })).toContain(answer)
      const next = await page()
      expect(next).not.toBe(last)
      last = next
    }
    await changes({ method: 'PURGE', url: '/a' }, '200')
    await changes({ method: 'BAN', url: '/', headers: { 'X-Host': '.*', 'X-Url': '^/a$', 'X-Content-Type': 'text' } }, '200 Banned')
    await changes({ method: 'PURGEKEYS', url: '/', headers: { 'xkey-purge': 'article-1' } }, '200 Purged 1, expired 0')
    const fresh = (await cache.request({ url: '/a', headers: { 'Cache-Control': 'no-cache' }, ip: OPERATOR })).body
    expect(fresh).not.toBe(last)
    expect(await page()).toBe(fresh)
  })

  it('makes stale what is softly purged, and serves it while it is fetched', async () => {
    const cache = await site('symfony', origin)
    const before: TestAnswer = await cache.request('/a')
    const soft = { method: 'PURGEKEYS', url: '/', headers: { 'xkey-softpurge': 'article-1' }, ip: OPERATOR }
    expect(await status(cache, soft)).toBe('200 Purged 0, expired 1')
    expect((await cache.request('/a')).body).toBe(before.body)
    expect((await cache.request('/a')).body).not.toBe(before.body)
  })
})
