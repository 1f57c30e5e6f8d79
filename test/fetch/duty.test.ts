/** Whatever becomes of a fetch, its turn in the fleet ends, once. */
import { once } from 'node:events'
import { expect, it } from 'vitest'
import { definePolicy, type Policy } from '../../vcl-ts/index.ts'
import { endings, type FleetOptions, fleetOf } from '../journey/fleet-of.ts'
import { message, reply, type Site } from '../journey/site.ts'
import { LargeFile } from '../support/large-file.ts'
import { Gate, type OriginScript } from '../support/scripted-origin.ts'
import { until } from '../support/until.ts'

const FRESH = { 'Cache-Control': 'max-age=60' }

interface Ending {
  readonly how: string
  readonly ends: 'kept' | 'refused' | 'again' | 'alone'
  readonly script: OriginScript
  readonly options?: FleetOptions
  readonly path?: string
  readonly fields?: Readonly<Record<string, string>>
  /** In place of one request whose answer is read. */
  readonly during?: (site: Site) => Promise<unknown>
  readonly turns?: number
}

const whole: OriginScript = (_hit, response) => reply(response, 200, FRESH, 'body')

function chunked(bytes: number, fields: Readonly<Record<string, string>> = FRESH): OriginScript {
  return (_hit, response) => {
    response.writeHead(200, fields)
    for (let sent = 0; sent < bytes; sent += 16 * 1024) response.write(Buffer.alloc(Math.min(16 * 1024, bytes - sent), 'x'))
    response.end()
  }
}

function withPolicy(policy: Policy | Policy<never>): FleetOptions {
  return { policy }
}

const broken: OriginScript = async (hit, response) => {
  response.writeHead(200, { ...FRESH, 'Content-Length': '100' })
  response.write('some')
  await new Promise((resolve) => setImmediate(resolve))
  hit.message.socket.destroy()
}

