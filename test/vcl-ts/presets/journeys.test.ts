/** What visitors of each system meet: with the cookies and answers that those systems send. */
import { describe, expect, it } from 'vitest'
import type { OriginHandler, OriginSeen, PolicyTest, TestAnswer, TestOptions } from '../../../src/testing/index.ts'
import { runHookSync, testPolicy } from '../../../src/testing/index.ts'
import { api, magento, nextjs, type Policy, presets, shopware, stack, staticSite, symfony, wordpress } from '../../../vcl-ts/index.ts'

type Name = keyof typeof presets

/** What each system says of a page that is for everybody. */
const PUBLIC: Readonly<Record<Name, Readonly<Record<string, string>>>> = {
  wordpress: {},
  magento: { 'Cache-Control': 'max-age=86400, public, s-maxage=86400', 'X-Magento-Tags': 'cat_p_1,cat_p,cms_b_2' },
  drupal: { 'Cache-Control': 'max-age=900, public', Vary: 'Cookie', 'Cache-Tags': 'node:1 node_list' },
  shopware: { 'Cache-Control': 'public, s-maxage=7200', xkey: 'product-1 category-2' },
  typo3: { 'Cache-Control': 'max-age=3600, public', 'TYPO3-Pid': '7', 'TYPO3-Sitename': 'main', xkey: 'pages_7' },
  symfony: { 'Cache-Control': 's-maxage=600, public', 'X-Cache-Tags': 'post-1,blog' },
  nextjs: { 'Cache-Control': 's-maxage=60, stale-while-revalidate=31535940', Vary: 'RSC, Next-Router-State-Tree' },
  static: {},
  api: { 'Cache-Control': 'public, max-age=60', 'Cache-Tags': '/books/1,/books' },
}

/** Cookies that make a request somebody's own. */
const PERSONAL: Readonly<Record<Exclude<Name, 'static'>, readonly string[]>> = {
  wordpress: [
    'wordpress_logged_in_0123456789abcdef0123456789abcdef=ada%7C1',
    'wordpress_sec_0123456789abcdef0123456789abcdef=x',
    'wordpress_0123456789abcdef0123456789abcdef=x',
    'wp-postpass_0123456789abcdef0123456789abcdef=x',
    'comment_author_0123456789abcdef0123456789abcdef=Ada',
    'comment_author_email_0123456789abcdef0123456789abcdef=a%40b.example',
    'woocommerce_items_in_cart=1',
    'woocommerce_cart_hash=abc',
    'wp_woocommerce_session_0123456789abcdef0123456789abcdef=x',
    'edd_items_in_cart=1',
    'PHPSESSID=abc',
  ],
  magento: ['X-Magento-Vary=9bf9a599123e6402b85cde67144717a08b817412', 'admin=abc', 'persistent_shopping_cart=x'],
  drupal: ['SESS0123456789abcdef=abc', 'SSESS0123456789abcdef=abc', 'NO_CACHE=Y', 'Drupal.visitor.name=ada'],
  shopware: ['sw-cache-hash=abc', 'sw-states=logged-in', 'sw-states=cart-filled', 'bearerAuth=x'],
  typo3: ['be_typo_user=abc', 'fe_typo_user=abc', 'PHPSESSID=abc'],
  symfony: ['PHPSESSID=abc', 'REMEMBERME=abc', 'whatever=1'],
  nextjs: ['__prerender_bypass=abc', '__next_preview_data=abc', '__Secure-next-auth.session-token=abc', 'session=1', '__session=1'],
  api: ['sid=1', 'PHPSESSID=1'],
}

/** Cookies that do not matter. */
const HARMLESS: Readonly<Record<Name, string>> = {
  wordpress: '_ga=GA1.1; wordpress_test_cookie=WP+Cookie+check; borlabs-cookie=x; wp-settings-time-1=1',
  magento: 'PHPSESSID=abc; form_key=k; private_content_version=1; mage-cache-sessid=true; mage-messages=%5B%5D; _ga=x',
  drupal: 'has_js=1; _ga=x; cookie-agreed=2',
  shopware: 'session-=abc; timezone=Europe%2FBerlin; cookie-preference=1; _ga=x',
  typo3: '_ga=x; cookie_consent=1',
  symfony: '_ga=GA1.1; _fbp=x; cookie_consent=1',
  nextjs: '_ga=GA1.1; CookieConsent=x',
  static: 'session=1; anything=2',
  api: '_ga=GA1.1',
}

const NAMES = Object.keys(presets) as Name[]

interface Rig {
  readonly cache: PolicyTest
  readonly get: (url: string, cookie?: string, more?: Readonly<Record<string, string>>) => Promise<TestAnswer>
  readonly decide: (url: string, cookie?: string, more?: Readonly<Record<string, string>>) => Promise<string>
}

