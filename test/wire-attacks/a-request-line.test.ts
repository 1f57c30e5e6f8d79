import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Rig, recorder, type Seen, start } from '../listen/fixture.ts'
import { RawClient } from '../support/raw-client.ts'
import { judgeAccepted, judgeRefused } from './judge.ts'
import { ACCEPTED, HOSTS, REQUEST_LINES, TARGETS } from './payloads-a.ts'

judgeRefused('Host (RFC 9112 §3.2)', HOSTS)
judgeRefused('request target (RFC 9112 §3.2)', TARGETS)
judgeRefused('request line (RFC 9112 §3)', REQUEST_LINES)
judgeAccepted('request heads that are canonical', ACCEPTED)

const seen: Seen[] = []
let rig: Rig
beforeAll(async () => {
  rig = await start(recorder(seen))
})
afterAll(() => rig.listener.close())

test('closes on 64 KiB of random bytes and stays alive', async () => {
  for (let round = 0; round < 20; round++) {
    seen.length = 0
    const client = await RawClient.connect(rig.listener.address)
    client.send(Buffer.concat([Buffer.from([0x16]), randomBytes(65_535)]))
    const answers = await client.responses()
    client.destroy()
    expect(answers.map((answer) => answer.status)).toEqual([400])
    expect(seen).toHaveLength(0)
  }
  const clean = await RawClient.connect(rig.listener.address)
  expect((await clean.request('GET / HTTP/1.1\r\nHost: h\r\n\r\n')).status).toBe(200)
  clean.destroy()
})

test('answers fifty pipelined requests in order', async () => {
  const client = await RawClient.connect(rig.listener.address)
  client.send(Array.from({ length: 50 }, (_, i) => `GET /${i} HTTP/1.1\r\nHost: h\r\nX-Nonce: ${i}\r\n\r\n`).join(''))
  for (let i = 0; i < 50; i++) expect((await client.response()).get('x-nonce')).toBe(String(i))
  client.destroy()
})

test.each([0, 1, 7, 49])('answers the %i pipelined requests in front of a bad one, refuses it and ignores the rest', async (good) => {
  seen.length = 0
  const client = await RawClient.connect(rig.listener.address)
  const request = (i: number): string => `POST /${i} HTTP/1.1\r\nHost: h\r\nX-Nonce: ${i}\r\nContent-Length: 2\r\n\r\nok`
  const all = Array.from({ length: 50 }, (_, i) => (i === good ? 'GET /bad HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n' : request(i)))
  client.send(all.join(''))
  const answers = await client.responses()
  client.destroy()
  expect(answers.map((answer) => answer.status)).toEqual([...Array<number>(good).fill(200), 400])
  expect(answers.slice(0, -1).map((answer) => answer.get('x-nonce'))).toEqual(Array.from({ length: good }, (_, i) => String(i)))
  expect(seen).toHaveLength(good)
})

test('serves the next request after a refusal elsewhere, in a burst after a pause', async () => {
  const client = await RawClient.connect(rig.listener.address)
  await client.request('GET /first HTTP/1.1\r\nHost: h\r\n\r\n')
  rig.clock.advance(59_000)
  client.send(Array.from({ length: 20 }, (_, i) => `GET /${i} HTTP/1.1\r\nHost: h\r\nX-Nonce: p${i}\r\n\r\n`).join(''))
  for (let i = 0; i < 20; i++) expect((await client.response()).get('x-nonce')).toBe(`p${i}`)
  client.destroy()
})
