import { describe, expect, it } from 'vitest'
import { verbs } from '../../vcl-ts/actions.ts'
import { backend } from '../../vcl-ts/backend.ts'
import { type ClientSteps, recvInOne } from '../../vcl-ts/builtin/client-steps.ts'
import { STEPS } from '../../vcl-ts/builtin/step-names.ts'
import { type CompiledPolicy, compilePolicy } from '../../vcl-ts/compile.ts'
import { REQUEST_HOOKS } from '../../vcl-ts/legal.ts'
import { definePolicy, type Policy, PolicyError, stack } from '../../vcl-ts/policy.ts'
import { routes } from '../../vcl-ts/routes.ts'
import { runFini, runHook, runInit } from '../../vcl-ts/run.ts'
import { beresp, clientContext, fetchContext, patient, req } from './nouns.ts'

const compiled = (...policies: Policy[]): CompiledPolicy => compilePolicy(policies, 'safe')
const recv = (policy: CompiledPolicy, limit = patient) => runHook(policy, 'recv', clientContext(), limit)

describe('a hook that nobody has', () => {
  it('is null, so that the engine can skip what it would need', () => {
    const none = compiled()
    for (const hook of REQUEST_HOOKS) {
      expect(none.hooks[hook]).toBeNull()
      expect(none.has(hook)).toBe(false)
    }
    const some = compiled({ recv: () => {} })
    expect(some.has('recv')).toBe(true)
    expect(some.hooks.deliver).toBeNull()
  })

  it('is answered by the built-in policy, at once and with a shared constant', () => {
    const none = compiled()
    const client = { recv: 'hash', hash: 'lookup', hit: 'deliver', miss: 'fetch', pass: 'fetch', pipe: 'pipe' } as const
    for (const [hook, type] of Object.entries({ ...client, deliver: 'deliver', synth: 'deliver' } as const)) {
      const first = runHook(none, hook as 'recv', clientContext(), patient)
      expect(first).toMatchObject({ type })
      expect(runHook(none, hook as 'recv', clientContext(), patient)).toBe(first)
    }
    const conditional = fetchContext()
    conditional.bereq.headers.set('If-None-Match', '"a"')
    const fetching = { backendFetch: 'fetch', backendRefresh: 'merge', backendResponse: 'deliver', backendError: 'deliver' } as const
    for (const [hook, type] of Object.entries(fetching))
      expect(runHook(none, hook as 'backendFetch', conditional, patient)).toMatchObject({ type })
  })

  it('answers a purge with 200, the verb and the count', () => {
    const answer = (soft: boolean): unknown =>
      runHook(compiled(), 'purge', clientContext({ purged: { soft, objects: 3, complete: true, ban: null, fleet: null } }), patient)
    expect(answer(false)).toMatchObject({ type: 'synth', status: 200, reason: 'Purged 3', body: 'Purged 3\n' })
    expect(answer(true)).toMatchObject({ type: 'synth', status: 200, reason: 'Soft-purged 3' })
  })
})

describe('a stack of policies', () => {
  it('asks in order, and the first action wins', () => {
    const asked: string[] = []
    const opinion = (name: string, action?: ReturnType<typeof verbs.pass>): Policy => ({
      recv: () => {
        asked.push(name)
        return action
      },
    })
    const stacked = compiled(opinion('a'), opinion('b', verbs.pass()), opinion('c', verbs.pass('METHOD')))
    expect(recv(stacked)).toBe(verbs.pass())
    expect(asked).toEqual(['a', 'b'])
  })

  it('falls through to the built-in steps when nobody has an opinion', () => {
    const context = clientContext({ req: req({ method: 'POST' }) })
    expect(runHook(compiled({ recv: () => {} }, { recv: () => undefined }), 'recv', context, patient)).toEqual(verbs.pass('METHOD'))
  })

  it('asks nobody after an action, the built-in steps included', () => {
    const context = clientContext({ req: req({ method: 'POST' }) })
    expect(runHook(compiled({ recv: ({ hash }) => hash() }), 'recv', context, patient)).toBe(verbs.hash())
    expect(context.req.credentialed).toBeNull()
  })

  it('may hold stacks', () => {
    const order: string[] = []
    const each = (name: string): Policy => ({ deliver: () => void order.push(name) })
    runHook(compiled(stack(each('a'), stack(each('b'), each('c'))), each('d')), 'deliver', clientContext(), patient)
    expect(order).toEqual(['a', 'b', 'c', 'd'])
  })

  it('merges the states and refuses a key that occurs twice', () => {
    const merged = compiled({ state: () => ({ a: 1 }) }, { state: () => ({ b: 2 }) })
    expect(merged.newState()).toEqual({ a: 1, b: 2 })
    expect(merged.newState()).not.toBe(merged.newState())
    expect(() => compiled({ state: () => ({ a: 1 }) }, { state: () => ({ a: 2 }) })).toThrow(/state key named a/)
  })

  it('refuses a state that throws or is made later', () => {
    const broken = () => {
      throw new Error('no')
    }
    expect(() => compiled({ state: broken })).toThrow(PolicyError)
    expect(() => compiled({ state: async () => ({}) })).toThrow(/at once/)
  })

  it('gathers backends, the first being the default, and refuses two of one name', () => {
    const [a, b] = [backend('http://127.0.0.1:1'), backend('http://127.0.0.1:2')]
    const both = compiled({ backends: { a } }, { backends: { b } })
    expect(Object.keys(both.backends)).toEqual(['a', 'b'])
    expect(both.defaultBackend).toBe(a)
    expect(compiled().defaultBackend).toBeNull()
    expect(() => compiled({ backends: { a } }, { backends: { a: b } })).toThrow(/named a/)
  })
})

