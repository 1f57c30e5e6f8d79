import { describe, expect, it } from 'vitest'
import { vars } from '../../vcl-ts/vars.ts'

describe('vars', () => {
  it('remembers values under keys', () => {
    const store = vars<number>()
    store.set('a', 1)
    store.set('a', 2)
    store.set('__proto__', 3)
    expect([store.get('a'), store.get('__proto__'), store.get('constructor'), store.size()]).toEqual([2, 3, undefined, 2])
    expect([store.delete('a'), store.delete('a'), store.get('a')]).toEqual([true, false, undefined])
    store.clear()
    expect(store.size()).toBe(0)
  })

  it('forgets what was not used for the longest', () => {
    const store = vars<string>({ max: 2 })
    for (const key of ['a', 'b']) store.set(key, key)
    store.get('a')
    store.set('c', 'c')
    expect([store.get('a'), store.get('b'), store.get('c'), store.size()]).toEqual(['a', undefined, 'c', 2])
  })

  it('forgets what is too old', () => {
    const store = vars<string>({ ttl: '1m' })
    store.set('a', 'a', { now: 100 })
    store.set('b', 'b', { now: 100, ttl: 5 })
    expect([store.get('a', 159.9), store.get('b', 104.9), store.get('b', 105), store.get('a', 160)]).toEqual([
      'a',
      'b',
      undefined,
      undefined,
    ])
    expect(store.size()).toBe(0)
  })

  it('makes what is not there, once', () => {
    let made = 0
    const store = vars<number>({ ttl: 10 })
    const ask = (now: number): number => store.getOr('a', () => ++made, { now })
    expect([ask(0), ask(9), ask(10), ask(11)]).toEqual([1, 1, 2, 2])
  })

  it('is each policy’s own, or everybody’s under a name', () => {
    const name = 'test of vars'
    vars<number>().set('a', 1)
    vars<number>({ shared: name }).set('a', 2)
    expect(vars<number>().get('a')).toBeUndefined()
    expect(vars<number>({ shared: name }).get('a')).toBe(2)
    const small = vars<number>({ shared: name, max: 1 })
    small.set('b', 3)
    expect([small.size(), small.get('a'), small.get('b')]).toEqual([1, undefined, 3])
  })

  it('is bounded in everything', () => {
    expect(() => vars({ max: 0 })).toThrow('from 1 to 1000000')
    expect(() => vars({ max: 1e9 })).toThrow(RangeError)
    expect(() => vars({ ttl: 0 })).toThrow('more than 0')
    expect(() => vars().set('a', 1, { ttl: '-1s' })).toThrow('more than 0')
    const fill = (): void => {
      for (let number = 0; number < 101; number++) vars({ shared: `store ${number}` })
    }
    expect(fill).toThrow('100 shared stores are there already')
  })
})
