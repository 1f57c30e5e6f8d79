import { describe, expect, it } from 'vitest'
import { assigned, conditionOf, refused, shown, withSymbols } from './rig.ts'

describe('what becomes a text', () => {
  it.each([
    ['"a"', '"a":STRING'],
    ['req.url', 'req.url'],
    ['req.http.y', 'req.http.y'],
    ['now', 'STRING(now)'],
    ['req.restarts', 'STRING(req.restarts)'],
    ['req.grace', 'STRING(req.grace)'],
    ['client.ip', 'STRING(client.ip)'],
    ['req.backend_hint', 'STRING(req.backend_hint)'],
    ['b', 'STRING(BACKEND b)'],
    ['a', 'STRING(ACL a)'],
    ['1', 'STRING(1:INT)'],
    ['1.5', 'STRING(1.5:REAL)'],
    ['10s', 'STRING(10:DURATION)'],
    ['true', 'STRING(true:BOOL)'],
    ['req.http.y == "z"', 'STRING((req.http.y ==STRING "z":STRING))'],
    ['"a" + req.url + now', '["a":STRING, req.url, STRING(now)]'],
    ['"a" req.url "b"', '["a":STRING, req.url, "b":STRING]'],
    ['"a" + ("b" + "c")', '["a":STRING, "b":STRING, "c":STRING]'],
    ['"a" + 1 + 2', '["a":STRING, STRING(1:INT), STRING(2:INT)]'],
    ['1 + 2 + "a"', '[STRING((1:INT +INT 2:INT)), "a":STRING]'],
    ['client.ip + "x"', '[STRING(client.ip), "x":STRING]'],
    ['now + 1s', 'STRING((now +TIME 1:DURATION))'],
    ['req.url.lower()', 'req.url.lower()'],
    ['std.tolower(req.url).upper()', 'std.tolower(req.url).upper()'],
    ['(req.url + "x").upper()', '[req.url, "x":STRING].upper()'],
    ['regsub(req.url, "a", "b")', 'regsub(req.url, "a":REGEX, "b":STRING)'],
    ['regsub(req.url, "a" + "c", "b")', 'regsub(req.url, "ac":REGEX, "b":STRING)'],
  ])('%s', (text, expected) => {
    expect(shown(assigned(text))).toBe(expected)
  })
})

describe('what is true', () => {
  it.each([
    ['req.http.x', 'BOOL(req.http.x)'],
    ['!req.http.x', '!BOOL(req.http.x)'],
    ['req.restarts', 'BOOL(req.restarts)'],
    ['req.grace', 'BOOL(req.grace)'],
    ['req.backend_hint', 'BOOL(req.backend_hint)'],
    ['req.can_gzip', 'req.can_gzip'],
    ['req.http.x && req.url && true', '(BOOL(req.http.x) && BOOL(req.url) && true:BOOL)'],
    ['req.http.x || (req.url && true)', '(BOOL(req.http.x) || (BOOL(req.url) && true:BOOL))'],
    ['std.healthy(default)', 'std.healthy(BACKEND default)'],
  ])('%s', (text, expected) => {
    expect(shown(conditionOf(text))).toBe(expected)
  })
})

