import { mkdtempSync, renameSync, rmSync, statSync } from 'node:fs'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { adminAddress } from '../../src/admin/server.ts'
import { ConfigError } from '../../src/config/config-error.ts'
import { createServer as createCache } from '../../src/index.ts'
import { backend, definePolicy } from '../../vcl-ts/index.ts'
import { reply } from '../journey/site.ts'
import { ask, operated, problem } from './rig.ts'

const TOKEN = 'correct-horse-battery'
const bearer = (token: string): Record<string, string> => ({ Authorization: `Bearer ${token}` })

/** Sends bytes and answers all that comes back. */
function raw(address: string, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let all = ''
    const socket = connect(Number(address.split(':').at(-1)), '127.0.0.1', () => socket.write(text))
    socket.setEncoding('latin1').on('data', (part: string) => {
      all += part
    })
    socket.on('error', reject).on('close', () => resolve(all))
  })
}

describe('the admin listener', () => {
  it('prints the counters as one flat JSON object', async () => {
    const site = await operated()
    await site.get('/')
    await site.get('/')
    const reply = await ask(site.server.admin, 'GET /stat')
    expect(reply.status).toBe(200)
    expect(reply.headers['content-type']).toBe('application/json')
    expect(reply.json).toMatchObject({ cache_hit: 1, cache_miss: 1, uptime: 0, n_vcl: 1 })
    expect(Object.values(reply.json ?? {}).every((value) => typeof value === 'number')).toBe(true)
  })

  // HARDENING 228
  it('has a counter for no host or page, however many come, and none of it on the public listener', async () => {
    const policy = definePolicy({
      recv({ req }) {
        if (req.url === '/own') req.backend = backend(`http://127.0.0.1:1`, { hostHeader: req.host })
      },
    })
    const site = await operated((_hit, response) => reply(response, 200, {}, 'from the origin'), { policy })
    const names = async (): Promise<string[]> => Object.keys((await ask(site.server.admin, 'GET /stat')).json ?? {}).sort()
    for (const path of ['/', '/own']) await site.get(path)
    const before = await names()
    for (let i = 0; i < 30; i++) for (const path of [`/${i}`, '/own']) await site.get(path, { Host: `host${i}.example` })
    expect(await names()).toEqual(before)
    for (const path of ['/stat', '/healthz', '/api/status']) expect((await site.get(path)).body.toString()).toBe('from the origin')
  })

  it('tells where it listens when the system chose the port, and what there is', async () => {
    const site = await operated()
    expect(site.server.admin).toMatch(/^127\.0\.0\.1:[1-9]\d*$/)
    expect((await ask(site.server.admin, 'GET /')).json).toMatchObject({ routes: expect.arrayContaining(['GET /stat', 'POST /command']) })
    expect((await ask(site.server.admin, 'GET /healthz')).json).toEqual({ status: 'ok' })
  })

  it('answers 421 to a name that is not this machine’s, and to none', async () => {
    const site = await operated()
    for (const host of [
      'attacker.example',
      'attacker.example:6082',
      '127.0.0.1.attacker.example',
      'localhost@attacker.example',
      '10.0.0.1',
    ])
      await problem(site, 421, 'GET /stat', { headers: { Host: host } })
    for (const host of ['localhost', 'LOCALHOST:6082', '127.0.0.1:9', '[::1]:6082'])
      expect((await ask(site.server.admin, 'GET /stat', { headers: { Host: host } })).status, host).toBe(200)
  })

  it('judges Host on HTTP/1.0 as well, refuses two of them, and a target in absolute form', async () => {
    const { server } = await operated()
    expect(await raw(server.admin, 'GET /stat HTTP/1.0\r\n\r\n')).toMatch(/^HTTP\/1\.1 421 /)
    const twice = 'GET /stat HTTP/1.1\r\nHost: localhost\r\nHost: a.example\r\nConnection: close\r\n\r\n'
    expect(await raw(server.admin, twice)).toMatch(/^HTTP\/1\.1 4(00|21) /)
    const absolute = 'GET http://attacker.example/stat HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'
    expect(await raw(server.admin, absolute)).toMatch(/^HTTP\/1\.1 421 /)
  })

  it('refuses what a web page sends with 403, whatever the method and path', async () => {
    const site = await operated()
    await problem(site, 403, 'POST /command', { headers: { Origin: 'http://localhost:6082' }, body: 'ping' })
    await problem(site, 403, 'GET /api/objects', { headers: { Origin: 'null' } })
    await problem(site, 403, 'POST /', { headers: { 'Sec-Fetch-Site': 'same-origin' } })
    await problem(site, 403, 'GET /stat', { headers: { 'Sec-Fetch-Site': 'cross-site' } })
    expect((await ask(site.server.admin, 'GET /stat', { headers: { 'Sec-Fetch-Site': 'none' } })).status).toBe(200)
  })

  it('lets no page of another site read an answer, and no cache keep it', async () => {
    const { server } = await operated()
    for (const method of ['GET', 'OPTIONS']) {
      const reply = await ask(server.admin, `${method} /stat`, { headers: { 'Access-Control-Request-Method': 'POST' } })
      expect(Object.keys(reply.headers).filter((name) => name.startsWith('access-control-'))).toEqual([])
      expect(reply.headers['cache-control']).toBe('no-store')
      expect(reply.headers['x-content-type-options']).toBe('nosniff')
    }
  })

  it('listens on a Unix socket that only its owner may open, and takes over a dead one', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'clearcoat-admin-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const path = join(folder, 'admin.sock')
    const first = await operated(undefined, { admin: `unix:${path}` })
    expect(first.server.admin).toBe(path)
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect((await ask(path, 'GET /stat', { headers: { Host: 'whatever' } })).status).toBe(200)
    await expect(operated(undefined, { admin: `unix:${path}` })).rejects.toMatchObject({ code: 'EADDRINUSE' })
    // The file of a listener that is gone without having removed it.
    const dead = join(folder, 'dead.sock')
    renameSync(path, dead)
    await first.server.close()
    const second = await operated(undefined, { admin: dead })
    expect((await ask(second.server.admin, 'GET /stat')).status).toBe(200)
  })

  it('rejects with the system’s code when the port is in use', async () => {
    const other = createServer()
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => new Promise<void>((resolve) => void other.close(() => resolve())))
    const admin = `127.0.0.1:${(other.address() as AddressInfo).port}`
    await expect(operated(undefined, { admin })).rejects.toMatchObject({ code: 'EADDRINUSE' })
  })
})

