/** Policies behind `routes`: which one a transaction belongs to, and what of it holds. */
import { describe, expect, it } from 'vitest'
import { type OriginSeen, runHookSync, testPolicy } from '../../src/testing/index.ts'
import { backend, definePolicy, type Policy, PolicyError, routes, stack } from '../../vcl-ts/index.ts'

const PAGE = { headers: { 'Cache-Control': 'max-age=60' }, body: 'page' }

/** Says in every hook that it ran. */
const site = (name: string, more: Policy = {}): Policy =>
  definePolicy({
    name,
    recv: ({ log }) => log('recv', name),
    hit: ({ log }) => log('hit', name),
    miss: ({ log }) => log('miss', name),
    backendFetch: ({ log }) => log('backendFetch', name),
    backendResponse: ({ log }) => log('backendResponse', name),
    deliver: ({ log }) => log('deliver', name),
    synth: ({ log }) => log('synth', name),
    ...more,
  })

const shop = site('shop')
const api = site('api')
const at = (host: string, url: string) => ({ url, headers: { Host: host } })

describe('routes', () => {
  const table = routes({ 'shop.example/*': shop, 'shop.example/api/*': api, '*.example/*': api })

  it('runs all hooks of the policy whose request it is, those of the fetch included, and none of the others', async () => {
    const cache = await testPolicy(table, { origin: PAGE })
    const miss = ['recv', 'miss', 'backendFetch', 'backendResponse', 'deliver']
    expect((await cache.request(at('shop.example', '/'))).trace.notes).toEqual(miss.map((hook) => [hook, 'shop']))
    expect((await cache.request(at('shop.example', '/api/users?x'))).trace.notes).toEqual(miss.map((hook) => [hook, 'api']))
    expect((await cache.request(at('shop.example', '/'))).trace.notes).toEqual(['recv', 'hit', 'deliver'].map((hook) => [hook, 'shop']))
    expect((await cache.request(at('a.example', '/'))).trace.notes[0]).toEqual(['recv', 'api'])
  })

  it('leaves what no route is for to the rest of the stack, which sees the others too', async () => {
    const before = site('before')
    const behind = site('behind')
    const cache = await testPolicy(stack(before, table, behind), { origin: PAGE })
    const recvs = async (host: string): Promise<string[]> =>
      (await cache.request(at(host, '/x'))).trace.notes.flatMap(([hook, name]) => (hook === 'recv' ? [name] : []))
    expect(await recvs('shop.example')).toEqual(['before', 'shop', 'behind'])
    expect(await recvs('elsewhere.test')).toEqual(['before', 'behind'])
  })

  it('names the policy that decided', async () => {
    const refusing = definePolicy({ name: 'closed', recv: async ({ synth }) => synth(403) })
    const cache = await testPolicy(stack(routes({ 'shop.example/*': shop, '/*': refusing }), site('behind')), { origin: PAGE })
    const { status, trace } = await cache.request('/x')
    expect([status, trace.hooks[0]?.by]).toEqual([403, 'recv of policy closed'])
    expect(trace.notes).toEqual([['synth', 'behind']])
  })

  it('is chosen even where a policy before it decides', async () => {
    const cache = await testPolicy(stack(definePolicy({ recv: ({ pass }) => pass() }), table), { origin: PAGE })
    expect((await cache.request(at('shop.example', '/api/'))).trace.notes).toEqual(
      ['backendFetch', 'backendResponse', 'deliver'].map((hook) => [hook, 'api']),
    )
  })

  it('goes by what policies before it have made of the request, and not by what its own make of it', async () => {
    const rewriting = definePolicy({
      recv({ req }) {
        if (req.url.startsWith('/old/')) req.url = req.url.replace('/old/', '/api/')
      },
    })
    const wandering = site('api', { recv: ({ req }) => void (req.url = '/moved') })
    const cache = await testPolicy(stack(rewriting, routes({ '/api/*': wandering, '/*': shop })), { origin: PAGE })
    expect((await cache.request('/old/x')).trace.notes).toEqual(
      ['miss', 'backendFetch', 'backendResponse', 'deliver'].map((hook) => [hook, 'api']),
    )
  })

  it('is chosen again after a restart', async () => {
    const moved = site('shop', {
      recv({ req, restart }) {
        if (req.restarts > 0) return undefined
        req.url = '/api/x'
        return restart()
      },
    })
    const own = backend('http://shop')
    const cache = await testPolicy(routes({ '/api/*': api, '/*': { ...moved, backends: { own } } }), { origin: PAGE })
    const { trace } = await cache.request('/x')
    expect(trace.notes).toEqual(['recv', 'miss', 'backendFetch', 'backendResponse', 'deliver'].map((hook) => [hook, 'api']))
    expect(trace.origin[0]?.backend).toBe('http://origin.test')
  })

  it('is remembered by the refresh that outlives its request', async () => {
    const long = site('long', { backendResponse: ({ beresp }) => void (beresp.grace = 600) })
    const cache = await testPolicy(routes({ '/*': long }), { origin: PAGE })
    await cache.request('/')
    await cache.advance(90)
    expect((await cache.request('/')).trace.background.hooks.map(({ hook }) => hook)).toEqual(['backendFetch', 'backendResponse'])
    await cache.advance(90)
    expect((await cache.request('/')).trace.decision).toBe('stale')
  })

  it('is found by a test of one hook, too', () => {
    expect(runHookSync(table, 'deliver', { req: at('shop.example', '/api/x') }).notes).toEqual([['deliver', 'api']])
    expect(runHookSync(table, 'backendFetch', { bereq: at('shop.example', '/x?/api/') }).notes).toEqual([['backendFetch', 'shop']])
    expect(runHookSync(table, 'backendFetch', { bereq: at('nowhere.test', '/') }).notes).toEqual([])
  })

  it('may be within a route, and hold stacks', async () => {
    const nested = routes({ '/*': stack(routes({ '/a/*': shop, '/b/*': api }), site('all')), 'other.test/*': site('other') })
    const cache = await testPolicy(nested, { origin: PAGE })
    const said = async (url: string): Promise<string> => (await cache.request(url)).trace.notes.map(([, name]) => name).join(' ')
    expect(await said('/a/x')).toBe('shop all shop all shop all shop all shop all')
    expect(await said('/b/x')).toBe('api all api all api all api all api all')
    expect(await said('/c/x')).toBe('all all all all all')
  })
})

