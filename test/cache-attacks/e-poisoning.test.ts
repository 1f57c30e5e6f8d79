import { afterEach, describe, expect, test } from 'vitest'
import { acl, definePolicy } from '../../vcl-ts/index.ts'
import { type Reply, type Rig, type RigOptions, type Seen, start } from './rig.ts'
import { CHOICES, CLAIMS } from './unkeyed-fields.ts'

let rig: Rig
afterEach(() => rig.close())

const POISON = 'poison.example'
const FRESH = ['Cache-Control', 'max-age=3600'] as const

/** An origin that trusts every field it gets. */
function reflecting(options: RigOptions = {}): Promise<Rig> {
  return start((seen) => {
    const vary = /[?&]vary=([^&]*)/.exec(seen.target)?.[1]
    const body = seen.fields.map(([name, value]) => `${name}=${value}`).join('\n')
    return { fields: vary === undefined ? [FRESH] : [FRESH, ['Vary', vary]], body }
  }, options)
}

describe('a field that the client writes and the origin reflects (“Practical Web Cache Poisoning”)', () => {
  test('never reaches the origin when it claims who, where or what the request is', async () => {
    rig = await reflecting()
    const leaks: string[] = []
    for (const name of CLAIMS) {
      const poisoned = await rig.get(`/${name}`, [[name, POISON]])
      const clean = await rig.get(`/${name}`)
      if (poisoned.body.includes(POISON) || clean.body.includes(POISON) || clean.get('x-cache') !== 'HIT') leaks.push(name)
    }
    expect(leaks).toEqual([])
  })

  test('is another variant when the origin names it in Vary', async () => {
    rig = await reflecting()
    const leaks: string[] = []
    for (const name of CHOICES) {
      const target = `/${name}?vary=${name}`
      const poisoned = await rig.get(target, [[name, POISON]])
      const clean = await rig.get(target)
      const again = await rig.get(target, [[name, POISON]])
      if (!poisoned.body.includes(POISON) || clean.body.includes(POISON) || again.get('x-cache') !== 'HIT') leaks.push(name)
      if (rig.hits(target) !== 2) leaks.push(`${name}: ${rig.hits(target)} fetches`)
    }
    expect(leaks).toEqual([])
  })

  test('is removed whatever its case, and in every one of its lines', async () => {
    rig = await reflecting()
    const body = (
      await rig.get('/', [
        ['x-fOrWaRdEd-HoSt', POISON],
        ['X-Forwarded-Host', POISON],
        ['X-MIDDLEWARE-anything', POISON],
      ])
    ).body.toString()
    expect(body).not.toContain(POISON)
    expect(body).toContain('X-Forwarded-Host=example.com')
  })
})

describe('the client’s address', () => {
  const CLAIMED = [
    ['X-Forwarded-For', '10.0.0.1'],
    ['X-Real-IP', '10.0.0.1'],
    ['Forwarded', 'for=10.0.0.1;proto=https'],
  ] as const
  const policy = definePolicy({
    recv: ({ client, synth }) => (acl('10.0.0.0/8').matches(client.ip) ? synth(299, 'Inside') : undefined),
  })

  test('is the peer’s for lists and for the origin, whatever an untrusted client claims', async () => {
    rig = await reflecting({ policy })
    const answer = await rig.get('/', CLAIMED)
    expect(answer.status).toBe(200)
    const [seen] = rig.seen as [Seen]
    expect(seen.get('x-forwarded-for')).toBe('127.0.0.1')
    expect(seen.get('x-real-ip')).toBeUndefined()
    expect(seen.get('forwarded')).toBe('for=127.0.0.1;host="example.com";proto=http')
  })

  test('is the rightmost address that is not trusted behind a trusted peer', async () => {
    rig = await reflecting({ policy, trust: ['127.0.0.0/8'] })
    expect((await rig.get('/', CLAIMED)).status).toBe(299)
    expect((await rig.get('/', [['X-Forwarded-For', '10.0.0.1, 192.0.2.7']])).status).toBe(200)
    expect(rig.seen[0]?.get('x-forwarded-for')).toBe('10.0.0.1, 192.0.2.7, 127.0.0.1')
  })

  test('is not in the key: clients that claim different ones share an object', async () => {
    rig = await reflecting()
    await rig.get('/shared', CLAIMED)
    expect((await rig.get('/shared', [['X-Forwarded-For', '203.0.113.9']])).get('x-cache')).toBe('HIT')
    expect(rig.seen).toHaveLength(1)
  })
})

