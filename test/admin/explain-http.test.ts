/** Explanations over the admin listener. */
import { describe, expect, it } from 'vitest'
import type { Explanation } from '../../src/admin/explanation.ts'
import { api, ask, operated, problem } from './rig.ts'

const URL = 'http://www.example/'

describe('POST /api/explain', () => {
  it('answers why, as the server tells', async () => {
    const site = await operated()
    await site.get('/')
    const body = { url: URL, headers: [['Cookie', 'a=1']] }
    const told = (await api(site, 'POST /api/explain', body)) as unknown as Explanation
    expect(told).toMatchObject({ verdict: { kind: 'HIT' }, class: { name: 'credentialed' }, request: { ip: '192.0.2.1' } })
    expect(told).toEqual(JSON.parse(JSON.stringify(await site.server.explain({ url: URL, headers: [['Cookie', 'a=1']] }))))
  })

  it('is a problem for what nobody could send', async () => {
    const site = await operated()
    await problem(site, 400, 'POST /api/explain', { body: { url: '/' } })
    await problem(site, 400, 'POST /api/explain', { body: { url: URL, method: 'POST', fetch: true } })
    await problem(site, 400, 'POST /api/explain', { body: { url: URL, verb: 'GET' } })
    expect((await ask(site.server.admin, 'GET /api/explain')).status).toBe(405)
  })

  it('sees an origin that an operator called sick, which is not asked', async () => {
    const site = await operated()
    await api(site, 'PUT /api/backends/boot.default/health', { health: 'sick' })
    for (const fetch of [false, true]) {
      const told = (await api(site, 'POST /api/explain', { url: URL, fetch })) as unknown as Explanation
      expect(told.verdict).toMatchObject({ kind: 'ERROR' })
      expect(told.verdict.text).toContain('unhealthy')
      expect(told.origin).toMatchObject([{ asked: false }])
    }
    expect(site.origin.hits).toHaveLength(0)
    expect(site.stat('VBE.boot.default.unhealthy')).toBe(0)
  })

  it('counts nothing with the backend that it asks', async () => {
    const site = await operated()
    const before = site.server.stat()
    await api(site, 'POST /api/explain', { url: URL, fetch: true })
    expect(site.origin.hits).toHaveLength(1)
    expect(site.server.stat()).toEqual(before)
  })
})
