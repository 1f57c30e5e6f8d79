import { afterEach, describe, expect, test } from 'vitest'
import type { RawResponse } from '../support/raw-client.ts'
import { type Fields, type Reply, type Rig, type Seen, start } from './rig.ts'

let rig: Rig
afterEach(() => rig.close())

const BODY = Array.from({ length: 1000 }, (_, i) => String.fromCharCode(0x21 + (i % 90))).join('')
const FRESH = ['Cache-Control', 'max-age=3600'] as const
const ETAG = ['ETag', '"v1"'] as const

/** An origin that knows single ranges. */
function ranged(seen: Seen): Reply {
  const match = /^bytes=(\d+)-(\d*)$/.exec(seen.get('range') ?? '')
  const fields: Fields = [FRESH, ETAG, ['Content-Type', 'text/plain']]
  if (match === null) return { fields, body: BODY }
  const first = Number(match[1])
  const last = match[2] === '' ? BODY.length - 1 : Math.min(Number(match[2]), BODY.length - 1)
  if (first >= BODY.length) return { status: 416, fields: [['Content-Range', `bytes */${BODY.length}`]] }
  return { status: 206, fields: [...fields, ['Content-Range', `bytes ${first}-${last}/${BODY.length}`]], body: BODY.slice(first, last + 1) }
}

/** That every byte of an answer is where it says it is; answers how many bytes of the object it holds. */
function checked(answer: RawResponse): number {
  const body = answer.body.toString('latin1')
  if (answer.status === 200) {
    expect(body).toBe(BODY)
    return BODY.length
  }
  if (answer.status === 416) {
    expect(answer.get('content-range')).toBe(`bytes */${BODY.length}`)
    return 0
  }
  expect(answer.status).toBe(206)
  const boundary = /^multipart\/byteranges; boundary=(\S+)$/.exec(answer.get('content-type') ?? '')?.[1]
  const parts: [range: string, bytes: string][] = []
  if (boundary === undefined) parts.push([answer.get('content-range') ?? '', body])
  else
    for (const part of body.split(`--${boundary}`).slice(1, -1)) {
      const [head = '', ...rest] = part.split('\r\n\r\n')
      parts.push([/content-range: (.*)/i.exec(head)?.[1] ?? '', rest.join('\r\n\r\n').replace(/\r\n$/, '')])
    }
  expect(parts.length).toBeGreaterThan(0)
  expect(parts.length).toBeLessThanOrEqual(16)
  let bytes = 0
  for (const [range, part] of parts) {
    const match = /^bytes (\d+)-(\d+)\/1000$/.exec(range)
    expect(match, range).not.toBeNull()
    const [first, last] = [Number(match?.[1]), Number(match?.[2])]
    expect(last).toBeLessThan(BODY.length)
    expect(part).toBe(BODY.slice(first, last + 1))
    bytes += part.length
  }
  return bytes
}

describe('a stored part', () => {
  test('never answers a request without Range', async () => {
    rig = await start(ranged)
    expect(checked(await rig.get('/', [['Range', 'bytes=10-19']]))).toBe(10)
    expect(checked(await rig.get('/', [['Range', 'bytes=12-14']]))).toBe(3)
    expect(rig.seen).toHaveLength(1)
    const whole = await rig.get('/')
    expect([whole.status, checked(whole)]).toEqual([200, 1000])
  })

  test('is completed to a whole, or fetched whole, but never sent as a whole', async () => {
    rig = await start(ranged)
    await rig.get('/', [['Range', 'bytes=0-499']])
    const whole = await rig.get('/')
    expect([whole.status, checked(whole), whole.get('content-range')]).toEqual([200, 1000, undefined])
    const again = await rig.get('/')
    expect([again.get('x-cache'), checked(again)]).toEqual(['HIT', 1000])
  })

  test.each([
    [
      'another ETag',
      {
        fields: [
          ['ETag', '"v2"'],
          ['Content-Range', 'bytes 500-999/1000'],
        ],
      },
    ],
    [
      'a weak ETag',
      {
        fields: [
          ['ETag', 'W/"v1"'],
          ['Content-Range', 'bytes 500-999/1000'],
        ],
      },
    ],
    ['no ETag', { fields: [['Content-Range', 'bytes 500-999/1000']] }],
    ['a gap', { fields: [ETAG, ['Content-Range', 'bytes 501-999/1000']] }],
    ['an overlap', { fields: [ETAG, ['Content-Range', 'bytes 499-999/1000']] }],
    ['another total', { fields: [ETAG, ['Content-Range', 'bytes 500-999/1001']] }],
    ['no Content-Range', { fields: [ETAG] }],
  ] satisfies [string, { fields: Fields }][])('is not joined with a rest that has %s', async (_title, { fields }) => {
    rig = await start((seen) =>
      seen.get('range') === 'bytes=500-' ? { status: 206, fields: [FRESH, ...fields], body: '?'.repeat(500) } : ranged(seen),
    )
    await rig.get('/', [['Range', 'bytes=0-499']])
    expect(checked(await rig.get('/'))).toBe(1000)
  })
})

