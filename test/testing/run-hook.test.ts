/** The testing kit with one hook at a time. */
import { describe, expect, it } from 'vitest'
import { actions, runHook, runHookSync } from '../../src/testing/index.ts'
import { definePolicy, PolicyError } from '../../vcl-ts/index.ts'

const site = definePolicy({
  name: 'site',
  state: () => ({ tenant: 'none' }),
  recv({ req, client, state, pass, purge }) {
    if (req.method === 'PURGE' && client.ip === '10.0.0.1') return purge({ soft: true })
    state.tenant = req.headers.get('x-tenant') ?? state.tenant
    req.headers.delete('x-tenant')
    return req.path === '/cart' ? pass() : undefined
  },
  hash({ key, state }) {
    key.add(state.tenant)
  },
  backendResponse({ beresp, hitForPass }) {
    if (beresp.headers.has('x-private')) return hitForPass('2m')
    beresp.grace = '1h'
    beresp.tags.add('page')
    return undefined
  },
  async deliver({ resp, obj }) {
    resp.headers.set('X-Hits', String(obj.hits))
  },
})

describe('one hook', () => {
  it('gives the action as plain data', () => {
    expect(runHookSync(site, 'recv', { req: { url: '/cart?a=1' } })).toMatchObject({ action: actions.pass(), by: 'recv of policy site' })
    const purge = runHookSync(site, 'recv', { req: { method: 'PURGE' }, client: { ip: '10.0.0.1' } })
    expect(purge.action).toEqual({ type: 'purge', soft: true })
  })

  it('gives the nouns as the hook left them', () => {
    const { action, by, nouns } = runHookSync(site, 'recv', { req: { headers: { 'X-Tenant': 'north' } } })
    expect([action, by]).toEqual([actions.hash(), 'default of recv'])
    expect(nouns.state.tenant).toBe('north')
    expect(nouns.req.headers.has('x-tenant')).toBe(false)
    expect(nouns.req.original.headers.get('x-tenant')).toBe('north')
  })

  it('goes through the built-in steps of a preset', () => {
    const nouns = { req: { headers: { Cookie: 'session=1' } } }
    expect(runHookSync(site, 'recv', nouns)).toMatchObject({ action: actions.hash(), nouns: { req: { credentialed: true } } })
    expect(runHookSync(site, 'recv', nouns, { preset: 'varnish' })).toMatchObject({
      action: actions.pass('REQUEST_COOKIE'),
      by: 'step reqCookie',
    })
  })

  it('computes lifetimes from the fields of an answer, as for an answer of an origin', () => {
    const run = runHookSync(site, 'backendResponse', { beresp: { headers: { 'Cache-Control': 's-maxage=90, max-age=5' } } })
    expect(run.action).toEqual(actions.deliver())
    expect(run.nouns.beresp).toMatchObject({ ttl: 90, grace: 3600, control: { source: 's-maxage' } })
    expect([...run.nouns.beresp.tags]).toEqual(['page'])
    const cookie = runHookSync(site, 'backendResponse', { beresp: { headers: { 'Set-Cookie': 'a=1', 'Cache-Control': 'max-age=60' } } })
    expect(cookie).toMatchObject({ by: 'step berespCookie', nouns: { beresp: { uncacheable: true, why: 'SET_COOKIE', ttl: 120 } } })
    const secret = runHookSync(site, 'backendResponse', { beresp: { headers: { 'X-Private': '1' } } })
    expect(secret.action).toEqual(actions.hitForPass(120))
  })

  it('shows the parts of the key', () => {
    const { keyParts, action } = runHookSync(site, 'hash', { req: { url: '/a' }, state: { tenant: 'south' } })
    expect(keyParts).toEqual(['/a', 'www.example.com', 'south'])
    expect(action).toEqual(actions.lookup())
  })

  it('may be asynchronous', async () => {
    const { action, nouns } = await runHook(site, 'deliver', { obj: { hits: 7 } })
    expect(action).toEqual(actions.deliver())
    expect(nouns.resp.headers.get('x-hits')).toBe('7')
    expect(() => runHookSync(site, 'deliver')).toThrow('deliver is asynchronous')
  })

  it('writes the built-in page where an error has no body', () => {
    const { nouns } = runHookSync(site, 'synth', { resp: { status: 503, why: 'ERROR', detail: 'the origin is away' } })
    expect(nouns.resp.body).toContain('the origin is away')
    expect(nouns.resp.headers.get('cache-control')).toBe('no-store')
  })

  it('gives what a hook threw, and refuses an illegal action', () => {
    const cause = new Error('boom')
    const broken = {
      recv() {
        throw cause
      },
      hit: () => ({ type: 'lookup' }) as never,
    }
    expect(runHookSync(broken, 'recv')).toMatchObject({ action: { type: 'fail', reason: 'recv threw', cause }, by: 'recv' })
    expect(runHookSync(broken, 'hit').action).toMatchObject({ type: 'fail', reason: expect.stringContaining('legal in hit') })
  })

  it('refuses nouns that no client and no origin can send', () => {
    expect(() => runHookSync(site, 'recv', { req: { url: 'page' } })).toThrow(TypeError)
    expect(() => runHookSync(site, 'recv', { req: { headers: { 'X-A': 'a\nb' } } })).toThrow(TypeError)
    expect(() => runHookSync(site, 'backendResponse', { beresp: { status: 42 } })).toThrow(TypeError)
  })

  it('refuses a policy that the server refuses', async () => {
    await expect(runHook({ rcev() {} } as never, 'recv')).rejects.toThrow(PolicyError)
  })

  it('takes only the nouns that the hook has', () => {
    // @ts-expect-error: recv sees no answer
    runHookSync(site, 'recv', { beresp: { status: 200 } })
    // @ts-expect-error: no such hook
    expect(() => runHookSync(site, 'receive')).toThrow()
  })
})
