import { describe, expect, it } from 'vitest'
import { SPLIT_SUBS } from '../../src/vcl/checked-ast.ts'
import { accepted, problemsOf, refused } from './rig.ts'

describe('a sub that is called', () => {
  it('runs in every hook that it is called from, directly or not', () => {
    const { subs } = accepted('sub a { call b; } sub b { } sub vcl_recv { call a; } sub vcl_deliver { call b; }')
    expect(subs.get('a')?.runsIn).toEqual(['vcl_recv'])
    expect(subs.get('b')?.runsIn).toEqual(['vcl_recv', 'vcl_deliver'])
  })

  it('decides if it, or what it calls, returns an action', () => {
    const { subs } = accepted('sub a { call b; } sub b { return (pass); } sub c { return; } sub vcl_recv { call a; call c; }')
    expect([subs.get('a')?.decides, subs.get('b')?.decides, subs.get('c')?.decides]).toEqual([true, true, false])
  })

  it('must be legal in each of them', () => {
    refused(
      'sub vcl_recv { call a; } sub vcl_deliver { call a; } sub a { call b; } sub b { set req.http.x = ‹obj.hits›; }',
      'obj.hits cannot be read in vcl_recv, which calls a, which calls b',
      'it can in vcl_hit and vcl_deliver',
    )
    refused(
      'sub vcl_recv { call a; } sub vcl_deliver { call a; } sub a { return (‹deliver›); }',
      'return (deliver) is not legal in vcl_recv, which calls a',
    )
    accepted('sub vcl_hit { call a; } sub vcl_deliver { call a; } sub a { if (obj.hits) { return (deliver); } }')
  })

  it('must not call itself', () => {
    refused('sub vcl_recv { call a; } sub a { call ‹a›; }', 'a sub must not call itself: a → a', null)
    refused('sub vcl_recv { call a; } sub a { call b; } sub b { call c; } sub c { call ‹a›; }', 'a sub must not call itself: a → b → c → a')
    refused('sub vcl_recv { call a; } sub a { call ‹vcl_recv›; }', 'a sub must not call itself: vcl_recv → a → vcl_recv')
    refused('sub vcl_req_cookie { call ‹vcl_req_cookie›; }', 'a sub must not call itself: vcl_req_cookie → vcl_req_cookie')
  })

  it('must be there', () => {
    refused(
      'sub vcl_recv { call ‹nowmalise›; } sub normalise { } unused normalise;',
      'there is no sub ‘nowmalise’',
      'did you mean normalise?',
    )
  })

  it('may be a step of the built-in VCL, with or without a body here', () => {
    const { steps } = accepted(
      'sub vcl_recv { call vcl_req_host; } sub vcl_backend_response { call vcl_beresp_hitmiss; } sub vcl_beresp_hitmiss { }',
    )
    expect([...steps.keys()]).toEqual(['vcl_beresp_hitmiss'])
  })

  it('may be called by std.timed_call', () => {
    const { subs } = accepted('import std; sub vcl_recv { set req.http.t = std.timed_call(a); } sub a { }')
    expect(subs.get('a')?.runsIn).toEqual(['vcl_recv'])
    refused('import std; sub vcl_recv { set req.http.t = std.timed_call(‹b›); }', 'there is no sub ‘b’')
  })
})

describe('hooks and steps', () => {
  it('have all their bodies in the order of the text', () => {
    const { hooks } = accepted('sub vcl_recv { set req.http.a = "1"; } sub vcl_deliver { } sub vcl_recv { set req.http.b = "2"; }')
    expect(hooks.get('vcl_recv')?.map(({ body }) => body.statements[0])).toMatchObject([
      { target: { name: 'a' } },
      { target: { name: 'b' } },
    ])
  })

  it.each(SPLIT_SUBS)('%s can have bodies of the policy’s own', (step) => {
    const { steps } = accepted(`sub ${step} { } sub ${step} { }`)
    expect(steps.get(step)).toHaveLength(2)
    expect(steps.get(step)?.[0]).toMatchObject({ role: 'step' })
  })

  it('are judged by the hook that runs them', () => {
    accepted(
      'sub vcl_req_cookie { return (hash); } sub vcl_beresp_vary { set beresp.ttl = 1s; } sub vcl_builtin_deliver { set resp.http.x = "y"; }',
    )
    refused(
      'sub vcl_req_cookie { return (‹deliver›); }',
      'return (deliver) is not legal in vcl_recv, which calls vcl_builtin_recv, which calls vcl_req_cookie',
    )
    refused(
      'sub vcl_beresp_cookie { set ‹req.url› = "/"; }',
      'req.url cannot be set in vcl_backend_response, which calls vcl_builtin_backend_response, which calls vcl_beresp_cookie',
    )
  })
})

