/** Canaries and A/B tests: who is in which arm stays there, and what the arms answer is kept apart only where it differs. */
import { describe, expect, it, onTestFinished } from 'vitest'
import { armOf, backend, definePolicy, type Policy, type Split, type SplitOptions, split } from '../../vcl-ts/index.ts'
import { ScriptedOrigin } from '../support/scripted-origin.ts'
import { until } from '../support/until.ts'
import { open, reply, type Site } from './site.ts'

const CACHED = { 'Cache-Control': 'max-age=10, stale-while-revalidate=100' }

async function arm(name: string): Promise<ScriptedOrigin> {
  const origin = await ScriptedOrigin.start((hit, response) => reply(response, 200, CACHED, `${name} ${hit.url}`))
  onTestFinished(() => origin.close())
  return origin
}

interface Tested {
  readonly site: Site
  readonly old: ScriptedOrigin
  readonly next: ScriptedOrigin
  readonly shop: Split
  /** What a visitor with that cookie gets, and how. */
  see(visitor: string, path?: string): Promise<[body: string, cache: string | undefined]>
}

async function tested(options: SplitOptions = {}, policy: (shop: Split) => Partial<Policy> = () => ({})): Promise<Tested> {
  const [old, next] = await Promise.all([arm('old'), arm('next')])
  const shop = split({ old: [backend(old.url), 1], next: [backend(next.url), 1] }, { by: { cookie: 'arm' }, ...options })
  const site = await open(() => {}, {
    policy: definePolicy({ backends: { shop }, builtin: { reqCookie: false }, ...policy(shop) }),
    purgeFrom: ['loopback'],
  })
  return {
    ...{ site, old, next, shop },
    async see(visitor, path = '/') {
      const answer = await site.get(path, { Cookie: `arm=${visitor}` })
      return [answer.body.toString(), answer.get('x-cache')]
    },
  }
}

describe('a split', () => {
  it('keeps what its arms answer apart', async () => {
    const { see } = await tested()
    expect(await see('old')).toEqual(['old /', 'MISS'])
    expect(await see('next')).toEqual(['next /', 'MISS'])
    expect(await see('old')).toEqual(['old /', 'HIT'])
    expect(await see('next')).toEqual(['next /', 'HIT'])
  })

  it('shares it where the arms answer alike', async () => {
    const { see, old, next } = await tested({ keyed: false })
    expect(await see('old')).toEqual(['old /', 'MISS'])
    expect(await see('next')).toEqual(['old /', 'HIT'])
    expect([old.hits.length, next.hits.length]).toEqual([1, 0])
  })

  it('puts every other visitor into an arm, and keeps them there', async () => {
    const { see, old, next } = await tested()
    const arms = new Map<string, string>()
    for (let i = 0; i < 40; i++) arms.set(`v${i}`, (await see(`v${i}`, `/${i}`))[0].split(' ')[0] ?? '')
    expect(old.hits.length).toBeGreaterThan(8)
    expect(next.hits.length).toBeGreaterThan(8)
    for (const [visitor, name] of arms) expect((await see(visitor))[0]).toBe(`${name} /`)
  })

  it('refreshes each arm’s copy from that arm, though the refresh carries no cookie', async () => {
    const { see, site, old, next } = await tested()
    await see('old')
    await see('next')
    site.clock.advance(11_000)
    expect(await see('next')).toEqual(['next /', 'STALE'])
    await until(() => next.hits.length === 2, 'the refresh')
    expect(next.hits[1]?.headers.cookie).toBeUndefined()
    expect(await see('old')).toEqual(['old /', 'STALE'])
    await until(() => old.hits.length === 2, 'the refresh')
  })

  it('goes by what the request said when its key was made, whatever hooks do to it later', async () => {
    const { see } = await tested({}, () => ({
      miss: ({ req }) => void req.headers.delete('cookie'),
      backendFetch: ({ bereq }) => void bereq.headers.set('Cookie', 'arm=old'),
    }))
    expect(await see('next')).toEqual(['next /', 'MISS'])
  })

  it('loses what all arms have of a page to one purge', async () => {
    const { see, site } = await tested()
    await see('old')
    await see('next')
    expect((await site.ask('PURGE', '/')).status).toBe(200)
    expect([(await see('old'))[1], (await see('next'))[1]]).toEqual(['MISS', 'MISS'])
  })

  it('gives nobody another arm’s page when an arm is sick', async () => {
    const { see, site, next } = await tested()
    await next.close()
    expect(await see('old')).toEqual(['old /', 'MISS'])
    expect((await site.get('/', { Cookie: 'arm=next' })).status).toBe(502)
  })

  it('tells a hook which arm a request is in', async () => {
    const { site } = await tested({}, (shop) => ({ deliver: ({ resp, ...request }) => resp.headers.set('X-Arm', armOf(shop, request)) }))
    for (let i = 0; i < 10; i++) {
      const answer = await site.get(`/${i}`, { Cookie: `arm=v${i}` })
      expect(answer.body.toString()).toBe(`${answer.get('x-arm')} /${i}`)
    }
  })

  it('may be chosen by a hook for some requests, and left again by a restart', async () => {
    const { site, next } = await tested({}, (shop) => ({
      recv: ({ req }) => {
        req.backend = req.restarts === 0 ? shop : backend(next.url)
      },
      deliver: ({ req, resp, restart }) => (req.url === '/again' && req.restarts === 0 && resp.status === 200 ? restart() : undefined),
    }))
    const answer = await site.get('/again', { Cookie: 'arm=old' })
    expect([answer.body.toString(), answer.get('x-cache')]).toEqual(['next /again', 'MISS'])
  })
})
