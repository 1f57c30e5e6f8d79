/** Where includes lead, and where they may not. */
import { expect, it } from 'vitest'
import { definePolicy } from '../../vcl-ts/index.ts'
import { KEPT, pages, text } from './esi-pages.ts'
import { open, reply } from './site.ts'

const ELSEWHERE = [
  ...[
    '//169.254.169.254/latest/meta-data/',
    'http://127.0.0.1:1/',
    'http://localhost/',
    'http://www.example:8080/',
    'https://www.example/',
    'https://other.example/',
  ],
  ...[
    'file:///etc/passwd',
    'gopher://www.example/',
    'HTTP://evil.example/',
    '\\\\evil.example/',
    '/\\evil.example/',
    'http:///x',
    'http:/x',
    'javascript:1',
  ],
  ...[
    'http://www.example@evil.example/',
    'http://www.example:80:80/',
    '//www.example.evil.example',
    '/a b',
    '/\u00e4',
    '/a&#10;Host: evil',
    '/\0',
  ],
]

it.each(ELSEWHERE)('%j is nowhere: nobody is asked, and the page goes on without it', async (src) => {
  const given = await open(pages({ '/': `<p><esi:include src="${src}"/></p>` }))
  for (const _ of [1, 2]) expect(await text(given, '/')).toBe('<p></p>')
  expect([given.stat('esi_req'), given.stat('esi_errors'), given.stat('backend_req'), given.stat('backend_conn')]).toEqual([0, 2, 1, 1])
})

it.each([
  ['http://www.example/a', '/a'],
  ['HTTP://WWW.EXAMPLE.:80/a', '/a'],
  ['//www.example/a?b#c', '/a?b'],
  ['http://www.example', '/'],
  ['//www.example?a', '/?a'],
  ['/./a/../b//c/.', '/b//c/'],
  ['/../../a', '/a'],
  ['a', '/page/a'],
  ['../a?b=../c', '/a?b=../c'],
  ['?a', '/page/here?a'],
  ['  /a\n ', '/a'],
  ['/a:b@c', '/a:b@c'],
])('%j is the page’s own host', async (src, target) => {
  const given = await open(
    pages({ '/page/here?q=/x': `<p><esi:include src="${src}"/></p>` }, (_, response) => reply(response, 200, KEPT, 'one')),
  )
  expect(await text(given, '/page/here?q=/x')).toBe('<p>one</p>')
  expect(given.origin.hits.at(-1)?.url).toBe(target)
})

it('an include may lead to another host that the policy names, which gets neither cookies nor credentials', async () => {
  const policy = definePolicy({ esi: { hosts: ['ads.example', 'ads.example:8080'] } })
  const given = await open(
    pages(
      {
        '/': '<p><esi:include src="http://ads.example/a"/><esi:include src="//ads.example:8080/b"/><esi:include src="//ads.example:81/c"/></p>',
      },
      ({ headers }, response) =>
        reply(response, 200, { 'Cache-Control': 'no-store' }, `${headers.host} ${headers.cookie ?? '-'} ${headers.authorization ?? '-'};`),
    ),
    { policy },
  )
  expect(await text(given, '/', { Cookie: 'a=b', Authorization: 'Basic eDp5' })).toBe('<p>ads.example - -;ads.example:8080 - -;</p>')
})

it('alt is tried when src leads nowhere', async () => {
  const given = await open(pages({ '/': '<p><esi:include src="file:///a" alt="/a"/></p>', '/a': 'one' }))
  expect(await text(given, '/')).toBe('<p>one</p>')
})

it('variables of other processors stay what they are', async () => {
  const body = '<p><esi:vars>$(HTTP_COOKIE{session})</esi:vars><esi:include src="/a?$(HTTP_COOKIE)"/></p>'
  const given = await open(pages({ '/': body }, ({ url }, response) => reply(response, 200, KEPT, url)))
  expect(await text(given, '/', { Cookie: 'session=secret' })).toBe('<p><esi:vars>$(HTTP_COOKIE{session})</esi:vars>/a?$(HTTP_COOKIE)</p>')
})
