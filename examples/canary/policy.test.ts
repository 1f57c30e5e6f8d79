/** Who sees the canary, for how long, and what is stored for whom. */
import { describe, expect, it, type PolicyTest, type TestAnswer, testPolicy } from 'clearcoat/vcl-ts/testing'
import canary, { next, stable } from './policy.ts'

const shopOf = (): Promise<PolicyTest> =>
  testPolicy(canary, {
    origin: ({ backend, headers }) => ({
      headers: { 'Cache-Control': 'max-age=60' },
      body: `${backend === next.url ? 'next' : 'stable'}${headers.has('cookie') ? ` ${headers.get('cookie')}` : ''}`,
    }),
  })
const visit = (cache: PolicyTest, ip: string, cookie?: string): Promise<TestAnswer> =>
  cache.request({ url: '/', ip, ...(cookie === undefined ? {} : { headers: { Cookie: cookie } }) })
const address = (number: number): string => `198.51.${100 + Math.floor(number / 250)}.${(number % 250) + 1}`
const armGiven = ({ headers }: TestAnswer): string | undefined => /^arm=(\w+);/.exec(headers.get('set-cookie') ?? '')?.[1]

/** A visitor who comes for the first time and whom the split sends to that arm. */
async function visitorOf(cache: PolicyTest, arm: string): Promise<string> {
  for (let number = 0; ; number++) if ((await visit(cache, address(number))).body === arm) return address(number)
}

describe('the canary', () => {
  it('is seen by one visitor in ten', async () => {
    const cache = await shopOf()
    let seen = 0
    for (let number = 0; number < 1000; number++) if ((await visit(cache, address(number))).body === 'next') seen++
    expect(seen).toBeGreaterThan(70)
    expect(seen).toBeLessThan(130)
    // Two pages are stored, one of each version, and everybody shares them.
    expect(cache.stat()).toMatchObject({ cache_miss: 2, cache_hit: 998 })
  })

  it('stays with whom it came to, wherever they come from next', async () => {
    const cache = await shopOf()
    for (const arm of ['next', 'stable']) {
      const first = await visit(cache, await visitorOf(cache, arm))
      expect(armGiven(first)).toBe(arm)
      for (let number = 0; number < 20; number++) {
        const again = await visit(cache, address(number), `arm=${arm}`)
        expect([again.body, armGiven(again)]).toEqual([arm, undefined])
      }
    }
  })

  it('gives its cookie to one visitor, and stores none', async () => {
    const cache = await shopOf()
    const visitor = await visitorOf(cache, 'stable')
    const answers = [await visit(cache, visitor), await visit(cache, visitor)]
    expect(answers.map((answer) => [answer.trace.decision, armGiven(answer)])).toEqual([
      ['hit', 'stable'],
      ['hit', 'stable'],
    ])
    expect((await visit(cache, visitor, 'arm=stable')).headers.has('set-cookie')).toBe(false)
  })

  it('is told to the log', async () => {
    const cache = await shopOf()
    expect((await visit(cache, '192.0.2.1', 'arm=next')).trace.notes).toEqual([['arm', 'next']])
  })

  it('lets a shopper with a cart see a page of their own, without telling the shop of the arm', async () => {
    const cache = await shopOf()
    const answer = await visit(cache, '192.0.2.1', 'arm=next; cart=7; _ga=1')
    expect([answer.body, answer.trace.class]).toEqual(['next cart=7', 'credentialed'])
    expect((await visit(cache, '192.0.2.1', 'arm=next')).body).toBe('next')
  })

  it('is seen by nobody while it is sick', async () => {
    const cache = await shopOf()
    const visitor = await visitorOf(cache, 'next')
    cache.setHealth(next, 'sick')
    for (const cookie of [undefined, 'arm=next']) {
      const answer = await visit(cache, visitor, cookie)
      expect([answer.status, answer.body, answer.headers.has('set-cookie')]).toEqual([200, 'stable', false])
    }
    cache.setHealth(next, 'auto')
    expect((await visit(cache, visitor)).body).toBe('next')
    expect((await visit(cache, visitor, 'arm=stable')).trace.origin.map(({ backend }) => backend)).not.toContain(stable.url)
  })
})
