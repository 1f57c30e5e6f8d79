import { describe, expect, it } from 'vitest'
import { definePolicy } from '../../vcl-ts/index.ts'
import { always, message, open, reply, type Site, type SiteOptions } from '../journey/site.ts'
import { commandOf } from './admin-command.ts'

const FRESH = { 'Cache-Control': 'max-age=60' }

async function varnish(script: Parameters<typeof open>[0], options: SiteOptions = {}): Promise<Site> {
  const site = await open(script, { preset: 'varnish', admin: '127.0.0.1:0', ...options })
  expect(await commandOf(site.server, 'debug.xid 1000')).toEqual({ status: 200, text: 'XID is 1000 chunk 1' })
  return site
}

describe('X-Varnish under the preset varnish', () => {
  it('is the request’s id on a miss, and behind it the fetch’s on a hit', async () => {
    const site = await varnish(always(FRESH))
    const client = await site.connect()
    expect((await client.request(message('GET', '/'))).get('x-varnish')).toBe('1001')
    expect((await client.request(message('GET', '/'))).get('x-varnish')).toBe('1003 1002')
    expect((await client.request(message('GET', '/'))).get('x-varnish')).toBe('1004 1002')
    client.destroy()
    expect((await site.get('/')).get('x-varnish')).toBe('1006 1002')
  })

  it('is one number on what passes, and on what is made here', async () => {
    const policy = definePolicy({ recv: ({ req, synth }) => (req.url === '/synth' ? synth(200) : undefined) })
    const site = await varnish(always(FRESH), { policy })
    const client = await site.connect()
    expect((await client.request(message('GET', '/', { Cookie: 'a=b' }))).get('x-varnish')).toBe('1001')
    expect((await client.request(message('GET', '/synth'))).get('x-varnish')).toBe('1003')
    client.destroy()
  })

  it('is another number after a restart', async () => {
    const policy = definePolicy({ recv: ({ req, restart }) => (req.restarts < 2 ? restart() : undefined) })
    const site = await varnish(always(FRESH), { policy })
    expect((await site.get('/')).get('x-varnish')).toBe('1003')
    // The connection is 1005.
    expect((await site.get('/')).get('x-varnish')).toBe('1008 1004')
  })

  it('names the retry that brought the object', async () => {
    const policy = definePolicy({ backendResponse: ({ beresp, retry }) => (beresp.status === 500 ? retry() : undefined) })
    const site = await varnish((hit, response) => reply(response, hit.index < 2 ? 500 : 200, FRESH, 'x'), { policy })
    expect((await site.get('/')).get('x-varnish')).toBe('1001')
    expect((await site.get('/')).get('x-varnish')).toBe('1006 1004')
  })

  it('names the refresh that a 304 confirmed the object with', async () => {
    const site = await varnish((hit, response) => {
      if (hit.headers['if-none-match'] === undefined) reply(response, 200, { 'Cache-Control': 'max-age=1', ETag: '"1"' }, 'page')
      else reply(response, 304, { 'Cache-Control': 'max-age=60', ETag: '"1"' })
    })
    const client = await site.connect()
    expect((await client.request(message('GET', '/'))).get('x-varnish')).toBe('1001')
    site.clock.advance(3000)
    // In grace: 1003 is served what 1002 brought while 1004 asks.
    expect((await client.request(message('GET', '/'))).get('x-varnish')).toBe('1003 1002')
    await site.origin.hit(1)
    await expect.poll(async () => (await client.request(message('GET', '/'))).get('x-varnish')?.split(' ')[1]).toBe('1004')
    client.destroy()
  })

  it('is seen and can be taken away by deliver', async () => {
    const seen: (string | undefined)[] = []
    const policy = definePolicy({
      deliver: ({ resp }) => {
        seen.push(resp.headers.get('x-varnish'))
        resp.headers.delete('X-Varnish')
      },
    })
    const site = await varnish(always(FRESH), { policy })
    expect((await site.get('/')).get('x-varnish')).toBeUndefined()
    expect((await site.get('/')).get('x-varnish')).toBeUndefined()
    expect(seen).toEqual(['1001', '1004 1002'])
  })

  it('is the last part of the id in error page and access log', async () => {
    const site = await varnish((_hit, response) => response.destroy())
    const page = await site.get('/')
    expect(page.get('x-varnish')).toBe('1001')
    expect(site.records[0]?.id).toMatch(/-1001$/)
    expect(page.body.toString()).toContain(site.records[0]?.id)
  })
})

describe('ids', () => {
  it('are not told under other presets', async () => {
    const site = await open(always(FRESH))
    await site.get('/')
    expect((await site.get('/')).get('x-varnish')).toBeUndefined()
  })

  it('begin at 1 with the first connection', async () => {
    const site = await open(always(FRESH))
    await site.get('/')
    expect(site.records[0]?.id).toMatch(/-2$/)
  })

  it('are refused by debug.xid when they are none', async () => {
    const site = await varnish(always(FRESH))
    for (const text of ['0', '-1', 'x', '1e3', '1000000000000000'])
      expect(await commandOf(site.server, `debug.xid ${text}`)).toMatchObject({ status: 106 })
    expect(await commandOf(site.server, 'debug.xid')).toEqual({ status: 200, text: 'XID is 1000 chunk 1' })
  })
})
