/** Answers to requests with bodies, stored under the body that was asked with. */
import { expect, it } from 'vitest'
import { definePolicy, type Policy } from '../../vcl-ts/index.ts'
import { bodyOf } from '../support/scripted-origin.ts'
import { until } from '../support/until.ts'
import { message, open, reply, type Site } from './site.ts'

const LIMIT = 100

/** Looks QUERY and POST up by what they ask with; what is too long goes to the origin. */
const byBody: Policy = definePolicy({
  async recv({ req, hash, pass, purge }) {
    if (req.method === 'PURGE') return purge({ prefix: req.url })
    if (req.method !== 'QUERY' && req.method !== 'POST') return undefined
    return (await req.cacheBody(LIMIT)) === null ? pass() : hash()
  },
})

async function echo(policy: Policy, fields: Readonly<Record<string, string>> = {}): Promise<Site> {
  return open(
    async (hit, response) => reply(response, 200, { 'Cache-Control': 'max-age=60', ...fields }, `${hit.method} ${await bodyOf(hit)}`),
    { policy },
  )
}

it('is one answer for one method and body, and another for another', async () => {
  const site = await echo(byBody)
  const ask = async (method: string, body: string): Promise<string> => {
    const answer = await site.ask(method, '/search', {}, body)
    return `${answer.get('x-cache')} ${answer.body}`
  }
  expect(await ask('QUERY', 'red')).toBe('MISS QUERY red')
  expect(await ask('QUERY', 'red')).toBe('HIT QUERY red')
  expect(await ask('QUERY', 'blue')).toBe('MISS QUERY blue')
  expect(await ask('POST', 'red')).toBe('MISS POST red')
  expect(await ask('POST', '')).toBe('MISS POST ')
  expect(await ask('POST', '')).toBe('HIT POST ')
  expect(await ask('GET', '')).toBe('MISS GET ')
  expect(site.origin.hits.map((hit) => hit.headers['content-length'])).toEqual(['3', '4', '3', '0', undefined])
  expect((await site.ask('PURGE', '/search')).status).toBe(200)
  expect(await ask('QUERY', 'red')).toBe('MISS QUERY red')
  expect(await ask('GET', '')).toBe('MISS GET ')
})

it('takes a body that comes in pieces, chunked and after 100 Continue, for the same', async () => {
  const site = await echo(byBody)
  const client = await site.connect()
  client.send('QUERY /q HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n')
  expect((await client.response({ interim: true })).status).toBe(100)
  for (const piece of ['red ', 'and', ' b']) {
    client.send(piece)
    await new Promise(setImmediate)
  }
  expect((await client.response()).body.toString()).toBe('QUERY red and b')
  const chunked = await client.request(
    'QUERY /q HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nred \r\n5\r\nand b\r\n0\r\n\r\n',
  )
  expect([chunked.get('x-cache'), chunked.body.toString()]).toEqual(['HIT', 'QUERY red and b'])
  client.destroy()
})

it.each([
  ['announced', message('POST', '/', {}, 'x'.repeat(LIMIT + 1))],
  [
    'chunked',
    `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n40\r\n${'x'.repeat(64)}\r\n25\r\n${'x'.repeat(37)}\r\n0\r\n\r\n`,
  ],
])('goes to the origin whole when it is longer than the limit: %s', async (_how, request) => {
  const site = await echo(byBody)
  const client = await site.connect()
  for (const _ of [1, 2]) {
    const answer = await client.request(request)
    expect([answer.get('x-cache'), answer.body.toString()]).toEqual(['PASS', `POST ${'x'.repeat(LIMIT + 1)}`])
  }
  client.destroy()
})

it('is stored under a body of just the limit', async () => {
  const site = await echo(byBody)
  for (const outcome of ['MISS', 'HIT']) {
    const answer = await site.ask('POST', '/', {}, 'x'.repeat(LIMIT))
    expect([answer.get('x-cache'), answer.body.length]).toEqual([outcome, LIMIT + 5])
  }
})

it('asks with the body again in the background, and without conditions for a method with effects', async () => {
  const site = await echo(byBody, { 'Cache-Control': 'max-age=1, stale-while-revalidate=60', ETag: '"v1"' })
  await site.ask('POST', '/', {}, 'red')
  site.clock.advance(2000)
  const stale = await site.ask('POST', '/', { 'If-None-Match': '"v1"' }, 'red')
  expect([stale.status, stale.get('x-cache'), stale.body.toString()]).toEqual([200, 'STALE', 'POST red'])
  await until(() => site.origin.hits.length === 2)
  expect(site.origin.hits[1]?.headers['if-none-match']).toBeUndefined()
  await until(() => site.server.stat()['fetch_length'] === 2)
  expect((await site.ask('POST', '/', {}, 'red')).get('x-cache')).toBe('HIT')
})

it('does not end the process when the client leaves within its body, and nobody waited for it', async () => {
  const site = await open((_hit, response) => reply(response, 200, {}, 'ok'), {
    policy: definePolicy({
      recv({ req }) {
        if (req.method === 'POST') void req.cacheBody(LIMIT)
        return undefined
      },
    }),
  })
  const client = await site.connect()
  client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nred')
  await new Promise(setImmediate)
  client.destroy()
  await until(() => site.server.stat()['sess_closed'] === 1)
  expect((await site.get('/')).status).toBe(200)
})

it('is refused with a message where the limit is no number of bytes', async () => {
  const site = await open((_hit, response) => reply(response, 200, {}, 'ok'), {
    policy: definePolicy({
      async recv({ req }) {
        await req.cacheBody('1k' as unknown as number)
      },
    }),
  })
  expect((await site.get('/')).status).toBe(503)
  expect(JSON.stringify(site.events.map(({ fields }) => String(fields['err'])))).toContain('cacheBody(1k)')
})
