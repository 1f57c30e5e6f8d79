/** Functions of VMODs in vcl_deliver. `resp.http.Lines` has two lines, `a=1` and `b=2`; `resp.http.Two` only one. */
import { withImports } from './with-imports.ts'

/** Expressions, and the text that a field set to one of them has. */
export const VMOD_TEXTS: readonly (readonly [expression: string, text: string])[] = [
  ['std.tolower("AbC")', 'abc'],
  ['std.toupper("AbC" + "d")', 'ABCD'],
  ['std.strlen("abcd")', '4'],
  ['std.querysort("/x?b=2&a=1&&c")', '/x?a=1&b=2&c'],
  ['std.querysort("/x?")', '/x?'],
  ['std.strstr("hello world", "wor")', 'world'],
  ['std.strstr("hello", "x")', ''],
  ['std.fnmatch("/a/*.css", "/a/b.css")', 'true'],
  ['std.fnmatch("/a/*.css", "/a/c/b.css")', 'false'],
  ['std.fnmatch("/a/*.css", "/a/c/b.css", pathname = false)', 'true'],
  ['std.fnmatch("[!a-c]?", "dx")', 'true'],
  ['std.round(2.5)', '3.000'],
  ['std.round(-2.5)', '-3.000'],
  ['std.random(3.0, 3.0)', '3.000'],
  ['std.integer("12", 0)', '12'],
  ['std.integer("x", 7)', '7'],
  ['std.integer("12.9", 7)', '7'],
  ['std.integer(real = 2.7)', '2'],
  ['std.integer(duration = 90s)', '90'],
  ['std.integer(bool = true)', '1'],
  ['std.real("1.5", 0.0)', '1.500'],
  ['std.real(integer = 3)', '3.000'],
  ['std.duration("10m", 1s)', '600.000'],
  ['std.duration("10", 1s)', '1.000'],
  ['std.duration(real = 2.5)', '2.500'],
  ['std.bytes("2KB", 1B)', '2048'],
  ['std.time("Thu, 01 Jan 2026 00:00:10 GMT", now)', 'Thu, 01 Jan 2026 00:00:10 GMT'],
  ['std.time("1767225605", now)', 'Thu, 01 Jan 2026 00:00:05 GMT'],
  ['std.time("nonsense", now)', 'Thu, 01 Jan 2026 00:00:00 GMT'],
  ['std.ip("10.1.2.3", "0.0.0.0")', '10.1.2.3'],
  ['std.ip("nobody", "192.0.2.9")', '192.0.2.9'],
  ['std.strftime(now, "%Y-%m-%d %H:%M:%S %a %b %j %e %%")', '2026-01-01 00:00:00 Thu Jan 001  1 %'],
  ['std.getenv("CLEARCOAT_TEST_UNSET")', ''],
  ['std.file_exists("/nowhere/at/all")', 'false'],
  ['std.healthy(default)', 'true'],
  ['std.port(server.ip)', '80'],
  ['std.syntax(4.0)', 'true'],
  ['std.real2integer(3.7, 0)', '4'],
  ['std.time2integer(now, 0)', '1767225600'],
  ['std.time2real(now, 0.0)', '1767225600.000'],
  ['std.real2time(0.0, now)', 'Thu, 01 Jan 1970 00:00:00 GMT'],
  ['str.count("hello")', '5'],
  ['str.startswith("hello", "he")', 'true'],
  ['str.endswith("hello", "he")', 'false'],
  ['str.contains("hello", "ell")', 'true'],
  ['str.take("hello", 2)', 'he'],
  ['str.take("hello", 2, 1)', 'el'],
  ['str.take("hello", 2, -2)', 'lo'],
  ['str.reverse("abc")', 'cba'],
  ['str.split("a b c", 2)', 'b'],
  ['str.split("a,b,c", -1, ",")', 'c'],
  ['str.split("a", 3)', ''],
  ['str.token_intersect("a, b", "b, c", ",")', 'false'],
  ['str.token_intersect("a,b", "b,c", ",")', 'true'],
  ['blob.encode(HEX, blob = blob.decode(BASE64, encoded = "Zm9v"))', '666f6f'],
  ['blob.encode(HEX, UPPER, blob.decode(IDENTITY, encoded = "oz"))', '6F7A'],
  ['blob.transcode(HEX, BASE64, encoded = "666f6f")', 'Zm9v'],
  ['blob.transcode(IDENTITY, URL, encoded = "a b/c")', 'a%20b%2fc'],
  ['blob.transcode(URL, IDENTITY, encoded = "a%20b")', 'a b'],
  ['blob.transcode(BASE64URLNOPAD, HEX, encoded = "_-8")', 'ffef'],
  ['blob.length(blob.decode(HEX, encoded = "0102"))', '2'],
  ['blob.same(blob.decode(HEX, encoded = "01"), blob.decode(HEX, encoded = "01"))', 'true'],
  ['blob.equal(blob.decode(HEX, encoded = "01"), blob.decode(HEX, encoded = "02"))', 'false'],
  ['blob.encode(IDENTITY, blob = blob.sub(blob.decode(IDENTITY, encoded = "hello"), 2B, 1B))', 'el'],
  ['greeting.encode(HEX)', '6869'],
  ['blob.encode(IDENTITY, blob = greeting.get())', 'hi'],
  ['cookie.get("b")', '2'],
  ['cookie.get("x")', ''],
  ['cookie.isset("a")', 'true'],
  ['cookie.get_re("^c")', '3'],
  ['cookie.get_string()', 'a=1; b=2; cc=3;'],
  ['cookie.format_date(now, 1d)', 'Fri, 02 Jan 2026 00:00:00 GMT'],
  ['cookie.format_rfc1123(now, 1h)', 'Thu, 01 Jan 2026 01:00:00 GMT'],
  ['header.get(resp.http.Lines, "^b")', 'b=2'],
  ['header.get(resp.http.Lines, "^x")', ''],
  ['var.get("t")', 'text'],
  ['var.get("unset")', ''],
  ['var.get_string("s")', 'more'],
  ['var.get_int("i")', '7'],
  ['var.get_int("unset")', '0'],
  ['var.get_real("r")', '1.500'],
  ['var.get_duration("d")', '90.000'],
  ['var.get_ip("ip")', '192.0.2.1'],
  ['var.get_backend("b")', 'second'],
  ['var.global_get("g")', 'everywhere'],
]

