import { expect, onTestFinished, test } from 'vitest'
import type { RawResponse } from '../support/raw-client.ts'
import { bodyOf } from '../support/scripted-origin.ts'
import { message, open, type Site } from './site.ts'

/** A cache that has an idle connection to an origin, which dies of the first PUT once it has read it. */
async function mortal(): Promise<{ readonly site: Site; readonly put: (size: number) => Promise<RawResponse> }> {
  let alive = true
  const site = await open(async (hit, response) => {
    const body = await bodyOf(hit)
    if (hit.method === 'PUT' && alive) {
      alive = false
      hit.message.socket.destroy()
    } else response.end(`${body.length}`)
  })
  // One connection, so that the worker has a connection to the origin to use again.
  const client = await site.connect()
  onTestFinished(() => client.destroy())
  await client.request(message('POST', '/warm'))
  const put = (size: number): Promise<RawResponse> => client.request(message('PUT', '/', {}, 'x'.repeat(size)))
  return { site, put }
}

const puts = (site: Site): number => site.origin.hits.filter((hit) => hit.method === 'PUT').length

test('a small upload under which a reused connection died is sent once more', async () => {
  const { site, put } = await mortal()
  const answer = await put(1000)
  expect([answer.status, answer.body.toString(), puts(site)]).toEqual([200, '1000', 2])
})

test('an upload too large to be kept for that fails as the origin did, and is not blamed on the client', async () => {
  const { site, put } = await mortal()
  const answer = await put(100_000)
  expect([answer.status, puts(site)]).toEqual([502, 1])
  expect(site.stat('backend_retry')).toBe(0)
})
