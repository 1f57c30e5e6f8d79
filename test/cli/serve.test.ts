import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { type Cli, type CliOptions, startCli } from '../support/cli.ts'

const cleanups: (() => Promise<unknown> | unknown)[] = []

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

const EPHEMERAL = ['--listen', '127.0.0.1:0', '--admin', '127.0.0.1:0']

interface Started {
  readonly cli: Cli
  readonly address: string
  readonly admin: string
  readonly event: Record<string, unknown>
}

async function start(args: readonly string[] = [], options?: CliOptions): Promise<Started> {
  const cli = startCli([...args, ...EPHEMERAL], options)
  cleanups.push(() => {
    cli.kill('SIGKILL')
    return cli.ended
  })
  const event = await cli.event(({ event }) => event === 'listening')
  const [address = ''] = event['listen'] as string[]
  return { cli, address, admin: String(event['admin']), event }
}

async function originServer(handler: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
  const server: Server = createServer(handler)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  cleanups.push(() => {
    server.closeAllConnections()
    return new Promise((resolve) => server.close(resolve))
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

interface Answer {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

function get(address: string, path: string, method: string = 'GET', fields: Readonly<Record<string, string>> = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const call = request(
      `http://${address}${path}`,
      { agent: false, method, headers: { Connection: 'keep-alive', ...fields } },
      (response) => {
        let body = ''
        response.setEncoding('latin1').on('data', (part: string) => {
          body += part
        })
        response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }))
        response.on('error', reject)
      },
    )
    call.on('error', reject).end()
  })
}

