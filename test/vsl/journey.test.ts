/** What the transaction log tells of whole journeys, over real sockets. */
import { connect } from 'node:net'
import { describe, expect, it } from 'vitest'
import type { LogLine } from '../../src/admin/log-stream.ts'
import { acl, backend, definePolicy } from '../../vcl-ts/index.ts'
import { always, message, open, reply, type Site, type SiteOptions } from '../journey/site.ts'
import { commandOf } from './admin-command.ts'
import { hooks, type Listening, listen, outline, texts } from './listening.ts'

const FRESH = { 'Cache-Control': 'max-age=60' }

interface Heard {
  readonly site: Site
  readonly log: Listening
}

/** A site whose next connection is 1000, and somebody who listens to it. */
async function heard(script: Parameters<typeof open>[0], options: SiteOptions = {}, query: Record<string, string> = {}): Promise<Heard> {
  const site = await open(script, { preset: 'varnish', admin: '127.0.0.1:0', ...options })
  await commandOf(site.server, 'debug.xid 1000')
  return { site, log: await listen(site.server, { group: 'request', ...query }) }
}

it('tells a miss, its fetch, and the hit on what that stored', async () => {
  const { site, log } = await heard(always(FRESH, 'hello'))
  const client = await site.connect()
  await client.request(message('GET', '/page?a=b', { 'X-Tag': 'one' }))
  await client.request(message('GET', '/page?a=b'))
  client.destroy()
  const [miss, hit] = (await log.take(2)).map(({ transactions = [] }) => transactions)
  expect(outline(miss ?? [])).toEqual(['1 req 1001 rxreq', '2 bereq 1002 fetch'])
  const [request, fetch] = miss ?? []
  if (request === undefined || fetch === undefined) throw new Error('there is no miss')
  expect(request.records.slice(0, 1)).toEqual([['Begin', 'req 1000 rxreq']])
  expect(request.records.at(-1)).toEqual(['End', ''])
  expect(hooks(request)).toEqual(['RECV hash', 'HASH lookup', 'MISS fetch', 'DELIVER deliver'])
  expect(texts(request, 'Hash')).toEqual(['/page?a=b', 'www.example'])
  expect(texts(request, 'Link')).toEqual(['bereq 1002 fetch'])
  expect(texts(request, 'ReqMethod')).toEqual(['GET'])
  expect(texts(request, 'ReqURL')).toEqual(['/page?a=b'])
  expect(texts(request, 'ReqProtocol')).toEqual(['HTTP/1.1'])
  expect(texts(request, 'ReqHeader')).toContain('X-Tag: one')
  expect(texts(request, 'RespStatus')).toEqual(['200'])
  expect(texts(request, 'RespHeader')).toContain('X-Varnish: 1001')
  expect(texts(request, 'Timestamp').map((text) => text.split(':')[0])).toEqual(['Start', 'Req', 'Fetch', 'Process', 'Resp'])
  expect(texts(request, 'ReqAcct')[0]).toMatch(/^\d+ 0 \d+ \d+ 5 \d+$/)
  expect(fetch.records[0]).toEqual(['Begin', 'bereq 1001 fetch'])
  expect(hooks(fetch)).toEqual(['BACKEND_FETCH fetch', 'BACKEND_RESPONSE deliver'])
  expect(texts(fetch, 'BereqURL')).toEqual(['/page?a=b'])
  expect(texts(fetch, 'BereqHeader')).toContain('X-Varnish: 1002')
  expect(texts(fetch, 'BerespStatus')).toEqual(['200'])
  expect(texts(fetch, 'BerespHeader')).toContain('Cache-Control: max-age=60')
  expect(texts(fetch, 'TTL')[0]).toMatch(/^RFC 60 10 0 (\d+) \1 \1 0 60 cacheable$/)
  expect(texts(fetch, 'Storage')).toEqual(['memory'])
  expect(texts(fetch, 'Fetch_Body')).toEqual(['3 length stream'])
  expect(texts(fetch, 'Length')).toEqual(['5'])
  expect(texts(fetch, 'BackendOpen')[0]).toMatch(/^\d+ http:\/\/127\.0\.0\.1:\d+ 127\.0\.0\.1 \d+ 127\.0\.0\.1 \d+ connect$/)
  expect(texts(fetch, 'BackendClose')[0]).toMatch(/ recycle$/)
  expect(texts(fetch, 'Timestamp').map((text) => text.split(':')[0])).toEqual([
    'Start',
    'Fetch',
    'Bereq',
    'Beresp',
    'Process',
    'BerespBody',
  ])
  expect(texts(fetch, 'BereqAcct')[0]).toMatch(/^\d+ 0 \d+ \d+ 5 \d+$/)
  expect(outline(hit ?? [])).toEqual(['1 req 1003 rxreq'])
  const [again] = hit ?? []
  if (again === undefined) throw new Error('there is no hit')
  expect(texts(again, 'Hit')).toEqual(['1002 60.000000 10.000000 0.000000'])
  expect(hooks(again)).toEqual(['RECV hash', 'HASH lookup', 'HIT deliver', 'DELIVER deliver'])
  expect(texts(again, 'RespHeader')).toContain('X-Varnish: 1003 1002')
})

