/**
 * A seeded hash of a key: HalfSipHash-1-3, whose own key is made of the seed. Who does not know the seed cannot choose keys that fall together;
 * where the input is mixed before the seed comes in (murmur3, FNV), such keys are the same for every seed.
 */

/** After the text: its length, and three rounds that absorb nothing. */
const END_ROUNDS = 4

/** 32 bits of the UTF-16 units. Another seed gives an independent hash. */
export function hashOf(key: string, seed: number): number {
  const other = spread(seed)
  const { length } = key
  let v0 = seed | 0
  let v1 = other
  let v2 = seed ^ 0x6c79_6765
  let v3 = other ^ 0x7465_6462
  let at = 0
  let ended = 0
  while (ended < END_ROUNDS) {
    let word = 0
    if (at + 3 < length) {
      const a = key.charCodeAt(at)
      const b = key.charCodeAt(at + 1)
      const c = key.charCodeAt(at + 2)
      const d = key.charCodeAt(at + 3)
      if ((a | b | c | d) < 0x100) {
        word = a | (b << 8) | (c << 16) | (d << 24)
        at += 4
      } else {
        // Marked as a word of two units, so that no other text is the same words.
        word = a | (b << 16)
        v1 ^= 0xff
        at += 2
      }
    } else if (at < length) {
      word = key.charCodeAt(at)
      v1 ^= 0xff
      at++
    } else {
      if (ended === 0) word = length
      else if (ended === 1) v2 ^= 0xff
      ended++
    }
    v3 ^= word
    v0 = (v0 + v1) | 0
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0
    v0 = (v0 << 16) | (v0 >>> 16)
    v2 = (v2 + v3) | 0
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2
    v0 = (v0 + v3) | 0
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0
    v2 = (v2 + v1) | 0
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2
    v2 = (v2 << 16) | (v2 >>> 16)
    v0 ^= word
  }
  return v1 ^ v3
}

/** A bijection in which every bit of the seed changes half of the others. */
function spread(seed: number): number {
  let bits = seed ^ 0x9e37_79b9
  bits = Math.imul(bits ^ (bits >>> 16), 0x85eb_ca6b)
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2_ae35)
  return bits ^ (bits >>> 16)
}
