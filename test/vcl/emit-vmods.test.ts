import { describe, expect, it } from 'vitest'
import type { TestAnswer } from '../../src/testing/test-policy.ts'
import { TRANSLATED } from '../../src/vcl/emit/calls/calls.ts'
import { VMODS } from '../../src/vcl/vmods.ts'
import { translate, vclTest } from './translated.ts'
import { VMOD_STATEMENTS, VMOD_TEXTS, vmodStatementVcl, vmodTextVcl } from './vmod-cases.ts'
import { withImports } from './with-imports.ts'

/** Legal, and said to have no counterpart. */
const REFUSED: ReadonlySet<string> = new Set([
  'directors.shard.debug',
  'directors.shard_param',
  'header.dyn',
  'saintmode.status',
  'saintmode.saintmode.blacklist_count',
  'saintmode.saintmode.denylist_count',
  'std.rfc_ttl',
  'std.timed_call',
])

/** Said where the object is made. */
const MAKING = ['add_backend', 'remove_backend', 'reconfigure', 'set_warmup', 'set_rampup', 'associate', 'clear']

describe('VMODs', () => {
  it('are all translated, function by function, or known to be refused', () => {
    const missing: string[] = []
    for (const [vmod, { functions, classes }] of VMODS) {
      const known = TRANSLATED[vmod] ?? {}
      for (const name of functions.keys()) if (known[name] === undefined && !REFUSED.has(`${vmod}.${name}`)) missing.push(`${vmod}.${name}`)
      for (const [name, { methods }] of classes) {
        if (REFUSED.has(`${vmod}.${name}`)) continue
        for (const method of methods.keys()) {
          if (vmod === 'directors' && MAKING.includes(method)) continue
          const full = `${name}.${method}`
          if (known[full] === undefined && !REFUSED.has(`${vmod}.${full}`)) missing.push(`${vmod}.${full}`)
        }
      }
    }
    expect(missing).toEqual([])
  })

  let made: Promise<TestAnswer> | null = null
  const once = (): Promise<TestAnswer> => {
    made ??= vclTest(vmodTextVcl(), { origin: { headers: { 'Cache-Control': 'max-age=60' } } }).then((cache) => cache.request('/'))
    return made
  }

  it.each(VMOD_TEXTS.map((each, index) => [...each, index] as const))('%s is %j', async (_, text, index) => {
    expect((await once()).headers.get(`t${index}`)).toBe(text)
  })

  it.each(VMOD_STATEMENTS)('%s makes %s %j', async (statements, field, lines) => {
    const cache = await vclTest(vmodStatementVcl(statements))
    expect((await cache.request('/')).headers.getAll(field)).toEqual(lines)
  })

  it('note what is logged', async () => {
    const cache = await vclTest(
      withImports(
        'sub vcl_recv { set req.backend_hint = second; std.log("kind:" + req.url); std.timestamp("here"); std.syslog(9, "loud"); }',
      ),
    )
    const { trace } = await cache.request('/a')
    expect(trace.notes).toEqual([
      ['kind', '/a'],
      ['timestamp', 'here'],
      ['syslog', 'loud'],
    ])
  })

  it('keep bodies, within a size', async () => {
    const cache = await vclTest(
      withImports(`sub vcl_recv {
  set req.backend_hint = second;
  if (std.cache_req_body(4B)) { set req.http.X-Kept = "yes"; } else { set req.http.X-Kept = "no"; }
  return (pass);
}`),
    )
    const short = await cache.request({ method: 'POST', url: '/', body: 'abcd' })
    expect(short.trace.origin[0]?.headers.get('x-kept')).toBe('yes')
    expect(short.trace.origin[0]?.body).toBe('abcd')
    const long = await cache.request({ method: 'POST', url: '/', body: 'abcde' })
    expect(long.trace.origin[0]?.headers.get('x-kept')).toBe('no')
  })

  it('roll a request back', async () => {
    const cache = await vclTest(
      withImports(`sub vcl_recv {
  set req.backend_hint = second;
  set req.url = "/other"; set req.http.X-New = "1"; unset req.http.X-Old;
  std.rollback(req);
}`),
    )
    const [seen] = (await cache.request({ url: '/a', headers: { 'X-Old': 'there' } })).trace.origin
    expect([seen?.url, seen?.headers.get('x-old'), seen?.headers.has('x-new')]).toEqual(['/a', 'there', false])
  })

  it('ban, and tell whether that went well', async () => {
    let count = 0
    const cache = await vclTest(
      withImports(`sub vcl_recv {
  set req.backend_hint = second;
  if (req.method == "BAN") {
    if (std.ban(req.http.X-Ban)) { return (synth(200, "Banned")); }
    return (synth(400, "No: " + std.ban_error()));
  }
}`),
      { origin: () => ({ headers: { 'Cache-Control': 'max-age=60' }, body: String(++count) }) },
    )
    expect((await cache.request('/a')).body).toBe('1')
    const ban = (expression: string): Promise<TestAnswer> => cache.request({ method: 'BAN', url: '/', headers: { 'X-Ban': expression } })
    expect((await ban('req.url ~ ^/a')).status).toBe(200)
    expect((await cache.request('/a')).body).toBe('2')
    const refused = await ban('req.nothing == 1')
    expect(refused.status).toBe(400)
    expect(refused.reason).toContain('No: ')
  })

  it('purge what was found, hard and soft, and begin again', async () => {
    let count = 0
    const cache = await vclTest(
      withImports(`sub vcl_recv { set req.backend_hint = second; if (req.method == "PURGE" || req.method == "SOFT") { return (hash); } }
sub drop {
  if (req.method == "SOFT") { set req.http.n = purge.soft(); } else { set req.http.n = purge.hard(); }
}
sub vcl_hit { if (req.method != "GET") { call drop; return (synth(200, "Purged " + req.http.n)); } }
sub vcl_miss { if (req.method != "GET") { call drop; return (synth(404, "Purged " + req.http.n)); } }`),
      { origin: () => ({ headers: { 'Cache-Control': 'max-age=60', 'X-A': 'b' }, body: String(++count) }) },
    )
    await cache.request('/a')
    expect((await cache.request({ method: 'SOFT', url: '/a' })).reason).toBe('Purged 1')
    expect((await cache.request('/a')).body).toBe('1')
    expect((await cache.request('/a')).body).toBe('2')
    expect((await cache.request({ method: 'PURGE', url: '/a' })).reason).toBe('Purged 1')
    expect((await cache.request({ method: 'PURGE', url: '/a' })).status).toBe(404)
    expect((await cache.request('/a')).body).toBe('3')
  })

  it('deny a backend for a while, for one key', async () => {
    const cache = await vclTest(
      withImports(`sub vcl_init {
  new careful = saintmode.saintmode(default, 10);
  new pair = directors.fallback();
  pair.add_backend(careful.backend());
  pair.add_backend(second);
}
sub vcl_recv { set req.backend_hint = pair.backend(); }
sub vcl_backend_response { if (beresp.http.X-Sick) { saintmode.denylist(20s); return (retry); } }`),
      { origin: ({ backend }) => (backend.includes('127.0.0.1') ? { headers: { 'X-Sick': '1' } } : { body: 'second' }) },
    )
    const first = await cache.request('/a')
    expect(first.body).toBe('second')
    expect(first.trace.origin.map(({ backend }) => backend)).toEqual(['http://127.0.0.1:8000', 'http://127.0.0.2:8000'])
    expect((await cache.request('/a?2')).body).toBe('second')
  })

  it('limit rates, by key and rule', async () => {
    const cache = await vclTest(
      withImports(`sub vcl_recv {
  set req.backend_hint = second;
  set req.http.X-Left = vsthrottle.remaining(client.ip, 2, 10s);
  if (vsthrottle.is_denied(client.ip, 2, 10s, 30s)) { return (synth(429, "Slow down " + vsthrottle.blocked(client.ip, 2, 10s, 30s))); }
  return (pass);
}`),
    )
    const ask = async (ip: string): Promise<number> => (await cache.request({ url: '/', ip })).status
    expect([await ask('192.0.2.1'), await ask('192.0.2.1'), await ask('192.0.2.1'), await ask('192.0.2.2')]).toEqual([200, 200, 429, 200])
    await cache.advance(31)
    expect(await ask('192.0.2.1')).toBe(200)
  })

  it.each([
    [
      'std.timed_call',
      'sub s { set req.http.X = "1"; } sub vcl_recv { set req.backend_hint = second; set req.http.Y = std.timed_call(s); }',
    ],
    ['std.rfc_ttl', 'sub vcl_recv { set req.backend_hint = second; } sub vcl_backend_response { std.rfc_ttl(); }'],
    ['header.dyn', 'sub vcl_recv { set req.backend_hint = second; header.append(header.dyn(req, "x"), "1"); }'],
  ])('%s is refused, with its place, and marked', (name, text) => {
    const { problems, code } = translate(withImports(text))
    expect(problems.map(({ kind }) => kind)).toContain('untranslatable')
    expect(code).toContain('NOT TRANSLATED')
    expect(name).not.toBe('')
  })
})
