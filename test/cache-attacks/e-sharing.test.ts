import { afterEach, describe, expect, test } from 'vitest'
import { type Fields, gate, PERSONAL, type Reply, type Rig, type Seen, start } from './rig.ts'

let rig: Rig
afterEach(() => rig.close())

/** Marks what it answers to somebody known as personal, unless it says that it is for all. */
function known(fields: Fields, shared: boolean = false) {
  return (seen: Seen): Reply => {
    const person = seen.get('authorization') ?? seen.get('cookie')
    return { fields, body: person === undefined || shared ? 'for all' : `${PERSONAL} ${person}` }
  }
}

const ALICE = [['Authorization', 'Basic alice']] as const
const BOB = [['Authorization', 'Basic bob']] as const

describe('what a request with Authorization fetched (RFC 9111 §3.5)', () => {
  test.each([
    'max-age=3600',
    'max-age=3600, proxy-revalidate',
    'immutable, max-age=3600',
    'max-age=3600, stale-while-revalidate=60',
    'no-cache',
    'public=1, max-age=3600',
    '',
  ])('is nobody else’s with Cache-Control %j', async (control) => {
    rig = await start(
      known([
        ['Cache-Control', control],
        ['ETag', '"1"'],
      ]),
    )
    expect((await rig.get('/', ALICE)).body.toString()).toBe(`${PERSONAL} Basic alice`)
    expect((await rig.get('/')).body.toString()).toBe('for all')
    expect((await rig.get('/', BOB)).body.toString()).toMatch(/for all|Basic bob/)
    expect((await rig.get('/', ALICE)).body.toString()).not.toContain('bob')
  })

  test.each(['public, max-age=60', 's-maxage=60', 'max-age=60, must-revalidate', 'PUBLIC, max-age=60'])(
    'is shared with Cache-Control %j',
    async (control) => {
      rig = await start(known([['Cache-Control', control]], true))
      await rig.get('/', ALICE)
      for (const fields of [[], ALICE, BOB]) expect((await rig.get('/', fields)).get('x-cache')).toBe('HIT')
    },
  )

  test('does not keep anonymous requests from sharing', async () => {
    rig = await start(known([['Cache-Control', 'max-age=60']]))
    await rig.get('/', ALICE)
    expect((await rig.get('/')).get('x-cache')).toBe('MISS')
    expect((await rig.get('/')).get('x-cache')).toBe('HIT')
  })
})

describe('what a request with a cookie fetched', () => {
  const cookie = (value: string): Fields => [['Cookie', value]]

  test.each(['max-age=3600', 'max-age=3600, must-revalidate', 'immutable, max-age=60'])(
    'is nobody else’s with Cache-Control %j',
    async (control) => {
      rig = await start(known([['Cache-Control', control]]))
      expect((await rig.get('/', cookie('id=alice'))).body.toString()).toContain('alice')
      expect((await rig.get('/', cookie('id=bob'))).body.toString()).toContain('bob')
      expect((await rig.get('/')).body.toString()).toBe('for all')
      expect((await rig.get('/')).get('x-cache')).toBe('HIT')
    },
  )

  test.each<[string, Fields]>([
    ['public', [['Cache-Control', 'public, max-age=60']]],
    ['s-maxage', [['Cache-Control', 's-maxage=60']]],
    ['a targeted field', [['CDN-Cache-Control', 'max-age=60']]],
  ])('is shared with %s', async (_title, fields) => {
    rig = await start(known(fields, true))
    await rig.get('/', cookie('id=alice'))
    expect((await rig.get('/', cookie('id=bob'))).get('x-cache')).toBe('HIT')
    expect((await rig.get('/')).get('x-cache')).toBe('HIT')
  })

  test('is looked up: what an anonymous request fetched serves it', async () => {
    rig = await start(known([['Cache-Control', 'max-age=60']]))
    await rig.get('/')
    expect((await rig.get('/', cookie('id=alice'))).get('x-cache')).toBe('HIT')
  })

  test('is shared when all its cookies are those of analytics', async () => {
    rig = await start(known([['Cache-Control', 'max-age=60']], true))
    await rig.get('/', cookie('_ga=GA1.2.3; _gid=x'))
    expect((await rig.get('/')).get('x-cache')).toBe('HIT')
  })

  test('is passed by the preset varnish', async () => {
    rig = await start((seen) => ({ fields: [['Cache-Control', 'public, max-age=60']], body: `#${seen.number}` }), { preset: 'varnish' })
    for (let i = 1; i <= 2; i++) {
      const answer = await rig.get('/', cookie('id=alice'))
      expect([answer.get('x-cache'), answer.body.toString()]).toEqual(['PASS', `#${i}`])
    }
  })
})

