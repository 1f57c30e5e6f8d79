import { describe, expect, it } from 'vitest'
import { type Action, type ActionType, verbs } from '../../vcl-ts/actions.ts'
import { HOOKS, type Hook, illegality, isLegal } from '../../vcl-ts/legal.ts'

/** Written out once more, so that a slip in the product's table shows. */
const TABLE = `
recv             fail synth restart pass pipe hash purge
hash             fail lookup
purge            fail synth restart
hit              fail synth restart pass deliver
miss             fail synth restart pass fetch
pass             fail synth restart fetch
pipe             fail synth pipe
deliver          fail synth restart deliver
synth            fail restart deliver
backendFetch     fail abandon error fetch
backendRefresh   fail abandon error retry merge useFresh useStale
backendResponse  fail abandon error retry hitForPass deliver
backendError     fail abandon retry deliver
init             ok
fini             ok`

const expected = new Map(
  TABLE.trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .map(([hook, ...types]) => [hook, types]),
)
const build = (type: ActionType): Action => {
  if (type === 'synth') return verbs.synth(200)
  return type === 'hitForPass' ? verbs.hitForPass(60) : (verbs[type] as () => Action)()
}

describe('legality', () => {
  it('knows every hook', () => {
    expect([...HOOKS].sort()).toEqual([...expected.keys()].sort())
  })

  const cases = HOOKS.flatMap((hook) => (Object.keys(verbs) as ActionType[]).map((type): [Hook, ActionType] => [hook, type]))
  it.each(cases)('judges %s → %s as the table does', (hook, type) => {
    const legal = (expected.get(hook) as string[]).includes(type)
    expect(isLegal(hook, type)).toBe(legal)
    expect(illegality(hook, build(type)) === null).toBe(legal)
  })

  it('says what is wrong and what would be right', () => {
    expect(illegality('hash', verbs.pass())).toBe('returned the action "pass"; legal in hash: fail, lookup')
    expect(illegality('recv', verbs.pass)).toContain('return pass()')
    expect(illegality('recv', 'pass')).toContain('"pass"')
    expect(illegality('recv', null)).toContain('null')
    expect(illegality('recv', 7)).toContain('number')
    expect(illegality('recv', {})).toContain('not an action')
  })

  it.each([
    ['recv', { type: 'synth', status: 99, reason: null, body: null, close: false }],
    ['recv', { type: 'synth', status: 200, reason: 'a\nb', body: null, close: false }],
    ['recv', { type: 'synth', status: 200, reason: null, body: 7, close: false }],
    ['recv', { type: 'synth', status: 200, reason: null, body: null, close: false, headers: [['a', 'b\n']] }],
    ['recv', { type: 'synth', status: 200, reason: null, body: null, close: false, headers: { a: 'b' } }],
    ['recv', { type: 'synth' }],
    ['recv', { type: 'pass' }],
    ['recv', { type: 'pass', reason: 'toString' }],
    ['recv', { type: 'purge' }],
    ['recv', { type: 'purge', soft: false, subject: { by: 'ban', expression: 'req.url' } }],
    ['recv', { type: 'purge', soft: true, subject: { by: 'ban', expression: 'req.url ~ a' } }],
    ['backendFetch', { type: 'error', status: 70_000, reason: null }],
    ['backendResponse', { type: 'hitForPass', ttl: -1 }],
    ['backendResponse', { type: 'hitForPass', ttl: Number.POSITIVE_INFINITY }],
    ['recv', { type: 'fail', reason: 7 }],
  ] as const)('refuses in %s the hand-written %j', (hook, action) => {
    expect(illegality(hook, action)).toContain('wrong fields')
  })

  it('does not take an inherited name for a legal action', () => {
    expect(illegality('recv', { type: 'constructor' })).toContain('"constructor"')
  })
})
