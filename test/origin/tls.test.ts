/** TLS to an origin: who is believed, what is shown, and what is done with sessions. */
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer as createTlsServer, type TlsOptions as ServerTls, type TLSSocket } from 'node:tls'
import { expect, onTestFinished, test } from 'vitest'
import { ManualClock } from '../../src/clock.ts'
import { Counters } from '../../src/counters.ts'
import { createOrigins } from '../../src/origin/registry.ts'
import { type BackendOptions, backend } from '../../vcl-ts/backend.ts'
import { ByteOrigin } from '../support/byte-origin.ts'
import { authority, encrypted, selfSigned } from '../support/certificates.ts'
import { Wire } from '../support/wire.ts'
import { ask, begin, get, namesFor, ok, originTo, rig, settingsFor, turns } from './rig.ts'

const DAY = 86_400_000
const ca = authority('Clearcoat test CA')
const other = authority('Another CA')
const here = ca.issue({ names: ['127.0.0.1', 'app.test'] })
const client = ca.issue({})

/** A TLS server that answers every request on every connection with `answer(socket)`. */
async function tlsServer(options: ServerTls, answer: (socket: TLSSocket) => string = () => 'fine'): Promise<string> {
  const sockets = new Set<Socket>()
  const server = createTlsServer({ ...here, ...options }, (socket) => {
    socket.on('error', () => {})
    socket.on('data', () => socket.write(ok(answer(socket))))
  })
  server.on('connection', (socket: Socket) => sockets.add(socket))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return `https://127.0.0.1:${(server.address() as AddressInfo).port}`
}

test.each(['TLSv1.2', 'TLSv1.3'] as const)('asks over %s, and uses the connection again', async (version) => {
  const { origin, server, counters } = await rig(
    await ByteOrigin.answering(({ target }) => ok(target), { ...here, minVersion: version, maxVersion: version }),
    { tls: { ca: ca.cert } },
  )
  for (const target of ['/1', '/2', '/3']) {
    expect((await ask(origin, get(target))).text).toBe(target)
    await turns()
  }
  expect(server.connections).toHaveLength(1)
  expect(counters.get('backend_reuse')).toBe(2)
})

test.each([
  ['for another name', 'tls_name', ca.issue({ names: ['other.test'] }), {}],
  ['for another address', 'tls_name', ca.issue({ names: ['127.0.0.2'] }), {}],
  ['for a name that only begins alike', 'tls_name', ca.issue({ names: ['app.test.evil.test'] }), { serverName: 'app.test' }],
  [
    'that is over',
    'tls_expired',
    ca.issue({ names: ['127.0.0.1'], notBefore: new Date(Date.now() - 2 * DAY), notAfter: new Date(Date.now() - DAY) }),
    {},
  ],
  [
    'that is not valid yet',
    'tls_expired',
    ca.issue({ names: ['127.0.0.1'], notBefore: new Date(Date.now() + DAY), notAfter: new Date(Date.now() + 2 * DAY) }),
    {},
  ],
  ['that vouches for itself', 'tls_untrusted', selfSigned({ names: ['127.0.0.1'] }), {}],
  ['of an authority that is not trusted', 'tls_untrusted', other.issue({ names: ['127.0.0.1'] }), {}],
])('refuses an origin with a certificate %s: %s', async (_, code, pair, more) => {
  const { origin, server, counters } = await rig(await ByteOrigin.answering(() => ok('secret'), pair), { tls: { ca: ca.cert, ...more } })
  const answer = await ask(origin, get('/', { method: 'POST', fieldLines: 'Host: a\r\nCookie: geheim\r\n' }))
  expect([answer.outcome, answer.failure!.untouched]).toEqual([code, true])
  expect(answer.failure!.message).not.toBe('')
  expect([counters.reasonCount('fetch_fail', code), counters.get('backend_fail')]).toEqual([1, 1])
  // Not a byte of the request has gone.
  await server.connections[0]!.closed
  expect(server.connections[0]!.received).toBe('')
})

test('the system’s authorities do not vouch for a private one', async () => {
  const { origin } = await rig(await ByteOrigin.answering(() => ok('secret'), here))
  expect((await ask(origin, get('/'))).outcome).toBe('tls_untrusted')
})

test('without verification whoever answers is asked', async () => {
  const pair = selfSigned({ names: ['other.test'], notBefore: new Date(0), notAfter: new Date(DAY) })
  const { origin } = await rig(await ByteOrigin.answering(() => ok('anybody'), pair), { tls: { verify: false } })
  expect((await ask(origin, get('/'))).text).toBe('anybody')
})

