import { afterEach, describe, expect, test } from 'vitest'
import { PrimaryKey } from '../../src/request/key.ts'
import { WORKERS } from '../support/serving.ts'
import { seeded } from './interleaving.ts'
import { type Reply, type Rig, requestOf, type Seen, start } from './rig.ts'

const KEYS = 100_000

describe('keys whose tails are integers', () => {
  /** Keys that share their hash would make this quadratic, and 100,000 of them pass the runner's deadline. */
  function allFound(tails: readonly string[]): boolean {
    const index = new Map<string, number>()
    const keys = tails.map((tail) => new PrimaryKey(`/${tail}`, 'example.com').text)
    for (const [i, key] of keys.entries()) index.set(key, i)
    // Strings made anew: none of them brings its hash along.
    return keys.every((key, i) => index.get(Buffer.from(key, 'latin1').toString('latin1')) === i)
  }

  test.each([
    // Strings that are array indices get a hash of their value; multiples of 2^24 share its low bits.
    ['integers with equal low bits', (i: number) => ((i % 256) * 2 ** 24 + Math.floor(i / 256)) >>> 0],
    ['multiples of 2^20', (i: number) => i * 2 ** 20],
  ])('are found like others: %s', (_title, tail) => {
    expect(allFound(Array.from({ length: KEYS }, (_, i) => String(tail(i))))).toBe(true)
  })
})

let rig: Rig | null = null
afterEach(async () => {
  await rig?.close()
  rig = null
})

describe('a flood of URLs that are asked for once', () => {
  // In less memory than several workers can have; `test/object/shared/room.test.ts` floods theirs.
  test.runIf(WORKERS === 1)('does not drive out what is asked for often, and keeps to the budget', async () => {
    const memory = 2 * 1024 * 1024
    rig = await start((_seen: Seen): Reply => ({ fields: [['Cache-Control', 'max-age=3600']], body: 'x'.repeat(2000) }), { memory })
    const it = rig
    const client = await it.client()
    const random = seeded(175)
    const hot = 50
    let [asked, hits, once] = [0, 0, 0]
    const batch = async (flood: boolean): Promise<void> => {
      const targets = Array.from({ length: 50 }, () => (flood && random() < 0.7 ? `/once/${once++}` : `/hot/${Math.floor(random() * hot)}`))
      client.send(targets.map((target) => requestOf(target, {})).join(''))
      for (const target of targets) {
        const answer = await client.response()
        if (!target.startsWith('/hot/')) continue
        asked++
        if (answer.get('x-cache') === 'HIT') hits++
      }
    }
    for (let i = 0; i < 20; i++) await batch(false)
    ;[asked, hits] = [0, 0]
    for (let i = 0; i < 20; i++) await batch(false)
    const before = hits / asked
    ;[asked, hits] = [0, 0]
    for (let i = 0; i < 60; i++) await batch(true)
    expect(once).toBeGreaterThan(1800)
    expect(it.stat('n_lru_nuked')).toBeGreaterThan(800)
    expect(hits / asked).toBeGreaterThan(before - 0.05)
    expect(it.stat('g_bytes')).toBeLessThanOrEqual(memory)
    expect(it.stat('n_objecthead')).toBeLessThanOrEqual(it.stat('n_object') + 1)
  })
})
