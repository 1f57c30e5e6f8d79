import { describe, expect, it } from 'vitest'
import { verbs } from '../../vcl-ts/actions.ts'
import { PRESETS, type PresetName } from '../../vcl-ts/builtin/decisions.ts'
import { compilePolicy } from '../../vcl-ts/compile.ts'
import type { Bereq, Beresp, ObjStale, ResponseControl } from '../../vcl-ts/context.ts'
import type { HeaderPairs } from '../../vcl-ts/headers.ts'
import type { Reason } from '../../vcl-ts/reason.ts'
import { runHook } from '../../vcl-ts/run.ts'
import { type BerespChanges, bereq, beresp, fetchContext, objStale, patient } from './nouns.ts'

const builtin = { safe: compilePolicy([], 'safe'), rfc9111: compilePolicy([], 'rfc9111'), varnish: compilePolicy([], 'varnish') }

/** The answer after the built-in steps, which always deliver it. */
function judge(preset: PresetName, changes: BerespChanges, request: Partial<Bereq> = {}, headers: HeaderPairs = []): Beresp {
  const answer = beresp(changes)
  const context = fetchContext({ bereq: bereq(request, headers), beresp: answer })
  expect(runHook(builtin[preset], 'backendResponse', context, patient)).toBe(verbs.deliver())
  return answer
}

const stored = (answer: Beresp): void => expect(answer).toMatchObject({ uncacheable: false, why: 'STORED' })
const refused = (answer: Beresp, why: Reason): void => expect(answer).toMatchObject({ uncacheable: true, ttl: 120, why })

describe.each(PRESETS)('an answer under %s', (preset) => {
  const refuses = (changes: BerespChanges, why: Reason): void => refused(judge(preset, changes), why)

  it('is stored when nothing speaks against it', () => {
    const answer = judge(preset, {})
    stored(answer)
    expect(answer.ttl).toBe(60)
  })

  it('is left alone when it answers a pass', () => {
    const answer = judge(preset, { ttl: 0, headers: [['Set-Cookie', 'a=1']], control: { noStore: true } }, { uncacheable: true })
    expect(answer).toMatchObject({ ttl: 0, uncacheable: false, why: 'STORED' })
  })

  it('is refused as the policy wanted, with a marker that lasts', () => {
    expect(judge(preset, { uncacheable: true, ttl: 30 })).toMatchObject({ uncacheable: true, ttl: 30, why: 'POLICY' })
    expect(judge(preset, { uncacheable: true, ttl: 0, control: { noStore: true } })).toMatchObject({ ttl: 120, why: 'POLICY' })
  })

  it('loses a Content-Range that its status gives no meaning under varnish only', () => {
    const headers: HeaderPairs = [['Content-Range', 'bytes 0-1/2']]
    expect(judge(preset, { headers }).headers.has('content-range')).toBe(preset !== 'varnish')
    expect(judge(preset, { headers }, { uncacheable: true }).headers.has('content-range')).toBe(preset !== 'varnish')
    expect(judge(preset, { headers, status: 206, control: { contentRange: 'consistent' } }).headers.has('content-range')).toBe(true)
    expect(judge(preset, { headers, status: 416 }).headers.has('content-range')).toBe(true)
  })

  it.each(['inconsistent', 'none'] as const)('is relayed without a marker when it is a part with %s Content-Range', (contentRange) => {
    const answer = judge(preset, { status: 206, control: { contentRange } })
    expect(answer).toMatchObject({ uncacheable: true, ttl: 0, why: 'RANGE_INCONSISTENT' })
  })

  it('is refused with no lifetime and no other use', () => {
    refuses({ ttl: 0, control: { explicit: false, source: 'none' } }, 'NO_FRESHNESS')
    refuses({ ttl: -3 }, 'NO_FRESHNESS')
  })

  it('is refused for Vary: * and for a malformed Vary', () => {
    refuses({ control: { vary: 'star' } }, 'VARY_STAR')
    refuses({ control: { vary: 'malformed' } }, 'VARY_MALFORMED')
    stored(judge(preset, { control: { vary: 'names' } }))
  })

  it('is refused when fields that may occur once contradict each other', () => {
    refuses({ control: { conflict: true } }, 'CONFLICT')
  })

  it('with Set-Cookie is stored under rfc9111 only', () => {
    const answer = judge(preset, { headers: [['Set-Cookie', 'a=1']] })
    if (preset === 'rfc9111') stored(answer)
    else refused(answer, 'SET_COOKIE')
  })

  it('whose body ends with the connection is stored under varnish only', () => {
    const answer = judge(preset, { control: { framing: 'close' } })
    if (preset === 'varnish') stored(answer)
    else refused(answer, 'NO_LENGTH')
  })

  it('with status 999 is stored under rfc9111 only', () => {
    const answer = judge(preset, { status: 999 })
    if (preset === 'rfc9111') stored(answer)
    else refused(answer, 'STATUS')
  })

  it('with a zero lifetime is kept for validation or stale use, but not under varnish', () => {
    const useful: BerespChanges[] = [
      { ttl: 0, control: { validator: true } },
      { ttl: 0, control: { staleWhileRevalidate: 30 } },
      { ttl: 0, control: { staleIfError: 30 } },
      { ttl: 0, grace: 30 },
    ]
    for (const changes of useful) {
      const answer = judge(preset, changes)
      if (preset === 'varnish') refused(answer, 'NO_FRESHNESS')
      else stored(answer)
    }
  })
})