describe('If-Range', () => {
  test.each([
    ['the strong ETag', '"v1"', 206],
    ['another ETag', '"v2"', 200],
    ['the ETag as a weak one', 'W/"v1"', 200],
    ['a star', '*', 200],
    ['a list', '"v1", "v2"', 200],
    ['garbage', 'v1', 200],
    ['a date', 'Thu, 01 Jan 2026 00:00:00 GMT', 200],
  ])('with %s answers what it should', async (_title, condition, status) => {
    rig = await start(ranged)
    await rig.get('/')
    const answer = await rig.get('/', [
      ['Range', 'bytes=0-9'],
      ['If-Range', condition],
    ])
    expect([answer.status, checked(answer), rig.seen.length]).toEqual([status, status === 206 ? 10 : 1000, 1])
  })

  test('never matches a weak ETag of the stored object, nor a Last-Modified that is no strong validator', async () => {
    rig = await start((_seen, clock) => ({
      fields: [FRESH, ['ETag', 'W/"v1"'], ['Last-Modified', new Date(clock.wall()).toUTCString()]],
      body: BODY,
    }))
    await rig.get('/')
    for (const condition of ['W/"v1"', '"v1"', new Date(rig.clock.wall()).toUTCString()])
      expect(
        (
          await rig.get('/', [
            ['Range', 'bytes=0-9'],
            ['If-Range', condition],
          ])
        ).status,
      ).toBe(200)
  })
})

describe('many ranges', () => {
  const LISTS: readonly (readonly [title: string, range: string])[] = [
    ['1,300 overlapping', `bytes=${Array.from({ length: 1300 }, () => '0-').join(',')}`],
    ['1,300 growing', `bytes=${Array.from({ length: 1000 }, (_, i) => `5-${i}`).join(',')}`],
    ['1,000 single bytes', `bytes=${Array.from({ length: 1000 }, (_, i) => `${i}-${i}`).join(',')}`],
    ['17 single bytes', `bytes=${Array.from({ length: 17 }, (_, i) => `${2 * i}-${2 * i}`).join(',')}`],
    ['16 single bytes', `bytes=${Array.from({ length: 16 }, (_, i) => `${2 * i}-${2 * i}`).join(',')}`],
    ['16 wholes', `bytes=${Array.from({ length: 16 }, () => '0-').join(',')}`],
    ['three wholes', 'bytes=0-,0-,0-'],
    ['two wholes', 'bytes=0-,0-'],
    ['16 suffixes', `bytes=${Array.from({ length: 16 }, () => '-1000').join(',')}`],
    ['neighbours', 'bytes=0-1,2-3,4-5'],
    ['none', 'bytes='],
    ['commas', 'bytes=,,,'],
    ['a good one in bad ones', 'bytes=0-9,x,20-29'],
  ]

  test.each(LISTS)('%s cost at most twice the object, in at most 16 parts', async (_title, range) => {
    rig = await start(ranged)
    // On a miss, and from memory.
    for (const target of ['/', '/', '/']) {
      const before = rig.stat('s_resp_bodybytes')
      expect(checked(await rig.get(target, [['Range', range]]))).toBeLessThanOrEqual(2 * BODY.length)
      expect(rig.stat('s_resp_bodybytes') - before).toBeLessThanOrEqual(2 * BODY.length + 16 * 200)
    }
    await rig.get('/')
    expect(checked(await rig.get('/', [['Range', range]]))).toBeLessThanOrEqual(2 * BODY.length)
  })

  test('spread over two Range lines are one list', async () => {
    rig = await start(ranged)
    await rig.get('/')
    expect(
      checked(
        await rig.get('/', [
          ['Range', 'bytes=0-9'],
          ['Range', 'bytes=20-29'],
        ]),
      ),
    ).toBe(1000)
  })
})