/** The origin writes for whom it sees; somebody who is logged in gets a page that does not even say that it is private. */
function writing(headers: Readonly<Record<string, string | readonly string[]>>): OriginHandler {
  return ({ headers: seen, url }) => ({ headers, body: `${url} for ${seen.get('cookie') ?? 'all'}` })
}

async function rig(policy: Policy, origin: OriginHandler, options: TestOptions = {}): Promise<Rig> {
  const cache = await testPolicy(policy, { origin, ...options })
  const get: Rig['get'] = (url, cookie, more = {}) =>
    cache.request({ url, headers: { ...(cookie === undefined ? {} : { Cookie: cookie }), ...more } })
  return { cache, get, decide: async (...given) => (await get(...given)).trace.decision }
}

describe.each(NAMES)('%s()', (name) => {
  const begin = (options?: TestOptions): Promise<Rig> => rig(presets[name](), writing(PUBLIC[name]), options)

  it('shares a page, whatever harmless cookies its readers have and wherever they come from', async () => {
    const { decide, get } = await begin()
    expect(await decide('/page?b=2&a=1&utm_source=mail')).toBe('miss')
    const again = await get('/page?a=1&gclid=x&b=2', HARMLESS[name])
    expect(again.trace).toMatchObject({ decision: 'hit', reason: 'HIT' })
    expect(again.body).toBe('/page?a=1&b=2 for all')
  })

  it('fetches it for all, though the first reader has cookies', async () => {
    const { get, decide } = await begin()
    const first = await get('/page', HARMLESS[name])
    expect(first.trace).toMatchObject({ decision: 'miss', stored: true })
    expect(first.body).toBe('/page for all')
    expect(await decide('/page')).toBe('hit')
  })

  it('passes what is sent, and does not store it', async () => {
    const { cache, decide } = await begin()
    const cookie = HARMLESS[name]
    const sent = await cache.request({ method: 'POST', url: '/page', body: 'x=1', headers: { Cookie: cookie } })
    expect(sent.trace).toMatchObject({ decision: 'pass', reason: 'METHOD', stored: false })
    expect(sent.body).toBe(`/page for ${cookie}`)
    expect(await decide('/page')).toBe('miss')
  })

  it('serves a stale page while one request refreshes it, and longer while the origin fails', async () => {
    let down = false
    const { get, cache } = await rig(presets[name]({ grace: '1h', staleIfError: '7d' }), (seen) =>
      down ? { fails: 'refuse' } : writing(PUBLIC[name])(seen),
    )
    const page = await get('/page')
    const { ttl } = page.trace
    expect(ttl).toBeGreaterThan(0)
    await cache.advance((ttl ?? 0) + 10)
    expect((await get('/page')).trace).toMatchObject({ decision: 'stale', origin: [] })
    down = true
    await cache.advance('3d')
    expect(await get('/page')).toMatchObject({ status: 200, trace: { decision: 'stale' } })
  })

  it('is purged by URL, by who may', async () => {
    const { cache, decide } = await begin()
    await decide('/page?a=1&b=2')
    expect((await cache.request({ method: 'PURGE', url: '/page?b=2&a=1' })).status).toBe(405)
    expect(await decide('/page?a=1&b=2')).toBe('hit')
    const purged = await cache.request({ method: 'PURGE', url: '/page?b=2&a=1', ip: '127.0.0.1' })
    expect(purged).toMatchObject({ status: 200, trace: { detail: 'purged 1' } })
    expect(await decide('/page?a=1&b=2')).toBe('miss')
  })

  it('passes who sends Authorization, and gives them no page of others', async () => {
    const { get, decide } = await begin()
    await decide('/page')
    for (const more of [{}, { Connection: 'Upgrade', Upgrade: 'h2c' }]) {
      const { trace } = await get('/page', undefined, { Authorization: 'Basic YWRhOng=', ...more })
      expect(trace).toMatchObject({ decision: 'pass', reason: 'REQUEST_AUTHORIZATION', stored: false })
    }
  })

  it('opens tunnels, for whoever asks', async () => {
    const { cache } = await rig(presets[name](), () => ({ status: 101, headers: { Upgrade: 'websocket' } }))
    for (const cookie of [HARMLESS[name], 'PHPSESSID=1']) {
      const headers = { Connection: 'Upgrade', Upgrade: 'websocket', Cookie: cookie }
      const { status, trace } = await cache.request({ url: '/admin/socket', headers })
      expect([status, trace.decision]).toEqual([101, 'pipe'])
    }
  })

  it('tells an option that it does not know from one that was meant', () => {
    expect(() => presets[name]({ persnal: [] } as object)).toThrow(`${name}() has no option "persnal"; did you mean personal?`)
  })
})

