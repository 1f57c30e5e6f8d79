/** Gives payloads to a listener whole and in pieces, and to the connection in process at every split; the verdict never changes. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Rig, recorder, type Seen, start } from '../listen/fixture.ts'
import { MemoryListener, splits } from '../listen/memory-connection.ts'
import { RawClient } from '../support/raw-client.ts'
import type { AcceptedPayload, RefusedPayload } from './payload.ts'

/** What an attacker would like to get run. */
const SMUGGLED = 'GET /smuggled HTTP/1.1\r\nHost: victim\r\n\r\n'
const CLEAN = 3
/** Longer payloads are split at that many offsets instead of at all. */
const LONG = 700
const SPLITS_OF_LONG = 60

export function judgeRefused(title: string, payloads: readonly RefusedPayload[]): void {
  describe(title, () => {
    const seen: Seen[] = []
    let rig: Rig
    let victim: RawClient
    let nonce = 0
    beforeAll(async () => {
      rig = await start(recorder(seen))
      victim = await RawClient.connect(rig.listener.address)
    })
    afterAll(() => rig.listener.close())

    test.each(payloads)('refuses $name', async (payload) => {
      const before = payload.before ?? 0
      for (const pieces of [0, 1]) {
        seen.length = 0
        const rejected = rig.counters.reasonCount('reject', payload.reason)
        const client = await RawClient.connect(rig.listener.address)
        if (pieces === 0) client.send(payload.bytes + SMUGGLED)
        else await client.sendInPieces(payload.bytes + SMUGGLED, payload.bytes.length > LONG ? 509 : 1)
        const answers = await client.responses()
        client.destroy()
        expect(answers.map((answer) => answer.status)).toEqual([...Array<number>(before).fill(200), payload.status])
        expect(answers.at(-1)?.get('connection')).toBe('close')
        expect(answers.at(-1)?.get('cache-control')).toBe('no-store')
        expect(rig.counters.reasonCount('reject', payload.reason)).toBe(rejected + 1)
        expect(rig.refused.at(-1)).toMatchObject({ status: payload.status, reason: payload.reason })
        expect(seen.filter((entry) => entry.body !== null)).toHaveLength(before)
        expect(seen.map((entry) => entry.target)).not.toContain('/smuggled')
      }
      for (let i = 0; i < CLEAN; i++) {
        const own = `n${nonce++}`
        const answer = await victim.request(`GET /clean HTTP/1.1\r\nHost: victim\r\nX-Nonce: ${own}\r\n\r\n`)
        expect(answer.get('x-nonce')).toBe(own)
      }
    })

    test('gives the same verdict at every split', async () => {
      const memory = new MemoryListener()
      for (const payload of payloads) {
        const bytes = Buffer.from(payload.bytes + SMUGGLED, 'latin1')
        const whole = await memory.feed([bytes])
        expect(whole.rejected, payload.name).toEqual([payload.reason])
        expect(whole.closed, payload.name).toBe(true)
        await sameAtEverySplit(memory, bytes, whole, payload.name)
      }
    })
  })
}

export function judgeAccepted(title: string, payloads: readonly AcceptedPayload[]): void {
  describe(title, () => {
    const seen: Seen[] = []
    let rig: Rig
    beforeAll(async () => {
      rig = await start(recorder(seen))
    })
    afterAll(() => rig.listener.close())

    test.each(payloads)('takes $name in its canonical form', async (payload) => {
      for (const pieces of [0, 1]) {
        seen.length = 0
        const client = await RawClient.connect(rig.listener.address)
        if (pieces === 0) client.send(payload.bytes)
        else await client.sendInPieces(payload.bytes)
        const answer = await client.response({ head: payload.method === 'HEAD' })
        expect(answer.status).toBe(200)
        expect(seen).toHaveLength(1)
        const entry = seen[0]!
        expect(entry).toMatchObject({ method: payload.method, target: payload.target, host: payload.host, body: payload.body ?? '' })
        expect(entry.fields).toEqual(expect.arrayContaining([...(payload.fields ?? [])]))
        for (const name of payload.without ?? []) expect(entry.fields.map((line) => line.split(':')[0]?.toLowerCase())).not.toContain(name)
        if (payload.host !== null) expect(entry.fields.filter((line) => /^host:/i.test(line))).toEqual([expect.stringMatching(/:/)])
        if (payload.closes === true) {
          client.send(SMUGGLED)
          await client.closed()
          expect(client.pending).toHaveLength(0)
          expect(seen).toHaveLength(1)
        } else {
          const next = await client.request('GET /next HTTP/1.1\r\nHost: next\r\nX-Nonce: own\r\n\r\n')
          expect(next.get('x-nonce')).toBe('own')
        }
        client.destroy()
      }
    })

    test('takes them alike at every split', async () => {
      const memory = new MemoryListener()
      for (const payload of payloads) {
        const bytes = Buffer.from(payload.bytes, 'latin1')
        const whole = await memory.feed([bytes])
        expect(whole.rejected, payload.name).toEqual([])
        await sameAtEverySplit(memory, bytes, whole, payload.name)
      }
    })
  })
}

async function sameAtEverySplit(memory: MemoryListener, bytes: Buffer, whole: unknown, name: string): Promise<void> {
  const wanted = JSON.stringify(whole)
  const all = splits(bytes)
  const step = bytes.length > LONG ? Math.ceil(all.length / SPLITS_OF_LONG) : 1
  for (let i = all.length - 1; i >= 0; i -= step) {
    const pieces = all[i]!
    const verdict = JSON.stringify(await memory.feed(pieces))
    if (verdict !== wanted) expect(verdict, `${name}, first piece ${pieces[0]!.length} bytes of ${bytes.length}`).toBe(wanted)
  }
}
