import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, renameSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { command } from '../cli/command-line.ts'
import { message, reply } from '../journey/site.ts'
import { type Cli, startCli } from '../support/cli.ts'
import { RawClient } from '../support/raw-client.ts'
import { Gate, type OriginScript, ScriptedOrigin } from '../support/scripted-origin.ts'
import { until } from '../support/until.ts'
import { connectToEach, folder, policyFile, who } from './rig.ts'

interface Started {
  readonly cli: Cli
  readonly origin: ScriptedOrigin
  readonly addresses: readonly string[]
  readonly admin: string
}

const cached: OriginScript = (hit, response) => reply(response, 200, { 'Cache-Control': 'max-age=60' }, `answer ${hit.index}`)

async function start(args: readonly string[] = [], script: OriginScript = cached, listen: string = '127.0.0.1:0'): Promise<Started> {
  const origin = await ScriptedOrigin.start(script)
  onTestFinished(() => origin.close())
  const cli = startCli([origin.url, '--workers', '2', '--policy', policyFile(), '--listen', listen, '--admin', '127.0.0.1:0', ...args])
  onTestFinished(async () => {
    cli.kill('SIGKILL')
    await cli.ended
  })
  const { listen: addresses, admin } = await cli.event(({ event }) => event === 'listening')
  return { cli, origin, addresses: addresses as string[], admin: String(admin) }
}

