/** One fetch for all nodes, whoever fetches, and whatever becomes of it (HARDENING 284; figures: herd). */

import { readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { expect, it, onTestFinished } from 'vitest'
import { startCli } from '../support/cli.ts'
import { RawClient } from '../support/raw-client.ts'
import { startRedis } from '../support/redis-server.ts'
import { Gate } from '../support/scripted-origin.ts'
import { until } from '../support/until.ts'
import { FRESH, joinNode, originOf, type RedisNode, SECRET } from './redis-rig.ts'
import { message, reply } from './site.ts'

const HOUR = 3_600_000

/** Clients that can be connected at once: both ends of each connection live in this process. */
const CLIENTS = Math.min(10_000, Math.floor((descriptors() - 600) / 2))

function descriptors(): number {
  return Number(/^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1'))?.[1] ?? 4096)
}

interface Client {
  readonly socket: Socket
  readonly answered: Promise<string>
}

/** So many on each node, connected and silent. */
async function clientsOf(nodes: readonly RedisNode[], count: number): Promise<Client[]> {
  const clients: Client[] = []
  while (clients.length < count) {
    const batch = Array.from({ length: Math.min(240, count - clients.length) }, async (_, index): Promise<Client> => {
      const [host = '', port = ''] = (nodes[index % nodes.length] as RedisNode).address.split(':')
      const socket = connect(Number(port), host)
      let text = ''
      const answered = new Promise<string>((resolve) => {
        socket.on('data', (bytes) => {
          text += bytes.toString('latin1')
          if (text.endsWith('shared')) resolve(text)
        })
        socket.on('close', () => resolve(text))
        socket.on('error', () => resolve(text))
      })
      await new Promise((resolve) => socket.once('connect', resolve))
      return { socket, answered }
    })
    clients.push(...(await Promise.all(batch)))
  }
  return clients
}

it('asks the origin once for what ten thousand clients of three nodes with two workers want at once', async () => {
  const redis = await startRedis()
  onTestFinished(() => redis.stop())
  const gate = new Gate()
  const origin = await originOf(async (_, response) => {
    await gate.opened
    reply(response, 200, FRESH, 'shared')
  })
  const nodes = await Promise.all([1, 2, 3].map(() => joinNode(origin, redis.url, { workers: 2 })))
  const clients = await clientsOf(nodes, CLIENTS)
  const sleeping = nodes.reduce((sum, node) => sum + node.stat('busy_sleep'), 0)
  for (const { socket } of clients) socket.write(message('GET', '/cold'))
  // All wait, but the one of each worker that asks for them.
  await until(() => nodes.reduce((sum, node) => sum + node.stat('busy_sleep'), 0) - sleeping >= CLIENTS - 6, 'all to wait')
  gate.open()
  const answers = await Promise.all(clients.map(({ answered }) => answered))
  for (const { socket } of clients) socket.destroy()
  expect(answers.filter((text) => !text.startsWith('HTTP/1.1 200 OK\r\n') || !text.endsWith('\r\n\r\nshared'))).toEqual([])
  expect(origin.fetches('/cold')).toBe(1)
}, 60_000)

it('goes on when the process that fetches is killed, though its clock is an hour ahead or behind', async () => {
  const redis = await startRedis()
  onTestFinished(() => redis.stop())
  const origin = await originOf(async ({ url }, response) => {
    // The first fetch of each never ends.
    if (origin.fetches(url) > 1 || url === '/other') reply(response, 200, FRESH, `answer ${origin.fetches(url)} to ${url}`)
  })
  const node = await joinNode(origin, redis.url, { workers: 2 })
  const args = [
    'serve',
    '--origin',
    origin.url,
    '--listen',
    '127.0.0.1:0',
    '--admin',
    '127.0.0.1:0',
    '--redis',
    redis.url,
    '--redis-deadline',
    '1s',
  ]
  const holders = [HOUR, -HOUR].map((skew) => {
    const before = `const now = Date.now; Date.now = () => now() + ${skew}`
    const cli = startCli(args, { env: { CLEARCOAT_REDIS_SECRET: SECRET }, before })
    onTestFinished(async () => {
      cli.kill('SIGKILL')
      await cli.ended
    })
    return { cli, path: `/held/${skew}` }
  })
  const addresses = await Promise.all(holders.map(({ cli }) => cli.event(({ event }) => event === 'listening')))
  await until(() => node.stat('fleet_nodes') === 3, 'all nodes to know each other')
  for (const [index, { path }] of holders.entries()) {
    const { listen } = addresses[index] as { readonly listen?: readonly string[] }
    const client = await RawClient.connect(listen?.[0] ?? '')
    onTestFinished(() => client.destroy())
    client.send(message('GET', path))
    await until(() => origin.fetches(path) === 1, 'the fetch')
  }
  const waiting = holders.map(({ path }) => ({ path, answers: Array.from({ length: 10 }, () => node.get(path)) }))
  // Of each worker and page one waits for Redis, and the others for that one.
  await until(() => node.stat('busy_sleep') >= 2 * 8, 'all to wait')
  expect((await node.get('/other')).status).toBe(200)
  expect(holders.map(({ path }) => origin.fetches(path))).toEqual([1, 1])
  const killed = performance.now()
  for (const { cli } of holders) cli.kill('SIGKILL')
  for (const { path, answers } of waiting) {
    for (const { status, body } of await Promise.all(answers)) expect([status, body.toString()]).toEqual([200, `answer 2 to ${path}`])
    expect(origin.fetches(path)).toBe(2)
  }
  // The lock of who is dead ends within three seconds.
  expect(performance.now() - killed).toBeLessThan(4500)
}, 30_000)

it('does not keep anybody waiting for a fetch that a purge overtook', async () => {
  const redis = await startRedis()
  onTestFinished(() => redis.stop())
  const gate = new Gate()
  onTestFinished(() => gate.open())
  const origin = await originOf(async ({ url }, response) => {
    const body = `answer ${origin.fetches(url)}`
    if (url === '/slow' && origin.fetches(url) === 1) await gate.opened
    reply(response, 200, FRESH, body)
  })
  const [one, other] = [await joinNode(origin, redis.url), await joinNode(origin, redis.url)]
  expect((await one.get('/quick')).status).toBe(200)
  const before = one.get('/slow')
  await until(() => origin.fetches('/slow') === 1, 'the fetch')
  const meanwhile = other.get('/slow')
  await until(() => other.stat('tier_claim_waits') > 0, 'the other node to wait')
  for (const path of ['/slow', '/quick']) expect((await other.ask('PURGE', path)).status).toBe(200)
  await until(() => one.stat('n_obj_purged') === 1, 'the other node to know of it')
  const after = await Promise.all([one, other, one, other].map((node) => node.get('/slow')))
  expect(after.map(({ body }) => body.toString())).toEqual(Array(4).fill('answer 2'))
  expect((await meanwhile).body.toString()).toBe('answer 2')
  gate.open()
  expect((await before).body.toString()).toBe('answer 1')
  expect((await one.get('/slow')).body.toString()).toBe('answer 2')
  expect(origin.fetches('/slow')).toBe(2)
})