describe('clearcoat', () => {
  it('runs the demo shop behind the cache when no origin is given, and says where it listens in its first line', async () => {
    const { cli, address, admin, event } = await start()
    expect(event).toMatchObject({ event: 'listening', listen: [expect.stringMatching(/^127\.0\.0\.1:[1-9]\d*$/)], preset: 'safe' })
    expect(event['memory']).toBeGreaterThan(0)
    const miss = await get(address, '/')
    const hit = await get(address, '/')
    expect([miss.headers['x-cache'], hit.headers['x-cache']]).toEqual(['MISS', 'HIT'])
    expect(hit.body).toBe(miss.body)
    const stat = JSON.parse((await get(admin, '/stat')).body) as Record<string, unknown>
    expect(stat).toMatchObject({ cache_hit: 1, cache_miss: 1 })
    expect(Object.values(stat).every((value) => typeof value === 'number')).toBe(true)
    cli.kill('SIGTERM')
    const { code, stdout, stderr } = await cli.ended
    expect(code).toBe(0)
    expect(stderr).toBe('')
    expect(JSON.parse(stdout.split('\n')[0] ?? '')).toEqual(event)
  })

  it('gives the demo shop its policy, unless another is given', async () => {
    const { address, event } = await start()
    expect(event['policy']).toMatch(/examples\/policy\/shop\.ts$/)
    // The policy tags a product's page and picture, and forgets where the visitor came from.
    for (const path of ['/shop/lamp?utm_source=mail', '/images/lamp.svg', '/shop/chair']) await get(address, path)
    expect((await get(address, '/shop/lamp')).headers['x-cache']).toBe('HIT')
    expect((await get(address, '/', 'PURGE', { 'xkey-purge': 'product-lamp' })).body).toBe('Purged 2\n')
    const folder = mkdtempSync(join(tmpdir(), 'clearcoat-'))
    cleanups.push(() => rmSync(folder, { recursive: true }))
    const file = join(folder, 'own.ts')
    writeFileSync(file, 'export default { recv: ({ synth }) => synth(418) }')
    const own = await start(['--policy', file])
    expect((await get(own.address, '/')).status).toBe(418)
  })

  it('fronts the origin it is given, with serve before it or not', async () => {
    const origin = await originServer((_request, response) => response.end('from the origin'))
    for (const args of [[origin], ['serve', origin]]) {
      const { address, event } = await start(args)
      expect(event['origin']).toBe(origin)
      expect((await get(address, '/')).body).toBe('from the origin')
    }
  })

  it('spreads requests over several origins, and goes on without the one that dies', async () => {
    const left = await originServer((_request, response) => response.end('left'))
    let dies = false
    const right = await originServer((request, response) => (dies ? request.socket.resetAndDestroy() : response.end('right')))
    const { address, event } = await start([left, '--origin', right])
    expect(event['origin']).toBe(`${left}, ${right}`)
    const bodies = new Set([(await get(address, '/1')).body, (await get(address, '/2')).body])
    expect(bodies).toEqual(new Set(['left', 'right']))
    dies = true
    for (let i = 3; i < 12; i++) expect((await get(address, `/${i}`)).body).toBe('left')
  })

  it('takes its options from variables too', async () => {
    const origin = await originServer((_request, response) => response.end('x'))
    const { address, event } = await start([], {
      env: { CLEARCOAT_ORIGIN: origin, CLEARCOAT_PRESET: 'varnish', CLEARCOAT_NAME: 'edge', CLEARCOAT_MEMORY: '64M' },
    })
    expect(event).toMatchObject({ origin, preset: 'varnish', memory: 64 * 1024 ** 2 })
    expect((await get(address, '/')).headers['via']).toContain('edge')
  })

  it('logs one JSON line a request, with the reason and without credentials', async () => {
    const origin = await originServer((_request, response) => response.setHeader('Cache-Control', 'max-age=60').end('x'))
    const { cli, address } = await start([origin])
    await get(address, '/a?token=hunter2&page=1')
    await get(address, '/a?token=hunter2&page=1')
    const miss = await cli.event(({ event, outcome }) => event === 'request' && outcome === 'MISS')
    const hit = await cli.event(({ event, outcome }) => event === 'request' && outcome === 'HIT')
    expect(miss).toMatchObject({
      url: '/a?token=***&page=1',
      status: 200,
      reason: 'ABSENT',
      detail: expect.stringMatching(/^stored ttl=(?:60|59)s \(max-age\)$/),
      proto: 'HTTP/1.1',
    })
    expect(hit).toMatchObject({ reason: 'HIT', end: 'sent' })
    cli.kill('SIGTERM')
    const { stdout } = await cli.ended
    expect(stdout).not.toContain('hunter2')
    expect(stdout.match(/"event":"request"/g)).toHaveLength(2)
  })

  it('writes the access log to a file and opens it anew on SIGUSR2', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'clearcoat-cli-'))
    cleanups.push(() => rmSync(folder, { recursive: true }))
    const file = join(folder, 'access.log')
    const origin = await originServer((_request, response) => response.end('x'))
    const { cli, address } = await start([origin, '--log', `pretty:${file}`])
    await get(address, '/before')
    await until(() => textOf(file).includes('/before'))
    renameSync(file, `${file}.1`)
    cli.kill('SIGUSR2')
    await until(() => existsSync(file))
    await get(address, '/after')
    cli.kill('SIGTERM')
    expect((await cli.ended).code).toBe(0)
    expect(readFileSync(`${file}.1`, 'utf8')).toMatch(/^MISS 200 \/before .+\n$/)
    expect(readFileSync(file, 'utf8')).toMatch(/^MISS 200 \/after .+\n$/)
  })

  it('serves although the log cannot be opened, says so, and logs to standard error', async () => {
    const origin = await originServer((_request, response) => response.end('x'))
    const { cli, address } = await start([origin, '--log', 'json:/nonexistent/folder/a.log'])
    expect((await get(address, '/')).status).toBe(200)
    cli.kill('SIGTERM')
    const { code, stderr } = await cli.ended
    expect(code).toBe(0)
    expect(stderr).toMatch(
      /^clearcoat: the access log \/nonexistent\/folder\/a\.log cannot be opened\n {2}why: .*ENOENT.*\n {2}fix: .*\n\{"event":"request"/,
    )
  })

  it('goes on serving when nobody reads its standard output and error any more', async () => {
    const origin = await originServer((_request, response) => response.end('x'))
    const { cli, address, admin } = await start([origin])
    cli.child.stdout?.destroy()
    cli.child.stderr?.destroy()
    for (let i = 0; i < 20; i++) expect((await get(address, `/${i}`)).status).toBe(200)
    const stat = JSON.parse((await get(admin, '/stat')).body) as Record<string, number>
    expect(stat['log_dropped']).toBeGreaterThan(0)
  })

  it('finishes on SIGTERM what is in flight, says Connection: close, takes nothing new, and ends with 0', async () => {
    let finish = (): void => {}
    let asked = (): void => {}
    const begun = new Promise<void>((resolve) => {
      asked = resolve
    })
    const origin = await originServer((_request, response) => {
      finish = () => response.end('whole')
      asked()
    })
    const { cli, address } = await start([origin])
    const answer = get(address, '/slow')
    await begun
    cli.kill('SIGTERM')
    await cli.event(({ event }) => event === 'draining')
    await until(() => refuses(address))
    finish()
    const { status, headers, body } = await answer
    expect({ status, connection: headers.connection, body }).toEqual({ status: 200, connection: 'close', body: 'whole' })
    expect(await cli.ended).toMatchObject({ code: 0, signal: null })
  })

  it('ends with 0 within --drain although something hangs', async () => {
    let asked = (): void => {}
    const begun = new Promise<void>((resolve) => {
      asked = resolve
    })
    const origin = await originServer(() => asked())
    const { cli, address } = await start([origin, '--drain', '0.2'])
    const answer = get(address, '/hangs').catch(() => 'broken off')
    await begun
    cli.kill('SIGTERM')
    expect(await cli.ended).toMatchObject({ code: 0, signal: null })
    expect(await answer).toBe('broken off')
  })

  it('ends at once on a second signal', async () => {
    let asked = (): void => {}
    const begun = new Promise<void>((resolve) => {
      asked = resolve
    })
    const origin = await originServer(() => asked())
    const { cli, address } = await start([origin, '--drain', '600'])
    const answer = get(address, '/hangs').catch(() => 'broken off')
    await begun
    cli.kill('SIGTERM')
    await cli.event(({ event }) => event === 'draining')
    cli.kill('SIGINT')
    expect((await cli.ended).code).toBe(1)
    expect(await answer).toBe('broken off')
  })
})

/** Waits for what another process does, a look at a time. */
async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setImmediate(resolve))
}

function textOf(file: string): string {
  return existsSync(file) ? readFileSync(file, 'utf8') : ''
}

function refuses(address: string): Promise<boolean> {
  const [host = '', port] = address.split(':')
  return new Promise((resolve) => {
    const socket = connect(Number(port), host, () => {
      socket.destroy()
      resolve(false)
    })
    socket.on('error', () => resolve(true))
  })
}
