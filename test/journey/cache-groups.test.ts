/** RFC 9875: groups of answers of one origin, which an unsafe request invalidates. */
import { expect, it } from 'vitest'
import { until } from '../support/until.ts'
import { type Fields, open, reply, type Site } from './site.ts'

/** Every GET is answered with groups by its path; every other request with the fields that it names itself. */
function openGroups(): Promise<Site> {
  return open((hit, response) => {
    const groups: Fields =
      {
        '/a': { 'Cache-Groups': '"x", "a b"; q=1' },
        '/b': { 'Cache-Groups': '"x"' },
        '/c': { 'Cache-Groups': '"y"', 'Surrogate-Key': 'x' },
      }[hit.url] ?? {}
    const named = hit.headers['x-invalidates']
    const status = Number(hit.headers['x-status'] ?? 200)
    if (hit.method === 'GET') reply(response, 200, { 'Cache-Control': 'max-age=60', ...groups }, String(hit.index))
    else reply(response, status, named === undefined ? {} : { 'Cache-Group-Invalidation': String(named) })
  })
}

async function stored(site: Site, host: string = 'www.example'): Promise<string> {
  const kept = [...site.server.objects()].filter(({ key }) => key.endsWith(host)).map(({ key }) => key.slice(2, 4))
  return kept.sort().join(' ')
}

async function fill(site: Site): Promise<void> {
  for (const path of ['/a', '/b', '/c']) await site.get(path)
  await site.get('/a', { Host: 'other.example' })
}

it.each([
  ['"x"', '/c'],
  ['"a b"', '/b /c'],
  ['"y", "x";why=1', ''],
  ['"none"', '/a /b /c'],
  // No List of Strings.
  ['x', '/a /b /c'],
  ['"x", y', '/a /b /c'],
  ['"x', '/a /b /c'],
])('an unsafe request whose answer names %s leaves %s', async (named, left) => {
  const site = await openGroups()
  await fill(site)
  await site.ask('POST', '/form', { 'X-Invalidates': named }, 'body')
  expect(await stored(site)).toBe(left)
  expect(await stored(site, 'other.example')).toBe('/a')
})

it.each([
  ['OPTIONS', '200'],
  ['POST', '404'],
  ['POST', '500'],
])('%s answered %s invalidates no group', async (method, status) => {
  const site = await openGroups()
  await fill(site)
  await site.ask(method, '/form', { 'X-Invalidates': '"x"', 'X-Status': status })
  expect(await stored(site)).toBe('/a /b /c')
})

it('groups are no tags: neither is purged by the name of the other', async () => {
  const site = await openGroups()
  await fill(site)
  expect((await site.ask('PURGE', '/', { 'Surrogate-Key': 'x' })).reason).toBe('Purged 1')
  expect(await stored(site)).toBe('/a /b')
})

it('what is fetched while its group is invalidated is not kept', async () => {
  let release = (): void => {}
  const held = new Promise<void>((resolve) => {
    release = resolve
  })
  const site = await open(async (hit, response) => {
    if (hit.method === 'GET') await held
    if (hit.method === 'GET') reply(response, 200, { 'Cache-Control': 'max-age=60', 'Cache-Groups': '"x"' }, 'old')
    else reply(response, 204, { 'Cache-Group-Invalidation': '"x"' })
  })
  const first = site.get('/a')
  await until(() => site.origin.hits.length === 1, 'the fetch')
  await site.ask('DELETE', '/b')
  release()
  expect((await first).status).toBe(200)
  expect(site.stat('n_object')).toBe(0)
})
