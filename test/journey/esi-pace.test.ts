/** Fragments that come at their own pace: when they are asked for, and in what order and how fast they are delivered. */
import { expect, it } from 'vitest'
import { Gate } from '../support/scripted-origin.ts'
import { until } from '../support/until.ts'
import { KEPT, PAGE, pages, text } from './esi-pages.ts'
import { message, open, reply } from './site.ts'

it('fragments are asked for all at once, before any of them is answered', async () => {
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

it('fragments are delivered in order, whichever comes first, and what is there is sent at once', async () => {
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

it('fragments are asked for as the page arrives', async () => {
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

it('fragments are sixteen at a time', async () => {
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

it('fragments wait for a fetch of somebody else, whom they then follow', async () => {
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

it('fragments are given up when the client leaves', async () => {
  const given = await open(pages({ '/': '<p><esi:include src="/a"/><esi:include src="/b"/></p>' }, () => {}))
  const client = await given.connect()
  client.send(message('GET', '/', { Cookie: 'session=1' }))
  await given.origin.hit(2)
  client.reset()
  await until(() => given.records.length === 3)
  expect(given.records.map(({ url, end }) => `${url} ${end}`).toSorted()).toEqual(['/ left', '/a left', '/b left'])
})

it('fragments are not read faster than a slow client takes the page', async () => {
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