describe('a GET with a body (“Web Cache Entanglement”)', () => {
  const overridable = (seen: Seen): Reply => ({ fields: [FRESH], body: `value=${seen.body === '' ? seen.target : seen.body}` })

  test('never decides what others get', async () => {
    rig = await start(overridable)
    await rig.ask('/p?a=good', { body: 'a=evil' })
    const clean = await rig.get('/p?a=good')
    expect(clean.body.toString()).toBe('value=/p?a=good')
    await rig.ask('/p?a=good', { body: 'a=evil' })
    expect((await rig.get('/p?a=good')).body.toString()).toBe('value=/p?a=good')
  })
})

describe('a request that the origin finds malformed (“Your Cache Has Fallen”)', () => {
  const good = (): Reply => ({ fields: [FRESH], body: 'good' })

  test('because its head is larger than the origin takes is refused for its sender alone', async () => {
    rig = await start(good, { originHead: 8192 })
    const oversize = Array.from({ length: 4 }, (_, i) => [`X-Oversized-${i}`, 'x'.repeat(5000)] as const)
    expect((await rig.get('/', oversize)).status).toBe(431)
    const clean = await rig.get('/')
    expect([clean.status, clean.body.toString()]).toEqual([200, 'good'])
    expect((await rig.get('/', oversize)).status).toBe(200) // from memory
  })

  test('because of a control character is refused here', async () => {
    rig = await start(good)
    const statuses: number[] = []
    for (const meta of ['\x00', '\x07', '\x08', '\x0b', '\x0c', '\x1b', '\x1f', '\x7f', '\n', '\r'])
      statuses.push((await rig.get('/', [['X-Meta', `a${meta}b`]])).status)
    expect(statuses).toEqual(Array(10).fill(400))
    expect(rig.seen).toHaveLength(0)
    expect((await rig.get('/')).status).toBe(200)
  })

  test.each([400, 404, 405, 413, 414, 431, 501])('answered %i without a lifetime is stored for nobody', async (status) => {
    rig = await start((seen) => (seen.get('x-trigger') === undefined ? good() : { status, body: 'refused' }))
    expect((await rig.get('/', [['X-Trigger', 'yes']])).status).toBe(status)
    expect((await rig.get('/')).body.toString()).toBe('good')
    expect(rig.seen).toHaveLength(2)
  })

  test('by overriding the method is an ordinary request', async () => {
    const overrides = ['X-HTTP-Method-Override', 'X-HTTP-Method', 'X-Method-Override']
    rig = await start((seen) => {
      const method = overrides.map((name) => seen.get(name)).find((value) => value !== undefined) ?? seen.method
      return method === 'GET' ? good() : { status: 405, fields: [FRESH], body: 'no such method' }
    })
    for (const name of overrides) {
      expect((await rig.get(`/${name}`, [[name, 'POST']])).status).toBe(200)
      expect((await rig.get(`/${name}`)).body.toString()).toBe('good')
    }
  })

  test.each([
    ['X-Middleware-Prefetch', '1', 200],
    ['X-Invoke-Status', '204', 204],
    ['X-Now-Route-Matches', '1=404', 204],
  ])('by asking for an empty answer with %s empties nobody’s page', async (name, value, status) => {
    rig = await start((seen) => (seen.get(name) === undefined ? good() : { status, fields: [FRESH], body: '' }))
    await rig.get('/', [[name, value]])
    expect((await rig.get('/')).body.toString()).toBe('good')
  })
})