const EVERYBODY = Object.entries(PERSONAL).flatMap(([name, list]) => list.map((cookie): [Name, string] => [name as Name, cookie]))

describe('a page of somebody', () => {
  it.each(EVERYBODY)('%s: is nobody else’s with %s', async (name, cookie) => {
    for (const preset of ['safe', 'rfc9111', 'varnish'] as const) {
      const { get } = await rig(presets[name](), writing(PUBLIC[name]), { preset })
      const other = cookie.replace(/=.*/, '=other')
      expect((await get('/page', `_ga=1; ${cookie}`)).body).toBe(`/page for _ga=1; ${cookie}`)
      expect((await get('/page')).body).toBe('/page for all')
      expect((await get('/page', other)).body).toBe(`/page for ${other}`)
      const own = await get('/page', cookie)
      expect(own).toMatchObject({ body: `/page for ${cookie}`, trace: { decision: 'pass', reason: 'REQUEST_COOKIE', stored: false } })
      expect((await get('/page')).trace).toMatchObject({ decision: 'hit' })
    }
  })

  it.each(EVERYBODY)('%s: is nobody else’s with %s though the connection asks for another protocol', async (name, cookie) => {
    const { get } = await rig(presets[name](), writing(PUBLIC[name]), { preset: 'rfc9111' })
    const more = { Connection: 'Upgrade', Upgrade: 'h2c' }
    expect((await get('/page', cookie, more)).trace).toMatchObject({ decision: 'pass', stored: false })
    expect((await get('/page')).body).toBe('/page for all')
  })
})

describe('a place of somebody', () => {
  const silent: OriginHandler = ({ url }) => ({ headers: { 'Cache-Control': 'public, max-age=60' }, body: url })

  it.each<[Name, readonly string[]]>([
    [
      'wordpress',
      [
        '/wp-admin/',
        '/blog/wp-admin/edit.php',
        '/WP-Admin/',
        '/wp-%61dmin/',
        '//wp-admin/',
        '/wp-login.php',
        '/wp-cron.php?doing_wp_cron=1',
        '/xmlrpc.php',
        '/cart/',
        '/de/checkout/order-received/7/',
        '/my-account/orders/',
        '/wp-json/wc/store/v1/cart',
        '/?p=7&preview=true',
        '/page/?preview_id=7&preview_nonce=x',
        '/?wc-ajax=get_refreshed_fragments',
        '/shop/?add-to-cart=7',
      ],
    ],
    [
      'magento',
      [
        '/checkout/cart/',
        '/customer/account/',
        '/de/customer/section/load/?sections=cart',
        '/admin/',
        '/rest/V1/carts/mine',
        '/wishlist/',
        '/sales/order/view/order_id/7/',
      ],
    ],
    [
      'drupal',
      [
        '/user',
        '/de/user/login',
        '/admin/content',
        '/node/7/edit',
        '/node/add/page',
        '/system/files/private.pdf',
        '/update.php',
        '/batch?id=7',
        '/session/token',
        '/views/ajax?_wrapper_format=drupal_ajax',
      ],
    ],
    [
      'shopware',
      ['/checkout/cart', '/widgets/checkout/info', '/account/order', '/de/account', '/admin', '/api/oauth/token', '/store-api/context'],
    ],
    ['typo3', ['/typo3/', '/typo3/module/web/layout', '/login', '/?ADMCMD_prev=abc', '/?no_cache=1', '/?logintype=logout']],
    ['symfony', ['/login', '/admin/users', '/_profiler/abc', '/de/logout']],
    ['nextjs', ['/api/auth/session', '/api/draft', '/api/preview?secret=x']],
    ['api', ['/books?api_key=x', '/books?access_token=x', '/files/1?signature=x']],
  ])('%s passes it', async (name, urls) => {
    const { decide } = await rig(presets[name](), silent)
    for (const url of urls) expect([url, await decide(url), await decide(url)]).toEqual([url, 'pass', 'pass'])
    expect([await decide('/page'), await decide('/page')]).toEqual(['miss', 'hit'])
  })

  it('is told to the preset', async () => {
    const own = { pass: ['/members', /\.cgi$/], personal: ['club'], variants: ['language'] } as const
    for (const name of NAMES) {
      const { decide, get } = await rig(presets[name](own), writing(PUBLIC[name]))
      for (const url of ['/members', '/MEMBERS/7', '/find.cgi']) expect(await decide(url)).toBe('pass')
      expect(await decide('/page', 'club=1')).toBe('pass')
      expect([await decide('/page', 'language=de'), await decide('/page', 'language=fr'), await decide('/page')]).toEqual([
        'miss',
        'miss',
        'miss',
      ])
      expect((await get('/page', `${HARMLESS[name]}; language=de`)).body).toBe('/page for language=de')
      expect(await decide('/page', 'language=de')).toBe('hit')
    }
  })
})

