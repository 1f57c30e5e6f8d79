/** Policies behind `front`: who has a request, and from where on. */
import { describe, expect, it } from 'vitest'
import { runHookSync, testPolicy } from '../../src/testing/index.ts'
import { backend, definePolicy, front, handOver, type Policy, PolicyError, routes, stack } from '../../vcl-ts/index.ts'

const PAGE = { headers: { 'Cache-Control': 'max-age=60' }, body: 'page' }

/** Says in every hook that it ran. */
const site = (name: string, more: Policy = {}): Policy =>
  definePolicy({
    name,
    recv: ({ log }) => log('recv', name),
    hash: ({ key }) => void key.add(name),
    miss: ({ log }) => log('miss', name),
    backendFetch: ({ log }) => log('backendFetch', name),
    backendResponse: ({ log }) => log('backendResponse', name),
    deliver: ({ log }) => log('deliver', name),
    synth: ({ log }) => log('synth', name),
    ...more,
  })

/** Hands requests for `NAME.example` to the policy of that name. */
const choosing = site('main', {
  recv(context) {
    context.log('recv', 'main')
    const [name = '', top] = context.req.host.split('.')
    return top === 'example' ? handOver(context, name) : undefined
  },
})
const at = (host: string, url: string = '/') => ({ url, headers: { Host: host } })
const HOOKS = ['recv', 'miss', 'backendFetch', 'backendResponse', 'deliver']

describe('front', () => {
  it('hands a request over: the other recv runs from its beginning, and all further hooks are of that policy', async () => {
    const cache = await testPolicy(front(choosing, { shop: site('shop'), blog: site('blog') }), { origin: PAGE })
    for (const name of ['shop', 'blog'])
      expect((await cache.request(at(`${name}.example`))).trace.notes).toEqual([['recv', 'main'], ...HOOKS.map((hook) => [hook, name])])
    expect((await cache.request(at('elsewhere.test'))).trace.notes).toEqual(HOOKS.map((hook) => [hook, 'main']))
  })

  it('waits for a recv that is asynchronous', async () => {
    const slow = site('main', { recv: async (context) => handOver(context, 'shop') })
    const cache = await testPolicy(front(slow, { shop: site('shop', { recv: async ({ synth }) => synth(418) }) }))
    const { status, trace } = await cache.request('/')
    expect([status, trace.hooks[0]?.by, trace.notes]).toEqual([418, 'recv of policy shop', [['synth', 'shop']]])
  })

  it('leaves out what stands behind the policy in front, but not what stands beside', async () => {
    const policy = stack(front(stack(choosing, site('never')), { shop: stack(site('shop'), site('more')) }), site('beside'))
    const cache = await testPolicy(policy, { origin: PAGE })
    const recvs = (await cache.request(at('shop.example'))).trace.notes.filter(([hook]) => hook === 'recv')
    expect(recvs.map(([, name]) => name)).toEqual(['main', 'shop', 'more', 'beside'])
  })

  it('gives it the backend, state and built-in steps of the policy', async () => {
    const [one, two] = [backend('http://one'), backend('http://two')]
    const main: Policy = { ...choosing, backends: { one }, state: () => ({ count: 7 }) }
    const shop = definePolicy<{ count: number }>({
      backends: { two },
      state: () => ({ count: 0 }),
      builtin: { reqCookie: false },
      recv: ({ state }) => void state.count++,
      deliver: ({ resp, state }) => resp.headers.set('X-Count', String(state.count)),
    })
    const cache = await testPolicy(front(main, { shop: shop as Policy }), { origin: PAGE, preset: 'varnish' })
    const cookie = { Cookie: 'a=1' }
    const found = await cache.request({ url: '/', headers: { Host: 'shop.example', ...cookie } })
    expect([found.headers.get('x-count'), found.trace.decision, found.trace.origin[0]?.backend]).toEqual(['1', 'miss', 'http://two'])
    const other = await cache.request({ url: '/', headers: { Host: 'x.test', ...cookie } })
    expect([other.headers.get('x-count'), other.trace.decision, other.trace.origin[0]?.backend]).toEqual([undefined, 'pass', 'http://one'])
  })

  it('keeps it through restarts, and hands nothing over after one', async () => {
    const again = site('shop', {
      recv({ req, restart, log }) {
        log('recv', `shop ${req.restarts}`)
        return req.restarts === 0 ? restart() : undefined
      },
    })
    const cache = await testPolicy(front(choosing, { shop: again }), { origin: PAGE })
    const { trace } = await cache.request(at('shop.example'))
    expect(trace.notes.slice(0, 4)).toEqual([
      ['recv', 'main'],
      ['recv', 'shop 0'],
      ['recv', 'shop 1'],
      ['miss', 'shop'],
    ])
    const late = site('main', { recv: (context) => (context.req.restarts === 0 ? context.restart() : handOver(context, 'shop')) })
    const refused = await (await testPolicy(front(late, { shop: site('shop') }), { origin: PAGE })).request('/')
    expect(refused.status).toBe(503)
    expect(refused.trace.origin).toEqual([])
  })

  it('fails a request that is handed on, or to nobody, or from where nobody is behind', async () => {
    const status = async (policy: Policy): Promise<number> => (await (await testPolicy(policy, { origin: PAGE })).request('/')).status
    const to = (name: string): Policy => definePolicy({ recv: (context) => handOver(context, name) })
    expect(await status(front(to('shop'), { shop: {} }))).toBe(200)
    expect(await status(front(to('shop'), { shop: to('blog'), blog: {} }))).toBe(503)
    expect(await status(front(to('shop'), { blog: {} }))).toBe(503)
    expect(await status(to('shop'))).toBe(503)
    expect(await status(stack(to('shop'), routes({ '/*': {} })))).toBe(503)
    const { action } = runHookSync(front(to('shp'), { shop: {} }), 'recv', {})
    expect(String((action as { cause?: unknown }).cause)).toContain('did you mean shop?')
  })

  it('may stand behind a route', async () => {
    const cache = await testPolicy(routes({ '*.example/*': front(choosing, { shop: site('shop') }), '/*': site('all') }), { origin: PAGE })
    expect((await cache.request(at('shop.example'))).trace.notes.map(([, name]) => name)).toEqual(['main', ...HOOKS.map(() => 'shop')])
    expect((await cache.request(at('x.test'))).trace.notes[0]).toEqual(['recv', 'all'])
  })

  it('refuses what cannot be handed to', () => {
    expect(() => front({}, {})).toThrow(PolicyError)
    expect(() => front({}, { shop: front({}, { blog: {} }) })).toThrow('the policy shop is a front() itself')
    expect(() => front({}, { shop: { recieve: 1 } as unknown as Policy })).toThrow('"shop"')
    expect(() => front({}, { shop: { builtin: { reqCacheControl: false } } })).toThrow('reqCacheControl')
  })
})
