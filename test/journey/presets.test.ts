/** A day at a site of each kind, over sockets: readers, somebody who logs in, somebody who shops, an editor who changes a page. */
import type { ServerResponse } from 'node:http'
import { expect, it } from 'vitest'
import { magento, nextjs, type Policy, shopware, wordpress } from '../../vcl-ts/index.ts'
import type { OriginHit } from '../support/scripted-origin.ts'
import { type Fields, open, reply, type Site } from './site.ts'

/** The site knows its people by their session, as such sites do; only what is for all is marked so. */
function people(session: RegExp, shared: Fields) {
  let version = 1
  const script = (hit: OriginHit, response: ServerResponse): void => {
    const who = session.exec(hit.headers.cookie ?? '')?.[1]
    const name = who ?? 'visitor'
    if (hit.method === 'POST') {
      version++
      reply(response, 303, { Location: '/', 'Set-Cookie': `theirs=${name}` })
    } else reply(response, 200, who === undefined ? shared : {}, `v${version} of ${hit.url} for ${name}`)
  }
  return script
}

async function read(site: Site, path: string, cookie?: string): Promise<string> {
  const answer = await site.get(path, cookie === undefined ? {} : { Cookie: cookie })
  return `${answer.get('x-cache')} ${answer.body.toString()}`
}

const WORDPRESS = (who: string): string => `_ga=1; wordpress_logged_in_0123456789abcdef0123456789abcdef=${who}`

it.each<[string, Policy, RegExp, (who: string) => string, Fields, readonly [method: string, url: string, fields: Fields]]>([
  ['wordpress', wordpress(), /wordpress_logged_in_\w+=(\w+)/, WORDPRESS, {}, ['PURGE', '/.*', { 'X-Purge-Method': 'regex' }]],
  [
    'magento',
    magento(),
    /X-Magento-Vary=(\w+)/,
    (who) => `PHPSESSID=1; form_key=2; X-Magento-Vary=${who}`,
    { 'Cache-Control': 'public, max-age=600, s-maxage=600', 'X-Magento-Tags': 'cat_p_1,cms_b_2', 'Set-Cookie': 'PHPSESSID=fresh; path=/' },
    ['PURGE', '/', { 'X-Magento-Tags-Pattern': '((^|,)cat_p_1(,|$))' }],
  ],
  [
    'shopware',
    shopware(),
    /sw-cache-hash=(\w+)/,
    (who) => `session-=1; sw-cache-hash=${who}; sw-states=logged-in`,
    { 'Cache-Control': 'public, s-maxage=600', xkey: 'product-1' },
    ['PURGE', '/', { xkey: 'product-1' }],
  ],
  [
    'nextjs',
    nextjs(),
    /authjs\.session-token=(\w+)/,
    (who) => `authjs.session-token=${who}`,
    { 'Cache-Control': 's-maxage=600' },
    ['PURGE', '/page', {}],
  ],
])('%s', async (_name, policy, session, loggedIn, shared, [method, url, fields]) => {
  const site = await open(people(session, shared), { policy })
  expect(await read(site, '/page', loggedIn('ada'))).toBe('PASS v1 of /page for ada')
  expect(await read(site, '/page?utm_source=mail', '_ga=2')).toBe('MISS v1 of /page for visitor')
  expect(await read(site, '/page', loggedIn('ben'))).toBe('PASS v1 of /page for ben')
  expect(await read(site, '/page')).toBe('HIT v1 of /page for visitor')
  expect(await read(site, '/page', loggedIn('ada'))).toBe('PASS v1 of /page for ada')
  const sent = await site.ask('POST', '/edit', { Cookie: loggedIn('ada') }, 'text=new')
  expect([sent.status, sent.get('set-cookie')]).toEqual([303, 'theirs=ada'])
  expect(await read(site, '/page')).toBe('HIT v1 of /page for visitor')
  expect((await site.ask(method, url, fields)).status).toBe(200)
  expect(await read(site, '/page')).toBe('MISS v2 of /page for visitor')
  expect((await site.get('/page')).getAll('set-cookie')).toEqual([])
})
