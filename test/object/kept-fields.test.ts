import { expect, it } from 'vitest'
import { leftOut, readFields } from '../../src/object/kept-fields.ts'
import { serializeFields } from '../../src/wire/message-head.ts'
import { HeaderMap, type HeaderPairs } from '../../vcl-ts/headers.ts'
import fc from '../support/properties.ts'
import { object, rig } from './things.ts'

const NAMES = ['Age', 'age', 'Content-Length', 'Set-Cookie', 'X-Own', 'Vary']
const VALUES = ['', ' ', 'a: b', '0', 'text, more', '*', '5', '\u00e4\u00ff', '1 Age: 2']
const pairs = fc.array(fc.tuple(fc.constantFrom(...NAMES), fc.constantFrom(...VALUES)), { maxLength: 12 })

function stored(headers: HeaderPairs, withheld: readonly string[]): { made: HeaderMap; sent: string } {
  const made = HeaderMap.of(headers)
  const copy = made.clone()
  for (const name of withheld) copy.removeRaw(name)
  return { made, sent: serializeFields(copy) }
}

it('gives back every field in its order and spelling, whatever a hit leaves out', () => {
  fc.assert(
    fc.property(pairs, fc.subarray(['age', 'set-cookie', 'x-own', 'vary']), (headers, withheld) => {
      const { made, sent } = stored(headers, withheld)
      const left = leftOut(made, sent, 5)
      if (left === null) expect(made.getAll('content-length')).toContain('*')
      else expect([...readFields(sent, left, 5)]).toEqual([...made])
    }),
  )
})

it('says when what is sent is not made of the fields', () => {
  expect(leftOut(HeaderMap.of([['Age', '1']]), 'Age: 2\r\n', 5)).toBeNull()
  expect(
    leftOut(
      HeaderMap.of([
        ['A', '1'],
        ['B', '2'],
      ]),
      'B: 2\r\nA: 1\r\n',
      5,
    ),
  ).toBeNull()
})

it('keeps the fields of an object that sends others', () => {
  const { table } = rig()
  const made = object({ headers: HeaderMap.of([['X-Own', '1']]), fieldLines: 'Other: 2\r\n' })
  table.publish(null, made, [], '', true)
  expect(table.complete(made)).toBe(true)
  expect([...made.headers]).toEqual([['X-Own', '1']])
  expect(made.fieldLines).toBe('Other: 2\r\n')
})

it('answers the same map while a stored object is asked again and again, and an equal one after many others were', () => {
  const { table } = rig()
  const objects = Array.from({ length: 1100 }, (_, i) => {
    const { made, sent } = stored(
      [
        ['Age', '5'],
        ['X-Own', `${i}`],
      ],
      ['age'],
    )
    const one = object({ key: `k${i}`, headers: made, fieldLines: sent })
    table.publish(null, one, [], '', true)
    table.complete(one)
    return one
  })
  const [first] = objects
  const before = first?.headers
  expect(first?.headers).toBe(before)
  for (const [i, each] of objects.entries())
    expect([...each.headers]).toEqual([
      ['Age', '5'],
      ['X-Own', `${i}`],
    ])
  expect(first?.headers).not.toBe(before)
  expect([...(first?.headers ?? [])]).toEqual([...(before ?? [])])
})

it('shares what is left out by objects of one kind, the length of the body included', () => {
  const lines = (length: number): string | null =>
    leftOut(
      HeaderMap.of([
        ['Content-Length', `${length}`],
        ['A', 'b'],
      ]),
      'A: b\r\n',
      length,
    )
  expect(lines(10)).toBe(lines(11))
  expect(leftOut(HeaderMap.of([['Content-Length', '*']]), '', 5)).toBeNull()
  expect(readFields('', leftOut(HeaderMap.of([['content-length', '7']]), '', 5) ?? '', 5).get('Content-Length')).toBe('7')
})
