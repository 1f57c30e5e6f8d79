import { afterAll, beforeAll, expect, it } from 'vitest'
import { aclRule } from '../../src/redis/acl.ts'
import type { RedisPort, Script } from '../../src/redis/port.ts'
import { slotOf } from '../../src/redis/slot.ts'
import { type RedisCluster, startRedisCluster } from '../support/redis-cluster.ts'
import { openFeed, readyPort } from '../support/redis-link.ts'
import { until } from '../support/until.ts'

let cluster: RedisCluster
let url: string

beforeAll(async () => {
  cluster = await startRedisCluster({ acl: [`user node on >word ${aclRule('clearcoat:')}`] })
  url = cluster.url.replace('//', '//node:word@')
})
afterAll(() => cluster.stop())

const key = (name: string): string => `clearcoat:{${name}}`
const NAMES = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']
const VALUE = Buffer.from('value')

const reads = (port: RedisPort, name: string): Promise<string> =>
  port.read([key(name)], 'small').then(
    ([stored]) => stored?.value.toString() ?? 'nothing',
    (failure: { readonly fault: string }) => failure.fault,
  )

it('reads and writes each key where it lies, runs scripts there, and hears channels', async () => {
  const { port, said } = await readyPort(url)
  for (const name of ['', 'a', 'ä{b}', '{}foo', 'a{b}{c}'])
    expect(await cluster.nodes[0]?.cli('CLUSTER', 'KEYSLOT', Buffer.from(name))).toBe(slotOf(name))
  const masters = new Set(await Promise.all(NAMES.map((name) => cluster.masterOf(key(name)))))
  expect(masters.size).toBe(3)
  for (const name of NAMES) {
    await port.write(
      [
        { key: key(name), value: VALUE, life: 60_000 },
        { key: `${key(name)}:c`, value: VALUE, life: 60_000 },
      ],
      'bulk',
    )
    expect((await port.read([key(name), `${key(name)}:c`, `${key(name)}:x`], 'small')).map((stored) => stored?.value.toString())).toEqual([
      'value',
      'value',
      undefined,
    ])
    const script: Script = { name: 'get', lua: `return redis.call('GET', KEYS[1])` }
    expect(await port.run(script, [key(name)], [])).toEqual(VALUE)
    await port.remove([`${key(name)}:c`])
    expect(await port.read([`${key(name)}:c`], 'small')).toEqual([null])
  }
  const heard: string[] = []
  port.subscribe('clearcoat:claims', (message) => heard.push(message))
  for (let turn = 0; heard.length < 3; turn++) {
    const tell: Script = { name: 'tell', lua: `return redis.call('PUBLISH', ARGV[1], ARGV[2])` }
    await port.run(tell, [key(NAMES[turn % NAMES.length] ?? '')], ['clearcoat:claims', 'm'])
  }
  expect(said).toEqual([])
})

it('follows a key that has moved, and asks once where it is on its way', async () => {
  const { port, said } = await readyPort(url)
  const name = 'moving'
  const slot = slotOf(key(name))
  const from = await cluster.masterOf(key(name))
  const to = cluster.nodes.slice(0, 3).find((node) => node !== from) as typeof from
  const [fromId, toId] = await Promise.all([from.cli('CLUSTER', 'MYID'), to.cli('CLUSTER', 'MYID')])
  await to.cli('CLUSTER', 'SETSLOT', slot, 'IMPORTING', String(fromId))
  await from.cli('CLUSTER', 'SETSLOT', slot, 'MIGRATING', String(toId))
  // Nothing of it lies at the old place: ASK.
  await port.write([{ key: key(name), value: VALUE, life: 60_000 }], 'small')
  expect([await reads(port, name), (await from.cli('DBSIZE')) === 0]).toEqual(['value', false])
  expect(await to.cli('CLUSTER', 'COUNTKEYSINSLOT', slot)).toBe(1)
  for (const node of [to, from]) await node.cli('CLUSTER', 'SETSLOT', slot, 'NODE', String(toId))
  // MOVED.
  expect(await reads(port, name)).toBe('value')
  expect(said).toEqual([])
})

it('follows a stream at whoever has it', async () => {
  const stream = key('log')
  const feed = openFeed(url)
  const owner = await cluster.masterOf(stream)
  expect(await feed.follow(stream, '0-0', 1, 10)).toEqual([])
  const waiting = feed.follow(stream, '0-0', 5000, 10)
  await owner.cli('XADD', stream, '1-1', 'e', 'one')
  expect((await waiting).map(({ value }) => value.toString())).toEqual(['one'])
})

it('serves what lies on other masters while one is away, and all after its replica has taken over', async () => {
  const { port, said, states } = await readyPort(url)
  const feed = openFeed(url)
  await Promise.all(NAMES.map((name) => port.write([{ key: key(name), value: VALUE, life: 60_000 }], 'small')))
  const master = await cluster.masterOf(key('log'))
  await master.cli('WAIT', 1, 1000)
  await feed.follow(key('log'), '0-0', 1, 10)
  const theirs: string[] = []
  const others: string[] = []
  for (const name of NAMES) ((await cluster.masterOf(key(name))) === master ? theirs : others).push(name)
  expect([theirs.length > 0, others.length > 0]).toEqual([true, true])
  await master.kill()
  const killed = performance.now()
  await until(() => said.length > 0, 'a line')
  expect(await Promise.all(others.map((name) => reads(port, name)))).toEqual(others.map(() => 'value'))
  expect(await reads(port, theirs[0] ?? '')).toBe('away')
  expect(port.state).toBe('ready')
  while ((await reads(port, theirs[0] ?? '')) !== 'value') await new Promise((resolve) => setTimeout(resolve, 20))
  // The timeout of its nodes is one second.
  expect(performance.now() - killed).toBeLessThan(6000)
  expect(await Promise.all(NAMES.map((name) => reads(port, name)))).toEqual(NAMES.map(() => 'value'))
  await expect
    .poll(
      () =>
        feed.follow(key('log'), '0-0', 1, 10).then(
          (entries) => entries.length,
          () => null,
        ),
      { timeout: 5000 },
    )
    .toBe(1)
  await until(() => said.length > 1, 'the second line')
  expect(states()).toEqual(['warn partly', 'info ready'])
  expect(String(said[0]?.fields['reason'])).toContain(String(master.port))
  expect(JSON.stringify(said)).not.toContain('word')
})

it('is away when its nodes say that it is down', async () => {
  const { port, states } = await readyPort(url)
  const alive = cluster.nodes.filter(({ pid }) => pid !== 0)
  // Without a majority of masters nobody serves anything.
  const masters: typeof alive = []
  for (const node of alive) if (String(await node.cli('INFO', 'replication')).includes('role:master')) masters.push(node)
  const [, ...gone] = masters
  await Promise.all(gone.map((node) => node.kill()))
  await until(() => port.state === 'away' || states().length > 0, 'a line')
  const ends = new Set<string>()
  while (port.state === 'ready') {
    for (const each of NAMES) ends.add(await reads(port, each))
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  expect(ends.has('refused')).toBe(true)
  expect(await reads(port, 'a')).toBe('away')
  expect(states().at(-1)).toBe('warn away')
})