describe('the admin token', () => {
  it('is needed for everything but /healthz, once there is one', async () => {
    const site = await operated(undefined, { adminToken: TOKEN })
    const refused = await ask(site.server.admin, 'GET /stat')
    expect(refused.headers['www-authenticate']).toMatch(/^Bearer /)
    for (const headers of [
      {},
      bearer('correct-horse-batterz'),
      bearer(''),
      { Authorization: TOKEN },
      { Authorization: `Basic ${TOKEN}` },
    ]) {
      await problem(site, 401, 'GET /stat', { headers })
      await problem(site, 401, 'POST /api/purge', { headers, body: { all: true } })
    }
    expect((await ask(site.server.admin, 'GET /healthz')).status).toBe(200)
    await problem(site, 401, 'POST /healthz')
    expect((await ask(site.server.admin, 'GET /stat', { headers: bearer(TOKEN) })).status).toBe(200)
  })

  it('lets a web page in that has it', async () => {
    const site = await operated(undefined, { adminToken: TOKEN })
    const origin = { Origin: 'http://tools.example' }
    await problem(site, 403, 'GET /stat', { headers: origin })
    expect((await ask(site.server.admin, 'GET /stat', { headers: { ...origin, ...bearer(TOKEN) } })).status).toBe(200)
  })

  it('does not make up for a foreign Host on loopback', async () => {
    const site = await operated(undefined, { adminToken: TOKEN })
    await problem(site, 421, 'GET /stat', { headers: { Host: 'attacker.example', ...bearer(TOKEN) } })
  })

  it('opens other addresses, where any Host goes', async () => {
    const site = await operated(undefined, { admin: '0.0.0.0:0', adminToken: TOKEN })
    expect((await ask(site.server.admin, 'GET /stat', { headers: { Host: 'cache.internal', ...bearer(TOKEN) } })).status).toBe(200)
    await problem(site, 401, 'GET /stat', { headers: { Host: 'cache.internal' } })
  })

  it('is required elsewhere, and must be hard to guess', async () => {
    await expect(createCache({ listen: [], admin: '0.0.0.0:0' })).rejects.toThrow(ConfigError)
    await expect(createCache({ listen: [], admin: '127.0.0.1:0', adminToken: 'short' })).rejects.toThrow(/8 to 4096/)
    await expect(createCache({ listen: [], admin: '127.0.0.1:0', adminToken: 'sesame' })).rejects.not.toThrow(/sesame/)
  })
})

