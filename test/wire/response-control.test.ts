import { describe, expect, test } from 'vitest'
import type { HeaderPairs } from '../../vcl-ts/headers.ts'
import { at, received } from '../rfc9111/answer.ts'

describe('what an answer says about storing it', () => {
  test.each(['ETag', 'Date', 'Expires', 'Content-Type', 'Last-Modified'])(
    'two %s lines that differ are a conflict, equal ones are not',
    (name) => {
      expect(
        received([
          [name, 'a'],
          [name, 'b'],
        ]).control.conflict,
      ).toBe(true)
      expect(
        received([
          [name, 'a'],
          [name, 'a'],
        ]).control.conflict,
      ).toBe(false)
      expect(received([[name, 'a']]).control.conflict).toBe(false)
    },
  )

  test('several lines of a list field are no conflict', () => {
    expect(
      received([
        ['Vary', 'a'],
        ['Vary', 'b'],
        ['Set-Cookie', 'a=1'],
        ['Set-Cookie', 'b=2'],
      ]).control.conflict,
    ).toBe(false)
  })

  test.each([
    ['bytes 0-4/10', 206, 5, 'consistent'],
    ['bytes 0-4/10', 206, null, 'consistent'],
    ['bytes 0-4/*', 206, 5, 'consistent'],
    ['bytes 4-9/10', 206, 5, 'inconsistent'],
    ['bytes 4-9/9', 206, 6, 'inconsistent'],
    ['bytes 9-4/10', 206, null, 'inconsistent'],
    ['bytes */10', 206, 0, 'inconsistent'],
    ['items 0-4/10', 206, 5, 'inconsistent'],
    [null, 206, 5, 'inconsistent'],
    ['bytes 0-4/10', 200, 5, 'none'],
    [null, 200, 5, 'none'],
  ] as const)('Content-Range %j with %d and %j bytes is %s', (value, status, bodyLength, expected) => {
    const fields: HeaderPairs = value === null ? [] : [['Content-Range', value]]
    expect(received(fields, { status, bodyLength }).control.contentRange).toBe(expected)
  })

  test.each([
    [200, true, true],
    [302, true, false],
    [499, false, false],
    [999, false, false],
  ])('status %d is understood: %j, heuristically cacheable: %j', (status, understood, heuristicallyCacheable) => {
    expect(received([], { status }).control).toMatchObject({ understood, heuristicallyCacheable })
  })

  test('public makes any status heuristically cacheable', () => {
    expect(received([['Cache-Control', 'public']], { status: 599 }).control.heuristicallyCacheable).toBe(true)
  })

  test('Expires and the numbers are explicit freshness, a heuristic is not', () => {
    expect(received([['Expires', at(5)]]).control.explicit).toBe(true)
    expect(received([['Cache-Control', 'max-age=0']]).control.explicit).toBe(true)
    expect(received([['Last-Modified', at(-5)]]).control.explicit).toBe(false)
    expect(received([]).control.explicit).toBe(false)
  })

  test('how the end of the body is known is passed on', () => {
    expect(received([]).control.framing).toBe('length')
  })
})
