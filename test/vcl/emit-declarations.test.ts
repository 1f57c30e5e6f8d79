import { describe, expect, it } from 'vitest'
import type { Backend } from '../../vcl-ts/backend.ts'
import type { Director } from '../../vcl-ts/directors/director.ts'
import { DECLARATION_VCLS } from './declaration-cases.ts'
import { policyOf, translate, vclTest, withBackend } from './translated.ts'

describe('declarations', () => {
  it('are backends with all that they say', () => {
    const { backends = {} } = policyOf(translate(DECLARATION_VCLS['backends'] ?? '').code)
    const of = (name: string): Backend => backends[name] as Backend
    expect(Object.keys(backends)[0]).toBe('default')
    expect(of('default').none).toBe(true)
    expect(of('plain')).toMatchObject({ url: 'http://10.0.0.1', maxConnections: 1000, probe: null })
    expect(of('full')).toMatchObject({
      url: 'http://app.example:8080',
      hostHeader: 'www.example',
      connectTimeout: 1,
      firstByteTimeout: 300,
      betweenBytesTimeout: 2.5,
      maxConnections: 10,
      waitLimit: 0,
      proxyHeader: 1,
    })
    expect(of('full').probe).toMatchObject({
      method: 'HEAD',
      url: '/up',
      headers: [['Host', 'probe.example']],
      expected: [204],
      interval: 10,
      timeout: 1,
      window: 5,
      threshold: 2,
      initial: 1,
    })
    expect(of('socket').path).toBe('/run/app.sock')
    expect(of('six').url).toBe('http://[::1]')
  })

  it('may be called as what a policy imports', () => {
    const names = ['acl', 'backend', 'definePolicy', 'rateLimit', 'random', 'roundRobin', 'readFileSync', 'hostname', 'env', 'vcl']
    const backends = names.map((name) => `backend ${name} { .host = "127.0.0.1"; }`)
    const uses = names.map((name) => `if (req.url ~ "^/${name}") { set req.backend_hint = ${name}; }`)
    const { code } = translate(`vcl 4.1;
      import directors; import std; import vsthrottle;
      ${backends.join('\n')}
      sub vcl_init { new both = directors.random(); both.add_backend(env, 1); new turns = directors.round_robin(); turns.add_backend(vcl); }
      sub vcl_recv {
        ${uses.join('\n')}
        if (vsthrottle.is_denied(client.ip, 15, 10s)) { return (synth(429)); }
        set req.http.Host = server.hostname + std.getenv("HOME") + std.tolower(req.http.Host);
        set req.backend_hint = both.backend();
        set req.backend_hint = turns.backend();
      }`)
    expect(Object.keys(policyOf(code).backends ?? {})).toEqual(expect.arrayContaining(names))
  })

  it('are ACLs with negation, networks, masks and names', async () => {
    const cache = await vclTest(DECLARATION_VCLS['acls'] ?? '')
    const shown = async (ip: string): Promise<string | undefined> =>
      (await cache.request({ url: `/?${ip}`, ip })).trace.origin[0]?.headers.get('x')
    expect(await shown('192.0.2.5')).toBe('true false')
    expect(await shown('192.0.2.77')).toBe('false false')
    expect(await shown('2001:db8::1')).toBe('true false')
    expect(await shown('127.0.0.1')).toBe('true false')
    expect(await shown('::1')).toBe('true false')
    expect(await shown('10.200.0.1')).toBe('false true')
    const named = await cache.request({ url: '/', ip: '10.9.9.9' })
    expect(named.trace.origin[0]?.headers.get('y')).toBe('1')
  })

  it('are directors, within each other', async () => {
    const { code } = translate(DECLARATION_VCLS['directors'] ?? '')
    const { backends = {} } = policyOf(code)
    const kinds = Object.entries(backends).flatMap(([name, each]) => (each.type === 'director' ? [[name, each.kind]] : []))
    expect(Object.fromEntries(kinds)).toEqual({
      turns: 'roundRobin',
      first: 'fallback',
      chance: 'random',
      bykey: 'hash',
      ring: 'consistent',
    })
    expect(backends['first'] as Director).toMatchObject({ sticky: true, ejection: null, retry: false })
    expect(backends['chance'] as Director).toMatchObject({ weights: [10, 5] })
    expect(backends['ring'] as Director).toMatchObject({ weights: [1, 1, 2], replicas: 25 })
    const cache = await vclTest(DECLARATION_VCLS['directors'] ?? '')
    const asked = async (url: string, headers: Record<string, string> = {}): Promise<string | undefined> =>
      (await cache.request({ url, headers })).trace.origin[0]?.backend
    const turns = [await asked('/turns'), await asked('/turns')]
    expect(new Set(turns)).toEqual(new Set(['http://127.0.0.1', 'http://127.0.0.2']))
    for (const path of ['/key', '/ring']) {
      const one = await asked(path, { 'X-Key': 'one' })
      expect(await asked(path, { 'X-Key': 'one' })).toBe(one)
      const many = await Promise.all(Array.from({ length: 20 }, (_, index) => asked(path, { 'X-Key': `k${index}` })))
      expect(new Set(many).size).toBeGreaterThan(1)
    }
    expect(await asked('/url')).toBe(await asked('/url'))
  })

  it.each([
    ['.preamble', withBackend('backend b { .host = "127.0.0.1"; .preamble = :Zm9v:; } sub vcl_recv { set req.backend_hint = b; }')],
    [
      '.via',
      withBackend(
        'backend b { .host = "127.0.0.1"; .via = default; .authority = "www.example"; } sub vcl_recv { set req.backend_hint = b; }',
      ),
    ],
    ['return(vcl(label))', withBackend('sub vcl_recv { return (vcl(other)); }')],
    ['a pattern that recurses', withBackend('sub vcl_recv { if (req.url ~ "(a|b(?R))") { return (pass); } }')],
    ['inline C', withBackend('sub vcl_recv { C{ int i; }C }')],
    ['an unknown VMOD', withBackend('import magic; sub vcl_recv { set req.http.X = magic.wand("a"); }')],
  ])('is refused: %s', (_, text) => {
    const { problems, code } = translate(text)
    expect(problems.length).toBeGreaterThan(0)
    expect(problems.every(({ kind }) => kind === 'untranslatable')).toBe(true)
    expect(code).toContain('NOT TRANSLATED')
    // What is left is a policy.
    expect(() => policyOf(code)).not.toThrow()
  })

  it('says where in a pattern it is that has no counterpart', () => {
    const { problems } = translate(withBackend('sub vcl_recv { if (req.url ~ "ab\\Kc") { return (pass); } }'))
    const [problem] = problems
    expect(problem?.span.file.text.slice(problem.span.start, problem.span.start + 2)).toBe('\\K')
  })

  it('warns of patterns that can take very long', () => {
    expect(translate(withBackend('sub vcl_recv { if (req.url ~ "^(a+)+$") { return (pass); } }')).code).toContain(
      '// This pattern can take very long',
    )
  })
})