const ENDINGS: readonly Ending[] = [
  { how: 'stored at once', ends: 'kept', script: whole },
  { how: 'stored as it came', ends: 'kept', script: chunked(200 * 1024) },
  { how: 'stored without a body', ends: 'kept', script: (_hit, response) => reply(response, 204, FRESH) },
  { how: 'stored under Vary', ends: 'kept', script: (_hit, response) => reply(response, 200, { ...FRESH, Vary: 'X-A' }, 'body') },
  {
    how: 'held until it was whole',
    ends: 'kept',
    script: chunked(64 * 1024),
    options: withPolicy(definePolicy({ backendResponse: ({ beresp }) => void (beresp.stream = false) })),
  },
  {
    how: 'compressed',
    ends: 'kept',
    script: chunked(64 * 1024, { ...FRESH, 'Content-Type': 'text/plain' }),
    options: { compress: 'gzip' },
  },
  { how: 'private', ends: 'refused', script: (_hit, response) => reply(response, 200, { 'Cache-Control': 'private' }, 'own') },
  { how: 'of a cookie', ends: 'refused', script: (_hit, response) => reply(response, 200, { ...FRESH, 'Set-Cookie': 'a=b' }, 'own') },
  {
    how: 'too large by its length',
    ends: 'refused',
    script: (_hit, response) => reply(response, 200, FRESH, 'x'.repeat(70_000)),
    options: { maxObject: 65_536 },
  },
  { how: 'too large as it came', ends: 'alone', script: chunked(200 * 1024), options: { maxObject: 65_536 } },
  {
    how: 'too large while it was held',
    ends: 'alone',
    script: chunked(200 * 1024),
    options: { maxObject: 65_536, ...withPolicy(definePolicy({ backendResponse: ({ beresp }) => void (beresp.stream = false) })) },
  },
  { how: 'of no lifetime', ends: 'refused', script: (_hit, response) => reply(response, 200, { 'Cache-Control': 'max-age=0' }, 'body') },
  {
    how: 'passed for a while',
    ends: 'refused',
    script: whole,
    options: withPolicy(definePolicy({ backendResponse: ({ hitForPass }) => hitForPass('1m') })),
  },
  { how: 'no answer', ends: 'again', script: (hit) => hit.message.socket.destroy() },
  { how: 'broken off', ends: 'again', script: broken, during: (site) => site.get('/').catch(() => undefined) },
  {
    how: 'broken off while it was held',
    ends: 'again',
    script: broken,
    options: withPolicy(definePolicy({ backendResponse: ({ beresp }) => void (beresp.stream = false) })),
  },
  {
    how: 'abandoned before',
    ends: 'again',
    script: whole,
    options: withPolicy(definePolicy({ backendFetch: ({ abandon }) => abandon() })),
  },
  {
    how: 'abandoned after',
    ends: 'again',
    script: whole,
    options: withPolicy(definePolicy({ backendResponse: ({ abandon }) => abandon() })),
  },
  {
    how: 'thrown at',
    ends: 'again',
    script: whole,
    options: withPolicy(
      definePolicy({
        backendResponse() {
          throw new Error('on purpose')
        },
      }),
    ),
  },
  {
    how: 'an error page that is stored here',
    ends: 'again',
    script: (hit) => hit.message.socket.destroy(),
    options: withPolicy(definePolicy({ backendError: ({ beresp }) => void (beresp.ttl = 10) })),
  },
  {
    how: 'passed by miss',
    ends: 'again',
    script: whole,
    options: withPolicy(definePolicy({ miss: ({ pass }) => pass() })),
  },
  {
    how: 'restarted by miss',
    ends: 'again',
    script: whole,
    options: withPolicy(
      definePolicy({
        miss: ({ req, restart, synth }) => (req.restarts === 0 ? restart() : synth(200)),
      }),
    ),
    turns: 2,
  },
  {
    how: 'tried again elsewhere in the fetch',
    ends: 'kept',
    script: (hit, response) => reply(response, hit.index === 0 ? 503 : 200, FRESH, 'body'),
    options: withPolicy(
      definePolicy({ backendResponse: ({ beresp, bereq, retry }) => (beresp.status === 503 && bereq.retries === 0 ? retry() : undefined) }),
    ),
  },
  { how: 'a file in slices', ends: 'kept', script: new LargeFile(100_000).script, options: { slice: 65_536 }, turns: 2 },
  {
    how: 'not to be had in slices',
    ends: 'again',
    script: (hit, response) =>
      hit.headers.range === undefined
        ? reply(response, 200, FRESH, 'whole')
        : reply(response, 206, { ...FRESH, 'Content-Range': 'bytes 0-1/*' }, 'wh'),
    options: { slice: 65_536 },
    turns: 2,
  },
  {
    how: 'left by its only client',
    ends: 'kept',
    script: whole,
    during: async (site) => {
      const gate = new Gate()
      site.origin.script = async (_hit, response) => {
        await gate.opened
        reply(response, 200, FRESH, 'body')
      }
      const client = await site.connect()
      client.send(message('GET', '/'))
      await site.origin.hit(0)
      client.reset()
      await until(() => site.stat('client_left') === 1)
      gate.open()
    },
  },
  {
    how: 'dripping',
    ends: 'alone',
    script: whole,
    during: async (site) => {
      site.origin.script = (_hit, response) => {
        response.writeHead(200, { ...FRESH, 'Content-Length': '100' })
        response.write('some')
      }
      const client = await site.connect()
      client.send(message('GET', '/'))
      const { message: request } = await site.origin.hit(0)
      client.reset()
      await until(() => site.stat('client_left') + site.stat('client_aborted') === 1)
      const closed = once(request.socket, 'close')
      site.clock.advance(31_000)
      await closed
    },
  },
  {
    how: 'purged meanwhile',
    ends: 'again',
    script: whole,
    options: { purgeFrom: ['127.0.0.0/8'] },
    during: async (site) => {
      const gate = new Gate()
      site.origin.script = async (_hit, response) => {
        await gate.opened
        reply(response, 200, FRESH, 'body')
      }
      const asked = site.get('/')
      await site.origin.hit(0)
      await site.ask('PURGE', '/')
      gate.open()
      await asked
    },
  },
  {
    how: 'refused and purged meanwhile',
    ends: 'again',
    script: whole,
    options: { purgeFrom: ['127.0.0.0/8'] },
    during: async (site) => {
      const gate = new Gate()
      site.origin.script = async (_hit, response) => {
        await gate.opened
        reply(response, 200, { 'Cache-Control': 'private' }, 'own')
      }
      const asked = site.get('/')
      await site.origin.hit(0)
      await site.ask('PURGE', '/')
      gate.open()
      await asked
    },
  },
]

it.each(ENDINGS)('$how: $ends', async ({ ends, script, options = {}, path = '/', fields = {}, during, turns = 1 }) => {
  const { nodes, shelf } = await fleetOf(script, { ...options, size: 1 })
  const [site] = nodes as [Site]
  if (during === undefined) await site.get(path, fields)
  else await during(site)
  await until(() => endings(shelf).left === 0, 'the end of every turn')
  expect(endings(shelf)).toEqual({ once: turns, left: 0, often: 0 })
  expect(shelf.turns[0]?.ends).toEqual([ends])
})
