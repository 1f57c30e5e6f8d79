import { describe, expect, it, onTestFinished } from 'vitest'
import { PolicyLoadError, PolicyNameError } from '../../src/index.ts'
import { definePolicy } from '../../vcl-ts/index.ts'
import { always, message, open, reply, type Site } from '../journey/site.ts'
import { Gate } from '../support/scripted-origin.ts'
import { until } from '../support/until.ts'
import { Folder, showing } from './folder.ts'

const CACHED = always({ 'Cache-Control': 'max-age=3600' })

const word = async (site: Site, path: string = '/'): Promise<string | undefined> => (await site.get(path)).get('x-policy')

const states = (site: Site): string[] => site.server.policies.list().map(({ name, state }) => `${name} ${state}`)

/** Lets policies say what happens to them. */
function told(): string[] {
  const notes: string[] = []
  const name = 'clearcoatPolicyTestNotes'
  Object.assign(globalThis, { [name]: notes })
  onTestFinished(() => void Reflect.deleteProperty(globalThis, name))
  return notes
}

const life = (name: string): string => `init() { clearcoatPolicyTestNotes.push('init ${name}') },
  fini() { clearcoatPolicyTestNotes.push('fini ${name}') },`

describe('a server with a policy file', () => {
  it('serves with it, and names it after the file', async () => {
    const folder = new Folder({ 'my shop.ts': showing('one') })
    const site = await open(CACHED, { policyFile: folder.of('my shop.ts') })
    expect(await word(site)).toBe('one')
    expect(site.server.policies.list()).toEqual([{ name: 'my-shop', file: folder.of('my shop.ts'), state: 'active', transactions: 0 }])
    expect(site.stat('n_vcl')).toBe(1)
  })

  it('does not start with one that cannot be used', async () => {
    const folder = new Folder({
      'broken.ts': 'export default {',
      'init.ts': `export default {\n  init() {\n    throw new Error('no database')\n  },\n}`,
    })
    await expect(open(CACHED, { policyFile: folder.of('broken.ts') })).rejects.toThrow(PolicyLoadError)
    const error = (await open(CACHED, { policyFile: folder.of('init.ts') }).catch((caught: unknown) => caught)) as PolicyLoadError
    expect(error).toMatchObject({
      name: 'PolicyLoadError',
      file: folder.of('init.ts'),
      line: 3,
      column: 11,
      reason: expect.stringContaining('no database'),
    })
  })

  it('refuses to be given two policies, or to watch none', async () => {
    const folder = new Folder({ 'a.ts': showing('one') })
    await expect(open(CACHED, { policyFile: folder.of('a.ts'), policy: definePolicy({}) })).rejects.toThrow(/both/)
    await expect(open(CACHED, { watch: true })).rejects.toThrow(/no policy file to watch/)
  })

  it('reloads the file, and keeps every stored object', async () => {
    const folder = new Folder({ 'shop.ts': showing('one') })
    const site = await open(CACHED, { policyFile: folder.of('shop.ts') })
    expect(await word(site)).toBe('one')
    folder.write('shop.ts', showing('two'))
    expect(await word(site)).toBe('one')
    expect(await site.server.policies.reload()).toBe(true)
    const answer = await site.get('/')
    expect([answer.get('x-policy'), answer.get('x-cache')]).toEqual(['two', 'HIT'])
    expect(site.origin.hits).toHaveLength(1)
    await until(() => states(site)[0] === 'shop kept')
    expect(states(site)).toEqual(['shop kept', 'shop-2 active'])
  })

  it.each([
    ['does not parse', 'export default {', 1],
    ['throws', `\nthrow new Error('x')`, 2],
    [
      'has a hook that does not exist',
      `import { definePolicy } from 'clearcoat/vcl-ts'\nexport default definePolicy({ recvv() {} } as object)`,
      2,
    ],
    ['fails in init', `export default {\n\n init() { throw new Error('x') } }`, 3],
  ])('keeps the policy it has when the new one %s, and logs where', async (_how, text, line) => {
    const folder = new Folder({ 'shop.ts': showing('one') })
    const site = await open(CACHED, { policyFile: folder.of('shop.ts') })
    folder.write('shop.ts', text)
    expect(await site.server.policies.reload()).toBe(false)
    expect(await word(site)).toBe('one')
    expect(states(site)).toEqual(['shop active'])
    expect(site.events).toEqual([
      {
        fields: {
          event: 'policy',
          policy: 'shop',
          file: folder.of('shop.ts'),
          line,
          column: expect.any(Number),
          reason: expect.any(String),
        },
        message: 'the new policy is refused, and shop serves on',
      },
    ])
  })

  it('has nothing to reload when its policy came from no file, and says so', async () => {
    const site = await open(CACHED)
    expect(await site.server.policies.reload()).toBe(false)
    expect(site.events).toMatchObject([{ message: 'there is no policy file to reload' }])
    expect(states(site)).toEqual(['builtin active'])
  })

  it('loads policies by name, uses them, and goes back', async () => {
    const folder = new Folder({ 'a.ts': showing('A'), 'b.ts': showing('B') })
    const site = await open(CACHED, { policyFile: folder.of('a.ts') })
    const { policies } = site.server
    expect(await policies.load('blue', folder.of('b.ts'))).toBe('blue')
    expect([await word(site), ...states(site)]).toEqual(['A', 'a active', 'blue ready'])
    await policies.use('blue')
    expect(await word(site)).toBe('B')
    folder.write('a.ts', showing('not what was loaded'))
    await policies.use('a')
    expect(await word(site)).toBe('A')
    await policies.discard('blue')
    expect(states(site)).toEqual(['a active'])
  })

  it('refuses names that are taken, unknown, in use, or none', async () => {
    const folder = new Folder({ 'a.ts': showing('A') })
    const { policies } = (await open(CACHED, { policyFile: folder.of('a.ts') })).server
    await expect(policies.load('a', folder.of('a.ts'))).rejects.toThrow(PolicyNameError)
    await expect(policies.load('a b', folder.of('a.ts'))).rejects.toThrow(PolicyNameError)
    await expect(policies.use('c')).rejects.toThrow('there is no policy "c"; there are a')
    await expect(policies.discard('a')).rejects.toThrow(/in use/)
    expect(await policies.load(null, folder.of('a.ts'))).toBe('a-2')
  })

  it('keeps the last ten, of which the one in use is always one', async () => {
    const folder = new Folder({ 'a.ts': showing('A'), 'b.ts': showing('B') })
    const site = await open(CACHED, { policyFile: folder.of('a.ts') })
    for (let i = 0; i < 12; i++) await site.server.policies.load(`b${i}`, folder.of('b.ts'))
    const names = site.server.policies.list().map(({ name }) => name)
    expect(names).toEqual(['a', ...Array.from({ length: 9 }, (_, i) => `b${i + 3}`)])
    expect(site.stat('n_vcl')).toBe(10)
    expect(await word(site)).toBe('A')
  })

  it('shows in the log where in the sources a hook threw', async () => {
    const folder = new Folder({
      'shop.ts': `interface A { a: 1 }\nexport default {\n  recv() {\n    throw new Error('oops')\n  },\n}`,
    })
    const site = await open(CACHED, { policyFile: folder.of('shop.ts') })
    expect((await site.get('/')).status).toBe(503)
    const { err } = site.events[0]!.fields as { err: Error }
    expect(err.stack).toContain(`${folder.of('shop.ts')}:4:11`)
  })
})

