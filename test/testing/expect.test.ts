import { AssertionError } from 'node:assert'
import { describe, it, expect as theirs } from 'vitest'
import { type Expectation, expect } from '../../src/testing/index.ts'

const throws = (error: unknown) => (): never => {
  throw error
}

describe('expect', () => {
  it.each<[string, (value: Expectation) => void, unknown, unknown]>([
    ['toBe', (of) => of.toBe('hit'), 'hit', 'miss'],
    ['toBe of NaN', (of) => of.toBe(Number.NaN), Number.NaN, 0],
    ['toEqual', (of) => of.toEqual({ a: [1, { b: 2 }] }), { a: [1, { b: 2 }] }, { a: [1, { b: 2 }], c: 3 }],
    ['toMatchObject', (of) => of.toMatchObject({ a: { b: 2 } }), { a: { b: 2, c: 3 }, d: 4 }, { a: { c: 3 } }],
    ['toMatchObject of lists', (of) => of.toMatchObject({ a: [{ b: 1 }] }), { a: [{ b: 1, c: 2 }] }, { a: [{ b: 1 }, { b: 1 }] }],
    ['toMatchObject of an empty list', (of) => of.toMatchObject({ a: [] }), { a: [] }, { a: [1] }],
    ['toMatchObject of undefined', (of) => of.toMatchObject({ a: undefined }), { a: undefined, b: 1 }, { b: 1 }],
    ['toMatchObject of null', (of) => of.toMatchObject({ a: {} }), { a: { b: 1 } }, { a: null }],
    ['toMatch of a pattern', (of) => of.toMatch(/^a.c$/g), 'abc', 'abd'],
    ['toMatch of a text', (of) => of.toMatch('b.'), 'ab.', 'abc'],
    ['toContain in a text', (of) => of.toContain('b'), 'abc', 'ac'],
    ['toContain in a list', (of) => of.toContain('b'), ['a', 'b'], ['a', 'bc']],
    ['toContain in a set', (of) => of.toContain('b'), new Set(['b']), new Set()],
    ['toContain of nothing', (of) => of.toContain('b'), ['b'], null],
    ['toHaveLength', (of) => of.toHaveLength(2), [1, 2], [1]],
    ['toHaveLength of a text', (of) => of.toHaveLength(2), 'ab', ''],
    ['toBeGreaterThan', (of) => of.toBeGreaterThan(2), 3, 2],
    ['toBeGreaterThanOrEqual', (of) => of.toBeGreaterThanOrEqual(2), 2, 1],
    ['toBeLessThan', (of) => of.toBeLessThan(2), 1, 2],
    ['toBeLessThanOrEqual', (of) => of.toBeLessThanOrEqual(2), 2, '1'],
    ['toBeDefined', (of) => of.toBeDefined(), null, undefined],
    ['toBeUndefined', (of) => of.toBeUndefined(), undefined, null],
    ['toBeNull', (of) => of.toBeNull(), null, undefined],
    ['toThrow', (of) => of.toThrow(), throws(1), () => {}],
    ['toThrow of a pattern', (of) => of.toThrow(/luck/), throws(new Error('no luck')), throws(new Error('well'))],
    ['toThrow of a text', (of) => of.toThrow('luck'), throws(new Error('no luck')), () => {}],
    ['toThrow of a class', (of) => of.toThrow(TypeError), throws(new TypeError('x')), throws(new Error('x'))],
  ])('%s holds of what it says, and of nothing else; not turns it round', (_name, check, right, wrong) => {
    const turned = (value: unknown): Expectation => ({ ...expect(value), ...expect(value).not })
    check(expect(right))
    theirs(() => check(expect(wrong))).toThrow(AssertionError)
    check(turned(wrong))
    theirs(() => check(turned(right))).toThrow(AssertionError)
  })

  it('waits for what a promise rejects with', async () => {
    await expect(Promise.reject(new RangeError('too far'))).rejects.toThrow(/far/)
    await theirs(expect(Promise.reject(new RangeError('too far'))).rejects.toThrow(TypeError)).rejects.toThrow(
      /to reject, not with "too far",/,
    )
    await theirs(expect(Promise.resolve(1)).rejects.toThrow()).rejects.toThrow(/to reject, which it did not/)
  })

  it('says what was and what should be, and begins its stack at the test', () => {
    const fault = (run: () => void): Error => {
      try {
        run()
      } catch (error) {
        return error as Error
      }
      throw new Error('it holds')
    }
    const match = fault(() => expect({ a: 1, b: { c: 'hit' }, d: 4 }).toMatchObject({ b: { c: 'miss' } }))
    theirs(match.message).toMatch(/\+ +c: 'hit'\n- +c: 'miss'/)
    theirs(match.message).not.toContain('d: 4')
    theirs(match.stack).toMatch(/\n {4}at .*expect\.test\.ts/)
    theirs(match.stack).not.toContain('src/testing/expect.ts')
    theirs(fault(() => expect([1]).toContain(2)).message).toBe('expected [1] to contain 2')
    theirs(fault(() => expect(1).not.toBe(1)).message).toBe('expected 1 not to be 1')
    theirs(fault(() => expect('a').toThrow()).message).toContain('expect(() => …)')
  })
})
