/** What the command line says of a fleet. */
import { describe, expect, it } from 'vitest'
import { fleetSite, TestDesk } from '../admin/fleet-desk.ts'
import { operated } from '../admin/rig.ts'
import { reply } from '../journey/site.ts'
import { scriptedAdmin } from '../support/scripted-admin.ts'
import type { OriginScript } from '../support/scripted-origin.ts'
import { COMPLAINT, command, type Ran } from './command-line.ts'

const tagged: OriginScript = ({ url }, response) => reply(response, 200, { 'Cache-Control': 'max-age=60', xkey: 'page' }, url)

interface Asked {
  readonly desk: TestDesk
  ask(...args: readonly string[]): Promise<Ran>
}

/** Three nodes, of which the first has two pages. */
async function fleet(): Promise<Asked> {
  const desk = new TestDesk()
  const site = await fleetSite(desk, tagged)
  for (const path of ['/a', '/b']) await site.get(path)
  return { desk, ask: (...args) => command([...args, '--admin', site.server.admin]) }
}

describe('clearcoat nodes', () => {
  it('prints a line for each node, the one that was asked marked', async () => {
    const { desk, ask } = await fleet()
    desk.nodes[2] = { ...desk.nodes[2]!, position: 2 ** 32 + 39, behind: 3, heard: 4100 }
    expect(await ask('nodes')).toMatchObject({
      ...{ code: 0, stderr: '' },
      stdout: [
        'NODE       POSITION  BEHIND  HEARD  ID',
        'cache-1 *      1-42       0   0.0s  id1',
        'cache-2        1-42       0   0.3s  id2',
        'cache-3        1-39       3   4.1s  id3',
        '',
      ].join('\n'),
    })
    expect(JSON.parse((await ask('nodes', '--json')).stdout)).toMatchObject({
      state: 'following',
      nodes: [{ self: true }, {}, { behind: 3 }],
    })
  })

  it('says below the list what is amiss', async () => {
    const { desk, ask } = await fleet()
    desk.state = 'cut-off'
    desk.heard = 125_000
    desk.queued = 2
    expect((await ask('nodes')).stdout).toMatch(
      /\nThe node that was asked \(\*\) cannot reach Redis, last 2m ago; this is what it knew\. 2 of its purges and bans wait to be told\.\n$/,
    )
    desk.heard = Number.POSITIVE_INFINITY
    desk.queued = 0
    desk.nodes = []
    expect((await ask('nodes')).stdout).toBe('The node that was asked (*) cannot reach Redis; this is what it knew.\n')
    desk.state = 'catching-up'
    desk.queued = 1
    expect((await ask('nodes')).stdout).toBe('The node that was asked (*) is catching up. 1 of its purges and bans waits to be told.\n')
  })

  it('shows no control characters of a name', async () => {
    const { desk, ask } = await fleet()
    desk.nodes[1] = { ...desk.nodes[1]!, name: '\x1b[31mred' }
    expect((await ask('nodes')).stdout).toContain('\\x1b[31mred')
  })

  it('says how to begin a fleet where there is none', async () => {
    const site = await operated()
    const ran = await command(['nodes', '--admin', site.server.admin])
    expect(ran).toMatchObject({ code: 1, stdout: '' })
    expect(ran.stderr).toMatch(COMPLAINT)
    expect(ran.stderr).toContain('--redis redis://')
  })
})

