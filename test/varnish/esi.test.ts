/** Pages of fragments (behaviours 40–44). */
import { gunzipSync, gzipSync } from 'node:zlib'
import { expect } from 'vitest'
import { definePolicy, type Policy } from '../../vcl-ts/index.ts'
import { type Fields, message, reply, type Site } from '../journey/site.ts'
import type { OriginHit } from '../support/scripted-origin.ts'
import { behaviour, open } from './site.ts'

/** Pages by URL, all of which the policy has assembled; what is not among them is 404. */
function pages(bodies: Readonly<Record<string, string>>, more: Partial<Policy> = {}, coded: readonly string[] = []): Promise<Site> {
  return open(
    ({ url }, response) => {
      const body = bodies[url]
      if (body === undefined) return reply(response, 404, {}, 'no such page')
      const zipped = coded.includes(url)
      response
        .writeHead(200, { 'Cache-Control': 'max-age=60', ...(zipped ? { 'Content-Encoding': 'gzip' } : {}) })
        .end(zipped ? gzipSync(body) : body)
    },
    {
      policy: definePolicy({
        backendResponse({ beresp }) {
          beresp.esi = true
        },
        ...more,
      }),
    },
  )
}

const text = async (site: Site, path: string, fields: Fields = {}): Promise<string> => (await site.get(path, fields)).body.toString()

const asked = (site: Site, url: string): OriginHit | undefined => site.origin.hits.find((hit) => hit.url === url)

behaviour(40, 'a page that does not begin with < is no page of fragments, whatever it holds', async () => {
  const body = 'x <esi:remove>gone</esi:remove><esi:include src="/a"/>'
  const site = await pages({ '/text': body, '/page': `<p>${body}</p>`, '/a': 'a' })
  expect(await text(site, '/text')).toBe(body)
  expect(await text(site, '/page')).toBe('<p>x a</p>')
})

behaviour(41, 'an include is a GET without body, conditions and range, and begins at recv', async () => {
  const began: string[] = []
  const site = await pages(
    { '/': '<p><esi:include src="/a"/></p>', '/a': 'a' },
    {
      recv({ req, hash }) {
        began.push(`${req.method} ${req.url} ${req.esiLevel} ${req.hasBody}`)
        if (req.method === 'POST') return hash()
      },
    },
  )
  const posted = await site.ask('POST', '/', { 'If-None-Match': '"x"', Range: 'bytes=0-3' }, 'body')
  expect(posted.body.toString()).toBe('<p>a</p>')
  expect(began).toEqual(['POST / 0 true', 'GET /a 1 false'])
  const { method, headers } = asked(site, '/a') as OriginHit
  expect([method, headers['content-length'], headers['if-none-match'], headers.range]).toEqual(['GET', undefined, undefined, undefined])
})

behaviour(42, 'a fragment that fails breaks the page off, unless the include says that it may be missing', async () => {
  const site = await pages({
    '/strict': '<p>before<esi:include src="/missing"/>after</p>',
    '/lenient': '<p>before <esi:include src="/missing" onerror="continue"/>after</p>',
  })
  expect(await text(site, '/lenient')).toBe('<p>before after</p>')
  const client = await site.connect()
  client.send(message('GET', '/strict'))
  await client.closed()
  await expect(client.response()).rejects.toThrow(/before a whole answer/)
})

behaviour(43, 'a page goes to an HTTP/1.0 client until the connection ends', async () => {
  const site = await pages({ '/': '<p><esi:include src="/a"/></p>', '/a': 'a' })
  const client = await site.connect()
  const answer = await client.request('GET / HTTP/1.0\r\nHost: www.example\r\nConnection: keep-alive\r\n\r\n')
  expect([answer.body.toString(), answer.get('content-length'), answer.get('transfer-encoding')]).toEqual([
    '<p>a</p>',
    undefined,
    undefined,
  ])
  expect([answer.get('connection'), await client.closed()]).toEqual(['close', 'end'])
})

behaviour(43, 'pages and fragments of which some are gzip come out as one, plain or coded as a whole', async () => {
  const site = await pages({ '/': '<p>1<esi:include src="/a"/>2<esi:include src="/b"/>3</p>', '/a': 'aaa', '/b': 'bbb' }, {}, ['/', '/b'])
  for (const fields of [{}, { 'Accept-Encoding': 'gzip' }, { 'Accept-Encoding': 'gzip' }]) {
    const answer = await site.get('/', fields)
    const body = answer.get('content-encoding') === 'gzip' ? gunzipSync(answer.body) : answer.body
    expect(body.toString()).toBe('<p>1aaa2bbb3</p>')
  }
})

behaviour(
  44,
  'entities in an address are decoded, relative ones follow the page that the client asked for, and https is left out',
  async () => {
    const site = await pages(
      {
        '/back/page': '<p><esi:include src="part?a=1&amp;b=2"/><esi:include src="/c"/><esi:include src="https://www.example/c"/></p>',
        '/back/part?a=1&b=2': 'part',
        '/back/c': 'c',
      },
      {
        recv({ req }) {
          req.url = req.url.startsWith('/front/') ? req.url.replace('/front/', '/back/') : `/back${req.url}`
        },
      },
    )
    expect(await text(site, '/front/page')).toBe('<p>partc</p>')
    expect(site.origin.hits.map(({ url }) => url).sort()).toEqual(['/back/c', '/back/page', '/back/part?a=1&b=2'])
  },
)