it('tells what hooks change, log and decide', async () => {
  const policy = definePolicy({
    name: 'shop',
    recv: ({ req, log }) => {
      req.headers.delete('X-Gone')
      req.headers.set('X-Set', 'by recv')
      req.url = '/other'
      log('tenant', 'acme')
    },
    backendResponse: ({ beresp, log }) => {
      beresp.ttl = 5
      log('slow', 1)
    },
    deliver: ({ resp }) => {
      resp.headers.set('X-Served', 'yes')
      resp.status = 203
    },
  })
  const { site, log } = await heard(always(FRESH), { policy })
  await site.get('/', { 'X-Gone': 'soon' })
  const [request, fetch] = await log.group()
  if (request === undefined || fetch === undefined) throw new Error('there is no fetch')
  expect(texts(request, 'VCL_use')).toEqual(['shop'])
  expect(texts(request, 'ReqUnset')).toContain('X-Gone: soon')
  expect(texts(request, 'ReqHeader')).toContain('X-Set: by recv')
  expect(texts(request, 'ReqURL')).toEqual(['/', '/other'])
  expect(texts(request, 'VCL_Log')).toEqual(['tenant:acme'])
  expect(texts(fetch, 'VCL_Log')).toEqual(['slow:1'])
  expect(texts(fetch, 'TTL').map((text) => text.split(' ').slice(0, 2).join(' '))).toEqual(['RFC 60', 'VCL 5'])
  expect(texts(request, 'RespStatus')).toEqual(['200', '203'])
  const at = (tag: string, text: string): number => request.records.findIndex(([each, value]) => each === tag && value === text)
  expect(at('RespHeader', 'X-Served: yes')).toBeGreaterThan(at('VCL_call', 'DELIVER'))
  expect(at('RespHeader', 'X-Served: yes')).toBeLessThan(at('VCL_return', 'deliver'))
})

it('tells what we set of the request’s fields before the first hook, with and without one', async () => {
  for (const policy of [definePolicy({}), definePolicy({ recv: () => undefined })]) {
    const { site, log } = await heard(always(FRESH), { policy })
    const fields = { 'X-Forwarded-For': '192.0.2.7' }
    await site.get('/', fields)
    await site.get('/', fields)
    for (const { transactions = [] } of await log.take(2)) {
      const records = transactions[0]?.records ?? []
      const at = (tag: string, text: RegExp): readonly number[] =>
        records.flatMap(([each, value], index) => (each === tag && text.test(value) ? [index] : []))
      const [recv = -1] = at('VCL_call', /^RECV$/)
      const [came = -1, set = -1, ...more] = at('ReqHeader', /^X-Forwarded-For: /)
      const [unset = -1] = at('ReqUnset', /^X-Forwarded-For: 192\.0\.2\.7$/)
      const order = [came, unset, set, recv]
      expect(order).toEqual([...order].sort((one, other) => one - other))
      expect(records[set]?.[1]).toBe('X-Forwarded-For: 127.0.0.1')
      expect(more).toEqual([])
      expect(at('ReqHeader', /^Via: 1\.1 /).map((index) => index < recv)).toEqual([true])
      expect(at('ReqUnset', /./).filter((index) => index > recv)).toEqual([])
    }
  }
})

it('tells who was looked for in address lists with a name, with the hook that asked', async () => {
  const office = acl('127.0.0.0/8', '!10.1.2.3').named('office')
  const nowhere = acl('10.0.0.0/8').named('nowhere')
  const policy = definePolicy({
    recv: async ({ client }) => {
      office.matches(client.ip)
      office.matches('10.1.2.3')
      acl().matches(client.ip)
      await new Promise((resolve) => setImmediate(resolve))
      office.matches('too late to be told from what others ask')
    },
    backendFetch: () => void nowhere.matches('127.0.0.1'),
  })
  const { site, log } = await heard(always(FRESH), { policy })
  await site.get('/')
  office.matches('127.0.0.1')
  const [request, fetch] = await log.group()
  expect(request && texts(request, 'VCL_acl')).toEqual(['MATCH office "127.0.0.0"/8', 'NEG_MATCH office "10.1.2.3"'])
  expect(fetch && texts(fetch, 'VCL_acl')).toEqual(['NO_MATCH nowhere'])
  const at = (tag: string, text: string): number => request?.records.findIndex(([each, value]) => each === tag && value === text) ?? -1
  expect(at('VCL_acl', 'NEG_MATCH office "10.1.2.3"')).toBeGreaterThan(at('VCL_call', 'RECV'))
  expect(at('VCL_acl', 'NEG_MATCH office "10.1.2.3"')).toBeLessThan(at('VCL_return', 'hash'))
})