describe('a hook that is asynchronous', () => {
  it('is awaited, and its action wins', async () => {
    const answer = recv(compiled({ recv: async ({ pass }) => pass() }))
    expect(answer).toBeInstanceOf(Promise)
    expect(await answer).toBe(verbs.pass())
  })

  it('falls through when it resolves to nothing, to hooks that answer at once or later', async () => {
    const silent: Policy = { recv: async () => {} }
    expect(await recv(compiled(silent, { recv: ({ pipe }) => pipe() }))).toBe(verbs.pipe())
    expect(await recv(compiled(silent, silent, { recv: async ({ pipe }) => pipe() }))).toBe(verbs.pipe())
    expect(await recv(compiled(silent))).toBe(verbs.hash())
  })

  it('is fail when it rejects, and nobody else is asked', async () => {
    const cause = new Error('lost')
    let asked = false
    const next: Policy = { recv: () => void (asked = true) }
    const answer = await recv(compiled({ name: 'site', recv: () => Promise.reject(cause) }, next))
    expect(answer).toEqual({ type: 'fail', reason: 'recv of policy site rejected', cause })
    expect(asked).toBe(false)
  })

  it('is fail when its deadline passes', async () => {
    const late = new Error('late')
    const answer = await recv(compiled({ recv: () => new Promise(() => {}) }), () => Promise.reject(late))
    expect(answer).toMatchObject({ type: 'fail', cause: late })
  })

  it('is fail when it resolves to what is not legal there', async () => {
    expect(await recv(compiled({ recv: (async () => verbs.lookup()) as never }))).toMatchObject({
      type: 'fail',
      reason: expect.stringContaining('"lookup"'),
    })
  })

  it('is fail in hash, and its later rejection ends no process', () => {
    const policy: Policy = { hash: (() => Promise.reject(new Error('x'))) as never }
    expect(runHook(compiled(policy), 'hash', clientContext(), patient)).toMatchObject({
      type: 'fail',
      reason: expect.stringContaining('must not be asynchronous'),
    })
  })

  it('awaits real promises only', () => {
    // biome-ignore lint/suspicious/noThenProperty: the point is an object that merely looks like a promise
    const answer = recv(compiled({ recv: (() => ({ then: () => {} })) as never }))
    expect(answer).toMatchObject({ type: 'fail', reason: expect.stringContaining('not an action') })
  })
})

describe('a hook that goes wrong', () => {
  it('is fail with its cause when it throws, in any hook, and never a throw', () => {
    const cause = new Error('broken')
    const broken = () => {
      throw cause
    }
    for (const hook of REQUEST_HOOKS) {
      const policy = compiled({ [hook]: broken } as Policy)
      const context = { ...clientContext(), ...fetchContext() }
      expect(runHook(policy, hook, context, patient)).toEqual({ type: 'fail', reason: `${hook} threw`, cause })
    }
  })

  it('is fail when it throws what is no error', () => {
    const policy: Policy = {
      recv: () => {
        throw undefined
      },
    }
    expect(recv(compiled(policy))).toEqual({ type: 'fail', reason: 'recv threw', cause: undefined })
  })

  it.each([null, 0, false, 'pass', {}, [[]], verbs.pass, verbs.deliver()])('is fail when it returns %s', (value) => {
    const answer = recv(compiled({ recv: (() => value) as never }))
    expect(answer).toMatchObject({ type: 'fail', cause: value })
  })

  it('is fail when its answer cannot even be looked at', async () => {
    const hostile = new Proxy({}, { get: () => { throw new Error('trap') } }) // biome-ignore format: one line reads better
    const promise = new Promise((resolve) => resolve([hostile])).then((list) => (list as object[])[0])
    expect(recv(compiled({ recv: (() => hostile) as never }))).toMatchObject({ type: 'fail' })
    expect(await recv(compiled({ recv: (() => promise) as never }))).toMatchObject({ type: 'fail' })
  })

  it('is called without a this', () => {
    let self: unknown = 'unset'
    const policy = {
      recv(this: unknown) {
        self = this
      },
    }
    recv(compiled(policy as Policy))
    expect(self).toBeUndefined()
  })
})

