/** Each lint against what it is for, and against what it must leave alone. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { LINTS, lint } from '../../src/cli/lint/lints.ts'
import { bundlePolicy } from '../../src/policy/load.ts'
import { Folder } from '../policy/folder.ts'

const HEAD = `import { acl, cookies, definePolicy, stack } from 'clearcoat/vcl-ts'`

/** `rule message` of what is found in a policy whose hooks are `code`. */
async function inHooks(code: string, before: string = ''): Promise<string[]> {
  return inFile(`${before}\nexport default definePolicy({ ${code} })`)
}

async function inFile(text: string): Promise<string[]> {
  const folder = new Folder({ 'p.ts': `${HEAD}\n${text}` })
  return lint(await bundlePolicy(folder.of('p.ts'))).map(({ rule, message }) => `${rule} ${message}`)
}

const of = (rule: string, ...words: readonly (string | undefined)[]): unknown[] =>
  words.map((word = 'no message') => expect.stringMatching(new RegExp(`^${rule} .*${word.replace(/[()[\]{}.*?^$/|\\]/g, '\\$&')}`)))

type Case = readonly [what: string, code: string, before?: string]

describe('open-purge-acl', () => {
  it.each<readonly [string, string, string, string?]>([
    ['nobody is asked for', `recv({ req, purge }) { if (req.method === 'PURGE') return purge() }`, 'anybody may purge'],
    [
      'only a field anybody can write',
      `recv({ req, purge }) { if (req.headers.has('x-purge')) return purge({ all: true }) }`,
      'anybody may purge',
    ],
    [
      'the page alone asked about',
      `recv({ req, purge }) { if (isPage(req.url)) return purge() }`,
      'anybody may purge',
      `const isPage = (url: string) => url.startsWith('/')`,
    ],
    [
      'a list of everybody',
      `recv({ client, purge }) { if (all.matches(client.ip)) return purge() }`,
      '0.0.0.0/0 is everybody',
      `const all = acl('0.0.0.0/0')`,
    ],
    [
      'everybody with IPv6',
      `recv({ client, purge }) { if (all.matches(client.ip)) return purge() }`,
      '::/0 is everybody',
      `const all = acl('::/0')`,
    ],
    [
      'half of the internet',
      `recv(c) { if (all.matches(c.client.ip)) return c.purge() }`,
      '128.0.0.0/1 is a large part',
      `const all = acl('128.0.0.0/1')`,
    ],
    [
      'an empty list',
      `recv({ client, purge }) { return none.matches(client.ip) ? purge() : undefined }`,
      'nobody may purge',
      `const none = acl()`,
    ],
    [
      'the proxy’s address',
      `recv({ client, purge }) { if (net.matches(client.remoteIp)) return purge() }`,
      'client.remoteIp',
      `const net = acl('10.0.0.0/8')`,
    ],
    [
      'a forged address',
      `recv({ req, purge }) { if (net.matches(req.headers.get('x-forwarded-for') ?? '')) return purge() }`,
      'a field of the request',
      `const net = acl('10.0.0.0/8')`,
    ],
  ])('finds a purge with %s', async (_what, code = '', message, before) => {
    expect(await inHooks(code, before)).toEqual(of('open-purge-acl', message))
  })

  const net = `const net = acl('10.0.0.0/8', '!10.1.2.3')`
  it.each<Case>([
    ['a list', `recv({ req, client, purge }) { if (req.method === 'PURGE' && net.matches(client.ip)) return purge() }`, net],
    ['a list that refuses first', `recv({ client, synth, purge }) { if (!net.matches(client.ip)) return synth(405); return purge() }`, net],
    ['a list in a conditional', `recv({ client, purge }) { return net.matches(client.ip) ? purge() : undefined }`, net],
    ['the options’ judgement', `recv({ client, req, purge }) { if (client.mayInvalidate) { if (req.method === 'PURGE') return purge() } }`],
    ['a token', `recv({ req, purge }) { if (req.headers.get('x-purge-token') === process.env.TOKEN) return purge() }`],
    [
      'a function of one’s own',
      `recv({ client, purge }) { if (mayPurge(client)) return purge() }`,
      'const mayPurge = (c: { ip: string }) => c.ip === process.env.IP',
    ],
    ['no purge at all', `recv({ req, synth }) { if (req.method === 'PURGE') return synth(405) }`],
  ])('leaves alone a purge behind %s', async (_what, code = '', before) => {
    expect(await inHooks(code, before)).toEqual([])
  })
})

