import { describe, expect, it } from 'vitest'
import { accessLines } from '../../src/access-log.ts'
import { LONGEST_FIELD } from '../../src/log-escape.ts'
import { type AccessFormat, combined, json, pretty } from '../../src/log-formats.ts'
import { REASONS } from '../../vcl-ts/reason.ts'
import fc from '../support/properties.ts'
import { record } from './record.ts'

const plain = pretty({ color: false })
const FORMATS: readonly (readonly [string, AccessFormat])[] = [
  ['json', json],
  ['combined', combined],
  ['pretty', plain],
]

describe('the pretty format', () => {
  it('says outcome, status, URL, time and what became of the answer', () => {
    expect(plain(record())).toBe('MISS 200 /shop 41ms stored ttl=60s (s-maxage)')
  })

  it('gives the reason in words where there is no detail', () => {
    expect(plain(record({ outcome: 'HIT', reason: 'HIT', detail: '', duration: 0.234 }))).toBe(`HIT 200 /shop 0.2ms ${REASONS.HIT}`)
  })

  it('gives the reason’s code where the outcome does not imply it', () => {
    expect(plain(record({ reason: 'EXPIRED' }))).toBe('MISS 200 /shop 41ms EXPIRED stored ttl=60s (s-maxage)')
    expect(plain(record({ reason: 'NO_STORE', detail: 'not stored (NO_STORE)' }))).toBe('MISS 200 /shop 41ms not stored (NO_STORE)')
  })

  it('names methods other than GET, and an answer that did not arrive', () => {
    expect(plain(record({ method: 'POST', end: 'left' }))).toMatch(/^MISS 200 POST \/shop .* \(client left\)$/)
    expect(plain(record({ end: 'aborted' }))).toMatch(/ \(broken off\)$/)
  })

  it('colours the outcome alone, and only when asked', () => {
    expect(pretty({ color: true })(record())).toBe(`\x1b[33mMISS\x1b[0m${plain(record()).slice(4)}`)
  })
})

describe('notes of a policy', () => {
  const notes = [
    ['arm', 'old'],
    ['', 'a text'],
    ['__proto__', 'x"\n'],
    ['arm', 'new'],
  ] as const

  it('are members of the JSON line, the last of a key, escaped', () => {
    const line = json(record({ notes }))
    expect(line.endsWith(String.raw`,"notes":{"arm":"new","log":"a text","__proto__":"x\"\u000a"}}`)).toBe(true)
    expect(JSON.parse(line)).toHaveProperty('notes.arm', 'new')
  })

  it('leave a line without them as it is', () => {
    expect(JSON.parse(json(record()))).not.toHaveProperty('notes')
    for (const format of [combined, plain]) expect(format(record({ notes }))).toBe(format(record()))
  })
})

describe('the combined format', () => {
  it('is NCSA combined with outcome, reason, seconds and detail behind it', () => {
    expect(combined(record({ referer: 'http://a.example/' }))).toBe(
      '192.0.2.1 - - [02/Jan/2026:03:04:05 +0000] "GET /shop HTTP/1.1" 200 500 "http://a.example/" "curl/8" MISS ABSENT 0.041 "stored ttl=60s (s-maxage)"',
    )
  })

  it('puts a dash for what is missing', () => {
    expect(combined(record({ client: '', userAgent: '' }))).toMatch(/^- - - .* "-" "-" MISS /)
  })
})

describe('the JSON format', () => {
  it('reads back as the record', () => {
    const { notes: _none, ...given } = record({
      url: '/a?b="c"&d=\\e',
      userAgent: 'Mozil\xe9',
      reason: 'EXPIRED',
      end: 'left',
      esiLevel: 1,
    })
    const { event, ...rest } = JSON.parse(json({ ...given, notes: null })) as Record<string, unknown>
    expect(event).toBe('request')
    expect(rest).toEqual({ ...given, proto: 'HTTP/1.1', time: '2026-01-02T03:04:05.678Z' })
  })
})

