/** What must and must not compile. The compiler is the test: an expectation that no longer fails is an error. */
import { expect, expectTypeOf, it } from 'vitest'
import type { Action, ActionType, Verbs } from '../../vcl-ts/actions.ts'
import type { ClientContext, ClientHook, FetchContext, FetchHook, HookContext } from '../../vcl-ts/hook-context.ts'
import {
  acl,
  backend,
  byName,
  consistent,
  definePolicy,
  fallback,
  type HookAction,
  type Policy,
  type Resp,
  type RespSynth,
  roundRobin,
  split,
  stack,
  withKey,
} from '../../vcl-ts/index.ts'
import type { Hook, RequestHook } from '../../vcl-ts/legal.ts'

function whatCompiles(): Policy {
  const app = backend('http://127.0.0.1:3000', { connectTimeout: '500ms' })
  const office = acl('10.0.0.0/8', '!10.1.2.3')
  const site = definePolicy({
    name: 'site',
    backends: { app },
    state: () => ({ tenant: '' }),
    builtin: { reqCookie: false, reqMethod: ({ req, state, pass }) => (req.method === state.tenant ? pass() : undefined) },
    recv({ req, client, state, purge, pass }) {
      if (req.method === 'PURGE' && office.matches(client.ip)) return purge({ soft: true })
      expectTypeOf(state).toEqualTypeOf<{ tenant: string }>()
      state.tenant = req.headers.get('x-tenant') ?? 'none'
      if (req.url.startsWith('/api/')) return pass()
      return undefined
    },
    hash({ key, state }) {
      key.add(state.tenant)
    },
    async backendResponse({ beresp, hitForPass }) {
      if (beresp.headers.has('x-private')) return hitForPass(120)
      beresp.ttl = '1h'
      beresp.grace = 3600
      beresp.tags.add('shop')
      return undefined
    },
    deliver({ resp, obj }) {
      resp.headers.set('x-hits', String(obj.hits))
    },
    synth({ resp }) {
      resp.body = new Uint8Array()
    },
    backendError({ beresp, retry, bereq }) {
      if (bereq.retries === 0) return retry()
      beresp.body = 'sorry'
      return undefined
    },
    init: ({ ok }) => ok(),
    fini: async () => {},
  })
  const other = definePolicy({ state: () => ({ user: 1 }), recv: async ({ state, synth }) => (state.user === 1 ? synth(200) : undefined) })
  return stack(site, other, {})
}

function illegalActions(): void {
  definePolicy({
    recv(context) {
      // @ts-expect-error: deliver is not legal in recv
      context.deliver()
      // @ts-expect-error: nor is lookup
      context.lookup()
    },
    hit(context) {
      // @ts-expect-error: a hit fetches nothing
      context.fetch()
    },
    backendResponse(context) {
      // @ts-expect-error: the client side's verbs are not here
      context.synth(200)
    },
    synth(context) {
      // @ts-expect-error: synth cannot lead to synth
      context.synth(200)
    },
  })
  // @ts-expect-error: an action of another hook
  definePolicy({ recv: () => ({ type: 'deliver' }) as HookAction<'deliver'> })
  // @ts-expect-error: an asynchronous action of another hook
  definePolicy({ recv: async () => ({ type: 'lookup' }) as HookAction<'hash'> })
  // @ts-expect-error: a verb instead of what it builds
  definePolicy({ recv: ({ pass }) => pass })
  // @ts-expect-error: text is no action
  definePolicy({ recv: () => 'pass' })
  // @ts-expect-error: null has no meaning
  definePolicy({ recv: () => null })
  // @ts-expect-error: hash must not be asynchronous
  definePolicy({ hash: async () => {} })
  // @ts-expect-error: hash must not be asynchronous, whatever it answers
  definePolicy({ hash: async ({ lookup }) => lookup() })
}

function illegalShapes(): void {
  // @ts-expect-error: VCL's name of the hook
  definePolicy({ backend_response: () => {} })
  // @ts-expect-error: no such step
  definePolicy({ builtin: { reqCookies: false } })
  // @ts-expect-error: a step is switched off with false
  definePolicy({ builtin: { reqCookie: true } })
  // @ts-expect-error: a step answers what its hook may
  definePolicy({ builtin: { berespCookie: () => ({ type: 'pass', reason: 'POLICY' }) } })
  // @ts-expect-error: a step sees what its hook sees
  definePolicy({ builtin: { reqCookie: ({ beresp }) => void beresp } })
  // @ts-expect-error: a backend is made with backend()
  definePolicy({ backends: { app: 'http://127.0.0.1' } })
  // @ts-expect-error: state is made for each transaction
  definePolicy({ state: { tenant: '' } })
  // @ts-expect-error: the state has no such key
  definePolicy({ state: () => ({ tenant: '' }), recv: ({ state }) => void state.tennant })
}

