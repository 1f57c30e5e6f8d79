import { describe, expect, it } from 'vitest'
import { type Action, verbs } from '../../vcl-ts/actions.ts'
import { isAnalyticsOnly } from '../../vcl-ts/builtin/analytics-cookies.ts'
import { credentialedByDefault } from '../../vcl-ts/builtin/client-steps.ts'
import { decisionsFor, PRESETS, type PresetName } from '../../vcl-ts/builtin/decisions.ts'
import { compilePolicy } from '../../vcl-ts/compile.ts'
import type { Req } from '../../vcl-ts/context.ts'
import type { HeaderPairs } from '../../vcl-ts/headers.ts'
import { normaliseHost } from '../../vcl-ts/host.ts'
import { runHook } from '../../vcl-ts/run.ts'
import { clientContext, patient, req, resp } from './nouns.ts'

const builtin = { safe: compilePolicy([], 'safe'), rfc9111: compilePolicy([], 'rfc9111'), varnish: compilePolicy([], 'varnish') }

/** What the built-in policy answers in `recv`, and the request afterwards. */
function receive(preset: PresetName, changes: Partial<Req>, headers: HeaderPairs = []): { action: Action; req: Req } {
  const request = req(changes, headers)
  const action = runHook(builtin[preset], 'recv', clientContext({ req: request }), patient) as Action
  const again = req(changes, headers)
  expect(builtin[preset].recv?.(clientContext({ req: again }))).toEqual(action)
  expect([again.credentialed, ...again.headers]).toEqual([request.credentialed, ...request.headers])
  return { action, req: request }
}

describe.each(PRESETS)('recv under %s', (preset) => {
  it.each(['GET', 'HEAD'])('looks a plain %s up as anonymous', (method) => {
    const { action, req } = receive(preset, { method })
    expect(action).toBe(verbs.hash())
    expect(req.credentialed).toBe(false)
  })

  it('refuses HTTP/1.1 without a host with 400 and closes', () => {
    expect(receive(preset, { host: '' }).action).toMatchObject({ type: 'synth', status: 400, close: true })
    expect(receive(preset, { host: '', proto: '2' }).action).toMatchObject({ status: 400 })
  })

  it('accepts HTTP/1.0 without a host', () => {
    expect(receive(preset, { host: '', proto: '1.0' }).action).toBe(verbs.hash())
  })

  it('puts a host that a hook wrote in normal form', () => {
    expect(receive(preset, { host: 'EXAMPLE.com.:80' }).req.host).toBe('example.com')
  })

  it('opens a tunnel for a WebSocket handshake', () => {
    expect(receive(preset, { upgrade: 'WebSocket' }).action).toBe(verbs.pipe())
  })

  it.each([
    ['another protocol', { upgrade: 'h2c' }],
    ['HTTP/1.0', { upgrade: 'websocket', proto: '1.0' }],
    ['HTTP/2', { upgrade: 'websocket', proto: '2' }],
    ['another method', { upgrade: 'websocket', method: 'POST' }],
    ['a body', { upgrade: 'websocket', hasBody: true }],
  ] as const)('opens no tunnel for an upgrade with %s', (_, changes) => {
    expect(receive(preset, changes).action.type).not.toBe('pipe')
  })

  it.each(['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE'])('passes %s', (method) => {
    expect(receive(preset, { method }).action).toEqual(verbs.pass('METHOD'))
  })

  it('refuses CONNECT with 405 and the HTTP/2 preface with 400, closing', () => {
    expect(receive(preset, { method: 'CONNECT' }).action).toMatchObject({ type: 'synth', status: 405 })
    expect(receive(preset, { method: 'PRI' }).action).toMatchObject({ type: 'synth', status: 400, close: true })
  })

  it.each(['PROPFIND', 'QUERY', 'MKCOL', 'VERSION-CONTROL'])('treats %s as the preset treats registered methods', (method) => {
    const { action } = receive(preset, { method })
    if (preset === 'varnish') expect(action).toMatchObject({ type: 'synth', status: 501, close: true })
    else expect(action).toEqual(verbs.pass('METHOD'))
  })

  it.each(['FOO', 'ban', 'get', 'Get', 'constructor'])('treats %s as the preset treats unregistered methods', (method) => {
    const { action } = receive(preset, { method })
    if (preset === 'rfc9111') expect(action).toEqual(verbs.pass('METHOD'))
    else expect(action).toMatchObject({ type: 'synth', status: 501, close: true })
  })

  it.each(['GET', 'HEAD'])('passes a %s with a body, which no key holds', (method) => {
    expect(receive(preset, { method, hasBody: true }).action).toEqual(verbs.pass('REQUEST_BODY'))
  })

  it.each(['If-Match', 'If-Unmodified-Since'])('passes a GET with %s, which is the origin’s to judge', (name) => {
    expect(receive(preset, {}, [[name, '"a"']]).action).toEqual(verbs.pass('PRECONDITION'))
  })

  it('looks a conditional GET up', () => {
    expect(receive(preset, {}, [['If-None-Match', '"a"']]).action).toBe(verbs.hash())
  })
})

describe('Authorization', () => {
  const headers: HeaderPairs = [['Authorization', 'Basic eDp5']]

  it.each(['safe', 'rfc9111'] as const)('makes a request credentialed under %s', (preset) => {
    const { action, req } = receive(preset, {}, headers)
    expect(action).toBe(verbs.hash())
    expect(req.credentialed).toBe(true)
  })

  it('passes under varnish', () => {
    expect(receive('varnish', {}, headers).action).toEqual(verbs.pass('REQUEST_AUTHORIZATION'))
  })

  it('leaves a class that a hook set', () => {
    expect(receive('safe', { credentialed: false }, headers).req.credentialed).toBe(false)
  })
})