describe('a fragment', () => {
  const written = (format: 'json' | 'combined' | 'pretty'): string[] => {
    const lines: string[] = []
    const log = accessLines(format, false, (line) => void lines.push(line))
    for (const esiLevel of [0, 1, 2]) log?.write(record({ esiLevel }))
    return lines
  }

  it('has its level in JSON, is indented for people, and is part of its page in the combined format', () => {
    expect(written('json').map((line) => (JSON.parse(line) as Record<string, unknown>)['esiLevel'])).toEqual([undefined, 1, 2])
    expect(written('pretty').map((line) => line.indexOf('MISS'))).toEqual([0, 2, 4])
    expect(written('combined')).toEqual([combined(record())])
  })
})

describe.each(FORMATS)('every line of the %s format', (name, format) => {
  const STRINGS = ['id', 'client', 'method', 'host', 'url', 'referer', 'userAgent', 'detail'] as const

  it('is one line of printable ASCII, whatever a field holds', () => {
    const hostile = fc.string({ unit: fc.integer({ min: 0, max: 0xff }).map((code) => String.fromCharCode(code)), maxLength: 60 })
    fc.assert(
      fc.property(fc.constantFrom(...STRINGS), fc.oneof(hostile, fc.string({ unit: 'binary' })), (field, value) => {
        const line = format(record({ [field]: value }))
        expect(line).toMatch(/^[\x20-\x7e]*$/)
        if (name === 'json') expect(JSON.parse(line)).toMatchObject({ event: 'request', status: 200 })
        if (name === 'combined') expect(line.replace(/\\./g, '').split('"')).toHaveLength(9)
      }),
    )
  })

  it('cuts a field of a megabyte to 4 KiB, never inside an escape', () => {
    for (const value of ['x', '"', '\\', '\x1b', 'a\r\n', 'abc"', '\xff'].map((piece) => piece.repeat(1_000_000 / piece.length))) {
      const line = format(record({ url: value, userAgent: value, referer: value, detail: value }))
      expect(line.length).toBeLessThan(4 * LONGEST_FIELD + 600)
      if (name === 'json') expect(String((JSON.parse(line) as Record<string, unknown>)['userAgent'])).toMatch(/\.\.\.$/)
      if (name === 'combined') expect(line.replace(/\\(?:x[0-9a-f]{2}|["\\])/g, '')).not.toContain('\\')
    }
  })

  it('shows no value of a parameter that opens doors, and no password of a URL', () => {
    const urls = [
      '/x?access_token=hunter2&page=3',
      '/x?a=1;TOKEN=hunter2',
      '/x?%74oken=hunter2',
      '/login?user=me&password=hunter2#x',
      '/x?api_key=hunter2',
      '/x?X-Amz-Signature=hunter2',
      '/x;jsessionid=hunter2?a=b',
      '/x#id_token=hunter2',
    ]
    for (const url of urls) {
      const line = format(record({ url, referer: `https://me:hunter2@shop.example${url}` }))
      expect(line, url).not.toContain('hunter2')
      expect(line, url).toContain('***')
    }
    expect(format(record({ url: '/x?page=3&tokens_used=no&sort=key' }))).toContain('/x?page=3&tokens_used=no&sort=key')
  })
})

describe('times in JSON', () => {
  const parsed = (changes: Parameters<typeof record>[0]): Record<string, unknown> =>
    JSON.parse(json(record(changes))) as Record<string, unknown>

  it('are those of the record, whatever was written before', () => {
    const moment = fc.oneof(
      fc.double({ min: 1.7e12, max: 1.7e12 + 3000, noNaN: true }),
      fc.integer({ min: -62_135_596_800_000, max: 253_402_300_799_999 }),
      fc.double({ min: -1e9, max: 1e9, noNaN: true }),
    )
    fc.assert(
      fc.property(fc.array(moment, { minLength: 1, maxLength: 10 }), (moments) => {
        for (const time of moments) expect(parsed({ time })['time']).toBe(new Date(time).toISOString())
      }),
    )
  })

  it('take as long as they took, to the thousandth', () => {
    const span = fc.oneof(
      fc.double({ min: 0, max: 100, noNaN: true }),
      fc.double({ min: -1e9, max: 1e12, noNaN: true }),
      fc.nat(2000).map((n) => n / 1000),
    )
    fc.assert(
      fc.property(span, (duration) => {
        expect(parsed({ duration })['duration']).toBe(Math.round(duration * 1000) / 1000 + 0)
      }),
    )
  })
})
