import { describe, expect, it } from 'vitest'
import { backend, byName, consistent, type ProbeOptions, roundRobin, split, sticky, withKey } from '../../vcl-ts/index.ts'

const probe = (options: ProbeOptions) => backend('http://a', { probe: options }).probe

describe('probe', () => {
  it('has Varnish’s defaults', () => {
    expect(probe({})).toEqual({
      ...{ method: 'GET', url: '/', headers: [], expected: [200], body: null },
      ...{ interval: 5, timeout: 2, window: 8, threshold: 3, initial: 2, jitter: 0 },
    })
  })

  it('assumes no more good probes than it takes', () => {
    expect(probe({ initial: 9, threshold: 4 })?.initial).toBe(4)
  })

  it.each<[string, ProbeOptions, RegExp]>([
    ['path and request', { path: '/', request: { url: '/' } }, /path or request/],
    ['a path that is none', { path: 'healthz' }, /not a path/],
    ['a field of two lines', { request: { url: '/', headers: { 'X-A': 'a\r\nb' } } }, /"X-A" cannot be sent/],
    ['a method that is none', { request: { url: '/', method: 'GET /' } }, /not a token/],
    ['a window that is too wide', { window: 65 }, /window .* 1 to 64/],
    ['a threshold above the window', { window: 2, threshold: 3 }, /threshold .* 1 to 2/],
    ['no status', { expected: [] }, /no status/],
    ['a status that is none', { expected: 20 }, /expected/],
    ['an interval of nothing', { interval: 0 }, /interval/],
  ])('refuses %s', (_name, options, message) => {
    expect(() => probe(options)).toThrow(message)
  })
})

describe('directors', () => {
  const a = backend('http://a')

  it.each<[string, () => unknown, RegExp]>([
    ['a member that is none', () => roundRobin(['http://a' as never]), /member 0 is neither/],
    ['members that are no list', () => roundRobin(a as never), /takes a list/],
    ['too few weights', () => consistent([a, a], { weights: [1] }), /2 members, but 1 weights/],
    ['a weight of nothing', () => consistent([a], { weights: [0] }), /above 0/],
    ['a key that is none', () => sticky([a], { by: { cookie: 'a b' } }), /by/],
    ['byName without a name', () => byName({ a }, {} as never), /where the name is/],
    ['an arm without a proper name', () => split({ 'a b': a }), /arm/],
    ['a split by the cache key', () => split({ a }, { by: 'hash' as never }), /cannot go by/],
    ['panic above one', () => roundRobin([a], { panic: 50 }), /panic/],
    ['an ejection after nothing', () => roundRobin([a], { ejection: { consecutive: 0 } }), /consecutive/],
    ['a key for a backend', () => withKey(a as never, 'x'), /director/],
  ])('refuse %s', (_name, make, message) => {
    expect(make).toThrow(message)
  })

  it('are frozen data that another thread can have', () => {
    const director = consistent([a, roundRobin([a])], { by: { header: 'X-A' } })
    expect(Object.isFrozen(director)).toBe(true)
    expect(structuredClone(director)).toEqual(director)
  })
})
