/** The transaction log, and its ids, of several workers. */
import { expect, it } from 'vitest'
import { message } from '../journey/site.ts'
import { until } from '../support/until.ts'
import { commandOf } from '../vsl/admin-command.ts'
import { listen, texts } from '../vsl/listening.ts'
import { crew, policyFile } from './rig.ts'

const VARNISH = { preset: 'varnish', admin: '127.0.0.1:0', policyFile: '' } as const

it('has the transactions of all workers, each group whole', async () => {
  const it = await crew({ ...VARNISH, policyFile: policyFile() })
  const each = await it.connectToEach()
  const log = await listen(it.server, { group: 'request', query: 'ReqURL ~ ^/page' })
  for (const [index, connected] of each.entries()) await connected.get(`/page/${index}`)
  const groups = (await log.take(2)).map(({ transactions = [] }) => transactions)
  expect(groups.map((group) => group.map(({ type }) => type))).toEqual([
    ['req', 'bereq'],
    ['req', 'bereq'],
  ])
  expect(new Set(groups.flatMap((group) => group.map(({ vxid }) => vxid))).size).toBe(4)
  expect(groups.flatMap((group) => group.slice(0, 1).flatMap((request) => texts(request, 'ReqURL'))).sort()).toEqual(['/page/0', '/page/1'])
})

it('hears of a worker that takes the place of one that died', async () => {
  const it = await crew({ ...VARNISH, policyFile: policyFile() })
  const [victim] = await it.connectToEach()
  const log = await listen(it.server, { query: 'ReqURL ~ ^/after' })
  if (victim === undefined) throw new Error('there is no worker')
  it.end(victim, 'terminate')
  await it.replaced(1)
  const each = await it.connectToEach()
  for (const connected of each) await connected.get('/after')
  expect((await log.take(2)).flatMap(({ transactions = [] }) => transactions.map(({ type }) => type))).toEqual(['req', 'req'])
})

it('debug.xid sets the ids of all workers, which do not give one twice', async () => {
  const it = await crew({ ...VARNISH, policyFile: policyFile() })
  const each = await it.connectToEach()
  expect(await commandOf(it.server, 'debug.xid 1000')).toEqual({ status: 200, text: 'XID is 1000 chunk 32768' })
  const ids: number[] = []
  for (const connected of each) ids.push(Number((await connected.client.request(message('GET', '/who'))).get('x-varnish')))
  expect(ids).toEqual([1000, 33_768])
})

it('tells on a hit the id of the fetch of another worker', async () => {
  const it = await crew({ ...VARNISH, policyFile: policyFile() })
  const [first, second] = await it.connectToEach()
  if (first === undefined || second === undefined) throw new Error('there are no two workers')
  await commandOf(it.server, 'debug.xid 1000')
  expect((await first.get('/shared')).get('x-varnish')).toBe('1000')
  const hits: (string | undefined)[] = []
  await until(() => it.stat('n_object') === 1, 'the object')
  hits.push((await second.get('/shared')).get('x-varnish'))
  hits.push((await second.get('/shared')).get('x-varnish'))
  expect(hits).toEqual(['33768 1001', '33769 1001'])
})

it('hears of what is stored for all workers that a ban has taken it', async () => {
  const it = await crew({ ...VARNISH, policyFile: policyFile() })
  const [first] = await it.connectToEach()
  if (first === undefined) throw new Error('there is no worker')
  await commandOf(it.server, 'debug.xid 1000')
  const log = await listen(it.server, { group: 'raw', query: 'ExpBan' })
  await first.get('/page')
  await until(() => it.stat('n_object') === 1, 'the object')
  await commandOf(it.server, 'ban obj.status == 200')
  expect((await log.take(1))[0]?.transactions?.[0]?.records).toEqual([['ExpBan', '1001 banned by lurker']])
})