describe('shared-personal', () => {
  it.each<readonly [string, string]>([
    [`builtin: { reqCookie: false }`, 'request with cookies'],
    [`builtin: { reqAuthorization: false }`, 'request with Authorization'],
    [`builtin: { berespCookie: false }`, 'Set-Cookie is stored'],
    [`builtin: { berespControl: false }`, 'private or no-store'],
    [`builtin: { berespClass: false }`, 'fetched for somebody'],
    [`backendResponse({ beresp }) { beresp.headers.delete('Set-Cookie') }`, 'set-cookie is removed'],
    [`backendResponse({ beresp: { headers } }) { headers.delete('vary') }`, 'vary is removed'],
    [`backendResponse({ beresp, deliver }) { beresp.ttl = 60; return deliver() }`, 'deliver() decides'],
    [`recv({ hash }) { return hash() }`, 'hash() decides'],
    [`recv({ req }) { req.credentialed = false }`, 'called anonymous'],
  ])('finds %s', async (code, message) => {
    expect(await inHooks(code)).toEqual(of('shared-personal', message))
  })

  it.each<readonly [string]>([
    [
      `builtin: { reqCookie: false }, recv({ req, pass }) { cookies.keep(req.headers, 'cart'); if (req.headers.has('cookie')) return pass() }`,
    ],
    [`builtin: { reqCookie: false }, recv({ req }) { req.headers.delete('Cookie') }`],
    [`builtin: { reqCookie: () => undefined }`],
    [`builtin: { reqAuthorization: false }, recv({ req, pass }) { if (req.headers.has('authorization')) return pass() }`],
    [`builtin: { berespCookie: false }, backendResponse({ beresp }) { if (beresp.headers.has('set-cookie')) beresp.uncacheable = true }`],
    [`builtin: { reqMethod: false }`],
    [`backendResponse({ bereq, beresp }) { if (bereq.url.startsWith('/assets/')) beresp.headers.delete('set-cookie') }`],
    [`backendResponse({ bereq, beresp }) { if (!bereq.url.startsWith('/assets/')) return; beresp.headers.delete('set-cookie') }`],
    [`deliver({ resp }) { resp.headers.delete('set-cookie') }`],
    [`backendResponse({ beresp, deliver }) { if (beresp.status === 200) return deliver() }`],
    [`backendResponse({ beresp, deliver }) { beresp.uncacheable = true; return deliver() }`],
    [`recv({ req, hash }) { if (req.url.startsWith('/assets/')) return hash() }`],
    [`backendResponse({ beresp }) { beresp.ttl = '1h'; beresp.grace = '1d' }`],
  ])('leaves alone %s', async (code) => {
    expect(await inHooks(code)).toEqual([])
  })
})

