/** Who listens to the transaction log, and what that costs who does not. */
import { expect, it, vi } from 'vitest'
import { ManualClock } from '../../src/clock.ts'
import { serve } from '../../src/request/serve.ts'
import type { RequestTransaction } from '../../src/request/transaction.ts'
import { Journal, type OpenTransaction } from '../../src/vsl/journal.ts'
import type { Transaction } from '../../src/vsl/transaction.ts'
import { ask, operated } from '../admin/rig.ts'
import { engineFor, getExchange } from '../journey/in-process.ts'
import { always, message } from '../journey/site.ts'
import { ScriptedOrigin } from '../support/scripted-origin.ts'
import { until } from '../support/until.ts'
import { listen, opened, outline, texts } from './listening.ts'

const FRESH = { 'Cache-Control': 'max-age=60' }

it('no record is made while nobody listens, and none of what begins after the last has left', async () => {
  const begin = vi.spyOn(Journal.prototype, 'begin')
  const origin = await ScriptedOrigin.start(always(FRESH))
  const engine = engineFor(origin.url)
  const request = async (path: string): Promise<RequestTransaction['log']> => {
    const exchange = getExchange(path)
    serve(engine, exchange)
    const { log } = exchange.observer as RequestTransaction
    await exchange.answered
    return log
  }
  expect([await request('/a'), await request('/a')]).toEqual([null, null])
  expect(begin).not.toHaveBeenCalled()
  const heard: Transaction[] = []
  const leave = await engine.journal.listen({ transaction: (each) => heard.push(each), lost: () => {} })
  expect(await request('/a')).not.toBeNull()
  expect(await request('/b')).not.toBeNull()
  expect(heard.map(({ type }) => type).sort()).toEqual(['bereq', 'req', 'req'])
  const { length } = begin.mock.calls
  leave()
  expect([await request('/c'), await request('/a')]).toEqual([null, null])
  expect(begin).toHaveBeenCalledTimes(length)
  begin.mockRestore()
  await origin.close()
})

it('records sessions that were there before, from their next request on', async () => {
  const site = await operated(always(FRESH))
  const client = await site.connect()
  await client.request(message('GET', '/'))
  const log = await listen(site.server, { group: 'session' })
  await client.request(message('GET', '/', { Connection: 'close' }))
  client.destroy()
  const group = await log.group()
  expect(group.map(({ level, type }) => `${level} ${type}`)).toEqual(['1 sess', '2 req'])
})

it('gives whole groups in which the query holds', async () => {
  const site = await operated((hit, response) => response.writeHead(hit.url === '/bad' ? 500 : 200, FRESH).end('x'))
  const log = await listen(site.server, { group: 'request', query: 'BerespStatus >= 500' })
  const by = await listen(site.server, { query: 'RespStatus == 200' })
  await site.get('/good')
  await site.get('/bad')
  const group = await log.group()
  expect(group.map(({ type }) => type)).toEqual(['req', 'bereq'])
  expect(group[0] && texts(group[0], 'ReqURL')).toEqual(['/bad'])
  expect((await by.group()).flatMap((each) => texts(each, 'ReqURL'))).toEqual(['/good'])
  expect(outline(await by.group())).toHaveLength(1)
})

it('refuses a query that cannot be understood, with a caret, and groupings that there are not', async () => {
  const site = await operated()
  const reply = await ask(site.server.admin, `GET /log?query=${encodeURIComponent('ReqULR ~ x')}`)
  expect(reply.status).toBe(400)
  expect(reply.json?.['detail']).toBe('there is no tag "ReqULR"; did you mean ReqURL?\n  ReqULR ~ x\n  ^')
  expect((await ask(site.server.admin, 'GET /log?group=pairs')).status).toBe(400)
  expect((await ask(site.server.admin, 'HEAD /log')).headers['content-type']).toBe('application/x-ndjson')
})

it('is guarded as the rest of the admin listener is', async () => {
  const site = await operated(always(FRESH), { adminToken: 'open-sesame' })
  expect((await ask(site.server.admin, 'GET /log')).status).toBe(401)
  expect((await ask(site.server.admin, 'GET /log', { headers: { Origin: 'http://evil.example' } })).status).toBe(403)
})

it('a listener that reads nothing loses groups, is told how many, and holds nobody up', async () => {
  const site = await operated(always(FRESH))
  const slow = await opened(site.server)
  const quick = await listen(site.server, { query: 'ReqMethod' })
  const client = await site.connect()
  const long = { 'X-Long': 'x'.repeat(4000) }
  const count = 3000
  for (let i = 0; i < count; i++) await client.request(message('GET', '/', long))
  expect((await quick.take(count)).length).toBe(count)
  slow.read()
  await until(() => slow.lines.some(({ lost }) => lost !== undefined), 'the count of what is lost')
  const lost = slow.lines.reduce((sum, line) => sum + (line.lost ?? 0), 0)
  const told = slow.lines.filter(({ transactions }) => transactions !== undefined).length
  expect(lost).toBeGreaterThan(0)
  // The requests and the first one's fetch; the connection still lives.
  expect(lost + told).toBe(count + 1)
  client.destroy()
})

it('a listener that leaves is forgotten', async () => {
  const site = await operated(always(FRESH))
  const log = await listen(site.server)
  await site.get('/')
  await log.take(1)
  log.response.destroy()
  const begin = vi.spyOn(Journal.prototype, 'begin')
  do {
    begin.mockClear()
    await site.get('/')
  } while (begin.mock.calls.length > 0)
  begin.mockRestore()
})

it('a transaction has 2,000 records at most, one of them says what is left out', () => {
  const journal = new Journal(new ManualClock())
  const heard: Transaction[] = []
  void journal.listen({ transaction: (each) => heard.push(each), lost: () => {} })
  const open = journal.begin('req', 5, 0, 'rxreq') as OpenTransaction
  for (let i = 0; i < 3000; i++) open.add('Debug', 'x')
  open.end()
  open.add('Debug', 'too late')
  expect(heard[0]?.records).toHaveLength(2002)
  expect(heard[0]?.records.at(-2)).toEqual(['Notice', '1001 records were left out: the transaction has too many'])
})

it('while 32 MiB are under way nothing more is recorded, and that is counted', () => {
  const journal = new Journal(new ManualClock())
  let lost = 0
  void journal.listen({
    transaction: () => {},
    lost: (count) => {
      lost += count
    },
  })
  const open: OpenTransaction[] = []
  for (let i = 1; i <= 200; i++) {
    const each = journal.begin('req', i, 0, 'rxreq')
    if (each === null) break
    for (let line = 0; line < 200; line++) each.add('Debug', 'x'.repeat(4000))
    open.push(each)
  }
  expect(open.length).toBeLessThan(70)
  expect(lost).toBe(1)
  for (const each of open) each.end()
  expect(journal.begin('req', 999, 0, 'rxreq')).not.toBeNull()
})

it('a server that closes ends the log of whoever listens', async () => {
  const site = await operated(always(FRESH))
  const log = await listen(site.server)
  const waiting = expect(log.take(1)).rejects.toThrow('the log ended after 0 of 1 lines')
  await site.server.close()
  await waiting
})
