/** A limit of a policy is one for all nodes that share a Redis. */
import { expect, it, onTestFinished } from 'vitest'
import type { Server } from '../../src/index.ts'
import { rateLimit } from '../../vcl-ts/index.ts'
import { RawClient } from '../support/raw-client.ts'
import { startRedis } from '../support/redis-server.ts'
import { ScriptedOrigin } from '../support/scripted-origin.ts'
import { serve, WORKERS } from '../support/serving.ts'
import { always, message } from './site.ts'

const LIMIT = 40
const FIFTH = LIMIT / 5

// A policy that is a value cannot go to other threads.
it.runIf(WORKERS === 1)('lets three nodes together no more than a fifth above it through, and nearly all of it', async () => {
  const redis = await startRedis()
  onTestFinished(() => redis.stop())
  const origin = await ScriptedOrigin.start(always({ 'Cache-Control': 'max-age=600' }))
  onTestFinished(() => origin.close())
  const node = async (): Promise<Server> => {
    const server = await serve({
      ...{ origin: origin.url, listen: ['127.0.0.1:0'], memory: 64 * 1024 * 1024 },
      // One declaration of their own each, as in processes of their own.
      policy: rateLimit({ limit: LIMIT, period: '1h' }).policy(),
      eventLog: { info: () => {}, warn: () => {}, error: () => {} },
      redis: { servers: `redis://127.0.0.1:${redis.port}`, secret: 'known-to-all-nodes-of-it', deadline: 1 },
    })
    onTestFinished(() => server.close())
    return server
  }
  const nodes = [await node(), await node(), await node()]
  let passed = 0
  const ask = async (server: Server): Promise<number> => {
    const client = await RawClient.connect(server.addresses[0] as string)
    try {
      const { status } = await client.request(message('GET', '/', { Connection: 'close' }))
      if (status === 200) passed++
      return status
    } finally {
      client.destroy()
    }
  }
  for (let i = 0; i < LIMIT; i++) await Promise.all(nodes.map(ask))
  expect(passed).toBeLessThanOrEqual(LIMIT + FIFTH)
  // What one has not taken of its share the others may, as soon as all know.
  const end = performance.now() + 15_000
  while (passed < LIMIT - FIFTH && performance.now() < end) for (const server of nodes) await ask(server)
  expect(passed).toBeGreaterThanOrEqual(LIMIT - FIFTH)
  for (let i = 0; i < 20; i++) await Promise.all(nodes.map(ask))
  expect(passed).toBeLessThanOrEqual(LIMIT + FIFTH)
})