describe('a policy that was swapped', () => {
  it('finishes the requests that began with it, and its fini runs once, when the last has ended', async () => {
    const notes = told()
    const gate = new Gate()
    const folder = new Folder({ 'shop.ts': showing('one', life('one')) })
    const site = await open(
      async (hit, response) => {
        if (hit.url === '/slow') await gate.opened
        reply(response, 200, { 'Cache-Control': 'max-age=3600' }, 'x')
      },
      { policyFile: folder.of('shop.ts') },
    )
    const slow = word(site, '/slow')
    await site.origin.hit(0)
    folder.write('shop.ts', showing('two', life('two')))
    await site.server.policies.reload()
    expect(await word(site, '/fast')).toBe('two')
    expect(site.server.policies.list()).toMatchObject([{ state: 'draining', transactions: 2 }, { state: 'active' }])
    expect(notes).toEqual(['init one', 'init two'])
    gate.open()
    expect(await slow).toBe('one')
    await until(() => notes.length === 3)
    expect(states(site)).toEqual(['shop kept', 'shop-2 active'])
    await site.server.close()
    expect(notes).toEqual(['init one', 'init two', 'fini one', 'fini two'])
  })

  it('begins again without init when it is used while its requests end, and with init when they have ended', async () => {
    const notes = told()
    const gate = new Gate()
    const folder = new Folder({ 'a.ts': showing('A', life('A')), 'b.ts': showing('B', life('B')) })
    const site = await open(
      async (_hit, response) => {
        await gate.opened
        reply(response, 200, {}, 'x')
      },
      { policyFile: folder.of('a.ts') },
    )
    const { policies } = site.server
    const slow = word(site)
    await site.origin.hit(0)
    await policies.load('b', folder.of('b.ts'))
    await policies.use('b')
    await policies.use('a')
    gate.open()
    await slow
    await until(() => notes.includes('fini B'))
    expect(notes).toEqual(['init A', 'init B', 'fini B'])
    await policies.use('b')
    await until(() => notes.includes('fini A'))
    expect(notes).toEqual(['init A', 'init B', 'fini B', 'init B', 'fini A'])
  })

  it('lasts through refreshes in the background, failed fetches, clients that left, and hooks that wait', async () => {
    const notes = told()
    const folder = new Folder({
      'shop.ts': showing(
        'one',
        `${life('one')}
  async recv({ req }) { if (req.url === '/hook') await clearcoatPolicyTestNotes.gate },
  backendResponse({ bereq, beresp, fail }) {
    if (bereq.url === '/fail') return fail()
    beresp.stream = bereq.url !== '/whole'
  },`,
      ),
      'other.ts': showing('two'),
    })
    const gate = new Gate()
    const hook = new Gate()
    Object.assign(notes, { gate: hook.opened })
    const site = await open(
      async (hit, response) => {
        if (hit.url === '/grace' && hit.headers['if-none-match'] !== undefined) await gate.opened
        if (hit.url === '/left') return
        if (hit.url === '/dead' || hit.url === '/whole') {
          if (hit.url === '/whole') response.writeHead(200, { 'Content-Length': 10 }).write('12345', () => hit.message.socket.destroy())
          else hit.message.socket.destroy()
          return
        }
        reply(response, 200, { 'Cache-Control': 'max-age=1, stale-while-revalidate=100', ETag: '"a"' }, 'x')
      },
      { policyFile: folder.of('shop.ts') },
    )
    const left = await site.connect()
    left.send(message('GET', '/left'))
    await site.origin.hit(0)
    const waiting = word(site, '/hook')
    expect((await site.get('/fail')).status).toBe(503)
    expect((await site.get('/dead')).status).toBe(502)
    expect((await site.get('/whole')).status).toBe(502)
    await site.get('/grace')
    site.clock.advance(2000)
    await site.get('/grace')
    await until(() => site.origin.hits.at(-1)?.headers['if-none-match'] !== undefined)
    await site.server.policies.load('other', folder.of('other.ts'))
    await site.server.policies.use('other')
    const [{ transactions: before } = { transactions: 0 }] = site.server.policies.list()
    expect(before).toBeGreaterThanOrEqual(4)
    left.reset()
    gate.open()
    await until(() => (site.server.policies.list()[0]?.transactions ?? 0) < before)
    expect(notes).not.toContain('fini one')
    hook.open()
    expect(await waiting).toBe('one')
    await until(() => site.server.policies.list()[0]?.transactions === 1)
    // The fetch that the client left goes on under its claim, for others, until its deadline.
    site.clock.advance(120_000)
    await until(() => states(site)[0] === 'shop kept')
    expect([...notes]).toEqual(['init one', 'fini one'])
  })
})

