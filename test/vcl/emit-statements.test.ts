import { describe, expect, it } from 'vitest'
import type { PolicyTest, TestAnswer, TestOptions } from '../../src/testing/test-policy.ts'
import { statementVcl } from './statement-cases.ts'
import { translate, vclTest, withBackend } from './translated.ts'

function run(name: string, options: TestOptions = {}): Promise<PolicyTest> {
  return vclTest(statementVcl(name), options)
}

async function sent(cache: PolicyTest, url: string, field: string, headers: Record<string, string> = {}): Promise<string | undefined> {
  return (await cache.request({ url, headers })).trace.origin[0]?.headers.get(field)
}

describe('statements', () => {
  it('branch', async () => {
    const cache = await run('branches')
    const shown = await Promise.all(['/a', '/b', '/c', '/d', '/e', '/f'].map((url) => sent(cache, url, 'x')))
    expect(shown).toEqual(['a', 'b', 'c', 'd', 'e', 'other'])
    expect(await sent(cache, '/x', 'y')).toBe('block')
  })

  it('call subs, which leave themselves or the hook; bodies of one name follow each other', async () => {
    const cache = await run('subs')
    expect(await sent(cache, '/', 'x')).toBe('1+341+')
    expect(await sent(cache, '/leave', 'x')).toBe('1341')
    const ended = await cache.request('/end')
    expect([ended.status, ended.reason]).toEqual([403, 'ended'])
  })

  it('assign', async () => {
    const cache = await run('assignments')
    const { trace, headers, status } = await cache.request({ url: '/?a', headers: { C: 'c' } })
    const [seen] = trace.origin
    expect(seen?.url).toBe('/?a&more')
    expect(seen?.headers.get('a')).toBe('xy')
    expect(seen?.headers.get('b')).toBe('')
    expect(seen?.headers.has('c')).toBe(false)
    expect(seen?.headers.get('d')).toBe('!')
    expect(headers.get('ttl')).toBe('10.000')
    expect(status).toBe(201)
  })

  it('answer by themselves, redirect by a mark, and fail', async () => {
    const cache = await run('synthetic')
    const go = await cache.request('/go')
    expect([go.status, go.headers.get('location')]).toEqual([302, 'https://elsewhere.example/\xc3\xa9'])
    const plain = await cache.request({ url: '/plain', headers: { 'X-What': '\xc3\xa9t\xc3\xa9' } })
    expect([plain.status, plain.body]).toEqual([418, '<p>418 Grüße, été</p>'])
    expect(await cache.request('/x')).toMatchObject({ status: 404, reason: 'Not ' })
    expect((await cache.request('/fail')).status).toBe(503)
    expect((await cache.request('/unmade')).status).toBe(500)
  })

  it('handle failures of the origin', async () => {
    const cache = await run('errors', {
      origin: ({ url }) => ({ status: url === '/500' ? 500 : url === '/502' ? 502 : 200, body: 'page' }),
    })
    const answered = async (url: string): Promise<readonly unknown[]> => {
      const { status, body, headers, trace } = await cache.request(url)
      return [status, body, headers.get('x-error'), trace.origin.length]
    }
    expect(await answered('/')).toEqual([200, 'page', undefined, 1])
    expect(await answered('/500')).toEqual([500, 'page', undefined, 3])
    expect(await answered('/502')).toEqual([503, 'sorry', '503 Service Unavailable', 1])
    expect(await answered('/error')).toEqual([503, 'sorry', '503 Closed', 0])
    expect((await cache.request('/abandon')).status).toBe(503)
  })

  it('restart', async () => {
    const cache = await run('restarts', { origin: ({ url }) => (url === '/found' ? { body: 'found' } : { status: 404 }) })
    const { body, trace } = await cache.request('/lost')
    expect(body).toBe('found')
    expect(trace.origin.map(({ headers }) => headers.get('x-restarts'))).toEqual(['0', '1'])
  })

  it('stand in every hook', async () => {
    let count = 0
    const cache = await run('hooks', { origin: () => ({ body: String(++count) }) })
    expect(await sent(cache, '/', 'x-way')).toBe('1/')
    expect(await sent(cache, '/pass', 'x-way')).toBe('/1')
    const body = async (headers: Record<string, string> = {}): Promise<string> => (await cache.request({ url: '/', headers })).body
    expect(await body()).toBe('1')
    expect(await body({ 'X-Tenant': 'a' })).toBe('3')
    expect(await body({ 'X-Tenant': 'a' })).toBe('3')
    expect(await body({ 'X-Again': '1' })).toBe('4')
  })

  it('make keys that leave the host out where they end before it', async () => {
    let count = 0
    const cache = await run('hashes', { origin: () => ({ body: String(++count) }) })
    const body = async (headers: Record<string, string>): Promise<string> => (await cache.request({ url: '/', headers })).body
    expect(await body({ 'X-Short': '1', Host: 'a.example' })).toBe('1')
    expect(await body({ 'X-Short': '1', Host: 'b.example' })).toBe('1')
    expect(await body({ Host: 'a.example' })).toBe('2')
    expect(await body({ Host: 'b.example' })).toBe('3')
    expect(await body({ Host: 'b.example', 'X-Tenant': 't' })).toBe('4')
    expect(await body({ Host: 'b.example', 'X-Tenant': 't' })).toBe('4')
  })

  it('come before steps of the built-in code, which go on unless they are left', async () => {
    let count = 0
    const cache = await run('steps', {
      origin: ({ url }) => ({
        headers: {
          'Cache-Control': url === '/stale' ? 'max-age=0' : 'max-age=60',
          ...(url === '/stale' ? { 'X-Keep': '1' } : {}),
          ...(url === '/set' ? { 'Set-Cookie': 'harmless=1' } : url === '/own' ? { 'Set-Cookie': 'id=1' } : {}),
        },
        body: String(++count),
      }),
    })
    const twice = async (url: string, headers: Record<string, string> = {}): Promise<boolean> => {
      const first: TestAnswer = await cache.request({ url, headers })
      return (await cache.request({ url, headers })).body === first.body
    }
    expect(await twice('/a', { Cookie: 'theme=1' })).toBe(true)
    expect(await twice('/b', { Cookie: 'session=1' })).toBe(false)
    expect(await twice('/set')).toBe(true)
    expect(await twice('/own')).toBe(false)
    expect(await twice('/stale')).toBe(true)
    expect((await cache.request({ method: 'PURGE', url: '/a' })).status).toBe(200)
    expect((await cache.request({ method: 'FOO', url: '/a' })).status).toBe(501)
  })

  it('know the client on the backend side', async () => {
    expect(await sent(await run('client'), '/', 'x-from')).toBe('192.0.2.1 192.0.2.2 192.0.2.2:80')
  })

  it('are left out where they are never reached', () => {
    const { code } = translate(withBackend('sub vcl_recv { return (hash); set req.url = "/never"; }'))
    expect(code).not.toContain('/never')
    expect(code).toContain('// What the VCL has behind this is never reached.')
  })

  it('keep their comments', () => {
    const { code } = translate(statementVcl('comments'))
    for (const text of ['// about recv', '// and more', '// first', '// why', '/* inline */', '// the end of it', '// the last word'])
      expect(code).toContain(text)
    expect(code).toContain('a branch')
  })
})
