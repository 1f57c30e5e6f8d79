/** URLs that are signed: what opens, what does not, and that all who are let in share what is stored. */
import { createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { testPolicy } from '../../src/testing/index.ts'
import { definePolicy, type SignedUrlsOptions, signedUrls } from '../../vcl-ts/index.ts'
import fc from '../support/properties.ts'

const OLD = 'an old secret of some length'
const NEW = 'a new secret of some length!'
const NOW = 1_767_225_600
const links = signedUrls({ secrets: [OLD] })

describe('a signed URL', () => {
  it('is the URL, the time it ends, and an HMAC of both', () => {
    const mac = createHmac('sha256', OLD).update('\n/film.mp4?a=1&exp=1767229200').digest('base64url')
    expect(links.sign('/film.mp4?a=1', { for: '1h', now: NOW })).toBe(`/film.mp4?a=1&exp=1767229200&sig=${mac}`)
    expect(links.sign('/film.mp4', { for: null })).toMatch(/^\/film\.mp4\?sig=[\w-]{43}$/)
  })

  it('opens until it ends, and gives back what was signed', () => {
    const url = links.sign('/film.mp4?a=1', { for: 60, now: NOW })
    expect(links.verify(url, { now: NOW + 60 })).toEqual({ valid: true, url: '/film.mp4?a=1', expires: NOW + 60 })
    expect(links.verify(url, { now: NOW + 60.5 })).toEqual({ valid: false, why: 'expired' })
    expect(links.verify(links.sign('/x', { for: null }))).toEqual({ valid: true, url: '/x', expires: null })
  })

  it('says whether it was never signed, or by nobody who may', () => {
    const url = links.sign('/x', { for: 60, now: NOW })
    const why = (given: string) => links.verify(given, { now: NOW })
    expect(why('/x')).toEqual({ valid: false, why: 'missing' })
    expect(why(`${url}&utm_source=mail`)).toEqual({ valid: false, why: 'missing' })
    for (const forged of [
      url.replace('/x', '/y'),
      url.replace('exp=1', 'exp=2'),
      url.replace('?exp', '?&exp'),
      `${url}x`,
      url.replace(/sig=.*/, 'sig='),
      url.replace(/sig=.*/, `sig=${'A'.repeat(43)}`),
      url.replace(/sig=(.)/, 'sig=%41'),
      url.replace(`exp=${NOW + 60}&`, ''),
    ])
      expect(why(forged)).toEqual({ valid: false, why: 'forged' })
    expect(signedUrls({ secrets: [NEW] }).verify(url, { now: NOW })).toEqual({ valid: false, why: 'forged' })
  })

  it('opens for whom it is bound to alone', () => {
    const url = links.sign('/x', { for: 60, now: NOW, bind: '192.0.2.1' })
    expect(links.verify(url, { now: NOW, bind: '192.0.2.1' }).valid).toBe(true)
    expect(links.verify(url, { now: NOW, bind: '192.0.2.2' })).toEqual({ valid: false, why: 'forged' })
    expect(links.verify(url, { now: NOW })).toEqual({ valid: false, why: 'forged' })
  })

  it('opens by any of several secrets, and is made with the first', () => {
    const both = signedUrls({ secrets: [NEW, OLD] })
    expect(both.verify(links.sign('/x', { for: null })).valid).toBe(true)
    expect(both.verify(both.sign('/x', { for: null })).valid).toBe(true)
    expect(links.verify(both.sign('/x', { for: null })).valid).toBe(false)
    expect(signedUrls({ secrets: [NEW] }).verify(both.sign('/x', { for: null })).valid).toBe(true)
  })

  it('may have other names for its parameters, and is then not mistaken for another one', () => {
    const named = signedUrls({ secrets: [OLD], signature: 'token', expires: 'until' })
    const url = named.sign('/x?exp=1', { for: 60, now: NOW })
    expect(url).toMatch(/^\/x\?exp=1&until=\d+&token=/)
    expect(named.verify(url, { now: NOW })).toEqual({ valid: true, url: '/x?exp=1', expires: NOW + 60 })
  })

  it('opens whatever was signed, and nothing that differs in one character', () => {
    const path = fc.webPath().map((text) => text || '/')
    fc.assert(
      fc.property(path, fc.nat(), fc.constantFrom('/', 'a', '&', '?', '=', '-'), (url, place, character) => {
        const signed = links.sign(url, { for: 60, now: NOW })
        expect(links.verify(signed, { now: NOW })).toEqual({ valid: true, url, expires: NOW + 60 })
        const at = place % signed.length
        const changed = signed.slice(0, at) + character + signed.slice(at + 1)
        // The last character of 43 has two bits that base64 does not use.
        if (changed !== signed && at < signed.length - 1) expect(links.verify(changed, { now: NOW }).valid).toBe(false)
      }),
    )
  })

  it('takes no time for a hostile one', () => {
    const hostile = `/x?${'&sig='.repeat(20_000)}`
    const began = performance.now()
    for (let round = 0; round < 100; round++) links.verify(hostile)
    expect(performance.now() - began).toBeLessThan(1000)
  })

  it.each([
    [{ secrets: [] }, 'at least one secret'],
    [{ secrets: ['short'] }, 'at least 16 characters'],
    [{ secrets: [OLD, undefined] }, 'at least 16 characters'],
    [{ secrets: [OLD], signature: 'a&b' }, 'two names'],
    [{ secrets: [OLD], signature: 'exp' }, 'two names'],
  ])('is refused as %j', (options, fault) => {
    expect(() => signedUrls(options as unknown as SignedUrlsOptions)).toThrow(fault)
  })

  it('is refused where a fragment, or a parameter that would be taken for ours, ends it', () => {
    expect(() => links.sign('/x#y', { for: null })).toThrow('fragment')
    expect(() => links.sign('/x?exp=5', { for: null })).toThrow('the parameter exp already')
    expect(() => links.sign(links.sign('/x', { for: 1 }), { for: 1 })).toThrow('the parameter sig already')
  })
})

it('lets all who have a signed URL share what is stored', async () => {
  const policy = definePolicy({
    recv({ req, now, synth }) {
      const link = links.verify(req.url, { now })
      if (!link.valid) return synth(link.why === 'expired' ? 410 : 403)
      req.url = link.url
      return undefined
    },
  })
  const cache = await testPolicy(policy, { origin: ({ url }) => ({ headers: { 'Cache-Control': 'max-age=600' }, body: url }) })
  const now = cache.now / 1000
  const [one, two] = [links.sign('/film', { for: 60, now }), links.sign('/film', { for: 90, now })]
  expect(await cache.request(one)).toMatchObject({ status: 200, body: '/film', trace: { decision: 'miss' } })
  expect(await cache.request(two)).toMatchObject({ status: 200, trace: { decision: 'hit' } })
  expect((await cache.request('/film')).status).toBe(403)
  await cache.advance(61)
  expect([(await cache.request(one)).status, (await cache.request(two)).status]).toEqual([410, 200])
})
