import { existsSync } from 'node:fs'
import { connect as connectTls } from 'node:tls'
import { expect, it, onTestFinished } from 'vitest'
import { authority } from '../support/certificates.ts'
import { startRedis } from '../support/redis-server.ts'
import { RespClient } from '../support/resp-client.ts'

it('starts a real Redis that asks for a password, restarts it empty on its port and ends it', async () => {
  const redis = await startRedis({ password: 'a word', config: { maxmemory: '8mb' } })
  onTestFinished(() => redis.stop())
  expect(await redis.cli('SET', 'a', 'b')).toBe('OK')
  const stranger = await RespClient.open(redis.port)
  await expect(stranger.ask('GET', 'a')).rejects.toThrow('NOAUTH')
  const { pid } = redis
  await redis.restart({ maxmemory: '9mb' })
  expect(redis.pid).not.toBe(pid)
  expect([await redis.cli('GET', 'a'), await redis.cli('CONFIG', 'GET', 'maxmemory')]).toEqual([null, ['maxmemory', '9437184']])
  await redis.stop()
  await expect(RespClient.open(redis.port)).rejects.toThrow('ECONNREFUSED')
  expect(existsSync(redis.folder)).toBe(false)
})

it('freezes a Redis, which accepts but never answers, and thaws it', async () => {
  const redis = await startRedis()
  onTestFinished(() => redis.stop())
  await redis.freeze()
  const client = await RespClient.open(redis.port)
  let answered = false
  const answer = client.ask('PING').then((reply) => {
    answered = true
    return reply
  })
  await new Promise((resolve) => setTimeout(resolve, 30))
  expect(answered).toBe(false)
  redis.thaw()
  expect(await answer).toBe('PONG')
  client.close()
})

it('starts a real Redis with users and TLS', async () => {
  const ca = authority('test authority')
  const redis = await startRedis({ tls: ca.issue({ names: ['127.0.0.1'] }), acl: ['user reader on >word ~a* +get', 'user default off'] })
  onTestFinished(() => redis.stop())
  const socket = connectTls({ host: '127.0.0.1', port: redis.port, ca: ca.cert })
  const heard = new Promise((resolve) => socket.once('data', (bytes) => resolve(String(bytes))))
  socket.write('AUTH reader word\r\n')
  expect(await heard).toBe('+OK\r\n')
  socket.destroy()
  expect(await redis.cli('ACL', 'LIST')).toHaveLength(3)
})
