import { describe, expect, it } from 'vitest'
import { HOOK_SUBS, type HookSub } from '../../src/vcl/checked-ast.ts'
import { accepted, problemsOf, refused, shown, statementsOf } from './rig.ts'

/** As Varnish's manual lists them, action by action as it is written. */
const RETURNS: Readonly<Record<HookSub, readonly string[]>> = {
  vcl_recv: ['fail', 'fail("x")', 'synth(400)', 'synth(400, "x")', 'restart', 'pass', 'pipe', 'hash', 'purge', 'vcl(other)'],
  vcl_hash: ['fail', 'fail("x")', 'lookup'],
  vcl_hit: ['fail', 'fail("x")', 'synth(400)', 'synth(400, "x")', 'restart', 'pass', 'deliver'],
  vcl_miss: ['fail', 'fail("x")', 'synth(400)', 'synth(400, "x")', 'restart', 'pass', 'fetch'],
  vcl_pass: ['fail', 'fail("x")', 'synth(400)', 'synth(400, "x")', 'restart', 'fetch'],
  vcl_pipe: ['fail', 'fail("x")', 'synth(400)', 'synth(400, "x")', 'pipe'],
  vcl_purge: ['fail', 'fail("x")', 'synth(400)', 'synth(400, "x")', 'restart'],
  vcl_deliver: ['fail', 'fail("x")', 'synth(400)', 'synth(400, "x")', 'restart', 'deliver'],
  vcl_synth: ['fail', 'fail("x")', 'restart', 'deliver'],
  vcl_backend_fetch: ['fail', 'fail("x")', 'fetch', 'error', 'error(503)', 'error(503, "x")', 'abandon'],
  vcl_backend_refresh: ['fail', 'fail("x")', 'merge', 'obj_stale', 'beresp', 'retry', 'error', 'error(503)', 'error(503, "x")', 'abandon'],
  vcl_backend_response: ['fail', 'fail("x")', 'deliver', 'pass', 'pass(10s)', 'retry', 'error', 'error(503)', 'error(503, "x")', 'abandon'],
  vcl_backend_error: ['fail', 'fail("x")', 'deliver', 'retry', 'abandon'],
  vcl_init: ['fail', 'fail("x")', 'ok'],
  vcl_fini: ['ok'],
}

const ACTIONS = [...new Set(Object.values(RETURNS).flat())]

describe.each(HOOK_SUBS)('%s', (hook) => {
  it('may return what the manual lists, and nothing else', () => {
    const found = ACTIONS.filter((action) => problemsOf(`sub ${hook} { return (${action}); }`).length === 0)
    expect(found.toSorted()).toEqual(RETURNS[hook].toSorted())
  })
})

describe('an action', () => {
  it('has its arguments typed', () => {
    const program = accepted('sub vcl_recv { if (req.url ~ "a") { return (synth(400 + 4, "no " + now)); } return (vcl(shop)); }')
    const [branch, last] = statementsOf(program)
    const first = branch?.kind === 'if' ? branch.branches[0]?.body.statements[0] : undefined
    const action = first?.kind === 'return' ? first.action : null
    expect(action?.name === 'synth' && [shown(action.status), shown(action.reason)]).toEqual([
      '(400:INT +INT 4:INT)',
      '["no ":STRING, STRING(now)]',
    ])
    expect(last).toMatchObject({ action: { name: 'vcl', label: 'shop' } })
  })

  it.each([
    [
      'vcl_recv',
      'return (‹deliver›);',
      'return (deliver) is not legal in vcl_recv',
      'legal there: fail, synth, restart, pass, pipe, hash, purge and vcl',
    ],
    ['vcl_recv', 'return (‹lookup›);', 'return (lookup) is not legal in vcl_recv', 'write return (hash)'],
    ['vcl_recv', 'return (‹psas›);', 'return (psas) is not legal in vcl_recv', 'did you mean pass?'],
    [
      'vcl_hit',
      'return (‹miss›);',
      'return (miss) is not legal in vcl_hit',
      'an object that vcl_hit sees is fresh or in grace: return (deliver), which fetches in the background, or return (restart) after set req.hash_always_miss = true',
    ],
    [
      'vcl_backend_response',
      'return (‹hit_for_pass›);',
      'return (hit_for_pass) is not legal in vcl_backend_response',
      'write set beresp.uncacheable = true; return (deliver);, or return (pass(120s)) for hit-for-pass',
    ],
    ['vcl_recv', 'return (‹synth›);', 'synth needs a status', 'write synth(503, "reason")'],
    ['vcl_recv', 'return (synth(‹"400"›));', 'this is a STRING, not an INT', 'convert it: std.integer(…, 0)'],
    ['vcl_recv', 'return (synth(400, "a", ‹"b"›));', 'synth takes a status and a reason', null],
    ['vcl_recv', 'return (hash(‹"a"›));', 'hash takes no arguments', null],
    ['vcl_recv', 'return (‹vcl›);', 'vcl needs a label', 'write return (vcl(label));'],
    ['vcl_recv', 'return (synth(‹status› = 400));', 'the arguments of an action have no names', null],
    ['vcl_recv', 'return (‹pass›(10s));', 'pass with a duration cannot be returned in vcl_recv', 'it can in vcl_backend_response'],
    ['vcl_backend_response', 'return (pass(‹10›));', 'this is an INT, not a DURATION', 'give it a unit, as in 10s'],
    ['vcl_recv', '‹return;›', 'a bare return leaves a sub of your own; vcl_recv returns an action', 'write return (action);'],
  ] as const)('in %s: %s', (hook, statement, reason, hint) => {
    refused(`sub ${hook} { ${statement} }`, reason, hint)
  })

  it('may leave a sub, or a step of the built-in VCL, bare', () => {
    accepted('sub vcl_recv { call x; } sub x { return; } sub vcl_req_cookie { return; }')
  })
})
