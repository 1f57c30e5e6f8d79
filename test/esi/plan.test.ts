import { expect, it } from 'vitest'
import { planOf } from '../../src/esi/plan.ts'

const PAGE = Buffer.from('<p><esi:include src="/a"/>')

it('is made once of a body, and again when many others were used since', () => {
  const body = {}
  let reads = 0
  const plan = (of: object, anyText: boolean = false) =>
    planOf(
      of,
      () => {
        reads++
        return [PAGE]
      },
      anyText,
    )
  const first = plan(body)
  expect([first.made, plan(body).made, plan(body).plan === first.plan, reads]).toEqual([true, false, true, 1])
  const others = Array.from({ length: 512 }, () => ({}))
  for (const other of others) plan(other)
  expect([plan(body).made, plan(others.at(-1) as object).made, reads]).toEqual([true, false, 514])
  expect(plan(body, true).made).toBe(true)
})

it('is plain when nothing of the page is ESI', () => {
  const plain = (...pieces: string[]): boolean => {
    const bytes = pieces.map((piece) => Buffer.from(piece))
    return planOf({}, () => bytes, false).plan.plain
  }
  expect(plain('<p>a</p>', '<!-- b -->')).toBe(true)
  expect(plain('a <esi:include src="/a"/>')).toBe(true)
  expect(plain('')).toBe(true)
  expect(plain('<p><esi:remove/>')).toBe(false)
  expect(plain('<p><esi:incl', 'ude src="/a"/>')).toBe(false)
})
