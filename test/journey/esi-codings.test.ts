/** Pages and fragments that come coded, or are stored so: what is put together is one text, and what cannot be read is not. */
import { brotliCompressSync, gzipSync, zstdCompressSync } from 'node:zlib'
import { expect, it } from 'vitest'
import { definePolicy, replaceText } from '../../vcl-ts/index.ts'
import type { OriginScript } from '../support/scripted-origin.ts'
import { type Fields, message, open, reply, type Site } from './site.ts'

const PAGE = {
  'Content-Type': 'text/html',
  'Cache-Control': 'max-age=60',
  'Surrogate-Control': 'content="ESI/1.0"',
  Vary: 'Accept-Encoding',
}
const KEPT = { 'Content-Type': 'text/html', 'Cache-Control': 'max-age=60' }

const CODERS: Readonly<Record<string, (text: string) => Buffer>> = {
  identity: (text) => Buffer.from(text),
  gzip: (text) => gzipSync(text),
  br: (text) => brotliCompressSync(text),
  zstd: (text) => zstdCompressSync(text),
}

/** Codes what it sends whatever it is asked for. */
function coded(pages: Readonly<Record<string, readonly [coding: string, text: string]>>): OriginScript {
  return ({ url }, response) => {
    const [coding, text] = pages[url] ?? ['identity', 'none']
    const body = (CODERS[coding] as (text: string) => Buffer)(text)
    const fields = { ...(text.includes('esi') ? PAGE : KEPT), ...(coding === 'identity' ? {} : { 'Content-Encoding': coding }) }
    response.writeHead(200, { ...fields, 'Content-Length': body.length, ETag: '"1"' }).end(body)
  }
}

const BROWSER: Fields = { 'Accept-Encoding': 'gzip, deflate, br, zstd' }

async function plain(of: Site, path: string, fields: Fields = BROWSER): Promise<string> {
  const answer = await of.get(path, fields)
  expect(answer.get('content-encoding')).toBe(undefined)
  return answer.body.toString()
}

const MIXED = Object.keys(CODERS).flatMap((page) => Object.keys(CODERS).map((fragment) => [page, fragment] as const))

it.each(MIXED)('puts a page that came as %s and fragments that came as %s together to one text', async (page, fragment) => {
  const text = 'one '.repeat(2000)
  const given = await open(
    coded({ '/': [page, '<p><esi:include src="/a"/><esi:include src="/b"/></p>'], '/a': [fragment, text], '/b': ['identity', 'two'] }),
  )
  for (const fields of [BROWSER, {}, BROWSER] as Fields[]) expect(await plain(given, '/', fields)).toBe(`<p>${text}two</p>`)
})

it.each(['gzip', 'br'] as const)(
  'stores a page plain and its fragments as %s where text is compressed, and puts them together',
  async (coding) => {
    const text = 'one '.repeat(2000)
    const policy = definePolicy({
      backendResponse({ beresp }) {
        beresp.compress = coding
      },
    })
    const given = await open(coded({ '/': ['identity', `<p>${text}<esi:include src="/a"/></p>`], '/a': ['identity', text] }), { policy })
    for (const fields of [BROWSER, {}, BROWSER] as Fields[]) expect(await plain(given, '/', fields)).toBe(`<p>${text}${text}</p>`)
    expect((await given.get('/a', BROWSER)).get('content-encoding')).toBe(coding)
  },
)

it('assembles a page that was stored compressed, once a policy says so and its origin confirms it', async () => {
  let assembles = false
  const policy = definePolicy({
    backendResponse({ beresp }) {
      beresp.compress = true
      beresp.esi = assembles
    },
  })
  const body = `<p>${'text '.repeat(1000)}<esi:include src="/a"/></p>`
  const given = await open(
    ({ url, headers }, response) => {
      if (url === '/a') reply(response, 200, { 'Cache-Control': 'no-store' }, 'one')
      else if (headers['if-none-match'] !== undefined) reply(response, 304, { ...KEPT, ETag: '"1"' })
      else reply(response, 200, { ...KEPT, ETag: '"1"' }, body)
    },
    { policy },
  )
  expect((await given.get('/', BROWSER)).get('content-encoding')).toBe('br')
  assembles = true
  given.clock.advance(61_000)
  for (const fields of [BROWSER, {}, BROWSER] as Fields[]) expect(await plain(given, '/', fields)).toBe(body.replace(/<esi.*>(?=<)/, 'one'))
  expect(given.stat('fetch_304')).toBe(1)
})

it('passes the page and not what it includes through the filters of beresp, and all of it through those of resp', async () => {
  const policy = definePolicy({
    backendResponse({ bereq, beresp }) {
      if (bereq.url === '/') beresp.filters.push(replaceText('x', 'y'))
    },
    deliver({ req, resp }) {
      if (req.esiLevel === 0) resp.filters.push(replaceText('z', 'w'))
    },
  })
  const given = await open(coded({ '/': ['gzip', '<p>xz<esi:include src="/a"/></p>'], '/a': ['identity', 'xz'] }), { policy })
  for (const _ of [1, 2]) expect(await plain(given, '/')).toBe('<p>ywxw</p>')
})

it('leaves a page in a coding that it does not know as it is, and includes no fragment of one', async () => {
  const given = await open(({ url }, response) => {
    const unknown = url === '/a' || url === '/unknown'
    const body = url === '/a' ? 'secret' : '<p><esi:include src="/a" onerror="continue"/></p>'
    response.writeHead(200, { ...PAGE, 'Content-Length': body.length, ...(unknown ? { 'Content-Encoding': 'x-own' } : {}) }).end(body)
  })
  for (const _ of [1, 2]) {
    expect((await given.get('/unknown')).body.toString()).toBe('<p><esi:include src="/a" onerror="continue"/></p>')
    expect(await plain(given, '/')).toBe('<p></p>')
  }
})

it.each([
  ['cut short', gzipSync('<p>a</p>'.repeat(100)).subarray(0, -9)],
  ['damaged', Buffer.from('\x1f\x8b\x08\0garbage', 'latin1')],
  ['followed by more', Buffer.concat([gzipSync('<p></p>'), Buffer.from('more')])],
  ['a bomb', gzipSync(Buffer.alloc(8 << 20, '<p>'), { level: 9 })],
])('breaks a page off whose coding is %s, and keeps nothing of it', async (_, body) => {
  const given = await open((_, response) =>
    response.writeHead(200, { ...PAGE, 'Content-Encoding': 'gzip', 'Content-Length': body.length }).end(body),
  )
  for (const _ of [1, 2]) {
    const client = await given.connect()
    client.send(message('GET', '/', BROWSER))
    await expect(client.response()).rejects.toThrow('before a whole answer')
    client.destroy()
  }
  expect([given.stat('backend_req'), given.stat('n_object')]).toEqual([2, 0])
})
