import { describe, expect, it } from 'vitest'
import { BanError, checkBan, isObjectBan, isTimedBan, parseBan, quoteForBan, requestFieldsOf } from '../../vcl-ts/ban.ts'
import fc from '../support/properties.ts'

describe('ban expressions', () => {
  it('are frozen plain data', () => {
    const ban = parseBan('req.url ~ ^/shop/ && obj.http.X-Lang == de && obj.status >= 500')
    expect(ban).toEqual({
      text: 'req.url ~ ^/shop/ && obj.http.x-lang == de && obj.status >= 500',
      tests: [
        { type: 'text', field: 'req.url', name: null, operator: '~', argument: '^/shop/' },
        { type: 'text', field: 'obj.http', name: 'x-lang', operator: '==', argument: 'de' },
        { type: 'number', field: 'obj.status', operator: '>=', argument: 500 },
      ],
    })
    expect([ban, ban.tests, ...ban.tests].every(Object.isFrozen)).toBe(true)
    expect(JSON.parse(JSON.stringify(ban))).toEqual(ban)
  })

  it.each([
    ['obj.age > 5m', 'obj.age > 300s'],
    ['obj.ttl <= 1.5h', 'obj.ttl <= 5400s'],
    ['obj.grace == 0s', 'obj.grace == 0s'],
    ['obj.keep != 250ms', 'obj.keep != 0.25s'],
    ['obj.ttl < -10s', 'obj.ttl < -10s'],
    ['obj.status ~ ^5', 'obj.status ~ ^5'],
    ['  obj.url\t!=   /a  ', 'obj.url != /a'],
    ['obj.host == WWW.Example:80', 'obj.host == www.example'],
    ['req.http.Host != Example.com.', 'req.http.host != example.com'],
    ['req.http.host ~ ^WWW', 'req.http.host ~ ^WWW'],
    ['obj.tags has "a b"', 'obj.tags has "a b"'],
    ['obj.tags !has été', 'obj.tags !has été'],
    ['obj.tags has "has"', 'obj.tags has "has"'],
    ['obj.http.x == ""', 'obj.http.x == ""'],
    ['obj.http.etag == "W/\\"a\\\\b\\""', 'obj.http.etag == "W/\\"a\\\\b\\""'],
    ['req.url ~ "\\\\.png$"', 'req.url ~ \\.png$'],
    ['req.url ~ \\.png$', 'req.url ~ \\.png$'],
    ['req.url == "\\x2fa\\057b"', 'req.url == /a/b'],
    ['req.url == "a&&b"', 'req.url == a&&b'],
    ['req.url ~ "&&"', 'req.url ~ "&&"'],
    ['req.url ~ a||b', 'req.url ~ a||b'],
  ])('%j is written %j', (expression, text) => {
    expect(parseBan(expression).text).toBe(text)
    expect(parseBan(text)).toEqual(parseBan(expression))
  })

  it.each([
    ['', 'column 1: a test is missing'],
    ['req.url', 'column 8: the operator is missing; req.url takes == != ~ !~'],
    ['req.url ~', 'column 10: the argument of ~ is missing'],
    ['req.url ~ && obj.status == 200', 'column 11: the argument of ~ is missing; to look for && put it in quotes'],
    ['req.url = /a', 'column 9: "=" is no operator of req.url'],
    ['req.url < /a', 'column 9: "<" is no operator of req.url'],
    ['obj.age ~ 5s', 'column 9: "~" is no operator of obj.age'],
    ['obj.tags == a', 'column 10: "==" is no operator of obj.tags, which takes has !has'],
    ['req.url~/a', 'column 1: "req.url~/a" is no field'],
    ['obj.statsu == 200', 'did you mean obj.status?'],
    ['obj.hits > 3', '"obj.hits" is no field'],
    ['beresp.status == 200', 'is no field'],
    ['obj.http. == a', 'is no field'],
    ['"req.url" ~ a', 'is no field'],
    ['req.url "~" a', 'is no operator'],
    ['req.url ~ a || req.url ~ b', 'column 13: bans have no ||; send two bans'],
    ['req.url ~ a && || b', 'column 16: bans have no ||'],
    ['req.url ~ a b', 'column 13: "b" stands where && or the end is due'],
    ['req.url ~ a "&&" req.url ~ b', 'stands where && or the end is due'],
    ['req.url ~ a &&', 'column 15: a test is missing'],
    ['req.url ~ "a', 'column 11: the quote is never closed'],
    ['req.url ~ "a"b', 'column 14: a space is missing behind the closing quote'],
    ['obj.http.etag == W/"a"', 'column 20: a quote stands within a word'],
    ['req.url ~ "\\.png"', 'column 12: in quotes \\ is followed by'],
    ['req.url ~ a\nreq.url ~ b', 'column 12: line breaks and other control characters'],
    ['req.url ~ a\0', 'column 12: line breaks and other control characters'],
    ['req.url == "a\\x0ab"', 'column 12: no URL and no header field holds control characters'],
    ['req.url == \u0101', 'characters above U+00FF'],
    ['obj.status == 2xx', 'column 15: "2xx" is no status'],
    ['obj.status == 0', 'is no status'],
    ['obj.age > 10', 'column 11: "10" is no time; write a number with a unit'],
    ['obj.age > 1000y', 'is no time'],
    ['obj.age > 5 m', 'is no time'],
    ['obj.tags has ""', 'at least one character'],
    ['req.url ~ ^(a+)+$', 'column 11: the pattern "^(a+)+$" is refused: an unbounded quantifier stands within another'],
    ['req.url ~ ab[c', 'column 13: the pattern "ab[c" is refused: the [ is never closed'],
    ['req.url ~ "ab[c"', 'column 14: the pattern'],
    [`req.url ~ ${'a'.repeat(1025)}`, 'at most 1024'],
    [`req.url == ${'a'.repeat(4096)}`, 'at most 4096'],
  ])('refuses %j', (expression, message) => {
    expect(() => parseBan(expression)).toThrow(BanError)
    const fault = checkBan(expression)
    expect(fault).toMatch(/^ban expression/)
    expect(fault).toContain(message)
  })

  it('tells nothing of what is a ban', () => {
    expect(checkBan('req.url ~ ^/')).toBe(null)
  })

  it('tells what it asks of the request, and whether its meaning changes with time', () => {
    const ban = parseBan('req.http.Host == a && req.http.X-Lang ~ de && obj.http.x == 1')
    expect([requestFieldsOf(ban), isObjectBan(ban), isTimedBan(ban)]).toEqual([['x-lang'], false, false])
    const other = parseBan('obj.host == a && obj.age > 5s')
    expect([requestFieldsOf(other), isObjectBan(other), isTimedBan(other)]).toEqual([[], true, true])
    expect([isObjectBan(parseBan('req.url ~ a')), isTimedBan(parseBan('obj.grace > 5s'))]).toEqual([false, false])
  })

  it('takes any text as one argument once it is quoted', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(' ', '"', '\\', '&', '|', '~', 'a', 'é', '\t', 'has'), minLength: 1, maxLength: 8 }),
        (text) => {
          const ban = parseBan(`obj.tags has ${quoteForBan(text)} && obj.status == 200`)
          expect(ban.tests[0]).toEqual({ type: 'tag', operator: 'has', argument: text })
          expect(parseBan(ban.text)).toEqual(ban)
        },
      ),
    )
    expect(quoteForBan('a" && req.url ~ "')).toBe('"a\\" && req.url ~ \\""')
    expect(quoteForBan('a\n')).toBe('"a\\x0a"')
  })
})