describe('Cache-Control of any form', () => {
  const NOT_SHARED: readonly Fields[] = [
    'private=""',
    'private=","',
    'private=" set-cookie"',
    'private="Set-Cookie"',
    'private = "x"',
    'private, private="x"',
    'PRIVATE',
    'Private , max-age=60',
    'max-age=60;private',
    'max-age=60 private',
    '"private',
    'private="x',
    'max-age=60, foo="bar, private',
    'no-store=1',
    'no-store="x"',
    'NO-STORE',
    'no-store;max-age=60',
    ',,no-store,,',
    's-maxage=60, private',
    'public, no-store, max-age=60',
    'max-age=60, NO-STORE , public',
  ]
    .map(
      (value): Fields => [
        ['Cache-Control', value],
        ['Expires', 'Fri, 01 Jan 2100 00:00:00 GMT'],
      ],
    )
    .concat([
      [
        ['Cache-Control', 'max-age=60'],
        ['Cache-Control', 'private'],
      ],
      [
        ['Cache-Control', 'no-store'],
        ['Cache-Control', 'public, max-age=60'],
      ],
      [
        ['cache-control', 'max-age=60'],
        ['CACHE-CONTROL', 'Private'],
      ],
      [
        ['Connection', 'Cache-Control'],
        ['Cache-Control', 'private, max-age=60'],
      ],
    ])

  test.each(NOT_SHARED.map((fields) => [fields] as const))('%j shares nothing', async (fields) => {
    rig = await start((seen) => ({ fields, body: `${PERSONAL} ${seen.number}` }))
    for (let i = 1; i <= 2; i++) expect((await rig.get('/')).body.toString()).toBe(`${PERSONAL} ${i}`)
    expect(rig.stat('n_object')).toBe(0)
  })

  test.each([
    'no-cache',
    'no-cache=""',
    'no-cache="\tauthorization',
    'no-cache=x',
    'NO-CACHE, max-age=60',
    'max-age=60, no-cache',
    'no-cache, no-cache="x"',
    'max-age=0',
    'max-age=-1',
    'max-age=60.5',
    'max-age=',
    'max-age=abc',
    's-maxage=0, max-age=60',
  ])('%j is not reused without asking', async (control) => {
    rig = await start((seen) => ({
      fields: [
        ['Cache-Control', control],
        ['ETag', `"${seen.number}"`],
      ],
      body: `#${seen.number}`,
    }))
    for (let i = 1; i <= 3; i++) expect((await rig.get('/')).body.toString()).toBe(`#${i}`)
  })
})

describe('a client’s own Cache-Control', () => {
  const WISHES = [
    'max-stale=999999999',
    'max-stale',
    'only-if-cached',
    'only-if-cached, max-stale',
    'min-fresh=0',
    'min-fresh=-1',
    'max-age=999999999',
  ]

  test.each(['safe', 'rfc9111'] as const)('never reveals what is personal (%s)', async (preset) => {
    rig = await start(
      (seen) => ({
        fields: [
          ['Cache-Control', seen.target === '/private' ? 'private, max-age=60' : 'no-store'],
          ['ETag', '"1"'],
        ],
        body: `${PERSONAL} ${seen.get('x-person')}`,
      }),
      { preset },
    )
    for (const target of ['/private', '/no-store']) {
      await rig.get(target, [['X-Person', 'alice']])
      for (const wish of WISHES)
        expect(
          (
            await rig.get(target, [
              ['Cache-Control', wish],
              ['X-Person', 'bob'],
            ])
          ).body.toString(),
        ).not.toContain('alice')
    }
  })

  test.each(['safe', 'rfc9111'] as const)('never revives what must be asked for, or was replaced (%s)', async (preset) => {
    const life: Record<string, string> = {
      '/must': 'max-age=1, must-revalidate',
      '/proxy': 'max-age=1, proxy-revalidate',
      '/smax': 's-maxage=1',
      '/nocache': 'no-cache',
    }
    let version = 'old'
    rig = await start(
      (seen) => ({
        fields: [
          ['Cache-Control', life[seen.target] ?? ''],
          ['ETag', `"${version}"`],
        ],
        body: version,
      }),
      { preset },
    )
    for (const target of Object.keys(life)) await rig.get(target)
    // A HEAD freshens the stored answer; its restrictions stay.
    rig.advance(2000)
    for (const target of Object.keys(life)) await rig.ask(target, { method: 'HEAD' })
    rig.advance(10_000)
    version = 'new'
    for (const target of Object.keys(life))
      for (const wish of WISHES)
        expect((await rig.get(target, [['Cache-Control', wish]])).body.toString(), `${target} ${wish}`).not.toBe('old')
  })

  test('cannot make the origin busy: it is not heeded by default', async () => {
    rig = await start(() => ({ fields: [['Cache-Control', 'max-age=60']], body: 'x' }), { refreshFrom: ['none'] })
    for (const fields of [
      [],
      [['Cache-Control', 'no-cache']],
      [['Cache-Control', 'max-age=0']],
      [['Pragma', 'no-cache']],
      [['Cache-Control', 'no-store']],
    ] as Fields[])
      for (let i = 0; i < 20; i++) await rig.get('/', fields)
    expect(rig.seen).toHaveLength(1)
  })

  test('is heeded one fetch at a time per resource under rfc9111', async () => {
    let running = 0
    let most = 0
    const held = gate()
    rig = await start(
      async (seen) => {
        most = Math.max(most, ++running)
        if (seen.number === 2) await held.opened
        running--
        return { fields: [['Cache-Control', 'max-age=60']], body: `#${seen.number}` }
      },
      { preset: 'rfc9111' },
    )
    await rig.get('/')
    const answers = await rig.together(Array.from({ length: 20 }, () => ['/', { fields: [['Cache-Control', 'no-cache']] }] as const))
    held.open()
    for (const answer of answers) expect((await answer).status).toBe(200)
    expect(most).toBe(1)
  })
})