describe('variants', () => {
  it('are purged with their page', async () => {
    const { decide, cache } = await rig(wordpress(), writing({}))
    for (const cookie of ['pll_language=de', 'pll_language=en', undefined]) await decide('/page', cookie)
    const purged = await cache.request({ method: 'PURGE', url: '/page', ip: '127.0.0.1' })
    expect(purged.trace.detail).toBe('purged 3')
    expect(await decide('/page', 'pll_language=de')).toBe('miss')
  })

  it('are told apart though one cookie comes twice', async () => {
    const { get } = await rig(wordpress(), writing({}))
    await get('/page', 'pll_language=de; pll_language=en')
    expect((await get('/page', 'pll_language=de')).body).toBe('/page for pll_language=de')
    expect((await get('/page', 'pll_language=en; pll_language=de')).body).toBe('/page for pll_language=en; pll_language=de')
  })
})

describe('files of a system', () => {
  it.each<[Name, string, string]>([
    ['wordpress', '/wp-content/themes/x/style.css?ver=6.7', 'wordpress_logged_in_0123456789abcdef0123456789abcdef=x'],
    ['magento', '/static/version1/frontend/x.js', 'X-Magento-Vary=x'],
    ['drupal', '/core/misc/drupal.js?v=11', 'SSESSabc=x'],
    ['shopware', '/theme/abc/css/all.css', 'sw-cache-hash=x'],
    ['typo3', '/typo3temp/assets/x.css', 'fe_typo_user=x'],
    ['symfony', '/build/app.js', 'PHPSESSID=x'],
    ['nextjs', '/_next/static/chunks/main.js', 'session=1'],
  ])('%s: are shared by those who are logged in, and asked for without their cookies', async (name, url, cookie) => {
    const { get } = await rig(presets[name](), writing({ 'Cache-Control': 'max-age=3600' }))
    expect((await get(url, cookie)).body).toBe(`${url} for all`)
    expect((await get(url)).trace.decision).toBe('hit')
  })

  it('are no way to somebody’s page', async () => {
    const { get } = await rig(wordpress(), writing({ 'Cache-Control': 'max-age=60' }))
    const cookie = 'wordpress_logged_in_0123456789abcdef0123456789abcdef=x'
    expect((await get('/my-account/x.css', cookie)).trace.decision).toBe('pass')
    expect((await get('/wp-content/../wp-admin/x.css', cookie)).trace.decision).toBe('pass')
    expect((await get('/profile/x.css', cookie)).trace.decision).toBe('pass')
  })
})

describe('sessions that begin with a page', () => {
  it.each([
    ['magento', magento(), ['PHPSESSID=abc; path=/; HttpOnly', 'form_key=k; path=/']],
    ['shopware', shopware(), ['session-=abc; path=/', 'session-=def; path=/']],
  ] as const)('%s: are dropped from what it says is public', async (name, policy, lines) => {
    const { get } = await rig(policy, writing({ ...PUBLIC[name], 'Set-Cookie': lines }))
    const first = await get('/page')
    expect([first.headers.get('set-cookie'), first.trace.stored]).toEqual([undefined, true])
    expect((await get('/page')).trace.decision).toBe('hit')
  })

  it('are kept where another cookie comes with them, or nothing says public', async () => {
    for (const headers of [
      { 'Cache-Control': 'public, max-age=60', 'Set-Cookie': ['PHPSESSID=a', 'X-Magento-Vary=abc; path=/'] },
      { 'Cache-Control': 'max-age=60', 'Set-Cookie': ['PHPSESSID=a'] },
      { 'Cache-Control': 'private', 'Set-Cookie': ['PHPSESSID=a'] },
    ]) {
      const { get } = await rig(magento(), writing(headers))
      const first = await get('/page')
      expect(first.headers.getAll('set-cookie').at(-1)).toBe(headers['Set-Cookie'].at(-1))
      expect(first.trace.stored).toBe(false)
      expect((await get('/page')).trace.decision).not.toBe('hit')
    }
  })

  it('reach who passes', async () => {
    const { get } = await rig(magento(), writing({ ...PUBLIC.magento, 'Set-Cookie': 'PHPSESSID=abc' }))
    expect((await get('/customer/section/load/')).headers.get('set-cookie')).toBe('PHPSESSID=abc')
    expect((await get('/page', 'X-Magento-Vary=x')).headers.get('set-cookie')).toBe('PHPSESSID=abc')
  })
})

