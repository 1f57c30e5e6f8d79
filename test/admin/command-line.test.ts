import { describe, expect, it } from 'vitest'
import { parseCommandLine, quoteWord } from '../../src/admin/command-line.ts'
import fc from '../support/properties.ts'

const words = (line: string): readonly string[] | string => {
  const parsed = parseCommandLine(line)
  return typeof parsed === 'string' ? parsed : parsed.words
}

describe('a command line', () => {
  it.each([
    ['', []],
    ['  ', []],
    ['ping', ['ping']],
    ['  param.set\tdefault_ttl   10s ', ['param.set', 'default_ttl', '10s']],
    ['ban "req.url ~ /a b"', ['ban', 'req.url ~ /a b']],
    ['a "" "b"', ['a', '', 'b']],
    ['a "q\\"q" "\\\\" "\\x41\\102\\n\\t\\r"', ['a', 'q"q', '\\', 'AB\n\t\r']],
    ['ban req.url ~ \\.html$', ['ban', 'req.url', '~', '\\.html$']],
    ['a b\\ c \\x41', ['a', 'b c', 'A']],
  ])('%j', (line, expected) => {
    expect(words(line)).toEqual(expected)
  })

  it.each([
    ['a "b', /not closed/],
    ['a "b\\"', /not closed/],
    ['a b"c"', /column 4/],
    ['a "b"c', /column 6/],
    ['a "\\q"', /unknown escape at column 4/],
    ['a "\\x4"', /unknown escape/],
  ])('refuses %j and says where', (line, why) => {
    expect(words(line)).toMatch(why)
  })

  it('keeps what follows the first word as it was written', () => {
    expect(parseCommandLine(' ban  obj.http.x ~ "a  b" ')).toEqual({
      words: ['ban', 'obj.http.x', '~', 'a  b'],
      rest: 'obj.http.x ~ "a  b" ',
    })
  })

  it('reads every quoted word as itself', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: fc.constantFrom('a', ' ', '"', '\\', '\n', '\t', 'x', '4', '1', 'é') }), { minLength: 1 }),
        (given) => {
          expect(words(given.map(quoteWord).join(' '))).toEqual(given)
        },
      ),
    )
  })
})
