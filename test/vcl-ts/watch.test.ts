/** Looking on while the functions of a hook run. */
import { describe, expect, it } from 'vitest'
import { runHookSync } from '../../src/testing/index.ts'
import { compilePolicy, type HookPart, runHook } from '../../vcl-ts/run.ts'

const LIMIT = (promise: Promise<unknown>): Promise<unknown> => promise

describe('watching a compiled policy', () => {
  it('sees every function of a hook, those without an opinion included, and whose it is', () => {
    const seen: HookPart[] = []
    const policy = { name: 'shop', recv: () => undefined, builtin: { reqMethod: () => undefined, reqUpgrade: false as const } }
    const compiled = compilePolicy([policy], 'safe', null, undefined, (part, run) => (context) => {
      seen.push(part)
      return run(context)
    })
    const { nouns } = runHookSync<'recv', object>({}, 'recv')
    expect(runHook(compiled, 'recv', nouns, LIMIT)).toEqual({ type: 'hash' })
    expect(seen.map(({ by, own, step }) => [by, own, step])).toEqual([
      ['recv of policy shop', true, null],
      ['step reqHost', false, 'reqHost'],
      ['step reqInvalidate', false, 'reqInvalidate'],
      ['step reqMethod', true, 'reqMethod'],
      ['step reqAuthorization', false, 'reqAuthorization'],
      ['step reqCookie', false, 'reqCookie'],
      ['step reqCacheControl', false, 'reqCacheControl'],
      ['default of recv', false, null],
    ])
    expect(new Set(seen.map(({ hook }) => hook))).toEqual(new Set(['recv']))
  })

  it('leaves the functions as they are when nobody looks on', () => {
    const recv = (): undefined => undefined
    expect(compilePolicy([{ recv }], 'safe').chains.recv.functions[0]).toBe(recv)
  })
})