describe('the answer to an unsafe method', () => {
  const METHODS = ['POST', 'PUT', 'PATCH', 'DELETE'] as const
  const counting = (seen: Seen): Reply => ({
    fields: [
      ['Cache-Control', 'public, max-age=3600'],
      ['Content-Location', seen.target],
    ],
    body: `${seen.method} #${seen.number}`,
  })

  test.each(METHODS)('%s is neither stored nor answered from the store, and drops what is stored', async (method) => {
    rig = await start(counting)
    expect((await rig.get('/r')).body.toString()).toBe('GET #1')
    expect((await rig.get('/r')).body.toString()).toBe('GET #1')
    expect((await rig.ask('/r', { method, body: 'x' })).body.toString()).toBe(`${method} #2`)
    expect((await rig.ask('/r', { method, body: 'x' })).body.toString()).toBe(`${method} #3`)
    expect((await rig.get('/r')).body.toString()).toBe('GET #4')
    expect((await rig.get('/r')).body.toString()).toBe('GET #4')
  })

  test.each(METHODS)('%s that failed drops nothing', async (method) => {
    rig = await start((seen) =>
      seen.method === 'GET'
        ? counting(seen)
        : { status: 500 + (seen.number % 2) * 3, fields: [['Cache-Control', 'max-age=60']], body: 'no' },
    )
    await rig.get('/r')
    await rig.ask('/r', { method, body: 'x' })
    expect((await rig.get('/r')).get('x-cache')).toBe('HIT')
  })

  test('drops Location and Content-Location of the same origin, and no others', async () => {
    rig = await start((seen) =>
      seen.method === 'GET'
        ? counting(seen)
        : {
            status: 201,
            fields: [
              ['Location', String(seen.get('x-location'))],
              ['Content-Location', '/content'],
            ],
          },
    )
    for (const host of ['example.com', 'other.example']) for (const target of ['/new', '/content', '/else']) await rig.get(target, [], host)
    for (const location of [
      '/new',
      'http://other.example/new',
      '//other.example/else',
      'http://example.com:8080/else',
      'http://[',
      'javascript:alert(1)',
    ])
      await rig.ask('/form', { method: 'POST', body: 'x', fields: [['X-Location', location]] })
    const state: Record<string, string | undefined> = {}
    for (const host of ['example.com', 'other.example'])
      for (const target of ['/new', '/content', '/else']) state[host + target] = (await rig.get(target, [], host)).get('x-cache')
    expect(state).toEqual({
      'example.com/new': 'MISS',
      'example.com/content': 'MISS',
      'example.com/else': 'HIT',
      'other.example/new': 'HIT',
      'other.example/content': 'HIT',
      'other.example/else': 'HIT',
    })
  })

  test('POST with its own Content-Location answers later GETs under rfc9111 alone', async () => {
    rig = await start(counting, { preset: 'rfc9111' })
    await rig.ask('/r', { method: 'POST', body: 'x' })
    expect((await rig.get('/r')).body.toString()).toBe('POST #1')
    expect((await rig.ask('/r', { method: 'POST', body: 'x' })).body.toString()).toBe('POST #2')
  })
})