describe('dead-rule', () => {
  it.each<readonly [string, string]>([
    [`recv({ pass, req }) { return pass(); req.url = '/' }`, 'recv has ended before it'],
    [`recv({ pass, req }) { if (req.path === '/') { throw new Error('x'); req.ttl = 1 } }`, 'recv has ended before it'],
    [`recv({ pass, hash, req }) { if (req.path === '/') return pass(); else return undefined; req.ttl = 1 }`, 'recv has ended'],
    [
      `recv({ req, pass, synth }) { if (req.method === 'GET') return pass(); if (req.method === 'GET') return synth(200) }`,
      `req.method === "GET"`,
    ],
    [
      `recv({ req, pass, synth }) { if (req.method !== 'GET') return pass(); if (req.method === 'POST') return synth(200) }`,
      `req.method === "POST"`,
    ],
    [`recv({ req, pass }) { if (req.method === 'get') return pass() }`, 'methods are in capitals'],
    [`recv({ req, pass }) { if ('Example.com' === req.host) return pass() }`, 'req.host is never "Example.com"'],
    [`recv({ req, pass }) { if (req.host === 'example.com:80') return pass() }`, 'default port'],
    [`recv({ req, pass }) { if (req.url.startsWith('admin')) return pass() }`, 'req.url begins with /'],
    [`recv({ req, pass }) { if (req.path === '/a?b=1') return pass() }`, 'ends before the ?'],
    [`recv({ pass }) { return pass() }, builtin: { reqMethod: () => undefined }`, 'this reqMethod never runs'],
  ])('finds %s', async (code, message) => {
    expect(await inHooks(code)).toEqual(of('dead-rule', message))
  })

  it('finds the hook of a policy behind one that always answers', async () => {
    const found = await inFile(`const first = definePolicy({ recv: ({ req, pass, synth }) => (req.path === '/' ? pass() : synth(404)) })
const second = definePolicy({ recv({ req }) { req.ttl = 5 }, deliver({ resp }) { resp.headers.set('a', 'b') } })
export default stack(first, second)`)
    expect(found).toEqual(of('dead-rule', 'this recv is never asked'))
  })

  it.each<readonly [string]>([
    [`recv({ pass, req }) { if (req.path === '/x') return pass(); req.ttl = 1 }`],
    [`recv({ req, pass, synth }) { if (req.method === 'GET') return pass(); if (req.method === 'POST') return synth(200) }`],
    [`recv({ req, pass, synth }) { if (req.method !== 'GET') return pass(); if (req.method === 'GET') return synth(200) }`],
    [`recv({ req, pass, synth }) { if (req.url === '/') return pass(); req.url = '/'; if (req.url === '/') return synth(200) }`],
    [
      `recv({ req, pass }) { switch (req.path) { case '/a': return pass(); break; case '/b': return; default: req.ttl = 1 } req.grace = 1 }`,
    ],
    [`recv({ req, pass }) { return helper(); function helper() { return pass() } }`],
    [`recv({ req, pass }) { for (const a of ['/a', '/b']) { if (req.path === a) continue; req.ttl = 1 } }`],
    [`recv({ req, pass }) { if (req.method === 'PURGE' || req.host === 'www.example.com' || req.url === '*') return pass() }`],
    [`recv({ req, pass }) { try { return pass() } catch { req.ttl = 5 } req.grace = 5 }`],
  ])('leaves alone %s', async (code) => {
    expect(await inHooks(code)).toEqual([])
  })

  it('leaves alone a stack whose first policy sometimes has no opinion', async () => {
    const first = `definePolicy({ recv({ req, pass }) { if (req.path === '/') return pass() } })`
    expect(await inFile(`export default stack(${first}, definePolicy({ recv: ({ pass }) => pass() }))`)).toEqual([])
  })
})

