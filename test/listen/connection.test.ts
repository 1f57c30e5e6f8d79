import { afterEach, expect, test } from 'vitest'
import { RawClient } from '../support/raw-client.ts'
import { type Rig, recorder, type Seen, start } from './fixture.ts'

const rigs: Rig[] = []
afterEach(async () => {
  await Promise.all(rigs.splice(0).map((rig) => rig.listener.close()))
})

test('answers a request and keeps the connection for the next one', async () => {
  const seen: Seen[] = []
  const rig = await start(recorder(seen))
  rigs.push(rig)
  const client = await RawClient.connect(rig.listener.address)
  const first = await client.request('GET /a HTTP/1.1\r\nHost: h\r\n\r\n')
  expect(first.status).toBe(200)
  expect(first.body.toString()).toBe('GET /a h 0\n')
  expect(first.get('connection')).toBe('keep-alive')
  expect(first.get('keep-alive')).toBe('timeout=60')
  expect(first.get('date')).toBe('Thu, 01 Jan 2026 00:00:00 GMT')
  const second = await client.request('POST /b HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc')
  expect(second.body.toString()).toBe('POST /b h 3\n')
  client.destroy()
})