describe('groups of customers', () => {
  const byGroup = (name: 'magento' | 'shopware', cookieName: string): OriginHandler => {
    return ({ url, headers }) => ({
      headers: url === '/own' ? { 'Cache-Control': 'max-age=60' } : PUBLIC[name],
      body: `${url} for ${new RegExp(`${cookieName}=(\\w+)`).exec(headers.get('cookie') ?? '')?.[1] ?? 'all'}`,
    })
  }

  it.each([
    ['magento', magento({ groups: true }), 'X-Magento-Vary', 'PHPSESSID'],
    ['shopware', shopware({ groups: true }), 'sw-cache-hash', 'session-'],
  ] as const)('%s: share what it says is public, and nothing else', async (name, policy, group, session) => {
    const { get } = await rig(policy, byGroup(name, group))
    const of = (who: string, which: string): string => `${session}=${who}; ${group}=${which}`
    expect((await get('/page', of('ada', 'gold'))).trace.stored).toBe(true)
    expect((await get('/page', of('ben', 'gold'))).trace.decision).toBe('hit')
    expect((await get('/page', of('cid', 'blue'))).body).toBe('/page for blue')
    expect((await get('/page')).body).toBe('/page for all')
    expect((await get('/own', of('ada', 'gold'))).trace.stored).toBe(false)
    expect((await get('/own', of('ben', 'gold'))).trace.decision).toBe('miss')
  })

  it('keep to themselves while they have something in the cart', async () => {
    const { decide } = await rig(shopware({ groups: true }), byGroup('shopware', 'sw-cache-hash'))
    expect(await decide('/page', 'sw-cache-hash=a; sw-states=cart-filled')).toBe('pass')
  })
})

