/** The fleet of `examples/fleet`: three nodes in processes of their own, and a real Redis. */
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { request } from 'node:http'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type RunningFleet, startFleet } from '../../examples/fleet/fleet.ts'
import { command } from '../cli/command-line.ts'

let fleet: RunningFleet

beforeAll(async () => {
  // What is looked at is what nodes share, not how fast this machine is.
  fleet = await startFleet({ options: ['--redis-deadline', '5s'] })
})

afterAll(() => fleet.close())

interface Answer {
  readonly status: number
  readonly cacheStatus: string
  readonly body: string
}

/** `fetch` sends no Host of one's choice. */
function ask(node: number, path: string, method: string = 'GET'): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request(`${fleet.nodes[node]?.url}${path}`, { method, agent: false, headers: { Host: 'www.example.com' } }, (response) => {
      let body = ''
      response.setEncoding('utf8').on('data', (part: string) => {
        body += part
      })
      response.on('end', () => resolve({ status: response.statusCode ?? 0, cacheStatus: String(response.headers['cache-status']), body }))
    })
    sent.on('error', reject).end()
  })
}

const askedFor = (path: string): number => fleet.origin.asked.filter((each) => each === path).length
const run = (args: readonly string[], node: number) => command([...args, '--admin', fleet.nodes[node]?.admin ?? ''])

describe('the fleet', () => {
  it('makes a page once for all nodes, and shows which tier answered', async () => {
    expect((await ask(0, '/page')).cacheStatus).toMatch(/fwd=uri-miss.*stored/)
    const other = await ask(1, '/page')
    expect(other.cacheStatus).toMatch(/^Clearcoat; hit;.*tier=redis/)
    expect(other.body).toBe('/page as the origin made it for the 1st time\n')
    const again = await ask(1, '/page')
    expect(again.cacheStatus).toMatch(/^Clearcoat; hit;/)
    expect(again.cacheStatus).not.toContain('tier=redis')
    expect(askedFor('/page')).toBe(1)
  })

  it('is purged everywhere by a purge at any node', async () => {
    for (const node of [0, 1, 2]) await ask(node, '/purged')
    expect(askedFor('/purged')).toBe(1)
    expect(await ask(2, '/purged', 'PURGE')).toMatchObject({ status: 200, body: 'Purged 1\n' })
    const waited = await run(['purge', '--tag', 'page-none', '--wait'], 2)
    expect([waited.code, waited.stderr]).toEqual([0, ''])
    for (const node of [0, 1, 2]) expect((await ask(node, '/purged')).body).toContain('for the 2nd time')
    expect(askedFor('/purged')).toBe(2)
  })

  it('tells who has applied a purge, and what went there', async () => {
    for (const node of [0, 1]) await ask(node, '/counted')
    const { code, stdout, stderr } = await run(['purge', '--tag', 'page-counted', '--wait'], 0)
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout).toMatch(/^Purged 1 object; all 3 nodes have applied it\.\nOBJECTS {2}NODE\n/)
    expect(stdout.match(/^ +1 {2}cache-[12]$/gm)).toHaveLength(2)
    expect(stdout).toMatch(/^ +0 {2}cache-3$/m)
  })

  it('knows its nodes', async () => {
    const { nodes } = JSON.parse((await run(['nodes', '--json'], 1)).stdout) as { nodes: { name: string; self: boolean }[] }
    expect(nodes.map(({ name, self }) => [name, self]).toSorted()).toEqual([
      ['cache-1', false],
      ['cache-2', true],
      ['cache-3', false],
    ])
    expect((await run(['stat', 'fleet_*'], 2)).stdout).toMatch(/^fleet_connected +1\nfleet_nodes +3\n/)
  })
})

describe('node examples/fleet/run.ts', () => {
  it('says what to try with a Redis that is given, and ends all of it when it is asked to', async () => {
    const file = fileURLToPath(new URL('../../examples/fleet/run.ts', import.meta.url))
    const child = spawn(process.execPath, [file, fleet.redis.url], { stdio: ['ignore', 'pipe', 'pipe'] })
    let text = ''
    let complaint = ''
    child.stderr.setEncoding('utf8').on('data', (part: string) => {
      complaint += part
    })
    child.stdout.setEncoding('utf8').on('data', (part: string) => {
      text += part
      if (part.includes('Ctrl-C')) child.kill('SIGINT')
    })
    const code = await new Promise((resolve) => child.once('close', resolve))
    expect([code, complaint]).toEqual([0, ''])
    expect(text).toMatch(/cache-1 {3}http:\/\/127\.0\.0\.1:\d+ {3}admin 127\.0\.0\.1:\d+ {3}pid \d+\n/)
    for (const [, pid] of text.matchAll(/cache-\d .* pid (\d+)/g)) expect(() => process.kill(Number(pid), 0)).toThrow('ESRCH')
  })

  it('names the options of the command in its compose file', async () => {
    const compose = readFileSync(new URL('../../examples/fleet/compose.yaml', import.meta.url), 'utf8')
    const help = (await command(['--help'])).stdout
    const flags = [...compose.matchAll(/ (--(?:listen|redis)\b[a-z-]*)/g)].map(([, flag]) => flag)
    expect(new Set(flags).size).toBe(2)
    for (const flag of flags) expect(help).toContain(`${flag} <`)
    for (const name of ['node-name', 'redis-secret']) expect(help).toContain(`--${name} <`)
  })
})
