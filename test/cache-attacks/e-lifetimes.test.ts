import { afterEach, describe, expect, test } from 'vitest'
import { until } from '../support/until.ts'
import { type Fields, type Reply, type Rig, start } from './rig.ts'

let rig: Rig
afterEach(() => rig.close())

const YEAR = 365 * 86_400_000
const at = (wall: number): string => new Date(wall).toUTCString()

describe('an answer whose times are odd', () => {
  /** How it is asked for again after a second, and `seconds` later. */
  const STALE: readonly (readonly [title: string, fields: (wall: number) => Fields])[] = [
    [
      'an Age beyond its life',
      () => [
        ['Cache-Control', 'max-age=60'],
        ['Age', '61'],
      ],
    ],
    [
      'a huge Age',
      () => [
        ['Cache-Control', 'max-age=60'],
        ['Age', '99999999999999999999'],
      ],
    ],
    [
      'an Age of 2^31',
      () => [
        ['Cache-Control', 'max-age=2147483647'],
        ['Age', '2147483648'],
      ],
    ],
    [
      'an Age list that begins high',
      () => [
        ['Cache-Control', 'max-age=60'],
        ['Age', '100, 0'],
      ],
    ],
    [
      'two Age lines, the first high',
      () => [
        ['Cache-Control', 'max-age=60'],
        ['Age', '100'],
        ['Age', '0'],
      ],
    ],
    [
      'a Date ten years back',
      (wall) => [
        ['Cache-Control', 'max-age=60'],
        ['Date', at(wall - 10 * YEAR)],
      ],
    ],
    [
      'a Date ten years back and Expires now',
      (wall) => [
        ['Expires', at(wall + 60_000)],
        ['Date', at(wall - 10 * YEAR)],
        ['Cache-Control', 's-maxage=1000'],
      ],
    ],
    ['Expires: 0', () => [['Expires', '0']]],
    ['Expires: -1', () => [['Expires', '-1']]],
    ['Expires of garbage', () => [['Expires', 'tomorrow']]],
    ['an empty Expires', () => [['Expires', '']]],
    ['Expires now', (wall) => [['Expires', at(wall)]]],
    [
      'Expires with a Date as far ahead',
      (wall) => [
        ['Expires', at(wall + YEAR)],
        ['Date', at(wall + YEAR)],
      ],
    ],
    [
      'Expires: 0 and a Last-Modified long ago',
      (wall) => [
        ['Expires', '0'],
        ['Last-Modified', at(wall - YEAR)],
      ],
    ],
    [
      'a max-age of NaN',
      () => [
        ['Cache-Control', 'max-age=NaN'],
        ['Expires', 'Fri, 01 Jan 2100 00:00:00 GMT'],
      ],
    ],
    ['a max-age of Infinity', () => [['Cache-Control', 'max-age=Infinity']]],
    [
      'a negative max-age',
      () => [
        ['Cache-Control', 'max-age=-1'],
        ['Expires', 'Fri, 01 Jan 2100 00:00:00 GMT'],
      ],
    ],
  ]

  test.each(STALE)('with %s is stale', async (_title, fields) => {
    rig = await start((seen, clock) => ({ fields: fields(clock.wall()), body: `#${seen.number}` }))
    expect((await rig.get('/')).body.toString()).toBe('#1')
    expect((await rig.get('/')).body.toString()).toBe('#2')
  })

  const SIXTY: readonly (readonly [title: string, fields: (wall: number) => Fields])[] = [
    [
      'a negative Age',
      () => [
        ['Cache-Control', 'max-age=60'],
        ['Age', '-1000'],
      ],
    ],
    [
      'an Age of garbage',
      () => [
        ['Cache-Control', 'max-age=60'],
        ['Age', 'abc'],
      ],
    ],
    [
      'an empty Age',
      () => [
        ['Cache-Control', 'max-age=60'],
        ['Age', ''],
      ],
    ],
    [
      'a fractional Age',
      () => [
        ['Cache-Control', 'max-age=60'],
        ['Age', '1000.5'],
      ],
    ],
    [
      'an Age list that begins low',
      () => [
        ['Cache-Control', 'max-age=60'],
        ['Age', '0, 1000'],
      ],
    ],
    [
      'a Date ahead',
      (wall) => [
        ['Cache-Control', 'max-age=60'],
        ['Date', at(wall + YEAR)],
      ],
    ],
    [
      'a Date of garbage',
      () => [
        ['Cache-Control', 'max-age=60'],
        ['Date', 'now'],
      ],
    ],
    [
      'Expires in a minute and a Date ahead by half',
      (wall) => [
        ['Expires', at(wall + 90_000)],
        ['Date', at(wall + 30_000)],
      ],
    ],
    [
      'a Last-Modified ahead',
      (wall) => [
        ['Cache-Control', 'max-age=60'],
        ['Last-Modified', at(wall + YEAR)],
      ],
    ],
  ]

  test.each(SIXTY)('with %s lives its minute and no longer', async (_title, fields) => {
    rig = await start((seen, clock) => ({ fields: fields(clock.wall()), body: `#${seen.number}` }))
    await rig.get('/')
    rig.advance(58_000)
    const hit = await rig.get('/')
    expect([hit.get('x-cache'), hit.get('age')]).toEqual(['HIT', '58'])
    rig.advance(3000)
    expect((await rig.get('/')).body.toString()).toBe('#2')
  })
})

