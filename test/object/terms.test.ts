import { expect, it } from 'vitest'
import { sharedTerms, type TermsInit } from '../../src/object/terms.ts'
import { HeaderMap } from '../../vcl-ts/headers.ts'
import { object, rig } from './things.ts'

const INIT: TermsInit = {
  status: 200,
  reason: 'OK',
  withheld: ['surrogate-key'],
  grace: 1,
  staleIfError: 2,
  staleIfErrorExplicit: false,
  keep: 3,
  retention: 'max',
  dated: true,
  mustRevalidate: false,
  lifetimeSource: 'max-age',
  esi: false,
  sliced: false,
  coding: null,
  backend: 'app',
}

it('are one for all that are equal', () => {
  const terms = sharedTerms(INIT)
  expect(sharedTerms({ ...INIT, withheld: ['surrogate-key'] })).toBe(terms)
})

const OTHERS: readonly Partial<TermsInit>[] = [
  { status: 404 },
  { reason: 'Fine' },
  { withheld: [] },
  { withheld: ['x-tags'] },
  { grace: 9 },
  { staleIfError: 9 },
  { staleIfErrorExplicit: true },
  { keep: 9 },
  { retention: 'sum' },
  { dated: false },
  { mustRevalidate: true },
  { lifetimeSource: 's-maxage' },
  { backend: 'other' },
]

it.each(OTHERS)('are others where one differs: %o', (other) => {
  const { status, reason, withheld, grace, staleIfError, staleIfErrorExplicit, keep, ...rest } = sharedTerms(INIT)
  const { retention, dated, mustRevalidate, lifetimeSource, backend } = rest
  expect({ status, reason, withheld, grace, staleIfError, staleIfErrorExplicit, keep }).toMatchObject({
    status: 200,
    withheld: INIT.withheld,
  })
  expect({ retention, dated, mustRevalidate, lifetimeSource, backend }).toEqual({
    ...{ retention: 'max', dated: true, mustRevalidate: false, lifetimeSource: 'max-age', backend: 'app' },
  })
  expect(sharedTerms({ ...INIT, ...other })).toMatchObject({ ...INIT, ...other })
})

it('stay what they are for an object however many others come', () => {
  const all = Array.from({ length: 100 }, (_, grace) => object({ grace, reason: `Reason ${grace}` }))
  for (const [grace, each] of all.entries()) expect([each.grace, each.reason]).toEqual([grace, `Reason ${grace}`])
})

it.each([
  ['sent', 'ETag: "a"\r\nX: y\r\n'],
  ['sent in another place', 'X: y\r\netag: "a"\r\n'],
  ['not sent', 'X: y\r\n'],
  ['sent with another value', 'X: y\r\nETag: "ab"\r\n'],
])('leave an object its validators and times when it is stored, its ETag %s', (_, fieldLines) => {
  const { table } = rig()
  const init = { etag: '"a"', lastModified: 1_000_000_000_000, date: 1_795_255_200_123 }
  const made = object({ ...init, fieldLines, headers: HeaderMap.of([['ETag', '"a"']]) })
  const before = [made.etag, made.lastModified, made.date, made.validator]
  table.publish(null, made, [], '', true)
  expect(table.complete(made)).toBe(true)
  expect(before).toEqual(['"a"', 1_000_000_000_000, 1_795_255_200_123, true])
  expect([made.etag, made.lastModified, made.date, made.validator]).toEqual(before)
})

it('have nothing to do with what few objects have', () => {
  const part = { first: 0, last: 3, total: 10 }
  const made = object({ key: '-made anew', target: { url: '/a', host: 'b' }, part })
  made.failed(2, 5000)
  expect([made.target, made.part, made.failures, made.retryAt]).toEqual([{ url: '/a', host: 'b' }, part, 2, 5000])
  const plain = object()
  expect([plain.target, plain.part, plain.failures, plain.retryAt]).toEqual([null, null, 0, 0])
})