describe('illegal-write', () => {
  it.each<readonly [string, string]>([
    [`deliver({ obj }) { obj.ttl = 5 }`, 'deliver assigns obj.ttl'],
    [`deliver(c) { (c.obj as any).hits++ }`, 'deliver assigns obj.hits'],
    [`deliver({ obj }) { delete (obj as any).ttl }`, 'deliver assigns obj.ttl'],
    [`hit({ obj: stored }) { stored.headers.set('a', 'b') }`, 'hit calls obj.headers.set("a")'],
    [`deliver({ obj }) { obj.tags.add('a') }`, 'deliver calls obj.tags.add("a")'],
    [`recv({ req }) { req.path = '/x' }`, 'recv assigns req.path'],
    [`recv({ req }) { req.original.headers.delete('a') }`, 'req.original is read only'],
    [`recv({ req }) { const { cookies: jar } = req; jar.delete('a') }`, 'recv calls req.cookies.delete("a")'],
    [`recv({ client }) { client.ip = '127.0.0.1' }`, 'recv assigns client.ip'],
    [`deliver({ resp }) { resp.body = 'x' }`, 'which only synth has'],
    [`backendResponse({ beresp }) { beresp.body = 'x' }`, 'which only backendError has'],
    [`backendResponse({ beresp }) { beresp.uncacheable = false }`, 'can only be raised'],
    [`backendResponse({ beresp }) { beresp.headers = {} }`, 'assigns beresp.headers'],
    [`recv({ beresp }) { beresp.ttl = 5 }`, 'recv has no beresp'],
    [`recv(context) { context.beresp.ttl = 5 }`, 'recv has no beresp'],
    [`backendFetch({ req }) { req.url = '/' }`, 'backendFetch has no req'],
    [`recv({ hitForPass }) { return hitForPass(5) }`, 'recv may not answer hitForPass()'],
    [`recv({ nonsense }) {}`, 'recv has no nonsense'],
    [`init({ log }) { log('a', 'b') }`, 'init has no log'],
  ])('finds %s', async (code, message) => {
    expect(await inHooks(code)).toEqual(of('illegal-write', message))
  })

  it.each<readonly [string]>([
    [`recv({ req, client, state }) { req.url = '/'; req.ttl = 5; client.identity = 'a'; state.any = 5; req.headers.set('a', 'b') }`],
    [`synth({ resp }) { resp.body = 'x'; resp.status = 200 }, backendError({ beresp }) { beresp.body = 'x' }`],
    [`backendResponse({ beresp }) { beresp.uncacheable = true; beresp.tags.add('a'); beresp.headers.set('a', 'b') }`],
    [`backendFetch({ bereq }) { bereq.headers.set('a', 'b'); bereq.connectTimeout = 5 }`],
    [`recv({ req }) { const copy = { ttl: 1 }; copy.ttl = 5; let n = 0; n++ }`],
    [`deliver({ obj }) { for (const obj of [{ ttl: 1 }]) obj.ttl = 5 }`],
    [`deliver({ obj, resp }) { resp.headers.set('x-hits', String(obj.hits)) }`],
    [`recv({ log, healthy }) { log('a', 1); healthy(null as never) }, backendFetch(context) { context.log('a:b') }`],
  ])('leaves alone %s', async (code) => {
    expect(await inHooks(code)).toEqual([])
  })
})

describe('unanchored', () => {
  it.each<readonly [string, string]>([
    [`/example\\.com/.test(req.host)`, 'only contain it'],
    [`/^example\\.com/.test(req.host)`, 'only contain it'],
    [`/^www.example\\.com$/.test(req.host)`, 'stands for any character'],
    [`req.host.includes('example.com')`, 'example.com.evil.net'],
    [`req.host.startsWith('example.com')`, 'example.com.evil.net'],
    [`req.host.endsWith('example.com')`, 'evilexample.com'],
    [`/\\/admin/.test(req.url)`, 'its query too'],
    [`/\\.css$/.test(req.url)`, 'its query too'],
    [`req.url.match(/admin/)`, 'its query too'],
    [`/admin/.test(req.path)`, 'anywhere in req.path'],
    [`req.url.includes('/admin')`, 'its query too'],
    [`pattern.test(req.host)`, 'only contain it'],
  ])('finds %s', async (test, message) => {
    expect(await inHooks(`recv({ req, pass }) { if (${test}) return pass() }`, 'const pattern = /example/')).toEqual(
      of('unanchored', message),
    )
  })

  it.each<readonly [string]>([
    [`/^(?:www\\.)?example\\.com$/.test(req.host)`],
    [`/^[^.]+\\.example\\.com$/.test(req.host)`],
    [`req.host === 'example.com'`],
    [`req.host.endsWith('.example.com')`],
    [`/^\\/admin/.test(req.url)`],
    [`/\\.(?:css|js)$/.test(req.path)`],
    [`req.url.includes('utm_source=')`],
    [`/bot/i.test(req.headers.get('user-agent') ?? '')`],
  ])('leaves alone %s', async (test) => {
    expect(await inHooks(`recv({ req, pass }) { if (${test}) return pass() }`)).toEqual([])
  })
})

