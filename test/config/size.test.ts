import { describe, expect, it } from 'vitest'
import { formatSize, parseSize } from '../../src/config/size.ts'

describe('a size', () => {
  it.each([
    ['0', 0],
    ['900', 900],
    ['900B', 900],
    ['1k', 1024],
    ['512M', 512 * 1024 ** 2],
    ['512MB', 512 * 1024 ** 2],
    ['512MiB', 512 * 1024 ** 2],
    ['1.5g', 1.5 * 1024 ** 3],
    [' 2T ', 2 * 1024 ** 4],
  ])('%j is read', (text, bytes) => {
    expect(parseSize(text)).toBe(bytes)
  })

  it.each(['', 'M', '-1', '1e9', '0x10', '1 M', '10%', 'NaN', 'Infinity', '9999999T', '1Mi2'])('%j is not read', (text) => {
    expect(parseSize(text)).toBeNull()
  })

  it('is shown in the unit that people would take', () => {
    expect([0, 900, 1024, 1536, 512 * 1024 ** 2, 2.75 * 1024 ** 3, 1000].map(formatSize)).toEqual([
      '0 B',
      '900 B',
      '1 KiB',
      '1.5 KiB',
      '512 MiB',
      '2.8 GiB',
      '0.98 KiB',
    ])
  })
})
