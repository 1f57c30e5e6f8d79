import { afterEach, describe, expect, test } from 'vitest'
import { type Fields, type Rig, start } from './rig.ts'

let rig: Rig
afterEach(() => rig.close())

const FRESH = ['Cache-Control', 'max-age=3600'] as const

describe('Accept-Encoding', () => {
  const OFFERS: readonly (string | undefined)[] = [
    undefined,
    '',
    'identity',
    'identity;q=0',
    'identity;q=0, *',
    '*',
    '*;q=0',
    '*;q=0, gzip',
    'gzip',
    'GZIP',
    'x-gzip',
    'gzip;q=0',
    'gzip;q=0, *',
    'gzip;q=0.000, br;q=0.001',
    'br;q=0.001',
    'br;q=1.000',
    'br;q=2',
    'br;q=',
    'br;q=0.0001',
    'br;level=11',
    'br, gzip, deflate, zstd',
    'zstd, deflate, br, gzip',
    'gzip,gzip,gzip',
    'gzip;q=0,gzip',
    'snappy',
    'gzip/br',
    ',,,',
    `${'x'.repeat(7000)}, gzip`,
    `${'gzip;q=0.5,'.repeat(700)}br`,
    Array.from({ length: 700 }, (_, i) => `c${i}`).join(','),
  ]

  test('of any form brings nobody a coding that was not offered, and few variants', async () => {
    // It prefers the rarest coding that it believes to be offered, as origins do: by looking for the word.
    rig = await start((seen) => {
      const offer = seen.get('accept-encoding') ?? ''
      const coding = ['zstd', 'br', 'deflate', 'gzip'].find((name) => offer.includes(name))
      const fields: Fields = [FRESH, ['Vary', 'Accept-Encoding']]
      return coding === undefined
        ? { fields, body: 'plain' }
        : { fields: [...fields, ['Content-Encoding', coding]], body: `coded ${coding}` }
    })
    const wrong: string[] = []
    for (const round of [1, 2])
      for (const offer of OFFERS) {
        const answer = await rig.get('/', offer === undefined ? [] : [['Accept-Encoding', offer]])
        const coding = answer.get('content-encoding')
        if (answer.status !== 200 || (coding !== undefined && !takes(offer ?? '', coding)))
          wrong.push(`${round}: ${offer?.slice(0, 40)}: ${coding}`)
        if (answer.body.toString() !== (coding === undefined ? 'plain' : `coded ${coding}`)) wrong.push(`${offer}: mislabelled`)
      }
    expect(wrong).toEqual([])
    expect(rig.seen.length).toBeLessThanOrEqual(16)
    for (const request of rig.seen)
      expect(request.get('accept-encoding') ?? '').toMatch(/^(?:(?:br|deflate|gzip|zstd|identity(?:;q=0)?)(?:, |$))*$/)
  })

  /** RFC 9110 §12.5.3, written anew: whether a field offers a coding. */
  function takes(offer: string, coding: string): boolean {
    const weights = offer
      .split(',')
      .map((member) =>
        member
          .trim()
          .toLowerCase()
          .split(/\s*;\s*/),
      )
      .filter(([name]) => name === coding || (coding === 'gzip' && name === 'x-gzip'))
      .map(([, weight]) => (weight === undefined ? 1 : Number(/^q=([01](?:\.\d{0,3})?)$/.exec(weight)?.[1] ?? 0)))
    if (weights.length === 0) return /(?:^|,)\s*\*\s*(?:,|$)/.test(offer)
    return weights.some((weight) => weight > 0)
  }
})

describe('Vary with a star', () => {
  test.each<[string, Fields]>([
    ['*', [['Vary', '*']]],
    ['a, *', [['Vary', 'a, *']]],
    [' *', [['Vary', '  *  ']]],
    ['*,a', [['Vary', '*,a']]],
    [
      'in a second line',
      [
        ['Vary', 'Accept'],
        ['Vary', '*'],
      ],
    ],
    [
      'under an odd name',
      [
        ['vARY', 'Accept'],
        ['VARY', ',*'],
      ],
    ],
  ])('%s is never reused, not even by the same request', async (_title, fields) => {
    rig = await start((seen) => ({ fields: [FRESH, ...fields], body: `#${seen.number}` }))
    for (let i = 1; i <= 3; i++) expect((await rig.get('/')).body.toString()).toBe(`#${i}`)
    expect(rig.stat('n_object')).toBe(0)
  })
})

