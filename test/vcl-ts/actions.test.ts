import { describe, expect, it } from 'vitest'
import { type ActionType, verbs } from '../../vcl-ts/actions.ts'

const built = {
  fail: verbs.fail(),
  synth: verbs.synth(404),
  restart: verbs.restart(),
  pass: verbs.pass(),
  pipe: verbs.pipe(),
  hash: verbs.hash(),
  purge: verbs.purge(),
  lookup: verbs.lookup(),
  deliver: verbs.deliver(),
  fetch: verbs.fetch(),
  abandon: verbs.abandon(),
  error: verbs.error(),
  retry: verbs.retry(),
  merge: verbs.merge(),
  useFresh: verbs.useFresh(),
  useStale: verbs.useStale(),
  hitForPass: verbs.hitForPass(60),
  ok: verbs.ok(),
} as const

describe('verbs', () => {
  it('are named by the type of action that they build, and it is frozen', () => {
    expect(Object.keys(verbs).sort()).toEqual(Object.keys(built).sort())
    for (const [name, action] of Object.entries(built)) {
      expect(action.type).toBe(name)
      expect(Object.isFrozen(action)).toBe(true)
    }
  })

  it('answer the same constant each time when nothing is said', () => {
    const constant: ActionType[] = ['fail', 'restart', 'pass', 'pipe', 'hash', 'purge', 'lookup', 'deliver', 'fetch', 'abandon', 'retry']
    for (const name of [...constant, 'merge', 'useFresh', 'useStale', 'ok'] as const)
      expect((verbs[name] as () => unknown)()).toBe(built[name])
  })

  it('carry the fields of a synthetic answer, a list as several lines', () => {
    const action = verbs.synth(302, 'Found', '', { Location: '/x', 'Set-Cookie': ['a=1', 'b=2'] })
    expect(action.headers).toEqual([
      ['Location', '/x'],
      ['Set-Cookie', 'a=1'],
      ['Set-Cookie', 'b=2'],
    ])
    expect(Object.isFrozen(action.headers)).toBe(true)
    expect(verbs.synth(200, 'OK', '', {})).not.toHaveProperty('headers')
  })

  it.each([{ Location: '/x\r\nSet-Cookie: a=1' }, { 'a b': '1' }, { 'Content-Length': '3' }])(
    'refuse %j as fields of an answer',
    (headers) => {
      expect(() => verbs.synth(302, 'Found', '', headers as Record<string, string>)).toThrow(TypeError)
    },
  )

  it('build data that can be compared and logged', () => {
    expect(verbs.synth(403, 'No', 'text')).toEqual({ type: 'synth', status: 403, reason: 'No', body: 'text', close: false })
    expect(JSON.stringify(verbs.pass('METHOD'))).toBe('{"type":"pass","reason":"METHOD"}')
    expect(verbs.pass()).toEqual({ type: 'pass', reason: 'POLICY' })
    expect(verbs.purge({ soft: true })).toEqual({ type: 'purge', soft: true })
    expect(verbs.purge({ ban: 'obj.status == 404' })).toEqual({
      type: 'purge',
      soft: false,
      subject: { by: 'ban', expression: 'obj.status == 404' },
    })
    expect(verbs.error()).toEqual({ type: 'error', status: 503, reason: null })
    expect(verbs.fail('why')).toEqual({ type: 'fail', reason: 'why', cause: null })
  })

  it('refuse what is no ban when they are called, with the reason', () => {
    expect(() => verbs.purge({ ban: 'req.url ~ ^(a+)+$' })).toThrow(/^purge\(\): ban expression, column 11: the pattern .* is refused/)
    expect(() => verbs.purge({ ban: 'req.url ~ a', soft: true })).toThrow('a ban is always hard')
    expect(() => verbs.purge({ ban: 'req.url ~ a', all: true })).toThrow('takes one of')
    expect(() => verbs.purge({ ban: 7 as unknown as string })).toThrow(TypeError)
  })

  it('take durations in seconds or as text', () => {
    expect(verbs.hitForPass('2m').ttl).toBe(120)
    expect(() => verbs.hitForPass(0)).toThrow(RangeError)
    expect(() => verbs.hitForPass(Number.NaN)).toThrow(TypeError)
  })

  it.each([99, 100, 199, 65_536, 200.5, Number.NaN, '200'])('refuse status %s', (status) => {
    expect(() => verbs.synth(status as number)).toThrow(RangeError)
    expect(() => verbs.error(status as number)).toThrow(RangeError)
  })

  it.each([200, 599, 600, 750, 1000])('accept status %s', (status) => {
    expect(verbs.synth(status).status).toBe(status)
    expect(verbs.error(status).status).toBe(status)
  })

  it.each(['a\r\nSet-Cookie: x=1', 'nul\0', '\u20ac'])('refuse the reason phrase %j', (reason) => {
    expect(() => verbs.synth(200, reason)).toThrow(TypeError)
    expect(() => verbs.error(500, reason)).toThrow(TypeError)
  })

  it('refuse a pass for a reason that does not exist', () => {
    expect(() => verbs.pass('NONSENSE' as 'POLICY')).toThrow(/NONSENSE/)
    expect(() => verbs.pass('toString' as 'POLICY')).toThrow(TypeError)
  })
})
