/** What the transaction log tells of a request that the tier behind memory answered. */
import { expect, it } from 'vitest'
import { fleetOf } from '../journey/fleet-of.ts'
import { always } from '../journey/site.ts'
import { hooks, listen, outline, texts } from './listening.ts'

it('tells that it was asked, and that the hit is its own', async () => {
  const { nodes } = await fleetOf(always({ 'Cache-Control': 'max-age=60' }), { admin: '127.0.0.1:0' })
  const [a, b] = nodes
  if (a === undefined || b === undefined) throw new Error('there are no nodes')
  await a.get('/')
  const log = await listen(b.server, { group: 'request' })
  await b.get('/')
  await b.get('/none')
  const [hit, miss] = (await log.take(2)).map(({ transactions = [] }) => transactions)
  const [request] = hit ?? []
  if (request === undefined) throw new Error('there is no hit')
  expect(outline(hit ?? []).length).toBe(1)
  expect(hooks(request)).toEqual(['RECV hash', 'HASH lookup', 'HIT deliver', 'DELIVER deliver'])
  expect(texts(request, 'Timestamp').map((text) => text.split(':')[0])).toEqual(['Start', 'Req', 'Recall', 'Process', 'Resp'])
  expect(texts(request, 'RespHeader')).toContain('Cache-Status: Clearcoat; hit; ttl=60; detail=HIT; tier=redis')
  expect(texts(request, 'Debug')).toEqual(['HIT HIT tier=redis'])
  const [asked] = miss ?? []
  if (asked === undefined) throw new Error('there is no miss')
  expect(hooks(asked)).toEqual(['RECV hash', 'HASH lookup', 'MISS fetch', 'DELIVER deliver'])
  expect(texts(asked, 'Timestamp').map((text) => text.split(':')[0])).toEqual(['Start', 'Req', 'Recall', 'Fetch', 'Process', 'Resp'])
})
