/** What is somebody's own never lies in Redis, under any preset, whatever the journey (HARDENING 285; figures: private data). */
import { expect, it, onTestFinished } from 'vitest'
import { PRESETS } from '../../vcl-ts/builtin/decisions.ts'
import { scanRedis } from '../support/redis-scan.ts'
import { startRedis } from '../support/redis-server.ts'
import { RespClient } from '../support/resp-client.ts'
import { FRESH, joinNode, originOf, SECRET } from './redis-rig.ts'
import { type Fields, reply } from './site.ts'

const MARK = 'PERSONAL'
const BASIC: Fields = { Authorization: `Basic ${MARK}-credentials` }
const COOKIE: Fields = { Cookie: `session=${MARK}-session` }

/** By path: what the origin says, and what the client sends. Each answer carries the mark. */
const PERSONAL: Readonly<Record<string, readonly [answer: Fields, request: Fields]>> = {
  '/private': [{ 'Cache-Control': 'private, max-age=600' }, {}],
  '/private-in-capitals': [{ 'Cache-Control': 'PRIVATE' }, {}],
  '/private-fields': [{ 'Cache-Control': 'private="x-personal", max-age=600' }, {}],
  '/private-shared': [{ 'Cache-Control': 'private, s-maxage=600' }, {}],
  '/no-store': [{ 'Cache-Control': 'no-store, max-age=600' }, {}],
  '/set-cookie': [{ ...FRESH, 'Set-Cookie': `session=${MARK}` }, {}],
  '/set-cookie-no-cache': [{ 'Cache-Control': 'no-cache', ETag: '"1"', 'Set-Cookie': `session=${MARK}` }, {}],
  '/authorized': [FRESH, BASIC],
  '/authorized-no-cache': [{ 'Cache-Control': 'no-cache', ETag: '"1"' }, BASIC],
  '/authorized-private': [{ 'Cache-Control': 'private' }, BASIC],
  '/varies-by-cookie': [{ ...FRESH, Vary: 'Cookie' }, COOKIE],
  '/varies-by-authorization': [{ 'Cache-Control': 'public, max-age=600', Vary: 'Authorization' }, BASIC],
  '/large': [{ 'Cache-Control': 'private, max-age=600' }, {}],
}

/** Under this preset what a request with a cookie fetched is shared where the origin does not say otherwise (RFC 9111). */
const SHARES_COOKIES = 'rfc9111'

it.each(PRESETS)('is written nowhere under the preset %s', async (preset) => {
  const redis = await startRedis()
  onTestFinished(() => redis.stop())
  const personal: typeof PERSONAL = { ...PERSONAL, ...(preset === SHARES_COOKIES ? {} : { '/cookie': [FRESH, COOKIE] as const }) }
  const origin = await originOf(({ url }, response) => {
    const path = url.split('?')[0] as string
    const [fields] = personal[path] ?? [FRESH]
    const body = personal[path] === undefined ? 'for all' : `${MARK} of ${url} ${path === '/large' ? MARK.repeat(100_000) : ''}`
    reply(response, 200, personal[path] === undefined ? fields : { 'X-Personal': MARK, ...fields }, body)
  })
  const nodes = [await joinNode(origin, redis.url, { preset }), await joinNode(origin, redis.url, { preset, workers: 2 })] as const
  for (let round = 0; round < 2; round++) {
    for (const node of nodes) {
      for (const [path, [, fields]] of Object.entries(personal)) {
        // With what refuses to be shared and with what does not, many at once, part of it, and under other methods.
        await Promise.all([node.get(path, fields), node.get(path, fields), node.get(path, { ...fields, Range: 'bytes=0-3' })])
        await node.ask('HEAD', path, fields)
        await node.ask('POST', path, fields, `${MARK} that is sent`)
        await node.get(`${path}?once=${round}`, fields)
      }
      await node.get('/public')
    }
  }
  // What was to be written has been, as it is written in order.
  for (const node of nodes) await node.sharing()
  const client = await RespClient.open(redis.port)
  onTestFinished(() => client.close())
  const scanned = await scanRedis(client, { secret: SECRET, prefix: 'clearcoat:', marks: [MARK] })
  expect(scanned.wrong).toEqual([])
  expect([scanned.objects > 0, scanned.refusals > 0, scanned.others > 0]).toEqual([true, true, true])
})

it('would be found', async () => {
  const redis = await startRedis()
  onTestFinished(() => redis.stop())
  const origin = await originOf((_, response) => reply(response, 200, FRESH, `${MARK} by mistake`))
  const node = await joinNode(origin, redis.url)
  const written = node.stat('tier_written')
  await node.get('/mistaken')
  await node.written(written + 1)
  const client = await RespClient.open(redis.port)
  onTestFinished(() => client.close())
  const { wrong } = await scanRedis(client, { secret: SECRET, prefix: 'clearcoat:', marks: [MARK] })
  expect(wrong.length).toBeGreaterThan(0)
})
