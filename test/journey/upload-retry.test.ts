import { expect, test } from 'vitest'
import { bodyOf } from '../support/scripted-origin.ts'
import { open, type Site } from './site.ts'

/** A cache that has an idle connection to an origin, which dies of the first PUT once it has read it. */
async function mortal(): Promise<Site> {
  let alive = true
  const site = await open(async (hit, response) => {
    const body = await bodyOf(hit)
    if (hit.method === 'PUT' && alive) {
      alive = false
      hit.message.socket.destroy()
    } else response.end(`${body.length}`)
  })
  await site.ask('POST', '/warm')
  return site
}

const puts = (site: Site): number => site.origin.hits.filter((hit) => hit.method === 'PUT').length

test('a small upload under which a reused connection died is sent once more', async () => {
  const site = await mortal()
  const answer = await site.ask('PUT', '/', {}, 'x'.repeat(1000))
  expect([answer.status, answer.body.toString(), puts(site)]).toEqual([200, '1000', 2])
})

test('an upload too large to be kept for that fails as the origin did, and is not blamed on the client', async () => {
  const site = await mortal()
  const answer = await site.ask('PUT', '/', {}, 'x'.repeat(100_000))
  expect([answer.status, puts(site)]).toEqual([502, 1])
  expect(site.stat('backend_retry')).toBe(0)
})