function illegalNouns(): void {
  definePolicy({
    recv(context) {
      // @ts-expect-error: there is no answer yet
      void context.resp
      // @ts-expect-error: the address is a fact
      context.client.ip = ''
      // @ts-expect-error: what the client sent stays what it was
      context.req.original.url = ''
      // @ts-expect-error: an engine's count
      context.req.restarts = 0
      // @ts-expect-error: header maps are changed, not exchanged
      context.req.headers = context.req.original.headers
      // @ts-expect-error: the state object is one for the whole transaction
      context.state = {}
    },
    hit({ obj }) {
      // @ts-expect-error: what is stored is read only
      obj.ttl = 5
      // @ts-expect-error: its tags too
      obj.tags.add('x')
    },
    deliver({ resp }) {
      // @ts-expect-error: bodies are never handed to policy
      resp.body = ''
    },
    backendResponse({ beresp }) {
      // @ts-expect-error: bodies are never handed to policy
      beresp.body = ''
      // @ts-expect-error: not a duration
      beresp.ttl = '1 hour'
      // @ts-expect-error: what the fields say is a fact
      beresp.control.noStore = false
    },
    backendFetch(context) {
      // @ts-expect-error: a fetch may outlive its request
      void context.req
      // @ts-expect-error: the class was decided on the client side
      context.bereq.credentialed = false
    },
    backendError({ beresp }) {
      // @ts-expect-error: no answer of the origin stands behind it
      void beresp.control
    },
  })
}

/** The engine's one object per side satisfies every hook of that side. */
function engineContexts(client: ClientContext, fetch: FetchContext): void {
  const clientSide: { readonly [H in ClientHook]: HookContext<H> } = {
    recv: client,
    hash: client,
    purge: client,
    hit: client,
    miss: client,
    pass: client,
    pipe: client,
    deliver: client,
    synth: client,
  }
  const fetchSide: { readonly [H in FetchHook]: HookContext<H> } = {
    backendFetch: fetch,
    backendRefresh: fetch,
    backendResponse: fetch,
    backendError: fetch,
  }
  expectTypeOf<keyof typeof clientSide | keyof typeof fetchSide>().toEqualTypeOf<RequestHook>()
}

function directors({ req }: HookContext<'recv'>, { bereq, beresp }: HookContext<'backendResponse'>): void {
  const a = backend('http://a')
  req.backend = fallback([roundRobin([a]), split({ a })])
  bereq.backend = withKey(consistent([a]), 'key')
  beresp.deny('1m')
  // @ts-expect-error: a URL is not a backend
  req.backend = 'http://a'
  // @ts-expect-error: nor a list of them
  req.backend = [a]
  // @ts-expect-error: the arm is part of what a cache key would be
  split({ a }, { by: 'hash' })
  // @ts-expect-error: byName has to know where the name is
  byName({ a })
}

function derivedTypes(): void {
  expectTypeOf<HookAction<'hash'>['type']>().toEqualTypeOf<'fail' | 'lookup'>()
  expectTypeOf<HookAction<'init'>['type']>().toEqualTypeOf<'ok'>()
  expectTypeOf<HookAction<Hook>>().toEqualTypeOf<Action>()
  expectTypeOf<keyof Verbs>().toEqualTypeOf<ActionType>()
  expectTypeOf<HookContext<'deliver'>['resp']>().toEqualTypeOf<Resp>()
  expectTypeOf<HookContext<'synth'>['resp']>().toEqualTypeOf<RespSynth>()
  expectTypeOf<keyof HookContext<'backendFetch'>>().toEqualTypeOf<'now' | 'state' | 'bereq' | 'fail' | 'abandon' | 'error' | 'fetch' | 'log' | 'healthy'>()
}

it('compiles what is legal and refuses what is not, which the type check proves', () => {
  for (const refused of [illegalActions, illegalShapes, illegalNouns, engineContexts, directors, derivedTypes])
    expect(refused).toBeTypeOf('function')
  expect(whatCompiles().stack).toHaveLength(3)
})