describe('what plugins send when content has changed', () => {
  interface Asked {
    readonly method: string
    readonly url: string
    readonly headers?: Readonly<Record<string, string>>
  }

  it.each<[Name, string, Asked, readonly string[]]>([
    ['wordpress', 'Proxy Cache Purge, one page', { method: 'PURGE', url: '/page', headers: { 'X-Purge-Method': 'default' } }, ['/page']],
    [
      'wordpress',
      'Proxy Cache Purge, all',
      { method: 'PURGE', url: '/.*', headers: { 'X-Purge-Method': 'regex' } },
      ['/page', '/news', '/news/1'],
    ],
    [
      'wordpress',
      'Proxy Cache Purge, by pattern',
      { method: 'PURGE', url: '/news.*', headers: { 'X-Purge-Method': 'regex' } },
      ['/news', '/news/1'],
    ],
    [
      'wordpress',
      'WP Rocket, by a pattern with more in it',
      { method: 'PURGE', url: '/news/(.*)', headers: { 'X-Purge-Method': 'regex' } },
      ['/news/1'],
    ],
    ['wordpress', 'W3 Total Cache, all', { method: 'PURGE', url: '/.*', headers: { Connection: 'close' } }, ['/page', '/news', '/news/1']],
    ['wordpress', 'Nginx Helper', { method: 'GET', url: '/purge/news/1' }, ['/news/1']],
    [
      'magento',
      'tags',
      { method: 'PURGE', url: '/', headers: { 'X-Magento-Tags-Pattern': '((^|,)cat_p_9(,|$))|((^|,)cat_p(,|$))' } },
      ['/page', '/news', '/news/1'],
    ],
    ['magento', 'all', { method: 'PURGE', url: '/', headers: { 'X-Magento-Tags-Pattern': '.*' } }, ['/page', '/news', '/news/1']],
    ['magento', 'no tag of these', { method: 'PURGE', url: '/', headers: { 'X-Magento-Tags-Pattern': '((^|,)cat_p_9(,|$))' } }, []],
    [
      'magento',
      'another pattern',
      { method: 'PURGE', url: '/', headers: { 'X-Magento-Tags-Pattern': 'cms_b_[0-9]' } },
      ['/page', '/news', '/news/1'],
    ],
    [
      'drupal',
      'Purge (HTTP purger)',
      { method: 'BAN', url: '/', headers: { 'Purge-Cache-Tags': 'node:1' } },
      ['/page', '/news', '/news/1'],
    ],
    [
      'drupal',
      'Varnish purger',
      { method: 'BAN', url: '/tags', headers: { 'Cache-Tags': 'node:7|node:1' } },
      ['/page', '/news', '/news/1'],
    ],
    [
      'drupal',
      'Acquia Purge',
      { method: 'BAN', url: '/tags', headers: { 'X-Acquia-Purge': 'site', 'X-Acquia-Purge-Tags': 'node:7 node:1' } },
      ['/page', '/news', '/news/1'],
    ],
    ['drupal', 'Varnish purger, all', { method: 'PURGE', url: '/site' }, ['/page', '/news', '/news/1']],
    ['drupal', 'Varnish purger, wildcard', { method: 'BAN', url: '/news*' }, ['/news', '/news/1']],
    ['drupal', 'Varnish purger, one page', { method: 'PURGE', url: '/page' }, ['/page']],
    ['shopware', 'tags', { method: 'PURGE', url: '/', headers: { xkey: 'product-1 product-2' } }, ['/page', '/news', '/news/1']],
    ['shopware', 'older, by URL', { method: 'BAN', url: '/news' }, ['/news', '/news/1']],
    ['shopware', 'older, all', { method: 'BAN', url: '/' }, ['/page', '/news', '/news/1']],
    [
      'typo3',
      'a page',
      { method: 'BAN', url: '/', headers: { 'Varnish-Ban-TYPO3-Sitename': 'main', 'Varnish-Ban-TYPO3-Pid': '7' } },
      ['/page', '/news', '/news/1'],
    ],
    ['typo3', 'another site', { method: 'BAN', url: '/', headers: { 'Varnish-Ban-TYPO3-Sitename': 'other', 'Varnish-Ban-All': '1' } }, []],
    [
      'typo3',
      'all',
      { method: 'BAN', url: '/', headers: { 'Varnish-Ban-TYPO3-Sitename': 'main', 'Varnish-Ban-All': '1' } },
      ['/page', '/news', '/news/1'],
    ],
    [
      'typo3',
      'tags',
      { method: 'BAN', url: '/', headers: { 'Varnish-Ban-TYPO3-Sitename': 'main', 'xkey-purge': 'pages_7' } },
      ['/page', '/news', '/news/1'],
    ],
    [
      'symfony',
      'FOSHttpCache, tags',
      {
        method: 'BAN',
        url: '/',
        headers: { 'X-Cache-Tags': '(^|,)(post-1|post-2)(,|$)', 'X-Host': '.*', 'X-Url': '.*', 'X-Content-Type': '.*' },
      },
      ['/page', '/news', '/news/1'],
    ],
    [
      'symfony',
      'FOSHttpCache, keys',
      { method: 'PURGEKEYS', url: '/', headers: { 'xkey-purge': 'post-1' } },
      ['/page', '/news', '/news/1'],
    ],
    [
      'symfony',
      'FOSHttpCache, Symfony store',
      { method: 'PURGETAGS', url: '/', headers: { 'X-Cache-Tags': 'post-1,post-2' } },
      ['/page', '/news', '/news/1'],
    ],
    ['symfony', 'FOSHttpCache, one page', { method: 'PURGE', url: '/news/1' }, ['/news/1']],
    [
      'api',
      'API Platform',
      { method: 'BAN', url: '/', headers: { 'ApiPlatform-Ban-Regex': String.raw`(/books/1|/books)($|\,)` } },
      ['/page', '/news', '/news/1'],
    ],
    ['api', 'API Platform, xkey', { method: 'PURGE', url: '/', headers: { xkey: '/books/1' } }, ['/page', '/news', '/news/1']],
  ])('%s: %s', async (name, _what, asked, gone) => {
    const { cache, decide } = await rig(presets[name](), writing(PUBLIC[name]))
    const pages = ['/page', '/news', '/news/1']
    for (const url of pages) await decide(url)
    const elsewhere = { Host: 'other.example' }
    await cache.request({ url: '/elsewhere', headers: elsewhere })
    const stranger = await cache.request(asked)
    if (asked.method !== 'GET') expect([403, 405]).toContain(stranger.status)
    for (const url of pages) expect([url, await decide(url)]).toEqual([url, 'hit'])
    const answer = await cache.request({ ...asked, ip: '127.0.0.1' })
    expect(answer).toMatchObject({ status: 200, trace: { decision: 'synth', origin: [] } })
    for (const url of pages) expect([url, await decide(url)]).toEqual([url, gone.includes(url) ? 'miss' : 'hit'])
    if (name === 'wordpress') expect((await cache.request({ url: '/elsewhere', headers: elsewhere })).trace.decision).toBe('hit')
  })

  it('is refused where the pattern is dangerous', async () => {
    const { cache } = await rig(wordpress(), writing({}))
    const asked = { method: 'PURGE', url: '/(a+)+$', headers: { 'X-Purge-Method': 'regex' }, ip: '127.0.0.1' }
    expect((await cache.request(asked)).status).toBe(400)
  })

  it('does not reach clients as fields', async () => {
    for (const name of NAMES) {
      const { get } = await rig(presets[name](), writing(PUBLIC[name]))
      const { headers } = await get('/page')
      for (const field of ['X-Magento-Tags', 'Cache-Tags', 'xkey', 'X-Cache-Tags', 'TYPO3-Pid', 'TYPO3-Sitename'])
        expect(headers.has(field)).toBe(false)
    }
  })
})