it('tells a restart as a transaction of its own, beside the first', async () => {
  const policy = definePolicy({ recv: ({ req, restart }) => (req.restarts === 0 ? restart() : undefined) })
  const { site, log } = await heard(always(FRESH), { policy })
  await site.get('/')
  const group = await log.group()
  expect(outline(group)).toEqual(['1 req 1001 rxreq', '1 req 1002 restart', '2 bereq 1003 fetch'])
  expect(group.map(hooks)).toEqual([['RECV restart'], expect.arrayContaining(['RECV hash']), expect.any(Array)])
  expect(group[0] && texts(group[0], 'Link')).toEqual(['req 1002 restart'])
  expect(group[1]?.records[0]).toEqual(['Begin', 'req 1001 restart'])
})

it('tells a retry as a transaction of its own', async () => {
  const policy = definePolicy({ backendResponse: ({ beresp, retry }) => (beresp.status === 500 ? retry() : undefined) })
  const { site, log } = await heard((hit, response) => reply(response, hit.index === 0 ? 500 : 200, FRESH, 'x'), { policy })
  await site.get('/')
  const group = await log.group()
  expect(outline(group)).toEqual(['1 req 1001 rxreq', '2 bereq 1002 fetch', '3 bereq 1003 retry'])
  expect(group.slice(1).map(hooks)).toEqual([
    ['BACKEND_FETCH fetch', 'BACKEND_RESPONSE retry'],
    ['BACKEND_FETCH fetch', 'BACKEND_RESPONSE deliver'],
  ])
  expect(group[1] && texts(group[1], 'BackendClose')[0]).toMatch(/ close$/)
})

it('tells a page with its fragments and their fetches', async () => {
  const policy = definePolicy({
    backendResponse: ({ beresp, bereq }) => {
      beresp.esi = bereq.url === '/page'
    },
  })
  const page = '<p><esi:include src="/a"/><esi:include src="/b"/></p>'
  const { site, log } = await heard((hit, response) => reply(response, 200, FRESH, hit.url === '/page' ? page : hit.url), { policy })
  expect((await site.get('/page')).body.toString()).toBe('<p>/a/b</p>')
  const group = await log.group()
  expect(outline(group)).toEqual([
    '1 req 1001 rxreq',
    '2 bereq 1002 fetch',
    '2 req 1003 esi 1',
    '2 req 1005 esi 1',
    '3 bereq 1004 fetch',
    '3 bereq 1006 fetch',
  ])
  expect(group[0] && texts(group[0], 'Filters')).toEqual(['esi'])
  expect(group[0] && texts(group[0], 'Link')).toEqual(['bereq 1002 fetch', 'req 1003 esi 1', 'req 1005 esi 1'])
})

it('tells what passes, with the request’s body', async () => {
  const { site, log } = await heard(always({}))
  await site.ask('POST', '/form', {}, 'a=b')
  const [request, fetch] = await log.group()
  expect(request && hooks(request)).toEqual(['RECV pass', 'HASH lookup', 'PASS fetch', 'DELIVER deliver'])
  expect(request && texts(request, 'ReqAcct')[0]).toMatch(/^(\d+) 3 \d+ /)
  expect(fetch?.reason).toBe('pass')
  expect(fetch && texts(fetch, 'BereqMethod')).toEqual(['POST'])
  expect(fetch && texts(fetch, 'Storage')).toEqual(['transient'])
})

it('tells what is made here, and a hook that fails', async () => {
  const policy = definePolicy({
    recv: ({ req, synth }) => {
      if (req.url === '/throw') throw new Error('broken on purpose')
      return synth(404, 'Nothing')
    },
  })
  const { site, log } = await heard(always({}), { policy })
  await site.get('/')
  await site.get('/throw')
  const [synth, failed] = (await log.take(2)).map(({ transactions = [] }) => transactions[0])
  expect(synth && hooks(synth)).toEqual(['RECV synth', 'SYNTH deliver'])
  expect(synth && texts(synth, 'RespStatus')).toEqual(['404'])
  expect(synth && texts(synth, 'RespReason')).toEqual(['Nothing'])
  expect(failed && hooks(failed)).toEqual(['RECV fail', 'SYNTH deliver'])
  expect(failed && texts(failed, 'VCL_Error')[0]).toMatch(/^policy: /)
})

