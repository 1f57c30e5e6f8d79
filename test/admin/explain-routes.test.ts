/** What an explanation tells where `routes` choose among policies. */
import { expect, it } from 'vitest'
import { always } from '../journey/site.ts'
import { explain, openWith } from './explaining.ts'

const SOURCE = `import { definePolicy, redirect, routes, stack } from 'clearcoat/vcl-ts'

const site = definePolicy({ name: 'site', deliver({ resp }) { resp.headers.set('x-site', '1') } })
const api = definePolicy({ name: 'api', recv: ({ pass }) => pass() })
const old = definePolicy({ name: 'old', builtin: { reqHost: false }, recv: ({ req }) => redirect('/new', { query: req.query }) })

export default stack(routes({ 'www.example/api/*': api, '/old/*': old, '*/*': site }), definePolicy({ name: 'all', recv() {} }))
`

it('names the policies that ran, and none of those that did not', async () => {
  const shop = await openWith(SOURCE, always({ 'Cache-Control': 'max-age=60' }))
  const ran = async (path: string): Promise<string[]> => (await explain(shop, path)).decisions.flatMap(({ by, own }) => (own ? [by] : []))
  expect(await ran('/api/x')).toEqual(['recv of policy api'])
  expect(await ran('/old/x')).toEqual(['recv of policy old'])
  expect(await ran('/x')).toEqual(['recv of policy all'])
  expect((await shop.get('/x')).get('x-site')).toBe('1')
  expect(await ran('/x')).toEqual(['recv of policy all', 'deliver of policy site'])
  expect(await explain(shop, '/api/x')).toMatchObject({ verdict: { kind: 'PASS', at: { file: shop.file, line: 4 } } })
})

it('is what happens', async () => {
  const shop = await openWith(SOURCE, always({ 'Cache-Control': 'max-age=60' }))
  const answer = await shop.get('/old/x?a=1')
  expect([answer.status, answer.get('location')]).toEqual([302, '/new?a=1'])
  expect(shop.origin.hits).toHaveLength(0)
  expect((await shop.get('/api/x')).get('x-cache')).toBe('PASS')
  expect((await shop.get('/api/x')).get('x-cache')).toBe('PASS')
})
