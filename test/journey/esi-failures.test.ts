/** Fragments that fail, or never come, and pages without end: what the page becomes. */
import { describe, expect, it } from 'vitest'
import type { OriginScript } from '../support/scripted-origin.ts'
import { until } from '../support/until.ts'
import { KEPT, PAGE, pages, text } from './esi-pages.ts'
import { drink, message, open, reply, type Site } from './site.ts'

/** What the client had got when the answer broke off. */
async function broken(of: Site, path: string): Promise<string> {
  const client = await of.connect()
  client.send(message('GET', path))
  const failure = await client.response().then(
    () => null,
    (error: unknown) => String(error),
  )
  client.destroy()
  if (failure === null) throw new Error('the answer came whole')
  return failure
}

const FAILURES: readonly (readonly [name: string, script: OriginScript])[] = [
  ['is answered 503', (_, response) => reply(response, 503, {}, 'down')],
  ['is answered 404', (_, response) => reply(response, 404, {}, 'none')],
  ['is a redirect', (_, response) => reply(response, 302, { Location: '/b' }, 'there')],
  ['is not answered', (hit) => hit.message.socket.destroy()],
  ['breaks off', (_, response) => void response.writeHead(200, { 'Content-Length': 10 }).write('abc', () => response.destroy())],
]

describe.each(FAILURES)('a fragment that %s', (_, script) => {
  const pagesOf = (include: string): OriginScript => pages({ '/': `<p>${include}</p>`, '/b': 'instead' }, script)

  it('breaks the page off visibly', async () => {
    const given = await open(pagesOf('<esi:include src="/a"/>'))
    expect(await broken(given, '/')).toContain('<p>')
    expect(await broken(given, '/')).toContain('before a whole answer')
    expect(given.stat('esi_errors')).toBe(2)
    expect(given.stat('client_aborted')).toBe(2)
    const told = given.records.filter(({ esiLevel }) => esiLevel === 0).map(({ end, detail }) => `${end} ${detail}`)
    expect(told).toEqual([
      expect.stringMatching(/^aborted stored ttl=60s.*; fragment \/a: ./),
      expect.stringMatching(/^aborted fragment \/a: ./),
    ])
  })

  it('is left out where the page says continue, and what came of it stays', async () => {
    const given = await open(pagesOf('<esi:include src="/a" onerror="continue"/>'))
    for (const _ of [1, 2]) expect(await text(given, '/')).toMatch(/^<p>(?:abc)?<\/p>$/)
    expect(given.stat('esi_errors')).toBe(2)
  })

  it('is replaced by another where there is one, unless it has begun', async () => {
    const given = await open(pagesOf('<esi:include src="/a" alt="/b" onerror="continue"/>'))
    expect(await text(given, '/')).toMatch(/^<p>(?:instead|abc)<\/p>$/)
  })
})

describe('a fragment that never comes', () => {
  it('breaks the page off when the page has waited for a minute in all, or is left out', async () => {
    const given = await open(
      pages(
        {
          '/': '<p><esi:include src="/never"/></p>',
          '/optional': '<p><esi:include src="/never" onerror="continue"/><esi:include src="/a"/></p>',
          '/a': 'a',
        },
        () => {},
      ),
      { deadlines: { firstByte: 600 } },
    )
    const [aborted, optional] = [broken(given, '/'), text(given, '/optional')]
    await until(() => given.stat('esi_req') === 3 && given.records.some(({ url }) => url === '/a'))
    given.clock.advance(59_000)
    expect(given.stat('esi_errors')).toBe(0)
    given.clock.advance(1000)
    expect(await aborted).toContain('before a whole answer')
    expect(await optional).toBe('<p>a</p>')
  })

  it('fails by the deadline of its own fetch before that', async () => {
    const given = await open(
      pages({ '/': '<p><esi:include src="/never" onerror="continue"/></p>' }, () => {}),
      { deadlines: { firstByte: 5 } },
    )
    const page = text(given, '/')
    await until(() => given.origin.hits.length === 2)
    given.clock.advance(5000)
    expect(await page).toBe('<p></p>')
  })
})

describe('pages that include each other', () => {
  it('end at the depth that is allowed, and what is above is delivered', async () => {
    const given = await open(({ url }, response) =>
      reply(response, 200, PAGE, `<i>${url}<esi:include src="${Number(url.slice(1)) + 1}"/></i>`),
    )
    for (const _ of [1, 2]) expect(await text(given, '/0')).toBe('<i>/0<i>/1<i>/2<i>/3<i>/4<i>/5</i></i></i></i></i></i>')
    expect([given.stat('esi_req'), given.stat('esi_errors')]).toEqual([10, 2])
  })

  it('do so at the depth that the parameter names', async () => {
    const given = await open(
      ({ url }, response) => reply(response, 200, PAGE, `<i>${url}<esi:include src="${Number(url.slice(1)) + 1}"/></i>`),
      { params: { max_esi_depth: 1 } },
    )
    expect(await text(given, '/0')).toBe('<i>/0<i>/1</i></i>')
  })

  it('go as deep as a hundred levels without a stack that overflows', async () => {
    const given = await open((_, response) => reply(response, 200, PAGE, '<i><esi:include src="/"/></i>'), {
      params: { max_esi_depth: 100 },
    })
    for (const _ of [1, 2]) expect((await text(given, '/')).length).toBe(101 * '<i></i>'.length)
  })

  it.each(['max-age=60', 'no-store', 'max-age=0', 'private'])('in a circle do not wait for themselves: %s', async (control) => {
    const fields = { ...PAGE, 'Cache-Control': control }
    const given = await open(({ url }, response) =>
      reply(response, 200, fields, `<i>${url}<esi:include src="${url === '/a' ? '/b' : '/a'}"/></i>`),
    )
    for (const _ of [1, 2]) expect(await text(given, '/a')).toBe('<i>/a<i>/b<i>/a<i>/b<i>/a<i>/b</i></i></i></i></i></i>')
    expect(await text(given, '/b')).toBe('<i>/b<i>/a<i>/b<i>/a<i>/b<i>/a</i></i></i></i></i></i>')
  })

  it('as often as they can do not multiply: a hundred includes are a page’s, all in all', async () => {
    const given = await open(({ url }, response) => reply(response, 200, PAGE, `<i>${`<esi:include src="${url}x"/>`.repeat(10)}</i>`))
    const page = await text(given, '/')
    expect(page.split('<i>').length - 1).toBe(101)
    expect(given.stat('esi_req')).toBe(100)
    expect(given.stat('esi_errors')).toBeGreaterThan(0)
  })

  it('ten thousand times over are cut at a hundred', async () => {
    const given = await open(pages({ '/': `<p>${'<esi:include src="/a"/>'.repeat(10_000)}</p>`, '/a': 'a' }))
    for (const _ of [1, 2]) expect(await text(given, '/')).toBe(`<p>${'a'.repeat(100)}</p>`)
    expect([given.stat('esi_req'), given.stat('esi_errors')]).toEqual([200, 2 * 9900])
  })

  it('are broken off when they grow beyond what a page may be', async () => {
    const given = await open(
      pages({ '/': `<p>${'<esi:include src="/a"/>'.repeat(100)}</p>` }, (_, response) => reply(response, 200, KEPT, 'a'.repeat(1 << 20))),
    )
    await expect(drink(await given.download('/'))).rejects.toThrow('aborted')
    expect(given.stat('s_resp_bodybytes')).toBeLessThanOrEqual(64 << 20)
  })
})