describe('a request that cannot be', () => {
  it('is answered with a problem that says what, why and how', async () => {
    const site = await operated()
    expect(await problem(site, 404, 'GET /stats')).toMatchObject({ detail: expect.stringContaining('/stats') })
    await problem(site, 405, 'POST /stat')
    expect((await ask(site.server.admin, 'POST /stat')).headers.allow).toBe('GET, HEAD')
    await problem(site, 400, 'GET /stat?x=1')
    await problem(site, 400, 'GET /api/objects?limit=0')
    await problem(site, 400, 'GET /api/objects?limt=1')
    await problem(site, 400, 'GET /api/objects?limit=1&limit=2')
    await problem(site, 400, 'GET /api/objects?cursor=x')
    await problem(site, 400, 'GET /api/params/%zz')
    await problem(site, 404, 'GET /api/params/a/b')
    await problem(site, 400, 'GET /stat', { headers: { 'Content-Length': '2' }, body: '{}' })
  })

  it('is told apart by the body’s type, size and syntax', async () => {
    const site = await operated()
    const json = { 'Content-Type': 'application/json' }
    await problem(site, 415, 'POST /api/purge', { body: '{}' })
    await problem(site, 415, 'POST /api/purge', { body: '{}', headers: { 'Content-Type': 'application/x-www-form-urlencoded' } })
    await problem(site, 415, 'POST /command', { body: 'ping', headers: json })
    await problem(site, 415, 'POST /api/purge', { body: '{}', headers: { ...json, 'Content-Encoding': 'gzip' } })
    for (const body of [
      '',
      '{',
      '[]',
      'null',
      '"x"',
      '{}',
      '{"all":true,"extra":1}',
      '{"tags":[]}',
      '{"tags":"a"}',
      '{"__proto__":{"all":true}}',
    ])
      await problem(site, 400, 'POST /api/purge', { body, headers: json })
    await problem(site, 413, 'POST /api/purge', { body: `{"url":"${'x'.repeat(70_000)}"}`, headers: json })
    await problem(site, 413, 'POST /command', { body: 'x'.repeat(70_000), headers: { 'Transfer-Encoding': 'chunked' } })
    expect(
      (await ask(site.server.admin, 'POST /command', { body: 'ping', headers: { 'Content-Type': 'text/plain; charset=utf-8' } })).status,
    ).toBe(200)
  })

  it('is answered 400 and closed when it is not HTTP', async () => {
    const { server } = await operated()
    const answer = await raw(server.admin, 'HELLO\r\n\r\n')
    expect(answer).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/)
    expect(answer).toContain('application/problem+json')
    expect(await raw(server.admin, `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`)).toMatch(/^HTTP\/1\.1 431 /)
  })

  // HARDENING 249
  it('comes a thousand times without disturbing the traffic', async () => {
    const site = await operated()
    await site.get('/page')
    const client = await site.connect()
    const texts = [
      '\0\0\0\0',
      'GET\r\n\r\n',
      'POST /command HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\n\r\n',
      'GET /nothing HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n',
    ]
    for (let round = 0; round < 50; round++) {
      const attacks = Array.from({ length: 20 }, (_, index) => raw(site.server.admin, texts[index % texts.length] ?? ''))
      const answer = await client.request('GET /page HTTP/1.1\r\nHost: www.example\r\n\r\n')
      expect([answer.status, answer.get('x-cache')]).toEqual([200, 'HIT'])
      for (const outcome of await Promise.all(attacks)) expect(outcome).toMatch(/^HTTP\/1\.1 4\d\d /)
    }
    client.destroy()
    expect((await ask(site.server.admin, 'GET /stat')).json).toMatchObject({ cache_hit: 50 })
    expect(site.events.filter(({ message }) => message.includes('failed'))).toEqual([])
  })
})

describe('the admin address', () => {
  it('is on this machine', () => {
    for (const address of ['127.0.0.1:6082', '127.9.9.9:1', '[::1]:6082', 'localhost:6082', 'unix:/run/x.sock', '/run/x.sock'])
      expect(adminAddress(address, false)).toBeDefined()
  })

  it('is one that others can reach only with a token, and never unreadable', () => {
    const open = [':6082', '0.0.0.0:6082', '[::]:6082', '192.168.1.1:6082', 'example.org:6082']
    for (const address of open) {
      expect(() => adminAddress(address, false), address).toThrow(ConfigError)
      expect(adminAddress(address, true)).toBeDefined()
    }
    for (const address of ['6082', '', '127.0.0.1']) expect(() => adminAddress(address, true), address).toThrow(ConfigError)
  })
})