describe('a life beyond 2^31', () => {
  const LIVES = ['2147483648', '1000000000000', '18446744073709551616', '9'.repeat(20), '9'.repeat(400)]

  test.each(LIVES.map((life) => [life] as const))('max-age=%s is capped', async (life) => {
    rig = await start((seen) => ({
      fields: [
        ['Cache-Control', `max-age=${life}`],
        ['Expires', 'Fri, 01 Jan 2100 00:00:00 GMT'],
      ],
      body: `#${seen.number}`,
    }))
    await rig.get('/')
    const hit = await rig.get('/')
    expect(hit.get('x-cache')).toBe('HIT')
    const ttl = Number(/ttl=(\d+)/.exec(hit.get('cache-status') ?? '')?.[1])
    expect(ttl).toBeGreaterThan(2 ** 30)
    expect(ttl).toBeLessThanOrEqual(2 ** 31)
  })

  test('fires no timer early', async () => {
    const warnings: Error[] = []
    const listen = (warning: Error): void => {
      warnings.push(warning)
    }
    process.on('warning', listen)
    const lives = LIVES.flatMap((life) => [`max-age=${life}`, `s-maxage=${life}, stale-while-revalidate=${life}, stale-if-error=${life}`])
    rig = await start((seen) => ({ fields: [['Cache-Control', lives[Number(seen.target.slice(1))] ?? '']], body: 'x' }), {
      systemClock: true,
    })
    for (const round of ['MISS', 'HIT', 'HIT'])
      for (let i = 0; i < lives.length; i++) expect((await rig.get(`/${i}`)).get('x-cache')).toBe(round)
    expect([rig.stat('n_object'), rig.stat('n_expired')]).toEqual([lives.length, 0])
    process.off('warning', listen)
    expect(warnings.map(({ name }) => name)).not.toContain('TimeoutOverflowWarning')
  })
})

describe('a good object in grace, when an attacker provokes errors', () => {
  const ERRORS: readonly (readonly [title: string, reply: Reply])[] = [
    ['500', { status: 500, body: 'oops' }],
    ['502', { status: 502, body: 'oops' }],
    ['503 with a life of its own', { status: 503, fields: [['Cache-Control', 'max-age=3600']], body: 'oops' }],
    ['504 with a cookie', { status: 504, fields: [['Set-Cookie', 'a=1']], body: 'oops' }],
    ['501 that is private', { status: 501, fields: [['Cache-Control', 'private']], body: 'oops' }],
    [
      '500 that is no-store',
      {
        status: 500,
        fields: [
          ['Cache-Control', 'no-store'],
          ['Vary', '*'],
        ],
        body: 'oops',
      },
    ],
    ['a broken connection', { breaks: true }],
    ['a broken body', { breaks: true, body: 'oops, half of it' }],
  ]

  const LIVES = ['max-age=60, stale-while-revalidate=600', 'max-age=60, stale-while-revalidate=600, stale-if-error=600']

  test.each(ERRORS.flatMap(([title, error]) => LIVES.map((life) => [title, life, error] as const)))(
    '%s, it is kept and served (%s)',
    async (_title, life, error) => {
      let bad = false
      rig = await start((seen) => (bad ? error : { fields: [['Cache-Control', life]], body: `good #${seen.number}` }))
      await rig.get('/')
      rig.advance(61_000)
      bad = true
      for (let i = 1; i <= 8; i++) {
        // Each is answered at once, and brings one more try to refresh.
        expect((await rig.get('/', [['X-Crash', String(i)]])).body.toString()).toBe('good #1')
        await until(() => rig.stat('fetch_failed') + rig.stat('beresp_uncacheable') === i, `refresh ${i}`)
        expect(rig.seen).toHaveLength(1 + i)
        rig.advance(31_000)
      }
      expect(rig.stat('n_object')).toBe(1)
      bad = false
      await rig.get('/')
      await until(() => rig.stat('n_superseded') === 1, 'the refreshed object')
      expect((await rig.get('/')).body.toString()).toBe('good #10')
    },
  )
})