/** A dead process that nobody has waited for yet does not run. */
function isRunning(id: string): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${id}/status`, 'utf8'))
  } catch {
    return false
  }
}

describe('clearcoat --workers', () => {
  it('serves with several, drains them all at SIGTERM, and ends with 0', async () => {
    const gate = new Gate()
    const { cli, origin, addresses } = await start([], async (_hit, response) => {
      await gate.opened
      reply(response, 200, {}, 'finished')
    })
    expect(await cli.event(({ event }) => event === 'listening')).toMatchObject({ workers: 2 })
    const clients = await connectToEach(addresses[0] ?? '')
    const answers = clients.map((client, index) => client.get(`/slow/${index}`))
    await until(() => origin.hits.length === 2, 'the fetches')
    cli.kill('SIGTERM')
    await cli.event(({ event }) => event === 'draining')
    gate.open()
    for (const answer of await Promise.all(answers)) expect(answer.body.toString()).toBe('finished')
    const { code, stdout, stderr } = await cli.ended
    expect([code, stderr]).toEqual([0, ''])
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
    expect(lines.filter(({ url }) => String(url).startsWith('/slow/'))).toHaveLength(2)
    expect(lines.at(-1)).toMatchObject({ event: 'ended' })
  })

  it('says in its event log that a worker died', async () => {
    const { cli, addresses } = await start()
    const [victim] = await connectToEach(addresses[0] ?? '')
    victim?.client.send(message('GET', '/die/throw'))
    const death = await cli.event(({ event, level }) => event === 'worker' && level === 'error')
    expect(death).toMatchObject({ worker: expect.any(Number), code: 1, deaths: 1, err: { message: 'thrown on purpose' } })
    await cli.event(({ event, level }) => event === 'worker' && level === 'info')
  })

  it('leaves no process and no port behind when the supervisor is killed', async () => {
    const { cli, addresses, admin } = await start()
    const clients = await connectToEach(addresses[0] ?? '')
    for (const client of clients) await client.get('/a')
    const { pid } = cli.child
    const threads = readdirSync(`/proc/${pid}/task`)
    const children = threads.flatMap((thread) => readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8').trim().split(' '))
    cli.kill('SIGKILL')
    expect(await cli.ended).toMatchObject({ code: null, signal: 'SIGKILL' })
    for (const { client } of clients) await client.closed()
    await until(
      () => [String(pid), ...threads, ...children].every((id) => id === '' || !isRunning(id)),
      'the end of all that belonged to it',
    )
    for (const address of [addresses[0] ?? '', admin]) {
      await expect(RawClient.connect(address)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
      const next = createServer().listen({ port: Number(address.split(':')[1]), host: '127.0.0.1' })
      onTestFinished(() => void next.close())
      await once(next, 'listening')
    }
  })

  it('shows the counters of each with stat --per-worker', async () => {
    const { addresses, admin } = await start()
    for (const client of await connectToEach(addresses[0] ?? '')) await client.get('/a')
    const told = async (...args: string[]): Promise<Record<string, number>> =>
      JSON.parse((await command(['stat', '--json', '--admin', admin, ...args])).stdout) as Record<string, number>
    expect(Object.keys(await told()).some((name) => name.startsWith('worker.'))).toBe(false)
    // Whatever the table has in common, each worker was asked once.
    const { s_synth, ...each } = await told('--per-worker', 's_synth', '*.s_synth')
    expect(Object.keys(each)).toEqual(['worker.1.s_synth', 'worker.2.s_synth'])
    expect(Object.values(each).every((count) => count > 0)).toBe(true)
    expect(s_synth).toBe(Object.values(each).reduce((sum, count) => sum + count))
  })

  it('writes whole lines of all workers to one file, and opens it anew on SIGUSR2', async () => {
    const file = join(folder(), 'access.log')
    const { cli, addresses } = await start(['--log', `json:${file}`])
    const clients = await connectToEach(addresses[0] ?? '')
    const ask = async (path: string): Promise<void> => {
      for (let index = 0; index < 20; index++) for (const client of clients) await client.get(`${path}/${index}`)
    }
    const urls = (name: string): string[] =>
      (existsSync(name) ? readFileSync(name, 'utf8') : '')
        .split('\n')
        .slice(0, -1)
        .map((line) => (JSON.parse(line) as { url: string }).url)
    await ask('/before')
    await until(() => urls(file).filter((url) => url.startsWith('/before/')).length === 40, 'the lines')
    renameSync(file, `${file}.1`)
    cli.kill('SIGUSR2')
    await until(() => existsSync(file), 'the new file')
    // Each worker opens it by itself.
    let asked = 0
    const both = async (): Promise<boolean> => {
      for (const client of clients) await client.get(`/after/${asked++}`)
      return urls(file).length > 0 && urls(file).length >= 2 && new Set(urls(file).map((url) => Number(url.split('/')[2]) % 2)).size === 2
    }
    while (!(await both()));
    await until(() => urls(file).length + urls(`${file}.1`).filter((url) => url.startsWith('/after/')).length === asked, 'all lines')
  })

  it('serves a Unix socket with one worker, and says so', async () => {
    const path = join(folder(), 'socket')
    const { cli, addresses } = await start([], cached, `127.0.0.1:0,unix:${path}`)
    expect(addresses).toEqual([expect.stringMatching(/^127\.0\.0\.1:/), path])
    const said = await cli.event(({ event }) => event === 'workers')
    expect(said).toMatchObject({ level: 'warn', listen: [`unix:${path}`] })
    const threads = new Set<string>()
    for (let index = 0; index < 8; index++) {
      const client = await RawClient.connect(path)
      threads.add(await who(client))
      client.destroy()
    }
    expect(threads.size).toBe(1)
    await connectToEach(addresses[0] ?? '')
  })

  it('serves Unix sockets alone in one thread, and says so', async () => {
    const path = join(folder(), 'socket')
    const { cli, admin } = await start([], cached, `unix:${path}`)
    await cli.event(({ event, msg }) => event === 'workers' && msg === 'one worker serves: Unix sockets cannot be shared')
    expect(await cli.event(({ event }) => event === 'listening')).toMatchObject({ workers: 1 })
    const stat = JSON.parse((await command(['stat', '--json', '--per-worker', '--admin', admin])).stdout) as Record<string, number>
    expect(Object.keys(stat).filter((name) => /^worker\.\d+\.cache_hit$/.test(name))).toEqual(['worker.1.cache_hit'])
  })

  it('ends with 69 when a port is in use', async () => {
    const other = createServer().listen({ port: 0, host: '127.0.0.1', reusePort: true })
    onTestFinished(() => void other.close())
    await new Promise((resolve) => other.once('listening', resolve))
    const address = other.address()
    const port = typeof address === 'object' ? address?.port : 0
    const cli = startCli(['http://127.0.0.1:9', '--workers', '2', '--listen', `127.0.0.1:${port}`, '--admin', 'off'])
    const { code, stderr } = await cli.ended
    expect(code).toBe(69)
    expect(stderr).toContain('EADDRINUSE')
  })

  it.each(['0', '65', 'many', '1.5'])('ends with 2 for %s workers', async (count) => {
    expect(await command(['--workers', count])).toMatchObject({ code: 2, stderr: expect.stringContaining('--workers') })
  })

  it('ends with 78 for a policy that cannot be used', async () => {
    const cli = startCli([
      'http://127.0.0.1:9',
      '--workers',
      '2',
      '--policy',
      policyFile('export default { recv: 1 }'),
      '--listen',
      '127.0.0.1:0',
      '--admin',
      'off',
    ])
    expect((await cli.ended).code).toBe(78)
  })
})
