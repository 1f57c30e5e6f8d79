import { expect, it } from 'vitest'
import { sharedNames, sharedText } from '../../src/object/shared-text.ts'

it('answers equal texts and lists, however many others come between', () => {
  const names = ['accept-encoding', 'accept-language']
  const list = sharedNames(names)
  for (let i = 0; i < 3000; i++) {
    expect(sharedText(`http ${i}`)).toBe(`http ${i}`)
    expect(sharedNames([`x-${i}`, 'origin'])).toEqual([`x-${i}`, 'origin'])
  }
  expect(sharedText('z'.repeat(1000))).toBe('z'.repeat(1000))
  expect([sharedNames(names), sharedNames([])]).toEqual([list, []])
})

it('answers one list for all that are equal, which nobody can change', () => {
  const list = sharedNames(['origin'])
  expect(sharedNames(['origin'])).toBe(list)
  expect(Object.isFrozen(list)).toBe(true)
})
