/** All client sockets of a thread are read into one buffer: what waits of one connection is not what another sent since. */
import { expect, it } from 'vitest'
import { Gate } from '../support/scripted-origin.ts'
import { message, open, reply } from './site.ts'

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
