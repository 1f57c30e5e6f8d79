import { expect, test } from 'vitest'
import { RepeatedText } from '../../src/wire/repeated-text.ts'

test('answers what is made of its arguments, the first time and every other', () => {
  let made = 0
  const texts = new RepeatedText((first, second, word) => {
    made++
    return `${word} of ${first} and ${second} \xe9`
  })
  for (let round = 0; round < 3; round++) {
    expect(texts.of(1, 2, 'hit')).toBe('hit of 1 and 2 \xe9')
    expect(texts.of(70_000, 2 ** 31, 'stale')).toBe(`stale of 70000 and ${2 ** 31} \xe9`)
  }
  expect(made).toBe(2)
})

test('tells apart what has the same place', () => {
  const texts = new RepeatedText((first, second, word) => `${first} ${second} ${word}`)
  const same = [
    [1, 31, 'a'],
    [1, 31, 'b'],
    [2, 0, 'a'],
    [1, 31 + 512, 'a'],
    [0, 62, 'a'],
  ] as const
  for (let round = 0; round < 3; round++)
    for (const [first, second, word] of same) expect(texts.of(first, second, word)).toBe(`${first} ${second} ${word}`)
})