describe('Vary of an odd form', () => {
  test.each<[string, Fields]>([
    [
      'two lines',
      [
        ['Vary', 'X-A'],
        ['Vary', 'X-B'],
      ],
    ],
    ['odd case', [['Vary', 'x-A, X-b']]],
    ['blanks', [['Vary', '  X-A  ,\t X-B ']]],
    ['a trailing comma', [['Vary', 'X-A, X-B,']]],
    ['empty members', [['Vary', ',,X-A,,X-B,,']]],
    ['repeated names', [['Vary', 'X-A, X-B, x-a, X-A']]],
    ['another order', [['Vary', 'X-B, X-A']]],
    [
      'an empty line',
      [
        ['Vary', ''],
        ['Vary', 'X-A, X-B'],
      ],
    ],
  ])('with %s counts all names', async (_title, fields) => {
    rig = await start((seen) => ({ fields: [FRESH, ...fields], body: `${seen.get('x-a')} ${seen.get('x-b')}` }))
    for (let round = 0; round < 2; round++)
      for (const [a, b] of [
        ['1', '1'],
        ['1', '2'],
        ['2', '1'],
        ['2', '2'],
        ['1,2', ''],
      ] as const)
        expect(
          (
            await rig.get('/', [
              ['X-A', a],
              ['X-B', b],
            ])
          ).body.toString(),
        ).toBe(`${a} ${b}`)
    expect(rig.seen).toHaveLength(5)
  })

  test.each([
    ['more than sixteen names', Array.from({ length: 17 }, (_, i) => `X-${i}`).join(', ')],
    ['a name with a blank', 'X A'],
    ['a name with a colon', 'X-A: 1'],
    ['a quoted name', '"X-A"'],
    ['a name of 200 bytes', 'x'.repeat(200)],
    ['a parameter', 'X-A;q=1'],
    ['bytes that are no ASCII', 'X-\xe4'],
  ])('with %s is not stored', async (_title, vary) => {
    rig = await start((seen) => ({ fields: [FRESH, ['Vary', vary]], body: `#${seen.number}` }))
    for (let i = 1; i <= 3; i++) expect((await rig.get('/')).body.toString()).toBe(`#${i}`)
    expect(rig.stat('n_object')).toBe(0)
  })

  test('with sixteen names is stored', async () => {
    rig = await start(() => ({ fields: [FRESH, ['Vary', Array.from({ length: 16 }, (_, i) => `X-${i}`).join(', ')]], body: 'x' }))
    await rig.get('/', [['X-15', 'v']])
    expect((await rig.get('/', [['X-15', 'v']])).get('x-cache')).toBe('HIT')
    expect((await rig.get('/', [['X-15', 'w']])).get('x-cache')).toBe('MISS')
  })
})

describe('Vary: User-Agent under five thousand agents', () => {
  test('keeps at most 64 variants, and costs other keys nothing', async () => {
    rig = await start((seen) => ({
      fields: seen.target === '/ua' ? [FRESH, ['Vary', 'User-Agent']] : [FRESH],
      body: `${seen.get('user-agent')}${'x'.repeat(1000)}`,
    }))
    const others = Array.from({ length: 50 }, (_, i) => `/other/${i}`)
    for (const target of others) await rig.get(target)
    const client = await rig.client()
    const agents = 5000
    for (let i = 0; i < agents; i += 50) {
      client.send(
        Array.from({ length: 50 }, (_, k) => `GET /ua HTTP/1.1\r\nHost: example.com\r\nUser-Agent: agent-${i + k}\r\n\r\n`).join(''),
      )
      for (let k = 0; k < 50; k++) expect((await client.response()).body.toString()).toMatch(new RegExp(`^agent-${i + k}x`))
    }
    expect(rig.hits('/ua')).toBe(agents)
    expect(rig.stat('n_object')).toBe(64 + others.length)
    for (const target of others) expect((await rig.get(target)).get('x-cache')).toBe('HIT')
    expect((await rig.get('/ua', [['User-Agent', `agent-${agents - 1}`]])).get('x-cache')).toBe('HIT')
    expect(rig.stat('g_bytes')).toBeLessThan(64 * 4096 + others.length * 4096)
  })
})

