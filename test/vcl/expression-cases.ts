export const EXPRESSION_HEAD = `vcl 4.1;
import std;
backend default { .host = "127.0.0.1"; .port = "8000"; }
backend second { .host = "127.0.0.2"; }
acl near { "192.0.2.0"/24; ! "192.0.2.9"; }
acl far { "192.0.2.0"/24; ! "192.0.2.1"; }
sub vcl_recv { if (false) { set req.backend_hint = second; } }
`

/** What the client sends. */
export const EXPRESSION_REQUEST = {
  url: '/a/b.html?x=1&y=2',
  headers: { Host: 'www.example.com', 'X-One': 'first', 'X-Empty': '', 'X-Num': '42' },
}

/** Expressions in vcl_deliver, and the text that a field set to one of them has. */
type Case = readonly [expression: string, text: string]

export const TEXT_CASES: readonly Case[] = [
  // literals and concatenation
  ['"plain"', 'plain'],
  ['"a" + "b" "c"', 'abc'],
  ['{"long "quoted" text"}', 'long "quoted" text'],
  ['"it\'s"', "it's"],
  ['"back\\slash $ {x} `tick`"', 'back\\slash $ {x} `tick`'],
  ['"é"', '\xc3\xa9'],
  ['"<" + req.http.X-One + ">"', '<first>'],
  ['"<" + req.http.X-Unset + ">"', '<>'],
  ['req.http.X-Unset', ''],
  ['req.http.x-ONE', 'first'],
  // conversions
  ['5', '5'],
  ['1 + 2', '3'],
  ['2.5', '2.500'],
  ['1.0 / 3.0', '0.333'],
  ['30s', '30.000'],
  ['1m + 500ms', '60.500'],
  ['1d', '86400.000'],
  ['true', 'true'],
  ['!true', 'false'],
  ['req.restarts == 0', 'true'],
  ['client.ip', '192.0.2.1'],
  ['"n=" + 5 + " d=" + 2s + " b=" + false', 'n=5 d=2.000 b=false'],
  ['now - now', '0.000'],
  ['now', 'Thu, 01 Jan 2026 00:00:00 GMT'],
  ['now + 1d', 'Fri, 02 Jan 2026 00:00:00 GMT'],
  ['req.backend_hint', 'default'],
  ['second', 'second'],
  // arithmetic
  ['7 / 2', '3'],
  ['-7 / 2', '-3'],
  ['7 % 3', '1'],
  ['2 + 3 * 4', '14'],
  ['(2 + 3) * 4', '20'],
  ['10s * 1.5', '15.000'],
  ['7 - 2 - 1', '4'],
  ['7 - (2 - 1)', '6'],
  ['-(2)', '-2'],
  // regsub
  ['regsub(req.url, "\\?.*$", "")', '/a/b.html'],
  ['regsuball("a-b-c", "-", "+")', 'a+b+c'],
  ['regsub("a-b-c", "-", "+")', 'a+b-c'],
  ['regsub("abc", "(b)(c)", "[\\2\\1\\0\\&]")', 'a[cbbcbc]'],
  ['regsub("abc", "b", "$&$1$$")', 'a$&$1$$c'],
  ['regsub("abc", "(b)", "\\10")', 'ab0c'],
  ['regsub("abc", "(b)", "\\7-\\x\\\\s")', 'a-x\\sc'],
  ['regsub("aBc", "(?i)b", "x")', 'axc'],
  ['regsub(req.http.X-Unset, "^$", "x")', 'x'],
  ['regsub("abc", "b", req.http.X-One)', 'afirstc'],
  ['regsub("abc", "(b)", req.http.X-One + "\\1\\&")', 'afirstbbc'],
  ['regsuball("x", "", "-")', '-x'],
  ['regsuball("abc", "$", "<\\0>")', 'abc<>'],
  ['regsuball("abc", "(z*)", "<\\1>")', '<>abc'],
  ['regsuball("aXbX", "X?", "-")', '-a-b-'],
  ['regsuball("", "x*", "-")', '-'],
  ['regsub("aab", "(?>a+)(b)", "<\\1>")', '<b>'],
  // methods
  ['req.http.X-One.upper()', 'FIRST'],
  ['"ÄÖ".lower()', '\xc3\x84\xc3\x96'],
  ['req.url.upper()', '/A/B.HTML?X=1&Y=2'],
]

/** Conditions in vcl_deliver, and whether they hold. */
export const CONDITION_CASES: readonly (readonly [condition: string, holds: boolean])[] = [
  ['req.http.X-One', true],
  ['req.http.X-Empty', true],
  ['req.http.X-Unset', false],
  ['!req.http.X-Unset', true],
  ['req.http.X-Empty == ""', true],
  ['req.http.X-Unset == ""', false],
  ['req.http.X-Unset != ""', true],
  ['req.http.X-Unset == req.http.X-Unset2', false],
  ['req.http.X-Unset != req.http.X-Unset2', true],
  ['req.http.X-One == req.http.x-one', true],
  ['req.http.X-One == "first"', true],
  ['req.http.X-One != "first"', false],
  ['req.http.X-One + "" == "first"', true],
  ['req.http.X-Unset + "" == ""', true],
  ['req.http.X-One < "g"', true],
  ['req.http.X-One > "g"', false],
  ['req.http.X-One ~ "^f"', true],
  ['req.http.X-One !~ "^f"', false],
  ['req.http.X-Unset ~ "^$"', true],
  ['req.http.X-Unset ~ "x"', false],
  ['req.url ~ "(?i)\\.HTML\\?"', true],
  ['req.method == "GET" && req.url ~ "^/a" || false', true],
  ['false && true || true', true],
  ['false && (true || true)', false],
  ['!(true && false)', true],
  ['client.ip ~ near', true],
  ['client.ip !~ near', false],
  ['client.ip ~ far', false],
  ['client.ip == "192.0.2.1"', true],
  ['resp.status == 200', true],
  ['resp.status >= 300', false],
  ['obj.hits', false],
  ['obj.ttl > 10s', true],
  ['obj.ttl', true],
  ['req.restarts', false],
  ['now > now - 1s', true],
  ['now < now', false],
  ['req.backend_hint == default', true],
  ['req.backend_hint == second', false],
  ['req.esi_level == 0', true],
  ['std.integer(req.http.X-Num, 0) + 1 == 43', true],
]

/** A field for each. */
export function expressionVcl(): string {
  return `${EXPRESSION_HEAD}sub vcl_deliver {
${TEXT_CASES.map(([expression], index) => `  set resp.http.t${index} = ${expression};`).join('\n')}
${CONDITION_CASES.map(([condition], index) => `  if (${condition}) { set resp.http.c${index} = "yes"; } else { set resp.http.c${index} = "no"; }`).join('\n')}
}
`
}
