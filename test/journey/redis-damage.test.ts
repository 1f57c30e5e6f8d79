/**
 * What lies in Redis was damaged, forged or exchanged while servers run (HARDENING 273, 274, 275): it is never served, goes away, is counted, and
 * every client gets what the origin says. Ten thousand entries of it: `test/long/redis-damage.long.ts`.
 */
import { expect, it, onTestFinished } from 'vitest'
import { until } from '../support/until.ts'
import { Wire } from '../support/wire.ts'
import { damageAll, type Entry, entriesOf, paths, readAll, started } from './redis-damaging.ts'
import { joinNode } from './redis-rig.ts'

it('serves nothing of entries that are not what was written', async () => {
  expect(await damageAll(80, 1)).toBe(800)
}, 60_000)

it('serves nothing that was put under another key', async () => {
  const { redis, origin, client } = await started()
  const writer = await joinNode(origin, redis.url)
  const before = writer.stat('tier_written')
  await readAll(writer, paths(60))
  await writer.written(before + 60)
  const entries = await entriesOf(client)
  await Promise.all(
    entries.map(({ key }, index) => client.ask('SET', key, (entries[(index + 1) % entries.length] as Entry).value, 'KEEPTTL')),
  )
  const reader = await joinNode(origin, redis.url)
  for (const path of paths(60)) {
    await readAll(reader, [path])
    if (reader.said.at(-1) === 'away') await until(() => reader.said.at(-1) === 'ready', 'a connection that can be believed')
  }
  // Each costs a connection: they cannot be told from answers to another question.
  expect(reader.stat('tier_distrust_key')).toBeGreaterThan(0)
  expect(reader.stat('tier_hit')).toBe(0)
}, 60_000)

it('serves no wrong page when answers are off by one', async () => {
  const { redis, origin, client } = await started()
  const wire = await Wire.before(redis.port)
  onTestFinished(() => wire.close())
  const writer = await joinNode(origin, redis.url)
  const some = paths(80)
  const before = writer.stat('tier_written')
  await readAll(writer, some)
  await writer.written(before + some.length)
  const [other] = await entriesOf(client)
  const value = other?.value ?? Buffer.alloc(0)
  const bulk = Buffer.concat([Buffer.from(`$${value.length}\r\n`), value, Buffer.from('\r\n')])
  const strays = [
    bulk,
    Buffer.concat([bulk, Buffer.from(':600000\r\n')]),
    Buffer.from('$-1\r\n:-2\r\n'),
    Buffer.from('+OK\r\n'),
    Buffer.from(':1\r\n'),
  ]
  const node = await joinNode(origin, `redis://127.0.0.1:${wire.port}`)
  for (const [index, path] of some.entries()) {
    const stray = strays[index % strays.length] as Buffer
    let injected = false
    // Before the answer to the question for this page, and nothing else.
    wire.through = (bytes) => {
      if (injected || !bytes.includes('ccrf')) return [bytes]
      injected = true
      return index % 2 === 0 ? [Buffer.concat([stray, bytes])] : [stray, bytes]
    }
    await readAll(node, [path, ...some.slice(0, 3)])
    wire.through = (bytes) => [bytes]
    if (index % 8 === 7) {
      await node.sharing()
    }
  }
  expect(node.said).toContain('away')
  await node.sharing()
  await readAll(node, some)
}, 60_000)