describe('clearcoat purge and ban in a fleet', () => {
  it('say no more than alone when the others were told', async () => {
    const { ask } = await fleet()
    expect(await ask('purge', '--tag', 'page')).toMatchObject({ code: 0, stdout: 'Purged 2 objects.\n', stderr: '' })
    expect(await ask('ban', 'req.url ~ ^/a')).toMatchObject({ code: 0, stdout: 'Banned 0 objects.\n', stderr: '' })
  })

  it('say that the others are told later, and end well', async () => {
    const { desk, ask } = await fleet()
    desk.state = 'cut-off'
    const later = 'queued for the other nodes: Redis cannot be reached'
    expect(await ask('purge', 'http://www.example/a')).toMatchObject({ code: 0, stdout: `Purged 1 object; ${later}.\n`, stderr: '' })
    expect(await ask('purge', '--all', '--soft', '--yes')).toMatchObject({ code: 0, stdout: `Made 1 object stale; ${later}.\n` })
    expect(await ask('ban', 'req.url ~ ^/x')).toMatchObject({ code: 0, stdout: `Banned 0 objects; ${later}.\n`, stderr: '' })
  })

  it('list every node with --wait, and end with 0 when all have applied it', async () => {
    const { desk, ask } = await fleet()
    expect(await ask('purge', '--wait', 'http://www.example/a', '--patience', '2s')).toMatchObject({
      ...{ code: 0, stderr: '' },
      stdout: [
        'Purged 1 object; all 3 nodes have applied it.',
        'OBJECTS  NODE',
        '      1  cache-1',
        '      2  cache-2',
        '      0  cache-3',
        '',
      ].join('\n'),
    })
    expect(await ask('ban', '--wait', 'req.url ~ ^/b')).toMatchObject({
      ...{ code: 0, stderr: '' },
      stdout: expect.stringMatching(/^Banned 1 object; all 3 nodes have applied it\.\nOBJECTS {2}NODE\n {6}1 {2}cache-1\n/),
    })
    expect(desk.waits.map(([, patience]) => patience)).toEqual([2000, 10_000])
  })

  it('end with 1 and the names of those that have not', async () => {
    const { desk, ask } = await fleet()
    desk.acknowledging = new Map([
      ['cache-1', null],
      ['cache-2', null],
    ])
    const ran = await ask('purge', '--tag', 'page', '--wait')
    expect(ran).toMatchObject({
      code: 1,
      stdout: [
        'Purged 2 objects; 2 of 3 nodes have applied it.',
        'OBJECTS  NODE',
        '      2  cache-1',
        '      ?  cache-2',
        'missing  cache-3',
        '',
      ].join('\n'),
    })
    expect(ran.stderr).toMatch(COMPLAINT)
    expect(ran.stderr).toContain('not every node has applied it: cache-3')
    const json = await ask('ban', 'req.url ~ ^/a', '--wait', '--json')
    expect([json.code, JSON.parse(json.stdout)]).toEqual([
      1,
      expect.objectContaining({ fleet: expect.objectContaining({ missing: ['cache-3'] }) }),
    ])
  })

  it('end with 1 when the others cannot even be told', async () => {
    const { desk, ask } = await fleet()
    desk.state = 'cut-off'
    const ran = await ask('purge', 'http://www.example/a', 'http://www.example/b', '--wait')
    expect(ran.code).toBe(1)
    expect(ran.stdout).toMatch(/^Purged 1 object; queued .*\n(?:.*\n)*.*\nPurged 1 object; queued /)
    expect(ran.stderr).toMatch(COMPLAINT)
    expect(ran.stderr).toContain('Redis cannot be reached')
    desk.nodes.length = 1
    const alone = await ask('purge', '--all', '--yes', '--wait')
    expect([alone.code, alone.stderr]).toEqual([1, expect.stringContaining('the other nodes have not been told')])
  })

  it('have nobody to wait for where the node is alone, or is the only one', async () => {
    const site = await operated()
    expect(await command(['purge', '--all', '--yes', '--wait', '--admin', site.server.admin])).toMatchObject({
      ...{ code: 0, stdout: 'Purged 0 objects; this node is alone.\n', stderr: '' },
    })
    const { desk, ask } = await fleet()
    desk.nodes.length = 1
    expect((await ask('purge', '--tag', 'page', '--wait')).stdout).toBe(
      'Purged 2 objects; no other node is there.\nOBJECTS  NODE\n      2  cache-1\n',
    )
  })

  it('say how to write what they cannot read, before anything is purged', async () => {
    const { address, asked } = await scriptedAdmin({})
    for (const args of [
      ['purge', '--tag', 'a', '--wait', '--patience', 'long'],
      ['purge', '--tag', 'a', '--patience', '0'],
      ['purge', '--tag', 'a', '--patience', '301'],
      ['purge', '--tag', 'a', '--wait', '--dry-run'],
      ['ban', 'req.url ~ a', '--patience', 'x'],
    ]) {
      const ran = await command([...args, '--admin', address])
      expect(ran.code, args.join(' ')).toBe(2)
      expect(ran.stderr).toMatch(COMPLAINT)
    }
    expect(asked).toEqual([])
  })
})

describe('clearcoat stat', () => {
  it('shows the fleet', async () => {
    const { ask } = await fleet()
    expect((await ask('stat', 'tier_lookups*')).stdout).toMatch(/^tier_lookups +0\ntier_lookups_ms +0\ntier_lookups_within_0\.5ms +0\n/)
    expect((await ask('stat', 'fleet_*')).stdout).toBe('fleet_connected  1\nfleet_nodes      3\nfleet_behind     0\nfleet_queued     0\n')
  })
})
