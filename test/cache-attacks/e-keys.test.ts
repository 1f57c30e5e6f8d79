import { afterEach, describe, expect, test } from 'vitest'
import { PrimaryKey } from '../../src/request/key.ts'
import { definePolicy } from '../../vcl-ts/index.ts'
import { type Reply, type Rig, type RigOptions, type Seen, start } from './rig.ts'
import { PATHS, QUERIES } from './targets.ts'

let rig: Rig | null = null
afterEach(async () => {
  await rig?.close()
  rig = null
})

const FRESH = ['Cache-Control', 'max-age=3600'] as const
const telling = (seen: Seen): Reply => ({ fields: [FRESH], body: `${seen.method} ${seen.get('host')} ${seen.target} #${seen.number}` })

async function open(answer: (seen: Seen) => Reply = telling, options: RigOptions = {}): Promise<Rig> {
  rig = await start(answer, options)
  return rig
}

describe('the key', () => {
  test.each([
    ['queries', QUERIES.map((query) => `/p${query}`)],
    ['paths', PATHS],
  ])('tells all %s of the table apart, and the origin gets each byte for byte', async (_title, targets) => {
    const it = await open()
    const first: string[] = []
    for (const target of targets) first.push((await it.get(target)).body.toString())
    expect(first).toEqual(targets.map((target, i) => `GET example.com ${target} #${i + 1}`))
    for (const [i, target] of targets.entries()) {
      const again = await it.get(target)
      expect([again.get('x-cache'), again.body.toString()]).toEqual(['HIT', first[i]])
    }
    expect(it.seen).toHaveLength(targets.length)
  })

  test('tells hosts and ports apart, but not two spellings of one', async () => {
    const it = await open()
    const hosts = [
      'example.com',
      'example.com:8080',
      'example.org',
      'www.example.com',
      'example.com.evil',
      '127.0.0.1',
      '[::1]',
      'constructor',
      '__proto__',
    ]
    for (const host of hosts) expect((await it.get('/', [], host)).body.toString()).toContain(` ${host} `)
    expect(it.seen).toHaveLength(hosts.length)
    for (const host of ['EXAMPLE.com', 'example.com.', 'example.com:80', 'Example.Com.:80'])
      expect((await it.get('/', [], host)).body.toString()).toBe('GET example.com / #1')
  })

  test('keeps answers to the two schemes apart behind a trusted terminator', async () => {
    const it = await open((seen) => ({ fields: [FRESH], body: seen.get('x-forwarded-proto') ?? '' }), { trust: ['127.0.0.0/8'] })
    for (const scheme of ['http', 'https', 'http', 'https'])
      expect((await it.get('/', [['X-Forwarded-Proto', scheme]])).body.toString()).toBe(scheme)
    expect(it.seen).toHaveLength(2)
  })

  test('ignores the scheme that an untrusted client claims', async () => {
    const it = await open((seen) => ({ fields: [FRESH], body: seen.get('x-forwarded-proto') ?? '' }))
    for (const scheme of ['https', 'http', 'ftp']) expect((await it.get('/', [['X-Forwarded-Proto', scheme]])).body.toString()).toBe('http')
    expect(it.seen).toHaveLength(1)
  })

  test('serves no method by the answer to another, but HEAD by that to GET', async () => {
    const it = await open()
    await it.get('/')
    for (const method of ['OPTIONS', 'PROPFIND', 'REPORT', 'SEARCH'])
      expect((await it.ask('/', { method })).body.toString()).toMatch(new RegExp(`^${method} `))
    const head = await it.ask('/', { method: 'HEAD' })
    expect([head.get('x-cache'), head.get('content-length')]).toEqual(['HIT', String('GET example.com / #1'.length)])
    await it.ask('/other', { method: 'HEAD' })
    expect((await it.get('/other')).body.toString()).toMatch(/^GET .* #7$/)
  })

  test('has length-prefixed parts, so that no part can pretend to be another', () => {
    const key = (url: string, host: string, ...parts: string[]): string => {
      const made = new PrimaryKey(url, host)
      for (const part of parts) made.add(part)
      return made.text
    }
    const keys = [
      key('/a', 'b'),
      key('/a1:b', ''),
      key('/a', 'b', ''),
      key('/a', 'b', '', ''),
      key('/a', 'b', 'c', 'd'),
      key('/a', 'b', 'cd'),
      key('/a', 'b', 'c1:d'),
      key('/a', '1:b', 'c'),
      key('/', 'a1:b'),
    ]
    expect(new Set(keys).size).toBe(keys.length)
  })

  test('is never an integer to the engine: its first bytes are a length and a colon', () => {
    for (const target of ['/', '/1', '/4294967294', `/${'9'.repeat(20)}`]) expect(new PrimaryKey(target, '1').text).toMatch(/^\d+:\//)
  })
})

test('parameters that a policy ignores are not sent to the origin either', async () => {
  const ignoring = definePolicy({
    recv({ req }) {
      const kept = req.query.split('&').filter((pair) => !/^(?:utm_[^=]*|gclid)(?:=|$)/.test(pair))
      req.url = kept.length === 0 || kept[0] === '' ? req.path : `${req.path}?${kept.join('&')}`
    },
  })
  const it = await open(telling, { policy: ignoring })
  for (const query of ['?a=1', '?a=1&utm_x=evil', '?utm_content=z;a=2&a=1', '?gclid=%3Cscript%3E&a=1'])
    expect((await it.get(`/p${query}`)).body.toString()).toBe('GET example.com /p?a=1 #1')
  // A semicolon is no separator: what it hides stays part of the value.
  expect((await it.get('/p?a=1;utm_x=2')).body.toString()).toBe('GET example.com /p?a=1;utm_x=2 #2')
  expect(it.seen.map(({ target }) => target)).toEqual(['/p?a=1', '/p?a=1;utm_x=2'])
})

describe('pages made from Host', () => {
  test('are never shared between hosts: redirects of the origin', async () => {
    const it = await open((seen) => ({ status: 301, fields: [FRESH, ['Location', `https://${seen.get('host')}${seen.target}`]] }))
    for (const host of ['evil.example', 'example.com', 'evil.example', 'example.com:8080', 'example.com'])
      expect((await it.get('/login', [], host)).get('location')).toBe(`https://${host}/login`)
    expect(it.seen).toHaveLength(3)
  })

  test('are never stored: synthetic answers', async () => {
    const policy = definePolicy({
      recv: ({ synth }) => synth(301),
      synth({ req, resp }) {
        resp.headers.set('Location', `https://${req.host}${req.url}`)
        resp.headers.set('Cache-Control', 'max-age=3600')
      },
    })
    const it = await open(telling, { policy })
    for (const host of ['evil.example', 'example.com']) expect((await it.get('/', [], host)).get('location')).toBe(`https://${host}/`)
    expect([it.stat('n_object'), it.seen.length]).toEqual([0, 0])
  })
})

describe('names of Object.prototype', () => {
  const NAMES = ['__proto__', 'constructor', 'toString', 'valueOf', 'hasOwnProperty', '__defineGetter__', '0', '4294967295']

  test.each(NAMES)('%s is an ordinary field, both ways', async (name) => {
    const it = await open((seen) => ({ fields: [FRESH, [name, 'from origin']], body: seen.get(name) ?? 'absent' }))
    const answer = await it.get('/', [[name, 'from client']])
    expect([answer.body.toString(), answer.get(name)]).toEqual(['from client', 'from origin'])
    const hit = await it.get('/')
    expect([hit.get('x-cache'), hit.get(name)]).toEqual(['HIT', 'from origin'])
  })

  test.each(NAMES)('%s is an ordinary member of Vary', async (name) => {
    const it = await open((seen) => ({ fields: [FRESH, ['Vary', name]], body: seen.get(name) ?? 'absent' }))
    for (const value of ['a', 'b', undefined, 'a', 'b', undefined])
      expect((await it.get('/', value === undefined ? [] : [[name, value]])).body.toString()).toBe(value ?? 'absent')
    expect(it.seen).toHaveLength(3)
  })

  test.each(NAMES)('%s is an ordinary directive, cookie, connection option and parameter', async (name) => {
    const it = await open((seen) => ({
      fields: [
        ['Cache-Control', `${name}, ${name}=1, public, max-age=60`],
        ['Surrogate-Key', name],
      ],
      body: `#${seen.number}`,
    }))
    const fields = [
      ['Cookie', `${name}=1; ${name}`],
      ['Connection', name],
      ['Cache-Control', name],
      ['Accept-Encoding', name],
    ] as const
    expect((await it.get(`/?${name}=1`, fields)).status).toBe(200)
    expect((await it.get(`/?${name}=1`)).get('x-cache')).toBe('HIT')
    expect(it.seen).toHaveLength(1)
  })

  test('are ordinary cookies to a policy', async () => {
    const policy = definePolicy({
      recv: ({ req, synth }) => synth(200, [...req.cookies.keys()].join(' ')),
    })
    const it = await open(telling, { policy })
    expect((await it.get('/', [['Cookie', '__proto__=1; constructor=2; toString=3']])).reason).toBe('__proto__ constructor toString')
  })
})