it('tells a refresh in the background with the request that caused it', async () => {
  const { site, log } = await heard(always({ 'Cache-Control': 'max-age=1' }))
  await site.get('/')
  site.clock.advance(2000)
  await site.get('/')
  const group = (await log.take(2))[1]?.transactions ?? []
  expect(outline(group)).toEqual(['1 req 1004 rxreq', '2 bereq 1005 bgfetch'])
  expect(group[0] && texts(group[0], 'Hit')[0]).toMatch(/^1002 -1\.\d{6} 10\.000000 /)
  expect(group[0] && texts(group[0], 'Debug')).toEqual(['STALE GRACE'])
})

it('tells why a fetch failed', async () => {
  const { site, log } = await heard((_hit, response) => response.destroy())
  await site.get('/')
  const [request, fetch] = await log.group()
  expect(fetch && texts(fetch, 'FetchError')[0]).toMatch(/^(closed_before_answer|reset): /)
  expect(fetch && hooks(fetch)).toEqual(['BACKEND_FETCH fetch', 'BACKEND_ERROR deliver'])
  expect(fetch?.records.at(-1)).toEqual(['End', ''])
  expect(request && texts(request, 'RespStatus')).toEqual(['503'])
})

it('tells a body that breaks off, and who waited for the fetch', async () => {
  const { site, log } = await heard((hit, response) => {
    response.writeHead(200, { ...FRESH, 'Content-Length': 100 })
    response.write('half', () => (hit.index === 0 ? response.destroy() : response.end()))
  })
  await site.get('/').catch(() => undefined)
  const [request, fetch] = await log.group()
  expect(fetch && texts(fetch, 'FetchError')).toHaveLength(1)
  expect(fetch && texts(fetch, 'Length')).toEqual(['4'])
  expect(request && texts(request, 'Error')).toEqual(['the answer was broken off'])
})

it('tells a tunnel, and its bytes when it ends', async () => {
  const { site, log } = await heard((hit, response) => {
    const { socket } = hit.message
    response.writeHead(101, { Connection: 'Upgrade', Upgrade: 'websocket' }).flushHeaders()
    socket.on('data', (bytes) => socket.end(bytes))
  })
  const [host = '', port = ''] = site.address.split(':')
  const socket = connect({ host, port: Number(port) })
  socket.write(message('GET', '/', { Connection: 'Upgrade', Upgrade: 'websocket' }))
  await new Promise((resolve) => socket.once('data', resolve))
  socket.write('12345')
  await new Promise((resolve) => socket.once('data', resolve))
  socket.end()
  const [request, fetch] = await log.group()
  expect(request && hooks(request)).toEqual(['RECV pipe', 'HASH lookup', 'PIPE pipe'])
  expect(request && texts(request, 'PipeAcct')[0]).toMatch(/^[1-9]\d* [1-9]\d* 5 5$/)
  expect(fetch?.reason).toBe('pipe')
})

