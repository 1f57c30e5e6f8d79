import { describe, expect, it } from 'vitest'
import { makeReq } from '../../src/testing/nouns.ts'

describe('req.slice', () => {
  it('is a number of bytes within bounds, or nothing', () => {
    const req = makeReq()
    expect(req.slice).toBe(null)
    for (const size of [64 * 1024, 100_001, 64 * 1024 * 1024]) {
      req.slice = size
      expect(req.slice).toBe(size)
    }
    req.slice = 0
    expect(req.slice).toBe(null)
    expect(makeReq({ slice: 65_536 }).slice).toBe(65_536)
  })

  it.each([1, 65_535, 67_108_865, 100_000.5, -65_536, Number.NaN, '1M', true, undefined])('cannot be %s', (value) => {
    const req = makeReq({ slice: 65_536 })
    expect(() => {
      req.slice = value as never
    }).toThrow('a whole number of bytes from 65536 to 67108864')
    expect(req.slice).toBe(65_536)
  })
})