describe('built-in steps', () => {
  it('can be switched off one by one', () => {
    const context = clientContext({ req: req({ method: 'POST' }) })
    const policy = compiled({ builtin: { reqMethod: false } })
    expect(runHook(policy, 'recv', context, patient)).toBe(verbs.hash())
    expect([...policy.overridden]).toEqual(['reqMethod'])
  })

  it('can be replaced, and the replacement is judged as a hook is', async () => {
    const replaced = compiled({ builtin: { reqMethod: ({ synth }) => synth(405) } })
    expect(recv(replaced)).toMatchObject({ type: 'synth', status: 405 })
    expect(await recv(compiled({ builtin: { reqMethod: async ({ pass }) => pass() } }))).toBe(verbs.pass())
    expect(recv(compiled({ builtin: { reqMethod: (() => verbs.deliver()) as never } }))).toMatchObject({
      type: 'fail',
      reason: expect.stringMatching(/^step reqMethod returned/),
    })
  })

  it('stay as the first policy of the stack wants them', () => {
    const replaced = compiled(
      { builtin: { reqMethod: ({ pass }) => pass() } },
      { builtin: { reqMethod: false, reqHost: undefined as never } },
    )
    expect(recv(replaced)).toBe(verbs.pass())
    expect([...replaced.overridden]).toEqual(['reqMethod'])
  })

  it('run behind the policies on the fetch side too', () => {
    const answer = beresp({ headers: [['Set-Cookie', 'a=1']] })
    const context = fetchContext({ beresp: answer })
    runHook(compiled({ backendResponse: ({ beresp }) => void (beresp.grace = 5) }), 'backendResponse', context, patient)
    expect(answer).toMatchObject({ grace: 5, uncacheable: true, why: 'SET_COOKIE' })
  })
})

describe('recv in one', () => {
  it('asks the steps in the order of the chain, until one decides', () => {
    for (const last of [...STEPS.recv, null]) {
      const asked: string[] = []
      const steps = Object.fromEntries(
        STEPS.recv.map((name) => [
          name,
          () => {
            asked.push(name)
            return name === last ? verbs.pass() : undefined
          },
        ]),
      )
      const answer = recvInOne(steps as unknown as ClientSteps)(clientContext())
      expect(asked).toEqual(last === null ? STEPS.recv : STEPS.recv.slice(0, STEPS.recv.indexOf(last) + 1))
      expect(answer.type).toBe(last === null ? 'hash' : 'pass')
    }
  })

  it('is there unless a policy has a say in recv, or somebody looks on', () => {
    const shop: Policy = { deliver: () => {} }
    for (const policies of [
      [],
      [shop],
      [{ backends: { a: backend('http://127.0.0.1:1') } }],
      [{ builtin: { berespVary: false } }],
    ] as const)
      expect(compiled(...policies).recv).not.toBeNull()
    for (const policies of [
      [{ recv: () => {} }],
      [shop, stack({ recv: () => {} })],
      [{ builtin: { reqCacheControl: false } }],
      [{ builtin: { reqHost: () => undefined } }],
      [routes({ 'a.example/*': { deliver: () => {} } })],
      // State is of the whole transaction: hooks of the fetch are given it, too.
      [stack(shop, { state: () => ({ a: 1 }) })],
    ] as Policy[][])
      expect(compiled(...policies).recv).toBeNull()
    expect(compilePolicy([], 'safe', () => {}).recv).toBeNull()
    expect(compilePolicy([], 'safe', null, undefined, (_, run) => run).recv).toBeNull()
  })
})

describe('init and fini', () => {
  it('run in order and in reverse', async () => {
    const order: string[] = []
    const each = (name: string): Policy => ({ init: () => void order.push(`+${name}`), fini: async () => void order.push(`-${name}`) })
    const policy = compiled(each('a'), each('b'))
    await runInit(policy, patient)
    expect(await runFini(policy, patient)).toEqual([])
    expect(order).toEqual(['+a', '+b', '-b', '-a'])
  })

  it('see the backends, and may answer ok', async () => {
    const app = backend('http://127.0.0.1:1')
    let seen: unknown
    const policy = definePolicy({
      backends: { app },
      init({ backends, ok }) {
        seen = backends['app']
        return ok()
      },
    })
    await runInit(compiled(policy), patient)
    expect(seen).toBe(app)
  })

  it('refuse the policy when init throws, rejects or answers something else, and finish what had begun', async () => {
    const order: string[] = []
    const begun: Policy = { fini: () => void order.push('fini of the first') }
    const last: Policy = { init: () => void order.push('init of the last') }
    const cause = new Error('no database')
    const failing: Policy = { name: 'db', init: () => Promise.reject(cause), fini: () => void order.push('fini of db') }
    await expect(runInit(compiled(begun, failing, last), patient)).rejects.toThrow(/init of policy db failed: no database/)
    expect(order).toEqual(['fini of the first'])
    await expect(runInit(compiled({ init: (() => verbs.pass()) as never }), patient)).rejects.toThrow(PolicyError)
  })

  it('finish every policy, whatever one of them does', async () => {
    const order: string[] = []
    const broken: Policy = {
      fini: () => {
        throw new Error('x')
      },
    }
    const faults = await runFini(compiled({ fini: () => void order.push('first') }, broken), patient)
    expect(faults).toHaveLength(1)
    expect(order).toEqual(['first'])
  })
})