describe.each(['safe', 'rfc9111'] as const)('Cache-Control under %s', (preset) => {
  const refuses = (control: Partial<ResponseControl>, why: Reason, ttl = 60): void => refused(judge(preset, { control, ttl }), why)

  it('forbids storing with no-store, private and qualified private', () => {
    refuses({ noStore: true }, 'NO_STORE')
    refuses({ private: true }, 'PRIVATE')
    refuses({ privateFields: ['x'] }, 'PRIVATE')
  })

  it('is named as the reason also when no lifetime is left', () => {
    refuses({ noStore: true }, 'NO_STORE', 0)
    refuses({ private: true }, 'PRIVATE', 0)
    refused(judge(preset, { ttl: 0, control: { noStore: true, validator: true } }), 'NO_STORE')
  })

  it('lets must-understand lift no-store for a known status, and forbids storing an unknown one', () => {
    stored(judge(preset, { control: { mustUnderstand: true, noStore: true } }))
    refuses({ mustUnderstand: true, noStore: true, understood: false }, 'MUST_UNDERSTAND')
    refuses({ mustUnderstand: true, understood: false }, 'MUST_UNDERSTAND')
    refuses({ mustUnderstand: true, noStore: true, private: true }, 'PRIVATE')
  })

  it('allows no-cache, which is validated on each use', () => {
    stored(judge(preset, { ttl: 0, control: { noCache: true, validator: true } }))
  })

  it('refuses a status that needs explicit freshness and has none', () => {
    const implicit = { explicit: false, source: 'none', heuristicallyCacheable: false, validator: true } as const
    refused(judge(preset, { status: 500, ttl: 0, control: implicit }), 'STATUS')
    refused(judge(preset, { status: 500, ttl: 5, control: implicit }), 'STATUS')
    stored(judge(preset, { status: 500, ttl: 5, control: { ...implicit, explicit: true } }))
    stored(judge(preset, { status: 500, ttl: 5, control: { ...implicit, source: 'policy' } }))
  })
})

describe('Cache-Control under varnish', () => {
  const withFields = (...headers: HeaderPairs): Beresp => judge('varnish', { headers })

  it('refuses by the words no-store, private and no-cache', () => {
    refused(withFields(['Cache-Control', 'max-age=9, No-Store']), 'NO_STORE')
    refused(withFields(['Cache-Control', 'max-age=9'], ['cache-control', 'private']), 'PRIVATE')
    refused(withFields(['Cache-Control', 'no-cache="x"']), 'NO_CACHE')
    stored(withFields(['Cache-Control', 'max-age=9, must-revalidate']))
  })

  it('reads Surrogate-Control instead when there is one', () => {
    refused(withFields(['Surrogate-Control', 'no-store']), 'NO_STORE')
    stored(withFields(['Surrogate-Control', 'content="ESI/1.0"'], ['Cache-Control', 'private, no-cache']))
  })

  it('does not judge by status: a lifetime that a policy set counts', () => {
    stored(judge('varnish', { status: 500, control: { explicit: false, heuristicallyCacheable: false } }))
  })
})

