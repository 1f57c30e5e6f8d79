import { createHmac, randomBytes } from 'node:crypto'
import { expect, it } from 'vitest'
import { Hmac } from '../../src/redis/hmac.ts'

it.each([0, 1, 32, 64])('is HMAC-SHA-256 with a key of %i bytes, for messages of any size in any pieces', (length) => {
  const key = randomBytes(length)
  const hmac = new Hmac(key)
  const out = Buffer.alloc(32)
  const short = Buffer.alloc(16)
  for (const size of [0, 1, 63, 64, 1500, 30_000, 140_000, 700_000, 5]) {
    const message = randomBytes(size)
    const whole = createHmac('sha256', key).update(message).update('ü/é€😀\ud800').digest()
    hmac.into(out, message.subarray(0, size >> 1), message.subarray(size >> 1), 'ü/é€😀\ud800')
    hmac.into(short, message, 'ü/é€😀\ud800')
    expect(out).toEqual(whole)
    expect(short).toEqual(whole.subarray(0, 16))
  }
})

it('refuses a key that would have to be hashed first', () => {
  expect(() => new Hmac(randomBytes(65))).toThrow(RangeError)
})
