/** Sockets of a thread are read into one buffer: what waits of one connection is not what another sent since. */
import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { Gate } from '../support/scripted-origin.ts'
import { drink, message, open, reply } from './site.ts'

it('keeps a request that waits behind another, whatever other clients send meanwhile', async () => {
  const gate = new Gate()
  const site = await open(async (hit, response) => {
    if (hit.url === '/slow') await gate.opened
    reply(response, 200, { 'Cache-Control': 'no-store' }, hit.url)
  })
  const client = await site.connect()
  client.send(message('GET', '/slow') + message('GET', '/second'))
  await site.origin.hit(0)
  for (let i = 0; i < 4; i++) expect((await site.get(`/${'other'.repeat(400)}`)).status).toBe(200)
  gate.open()
  for (const url of ['/slow', '/second']) expect((await client.response()).body.toString()).toBe(url)
  client.destroy()
})

describe('bodies that arrive piece by piece at the same time', () => {
  const SIZE = 5_000_000
  const bodyFor = (url: string): Buffer => Buffer.alloc(SIZE, `${url}:`)
  const urls = Array.from({ length: 6 }, (_, at) => `/${'abcdef'[at]}`)

  for (const framing of ['length', 'chunked'] as const)
    for (const kept of ['stored', 'too large to be stored'] as const)
      it(`are told apart: ${kept}, framed by ${framing}`, async () => {
        const site = await open(
          async ({ url }, response) => {
            response.setHeader('Cache-Control', 'max-age=60')
            if (framing === 'length') response.setHeader('Content-Length', SIZE)
            const body = bodyFor(url)
            for (let at = 0, piece = 3000; at < SIZE; at += piece, piece = (piece * 7) % 100_003) {
              response.write(body.subarray(at, at + piece))
              await turn()
            }
            response.end()
          },
          { memory: 1 << 29, maxObject: kept === 'stored' ? SIZE : 100_000 },
        )
        const downloads = await Promise.all(urls.map((url) => site.download(url)))
        // Some are read at once, others when much has come.
        const late = downloads.slice(3).map(async (download) => {
          for (let turns = 0; turns < 500; turns++) await turn()
          return await drink(download)
        })
        const bodies = await Promise.all([...downloads.slice(0, 3).map(drink), ...late])
        for (const [at, url] of urls.entries()) expect(bodies[at]?.equals(bodyFor(url))).toBe(true)
        const again = await Promise.all(urls.map((url) => site.get(url)))
        for (const [at, url] of urls.entries()) expect(again[at]?.body.equals(bodyFor(url))).toBe(true)
        expect(new Set(again.map((answer) => answer.get('x-cache')))).toEqual(new Set([kept === 'stored' ? 'HIT' : 'MISS']))
      })
})
