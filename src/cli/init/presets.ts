/** What `clearcoat init` knows of each preset: how its policy is called and changed, and what a test of it shows. */

/** Kept in the words of the source, for they become source. */
export interface PresetRow {
  readonly name: string
  readonly summary: string
  /** What the policy imports. */
  readonly call: string
  /** Where the system usually answers. */
  readonly origin: string
  /** Lines of options, commented out, that show where to change things. */
  readonly options: readonly string[]
  /** Fields of a page that is for everybody, as the system sends them. */
  readonly page: Readonly<Record<string, string>>
  /** A cookie that makes a request somebody's own, and what it means; `null`: there is none. */
  readonly personal: readonly [cookie: string, who: string] | null
  /** Fields that make it so where there is no such cookie. */
  readonly credentials?: Readonly<Record<string, string>>
  /** A path that is never stored; `null`: there is none. */
  readonly place: string | null
  /** What its plugin sends when the page has changed, as fields of a request. */
  readonly purge: { readonly method: string; readonly url: string; readonly headers?: Readonly<Record<string, string>> }
}

const SHOP = `pass: ['/members'], // paths that are never stored, with all below them`
const OWN = `personal: ['my_session'], // cookies with which the origin answers one person`
const MANY = `variants: ['language'], // cookies by which pages differ for many: each value has copies of its own`
const HARMLESS = `ignore: ['theme'], // cookies by which nobody answers`
const TTL = `ttl: '10m', // how long a page is fresh where its origin does not say`
const GRACE = `grace: '1h', // how long a stale one is served while one request refreshes it`

export const PRESET_ROWS: readonly PresetRow[] = [
  {
    name: 'wordpress',
    summary: 'WordPress, with WooCommerce',
    call: 'wordpress',
    origin: 'http://127.0.0.1:8081',
    options: [SHOP, OWN, MANY, TTL, GRACE],
    page: {},
    personal: ['wordpress_logged_in_0123456789abcdef0123456789abcdef', 'who is logged in'],
    place: '/wp-admin/',
    purge: { method: 'PURGE', url: '/.*', headers: { 'X-Purge-Method': 'regex' } },
  },
  {
    name: 'magento',
    summary: 'Magento 2, Adobe Commerce, Mage-OS',
    call: 'magento',
    origin: 'http://127.0.0.1:8081',
    options: ['groups: true, // customers of one group share pages, as with Magento’s own VCL', SHOP, OWN, GRACE],
    page: { 'Cache-Control': 'max-age=86400, public, s-maxage=86400', 'X-Magento-Tags': 'cat_p_1,cat_p' },
    personal: ['X-Magento-Vary', 'a customer who is logged in'],
    place: '/checkout/cart/',
    purge: { method: 'PURGE', url: '/', headers: { 'X-Magento-Tags-Pattern': '((^|,)cat_p_1(,|$))' } },
  },
  {
    name: 'drupal',
    summary: 'Drupal 8 and newer',
    call: 'drupal',
    origin: 'http://127.0.0.1:8081',
    options: [SHOP, OWN, MANY, GRACE],
    page: { 'Cache-Control': 'max-age=900, public', Vary: 'Cookie', 'Cache-Tags': 'node:1 node_list' },
    personal: ['SSESS0123456789abcdef', 'who is logged in'],
    place: '/user/login',
    purge: { method: 'BAN', url: '/tags', headers: { 'Cache-Tags': 'node:1' } },
  },
  {
    name: 'shopware',
    summary: 'Shopware 6',
    call: 'shopware',
    origin: 'http://127.0.0.1:8000',
    options: ['groups: true, // customers to whom the same rules apply share pages, as with Shopware’s own VCL', SHOP, OWN, GRACE],
    page: { 'Cache-Control': 'public, s-maxage=7200', xkey: 'product-1 category-2' },
    personal: ['sw-cache-hash', 'who is logged in or has a cart'],
    place: '/checkout/cart',
    purge: { method: 'PURGE', url: '/', headers: { xkey: 'product-1' } },
  },
  {
    name: 'typo3',
    summary: 'TYPO3',
    call: 'typo3',
    origin: 'http://127.0.0.1:8081',
    options: [SHOP, OWN, MANY, GRACE],
    page: { 'Cache-Control': 'max-age=3600, public', 'TYPO3-Pid': '7', 'TYPO3-Sitename': 'main' },
    personal: ['fe_typo_user', 'who is logged in'],
    place: '/typo3/',
    purge: { method: 'BAN', url: '/', headers: { 'Varnish-Ban-TYPO3-Sitename': 'main', 'Varnish-Ban-TYPO3-Pid': '7' } },
  },
  {
    name: 'symfony',
    summary: 'Symfony applications, Sulu, Ibexa',
    call: 'symfony',
    origin: 'http://127.0.0.1:8000',
    options: [HARMLESS, SHOP, MANY, GRACE],
    page: { 'Cache-Control': 's-maxage=600, public', 'X-Cache-Tags': 'post-1,blog' },
    personal: ['PHPSESSID', 'who has a session'],
    place: '/login',
    purge: { method: 'BAN', url: '/', headers: { 'X-Cache-Tags': '(^|,)(post-1)(,|$)' } },
  },
  {
    name: 'nextjs',
    summary: 'Next.js, self-hosted',
    call: 'nextjs',
    origin: 'http://127.0.0.1:3000',
    options: [HARMLESS, SHOP, MANY, GRACE],
    page: { 'Cache-Control': 's-maxage=60, stale-while-revalidate=31535940', Vary: 'RSC, Next-Router-State-Tree' },
    personal: ['__prerender_bypass', 'an editor in draft mode'],
    place: '/api/auth/session',
    purge: { method: 'PURGE', url: '/page' },
  },
  {
    name: 'static',
    summary: 'files, or what a generator wrote',
    call: 'staticSite',
    origin: 'http://127.0.0.1:8081',
    options: [`immutable: ['/assets'], // files that never change, because their names do`, TTL, GRACE],
    page: {},
    personal: null,
    place: null,
    purge: { method: 'PURGE', url: '/page' },
  },
  {
    name: 'api',
    summary: 'an HTTP API',
    call: 'api',
    origin: 'http://127.0.0.1:3000',
    options: [`credentials: ['x-tenant'], // request fields that say who asks`, HARMLESS, GRACE],
    page: { 'Cache-Control': 'public, max-age=60', 'Cache-Tags': '/books/1,/books' },
    personal: null,
    credentials: { Authorization: 'Bearer ada' },
    place: '/books?access_token=ada',
    purge: { method: 'PURGE', url: '/', headers: { xkey: '/books/1' } },
  },
]
