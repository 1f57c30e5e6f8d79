import { describe, expect, test } from 'vitest'
import { conditionalFields, merge304, sameRepresentation } from '../../src/wire/revalidation.ts'
import { HeaderMap, type HeaderPairs } from '../../vcl-ts/headers.ts'

describe('validation requests', () => {
  test('§4.3.1: carry both stored validators verbatim', () => {
    expect(conditionalFields({ etag: 'W/"a"', lastModifiedField: 'yesterday', lastModifiedStrong: false })).toEqual([
      ['If-None-Match', 'W/"a"'],
      ['If-Modified-Since', 'yesterday'],
    ])
    expect(conditionalFields({ etag: null, lastModifiedField: null, lastModifiedStrong: false })).toEqual([])
  })

  test('leave a weak Last-Modified out where only strong ones count', () => {
    expect(conditionalFields({ etag: null, lastModifiedField: 'x', lastModifiedStrong: false }, true)).toEqual([])
    expect(conditionalFields({ etag: null, lastModifiedField: 'x', lastModifiedStrong: true }, true)).toEqual([['If-Modified-Since', 'x']])
  })
})

describe('freshening by a 304', () => {
  const merge = (stored: HeaderPairs, fresh: HeaderPairs): HeaderPairs => [...merge304(HeaderMap.of(stored), HeaderMap.of(fresh))]

  test('§3.2: every field that the 304 names replaces all stored lines of that name, the others stay', () => {
    expect(
      merge(
        [
          ['Cache-Control', 'max-age=1'],
          ['Link', '<a>'],
          ['X-Old', '1'],
          ['link', '<b>'],
        ],
        [
          ['cache-control', 'max-age=9'],
          ['Link', '<c>'],
          ['Link', '<d>'],
          ['X-New', '2'],
        ],
      ),
    ).toEqual([
      ['X-Old', '1'],
      ['cache-control', 'max-age=9'],
      ['Link', '<c>'],
      ['Link', '<d>'],
      ['X-New', '2'],
    ])
  })

  test.each(['Content-Length', 'Content-Encoding', 'Content-Type', 'Content-Range', 'Set-Cookie', 'Transfer-Encoding', 'Connection'])(
    '§3.2: %s is neither replaced nor added',
    (name) => {
      expect(merge([[name, 'old']], [[name, 'new']])).toEqual([[name, 'old']])
      expect(merge([], [[name, 'new']])).toEqual([])
    },
  )

  test('§4.3.4: the stored Age goes, that of the 304 counts', () => {
    expect(merge([['Age', '500']], [])).toEqual([])
    expect(merge([['Age', '500']], [['Age', '3']])).toEqual([['Age', '3']])
  })

  test('the stored map is left as it is', () => {
    const stored = HeaderMap.of([
      ['ETag', '"a"'],
      ['Age', '5'],
    ])
    merge304(stored, HeaderMap.of([['ETag', 'W/"a"']]))
    expect([...stored]).toEqual([
      ['ETag', '"a"'],
      ['Age', '5'],
    ])
  })

  test.each([
    [[['ETag', '"a"']], [['ETag', '"a"']], true],
    [[['ETag', '"a"']], [['ETag', 'W/"a"']], true],
    [[['ETag', '"a"']], [['ETag', '"b"']], false],
    [
      [
        ['ETag', '"a"'],
        ['Last-Modified', 'x'],
      ],
      [
        ['ETag', '"a"'],
        ['Last-Modified', 'y'],
      ],
      true,
    ],
    [
      [
        ['ETag', '"a"'],
        ['Last-Modified', 'x'],
      ],
      [['Last-Modified', 'y']],
      false,
    ],
    [[['ETag', '"a"']], [], true],
    [[['Last-Modified', 'x']], [['Last-Modified', 'x']], true],
    [[['Last-Modified', 'x']], [['Last-Modified', 'y']], false],
    [
      [['Last-Modified', 'x']],
      [
        ['ETag', '"a"'],
        ['Last-Modified', 'y'],
      ],
      false,
    ],
    [[['Last-Modified', 'x']], [], true],
  ] as [HeaderPairs, HeaderPairs, boolean][])(
    '§4.3.4: stored %j and a 304 with %j are the same representation: %j',
    (stored, fresh, expected) => {
      expect(sameRepresentation(HeaderMap.of(stored), HeaderMap.of(fresh))).toBe(expected)
    },
  )
})