describe('magento()', () => {
  it('lets browsers ask again for pages, not for files', async () => {
    const { get } = await rig(
      magento(),
      writing({ 'Cache-Control': 'public, max-age=600, s-maxage=600', Expires: 'Thu, 01 Jan 2032 00:00:00 GMT' }),
    )
    expect((await get('/page')).headers.get('cache-control')).toBe('private, no-cache')
    expect((await get('/page')).headers.has('expires')).toBe(false)
    expect((await get('/static/a.js')).headers.get('cache-control')).toBe('public, max-age=600, s-maxage=600')
    expect((await get('/page')).trace.decision).toBe('hit')
  })

  it('puts together pages of blocks', async () => {
    const { get } = await rig(magento(), ({ url }) => ({
      headers: { ...PUBLIC.magento, 'Content-Type': 'text/html; charset=UTF-8' },
      body: url === '/page' ? '<nav><esi:include src="/page_cache/block/esi/blocks/1"/></nav>' : 'menu',
    }))
    expect((await get('/page')).body).toBe('<nav>menu</nav>')
  })

  it('tells GraphQL answers of stores and customers apart', async () => {
    const { decide } = await rig(magento(), writing(PUBLIC.magento))
    const url = '/graphql?query={products{items{name}}}'
    expect([await decide(url, undefined, { Store: 'de' }), await decide(url, undefined, { Store: 'fr' })]).toEqual(['miss', 'miss'])
    expect(await decide(url, undefined, { Store: 'de' })).toBe('hit')
    expect(await decide(url, undefined, { Store: 'de', Authorization: 'Bearer x' })).toBe('pass')
    expect(await decide(url, undefined, { 'X-Magento-Cache-Id': 'a', Authorization: 'Bearer x' })).toBe('miss')
    expect(await decide(url, undefined, { 'X-Magento-Cache-Id': 'b', Authorization: 'Bearer y' })).toBe('miss')
  })
})

describe('a policy before a preset', () => {
  const times = (own: Policy, headers: Readonly<Record<string, string>> = {}) => {
    const { nouns } = runHookSync(stack(own, wordpress()), 'backendResponse', { beresp: { headers } })
    const { ttl, grace, staleIfError } = nouns.beresp
    return { ttl, grace, staleIfError }
  }

  it('has its own times, and leaves the others to the preset', () => {
    expect(times({})).toEqual({ ttl: 600, grace: 3600, staleIfError: 86_400 })
    const own: Policy = {
      backendResponse({ beresp }) {
        beresp.ttl = '5m'
        beresp.grace = '1m'
        beresp.staleIfError = '2m'
      },
    }
    expect(times(own)).toEqual({ ttl: 300, grace: 60, staleIfError: 120 })
  })

  it('and the origin, have the word before the preset', () => {
    const said = { 'Cache-Control': 'max-age=7, stale-while-revalidate=8, stale-if-error=9' }
    expect(times({}, said)).toEqual({ ttl: 7, grace: 8, staleIfError: 9 })
    expect(times({}, { 'Cache-Control': 'max-age=7, must-revalidate' })).toEqual({ ttl: 7, grace: 0, staleIfError: 0 })
  })
})

describe('wordpress()', () => {
  it('keeps a page ten minutes, what is missing one, and what is not to be kept not at all', async () => {
    const { get, cache } = await rig(wordpress(), ({ url }) => ({
      status: url === '/none' ? 404 : 200,
      headers:
        url === '/own'
          ? { 'Cache-Control': 'no-cache, must-revalidate, max-age=0, no-store, private', Expires: 'Wed, 11 Jan 1984 05:00:00 GMT' }
          : {},
    }))
    expect((await get('/page')).trace.ttl).toBe(600)
    expect((await get('/none')).trace.ttl).toBe(60)
    expect((await get('/own')).trace.stored).toBe(false)
    await cache.advance('9m')
    expect((await get('/page')).trace.decision).toBe('hit')
  })

  it('passes scripts of somebody', async () => {
    const { decide } = await rig(wordpress(), writing({}))
    expect(await decide('/wp-json/wp/v2/posts', undefined, { 'X-WP-Nonce': 'x' })).toBe('pass')
    expect(await decide('/wp-json/wp/v2/posts')).toBe('miss')
  })
})