/** Statements in vcl_deliver, and what the field `Lines`, `Two` or `Made` has then, line by line. */
export const VMOD_STATEMENTS: readonly (readonly [statements: string, field: string, lines: readonly string[]])[] = [
  ['std.collect(resp.http.Lines);', 'Lines', ['a=1, b=2']],
  ['std.collect(resp.http.Lines, ";");', 'Lines', ['a=1;b=2']],
  ['std.collect(resp.http.Two);', 'Two', ['x']],
  ['header.append(resp.http.Lines, "c=3");', 'Lines', ['a=1', 'b=2', 'c=3']],
  ['header.append(resp.http.Made, "1"); header.append(resp.http.Made, "2");', 'Made', ['1', '2']],
  ['header.remove(resp.http.Lines, "^a");', 'Lines', ['b=2']],
  ['header.copy(resp.http.Lines, resp.http.Made);', 'Made', ['a=1', 'b=2']],
  ['header.regsub(resp, "^Two: x", "Two: y");', 'Two', ['y']],
  ['header.regsub(resp, "=", "-", true);', 'Lines', ['a-1', 'b-2']],
  ['cookie.parse("a=1; b=2; c=3"); cookie.keep("a,c"); set resp.http.Made = cookie.get_string();', 'Made', ['a=1; c=3;']],
  ['cookie.parse("a=1; b=2; c=3"); cookie.filter_except("b"); set resp.http.Made = cookie.get_string();', 'Made', ['b=2;']],
  ['cookie.parse("a=1; b=2; c=3"); cookie.filter("a,c"); set resp.http.Made = cookie.get_string();', 'Made', ['b=2;']],
  ['cookie.parse("a=1; ab=2; c=3"); cookie.keep_re("^a"); set resp.http.Made = cookie.get_string();', 'Made', ['a=1; ab=2;']],
  ['cookie.parse("a=1; ab=2; c=3"); cookie.filter_re("^a"); set resp.http.Made = cookie.get_string();', 'Made', ['c=3;']],
  [
    'cookie.parse("a=1; b=2"); cookie.delete("a"); cookie.set("b", "9"); cookie.set("n", "0"); set resp.http.Made = cookie.get_string();',
    'Made',
    ['b=9; n=0;'],
  ],
  ['cookie.parse("a=1"); cookie.clean(); set resp.http.Made = cookie.get_string();', 'Made', ['']],
  ['var.set("k", "1"); var.clear(); set resp.http.Made = "<" + var.get("k") + ">";', 'Made', ['<>']],
]

/** All in one. */
export function vmodTextVcl(): string {
  return withImports(`sub vcl_init {
  new greeting = blob.blob(HEX, "6869");
  var.global_set("g", "everywhere");
}
sub vcl_recv { set req.backend_hint = default; if (false) { set req.backend_hint = second; } }
sub vcl_deliver {
  header.append(resp.http.Lines, "a=1");
  header.append(resp.http.Lines, "b=2");
  cookie.parse("a=1; b=2;cc=3");
  var.set("t", "text"); var.set_string("s", "more"); var.set_int("i", 7); var.set_real("r", 1.5);
  var.set_duration("d", 90s); var.set_ip("ip", client.ip); var.set_backend("b", second);
${VMOD_TEXTS.map(([expression], index) => `  set resp.http.t${index} = ${expression};`).join('\n')}
}
`)
}

export function vmodStatementVcl(statements: string): string {
  return withImports(`sub vcl_init { new greeting = blob.blob(HEX, "6869"); }
sub vcl_recv { set req.backend_hint = default; if (false) { set req.backend_hint = second; } }
sub vcl_deliver {
  header.append(resp.http.Lines, "a=1");
  header.append(resp.http.Lines, "b=2");
  set resp.http.Two = "x";
  ${statements}
}
`)
}