describe('a range with odd numbers', () => {
  const RANGES = [
    '-0',
    '5-2',
    '0-18446744073709551615',
    '18446744073709551615-',
    '18446744073709551615-18446744073709551616',
    '-9223372036854775808',
    '-18446744073709551615',
    '-99999999999999999999999999',
    '--1',
    '9223372036854775807-9223372036854775808',
    '999-1000',
    '1000-',
    '1000-1000',
    '-1001',
    '0-0,-18446744073709551615',
    '9007199254740991-9007199254740993',
    '4294967295-4294967296',
    '0x0-0x9',
    '+0-+9',
    '0.0-9.9',
    '1e1-2e1',
    ' 0 - 9 ',
    '0-9 ',
    '00000000000000000000000000-9',
    '\u00b2-9',
    '0-9;q=1',
    '-',
    '0',
  ]

  test('never yields a byte outside of the object, nor the wrong one', async () => {
    rig = await start(ranged)
    await rig.get('/')
    for (const range of RANGES) for (const unit of ['bytes=', 'BYTES=']) checked(await rig.get('/', [['Range', `${unit}${range}`]]))
    for (const range of ['items=0-9', 'bytes 0-9', 'bytes', '=0-9', 'seconds=0-1'])
      expect(checked(await rig.get('/', [['Range', range]]))).toBe(1000)
    expect(rig.seen).toHaveLength(1)
  })

  test('is forwarded or ignored on a miss, and what comes back is checked', async () => {
    rig = await start(ranged)
    for (const [i, range] of RANGES.entries()) checked(await rig.get(`/${i}`, [['Range', `bytes=${range}`]]))
  })

  test('answered by an origin that means other bytes stores no wrong part', async () => {
    rig = await start((seen) =>
      seen.get('range') === undefined
        ? ranged(seen)
        : { status: 206, fields: [FRESH, ETAG, ['Content-Range', 'bytes 500-509/1000']], body: BODY.slice(500, 510) },
    )
    await rig.get('/', [['Range', 'bytes=0-9']])
    expect(checked(await rig.get('/'))).toBe(1000)
    expect(checked(await rig.get('/', [['Range', 'bytes=0-9']]))).toBe(10)
  })

  test('on an empty object is 200 or 416', async () => {
    rig = await start(() => ({ fields: [FRESH], body: '' }))
    await rig.get('/')
    for (const range of ['0-', '-1', '-0', '0-0']) {
      const answer = await rig.get('/', [['Range', `bytes=${range}`]])
      expect([200, 416]).toContain(answer.status)
      expect(answer.body).toHaveLength(0)
    }
  })
})

test('single bytes of an object that is not stored cost the origin no more than the clients get', async () => {
  let sent = 0
  rig = await start((seen) => {
    const reply = ranged(seen)
    sent += reply.body?.length ?? 0
    return reply
  })
  for (let i = 0; i < 300; i++) expect(checked(await rig.get('/big', [['Range', `bytes=${3 * i}-${3 * i}`]]))).toBe(1)
  expect(sent).toBeLessThanOrEqual(2 * 300)
})

test('a range refused by the origin is not the answer to other ranges', async () => {
  rig = await start(ranged)
  expect((await rig.get('/', [['Range', 'bytes=5000-']])).status).toBe(416)
  expect(checked(await rig.get('/', [['Range', 'bytes=0-9']]))).toBe(10)
  expect(checked(await rig.get('/'))).toBe(1000)
})

describe('a thousand entity tags', () => {
  const tags = (last: string): Fields => {
    const all = [...Array.from({ length: 999 }, (_, i) => `"tag-number-${i}"`), last]
    return [0, 1, 2].map((line) => ['If-None-Match', all.slice(line * 340, (line + 1) * 340).join(', ')] as const)
  }

  test('are compared right, in no time worth mentioning', async () => {
    rig = await start(ranged)
    await rig.get('/')
    for (const [last, status] of [
      ['"v1"', 304],
      ['W/"v1"', 304],
      ['"v2"', 200],
      ['"v1', 200],
      ['v1"', 200],
    ] as const)
      expect((await rig.get('/', tags(last))).status, last).toBe(status)
    for (let i = 0; i < 50; i++) await rig.get('/', tags('"v2"'))
    expect(rig.seen).toHaveLength(1)
  })

  test.each([
    ['an unclosed tag', `"${'a'.repeat(7000)}`],
    ['quotes alone', '"'.repeat(7001)],
    ['commas', ','.repeat(7000)],
    ['weak marks', 'W/'.repeat(3500)],
    ['backslashes', `"${'\\"'.repeat(3000)}`],
    ['blanks', `"a"${' '.repeat(7000)}x`],
    ['a date with a tail', `Thu, 01 Jan 2026 00:00:00 GMT${'; length=1'.repeat(600)}`],
  ])('or %s take linear time', async (_title, value) => {
    rig = await start(ranged)
    await rig.get('/')
    for (const name of ['If-None-Match', 'If-Modified-Since', 'If-Range'])
      for (let i = 0; i < 10; i++)
        expect(
          (
            await rig.get('/', [
              [name, value],
              ['Range', 'bytes=0-9'],
            ])
          ).status,
        ).toBeLessThan(400)
  })
})