test.each([
  ['serverName', { tls: { ca: ca.cert, serverName: 'app.test' } }, 'app.test'],
  ['the host of hostHeader', { hostHeader: 'app.test:8443', tls: { ca: ca.cert } }, 'app.test'],
  ['no name for an address', { tls: { ca: ca.cert } }, false],
] as const)('asks for the certificate by %s', async (_, options: BackendOptions, name) => {
  const url = await tlsServer({}, (socket) => JSON.stringify([socket.servername, socket.alpnProtocol]))
  const answer = await ask(originTo(url, new Counters(), new ManualClock(), options), get('/'))
  expect(JSON.parse(answer.text)).toEqual([name, false])
})

test('offers HTTP/1.1 alone', async () => {
  const spoken = await tlsServer({ ALPNProtocols: ['h2', 'http/1.1'] }, (socket) => String(socket.alpnProtocol))
  expect((await ask(originTo(spoken, new Counters(), new ManualClock(), { tls: { ca: ca.cert } }), get('/'))).text).toBe('http/1.1')
  const h2 = await tlsServer({ ALPNProtocols: ['h2'] })
  expect((await ask(originTo(h2, new Counters(), new ManualClock(), { tls: { ca: ca.cert } }), get('/'))).outcome).toBe('tls_handshake')
})

