/** Origins as the command line names them: TLS with the system's authorities, with files, without verification; Unix sockets; names. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { ByteOrigin } from '../support/byte-origin.ts'
import { authority } from '../support/certificates.ts'
import { startCli } from '../support/cli.ts'
import { DnsServer } from '../support/dns-server.ts'
import { RawClient } from '../support/raw-client.ts'

const ca = authority('Clearcoat test CA')
const pair = ca.issue({ names: ['127.0.0.1', 'app.test'] })
const client = ca.issue({})
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine'

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'clearcoat-origin-'))
  onTestFinished(() => rmSync(path, { recursive: true }))
  for (const [name, text] of Object.entries({ ca: ca.cert, cert: client.cert, key: client.key }))
    writeFileSync(join(path, `${name}.pem`), text)
  return path
}

/** What a client gets of a server that is started so. */
async function answer(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<string> {
  const cli = startCli([...args, '--listen', '127.0.0.1:0', '--admin', 'off', '--log', 'none'], { env })
  onTestFinished(async () => {
    cli.kill('SIGKILL')
    await cli.ended
  })
  const { listen } = await cli.event(({ event }) => event === 'listening')
  const socket = await RawClient.connect((listen as string[])[0] ?? '')
  const { status, body, get } = await socket.request('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
  return status === 200 ? body.toString() : `${status} ${get('proxy-status') ?? ''}`
}

it('believes an https:// origin by the authorities of the system', async () => {
  const origin = await ByteOrigin.answering(() => OK, pair)
  onTestFinished(() => origin.close())
  expect(await answer([origin.url], { SSL_CERT_FILE: join(folder(), 'ca.pem') })).toBe('fine')
  expect(await answer([origin.url])).toMatch(/^502 .*tls_certificate_error/)
})

it('believes those of --origin-ca, shows --origin-cert, or believes anybody with --origin-insecure', async () => {
  const path = folder()
  const origin = await ByteOrigin.answering(() => OK, { ...pair, ca: ca.cert, requestCert: true, rejectUnauthorized: true })
  onTestFinished(() => origin.close())
  const shown = ['--origin-cert', join(path, 'cert.pem'), '--origin-key', join(path, 'key.pem')]
  expect(await answer([origin.url, '--origin-ca', join(path, 'ca.pem'), ...shown, '--workers', '2'])).toBe('fine')
  expect(await answer([origin.url, '--origin-insecure', ...shown])).toBe('fine')
})

it('finds an origin by --dns, and one behind a Unix socket', async () => {
  const path = join(folder(), 'app.sock')
  const origins = [await ByteOrigin.answering(() => OK), await ByteOrigin.answering(() => OK, null, { path })]
  const dns = await DnsServer.start()
  dns.set('app.test', { addresses: ['127.0.0.1'] })
  onTestFinished(async () => {
    for (const origin of origins) await origin.close()
    await dns.close()
  })
  expect(await answer([`http://app.test:${origins[0]?.port}`, '--dns', dns.address, '--workers', '2'])).toBe('fine')
  expect(dns.queries.toSorted()).toEqual(['A app.test', 'AAAA app.test'])
  expect(await answer([`unix:${path}`])).toBe('fine')
})
