/** The connection to the origin is lost: before the answer, in the middle of it, or between two requests. */
import { describe, expect, it } from 'vitest'
import { RawClient } from '../support/raw-client.ts'
import { bodyOf } from '../support/scripted-origin.ts'
import { until } from '../support/until.ts'
import { openBehindBox } from './faulty.ts'
import { message, open, reply, type Site } from './site.ts'

const LENGTH = 2000
const BODY = 'abcdefghij'.repeat(LENGTH / 10)

async function ask(site: Site, method: 'GET' | 'PUT' | 'POST'): Promise<{ readonly status: string; readonly whole: boolean }> {
  const client = await RawClient.connect(site.address)
  client.send(message(method, '/', { Connection: 'close' }, method === 'GET' ? '' : 'order'))
  await client.closed()
  const text = client.total.toString('latin1')
  client.destroy()
  const body = text.slice(text.indexOf('\r\n\r\n') + 4)
  return { status: text.slice(9, 12), whole: body === BODY }
}

/** Where the origin's answer is broken off, of what it would be. */
const PLACES: readonly (readonly [where: string, after: (head: number) => number, delivered: boolean])[] = [
  ['at its beginning', () => 0, false],
  ['in its head', (head) => Math.floor(head / 2), false],
  ['after 1 % of its body', (head) => head + LENGTH / 100, true],
  ['after 50 % of its body', (head) => head + LENGTH / 2, true],
  ['after 99 % of its body', (head) => head + LENGTH * 0.99, true],
]

describe.each(['reset', 'cut'] as const)('an answer that is lost by a %s', (kind) => {
  describe.each(PLACES)('%s', (_where, after, delivered) => {
    it.each([
      ['GET', 2],
      ['PUT', 2],
      ['POST', 1],
    ] as const)('is asked for again once if nothing of it was delivered and the method allows it: %s', async (method, attempts) => {
      const { site, box } = await openBehindBox(async (hit, response) => {
        await bodyOf(hit).catch(() => '')
        reply(response, 200, { 'Cache-Control': 'max-age=60' }, BODY)
      })
      const head = 'HTTP/1.1 200 OK\r\nContent-Length: 2000\r\nCache-Control: max-age=60\r\nConnection: keep-alive\r\n\r\n'.length
      await box.set('from', { kind, after: after(head) })
      expect(await ask(site, method)).toEqual({ status: delivered ? '200' : '502', whole: false })
      expect(box.accepted).toBe(delivered ? 1 : attempts)
      expect(site.stat('n_object')).toBe(0)
      await box.set('from', null)
      expect(await ask(site, method)).toEqual({ status: '200', whole: true })
    })
  })
})

it('lets no client see that an origin lost the connection under its first answer', async () => {
  const site = await open((hit, response) => {
    if (hit.index === 0) hit.message.socket.resetAndDestroy()
    else reply(response, 200, {}, BODY)
  })
  expect(await ask(site, 'GET')).toEqual({ status: '200', whole: true })
  expect([site.stat('backend_retry'), site.origin.hits.length]).toEqual([1, 2])
})

it('stops trying again when the budget for that is spent', async () => {
  const { site, box } = await openBehindBox((_hit, response) => reply(response, 200, {}, BODY))
  await box.set('from', { kind: 'reset', after: 0 })
  for (let i = 0; i < 50; i++) expect((await ask(site, 'GET')).status).toBe('502')
  // Ten in ten seconds, or a fifth of all, for each worker.
  expect(box.accepted).toBeLessThanOrEqual(50 + 2 * 10)
  expect(box.accepted).toBeGreaterThan(50)
})

/** How an origin that keeps connections as long as we do closes one at the very moment at which it is used again. */
const EDGES: readonly (readonly [how: string, at: 'before' | 'under', by: 'end' | 'reset'])[] = [
  ['a FIN before the request', 'before', 'end'],
  ['a RST before the request', 'before', 'reset'],
  ['a FIN under the request', 'under', 'end'],
  ['a RST under the request', 'under', 'reset'],
]

it.each(EDGES)('shows no client that an idle connection ended as it was used again: %s', async (_how, at, by) => {
  const { site, box } = await openBehindBox((hit, response) => {
    reply(response, 200, {}, hit.url)
  })
  const clients = await Promise.all(Array.from({ length: 8 }, () => site.connect()))
  for (let round = 0; round < 25; round++) {
    if (at === 'before') box.drop(by)
    else box.dropUsed(by)
    const answers = await Promise.all(clients.map((client, i) => client.request(message('GET', `/${round}/${i}`))))
    expect(answers.map(({ status, body }) => `${status} ${body.toString()}`)).toEqual(clients.map((_, i) => `200 /${round}/${i}`))
  }
  for (const client of clients) client.destroy()
  await until(() => site.stat('fetch_failed') === 0)
})
