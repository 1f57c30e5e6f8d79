import { describe, expect, it } from 'vitest'
import { InvalidationLog } from '../../src/invalidation/log.ts'
import { keyOf, keyPart } from '../../src/object/key-text.ts'

describe('the invalidation log', () => {
  it('finds what was fetched without any invalidation valid', () => {
    const log = new InvalidationLog()
    expect([log.head, log.size, log.verdict('a', 0)]).toEqual([0, 0, 'valid'])
  })

  it('makes what was fetched before a purge unusable, and leaves what was fetched after it alone', () => {
    const log = new InvalidationLog()
    const before = log.head
    expect(log.purgeKey('a', false)).toEqual({ position: 1, key: 'a', soft: false })
    expect(log.verdict('a', before)).toBe('hard')
    expect(log.verdict('a', log.head)).toBe('valid')
  })

  it('leaves other keys alone', () => {
    const log = new InvalidationLog()
    log.purgeKey('a', false)
    expect(log.verdict('b', 0)).toBe('valid')
  })

  it('tells a soft purge from a hard one, whichever came last', () => {
    const log = new InvalidationLog()
    log.purgeKey('a', true)
    expect(log.verdict('a', 0)).toBe('soft')
    log.purgeKey('a', false)
    expect([log.verdict('a', 0), log.verdict('a', 1)]).toEqual(['hard', 'hard'])
    log.purgeKey('a', true)
    expect([log.verdict('a', 0), log.verdict('a', 1), log.verdict('a', 2), log.verdict('a', 3)]).toEqual(['hard', 'hard', 'soft', 'valid'])
  })

  it('counts a key that is purged again once', () => {
    const log = new InvalidationLog()
    for (let i = 0; i < 10; i++) log.purgeKey('a', i % 2 === 0)
    expect([log.head, log.size]).toEqual([10, 1])
  })

  it('stays within its capacity and vouches for nothing that began before what it forgot', () => {
    const log = new InvalidationLog(3)
    for (const key of ['a', 'b', 'c', 'a', 'd']) log.purgeKey(key, false)
    expect(log.size).toBe(3)
    // `b`, at position 2, was the oldest.
    expect(log.verdict('b', 1)).toBe('hard')
    expect(log.verdict('unheard of', 1)).toBe('hard')
    expect(log.verdict('unheard of', 2)).toBe('valid')
    expect([log.verdict('c', 2), log.verdict('a', 3), log.verdict('a', 4), log.verdict('d', 4)]).toEqual(['hard', 'hard', 'valid', 'hard'])
  })

  it('takes a forgotten soft purge for a hard one', () => {
    const log = new InvalidationLog(1)
    log.purgeKey('a', true)
    log.purgeKey('b', true)
    expect([log.verdict('a', 0), log.verdict('b', 1)]).toEqual(['hard', 'soft'])
  })

  it('holds only so many characters, however long the keys are', () => {
    const log = new InvalidationLog()
    const filler = 'x'.repeat(64 * 1024)
    for (let i = 0; i < 1000; i++) log.purgeKey(`${i} ${filler}`, false)
    expect(log.size).toBeLessThan(130)
    expect(log.size).toBeGreaterThan(100)
    expect(log.verdict(`0 ${filler}`, 0)).toBe('hard')
    expect(log.verdict(`999 ${filler}`, 999)).toBe('hard')
    expect(log.verdict(`999 ${filler}`, 1000)).toBe('valid')
  })

  it('makes unusable what carries a tag, be it one of many, and nothing else', () => {
    const log = new InvalidationLog()
    expect(log.purgeSubject({ by: 'tags', tags: ['a', 'b'] }, false)).toBe(1)
    expect([log.verdict('k', 0, ['x', 'b']), log.verdict('k', 0, ['x']), log.verdict('k', 0), log.verdict('k', 1, ['a'])]).toEqual([
      'hard',
      'valid',
      'valid',
      'valid',
    ])
    log.purgeSubject({ by: 'tags', tags: ['x'] }, true)
    expect([log.verdict('k', 1, ['a', 'x']), log.verdict('k', 0, ['a', 'x'])]).toEqual(['soft', 'hard'])
  })

  it('makes unusable what is of a host, begins with a prefix, or is at all there', () => {
    const key = (url: string, host: string): string => keyPart(url) + keyPart(host)
    const log = new InvalidationLog()
    log.purgeSubject({ by: 'host', host: 'a' }, false)
    expect([log.verdict(key('/', 'a'), 0), log.verdict(key('/', 'b'), 0), log.verdict(key('/a', 'ab'), 0)]).toEqual([
      'hard',
      'valid',
      'valid',
    ])
    log.purgeSubject({ by: 'prefix', host: 'b', prefix: '/x/' }, true)
    expect([log.verdict(key('/x/1', 'b'), 1), log.verdict(key('/x', 'b'), 1), log.verdict(key('/x/1', 'a'), 1)]).toEqual([
      'soft',
      'valid',
      'valid',
    ])
    log.purgeSubject({ by: 'all' }, false)
    expect([log.verdict(key('/', 'c'), 2), log.verdict(key('/', 'c'), 3)]).toEqual(['hard', 'valid'])
  })

  it('takes what a key does not tell the place of for part of every host and prefix', () => {
    const log = new InvalidationLog()
    log.purgeSubject({ by: 'host', host: 'a' }, false)
    expect([log.verdict('-1:x', 0), log.verdict('-1:x', 1)]).toEqual(['hard', 'valid'])
    log.purgeSubject({ by: 'prefix', host: 'a', prefix: '/x' }, true)
    expect([log.verdict('-1:x', 1), log.verdict('-1:x', 2)]).toEqual(['soft', 'valid'])
  })

  it('makes unusable what is of a URL, whatever was added to its key', () => {
    const log = new InvalidationLog()
    const key = keyOf({ url: '/a', host: 'h' })
    log.purgeSubject({ by: 'url', url: '/a', host: 'h' }, false)
    expect(
      [key, key + keyPart('more'), '-1:x', keyOf({ url: '/b', host: 'h' }), keyOf({ url: '/a', host: 'i' })].map((one) =>
        log.verdict(one, 0),
      ),
    ).toEqual(['hard', 'hard', 'hard', 'valid', 'valid'])
  })

  it('goes by what an object is of, where its key does not tell', () => {
    const log = new InvalidationLog()
    const of = (url: string, host: string): string => log.verdict('-1:x', 0, [], { url, host })
    log.purgeSubject({ by: 'host', host: 'a' }, false)
    expect([of('/', 'a'), of('/', 'b')]).toEqual(['hard', 'valid'])
    log.purgeSubject({ by: 'prefix', host: 'b', prefix: '/x' }, true)
    expect([of('/x', 'b'), of('/y', 'b')]).toEqual(['soft', 'valid'])
    log.purgeSubject({ by: 'url', host: 'b', url: '/y' }, true)
    expect([of('/y', 'b'), of('/yy', 'b')]).toEqual(['soft', 'valid'])
  })

  it('gives bans their place in the order', () => {
    const log = new InvalidationLog()
    log.purgeKey('a', false)
    expect([log.ban(), log.head, log.verdict('b', 0)]).toEqual([2, 2, 'valid'])
  })

  it.each(['tags', 'host', 'prefix'] as const)(
    'holds only so many by %s and vouches for nothing that began before what it forgot',
    (by) => {
      const log = new InvalidationLog(3)
      for (const name of ['a', 'b', 'c', 'd'])
        log.purgeSubject(by === 'tags' ? { by, tags: [name] } : by === 'host' ? { by, host: name } : { by, prefix: name, host: 'h' }, false)
      expect(log.size).toBe(3)
      expect([log.verdict('unheard of', 0), log.verdict('2:/z1:z', 1)]).toEqual(['hard', 'valid'])
    },
  )
})
