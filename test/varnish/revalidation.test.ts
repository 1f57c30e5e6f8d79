/** What a stale object asks the origin, and what its 304 does (behaviours 24–29). */
import { expect } from 'vitest'
import { definePolicy, type Policy } from '../../vcl-ts/index.ts'
import { always, type Fields, reply, type Site } from '../journey/site.ts'
import { Gate, type OriginHit } from '../support/scripted-origin.ts'
import { until } from '../support/until.ts'
import { behaviour, open } from './site.ts'

const asks = ({ headers }: OriginHit): boolean => headers['if-none-match'] !== undefined || headers['if-modified-since'] !== undefined

/** Kept for a conditional refetch, without grace. */
const kept = (more: Partial<Policy> = {}): Policy =>
  definePolicy({
    backendResponse({ beresp }) {
      beresp.grace = 0
      beresp.keep = 1000
    },
    ...more,
  })

/** An origin that confirms what is asked for with conditions. */
function confirming(first: Fields, confirmation: Fields, policy: Policy = kept(), status: number = 200): Promise<Site> {
  return open((hit, response) => reply(response, asks(hit) ? 304 : status, asks(hit) ? confirmation : first, `body ${hit.index}`), {
    policy,
  })
}

const HOUR: Fields = { 'Cache-Control': 'max-age=10', ETag: '"a"' }

behaviour(24, 'a Last-Modified within a second of Date is not sent, the ETag still is', async () => {
  const date = 'Fri, 27 Nov 2026 10:00:00 GMT'
  for (const [modified, sent] of [
    ['Fri, 27 Nov 2026 10:00:00 GMT', undefined],
    ['Fri, 27 Nov 2026 09:59:59 GMT', 'Fri, 27 Nov 2026 09:59:59 GMT'],
  ]) {
    const site = await confirming({ ...HOUR, Date: date, 'Last-Modified': String(modified) }, HOUR)
    await site.get('/')
    site.clock.advance(11_000)
    await site.get('/')
    const asked = site.origin.hits[1]?.headers
    expect([asked?.['if-none-match'], asked?.['if-modified-since']]).toEqual(['"a"', sent])
  }
})

behaviour(25, 'a 304 replaces fields by name, leaves what tells of the body, and the policy sees the whole as a 200', async () => {
  const seen: string[] = []
  const site = await open(
    (hit, response) => {
      if (asks(hit))
        response
          .writeHead(304, { ...HOUR, 'X-List': 'new', 'Content-Length': '999', 'Content-Encoding': 'br', 'Content-Type': 'text/odd' })
          .end()
      else
        response
          .writeHead(200, { ...HOUR, 'X-List': ['old 1', 'old 2'], 'X-Old': 'old', 'Content-Length': '4', 'Content-Type': 'text/plain' })
          .end('body')
    },
    {
      policy: kept({
        backendResponse({ beresp }) {
          beresp.keep = 1000
          beresp.grace = 0
          seen.push(
            [beresp.status, beresp.reason, beresp.was304, beresp.headers.getAll('x-list').join('+'), beresp.headers.get('x-old')].join(),
          )
          beresp.headers.set('X-Hook', String(beresp.was304))
        },
      }),
    },
  )
  await site.get('/')
  site.clock.advance(11_000)
  const answer = await site.get('/')
  expect(seen).toEqual(['200,OK,false,old 1+old 2,old', '200,OK,true,new,old'])
  expect([answer.status, answer.reason, answer.body.toString(), answer.get('content-length')]).toEqual([200, 'OK', 'body', '4'])
  expect([answer.getAll('x-list'), answer.get('x-hook'), answer.get('content-encoding'), answer.get('content-type')]).toEqual([
    ...[['new'], 'true', undefined, 'text/plain'],
  ])
})

behaviour(26, 'a 304 that nobody asked for is a failure', async () => {
  const site = await open((_hit, response) => reply(response, 304, {}))
  expect((await site.get('/')).status).toBe(503)
})

