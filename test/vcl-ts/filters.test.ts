import { describe, expect, it } from 'vitest'
import { type Filter, replaceText } from '../../vcl-ts/index.ts'
import fc from '../support/properties.ts'

async function through(filter: Filter, pieces: readonly Uint8Array[]): Promise<string> {
  const given: Buffer[] = []
  const push = async (bytes: Uint8Array | string): Promise<void> => {
    given.push(typeof bytes === 'string' ? Buffer.from(bytes) : Buffer.from(bytes))
  }
  for (const piece of pieces) await filter.chunk(piece, push)
  await filter.end?.(push)
  return Buffer.concat(given).toString()
}

describe('replaceText', () => {
  it('replaces as a string would, wherever the pieces of the body end', async () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', 'ü'), maxLength: 24 })
    await fc.assert(
      fc.asyncProperty(
        text,
        fc.string({ unit: fc.constantFrom('a', 'b', 'ü'), minLength: 1, maxLength: 4 }),
        fc.constantFrom('', 'x', '€€€'),
        fc.integer({ min: 1, max: 5 }),
        async (body, search, replacement, size) => {
          const bytes = Buffer.from(body)
          const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => bytes.subarray(i * size, (i + 1) * size))
          expect(await through(replaceText(search, replacement)(), pieces)).toBe(body.replaceAll(search, replacement))
        },
      ),
      { numRuns: 500 },
    )
  })

  it('remembers nothing from one body to the next', async () => {
    const make = replaceText('ab', 'X')
    expect(await through(make(), [Buffer.from('a')])).toBe('a')
    expect(await through(make(), [Buffer.from('b')])).toBe('b')
  })

  it('needs a text to look for', () => {
    expect(() => replaceText('', 'x')).toThrow('replaceText: give the text to be replaced; it was empty')
  })
})
