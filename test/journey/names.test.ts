/** An origin with a name: resolved once for the process, whatever number of workers, and followed while the server runs. */
import { expect, onTestFinished, test } from 'vitest'
import { definePolicy } from '../../vcl-ts/index.ts'
import { DnsServer } from '../support/dns-server.ts'
import { ScriptedOrigin } from '../support/scripted-origin.ts'
import { until } from '../support/until.ts'
import { open, reply, type Site } from './site.ts'

/** Asks in parallel on connections of their own, so that all workers have some. */
async function many(site: Site, label: string): Promise<Set<string>> {
  const answers = await Promise.all(Array.from({ length: 16 }, (_, i) => site.get(`/${label}${i}`)))
  return new Set(answers.map(({ status, body }) => `${status} ${body.toString()}`))
}

test('a name is resolved once, a change reaches everybody, and a failing DNS nobody', async () => {
  const dns = await DnsServer.start()
  const second = await ScriptedOrigin.start((_hit, response) => reply(response, 200, {}, 'second'))
  onTestFinished(async () => {
    await dns.close()
    await second.close()
  })
  // Both are services of one name, on ports of their own.
  const pass = definePolicy({ recv: ({ pass }) => pass() })
  dns.set('one.test', { addresses: ['127.0.0.1'], ttl: 3000 })
  const service = (port: number): void => dns.set('_http._tcp.app.test', { services: [{ target: 'one.test', port }] })
  const site = await open((_hit, response) => reply(response, 200, {}, 'first'), {
    origin: 'srv+http://app.test',
    dnsServers: [dns.address],
    policy: pass,
  })
  service(site.origin.port)
  expect(await many(site, 'a')).toEqual(new Set(['200 first']))
  expect(dns.queries.toSorted()).toEqual(['A one.test', 'AAAA one.test', 'SRV _http._tcp.app.test'])
  service(second.port)
  site.clock.advance(5000)
  // Connections to the old one are given up when the change is known.
  await until(() => site.origin.sockets.size === 0, 'the end of the old connections')
  expect(await many(site, 'b')).toEqual(new Set(['200 second']))
  expect(dns.queries).toHaveLength(6)
  dns.set('_http._tcp.app.test', { trouble: 'SERVFAIL' })
  site.clock.advance(5000)
  await until(() => site.events.some(({ message }) => message === 'a name is not resolved'), 'the failure')
  expect(await many(site, 'c')).toEqual(new Set(['200 second']))
  expect(site.events.filter(({ message }) => message === 'a name is not resolved')).toHaveLength(1)
})

test('a name that does not exist is a 502 with its reason', async () => {
  const dns = await DnsServer.start()
  onTestFinished(() => dns.close())
  const site = await open((_hit, response) => reply(response, 200, {}), { origin: 'http://gone.test', dnsServers: [dns.address] })
  const page = await site.get('/')
  expect([page.status, page.get('proxy-status')]).toEqual([502, expect.stringContaining('error=dns_error')])
  expect(site.stat('fetch_fail_dns')).toBe(1)
})
