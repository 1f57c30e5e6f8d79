/** `memo`: what is remembered, for how long, and who waits for whom. */
import { describe, expect, it } from 'vitest'
import { type PolicyTest, testPolicy } from '../../../src/testing/index.ts'
import { definePolicy, type Memo, type MemoOptions, memo } from '../../../vcl-ts/index.ts'

class Source {
  readonly asked: string[] = []
  fails = false
  hold: Promise<void> = Promise.resolve()

  readonly ask = async (id: string): Promise<string> => {
    this.asked.push(id)
    const count = this.asked.length
    await this.hold
    if (this.fails) throw new Error(`down ${count}`)
    return `${id} ${count}`
  }
}

async function remembering(
  more: Partial<MemoOptions<[string], string>> = {},
): Promise<{ readonly source: Source; readonly found: Memo<[string], string>; readonly cache: PolicyTest }> {
  const source = new Source()
  const found = memo({ key: (id: string) => id, ttl: '1m', ...more }, source.ask)
  return { source, found, cache: await testPolicy(definePolicy({ services: { found } })) }
}

describe('a result', () => {
  it('is given at once while it is known', async () => {
    const { source, found, cache } = await remembering()
    const first = found.get('a')
    expect(first).toBeInstanceOf(Promise)
    expect(await first).toBe('a 1')
    expect(found.get('a')).toBe('a 1')
    await cache.advance(59)
    expect(found.get('a')).toBe('a 1')
    await cache.advance(1)
    expect(await found.get('a')).toBe('a 2')
    expect(source.asked).toEqual(['a', 'a'])
  })

  it('is asked for once by many', async () => {
    const { source, found } = await remembering()
    expect(await Promise.all([found.get('a'), found.get('a'), found.get('b'), found.get('a')])).toEqual(['a 1', 'a 1', 'b 2', 'a 1'])
    expect(source.asked).toEqual(['a', 'b'])
  })

  it('may say itself for how long it is good, and 0 is not at all', async () => {
    const { source, found, cache } = await remembering({ ttl: (result) => (result.startsWith('short') ? 5 : 0) })
    for (const id of ['short', 'short', 'never', 'never']) await found.get(id)
    expect(source.asked).toEqual(['short', 'never', 'never'])
    await cache.advance(5)
    await found.get('short')
    expect(source.asked.length).toBe(4)
  })

  it('goes when there are too many, those used least lately first', async () => {
    const { source, found } = await remembering({ max: 2 })
    for (const id of ['a', 'b', 'a', 'c']) await found.get(id)
    expect(found.get('a')).toBe('a 1')
    await found.get('b')
    expect(source.asked).toEqual(['a', 'b', 'c', 'b'])
  })

  it('is forgotten on demand, also when it is still under way', async () => {
    const { source, found } = await remembering()
    await found.get('a')
    found.forget('a')
    const { promise, resolve } = Promise.withResolvers<void>()
    source.hold = promise
    const old = found.get('a')
    found.forget('a')
    source.hold = Promise.resolve()
    expect(await found.get('a')).toBe('a 3')
    resolve()
    expect(await old).toBe('a 2')
    expect(found.get('a')).toBe('a 3')
    found.clear()
    expect(await found.get('a')).toBe('a 4')
  })
})

describe('a failure', () => {
  it('is everybody’s who waited, and is not remembered', async () => {
    const { source, found } = await remembering()
    source.fails = true
    const all = await Promise.allSettled([found.get('a'), found.get('a')])
    expect(all.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    expect(source.asked).toEqual(['a'])
    source.fails = false
    expect(await found.get('a')).toBe('a 2')
  })

  it('is remembered for as long as was said', async () => {
    const { source, found, cache } = await remembering({ errorTtl: '2s' })
    source.fails = true
    await expect(found.get('a')).rejects.toThrow('down 1')
    await expect(found.get('a')).rejects.toThrow('down 1')
    await cache.advance(2)
    await expect(found.get('a')).rejects.toThrow('down 2')
  })

  it('leaves the last result in use for a while', async () => {
    const { source, found, cache } = await remembering({ staleIfError: '5m', errorTtl: 1 })
    await found.get('a')
    source.fails = true
    await cache.advance(61)
    expect(await found.get('a')).toBe('a 1')
    expect(found.get('a')).toBe('a 1')
    expect(source.asked.length).toBe(2)
    await cache.advance(298)
    expect(await found.get('a')).toBe('a 1')
    await cache.advance(2)
    await expect(found.get('a')).rejects.toThrow('down')
  })

  it('ends no process when nobody waits for it', async () => {
    const { source, found } = await remembering()
    source.fails = true
    void found.get('a')
    await new Promise((resolve) => setImmediate(resolve))
    expect(source.asked).toEqual(['a'])
  })
})

it.each([
  [{ key: 'a', ttl: 1 }, /functions/],
  [{ key: String, ttl: 0 }, /ttl/],
  [{ key: String, ttl: 1, max: 0 }, /max/],
  [{ key: String, ttl: 1, staleIfError: -1 }, /staleIfError/],
  [{ key: String, ttl: 'soon' }, /duration/],
])('refuses %j', (options, why) => {
  expect(() => memo(options as never, async () => 1)).toThrow(why)
})

it('refuses a key that is no text', async () => {
  const found = memo({ key: (id: string) => id, ttl: 1 }, async (id) => id)
  await testPolicy(definePolicy({ services: { found } }))
  expect(() => found.get(undefined as never)).toThrow('memo: key(…) has to be text, not undefined')
})