describe('reloading under load', () => {
  it('fails no request and loses no object in 100 reloads, and each request sees one policy', async () => {
    const folder = new Folder({ 'shop.ts': '' })
    const version = (number: number): string => `import { definePolicy } from 'clearcoat/vcl-ts'
export default definePolicy({
  recv({ req }) { req.headers.set('X-Recv', '${number}') },
  deliver({ req, resp }) { resp.headers.set('X-Policy', req.headers.get('x-recv') + ' ${number}') },
})`
    folder.write('shop.ts', version(0))
    const site = await open(CACHED, { policyFile: folder.of('shop.ts') })
    await site.get('/')
    let running = true
    const seen = new Set<string>()
    let requests = 0
    const client = async (): Promise<void> => {
      const connection = await site.connect()
      while (running) {
        const fresh = ++requests % 10 === 0
        const answer = await connection.request(message('GET', fresh ? `/${requests}` : '/'))
        expect([answer.status, answer.get('x-cache')]).toEqual([200, fresh ? 'MISS' : 'HIT'])
        seen.add(answer.get('x-policy') ?? '')
      }
      connection.destroy()
    }
    const clients = Array.from({ length: 4 }, client)
    for (let number = 1; number <= 100; number++) {
      folder.write('shop.ts', version(number))
      expect(await site.server.policies.reload()).toBe(true)
    }
    running = false
    await Promise.all(clients)
    const torn = [...seen].filter((both) => new Set(both.split(' ')).size !== 1)
    expect(torn).toEqual([])
    expect(seen.size).toBeGreaterThan(20)
    expect(requests).toBeGreaterThan(200)
    await until(() => site.server.policies.list().filter(({ state }) => state === 'kept').length === 9)
    expect(site.stat('n_vcl')).toBe(10)
  })
})
