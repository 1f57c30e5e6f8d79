/** A ban is over when every fetch that began before it is, however that ended: none is on the list for ever. */
import { expect, it } from 'vitest'
import { definePolicy } from '../../vcl-ts/index.ts'
import { Gate, type OriginScript } from '../support/scripted-origin.ts'
import { until } from '../support/until.ts'
import { type Fields, open, reply, type Site, type SiteOptions } from './site.ts'

const KEEP = { 'Cache-Control': 'max-age=60, stale-while-revalidate=60', ETag: '"1"' }

interface Course {
  readonly script?: (gate: Gate) => OriginScript
  readonly options?: SiteOptions
  /** What comes before the fetch. */
  readonly before?: (site: Site) => Promise<unknown>
  readonly method?: string
  readonly fields?: Fields
  readonly body?: string
  /** The client does not wait for its answer. */
  readonly leaves?: boolean
}

/** The origin answers once the gate is open. */
const late =
  (status: number, fields: Fields, body: string = 'text'): ((gate: Gate) => OriginScript) =>
  (gate) =>
  async (_, response) => {
    await gate.opened
    reply(response, status, fields, body)
  }

const COURSES: Readonly<Record<string, Course>> = {
  'is stored': {},
  'is not shared': { script: late(200, { 'Cache-Control': 'private' }) },
  'is passed': { method: 'POST', body: 'x' },
  'is a HEAD': { method: 'HEAD' },
  'is a range': { script: late(206, { ...KEEP, 'Content-Range': 'bytes 0-3/100' }), fields: { Range: 'bytes=0-3' } },
  'is an error that a policy stores': {
    script: (gate) => async (_, response) => {
      await gate.opened
      response.destroy()
    },
    options: {
      policy: definePolicy({
        backendError({ beresp }) {
          beresp.ttl = 10
        },
      }),
    },
  },
  fails: {
    script: (gate) => async (_, response) => {
      await gate.opened
      response.destroy()
    },
  },
  'breaks in the body': {
    script: (gate) => async (_, response) => {
      response.writeHead(200, { ...KEEP, 'Content-Length': 10 })
      response.write('half')
      await gate.opened
      response.destroy()
    },
  },
  'arrives slowly': {
    script: (gate) => async (_, response) => {
      response.writeHead(200, { ...KEEP, 'Content-Length': 8 })
      response.write('half')
      await gate.opened
      response.end('half')
    },
  },
  'is delivered when it is whole': {
    options: {
      policy: definePolicy({
        backendResponse({ beresp }) {
          beresp.stream = false
        },
      }),
    },
  },
  'is retried': {
    options: {
      policy: definePolicy({
        backendResponse({ bereq, retry }) {
          if (bereq.retries < 2) return retry()
        },
      }),
    },
  },
  'waits for a hook': {
    options: {
      policy: definePolicy({
        async backendResponse() {
          await new Promise((resolve) => setImmediate(resolve))
        },
      }),
    },
  },
  'renews what is stale': {
    script: (gate) => async (hit, response) => {
      if (hit.index > 1) await gate.opened
      reply(response, hit.index > 1 ? 304 : 200, KEEP, 'text')
    },
    before: async (site) => {
      await site.get('/x')
      site.clock.advance(61_000)
    },
  },
  'is left by its client': { leaves: true },
  'is passed, and left by its client': { leaves: true, method: 'POST', body: 'x' },
}

it.each(Object.entries(COURSES))('a ban ends after a fetch that %s', async (_, course) => {
  const gate = new Gate()
  const site = await open((course.script ?? late(200, KEEP))(gate), course.options)
  if (course.before !== undefined) await course.before(site)
  const hits = site.origin.hits.length
  const client = await site.connect()
  const method = course.method ?? 'GET'
  const body = course.body ?? ''
  const lines = Object.entries({ Host: 'www.example', 'Content-Length': String(body.length), ...course.fields })
  client.send(`${method} /x HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${body}`)
  await until(() => site.origin.hits.length > hits, 'the fetch')
  const banned = await site.ask('BAN', '/', { 'X-Ban': 'obj.url == /x' })
  expect(banned.status).toBe(200)
  if (course.leaves === true) client.destroy()
  gate.open()
  await until(() => site.stat('bans_completed') === site.stat('bans'), 'the end of the ban')
  expect([site.stat('bans'), site.stat('bans_completed')]).toEqual([1, 1])
  client.destroy()
})