describe('what an authorized request fetched', () => {
  const request = { authorized: true, credentialed: true }

  it.each(['safe', 'rfc9111'] as const)('is shared under %s only as RFC 9111 §3.5 allows', (preset) => {
    refused(judge(preset, {}, request), 'AUTHORIZATION')
    refused(judge(preset, { control: { targeted: true } }, request), 'AUTHORIZATION')
    for (const control of [{ public: true }, { sMaxage: 5 }, { sMaxage: 0 }, { mustRevalidate: true }])
      stored(judge(preset, { control }, request))
    refused(judge(preset, { control: { proxyRevalidate: true } }, request), 'AUTHORIZATION')
  })

  it('is judged so even when a hook called the request anonymous', () => {
    refused(judge('safe', {}, { authorized: true, credentialed: false }), 'AUTHORIZATION')
  })

  it('also needs what a cookie needs when there is one', () => {
    const cookie: HeaderPairs = [['Cookie', 'session=1']]
    refused(judge('safe', { control: { mustRevalidate: true } }, request, cookie), 'COOKIE')
    stored(judge('safe', { control: { mustRevalidate: true } }, request, [['Cookie', '_ga=1']]))
    stored(judge('rfc9111', { control: { mustRevalidate: true } }, request, cookie))
  })

  it('is shared under varnish when a policy looked it up', () => {
    stored(judge('varnish', {}, request))
  })
})

describe('what a credentialed request fetched', () => {
  const request = { credentialed: true }

  it('is shared under safe only when the origin says that it is shared', () => {
    refused(judge('safe', {}, request), 'COOKIE')
    refused(judge('safe', { control: { mustRevalidate: true } }, request), 'COOKIE')
    for (const control of [{ public: true }, { sMaxage: 5 }, { targeted: true }, { varyCookie: true, vary: 'names' as const }])
      stored(judge('safe', { control }, request))
  })

  it.each(['rfc9111', 'varnish'] as const)('is shared under %s', (preset) => {
    stored(judge(preset, {}, request))
  })
})

describe('a 304', () => {
  const conditional: HeaderPairs = [['If-None-Match', '"a"']]
  const refresh = (preset: PresetName, stale: Partial<ObjStale>, headers: HeaderPairs = conditional) =>
    runHook(builtin[preset], 'backendRefresh', fetchContext({ bereq: bereq({}, headers), objStale: objStale(stale) }), patient)

  it.each(PRESETS)('renews the stale object under %s', (preset) => {
    expect(refresh(preset, {})).toBe(verbs.merge())
    expect(refresh(preset, {}, [['If-Modified-Since', 'Thu, 01 Jan 2026 00:00:00 GMT']])).toBe(verbs.merge())
  })

  it('does not bring an invalidated object back', () => {
    expect(refresh('safe', { isValid: false })).toBe(verbs.retry())
    expect(refresh('rfc9111', { isValid: false })).toBe(verbs.retry())
    expect(refresh('varnish', { isValid: false })).toEqual(verbs.error(503))
  })

  it('that nobody asked for is an error', () => {
    expect(refresh('safe', {}, [])).toEqual(verbs.error(502))
    expect(refresh('rfc9111', {}, [])).toEqual(verbs.error(502))
    expect(refresh('varnish', {}, [])).toEqual(verbs.error(503))
  })

  it('renews any status but under varnish, where 200 alone is', () => {
    expect(refresh('safe', { status: 404 })).toBe(verbs.merge())
    expect(refresh('rfc9111', { status: 404 })).toBe(verbs.merge())
    expect(refresh('varnish', { status: 404 })).toEqual(verbs.error(503))
  })
})

describe('the page of a failed fetch', () => {
  it('names status, cause and request id, unless the policy gave a body', () => {
    const answer = beresp({ status: 503 })
    answer.why = 'ERROR'
    const context = fetchContext({ beresp: answer, bereq: bereq({ id: 'id-9' }) })
    expect(runHook(builtin.safe, 'backendError', context, patient)).toBe(verbs.deliver())
    expect(answer.body).toMatch(/503.*ERROR.*id-9/s)
    expect(answer.headers.get('cache-control')).toBe('no-store')
    answer.body = 'mine'
    runHook(builtin.safe, 'backendError', context, patient)
    expect(answer.body).toBe('mine')
  })
})