describe('the log', () => {
  it('tells a session with all that it carried', async () => {
    const { site, log } = await heard(always(FRESH), {}, { group: 'session' })
    const client = await site.connect()
    await client.request(message('GET', '/'))
    await client.request(message('GET', '/', { Connection: 'close' }))
    client.destroy()
    const group = await log.group()
    expect(outline(group)).toEqual(['1 sess 1000 HTTP/1', '2 req 1001 rxreq', '2 req 1003 rxreq', '3 bereq 1002 fetch'])
    expect(group[0] && texts(group[0], 'SessClose')[0]).toMatch(/^REQ_CLOSE \d+\.\d{3}$/)
    expect(group[0] && texts(group[0], 'SessOpen')[0]).toMatch(/^127\.0\.0\.1 \d+ 127\.0\.0\.1:\d+ 127\.0\.0\.1 \d+ [\d.]+ \d+$/)
  })

  it('tells why a request was refused', async () => {
    const { site, log } = await heard(always(FRESH), {}, { group: 'session' })
    const client = await site.connect()
    client.send('GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n')
    await client.response()
    client.destroy()
    const [session] = await log.group()
    expect(session && texts(session, 'Error')[0]).toMatch(/^refused: \w+ \(400\)$/)
    expect(session && texts(session, 'SessClose')[0]).toMatch(/^RX_BAD /)
  })

  it('tells what the system said of a connection that broke', async () => {
    const { site, log } = await heard(always(FRESH), {}, { group: 'session' })
    const client = await site.connect()
    await client.request(message('GET', '/'))
    client.socket.resetAndDestroy()
    const [session] = await log.group()
    expect(session && texts(session, 'SessError')).toEqual(['read ECONNRESET'])
    expect(session && texts(session, 'SessClose')[0]).toMatch(/^TX_ERROR /)
  })

  it('shows no credentials, and breaks no line', async () => {
    const { site, log } = await heard((_hit, response) => reply(response, 200, { 'Set-Cookie': 'sid=geheim; Path=/' }, 'x'))
    await site.get('/?token=geheim', { Cookie: 'sid=geheim; dark', Authorization: 'Bearer geheim', 'X-Odd': 'a\tb\xff' })
    const line = JSON.stringify(await log.group())
    expect(line).not.toContain('geheim')
    const [request] = await log.group()
    expect(request && texts(request, 'ReqHeader')).toEqual(
      expect.arrayContaining(['Cookie: sid=***; ***', 'Authorization: Bearer ***', 'X-Odd: a\\x09b\\xff']),
    )
    expect(request && texts(request, 'RespHeader')).toContain('Set-Cookie: sid=***; Path=/')
  })

  it('tells why requests go forward although something is remembered', async () => {
    const { site, log } = await heard(always({ 'Set-Cookie': 'a=b' }))
    await site.get('/')
    await site.get('/')
    const second = (await log.take(2))[1]?.transactions?.[0]
    expect(second && texts(second, 'HitMiss')).toEqual(['1002 120.000000'])
  })

  it('tells what probes find to who asks for raw records', async () => {
    const policy = definePolicy({
      backends: { app: backend('http://127.0.0.1:1', { probe: { path: '/', interval: 5, jitter: 0, initial: 8 } }) },
    })
    const { site, log } = await heard(always({}), { policy }, { group: 'raw' })
    site.clock.advance(5000)
    const [line] = await log.take(1)
    expect(line?.transactions?.[0]?.records).toEqual([
      ['Backend_health', expect.stringMatching(/^http:\/\/127\.0\.0\.1:1 (Still healthy|Went sick) [H-]+ \d+ \d+ 8 .*refused/i)],
    ])
  })

  it('tells commands of operators to who asks for raw records', async () => {
    const { site, log } = await heard(always({}), {}, { group: 'raw' })
    await commandOf(site.server, 'ping')
    const lines = await log.take(2)
    expect(lines.map(({ transactions = [] }) => transactions[0]?.records)).toEqual([
      [['CLI', 'Rd ping']],
      [['CLI', expect.stringMatching(/^Wr 200 \d+ PONG /)]],
    ])
  })

  describe('tells raw of objects that go:', () => {
    const killed = (lines: readonly LogLine[]): readonly unknown[] => lines.flatMap(({ transactions = [] }) => transactions[0]?.records)
    const query = 'ExpKill or ExpBan'

    it('what expires, and not what is purged', async () => {
      const { site, log } = await heard(always({ 'Cache-Control': 'max-age=1' }), {}, { group: 'raw', query })
      await site.ask('GET', '/purged')
      await site.ask('PURGE', '/purged')
      await site.get('/')
      site.clock.advance(12_400)
      // Its ttl was over ten seconds ago, which was its grace.
      expect(killed(await log.take(1))).toEqual([['ExpKill', 'EXP_Expired x=1007 t=-10']])
    })

    it('what makes room for others', async () => {
      const { site, log } = await heard(always(FRESH, 'x'.repeat(60_000)), { memory: 1024 * 1024 }, { group: 'raw', query })
      for (let i = 0; i < 20; i++) await site.get(`/${i}`)
      expect(killed(await log.take(1))).toEqual([['ExpKill', 'LRU x=1002']])
    })

    it('what the lurker finds a ban for', async () => {
      const { site, log } = await heard(always(FRESH), {}, { group: 'raw', query })
      await site.get('/')
      await commandOf(site.server, 'ban obj.status == 200')
      expect(killed(await log.take(1))).toEqual([['ExpBan', '1002 banned by lurker']])
    })

    it('what a look-up finds a ban for', async () => {
      const { site, log } = await heard(always(FRESH), { params: { ban_lurker_age: '60s' } }, { group: 'raw', query })
      await site.get('/')
      await commandOf(site.server, 'ban obj.status == 200')
      await site.get('/')
      expect(killed(await log.take(1))).toEqual([['ExpBan', '1002 banned lookup']])
    })
  })
})
