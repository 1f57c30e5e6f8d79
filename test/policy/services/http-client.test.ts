/** `httpClient`: deadlines, limits, and what ends a request. */
import { describe, expect, it } from 'vitest'
import { testPolicy } from '../../../src/testing/index.ts'
import { definePolicy, type HttpClientOptions, httpClient } from '../../../vcl-ts/index.ts'
import { neighbour } from '../../support/neighbour.ts'
import { until } from '../../support/until.ts'

async function client(options: HttpClientOptions = {}) {
  const http = httpClient(options)
  return { http, cache: await testPolicy(definePolicy({ services: { http } })) }
}

describe('an answer', () => {
  it('is here whole, of whatever status', async () => {
    const other = await neighbour((request, response) => {
      response.writeHead(404, { 'X-Seen': `${request.method} ${request.headers['x-a']} ${request.headers['x-b']}` })
      request.pipe(response)
    })
    const { http } = await client({ headers: { 'X-A': '1', 'X-B': '1' } })
    const answer = await http.fetch(other.url, { method: 'POST', body: '{"ü":1}', headers: { 'X-B': '2' } })
    expect([answer.status, answer.ok, answer.header('x-seen'), answer.json(), answer.text()]).toEqual([
      404,
      false,
      'POST 1 2',
      { ü: 1 },
      '{"ü":1}',
    ])
    expect(answer.header('x-none')).toBeNull()
  })

  it('3xx is not followed', async () => {
    const other = await neighbour((_request, response) => void response.writeHead(302, { Location: '/away' }).end())
    const { http } = await client()
    const answer = await http.fetch(other.url)
    expect([answer.status, answer.header('location'), other.asked.length]).toEqual([302, '/away', 1])
  })

  it('that is too long fails, and is not read on', async () => {
    const other = await neighbour((_request, response) => {
      const more = (): void => {
        while (!response.destroyed && response.write('x'.repeat(65_536)));
      }
      response.on('drain', more)
      more()
    })
    const { http } = await client({ maxBody: 100_000 })
    await expect(http.fetch(`${other.url}/a?token=secret`)).rejects.toThrow(`${other.url}/a answers with more than 100000 bytes`)
    await until(() => other.gone === 1)
  })

  it('in a content coding counts as it is decoded', async () => {
    const { gzipSync } = await import('node:zlib')
    const other = await neighbour(
      (_request, response) => void response.writeHead(200, { 'Content-Encoding': 'gzip' }).end(gzipSync(Buffer.alloc(1_000_000))),
    )
    const { http } = await client({ maxBody: 100_000 })
    await expect(http.fetch(other.url)).rejects.toThrow('more than 100000 bytes')
  })
})

describe('a request', () => {
  it('fails when it takes longer than was said, or than a hook may take', async () => {
    const other = await neighbour((request, response) => {
      if (request.url === '/head') response.writeHead(200).write('x')
    })
    const { http, cache } = await client({ timeout: '10s' })
    const slow = [http.fetch(`${other.url}/`, { timeout: '1s' }), http.fetch(`${other.url}/head`)]
    const ends = Promise.allSettled(slow)
    await until(() => other.asked.length === 2)
    await cache.advance(1)
    await until(() => other.gone === 1)
    await cache.advance(4)
    await until(() => other.gone === 2)
    expect(await ends).toMatchObject([
      { status: 'rejected', reason: { message: expect.stringContaining('did not answer within 1 s') } },
      { status: 'rejected', reason: { message: expect.stringContaining('did not answer within 5 s') } },
    ])
  })

  it('ends with the signal, and with the policy', async () => {
    const other = await neighbour(() => {})
    const { http, cache } = await client()
    const controller = new AbortController()
    const both = Promise.allSettled([http.fetch(other.url, { signal: controller.signal }), http.fetch(other.url)])
    await until(() => other.asked.length === 2)
    controller.abort(new Error('the client has left'))
    await until(() => other.gone === 1)
    await cache.close()
    await until(() => other.gone === 2)
    expect(await both).toMatchObject([
      { status: 'rejected', reason: { message: expect.stringContaining('the client has left') } },
      { status: 'rejected', reason: { message: expect.stringContaining('the policy has ended') } },
    ])
    expect(() => controller.signal.throwIfAborted()).toThrow()
  })

  it('to nobody fails with the address and why, without what may be secret', async () => {
    const { http } = await client()
    await expect(http.fetch('http://127.0.0.1:1/a?key=secret')).rejects.toThrow(/^http:\/\/127\.0\.0\.1:1\/a cannot be asked: (?!.*secret)/)
  })
})

it.each([{ timeout: 0 }, { timeout: '-1s' }, { maxBody: -1 }, { maxBody: 1e9 }])('refuses %j', (options) => {
  expect(() => httpClient(options as HttpClientOptions)).toThrow(RangeError)
})
