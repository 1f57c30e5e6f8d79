/** What the origin is told about the client, whom to believe, and how a request that goes in circles ends. */
import { expect, it, onTestFinished } from 'vitest'
import { createServer } from '../../src/index.ts'
import { definePolicy } from '../../vcl-ts/index.ts'
import { RawClient } from '../support/raw-client.ts'
import { openBehindBox } from './faulty.ts'
import { always, message, open, reply } from './site.ts'

it('tells the origin who asks, by what scheme and host, and that it has been here', async () => {
  const site = await open(always({}))
  await site.get('/')
  const headers = site.origin.hits[0]?.headers ?? {}
  expect([headers['x-forwarded-for'], headers['x-forwarded-proto'], headers['x-forwarded-host'], headers.via]).toEqual([
    '127.0.0.1',
    'http',
    'www.example',
    '1.1 Clearcoat',
  ])
  expect(headers['forwarded']).toMatch(/^for="?127\.0\.0\.1"?/)
  expect(headers['cdn-loop']).toBe('Clearcoat')
  expect(headers.host).toBe('www.example')
})

const CLAIMED = {
  'X-Forwarded-For': '203.0.113.9',
  'X-Forwarded-Proto': 'https',
  'X-Forwarded-Host': 'evil.example',
  Forwarded: 'for=203.0.113.9',
}

it('believes no forwarding field of a client that is not trusted', async () => {
  const ips: string[] = []
  const policy = definePolicy({ recv: ({ client }) => void ips.push(client.ip) })
  const site = await open(always({}), { policy })
  await site.get('/', CLAIMED)
  const headers = site.origin.hits[0]?.headers ?? {}
  expect([headers['x-forwarded-for'], headers['x-forwarded-proto'], headers['x-forwarded-host']]).toEqual([
    '127.0.0.1',
    'http',
    'www.example',
  ])
  expect(String(headers['forwarded'])).not.toContain('203.0.113.9')
  expect([ips, site.records[0]?.client]).toEqual([['127.0.0.1'], '127.0.0.1'])
})

it('believes those of a trusted peer and adds itself', async () => {
  const site = await open(always({}), { trust: ['127.0.0.0/8'] })
  await site.get('/', CLAIMED)
  const headers = site.origin.hits[0]?.headers ?? {}
  expect([headers['x-forwarded-for'], headers['x-forwarded-proto']]).toEqual(['203.0.113.9, 127.0.0.1', 'https'])
  expect(String(headers['forwarded'])).toMatch(/^for=203\.0\.113\.9, ?for=/)
  expect(site.records[0]?.client).toBe('203.0.113.9')
})

it('shows recv the forwarding fields that it will send', async () => {
  const seen: (string | undefined)[] = []
  const site = await open(always({}), { policy: definePolicy({ recv: ({ req }) => void seen.push(req.headers.get('x-forwarded-for')) }) })
  await site.get('/')
  expect(seen).toEqual(['127.0.0.1'])
})

it('keeps hop-by-hop and nominated fields to itself, both ways', async () => {
  const site = await open((_hit, response) =>
    reply(response, 200, { Connection: 'X-Mine', 'X-Mine': '1', 'Keep-Alive': 'timeout=5', 'X-Yours': '2' }),
  )
  const answer = await site.get('/', {
    Connection: 'close, X-Hop',
    'X-Hop': '1',
    'Keep-Alive': '5',
    'Proxy-Authorization': 'Basic YTpi',
    'X-End': '2',
  })
  const headers = site.origin.hits[0]?.headers ?? {}
  expect([headers['x-hop'], headers['keep-alive'], headers['proxy-authorization'], headers['x-end']]).toEqual([
    undefined,
    undefined,
    undefined,
    '2',
  ])
  expect([answer.get('x-mine'), answer.get('keep-alive'), answer.get('x-yours')]).toEqual([undefined, undefined, '2'])
})

it('answers 508 when a request has been here before', async () => {
  const site = await open(always({}))
  for (const fields of [{ Via: '1.1 other, 1.1 Clearcoat' }, { 'CDN-Loop': 'Clearcoat' }]) {
    const answer = await site.get('/', fields)
    expect(answer.status).toBe(508)
    expect(answer.get('proxy-status')).toContain('error=proxy_loop_detected')
    expect(answer.get('cache-status')).toContain('detail=LOOP')
  }
  expect(site.origin.hits.length).toBe(0)
})

it('ends a loop through two caches that stand in front of each other', async () => {
  const site = await open(always({}))
  const front = await createServer({ origin: `http://${site.address}`, listen: ['127.0.0.1:0'], name: 'Front', eventLog: silent })
  onTestFinished(() => front.close())
  site.origin.script = async (hit, response) => {
    const client = await RawClient.connect(front.addresses[0] as string)
    const answer = await client.request(message('GET', hit.url, { Connection: 'close', Via: String(hit.headers.via) }))
    client.destroy()
    reply(response, answer.status, {})
  }
  const client = await RawClient.connect(front.addresses[0] as string)
  expect((await client.request(message('GET', '/', { Connection: 'close' }))).status).toBe(508)
  client.destroy()
  expect(site.origin.hits.length).toBe(1)
})

it('ends at once where the origin is the cache itself', async () => {
  const { site, box } = await openBehindBox(always({}))
  box.lead(Number(site.address.split(':')[1]), site.clock)
  const answer = await site.get('/')
  expect([answer.status, box.accepted]).toEqual([508, 1])
})

it('serves behind another instance of another name', async () => {
  const site = await open(always({ 'Cache-Control': 'max-age=60' }), { name: 'Shield' })
  const answer = await site.get('/', { Via: '1.1 Clearcoat', 'CDN-Loop': 'Clearcoat' })
  expect([answer.status, answer.get('via')]).toEqual([200, '1.1 Shield'])
  expect(site.origin.hits[0]?.headers.via).toBe('1.1 Clearcoat, 1.1 Shield')
})

it('takes hosts that differ in case, a trailing dot or the default port for the same', async () => {
  const site = await open(always({ 'Cache-Control': 'max-age=60' }))
  await site.get('/')
  for (const Host of ['WWW.Example', 'www.example.', 'www.example:80']) expect((await site.get('/', { Host })).get('x-cache')).toBe('HIT')
  expect((await site.get('/', { Host: 'www.example:81' })).get('x-cache')).toBe('MISS')
})

const silent = { info: () => {}, warn: () => {}, error: () => {} }
