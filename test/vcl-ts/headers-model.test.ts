import { expect, test } from 'vitest'
import { HeaderMap, NameSet, nameBits } from '../../vcl-ts/headers.ts'
import fc from '../support/properties.ts'

const name = fc.constantFrom('Host', 'via', 'Cookie', 'cookie', 'X-A', 'x-a', 'If-Match', 'Range', 'upgrade', 'X-Forwarded-For', 'age')
/** Names that are here, and one that has the bit of Host. */
const OTHERS: Readonly<Record<string, NameSet>> = {
  1: new NameSet(['hour', 'cookie']),
  2: new NameSet(['x-a']),
  3: new NameSet([]),
}
const step = fc.record({
  verb: fc.constantFrom('set', 'append', 'delete', 'removeRaw', 'removeEach', 'clone'),
  name,
  value: fc.constantFrom('1', '2', '3'),
})

test('answers as a plain list of lines would, whatever is set, appended and removed', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
      let map = new HeaderMap()
      let lines: [string, string][] = []
      for (const { verb, name, value } of steps) {
        const same = ([other]: [string, string]): boolean => other.toLowerCase() === name.toLowerCase()
        if (verb === 'append') {
          map.append(name, value)
          lines.push([name, value])
        } else if (verb === 'set') {
          map.set(name, value)
          const first = lines.findIndex(same)
          if (first < 0) lines.push([name, value])
          else lines = lines.flatMap((line, at) => (at === first ? [[name, value]] : same(line) ? [] : [line]))
        } else if (verb === 'clone') map = map.clone()
        else if (verb === 'removeEach') {
          map.removeEach(OTHERS[value] as NameSet)
          lines = lines.filter(([other]) => OTHERS[value]?.names.has(other.toLowerCase()) !== true)
        } else {
          const had = lines.some(same)
          expect(verb === 'delete' ? map.delete(name) : map.removeRaw(name.toLowerCase())).toBe(had)
          lines = lines.filter((line) => !same(line))
        }
        expect([...map]).toEqual(lines)
        for (const [asked] of [...lines, ['Via'], ['x-a'], ['RANGE'], ['absent']]) {
          const lower = (asked as string).toLowerCase()
          const found = lines.filter(([other]) => other.toLowerCase() === lower).map(([, kept]) => kept)
          expect([map.has(asked as string), map.hasLower(lower)]).toEqual([found.length > 0, found.length > 0])
          expect([map.get(asked as string), map.getLower(lower)]).toEqual([found[0], found[0]])
          expect(map.joined(asked as string)).toBe(found.length === 0 ? undefined : found.join(', '))
          expect(map.joinedLower(lower)).toBe(map.joined(asked as string))
          expect(map.everyLower(lower, (value) => value !== '2')).toBe(!found.includes('2'))
          expect(map.differs(new NameSet([lower, 'hour']))).toBe(new Set(found).size > 1)
          if (found.length > 0) expect(map.mayHave(nameBits([lower]))).toBe(true)
        }
      }
    }),
    { numRuns: 500 },
  )
})
