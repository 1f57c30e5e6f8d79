/** The PROXY protocol towards an origin: what is written, and that such a connection serves nobody else. */
import { isIPv6 } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { ManualClock } from '../../src/clock.ts'
import { Counters } from '../../src/counters.ts'
import { type ClientEnds, proxyHeader } from '../../src/origin/proxy-header.ts'
import { ByteOrigin } from '../support/byte-origin.ts'
import { authority } from '../support/certificates.ts'
import fc from '../support/properties.ts'
import { Wire } from '../support/wire.ts'
import { ask, begin, get, ok, originTo, rig, turns } from './rig.ts'

const V4: ClientEnds = { address: '192.0.2.7', port: 51234, localAddress: '198.51.100.1', localPort: 80 }
const V6: ClientEnds = { address: '2001:db8::7', port: 51234, localAddress: '2001:db8::1', localPort: 443 }
const SIGNATURE = '0d0a0d0a000d0a515549540a'

test.each([
  [V4, 'PROXY TCP4 192.0.2.7 198.51.100.1 51234 80\r\n'],
  [V6, 'PROXY TCP6 2001:db8::7 2001:db8::1 51234 443\r\n'],
  [{ ...V4, address: '2001:db8::7' }, 'PROXY TCP6 2001:db8::7 ::ffff:198.51.100.1 51234 80\r\n'],
  [{ ...V4, address: '', localAddress: '' }, 'PROXY UNKNOWN\r\n'],
  [{ ...V4, address: 'unknown\r\nGET / HTTP/1.1' }, 'PROXY UNKNOWN\r\n'],
  [{ ...V6, address: 'fe80::1%eth0' }, 'PROXY UNKNOWN\r\n'],
  [null, 'PROXY UNKNOWN\r\n'],
])('version 1 of %j', (ends, line) => {
  expect(proxyHeader(1, ends).toString('latin1')).toBe(line)
})

test.each([
  [V4, `${SIGNATURE}2111000cc0000207c6336401c8220050`],
  [V6, `${SIGNATURE}2121002420010db800000000000000000000000720010db8000000000000000000000001c82201bb`],
  [{ ...V4, localAddress: '::1' }, `${SIGNATURE}2121002400000000000000000000ffffc000020700000000000000000000000000000001c8220050`],
  [
    { ...V6, address: '1:2:3:4:5:6:7:8', localAddress: '::' },
    `${SIGNATURE}212100240001000200030004000500060007000800000000000000000000000000000000c82201bb`,
  ],
  [{ ...V4, address: '' }, `${SIGNATURE}20000000`],
  [null, `${SIGNATURE}20000000`],
])('version 2 of %j', (ends, hex) => {
  expect(proxyHeader(2, ends).toString('hex')).toBe(hex)
})

test('version 2 has the sixteen bytes of any IPv6 address, however it is written', () => {
  const group = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff }))
  fc.assert(
    fc.property(fc.array(group, { minLength: 8, maxLength: 8 }), fc.boolean(), (groups, short) => {
      const long = groups.map((value) => value.toString(16)).join(':')
      const address = short ? new URL(`http://[${long}]`).hostname.slice(1, -1) : long
      const hex = groups.map((value) => value.toString(16).padStart(4, '0')).join('')
      const header = proxyHeader(2, { ...V6, address }).toString('hex')
      expect(header).toBe(`${SIGNATURE}21210024${hex}20010db8000000000000000000000001c82201bb`)
      // What Node takes for an address is what was written.
      expect(isIPv6(address)).toBe(true)
    }),
  )
})

/** An origin that reads the header before requests. */
function behindProxy(): Promise<ByteOrigin> {
  return ByteOrigin.start(async (connection) => {
    await connection.until((received) => received.includes('\r\n'))
    const [line = ''] = connection.received.split('\r\n')
    await connection.until((received) => received.includes('\r\n\r\n'))
    connection.send(ok(line))
  })
}

test('each request has a connection of its own, which names its client and says that it ends', async () => {
  const server = await behindProxy()
  const { origin } = await rig(server, { proxyHeader: 1 })
  const as = (address: string): ReturnType<typeof ask> => ask(origin, get('/', { client: () => ({ ...V4, address }) }))
  expect((await as('192.0.2.7')).text).toBe('PROXY TCP4 192.0.2.7 198.51.100.1 51234 80')
  await turns()
  expect((await as('192.0.2.8')).text).toBe('PROXY TCP4 192.0.2.8 198.51.100.1 51234 80')
  expect((await ask(origin, get('/'))).text).toBe('PROXY UNKNOWN')
  expect(server.connections).toHaveLength(3)
  for (const connection of server.connections) {
    expect(connection.received.match(/\r\nConnection: close\r\n/g)).toHaveLength(1)
    await connection.closed
  }
})

test('a connection that was opened in the name of a client who left serves nobody', async () => {
  const server = await behindProxy()
  const { origin } = await rig(server, { proxyHeader: 1, maxConnections: 1 })
  const first = begin(origin, get('/', { client: () => V4 }))
  first.call.cancel()
  const second = begin(origin, get('/', { client: () => ({ ...V4, address: '192.0.2.99' }) }))
  await second.over
  expect(second.text).toContain('192.0.2.99')
  expect(server.connections).toHaveLength(2)
})

test('over TLS the header comes first, in plain text', async () => {
  const ca = authority('Clearcoat test CA')
  const plain: string[] = []
  const server = await ByteOrigin.answering(() => ok('secret'), ca.issue({ names: ['127.0.0.1'] }))
  const wire = await Wire.before(server.port)
  onTestFinished(async () => {
    await wire.close()
    await server.close()
  })
  wire.onward = (bytes, first) => {
    if (!first) return bytes
    const end = bytes.indexOf('\r\n')
    plain.push(bytes.toString('latin1', 0, end))
    return bytes.subarray(end + 2)
  }
  const origin = originTo(`https://127.0.0.1:${wire.port}`, new Counters(), new ManualClock(), { tls: { ca: ca.cert }, proxyHeader: 1 })
  for (let i = 0; i < 2; i++) expect((await ask(origin, get('/', { client: () => V4 }))).text).toBe('secret')
  expect(plain).toEqual(['PROXY TCP4 192.0.2.7 198.51.100.1 51234 80', 'PROXY TCP4 192.0.2.7 198.51.100.1 51234 80'])
})
