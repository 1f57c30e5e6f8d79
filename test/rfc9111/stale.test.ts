import { describe, expect, test } from 'vitest'
import type { HeaderPairs } from '../../vcl-ts/headers.ts'
import { safe } from '../wire/decisions-fixture.ts'
import { received } from './answer.ts'

const DAY = 86_400

/** RFC 9111 §4.2.4 and RFC 5861: Cache-Control, grace, staleIfError. */
const STALE: [clause: string, value: string, grace: number, staleIfError: number][] = [
  ['§4.2.4', 'max-age=60', 0, DAY],
  ['RFC 5861 §3', 'max-age=60, stale-while-revalidate=30', 30, DAY],
  ['RFC 5861 §4', 'max-age=60, stale-if-error=30', 0, 30],
  ['RFC 5861 §4', 'max-age=60, stale-if-error=0', 0, 0],
  ['RFC 5861', 'max-age=60, stale-while-revalidate=5, stale-if-error=9', 5, 9],
  ['§5.2.2.2', 'max-age=60, must-revalidate', 0, 0],
  ['§5.2.2.2', 'max-age=60, must-revalidate, stale-while-revalidate=5, stale-if-error=9', 0, 0],
  ['§5.2.2.8', 'max-age=60, proxy-revalidate, stale-if-error=9', 0, 0],
  ['§5.2.2.4', 'max-age=60, no-cache, stale-while-revalidate=5', 0, 0],
  ['§5.2.2.10', 's-maxage=60', 0, 0],
  ['§5.2.2.10', 's-maxage=60, stale-if-error=9', 0, 9],
  ['§5.2.2.10', 's-maxage=60, stale-while-revalidate=5', 5, 5],
]

describe('stale use', () => {
  test.each(STALE)('%s: %j gives grace %d and staleIfError %d', (_clause, value, grace, staleIfError) => {
    expect(received([['Cache-Control', value]], { decisions: safe })).toMatchObject({ grace, staleIfError })
  })

  test.each([
    [[['ETag', '"a"']], 3600, true],
    [[['Last-Modified', 'Fri, 20 Nov 2026 11:00:00 GMT']], 3600, true],
    [[['Last-Modified', 'never']], 0, false],
    [[['ETag', '']], 0, false],
    [[], 0, false],
  ] as [HeaderPairs, number, boolean][])('§4.3.1: an answer with %j is kept %d s for validation', (fields, keep, validator) => {
    expect(received(fields)).toMatchObject({ keep, control: { validator } })
  })
})