describe('raw-path', () => {
  it('notes a refusal of one spelling of a path', async () => {
    expect(await inHooks(`recv({ req, synth }) { if (req.url.startsWith('/admin')) return synth(403) }`)).toEqual(
      of('raw-path', 'one spelling'),
    )
    expect(await inHooks(`recv({ req, synth }) { if (decodeURI(req.url).startsWith('/admin')) return synth(403) }`)).toEqual([])
    expect(await inHooks(`recv({ req, synth }) { if (req.method === 'TRACE') return synth(403) }`)).toEqual([])
  })
})

describe('the lints together', () => {
  it('are those of the reference', () => {
    const text = readFileSync(new URL('../../vcl-ts/README.md', import.meta.url), 'utf8')
    const rows = [...text.matchAll(/^\| `([a-z-]+)` \| (.+) \|$/gm)].map(([, name, what]) => ({ name, what }))
    expect(rows).toEqual(expect.arrayContaining(LINTS.map(({ name, what }) => ({ name, what }))))
  })

  it('find nothing in the example and in the recipes of the reference', async () => {
    const root = fileURLToPath(new URL('../..', import.meta.url))
    expect(lint(await bundlePolicy(`${root}examples/policy/shop.ts`))).toEqual([])
    const recipes = [...readFileSync(`${root}vcl-ts/README.md`, 'utf8').matchAll(/^```ts\n([\s\S]*?)^```/gm)].map(([, code = '']) => code)
    const policies = recipes.filter((code) => code.includes('export default'))
    expect(policies.length).toBeGreaterThan(5)
    for (const [index, code] of policies.entries()) {
      const folder = new Folder({ [`${index}.ts`]: code })
      expect(lint(await bundlePolicy(folder.of(`${index}.ts`))), code).toEqual([])
    }
  })

  it('look into the functions that replace built-in steps', async () => {
    expect(await inHooks(`builtin: { reqInvalidate: ({ purge }) => purge() }`)).toEqual(of('open-purge-acl', 'anybody may purge'))
    expect(await inHooks(`builtin: { berespCookie({ beresp, req }) { beresp.control.private = true } }`)).toEqual([
      ...of('illegal-write', 'backendResponse has no req', 'assigns beresp.control.private'),
    ])
  })

  it('look into imported modules, and blame the line of the source', async () => {
    const folder = new Folder({
      'p.ts': `import { definePolicy } from 'clearcoat/vcl-ts'\nimport { recv } from './recv.ts'\n\nexport default definePolicy({ recv })`,
      'recv.ts': `type Given = { req: { method: string }; purge: () => undefined }\n\nexport function recv({ req, purge }: Given): undefined {\n  if (req.method === 'PURGE')\n    return purge()\n}`,
    })
    expect(lint(await bundlePolicy(folder.of('p.ts')))).toEqual([
      expect.objectContaining({ rule: 'open-purge-acl', file: folder.of('recv.ts'), line: 5, column: 12 }),
    ])
  })

  it('say what they find in the order of the source', async () => {
    const folder = new Folder({
      'p.ts': `export default {\n  deliver({ obj }) { obj.ttl = 1 },\n  recv({ req, purge, pass }) {\n    if (req.method === 'get') return purge()\n    return pass()\n    req.url = '/'\n  },\n}`,
    })
    const found = lint(await bundlePolicy(folder.of('p.ts')))
    expect(found.map(({ line, rule }) => `${line} ${rule}`)).toEqual(['2 illegal-write', '4 dead-rule', '4 open-purge-acl', '6 dead-rule'])
  })
})