describe('names', () => {
  it.each([
    ['sub x { } sub ‹x› { } sub vcl_recv { call x; }', 'the sub ‘x’ is declared twice', null],
    ['backend ‹default› none;', 'the backend ‘default’ is declared twice', null],
    ['import purge; acl ‹purge› { }', '‘purge’ is a VMOD already', 'choose another name'],
    ['unused purge; acl purge { } import ‹purge›;', '‘purge’ is an ACL already', 'import it under another name: import purge as other;'],
    ['acl ‹req› { }', '‘req’ is a word of VCL and cannot name an ACL', 'choose another name'],
    ['sub ‹vcl_fetch› { }', 'the names vcl_* are Varnish’s own, and vcl_fetch is none of them', 'it is vcl_backend_response since VCL 4'],
    ['sub ‹vcl_revc› { }', 'the names vcl_* are Varnish’s own, and vcl_revc is none of them', 'did you mean vcl_recv?'],
    ['sub vcl_init { new ‹a› = directors.hash(); } acl a { } import directors; unused a;', '‘a’ is an ACL already', 'choose another name'],
    ['unused ‹y›;', 'there is no sub, ACL, backend or probe ‘y’ that could be unused', null],
  ])('%s', (text, reason, hint) => {
    refused(text, reason, hint)
  })

  it('a backend and a probe may both be the default', () => {
    const { defaultBackend } = accepted('probe default { .url = "/up"; }')
    expect(defaultBackend?.probe?.url).toBe('/up')
  })

  it('may be those of functions', () => {
    accepted('acl ban { } sub regsub { } sub vcl_recv { if (client.ip ~ ban) { ban("obj.age > 1d"); call regsub; } }')
  })

  it('two files may import the same', () => {
    accepted('import std; import std;')
  })
})

describe('what nobody uses', () => {
  it.each([
    ['acl ‹a› { }', 'the ACL ‘a’ is never used', 'use it, remove it, or write unused a;'],
    ['backend ‹b› none;', 'the backend ‘b’ is never used', 'use it, remove it, or write unused b;'],
    ['probe ‹p› { }', 'the probe ‘p’ is never used', 'use it, remove it, or write unused p;'],
    ['sub ‹s› { }', 'the sub ‘s’ is never used', 'use it, remove it, or write unused s;'],
  ])('is refused: %s', (text, reason, hint) => {
    refused(text, reason, hint)
    accepted(`${text.replace(/[‹›]/g, '')} unused ${/‹(.)›/.exec(text)?.[1]};`)
  })

  it('is neither an import nor an object, a hook, a step or the default backend', () => {
    accepted('import std; import directors; sub vcl_init { new d = directors.hash(); } sub vcl_hit { } sub vcl_req_url { }')
    accepted('', { backend: 'backend only { .host = "x"; }' })
  })

  it('is not what an unknown VMOD is given', () => {
    const { problems } = {
      problems: problemsOf('import dynamo; acl a { } backend b none; sub vcl_recv { dynamo.f(a, "x" + b, g(-(b))); }'),
    }
    expect(problems.map(({ kind }) => kind)).toEqual(['untranslatable'])
  })
})

describe('backends', () => {
  it('are needed', () => {
    refused('‹›sub vcl_recv { }', 'no backend is declared', undefined, { backend: '' })
    accepted('', { backend: 'backend default none;' })
  })

  it('the first stands in where none is called default', () => {
    const program = accepted('sub vcl_recv { set req.backend_hint = default; set req.backend_hint = b; }', {
      backend: 'backend a { .host = "x"; } backend b { .host = "y"; } ',
    })
    expect(program.defaultBackend?.name).toBe('a')
    expect(program.hooks.get('vcl_recv')?.[0]?.body.statements[0]).toMatchObject({ value: { kind: 'symbol', name: 'a' } })
  })
})
