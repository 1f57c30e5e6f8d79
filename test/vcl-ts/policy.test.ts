import { describe, expect, it } from 'vitest'
import { compilePolicy } from '../../vcl-ts/compile.ts'
import { definePolicy, type Policy, PolicyError, stack, validatePolicy } from '../../vcl-ts/policy.ts'

describe('definePolicy', () => {
  it('answers a frozen copy', () => {
    const written = { name: 'site', recv: () => {} }
    const policy = definePolicy(written)
    expect(policy).toEqual(written)
    expect(Object.isFrozen(policy)).toBe(true)
    expect(Object.isFrozen(written)).toBe(false)
  })

  it.each([
    ['backend_response', 'backendResponse'],
    ['vcl_recv', 'recv'],
    ['onRecv', 'recv'],
    ['backendResponce', 'backendResponse'],
    ['Deliver', 'deliver'],
    ['backend', 'backends'],
    ['builtins', 'builtin'],
  ])('refuses the key %s and names %s', (key, meant) => {
    expect(() => definePolicy({ [key]: () => {} } as Policy)).toThrow(`policy has no "${key}"; did you mean ${meant}?`)
  })

  it('lists what there is when nothing is near', () => {
    expect(() => definePolicy({ somethingElseEntirely: 1 } as Policy)).toThrow(/there are name, backends/)
  })

  it('refuses a built-in step that there is not', () => {
    expect(() => definePolicy({ builtin: { reqCookies: false } } as Policy)).toThrow(/did you mean reqCookie\?/)
    expect(() => definePolicy({ builtin: { reqCookie: true } } as unknown as Policy)).toThrow(/false or a function/)
  })

  it.each([
    [null],
    ['text'],
    [[]],
    [() => {}],
    [{ recv: 'pass' }],
    [{ recv: null }],
    [{ name: 7 }],
    [{ state: {} }],
    [{ backends: { app: 'http://127.0.0.1' } }],
    [{ backends: [] }],
    [{ builtin: 1 }],
    [{ esi: true }],
    [{ esi: { hosts: 'ads.example' } }],
    [{ esi: { hosts: ['http://ads.example'] } }],
    [{ esi: { hosts: ['ads.example', 7] } }],
    [{ esi: { anyText: 1 } }],
    [{ stack: 1 }],
    [{ stack: [], recv: () => {} }],
    [{ stack: [{ nonsense: 1 }] }],
  ])('refuses %j, by itself, in a stack and when compiled', (value) => {
    const policy = value as unknown as Policy
    expect(() => definePolicy(policy as never)).toThrow(PolicyError)
    expect(() => stack({}, policy)).toThrow(PolicyError)
    expect(() => compilePolicy([policy], 'safe')).toThrow(PolicyError)
  })

  it('takes a key without a value for an absent one', () => {
    expect(() => validatePolicy({ recv: undefined, builtin: undefined })).not.toThrow()
    expect(compilePolicy([{ recv: undefined } as unknown as Policy], 'safe').has('recv')).toBe(false)
  })
})

describe('rules for pages of fragments', () => {
  it('hold for the whole stack', () => {
    const esi = compilePolicy(
      [stack({ esi: { hosts: ['a.example'] } }, {}), { esi: { hosts: ['b.example:8080', '[::1]:80'], anyText: true } }],
      'safe',
    ).esiIn(null)
    expect([[...esi.hosts], esi.anyText]).toEqual([['a.example', 'b.example:8080', '[::1]:80'], true])
    expect(compilePolicy([], 'safe').esiIn({})).toEqual({ hosts: new Set(), anyText: false })
  })

  it('name what was probably meant, and how a host is written', () => {
    expect(() => definePolicy({ esi: { host: ['a.example'] } } as Policy)).toThrow('esi has no "host"; did you mean hosts?')
    expect(() => definePolicy({ esi: { hosts: ['Ads.example'] } })).toThrow(
      '"Ads.example", which is no host in lower case such as ads.example',
    )
  })
})

describe('stack', () => {
  it('needs a policy', () => {
    expect(() => stack()).toThrow(PolicyError)
  })
})