describe('comparisons', () => {
  it.each([
    ['req.url == "/"', '(req.url ==STRING "/":STRING)'],
    ['req.http.x != req.http.y', '(req.http.x !=STRING req.http.y)'],
    ['req.url < "b"', '(req.url <STRING "b":STRING)'],
    ['req.restarts >= 1', '(req.restarts >=INT 1:INT)'],
    ['req.grace > -1s', '(req.grace >DURATION -1:DURATION)'],
    ['now <= req.time', '(now <=TIME req.time)'],
    ['std.random(0, 1) < 1', '(std.random(0:REAL, 1:REAL) <REAL 1:REAL)'],
    ['client.ip == "192.0.2.1"', '(client.ip ==IP "192.0.2.1":IP)'],
    ['client.ip == "2001:DB8::0:1"', '(client.ip ==IP "2001:db8::1":IP)'],
    ['req.backend_hint == default', '(req.backend_hint ==BACKEND BACKEND default)'],
    ['req.can_gzip == true', '(req.can_gzip ==BOOL true:BOOL)'],
    ['req.url ~ "^/a"', '(req.url ~ "^/a":REGEX)'],
    ['req.url !~ {"(a|"b")"}', '(req.url !~ "(a|\\"b\\")":REGEX)'],
    ['req.url ~ "a" + "b"', '(req.url ~ "ab":REGEX)'],
    ['client.ip ~ a', '(client.ip ~ ACL a)'],
    ['!client.ip ~ a', '!(client.ip ~ ACL a)'],
    ['std.ip(req.http.x, "0.0.0.0") ~ a', '(std.ip(req.http.x, "0.0.0.0":IP, true:BOOL, —) ~ ACL a)'],
  ])('%s', (text, expected) => {
    expect(shown(conditionOf(text))).toBe(expected)
  })
})

describe('arithmetic', () => {
  it.each([
    ['req.ttl', '1s + 2m', '(1:DURATION +DURATION 120:DURATION)'],
    ['req.ttl', '1h - 5m - 1s', '((3600:DURATION -DURATION 300:DURATION) -DURATION 1:DURATION)'],
    ['req.ttl', '1h * 2', '(3600:DURATION *DURATION 2:REAL)'],
    ['req.ttl', '1h / 2.5', '(3600:DURATION /DURATION 2.5:REAL)'],
    ['req.ttl', 'now - req.time', '(now -DURATION req.time)'],
    ['req.ttl', 'req.grace * req.restarts', '(req.grace *DURATION req.restarts)'],
    ['req.ttl', '-(req.grace)', '-req.grace'],
    ['req.http.x', 'req.restarts + 1 * 2', 'STRING((req.restarts +INT (1:INT *INT 2:INT)))'],
    ['req.http.x', 'req.restarts % 2', 'STRING((req.restarts %INT 2:INT))'],
    ['req.http.x', 'now + 1h - 1s', 'STRING(((now +TIME 3600:DURATION) -TIME 1:DURATION))'],
    ['req.http.x', 'std.random(1, 2) * 3 + 1', 'STRING(((std.random(1:REAL, 2:REAL) *REAL 3:REAL) +REAL 1:REAL))'],
  ])('set %s = %s', (target, text, expected) => {
    expect(shown(assigned(text, target))).toBe(expected)
  })
})