behaviour(26, 'nothing but a 200 is confirmed: anything else is asked for anew, and a 304 to that is a failure', async () => {
  const plain = await open((hit, response) => reply(response, 404, HOUR, `none ${hit.index}`), { policy: kept() })
  await plain.get('/')
  plain.clock.advance(11_000)
  expect((await plain.get('/')).body.toString()).toBe('none 1')
  expect(asks(plain.origin.hits[1] as OriginHit)).toBe(false)

  const forced = kept({
    backendFetch({ bereq }) {
      bereq.headers.set('If-None-Match', '"a"')
    },
  })
  const site = await open((hit, response) => reply(response, hit.index > 0 ? 304 : 404, HOUR, 'none'), { policy: forced })
  await site.get('/')
  site.clock.advance(11_000)
  expect((await site.get('/')).status).toBe(503)
})

behaviour(27, 'what is purged before the question is sent is asked for without conditions', async () => {
  let purging = false
  for (const hook of ['miss', 'backendFetch'] as const) {
    const site: Site = await confirming(
      HOUR,
      HOUR,
      kept({ [hook]: async () => (purging ? void (await site.ask('PURGE', '/')) : undefined) }),
    )
    await site.get('/')
    site.clock.advance(11_000)
    purging = true
    const answer = await site.get('/')
    purging = false
    expect([answer.body.toString(), asks(site.origin.hits[1] as OriginHit)], hook).toEqual(['body 1', false])
  }
})

behaviour(27, 'what is purged while it is asked about is not revived by a 304, but fetched anew', async () => {
  const gate = new Gate()
  const site = await open(
    async (hit, response) => {
      if (asks(hit)) await gate.opened
      reply(response, asks(hit) ? 304 : 200, HOUR, `body ${hit.index}`)
    },
    { policy: kept() },
  )
  await site.get('/')
  site.clock.advance(11_000)
  const asking = site.get('/')
  await site.origin.hit(1)
  await site.ask('PURGE', '/')
  gate.open()
  expect((await asking).body.toString()).toBe('body 2')
})

behaviour(28, 'an object that is still arriving, and breaks off later, is not what a 304 confirms', async () => {
  const gate = new Gate()
  const site = await open(
    async (hit, response) => {
      if (hit.index > 0) return reply(response, asks(hit) ? 304 : 200, HOUR, 'whole')
      response.writeHead(200, HOUR)
      response.write('begun')
      await gate.opened
      hit.message.socket.destroy()
    },
    { policy: kept() },
  )
  const download = await site.download('/')
  const broken = new Promise((resolve) => download.resume().once('error', resolve))
  site.clock.advance(11_000)
  const answer = await site.get('/')
  expect([answer.body.toString(), asks(site.origin.hits[1] as OriginHit)]).toEqual(['whole', false])
  gate.open()
  await broken
  expect((await site.get('/')).body.toString()).toBe('whole')
})

behaviour(29, 'a soft purge that restarts asks with conditions, and is answered by what was renewed', async () => {
  const site = await confirming(
    HOUR,
    { ...HOUR, 'X-Renewed': 'yes' },
    kept({
      recv({ req, purge }) {
        if (req.method === 'PURGE') return purge({ soft: true })
        if (req.restarts > 0) req.grace = 0
      },
      purge({ req, restart }) {
        req.method = 'GET'
        return restart()
      },
    }),
  )
  await site.get('/')
  const answer = await site.ask('PURGE', '/')
  expect([answer.status, answer.body.toString(), answer.get('x-renewed')]).toEqual([200, 'body 0', 'yes'])
  expect(asks(site.origin.hits[1] as OriginHit)).toBe(true)
  expect((await site.get('/')).get('x-cache')).toBe('HIT')
})

behaviour(29, 'a soft purge never lengthens a life', async () => {
  const site = await open(always({ 'Cache-Control': 'max-age=10' }), {
    policy: definePolicy({
      recv({ req, purge }) {
        if (req.method === 'PURGE') return purge({ soft: true })
      },
    }),
  })
  await site.get('/')
  site.clock.advance(15_000)
  await site.ask('PURGE', '/')
  site.clock.advance(6000)
  // Grace would be 10 s from the purge on if that had begun it anew.
  expect((await site.get('/')).get('x-cache')).toBe('MISS')
  await until(() => site.origin.hits.length === 2)
})
