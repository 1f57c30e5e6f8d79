/** What an explanation tells of the user's policy: who decided what, where in the source, and what was changed. */
import { describe, expect, it } from 'vitest'
import { definePolicy } from '../../vcl-ts/index.ts'
import { always, open } from '../journey/site.ts'
import { Folder } from '../policy/folder.ts'
import { deciders, decisionOf, explain, openWith } from './explaining.ts'

const MINUTE = always({ 'Cache-Control': 'max-age=60' })

describe('decisions of a policy', () => {
  it('are told with file, line and column of the verb, in the order in which they ran', async () => {
    const site = await openWith(
      `import { definePolicy } from 'clearcoat/vcl-ts'

type Path = string
const isCart = (path: Path): boolean => path === '/cart'

export default definePolicy({
  name: 'shop',
  recv({ req, pass }) {
    if (isCart(req.path)) {
      return pass()
    }
    return undefined
  },
  pass() {},
})
`,
      MINUTE,
    )
    const told = await explain(site, '/cart')
    expect(told.verdict).toEqual({
      kind: 'PASS',
      reason: 'POLICY',
      text: 'The policy decided so (recv of policy shop); it goes to the origin for itself alone.',
      at: { file: site.file, line: 10, column: 14 },
    })
    expect(told.hit).toEqual(['Recv of policy shop at shop.ts:10 passes it; without that it goes on to the look-up.'])
    expect(told.decisions.map(({ by, own, action, at }) => [by, own, action?.type ?? null, at?.line ?? null])).toEqual([
      ['recv of policy shop', true, 'pass', 10],
      ['pass of policy shop', true, null, null],
      ['default of pass', false, 'fetch', null],
      ['default of backendFetch', false, 'fetch', null],
    ])
    expect((await explain(site, '/')).decisions[0]).toMatchObject({ by: 'recv of policy shop', action: null, at: null })
  })

  it('list what each function assigned, cookies and credentials hidden', async () => {
    const site = await openWith(
      `export default {
  state: () => ({ tenant: '' }),
  recv({ req, state }) {
    state.tenant = 'acme'
    req.url = '/' + req.url.length
    req.headers.delete('x-debug')
    req.headers.set('Cookie', 'cart=9; plain')
    req.headers.set('Authorization', 'Bearer other')
  },
  hash({ key, state }) { key.add(state.tenant) },
  backendFetch({ bereq }) { bereq.firstByteTimeout = 5 },
}`,
      MINUTE,
    )
    const told = await explain(site, '/abc', { Cookie: 'cart=1; plain', 'X-Debug': '1', Authorization: 'Bearer secret' })
    expect(decisionOf(told, 'recv').changes).toEqual([
      { noun: 'state.tenant', before: '', after: 'acme' },
      { noun: 'req.url', before: '/abc', after: '/4' },
      { noun: 'req.headers.cookie', before: 'cart=***; ***', after: 'cart=***; ***' },
      { noun: 'req.headers.x-debug', before: '1', after: null },
      { noun: 'req.headers.authorization', before: 'Bearer ***', after: 'Bearer ***' },
    ])
    expect(decisionOf(told, 'hash').changes).toEqual([
      { noun: 'key.text', before: '2:/411:www.example', after: '2:/411:www.example4:acme' },
    ])
    expect(told.key).toEqual({ text: '2:/411:www.example4:acme', url: '/4', host: 'www.example', added: ['acme'] })
    expect(decisionOf(told, 'backendFetch').changes).toEqual([{ noun: 'bereq.firstByteTimeout', before: '60', after: '5' }])
    expect(JSON.stringify(told)).not.toMatch(/secret|other"|cart=[19]/)
  })

  it('show what the built-in steps changed, and the row that each goes by', async () => {
    const site = await open(MINUTE)
    const told = await explain(site, '/', { Cookie: 'a=1' })
    const step = decisionOf(told, 'step reqCookie')
    expect(step).toMatchObject({ own: false, action: null, changes: [{ noun: 'req.credentialed', before: null, after: 'true' }] })
    expect(step.rule).toMatchObject({
      id: 'cookie',
      clause: expect.stringContaining('RFC 9111 §7.3'),
      says: expect.stringContaining('public'),
    })
    expect(decisionOf(told, 'step reqHost').rule).toMatchObject({ id: null, clause: 'RFC 9112 §3.2' })
    const purge = await explain(site, '/', {}, { method: 'PURGE' })
    expect(decisionOf(purge, 'step reqInvalidate')).toMatchObject({
      action: { type: 'synth', data: { status: 405 } },
      rule: { id: 'purgeRefused' },
    })
    const odd = await explain(site, '/', {}, { method: 'FROB' })
    expect(decisionOf(odd, 'step reqMethod').rule).toMatchObject({ id: 'unregisteredMethod', says: '501' })
    expect(odd.answer).toMatchObject({ status: 501 })
  })

  it('name what a hook threw, where, and what the client gets', async () => {
    const site = await openWith(
      `export default {
  name: 'shop',
  recv({ req }) {
    return JSON.parse(req.headers.get('x-json'))
  },
}`,
      MINUTE,
    )
    const told = await explain(site, '/', { 'X-Json': '{' })
    expect(told.verdict).toMatchObject({ kind: 'ERROR', reason: 'ERROR', at: { file: site.file, line: 4, column: 17 } })
    expect(told.verdict.text).toMatch(/^Recv of policy shop threw: .*JSON.* \(recv of policy shop\); the client gets 503\.$/)
    expect(told.decisions[0]).toMatchObject({ action: { type: 'fail' }, error: expect.stringContaining('JSON'), at: { line: 4 } })
    expect(told.hit[0]).toContain('Mend recv of policy shop at shop.ts:4')
    expect(told.notes[0]).toContain('the hook recv failed')
    expect(site.events.filter(({ message }) => message.includes('failed'))).toEqual([])
    const illegal = await openWith(`export default { recv: () => ({ type: 'lookup' }) }`, MINUTE)
    expect((await explain(illegal, '/')).decisions[0]).toMatchObject({
      action: { type: 'fail' },
      error: expect.stringContaining('legal in recv'),
    })
  })

  it('of asynchronous hooks are told as those of others, until their deadline', async () => {
    const site = await openWith(
      `export default {
  name: 'slow',
  async recv({ req, synth }) {
    await null
    if (req.url === '/never') await new Promise(() => {})
    req.headers.set('x-late', '1')
    return synth(418, 'Teapot')
  },
}`,
      MINUTE,
    )
    const told = await explain(site, '/')
    expect(told.verdict).toMatchObject({ kind: 'SYNTH', at: { line: 7 } })
    expect(told.decisions[0]).toMatchObject({
      changes: [{ noun: 'req.headers.x-late', before: null, after: '1' }],
      action: { type: 'synth', data: { status: 418, reason: 'Teapot' } },
    })
    const never = explain(site, '/never')
    site.clock.advance(5000)
    expect(await never).toMatchObject({ verdict: { kind: 'ERROR' }, answer: { status: 503 } })
    expect((await never).decisions[0]?.error).toContain('within 5 s')
  })

  it('end a loop of restarts as a request would', async () => {
    const site = await openWith(`export default {\n  name: 'loop',\n  recv: ({ restart }) => restart(),\n}`, MINUTE)
    const told = await explain(site, '/')
    expect(told).toMatchObject({ verdict: { kind: 'ERROR' }, answer: { status: 503 } })
    expect(told.verdict.text).toContain('too_many_restarts')
    expect(told.decisions.filter(({ hook }) => hook === 'recv')).toHaveLength(5)
  })

  it('come after a restart from the look-up, too', async () => {
    const site = await openWith(
      `export default {
  recv({ req, pass }) { if (req.restarts > 0) return pass() },
  miss: ({ restart }) => restart(),
}`,
      MINUTE,
    )
    const told = await explain(site, '/')
    expect(deciders(told)).toEqual([
      'recv: default of recv → hash',
      'miss: miss → restart',
      'recv: recv → pass',
      'backendFetch: default of backendFetch → fetch',
    ])
    expect(told.verdict.kind).toBe('PASS')
  })

  it('are placed for a policy that came as an object, and for helpers that it imports', async () => {
    const policy = definePolicy({ name: 'here', recv: ({ pass }) => pass() })
    const told = await explain(await open(MINUTE, { policy }), '/')
    expect(told.verdict.at?.file).toBe(import.meta.filename)
    const folder = new Folder({
      'shop.ts': `import { decide } from './rules.ts'\nexport default { recv: decide }`,
      'rules.ts': `\n\nexport const decide = ({ pass }) =>\n  pass()`,
    })
    const site = await open(MINUTE, { policyFile: folder.of('shop.ts') })
    expect((await explain(site, '/')).verdict.at).toEqual({ file: folder.of('rules.ts'), line: 4, column: 3 })
  })

  it('say that a policy’s own step stands in for a built-in one', async () => {
    const policy = definePolicy({ builtin: { reqCookie: ({ pass }) => pass('REQUEST_COOKIE'), reqMethod: false } })
    const told = await explain(await open(MINUTE, { policy }), '/')
    expect(decisionOf(told, 'step reqCookie')).toMatchObject({ own: true, rule: null, action: { type: 'pass' } })
    expect(told.decisions.some(({ by }) => by === 'step reqMethod')).toBe(false)
  })

  it('let hit-for-pass be seen until its time is over', async () => {
    const site = await openWith(`export default { backendResponse: ({ hitForPass }) => hitForPass('1m') }`, MINUTE)
    await site.get('/')
    site.clock.advance(10_000)
    const told = await explain(site, '/')
    expect(told.verdict).toMatchObject({ kind: 'HIT_FOR_PASS', reason: 'HIT_FOR_PASS' })
    expect(told.hit[0]).toContain('for 50 s more')
    site.clock.advance(50_000)
    expect((await explain(site, '/')).verdict.kind).toBe('MISS')
  })

  it('of a policy that is discarded meanwhile end with it', async () => {
    const folder = new Folder({
      'one.ts': `let go
export default {
  async recv() { await new Promise((resolve) => { globalThis.clearcoatExplainGo = resolve }) },
  fini() { globalThis.clearcoatExplainFini = true },
}`,
      'two.ts': `export default {}`,
    })
    const site = await open(MINUTE, { policyFile: folder.of('one.ts') })
    const world = globalThis as { clearcoatExplainGo?: () => void; clearcoatExplainFini?: boolean }
    const pending = explain(site, '/')
    expect(site.server.policies.list()).toMatchObject([{ name: 'one', transactions: 1 }])
    await site.server.policies.load('two', folder.of('two.ts'))
    await site.server.policies.use('two')
    expect(world.clearcoatExplainFini).toBe(undefined)
    world.clearcoatExplainGo?.()
    expect((await pending).verdict.kind).toBe('MISS')
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
    expect(world.clearcoatExplainFini).toBe(true)
    Reflect.deleteProperty(world, 'clearcoatExplainGo')
    Reflect.deleteProperty(world, 'clearcoatExplainFini')
  })
})
