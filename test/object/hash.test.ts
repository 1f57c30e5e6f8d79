import { describe, expect, it } from 'vitest'
import { hashOf } from '../../src/object/hash.ts'
import fc from '../support/properties.ts'

const TEXT = fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 20 }).map((units) => String.fromCharCode(...units))

const ones = (bits: number): number => bits.toString(2).replaceAll(/[^1]/g, '').length

describe('the hash of a key', () => {
  it('is an Int32 of text and seed alone, however the text was put together and whatever was hashed before', () => {
    fc.assert(
      fc.property(TEXT, TEXT, fc.integer(), (a, b, seed) => {
        const hash = hashOf(a + b, seed)
        expect(hash).toBe(hash | 0)
        hashOf('~'.repeat(100), seed)
        expect(hashOf(Buffer.from(a + b, 'utf16le').toString('utf16le'), seed)).toBe(hash)
      }),
    )
  })

  it('changes half of its bits with each bit of the text and of the seed', () => {
    let changed = 0
    let changes = 0
    for (let key = 0; key < 64; key++) {
      const text = `/catalog/item-${key}?size=${key * 7}shop.example.com`
      const hash = hashOf(text, key)
      for (let at = 0; at < text.length; at += 3) {
        for (let bit = 0; bit < 16; bit += 5) {
          const other = text.slice(0, at) + String.fromCharCode(text.charCodeAt(at) ^ (1 << bit)) + text.slice(at + 1)
          changed += ones((hash ^ hashOf(other, key)) >>> 0)
          changes++
        }
      }
      for (let bit = 0; bit < 32; bit++) {
        changed += ones((hash ^ hashOf(text, key ^ (1 << bit))) >>> 0)
        changes++
      }
    }
    expect(changed / changes).toBeGreaterThan(15.8)
    expect(changed / changes).toBeLessThan(16.2)
  })

  it('spreads keys that are alike over buckets as chance does', () => {
    for (const seed of [0, 1, -1, 0x1234_5678]) {
      const buckets = new Int32Array(4096)
      for (let key = 0; key < 16_384; key++) buckets[hashOf(`/p/${key}`, seed) & 4095]!++
      // With four a bucket on average, more than 20 in one is less likely than one in ten million.
      expect(Math.max(...buckets)).toBeLessThan(21)
      const empty = buckets.filter((count) => count === 0).length
      expect(Math.abs(empty - 4096 * Math.exp(-4))).toBeLessThan(50)
    }
  })

  it('tells texts apart that are the same bytes in another width, and ends of zeros', () => {
    const texts = [
      '',
      '\0',
      '\0\0',
      '\0\0\0',
      '\0\0\0\0',
      '\0\0\0\0\0',
      'abcd',
      '\u6261\u6463',
      'a\0b\0',
      'ab',
      'a\0\0b',
      'b\u0100cd',
      'b\0\u0100cd',
    ]
    texts.push('item', '\u0169tem', '\u7469\u6d65', 'ite\u016d', 'item\0', '\ud800', '\ud801', '\ufffd')
    expect(new Set(texts.map((text) => hashOf(text, 1))).size).toBe(texts.length)
  })

  it('reads keys to their end, however long they are', () => {
    const short = hashOf('/p/1', 1)
    for (const length of [2729, 2730, 2731, 70_000]) {
      const key = 'x'.repeat(length)
      const hashes = [key, `${key}x`, `${key}y`, `${key}\u0100`, `${key}\u0101`, `y${key}`].map((text) => hashOf(text, 1))
      expect(new Set(hashes).size).toBe(hashes.length)
      expect(hashOf(key, 1)).toBe(hashes[0])
    }
    expect(hashOf('/p/1', 1)).toBe(short)
  })

  it('puts keys that fall together under one seed apart under another', () => {
    const byHash = Map.groupBy(
      Array.from({ length: 4096 }, (_, key) => `/p/${key}`),
      (key) => hashOf(key, 1) & 255,
    )
    for (const keys of byHash.values()) expect(new Set(keys.map((key) => hashOf(key, 2) & 255)).size).toBeGreaterThan(1)
  })
})