test('does not speak what is older than TLS 1.2', async () => {
  const url = await tlsServer({ minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' })
  expect((await ask(originTo(url, new Counters(), new ManualClock(), { tls: { ca: ca.cert } }), get('/'))).outcome).toBe('tls_handshake')
})

test.each([
  ['TLSv1.2', true],
  ['TLSv1.2', false],
  ['TLSv1.3', true],
  ['TLSv1.3', false],
] as const)('over %s an origin that demands a certificate gets it: %s', async (version, shown) => {
  const url = await tlsServer(
    { ca: ca.cert, requestCert: true, rejectUnauthorized: true, minVersion: version, maxVersion: version },
    (socket) => String(socket.authorized),
  )
  const options = shown
    ? { tls: { ca: ca.cert, cert: client.cert, key: encrypted(client.key, 'open'), passphrase: 'open' } }
    : { tls: { ca: ca.cert } }
  const answer = await ask(originTo(url, new Counters(), new ManualClock(), options), get('/'))
  if (shown) expect(answer.text).toBe('true')
  else expect(answer.outcome).toBe('tls_handshake')
})

test.each([
  ['before anything was said', (socket: Socket) => void socket.write(ok('planted'))],
  ['in answer to the hello', (socket: Socket) => void socket.once('data', () => socket.write(ok('planted')))],
  ['an end before anything was said', (socket: Socket) => void socket.end()],
  ['an end in answer to the hello', (socket: Socket) => void socket.once('data', () => socket.end())],
  ['a reset in answer to the hello', (socket: Socket) => void socket.once('data', () => socket.resetAndDestroy())],
])('plain text from the origin, %s, ends the attempt', async (_, script) => {
  const sockets: Socket[] = []
  const server = createServer((socket) => {
    sockets.push(socket)
    socket.on('error', () => {})
    script(socket)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const { port } = server.address() as AddressInfo
  const counters = new Counters()
  const answer = await ask(originTo(`https://127.0.0.1:${port}`, counters, new ManualClock(), { tls: { verify: false } }), get('/'))
  expect([answer.outcome, answer.failure!.untouched, answer.text]).toEqual(['tls_handshake', true, ''])
  expect(counters.reasonCount('fetch_fail', 'tls_handshake')).toBe(1)
  for (const socket of sockets) socket.destroy()
})

test('plain text within the handshake ends the attempt', async () => {
  const server = await ByteOrigin.answering(() => ok('x'), here)
  const wire = await Wire.before(server.port)
  let pieces = 0
  wire.through = (bytes) =>
    pieces++ > 0 ? [bytes] : [bytes.subarray(0, 100), Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nEVIL'), bytes.subarray(100)]
  onTestFinished(async () => {
    await wire.close()
    await server.close()
  })
  const asked = await ask(originTo(`https://127.0.0.1:${wire.port}`, new Counters(), new ManualClock(), { tls: { ca: ca.cert } }), get('/'))
  expect([asked.outcome, asked.text]).toEqual(['tls_handshake', ''])
})

test('a handshake that hangs meets the connect deadline', async () => {
  const server = createServer(() => {})
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const clock = new ManualClock()
  const accepted = new Promise<Socket>((resolve) => server.once('connection', resolve))
  const asked = begin(originTo(`https://127.0.0.1:${(server.address() as AddressInfo).port}`, new Counters(), clock), get('/'))
  const socket = await accepted
  await new Promise<void>((resolve) => socket.once('data', () => resolve()))
  clock.advance(3499)
  expect(asked.outcome).toBe('pending')
  clock.advance(1)
  await asked.over
  expect(asked.outcome).toBe('connect_timeout')
  await new Promise<void>((resolve) => socket.resume().once('close', () => resolve()))
})

test.each(['TLSv1.2', 'TLSv1.3'] as const)(
  'over %s a later connection resumes the session, and after an hour the certificate is looked at again',
  async (version) => {
    const url = await tlsServer({ minVersion: version, maxVersion: version }, (socket) => {
      setImmediate(() => socket.end())
      return String(socket.isSessionReused())
    })
    const clock = new ManualClock()
    const origin = originTo(url, new Counters(), clock, { tls: { ca: ca.cert } })
    const resumed = async (): Promise<string> => {
      const { text } = await ask(origin, get('/'))
      await turns(5)
      return text
    }
    expect([await resumed(), await resumed(), await resumed()]).toEqual(['false', 'true', 'true'])
    clock.advance(3_599_000)
    expect(await resumed()).toBe('true')
    clock.advance(1_000)
    expect([await resumed(), await resumed()]).toEqual(['false', 'true'])
  },
)

test('a session that was made without verification, or for another name, is never used where it counts', async () => {
  const url = await tlsServer({}, (socket) => {
    setImmediate(() => socket.end())
    return String(socket.isSessionReused())
  })
  const origins = createOrigins({
    names: namesFor(new ManualClock()),
    settings: settingsFor({}),
    clock: new ManualClock(),
    counters: new Counters(),
    oddStatus: 'fail',
  })
  const as = async (tls: NonNullable<BackendOptions['tls']>): Promise<string> => {
    const answer = await ask(origins.of(backend(url, { tls })), get('/'))
    await turns(5)
    return answer.failure?.code ?? answer.text
  }
  const lax = { verify: false }
  expect([await as(lax), await as(lax)]).toEqual(['false', 'true'])
  expect(await as({})).toBe('tls_untrusted')
  expect(await as({ ca: other.cert })).toBe('tls_untrusted')
  expect(await as({ ca: ca.cert, serverName: 'other.test' })).toBe('tls_name')
  expect(await as({ ca: ca.cert })).toBe('false')
  expect(await as({ ca: ca.cert, cert: client.cert, key: client.key })).toBe('false')
  origins.stop()
})

test('backends that differ in whom they believe or what they show share nothing', () => {
  const origins = createOrigins({
    names: namesFor(new ManualClock()),
    settings: settingsFor({}),
    clock: new ManualClock(),
    counters: new Counters(),
    oddStatus: 'fail',
  })
  const url = 'https://127.0.0.1:8443'
  const plain = origins.of(backend(url))
  expect(origins.of(backend(url))).toBe(plain)
  expect(origins.of(backend(url, { tls: {} }))).toBe(plain)
  const all = [
    {},
    { ca: ca.cert },
    { ca: other.cert },
    { verify: false },
    { serverName: 'app.test' },
    { cert: client.cert, key: client.key },
    { cert: client.cert, key: client.key, passphrase: 'x' },
  ].map((tls) => origins.of(backend(url, { tls })))
  expect(new Set(all).size).toBe(all.length)
})

test('certificates come from files, and are read again when these change; what cannot be used changes nothing', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'clearcoat-tls-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'ca.pem')
  let version = 0
  const write = (text: string): void => {
    writeFileSync(`${file}.new${++version}`, text)
    renameSync(`${file}.new${version}`, file)
  }
  write(ca.cert)
  const url = await tlsServer({}, (socket) => {
    setImmediate(() => socket.end())
    return 'fine'
  })
  const origin = originTo(url, new Counters(), new ManualClock(), { tls: { ca: file } })
  const outcome = async (): Promise<string> => {
    const asked = await ask(origin, get('/'))
    await turns(5)
    return asked.outcome
  }
  expect(await outcome()).toBe('complete')
  write('-----BEGIN CERTIFICATE-----\nhalf of i')
  expect(await outcome()).toBe('complete')
  write(other.cert)
  expect(await outcome()).toBe('tls_untrusted')
  write(ca.cert)
  expect(await outcome()).toBe('complete')
})

test.each([
  ['a file that is not there', { ca: '/nowhere/ca.pem' }, 'ENOENT'],
  ['what is no certificate', { cert: '-----BEGIN CERTIFICATE-----\nabc', key: client.key }, 'certificate or key'],
  ['a key of another certificate', { cert: client.cert, key: here.key }, 'KEY_VALUES_MISMATCH'],
  ['an encrypted key without its passphrase', { cert: client.cert, key: encrypted(client.key, 'geheim') }, 'certificate or key'],
])('with %s the fetch fails, and says why', async (_, tls, detail) => {
  const { origin, server, counters } = await rig(await ByteOrigin.answering(() => ok('x'), here), { tls })
  const answer = await ask(origin, get('/'))
  expect([answer.outcome, answer.failure!.untouched]).toEqual(['tls_setup', true])
  expect(answer.failure!.message).toContain(detail)
  expect(answer.failure!.message).not.toContain('geheim')
  expect(counters.reasonCount('fetch_fail', 'tls_setup')).toBe(1)
  for (const connection of server.connections) expect(connection.received).toBe('')
})
