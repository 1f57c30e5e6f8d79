import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { SEAL_BYTES, Seal } from '../../src/redis/seal.ts'

const SECRET = 'sixteen letters!'
const PREFIX = 'clearcoat:'
const KEY = 'clearcoat:{0123456789abcdefghijkl}'

describe.each([
  ['with a secret', SECRET],
  ['without one', null],
])('a seal %s', (_, secret) => {
  const seal = new Seal(secret, PREFIX)
  const bytes = randomBytes(300)
  const sealed = seal.sign(KEY, bytes)

  it('gives back what it was put on, as another process with the same settings does', () => {
    expect(sealed).toHaveLength(bytes.length + SEAL_BYTES)
    expect(seal.verify(KEY, sealed)).toEqual(bytes)
    expect(new Seal(secret, PREFIX).verify(KEY, sealed)).toEqual(bytes)
  })

  it('refuses a value that lies under another key, or where the border between key and value was moved', () => {
    expect(seal.verify(`${KEY}:c`, sealed)).toBeNull()
    expect(seal.verify(`${KEY}A`, seal.sign(KEY, Buffer.from('Abc')).subarray(1))).toBeNull()
  })

  it('refuses what another prefix sealed, and names the same key otherwise', () => {
    const other = new Seal(secret, 'clearcoat')
    expect(other.verify(KEY, sealed)).toBeNull()
    expect(other.name('/')).not.toBe(seal.name('/'))
  })

  it('refuses every flipped bit and every truncation', () => {
    for (let bit = 0; bit < sealed.length * 8; bit++) {
      const flipped = Buffer.from(sealed)
      flipped.writeUInt8(flipped.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
      expect(seal.verify(KEY, flipped)).toBeNull()
    }
    for (let length = 0; length < sealed.length; length++) {
      expect(seal.verify(KEY, sealed.subarray(0, length))).toBeNull()
      expect(seal.verify(KEY, sealed.subarray(sealed.length - length))).toBeNull()
    }
  })

  it('refuses nothing at all, and a seal on nothing', () => {
    expect(seal.verify(KEY, Buffer.alloc(0))).toBeNull()
    expect(seal.verify(KEY, seal.sign(KEY, Buffer.alloc(0)))).toBeNull()
  })

  it('names any text with 22 letters, the same text alike', () => {
    const names = ['', '/', 'ü', '/'.repeat(100_000)].map((text) => seal.name(text))
    for (const name of names) expect(name).toMatch(/^[A-Za-z0-9_-]{22}$/)
    expect(new Set(names).size).toBe(4)
    expect(new Seal(secret, PREFIX).name('/')).toBe(seal.name('/'))
  })
})

it('tells nothing to, and believes nothing of, who has another secret or none', () => {
  const seal = new Seal(SECRET, PREFIX)
  const sealed = seal.sign(KEY, Buffer.from('mine'))
  for (const other of [new Seal('another secret!!', PREFIX), new Seal(null, PREFIX)]) {
    expect(other.verify(KEY, sealed)).toBeNull()
    expect(seal.verify(KEY, other.sign(KEY, Buffer.from('forged')))).toBeNull()
    expect(other.name('/')).not.toBe(seal.name('/'))
  }
})
