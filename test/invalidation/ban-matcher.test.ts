import { describe, expect, it } from 'vitest'
import { banMatcher } from '../../src/invalidation/ban-matcher.ts'
import { parseBan } from '../../vcl-ts/ban.ts'
import { type SubjectChanges, subject } from './ban-subject.ts'

const matches = (expression: string, changes: SubjectChanges): boolean => banMatcher(parseBan(expression))(subject(changes))

describe('a ban', () => {
  it.each<[expression: string, matching: SubjectChanges, other: SubjectChanges]>([
    ['req.url ~ ^/shop/', { url: '/shop/1' }, { url: '/blog/shop/' }],
    ['obj.url !~ ^/shop/', { url: '/blog' }, { url: '/shop/1' }],
    ['req.url == /a?b', { url: '/a?b' }, { url: '/a?bc' }],
    ['obj.url != /a', { url: '/b' }, { url: '/a' }],
    ['obj.host == WWW.Example:80', { host: 'www.example' }, { host: 'example' }],
    ['req.http.host ~ ^WWW\\.', { host: 'www.example' }, { host: 'example' }],
    ['req.http.Host != a', { host: 'b' }, { host: 'a' }],
    ['obj.status == 404', { status: 404 }, { status: 200 }],
    ['obj.status != 404', { status: 200 }, { status: 404 }],
    ['obj.status >= 500', { status: 500 }, { status: 499 }],
    ['obj.status < 300', { status: 299 }, { status: 300 }],
    ['obj.status ~ ^5', { status: 503 }, { status: 450 }],
    ['obj.http.Content-Type ~ ^image/', { headers: { 'content-type': 'image/png' } }, { headers: { 'content-type': 'text/html' } }],
    ['obj.http.x == ""', { headers: { x: '' } }, {}],
    ['req.http.X-Lang == de', { requestHeaders: { 'x-lang': 'de' } }, { requestHeaders: { 'x-lang': 'fr' } }],
    ['obj.tags has a', { tags: ['b', 'a'] }, { tags: ['ab'] }],
    ['obj.tags !has a', { tags: ['b'] }, { tags: ['a'] }],
    ['obj.age > 5m', { age: 301 }, { age: 300 }],
    ['obj.age <= 5m', { age: 300 }, { age: 301 }],
    ['obj.ttl < 0s', { ttl: -1 }, { ttl: 0 }],
    ['obj.grace == 10s', { grace: 10 }, { grace: 11 }],
    ['obj.keep >= 1h', { keep: 3600 }, { keep: 3599 }],
    ['obj.url ~ a && obj.status == 200 && obj.tags has t', { url: '/a', tags: ['t'] }, { url: '/a', tags: [] }],
    ['obj.url ~ a && obj.status == 200 && obj.tags has t', { url: '/a', tags: ['t'] }, { url: '/b', tags: ['t'] }],
  ])('%s', (expression, matching, other) => {
    expect([matches(expression, matching), matches(expression, other)]).toEqual([true, false])
  })

  it('finds nothing in a field that is not there, so that only the negations hold', () => {
    for (const field of ['obj.http.x', 'req.http.x'])
      expect(['==', '~', '!=', '!~'].map((operator) => matches(`${field} ${operator} a`, {}))).toEqual([false, false, true, true])
    expect([matches('obj.http.x ~ .*', {}), matches('obj.http.x !~ .*', {})]).toEqual([false, true])
  })

  it('asks patterns last', () => {
    const asked: string[] = []
    const watched = { ...subject({ url: '/a' }), hasTag: () => asked.push('tag') === 0, header: (name: string) => void asked.push(name) }
    expect(banMatcher(parseBan('obj.http.x ~ a.+b && obj.tags has t'))(watched)).toBe(false)
    expect(asked).toEqual(['tag'])
  })
})
