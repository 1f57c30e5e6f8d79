import { mkdtempSync, renameSync, rmSync, statSync } from 'node:fs'
import { createServer, request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { type Admin, adminAddress, createAdmin } from '../../src/admin/server.ts'
import { ConfigError } from '../../src/config/config-error.ts'
import type { EventLog } from '../../src/log.ts'

const quiet: EventLog = { info: () => {}, warn: () => {}, error: () => {} }
const cleanups: (() => Promise<void> | void)[] = []

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

async function start(address: string = '127.0.0.1:0'): Promise<Admin> {
  const admin = await createAdmin({ address, stat: () => ({ cache_hit: 3, uptime: 1 }), log: quiet })
  cleanups.push(() => admin.close())
  return admin
}

interface Reply {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

function ask(admin: Admin, method: string, path: string, headers: Record<string, string | string[]> = {}): Promise<Reply> {
  const target = admin.address.startsWith('/')
    ? { socketPath: admin.address }
    : { host: '127.0.0.1', port: Number(admin.address.split(':').at(-1)) }
  return new Promise((resolve, reject) => {
    const request = httpRequest({ ...target, method, path, headers, agent: false }, (response) => {
      let body = ''
      response.setEncoding('utf8').on('data', (text: string) => {
        body += text
      })
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }))
    })
    request.on('error', reject).end()
  })
}

describe('the admin listener', () => {
  it('prints the counters as one flat JSON object', async () => {
    const reply = await ask(await start(), 'GET', '/stat')
    expect(reply.status).toBe(200)
    expect(reply.headers['content-type']).toBe('application/json')
    expect(JSON.parse(reply.body)).toEqual({ cache_hit: 3, uptime: 1 })
  })

  it('tells where it listens when the system chose the port', async () => {
    expect((await start()).address).toMatch(/^127\.0\.0\.1:[1-9]\d*$/)
  })

  it('answers 421 to a name that is not this machine’s, and to none', async () => {
    const admin = await start()
    for (const host of [
      'attacker.example',
      'attacker.example:6082',
      '127.0.0.1.attacker.example',
      'localhost@attacker.example',
      '10.0.0.1',
    ])
      expect((await ask(admin, 'GET', '/stat', { Host: host })).status, host).toBe(421)
    for (const host of ['localhost', 'LOCALHOST:6082', '127.0.0.1:9', '[::1]:6082'])
      expect((await ask(admin, 'GET', '/stat', { Host: host })).status, host).toBe(200)
  })

  it('answers 421 to a target in absolute form, whatever Host says', async () => {
    expect((await ask(await start(), 'GET', 'http://attacker.example/stat', { Host: 'localhost' })).status).toBe(421)
  })

  it('judges Host on HTTP/1.0 as well, and refuses two of them', async () => {
    const admin = await start()
    const raw = (text: string): Promise<string> =>
      new Promise((resolve, reject) => {
        let all = ''
        const socket = connect(Number(admin.address.split(':').at(-1)), '127.0.0.1', () => socket.write(text))
        socket.setEncoding('latin1').on('data', (part: string) => {
          all += part
        })
        socket.on('error', reject).on('close', () => resolve(all))
      })
    expect(await raw('GET /stat HTTP/1.0\r\n\r\n')).toMatch(/^HTTP\/1\.1 421 /)
    expect(await raw('GET /stat HTTP/1.1\r\nHost: localhost\r\nHost: a.example\r\nConnection: close\r\n\r\n')).toMatch(
      /^HTTP\/1\.1 4(00|21) /,
    )
  })

  it('refuses what a web page sends with 403, whatever the path', async () => {
    const admin = await start()
    expect((await ask(admin, 'POST', '/stat', { Origin: 'http://localhost:6082' })).status).toBe(403)
    expect((await ask(admin, 'POST', '/', { 'Sec-Fetch-Site': 'cross-site' })).status).toBe(403)
    expect((await ask(admin, 'DELETE', '/x', { Origin: 'null' })).status).toBe(403)
    expect((await ask(admin, 'POST', '/stat')).status).toBe(405)
  })

  it('lets no page of another site read the answer, and no cache keep it', async () => {
    const reply = await ask(await start(), 'GET', '/stat', { Origin: 'http://attacker.example' })
    expect(Object.keys(reply.headers).filter((name) => name.startsWith('access-control-'))).toEqual([])
    expect(reply.headers['cache-control']).toBe('no-store')
    expect(reply.headers['x-content-type-options']).toBe('nosniff')
  })

  it('answers 404 elsewhere', async () => {
    expect((await ask(await start(), 'GET', '/stats')).status).toBe(404)
  })

  it('listens on a Unix socket that only its owner may open, and takes over a dead one', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'clearcoat-admin-'))
    cleanups.push(() => rmSync(folder, { recursive: true }))
    const path = join(folder, 'admin.sock')
    const first = await start(`unix:${path}`)
    expect(first.address).toBe(path)
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect((await ask(first, 'GET', '/stat', { Host: 'whatever' })).status).toBe(200)
    await expect(start(`unix:${path}`)).rejects.toMatchObject({ code: 'EADDRINUSE' })
    // The file of a listener that is gone without having removed it.
    const dead = join(folder, 'dead.sock')
    renameSync(path, dead)
    await first.close()
    expect((await ask(await start(dead), 'GET', '/stat')).status).toBe(200)
  })

  it('rejects with the system’s code when the port is in use', async () => {
    const other = createServer()
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    cleanups.push(() => new Promise<void>((resolve) => void other.close(() => resolve())))
    await expect(start(`127.0.0.1:${(other.address() as AddressInfo).port}`)).rejects.toMatchObject({ code: 'EADDRINUSE' })
  })
})

describe('the admin address', () => {
  it('is on this machine', () => {
    for (const address of ['127.0.0.1:6082', '127.9.9.9:1', '[::1]:6082', 'localhost:6082', 'unix:/run/x.sock', '/run/x.sock'])
      expect(adminAddress(address, false)).toBeDefined()
  })

  it('is never one that others can reach, and never unreadable', () => {
    for (const address of [':6082', '0.0.0.0:6082', '[::]:6082', '192.168.1.1:6082', 'example.org:6082', '6082', '', '127.0.0.1'])
      expect(() => adminAddress(address, false), address).toThrow(ConfigError)
  })
})
