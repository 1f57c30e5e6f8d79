import { describe, expect, it } from 'vitest'
import { HeaderMap } from '../../../vcl-ts/headers.ts'
import { purgeByPattern, purgeTags, tagsOfPattern } from '../../../vcl-ts/presets/dialects.ts'

describe('a pattern that lists tags', () => {
  it.each([
    ['((^|,)cat_p_1(,|$))|((^|,)cat_p(,|$))', ['cat_p_1', 'cat_p']],
    ['((^|,)cat_c_7(,|$))', ['cat_c_7']],
    ['(^|,)(post-1|post-2)(,|$)', ['post-1', 'post-2']],
    [String.raw`(^|,)(post\-1|a\.b)(,|$)`, ['post-1', 'a.b']],
    ['(a|b)(,.+)?$', ['a', 'b']],
    [String.raw`(/books/1|/books)($|\,)`, ['/books/1', '/books']],
  ])('is read as tags: %s', (pattern, tags) => {
    expect(tagsOfPattern(pattern)).toEqual(tags)
  })

  it.each([
    'cat_p_1',
    '(^|,)cat_p_1',
    '(^|,)(a|b)c(,|$)',
    '(^|,)(a.b)(,|$)',
    '(^|,)(a*)(,|$)',
    '((^|,)a(,|$))|(b)',
    '((^|,)a(,|$))|((^|,)b',
    '(^|,)()(,|$)',
    '.*',
  ])('is a pattern where it does more: %s', (pattern) => {
    expect(tagsOfPattern(pattern)).toBe(null)
  })
})

describe('a purge by pattern', () => {
  const purge = (pattern: string) => purgeByPattern(HeaderMap.of([['X-Pattern', pattern]]), 'x-pattern', 'x-tags')

  it('is of tags, of all, or of what a ban matches', () => {
    expect(purge('((^|,)a(,|$))')).toEqual({ type: 'purge', soft: false, subject: { by: 'tags', tags: ['a'] } })
    expect(purge('.*')).toEqual({ type: 'purge', soft: false, subject: { by: 'all' } })
    expect(purge('^cat_p_[0-9]$')).toMatchObject({ subject: { by: 'ban', expression: 'obj.http.x-tags ~ ^cat_p_[0-9]$' } })
    expect(purgeByPattern(new HeaderMap(), 'x-pattern', 'x-tags')).toBe(undefined)
  })

  it('is refused where the pattern is dangerous', () => {
    expect(purge('^(a+)+$')).toMatchObject({ type: 'synth', status: 400 })
  })

  it('of an empty list of tags is refused', () => {
    expect(purgeTags({ headers: HeaderMap.of([['Cache-Tags', ' ']]) }, 'cache-tags')).toMatchObject({ type: 'synth', status: 400 })
  })
})
