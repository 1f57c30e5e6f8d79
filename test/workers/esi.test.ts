import { expect, it } from 'vitest'
import { reply } from '../journey/site.ts'
import { crew, policyFile } from './rig.ts'

it.each([
  ['small', 10],
  ['that has memory of its own', 40_000],
])('workers assemble a page %s that another of them stored', async (_, size) => {
  const text = 'x'.repeat(size)
  const site = await crew({
    policyFile: policyFile(),
    script: ({ url }, response) =>
      url === '/page'
        ? reply(
            response,
            200,
            { 'Cache-Control': 'max-age=60', 'Surrogate-Control': 'content="ESI/1.0"' },
            `<p>${text}<esi:include src="/a"/></p>`,
          )
        : reply(response, 200, { 'Cache-Control': 'max-age=60' }, `a${text}`),
  })
  for (const worker of await site.connectToEach()) {
    for (const _ of [1, 2]) expect((await worker.get('/page')).body.toString()).toBe(`<p>${text}a${text}</p>`)
  }
  expect(site.origin.hits.map(({ url }) => url)).toEqual(['/page', '/a'])
  expect([site.stat('esi_req'), site.stat('esi_errors')]).toEqual([4, 0])
})