describe('a field that Vary names', () => {
  test('absent, empty and blank: absent is another variant than empty', async () => {
    rig = await start((seen) => ({
      fields: [FRESH, ['Vary', 'X-Mode']],
      body: seen.get('x-mode') === undefined ? 'absent' : `<${seen.get('x-mode')}>`,
    }))
    for (let round = 0; round < 2; round++) {
      expect((await rig.get('/')).body.toString()).toBe('absent')
      expect((await rig.get('/', [['X-Mode', '']])).body.toString()).toBe('<>')
      expect((await rig.get('/', [['X-Mode', 'a']])).body.toString()).toBe('<a>')
    }
    expect(rig.seen).toHaveLength(3)
  })

  test('and its neighbour cannot pretend to be each other', async () => {
    rig = await start((seen) => ({ fields: [FRESH, ['Vary', 'X-A, X-B']], body: JSON.stringify([seen.get('x-a'), seen.get('x-b')]) }))
    const values: readonly (readonly [string | undefined, string | undefined])[] = [
      ['1;x-b:1:2', undefined],
      ['1', '2'],
      ['1x-b:1:2', undefined],
      [undefined, '1'],
      ['', '1'],
      [';x-b;', undefined],
    ]
    for (const [a, b] of values) {
      const fields: [string, string][] = []
      if (a !== undefined) fields.push(['X-A', a])
      if (b !== undefined) fields.push(['X-B', b])
      expect((await rig.get('/', fields)).body.toString()).toBe(JSON.stringify([a, b]))
    }
    expect(rig.seen).toHaveLength(values.length)
  })

  test('changes over time: a request never matches a variant of an older Vary whose fields it does not share', async () => {
    // First all alike; then it begins to depend on the language, then on the device as well.
    let vary: string | null = null
    rig = await start((seen) => ({
      fields: [['Cache-Control', 'max-age=60'], ...(vary === null ? [] : [['Vary', vary] as const])],
      body: vary === null ? 'all' : `${seen.get('x-lang')}/${vary.includes('Device') ? seen.get('x-device') : '*'}`,
    }))
    const ask = async (lang: string, device: string): Promise<string> =>
      (
        await rig.get('/', [
          ['X-Lang', lang],
          ['X-Device', device],
        ])
      ).body.toString()
    expect(await ask('de', 'phone')).toBe('all')
    rig.advance(61_000)
    vary = 'X-Lang'
    expect(await ask('de', 'phone')).toBe('de/*')
    expect(await ask('fr', 'phone')).toBe('fr/*')
    expect(await ask('de', 'tv')).toBe('de/*')
    rig.advance(61_000)
    vary = 'X-Lang, X-Device'
    expect(await ask('de', 'phone')).toBe('de/phone')
    expect(await ask('de', 'tv')).toBe('de/tv')
    expect(await ask('fr', 'phone')).toBe('fr/phone')
    expect(await ask('fr', 'tv')).toBe('fr/tv')
    const fetched = rig.seen.length
    expect(await ask('de', 'tv')).toBe('de/tv')
    expect(rig.seen).toHaveLength(fetched)
  })

  test('is not what a fresh answer of an older, shorter Vary was chosen by', async () => {
    let vary = 'X-Lang'
    rig = await start((seen) => ({ fields: [FRESH, ['Vary', vary]], body: `${seen.get('x-lang')} ${seen.get('cookie') ?? ''}` }))
    await rig.get('/', [['X-Lang', 'de']])
    vary = 'X-Lang, Cookie'
    await rig.get('/', [
      ['X-Lang', 'fr'],
      ['Cookie', 'id=1'],
    ])
    expect(
      (
        await rig.get('/', [
          ['X-Lang', 'fr'],
          ['Cookie', 'id=2'],
        ])
      ).body.toString(),
    ).toBe('fr id=2')
    expect((await rig.get('/', [['X-Lang', 'fr']])).body.toString()).toBe('fr ')
  })
})
