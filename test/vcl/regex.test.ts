import { describe, expect, it } from 'vitest'
import { RegexError, slownessOf, translateRegex } from '../../src/vcl/regex.ts'
import { REFUSED_PATTERNS, REGEX_CASES } from './regex-cases.ts'

describe('a regular expression of VCL', () => {
  it.each(REGEX_CASES)('finds what PCRE2 finds: %j in %j', (pattern, text, found) => {
    const { source, flags, groups } = translateRegex(pattern)
    const match = new RegExp(source, flags).exec(text)
    expect(match === null ? null : groups.map((number) => match[number] ?? null), `/${source}/${flags}`).toEqual(found)
  })

  it.each(REFUSED_PATTERNS)('is refused, with the place: %s', (pattern) => {
    expect(() => translateRegex(pattern)).toThrow(RegexError)
    try {
      translateRegex(pattern)
    } catch (error) {
      expect((error as RegexError).at).toBeLessThanOrEqual(pattern.length)
      expect((error as RegexError).message).not.toContain('JavaScript refuses')
    }
  })

  it('stays as it was written where JavaScript means the same', () => {
    expect(translateRegex('^/(admin|login)\\.php$')).toEqual({ source: '^\\/(admin|login)\\.php$', flags: '', groups: [0, 1] })
    expect(translateRegex('(?i)\\.(gif|jpe?g)(\\?.*)?$').source).toBe('\\.(gif|jpe?g)(\\?.*)?$')
    expect(translateRegex('(?i)a').flags).toBe('i')
  })

  it('tells the new numbers of groups where atomic ones come in between', () => {
    expect(translateRegex('(a)(?>b+)(c)').groups).toEqual([0, 1, 3])
    expect(translateRegex('(a)*+(b)').groups).toEqual([0, 2, 3])
  })
})

describe('slownessOf', () => {
  it('warns of quantifiers within quantifiers', () => {
    expect(slownessOf('^(a+)+$')).toMatch(/unbounded quantifier/)
    expect(slownessOf('^/a.*b$')).toBeNull()
    expect(slownessOf('(?=a)b')).toBeNull()
  })
})