describe('symfony()', () => {
  const origin: OriginHandler = ({ url, headers }) => {
    const capable = headers.get('surrogate-capability') !== undefined
    if (url === '/menu') return { headers: { 'Cache-Control': 's-maxage=60' }, body: 'menu' }
    return capable
      ? { headers: { ...PUBLIC.symfony, 'Surrogate-Control': 'content="ESI/1.0"' }, body: '<p><esi:include src="/menu"/>' }
      : { headers: PUBLIC.symfony, body: '<p>menu within' }
  }

  it('puts together the fragments of Symfony, unless told not to', async () => {
    expect((await (await rig(symfony(), origin)).get('/page')).body).toBe('<p>menu')
    expect((await (await rig(symfony({ esi: false }), origin)).get('/page')).body).toBe('<p>menu within')
  })

  it('takes cookies for harmless that are said to be', async () => {
    const { decide } = await rig(symfony({ ignore: ['theme'] }), writing(PUBLIC.symfony))
    expect([await decide('/page', 'theme=dark'), await decide('/page', 'theme=light'), await decide('/page', 'other=1')]).toEqual([
      'miss',
      'hit',
      'pass',
    ])
  })
})

describe('nextjs()', () => {
  it('tells a page from its data, and from what is fetched ahead, though Next.js does not say', async () => {
    const { get } = await rig(nextjs(), ({ headers }) => ({
      headers: { 'Cache-Control': 's-maxage=60' },
      body: headers.has('rsc') ? 'data' : 'page',
    }))
    expect((await get('/page')).body).toBe('page')
    expect((await get('/page', undefined, { RSC: '1' })).body).toBe('data')
    expect((await get('/page', undefined, { RSC: '1', 'Next-Router-Prefetch': '1' })).trace.decision).toBe('miss')
    expect((await get('/page')).body).toBe('page')
    expect((await get('/page', undefined, { RSC: '1' })).trace.decision).toBe('hit')
  })

  it('lets no stranger say what only Next.js says to itself', async () => {
    const seen: OriginSeen[] = []
    const { get, cache } = await rig(nextjs(), (request) => {
      seen.push(request)
      return { headers: PUBLIC.nextjs }
    })
    const more = { 'X-Middleware-Subrequest': 'middleware', 'X-Now-Route-Matches': '1', 'X-Invoke-Status': '500' }
    await get('/page', undefined, more)
    await get('/page', '__prerender_bypass=x', more)
    await cache.request({ method: 'POST', url: '/page', headers: more })
    expect(seen).toHaveLength(3)
    for (const { headers } of seen) for (const name of Object.keys(more)) expect(headers.has(name)).toBe(false)
  })

  it('purges all forms of a page', async () => {
    const { decide, cache } = await rig(nextjs(), writing(PUBLIC.nextjs))
    await decide('/page')
    await decide('/page', undefined, { RSC: '1' })
    await cache.request({ method: 'PURGE', url: '/page', ip: '127.0.0.1' })
    expect([await decide('/page'), await decide('/page', undefined, { RSC: '1' })]).toEqual(['miss', 'miss'])
  })
})

describe('staticSite()', () => {
  it('keeps files with a hash in their name a year, others five minutes, and what the server says as it says', async () => {
    const { get } = await rig(staticSite(), ({ url }) => ({ headers: url === '/said.3f9c2a1b.js' ? { 'Cache-Control': 'max-age=7' } : {} }))
    const ttls = ['/app.3f9c2a1b.js', '/app-3F9C2A1B.css', '/photo-20240101.jpg', '/decade-facade.css', '/index.html', '/said.3f9c2a1b.js']
    const year = 365 * 86_400
    expect(await Promise.all(ttls.map(async (url) => (await get(url)).trace.ttl))).toEqual([year, year, 300, 300, 300, 7])
  })

  it('is told which files never change', async () => {
    const { get } = await rig(staticSite({ immutable: ['/assets'] }), writing({}))
    expect((await get('/assets/a.css')).trace.ttl).toBe(365 * 86_400)
    expect((await get('/app.3f9c2a1b.js')).trace.ttl).toBe(300)
  })
})

describe('api()', () => {
  it.each(['Authorization', 'X-Api-Key', 'X-Auth-Token', 'X-Tenant'])('passes who says by %s who asks', async (field) => {
    const { decide } = await rig(api({ credentials: ['X-Tenant'] }), writing(PUBLIC.api))
    expect([
      await decide('/books', undefined, { [field]: 'x' }),
      await decide('/books'),
      await decide('/books', undefined, { [field]: 'y' }),
    ]).toEqual(['pass', 'miss', 'pass'])
  })

  it('keeps nothing of which the API says nothing', async () => {
    const { decide } = await rig(api(), writing({}))
    expect([await decide('/books'), await decide('/books')]).toEqual(['miss', 'miss'])
  })
})
