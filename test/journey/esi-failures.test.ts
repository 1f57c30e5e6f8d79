/** Fragments that fail, lead where they may not, come without end or late: what the page becomes, and what the rest of the cache notices. */
import { describe, expect, it } from 'vitest'
import { definePolicy } from '../../vcl-ts/index.ts'
import { Gate, type OriginScript } from '../support/scripted-origin.ts'
import { until } from '../support/until.ts'
import { drink, type Fields, message, open, reply, type Site } from './site.ts'

const PAGE = { 'Cache-Control': 'max-age=60', 'Surrogate-Control': 'content="ESI/1.0"' }
const KEPT = { 'Cache-Control': 'max-age=60' }

/** Pages by URL; what is not among them is answered by `others`. */
function pages(
  bodies: Readonly<Record<string, string>>,
  others: OriginScript = (_, response) => reply(response, 404, {}, 'none'),
): OriginScript {
  return (hit, response) => {
    const body = bodies[hit.url]
    if (body === undefined) others(hit, response)
    else reply(response, 200, body.includes('esi') ? PAGE : KEPT, body)
  }
}

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

async function text(of: Site, path: string, fields: Fields = {}): Promise<string> {
  return (await of.get(path, fields)).body.toString('latin1')
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

describe('where includes lead', () => {
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

  it('may be another host that the policy names, which gets neither cookies nor credentials', async () => {
    const policy = definePolicy({ esi: { hosts: ['ads.example', 'ads.example:8080'] } })
    const given = await open(
      pages(
        {
          '/': '<p><esi:include src="http://ads.example/a"/><esi:include src="//ads.example:8080/b"/><esi:include src="//ads.example:81/c"/></p>',
        },
        ({ headers }, response) =>
          reply(
            response,
            200,
            { 'Cache-Control': 'no-store' },
            `${headers.host} ${headers.cookie ?? '-'} ${headers.authorization ?? '-'};`,
          ),
      ),
      { policy },
    )
    expect(await text(given, '/', { Cookie: 'a=b', Authorization: 'Basic eDp5' })).toBe('<p>ads.example - -;ads.example:8080 - -;</p>')
  })

  it('is tried for alt when src leads nowhere', async () => {
    const given = await open(pages({ '/': '<p><esi:include src="file:///a" alt="/a"/></p>', '/a': 'one' }))
    expect(await text(given, '/')).toBe('<p>one</p>')
  })

  it('may not hold the variables of other processors: they stay what they are', async () => {
    const body = '<p><esi:vars>$(HTTP_COOKIE{session})</esi:vars><esi:include src="/a?$(HTTP_COOKIE)"/></p>'
    const given = await open(pages({ '/': body }, ({ url }, response) => reply(response, 200, KEPT, url)))
    expect(await text(given, '/', { Cookie: 'session=secret' })).toBe(
      '<p><esi:vars>$(HTTP_COOKIE{session})</esi:vars>/a?$(HTTP_COOKIE)</p>',
    )
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

describe('fragments that come at their own pace', () => {
  it('are asked for all at once, before any of them is answered', async () => {
    const gate = new Gate()
    const given = await open(
      pages({ '/': '<p><esi:include src="/a"/><esi:include src="/b"/><esi:include src="/c"/></p>' }, async ({ url }, response) => {
        await gate.opened
        reply(response, 200, KEPT, url)
      }),
    )
    const page = text(given, '/')
    // Not one of them has been answered.
    await given.origin.hit(3)
    gate.open()
    expect(await page).toBe('<p>/a/b/c</p>')
  })

  it('are delivered in order, whichever comes first, and what is there is sent at once', async () => {
    const gates = { '/a': new Gate(), '/b': new Gate() }
    const given = await open(
      pages({ '/': '<p><esi:include src="/a"/>-<esi:include src="/b"/></p>' }, async ({ url }, response) => {
        await gates[url as '/a'].opened
        reply(response, 200, KEPT, url)
      }),
    )
    const client = await given.connect()
    client.send(message('GET', '/'))
    await until(() => client.pending.includes('<p>'))
    await given.origin.hit(2)
    gates['/b'].open()
    await until(() => given.records.length === 1)
    expect(client.pending).not.toContain('/b')
    gates['/a'].open()
    expect((await client.response()).body.toString()).toBe('<p>/a-/b</p>')
    client.destroy()
  })

  it('are asked for as the page arrives', async () => {
    const gate = new Gate()
    const given = await open(async ({ url }, response) => {
      if (url === '/a') reply(response, 200, KEPT, 'one')
      else {
        response.writeHead(200, PAGE).write('<p><esi:include src="/a"/>')
        await gate.opened
        response.end('</p>')
      }
    })
    const page = text(given, '/')
    await given.origin.hit(1)
    gate.open()
    expect(await page).toBe('<p>one</p>')
  })

  it('are sixteen at a time', async () => {
    const gate = new Gate()
    const includes = Array.from({ length: 40 }, (_, at) => `<esi:include src="/${at}"/>`).join('')
    const given = await open(
      pages({ '/page': `<p>${includes}</p>`, '/other': 'other' }, async ({ url }, response) => {
        await gate.opened
        reply(response, 200, KEPT, `${url},`)
      }),
    )
    const page = text(given, '/page')
    await given.origin.hit(16)
    await text(given, '/other')
    expect(given.origin.hits.length).toBe(18)
    gate.open()
    expect(await page).toBe(`<p>${Array.from({ length: 40 }, (_, at) => `/${at},`).join('')}</p>`)
  })

  it('wait for a fetch of somebody else, whom they then follow', async () => {
    const gate = new Gate()
    const given = await open(
      pages({ '/': '<p><esi:include src="/a"/></p>' }, async (_, response) => {
        await gate.opened
        reply(response, 200, KEPT, 'one')
      }),
    )
    const alone = text(given, '/a')
    await given.origin.hit(0)
    const page = text(given, '/')
    await until(() => given.stat('busy_sleep') === 1)
    gate.open()
    expect([await alone, await page]).toEqual(['one', '<p>one</p>'])
    expect(given.origin.hits.map(({ url }) => url)).toEqual(['/a', '/'])
  })

  it('are given up when the client leaves', async () => {
    const given = await open(pages({ '/': '<p><esi:include src="/a"/><esi:include src="/b"/></p>' }, () => {}))
    const client = await given.connect()
    client.send(message('GET', '/', { Cookie: 'session=1' }))
    await given.origin.hit(2)
    client.reset()
    await until(() => given.records.length === 3)
    expect(given.records.map(({ url, end }) => `${url} ${end}`).toSorted()).toEqual(['/ left', '/a left', '/b left'])
  })

  it('are not read faster than a slow client takes the page', async () => {
    const MB = 1 << 20
    let sent = 0
    const given = await open(
      pages({ '/': '<p><esi:include src="/a"/><esi:include src="/b"/></p>' }, (_, response) => {
        response.writeHead(200, { 'Cache-Control': 'no-store' })
        const push = (left: number): void => {
          if (left === 0) response.end()
          else
            response.write(Buffer.alloc(64 * 1024, 97), () => {
              sent += 64 * 1024
              push(left - 64 * 1024)
            })
        }
        push(16 * MB)
      }),
      { limits: { transferBuffer: MB } },
    )
    const download = await given.download('/')
    await given.origin.hit(2)
    let before = -1
    await until(() => {
      const still = sent === before
      before = sent
      return still && sent > 0
    })
    expect(sent).toBeLessThan(24 * MB)
    let bytes = 0
    for await (const chunk of download) bytes += (chunk as Buffer).length
    expect(bytes).toBe(32 * MB + '<p></p>'.length)
  })
})