describe('Cookie', () => {
  const session: HeaderPairs = [['Cookie', '_ga=1; session=abc']]
  const measured: HeaderPairs = [['Cookie', '_ga=GA1.2.3; _gid=4; _ga_AB12=5; _pk_id.1.ab=6']]

  it('makes a request credentialed under safe', () => {
    const { action, req } = receive('safe', {}, session)
    expect(action).toBe(verbs.hash())
    expect(req.credentialed).toBe(true)
  })

  it('leaves it anonymous under safe when every cookie is for measurement', () => {
    expect(receive('safe', {}, measured).req.credentialed).toBe(false)
  })

  it('looks at every Cookie line', () => {
    expect(receive('safe', {}, [...measured, ['cookie', 'session=abc']]).req.credentialed).toBe(true)
  })

  it('leaves a class that a hook set', () => {
    expect(receive('safe', { credentialed: false }, session).req.credentialed).toBe(false)
  })

  it('has no effect under rfc9111', () => {
    expect(receive('rfc9111', {}, session).req.credentialed).toBe(false)
  })

  it.each([session, measured])('passes under varnish', (...pair) => {
    expect(receive('varnish', {}, [pair[0] as readonly [string, string]]).action).toEqual(verbs.pass('REQUEST_COOKIE'))
  })
})

describe('the analytics list', () => {
  it.each(['_ga=1', '_ga=1;_gid=2', ' _ga = 1 ; ', '', '_hjSession_1=x', '_ga="a"'])('covers %j', (line) => {
    expect(isAnalyticsOnly(line)).toBe(true)
  })

  it.each(['_GA=1', 'ga=1', '_ga_=1', 'session=1', '_ga=1; s=2', '_ga', '=1', '=_ga', 'a_ga=1', '_ga=1;session', '_pk_=1', '_gax=1'])(
    'does not cover %j',
    (line) => {
      expect(isAnalyticsOnly(line)).toBe(false)
    },
  )
})

describe('the class of a request that skipped the built-in steps', () => {
  it.each([
    ['safe', [['Authorization', 'x']], true],
    ['safe', [['Cookie', 's=1']], true],
    ['safe', [['Cookie', '_ga=1']], false],
    ['safe', [], false],
    ['rfc9111', [['Authorization', 'x']], true],
    ['rfc9111', [['Cookie', 's=1']], false],
    ['varnish', [['Authorization', 'x']], false],
    ['varnish', [['Cookie', 's=1']], false],
  ] as const)('under %s with %j is credentialed: %s', (preset, headers, credentialed) => {
    expect(credentialedByDefault(req({}, headers), decisionsFor(preset))).toBe(credentialed)
  })
})

describe('the host', () => {
  it.each([
    ['Example.COM', 'http', 'example.com'],
    ['example.com.', 'http', 'example.com'],
    ['example.com:80', 'http', 'example.com'],
    ['example.com:0080', 'http', 'example.com'],
    ['example.com:', 'http', 'example.com'],
    ['example.com:80', 'https', 'example.com:80'],
    ['example.com:443', 'https', 'example.com'],
    ['example.com:443', 'http', 'example.com:443'],
    ['example.com.:8080', 'http', 'example.com:8080'],
    ['example.com:8080', 'http', 'example.com:8080'],
    ['[::1]', 'http', '[::1]'],
    ['[2001:DB8::80]:80', 'http', '[2001:db8::80]'],
    ['a.b.c:180', 'http', 'a.b.c:180'],
    ['.', 'http', '.'],
  ] as const)('%s of %s is %s', (host, scheme, normal) => {
    expect(normaliseHost(host, scheme)).toBe(normal)
  })
})

describe('the page of a synthetic answer', () => {
  const render = (answer: ReturnType<typeof resp>, headers: HeaderPairs = []) => {
    const context = clientContext({ resp: answer, req: req({ id: 'id-7' }, headers) })
    expect(runHook(builtin.safe, 'synth', context, patient)).toBe(verbs.deliver())
    return answer
  }

  it('names status, cause and request id, and is not stored', () => {
    const answer = render(resp())
    expect(answer.body).toContain('503 Service Unavailable')
    expect(answer.body).toContain('ERROR')
    expect(answer.body).toContain('id-7')
    expect(answer.headers.get('cache-control')).toBe('no-store')
    expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8')
  })

  it('is text for a client that asks for it', () => {
    expect(render(resp(), [['Accept', 'text/plain']]).headers.get('content-type')).toBe('text/plain; charset=utf-8')
  })

  it('leaves a body that the policy gave, bytes included', () => {
    expect(render(resp({ body: 'mine' })).body).toBe('mine')
    const bytes = new Uint8Array([1])
    const answer = render(resp({ body: bytes }))
    expect(answer.body).toBe(bytes)
    expect(answer.headers.size).toBe(0)
  })

  it.each([204, 205, 304])('is not written for %i, which has no body', (status) => {
    expect(render(resp({ status })).body).toBe('')
  })

  it('says with 405 what is allowed, unless the policy did', () => {
    expect(render(resp({ status: 405 })).headers.get('allow')).toContain('GET')
    const answer = resp({ status: 405 })
    answer.headers.set('Allow', 'PURGE')
    expect(render(answer).headers.getAll('allow')).toEqual(['PURGE'])
  })
})