describe('of a policy behind a route', () => {
  const [one, two, three] = [backend('http://one'), backend('http://two'), backend('http://three')]
  const asked = (seen: readonly OriginSeen[]): string[] => seen.map((each) => each.backend)

  it('the first backend is where its requests go, unless a hook says otherwise', async () => {
    const first = definePolicy({
      backends: { one, two },
      recv: ({ req }) => (req.path === '/1/two' ? void (req.backend = two) : undefined),
    })
    const passing = definePolicy({ recv: ({ req, pass }) => (req.path === '/1/pass' ? pass() : undefined) })
    const cache = await testPolicy(stack(passing, routes({ '/1/*': first, '/3/*': { backends: { three } } })), { origin: PAGE })
    expect(asked((await cache.request('/1/x')).trace.origin)).toEqual(['http://one'])
    expect(asked((await cache.request('/1/two')).trace.origin)).toEqual(['http://two'])
    expect(asked((await cache.request('/1/pass')).trace.origin)).toEqual(['http://one'])
    expect(asked((await cache.request('/3/x')).trace.origin)).toEqual(['http://three'])
    expect(asked((await cache.request('/x')).trace.origin)).toEqual(['http://origin.test'])
  })

  it('the state is made for its own requests, under keys that the others may have, too', async () => {
    let made = 0
    const with_ = (name: string): Policy =>
      definePolicy({
        state: () => ({ name, rounds: 0, made: ++made }),
        recv({ req, state, restart }) {
          state.rounds++
          return req.restarts === 0 && req.headers.has('again') ? restart() : undefined
        },
        deliver: ({ state, log }) => log(state.name, state.rounds),
      })
    const outer = definePolicy({ state: () => ({ outer: 1 }), deliver: ({ state, log }) => log('outer', state.outer) })
    const cache = await testPolicy(stack(outer, routes({ '/a/*': with_('a'), '/b/*': with_('b') })), { origin: PAGE })
    made = 0
    expect((await cache.request('/a/x')).trace.notes).toEqual([
      ['outer', '1'],
      ['a', '1'],
    ])
    expect((await cache.request({ url: '/b/x', headers: { again: '1' } })).trace.notes[1]).toEqual(['b', '2'])
    expect(made).toBe(2)
  })

  it('a state key of a policy beside the routes is refused', async () => {
    const keyed = (key: string): Policy => ({ state: () => ({ [key]: 1 }) })
    await expect(testPolicy(stack(keyed('a'), routes({ '/*': keyed('a') })))).rejects.toThrow('state key named a')
    await expect(testPolicy(stack(routes({ '/*': keyed('a') }), keyed('a')))).rejects.toThrow('state key named a')
  })

  it('built-in steps that it switches off or replaces are so for its requests alone', async () => {
    const open = definePolicy({ name: 'open', builtin: { reqMethod: ({ hash }) => hash(), synthPage: false } })
    const cache = await testPolicy(stack(routes({ '/open/*': open, '/x': {} }), { builtin: { reqAuthorization: false } }), { origin: PAGE })
    const by = async (url: string) => (await cache.request({ method: 'POST', url })).trace.hooks[0]
    expect(await by('/open/x')).toMatchObject({ by: 'step reqMethod', action: { type: 'hash' } })
    expect(await by('/x')).toMatchObject({ by: 'step reqMethod', action: { type: 'pass' } })
    expect(await by('/none')).toMatchObject({ by: 'step reqMethod', action: { type: 'pass' } })
    const classOf = async (url: string) => (await cache.request({ url, headers: { Authorization: 'Basic x' } })).trace.class
    expect([await classOf('/x'), await classOf('/none')]).toEqual(['anonymous', 'anonymous'])
  })

  it('a step that a policy before the routes changes is the same for all', async () => {
    const first: Policy = { builtin: { reqMethod: ({ synth }) => synth(418) } }
    const cache = await testPolicy(stack(first, routes({ '/*': { builtin: { reqMethod: false } } })))
    expect((await cache.request('/x')).status).toBe(418)
  })

  it('init and fini run once, however many routes lead to it', async () => {
    const ran: string[] = []
    const counted = definePolicy({ init: () => void ran.push('init'), fini: () => void ran.push('fini') })
    const cache = await testPolicy(routes({ 'a.example/*': counted, 'b.example/*': counted }))
    await cache.close()
    expect(ran).toEqual(['init', 'fini'])
  })

  it('a hook that throws fails its own requests', async () => {
    const broken = definePolicy({
      name: 'broken',
      recv() {
        throw new Error('no')
      },
    })
    const cache = await testPolicy(routes({ '/broken/*': broken, '/*': {} }), { origin: PAGE })
    expect((await cache.request('/broken/x')).trace.hooks[0]).toMatchObject({ action: { reason: 'recv of policy broken threw' } })
    expect((await cache.request('/x')).status).toBe(200)
  })

  it('a number that a hook answers is no way to go on', async () => {
    const odd = { recv: () => 3 as never }
    const cache = await testPolicy(routes({ '/*': odd }), { origin: PAGE })
    expect((await cache.request('/x')).trace.hooks[0]).toMatchObject({ action: { type: 'fail' } })
  })

  it('hosts of includes are allowed in its pages alone', async () => {
    const page = {
      headers: { 'Cache-Control': 'max-age=60' },
      body: '<p><esi:include src="http://ads.example/ad" onerror="continue"/></p>',
    }
    const origin = ({ url }: { url: string }) => (url === '/ad' ? { ...PAGE, body: 'AD' } : page)
    const assembled: Policy = { backendResponse: ({ beresp }) => void (beresp.esi = true) }
    const cache = await testPolicy(stack(assembled, routes({ '/ads/*': { esi: { hosts: ['ads.example'] } } })), { origin })
    expect((await cache.request('/ads/x')).body).toBe('<p>AD</p>')
    expect((await cache.request('/x')).body).toBe('<p></p>')
  })
})

describe('routes that cannot be', () => {
  it.each([
    [{}, 'at least one route'],
    [{ 'a.example': {} }, 'the route "a.example" cannot be: it has no path'],
    [{ 'a.example/*': {}, 'A.example/*': {} }, 'the routes "a.example/*" and "A.example/*" are the same'],
    [{ '/x': {}, '*/x': {} }, 'are the same'],
    [{ '/x': { rcv: () => {} } }, 'did you mean recv?'],
    [{ '/x': undefined }, 'must be an object'],
    [{ '/x': { builtin: { reqCacheControl: false } } }, 'beside routes()'],
  ])('%j', (table, fault) => {
    expect(() => routes(table as never)).toThrow(PolicyError)
    expect(() => routes(table as never)).toThrow(fault)
  })

  it('are refused where they were not made by routes()', () => {
    expect(() => definePolicy({ routes: {} } as never)).toThrow('make routes with routes(')
    expect(() => definePolicy({ ...routes({ '/*': {} }), recv: () => {} })).toThrow('beside routes')
  })
})