describe('types that do not fit', () => {
  it.each([
    ['set req.ttl = ‹10›;', 'this is an INT, not a DURATION', 'give it a unit, as in 10s'],
    ['set req.ttl = ‹req.http.x›;', 'this is a HEADER, not a DURATION', 'convert it: std.duration(…, 10s)'],
    ['set req.ttl = ‹"10s"›;', 'this is a STRING, not a DURATION', 'convert it: std.duration(…, 10s)'],
    ['set req.hash_always_miss = ‹now›;', 'a TIME is neither true nor false', 'compare it with something'],
    ['set req.backend_hint = ‹"b"›;', 'this is a STRING, not a BACKEND', null],
    ['set req.backend_hint = ‹bb›;', 'there is no backend ‘bb’', 'did you mean b?'],
    ['set req.backend_hint = ‹a›;', 'this is an ACL, not a BACKEND', null],
    ['set req.url = ‹req›;', 'an HTTP has no text', null],
    ['set req.http.x = ‹std.log("x")›;', 'this yields nothing', 'write it as a statement of its own'],
    ['set req.http.x = ‹undefined›;', 'nothing is called ‘undefined’', 'a text stands in quotes'],
    ['set req.grace *= ‹"2"›;', 'this is a STRING, not a REAL', 'convert it: std.real(…, 0.0)'],
    ['set ‹req.can_gzip› += true;', 'req.can_gzip is read-only', null],
    ['set ‹req.hash_always_miss› += true;', '+= is not possible on BOOL', 'write ='],
    ['if (‹now›) { }', 'a TIME is neither true nor false', 'compare it with something'],
    ['if (‹client.ip›) { }', 'an IP is neither true nor false', 'compare it with something'],
    ['if (req.url ‹==› 5) { }', 'a STRING cannot be compared with an INT', 'put the number or other value into quotes, or "" + before it'],
    ['if (req.restarts ‹==› "0") { }', 'an INT cannot be compared with a STRING', null],
    ['if (client.ip ‹>› "192.0.2.1") { }', 'an IP cannot be compared by >', null],
    ['if (client.ip == ‹"nonsense"›) { }', '"nonsense" is no IP address', null],
    ['if (req.restarts ‹~› "1") { }', '~ compares a STRING with a pattern, or an IP with an ACL; on the left is an INT', null],
    ['if (client.ip ~ ‹"192"›) { }', 'an IP matches an ACL', 'to match its text, write "" + before it'],
    ['if (req.url ~ ‹a›) { }', 'a STRING matches a literal pattern', 'an ACL matches an IP, such as client.ip'],
    ['if (req.url ~ ‹req.http.x›) { }', 'a STRING matches a literal pattern', 'patterns are literal texts'],
    ['if (client.ip ~ ‹c›) { }', 'there is no ACL ‘c’', 'did you mean a?'],
    ['if (client.ip ‹+› "x" == "y") { }', 'IP + STRING is not possible', 'to join texts, begin with one: "" + …'],
    ['set req.ttl = 2 ‹*› 1s;', 'INT * DURATION is not possible', null],
    ['set req.ttl = 1s ‹*› 1s;', 'DURATION * DURATION is not possible', null],
    ['set req.http.x = now ‹-› "x";', 'TIME - STRING is not possible', null],
    ['set req.http.x = "x" ‹-› 1;', 'STRING - INT is not possible', null],
    ['set req.http.x = "x" + 2 ‹-› 1;', '- is not possible on a STRING', null],
    ['set req.http.x = ‹-"x"›;', 'a STRING cannot be negative', null],
    ['set req.http.x = ‹req.restarts.lower()›;', 'INT has no method ‘lower’', null],
    ['set req.http.x = ‹req.url.length()›;', 'STRING has no method ‘length’', 'it has .lower() and .upper()'],
    ['set req.http.x = req.url.lower(‹1›);', '.lower() takes no arguments', null],
  ] as const)('%s', (statement, reason, hint) => {
    refused(withSymbols(`sub vcl_recv { ${statement} }`), reason, hint)
  })

  it.each([
    ['‹"("›', 'this is no regular expression: a ( is never closed'],
    ['‹")"›', 'this is no regular expression: a ) closes nothing'],
    ['‹"[a"›', 'this is no regular expression: a [ is never closed'],
    [String.raw`‹"a\"›`, 'this is no regular expression: it ends with a backslash'],
    ['‹"*a"›', 'this is no regular expression: there is nothing that * could repeat'],
    ['‹"a|+"›', 'this is no regular expression: there is nothing that + could repeat'],
  ])('pattern %s', (pattern, reason) => {
    refused(`sub vcl_recv { if (req.url ~ ${pattern}) { } }`, reason)
  })

  it.each([String.raw`\(`, '[)]', '[]a]', '[^]]', '[[:alpha:](]', String.raw`\Q(\E`, '(?#()', '(a)|(?i)b', String.raw`a\|?`])(
    'pattern %s is well',
    (pattern) => {
      expect(shown(conditionOf(`req.url ~ {"${pattern}"}`))).toContain('REGEX')
    },
  )

  it('asks whoever translates patterns', () => {
    refused('sub vcl_recv { if (req.url ~ ‹"a(?R)"›) { } }', 'this is no regular expression: it calls itself', null, {
      validateRegex: (pattern) => (pattern.includes('(?R)') ? 'it calls itself' : null),
    })
  })
})
