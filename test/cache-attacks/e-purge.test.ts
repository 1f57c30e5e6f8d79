import { afterEach, describe, expect, test } from 'vitest'
import { InvalidationLog } from '../../src/invalidation/log.ts'
import { OVERTAKEN_WAIT } from '../../src/object/claim.ts'
import type { Place } from '../../src/object/key-text.ts'
import type { SubjectPurge } from '../../src/object/subject.ts'
import { definePolicy } from '../../vcl-ts/index.ts'
import type { RawResponse } from '../support/raw-client.ts'
import { WORKERS } from '../support/serving.ts'
import { until } from '../support/until.ts'
import { COURSES, type Course, interleave, seeded } from './interleaving.ts'
import { gate, type Reply, type Rig, type RigOptions, requestOf, type Seen, start } from './rig.ts'

const RUNS = 10_000
const STEPS = 60

// Of a table, not of servers.
describe.runIf(WORKERS === 1)('ten thousand interleavings of readers, fetches, sweeps and', () => {
  test.each(Object.entries(COURSES))(
    '%s give nobody who came after a purge anything older, and ask the origin once at a time',
    (name, course) => {
      const violations: string[] = []
      let [served, purges, overtaken, sliced, confirmed, patient] = [0, 0, 0, 0, 0, 0]
      for (let seed = 1; seed <= RUNS; seed++) {
        const run = interleave(seed, new InvalidationLog(), STEPS, course)
        for (const violation of run.violations) violations.push(`seed ${seed}: ${violation}`)
        served += run.served
        purges += run.purges
        overtaken += run.overtaken
        sliced += run.sliced
        confirmed += run.confirmed
        patient += run.patient
      }
      expect(violations.slice(0, 10)).toEqual([])
      // The schedule is worth its name: many are served, many fetches are overtaken, many purges go on behind the others' steps.
      expect(served).toBeGreaterThan(RUNS * 5)
      expect(purges).toBeGreaterThan(RUNS * 3)
      expect(overtaken).toBeGreaterThan(RUNS)
      expect(sliced).toBeGreaterThan(RUNS)
      if (course.byKey > 0) expect(patient).toBeGreaterThan(RUNS / 2)
      if (name.includes('304')) expect(confirmed).toBeGreaterThan(RUNS / 10)
    },
  )

  const [all] = Object.values(COURSES) as [Course]

  test('purges give nobody anything older either when the log remembers one subject only', () => {
    const violations: string[] = []
    for (let seed = 1; seed <= 500; seed++) {
      const log = new InvalidationLog(1)
      const busy = {
        get head(): number {
          return log.head
        },
        purgeKey(key: string, soft: boolean): unknown {
          log.purgeKey(`another ${seed}`, false)
          return log.purgeKey(key, soft)
        },
        purgeSubject(subject: SubjectPurge, soft: boolean): number {
          log.purgeSubject({ by: 'tags', tags: [`another ${seed}`] }, false)
          return log.purgeSubject(subject, soft)
        },
        ban: () => log.ban(),
        verdict: (key: string, since: number, tags: readonly string[], target: Place | null) => log.verdict(key, since, tags, target),
      }
      for (const violation of interleave(seed, busy, STEPS, all).violations) violations.push(`seed ${seed}: ${violation}`)
    }
    expect(violations.slice(0, 10)).toEqual([])
  })

  test('purges would show a log that forgets', () => {
    let violations = 0
    for (let seed = 1; seed <= 200; seed++) {
      const log = new InvalidationLog()
      const forgetful = {
        get head(): number {
          return log.head
        },
        purgeKey: (key: string, soft: boolean): unknown => log.purgeKey(key, soft),
        purgeSubject: (subject: SubjectPurge, soft: boolean): number => log.purgeSubject(subject, soft),
        ban: () => log.ban(),
        verdict: () => 'valid' as const,
      }
      violations += interleave(seed, forgetful, STEPS, all).violations.length
    }
    expect(violations).toBeGreaterThan(0)
  })
})

