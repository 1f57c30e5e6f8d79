/** Pages made of what matters to the parser, right and wrong. */
import fc from '../support/properties.ts'
import { WORDS } from './words.ts'

export const markup: fc.Arbitrary<string> = fc
  .tuple(fc.constantFrom('<', '<p>', '', ' ', 'a', '\xef\xbb\xbf<'), fc.array(fc.constantFrom(...WORDS), { maxLength: 40 }))
  .map(([start, words]) => start + words.join(''))