let rig: Rig | null = null
afterEach(async () => {
  await rig?.close()
  rig = null
})

const purging = definePolicy({
  recv({ req, purge }) {
    if (req.method === 'PURGE') return purge({ soft: req.headers.has('x-soft') })
  },
})

async function open(answer: (seen: Seen) => Reply | Promise<Reply>, options: RigOptions = {}): Promise<Rig> {
  rig = await start(answer, { policy: purging, ...options })
  return rig
}

const versionOf = (body: Buffer): number => Number(body.toString('latin1').split(' ', 1)[0])

/** An answer to one who gives the fetch that was overtaken all the time there is for it. */
async function getAfterPurge(it: Rig, target: string): Promise<RawResponse> {
  const slept = it.stat('busy_sleep')
  let answered = false
  const asked = it.get(target).finally(() => {
    answered = true
  })
  await until(() => answered || it.stat('busy_sleep') > slept, 'the answer or the wait')
  if (!answered) it.clock.advance(OVERTAKEN_WAIT)
  return asked
}

describe('a purge on real sockets', () => {
  test('is not outlived by a fetch that began before it, in two hundred orders', async () => {
    let version = 1
    const gates = new Map<string, Promise<void>>()
    const it = await open((seen) => {
      // What a request sees is what was true when it arrived, however late the answer leaves.
      const body = `${version} ${'x'.repeat(200)}`
      const held = gates.get(seen.target)
      if (seen.method !== 'GET' || held === undefined) return { fields: [['Cache-Control', 'max-age=3600']], body }
      gates.delete(seen.target)
      return { fields: [['Cache-Control', 'max-age=3600']], body, ...(version % 2 === 0 ? { after: held } : { half: held }) }
    })
    const random = seeded(172)
    for (let round = 0; round < 200; round++) {
      const target = `/${round}`
      const held = gate()
      gates.set(target, held.opened)
      const asked = it.seen.length
      const before = await it.together(Array.from({ length: 1 + Math.floor(random() * 3) }, () => [target] as const))
      await until(() => it.seen.length > asked, 'the first fetch')
      version++
      if (random() < 0.3) held.open()
      const method = random() < 0.7 ? 'PURGE' : 'DELETE'
      expect((await it.ask(target, { method })).status).toBe(200)
      const order = random()
      if (order < 0.3) held.open()
      const after = await getAfterPurge(it, target)
      expect(versionOf(after.body)).toBe(version)
      held.open()
      for (const answer of before) expect(versionOf((await answer).body)).toBeGreaterThanOrEqual(version - 1)
      const last = await it.get(target)
      expect([versionOf(last.body), last.get('x-cache')]).toEqual([version, 'HIT'])
    }
  })

  test('is true for every request that is sent after its answer', async () => {
    let version = 1
    const it = await open((seen) => ({
      fields: [
        ['Cache-Control', 'max-age=3600'],
        ['Vary', 'X-V'],
      ],
      body: `${version} of ${seen.target}`,
    }))
    let acknowledged = 1
    let over = false
    const older: string[] = []
    const reading = Array.from({ length: 8 }, async (_, reader) => {
      const client = await it.client()
      let read = 0
      while (!over) {
        const floor = acknowledged
        // Two in one write: the second waits in the connection while the first is served.
        client.send(requestOf('/hot', { fields: [['X-V', String(reader % 2)]] }).repeat(2))
        for (let i = 0; i < 2; i++) {
          const got = versionOf((await client.response()).body)
          if (got < floor) older.push(`${got} after ${floor}`)
          read++
        }
      }
      return read
    })
    for (let i = 0; i < 100; i++) {
      version++
      const now = version
      expect((await it.ask('/hot', { method: 'PURGE' })).status).toBe(200)
      acknowledged = now
      for (let turn = 0; turn < 5; turn++) await new Promise<void>((resolve) => setImmediate(resolve))
    }
    over = true
    const read = await Promise.all(reading)
    expect(older).toEqual([])
    expect(read.reduce((sum, count) => sum + count, 0)).toBeGreaterThan(100)
    expect(it.stat('cache_hit')).toBeGreaterThan(50)
  })

  test('is true for a request in the same write, behind it', async () => {
    let version = 1
    const it = await open(() => ({ fields: [['Cache-Control', 'max-age=3600']], body: `${version}` }))
    await it.get('/')
    version = 2
    const client = await it.client()
    client.send(requestOf('/', { method: 'PURGE' }) + requestOf('/', {}))
    expect((await client.response()).status).toBe(200)
    expect((await client.response()).body.toString()).toBe('2')
  })

  test('leaves no variant, no scheme, no class, no grace copy', async () => {
    let version = 1
    const it = await open(
      () => ({
        fields: [
          ['Cache-Control', 'public, max-age=60, stale-while-revalidate=9999, stale-if-error=9999'],
          ['Vary', 'X-V'],
        ],
        body: `${version}`,
      }),
      {
        trust: ['127.0.0.0/8'],
      },
    )
    const asks = ['a', 'b'].flatMap((v) =>
      ['http', 'https'].flatMap((scheme) =>
        [[], [['Cookie', 'id=1'] as const]].map((cookie) => [['X-V', v], ['X-Forwarded-Proto', scheme], ...cookie] as const),
      ),
    )
    for (const fields of asks) expect((await it.get('/', fields)).body.toString()).toBe('1')
    expect(it.stat('n_object')).toBe(4)
    it.advance(61_000)
    version = 2
    expect((await it.ask('/', { method: 'PURGE' })).status).toBe(200)
    expect(it.stat('n_object')).toBe(0)
    for (const fields of asks) expect((await it.get('/', fields)).body.toString()).toBe('2')
  })

  test('is not outlived by a refresh in the background', async () => {
    let version = 1
    let held = gate()
    held.open()
    const it = await open(async () => {
      const body = `${version}`
      return { fields: [['Cache-Control', 'max-age=60, stale-while-revalidate=600']], body, after: held.opened }
    })
    await it.get('/')
    it.advance(61_000)
    held = gate()
    const old = held
    expect((await it.get('/')).body.toString()).toBe('1')
    await until(() => it.seen.length === 2, 'the refresh')
    version = 2
    await it.ask('/', { method: 'PURGE' })
    held = gate()
    held.open()
    expect((await getAfterPurge(it, '/')).body.toString()).toBe('2')
    old.open()
    for (let i = 0; i < 3; i++) expect((await it.get('/')).body.toString()).toBe('2')
  })

  test('is not undone by a 304 to a question that was asked before', async () => {
    let version = 1
    const held = gate()
    const it = await open((seen) => {
      const tag = seen.get('if-none-match')
      const fields = [
        ['Cache-Control', 'max-age=60'],
        ['ETag', `"${version}"`],
      ] as const
      return tag === `"${version}"` ? { status: 304, fields, after: held.opened } : { fields, body: `${version}` }
    })
    await it.get('/')
    it.advance(61_000)
    const [waiting] = await it.together([['/']])
    await until(() => it.seen.length === 2, 'the revalidation')
    version = 2
    await it.ask('/', { method: 'PURGE' })
    expect((await getAfterPurge(it, '/')).body.toString()).toBe('2')
    held.open()
    expect((await waiting)?.status).toBe(200)
    for (let i = 0; i < 3; i++) expect((await it.get('/')).body.toString()).toBe('2')
  })

  test('that is soft lets the old copy answer while it is refreshed, and no longer', async () => {
    let version = 1
    const it = await open(() => ({ fields: [['Cache-Control', 'max-age=3600, stale-while-revalidate=600']], body: `${version}` }))
    await it.get('/')
    version = 2
    await it.ask('/', { method: 'PURGE', fields: [['X-Soft', '1']] })
    const stale = await it.get('/')
    expect([stale.body.toString(), stale.get('x-cache')]).toEqual(['1', 'STALE'])
    await until(() => it.stat('n_superseded') === 1, 'the refreshed object')
    expect((await it.get('/')).body.toString()).toBe('2')
  })
})
