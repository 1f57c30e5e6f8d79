/** Bytes looked at four at a time: what is sought is marked by the bits that a subtraction borrows from. */

const HIGH_BITS = 0x80808080 | 0
const ONES = 0x01010101
const SPACES = 0x20202020
const DELS = 0x7f7f7f7f
const COLONS = 0x3a3a3a3a

/** The first byte from `at` on that no field value has, or a tab. Answers earlier when fewer than four bytes are left before `end`. */
export function skipValue(words: DataView, at: number, end: number): number {
  const last = end - 4
  while (at <= last) {
    const word = words.getInt32(at, true)
    const del = word ^ DELS
    const marks = (((word - SPACES) & ~word) | ((del - ONES) & ~del)) & HIGH_BITS
    if (marks !== 0) return at + lowest(marks)
    at += 4
  }
  return at
}

/** The first colon from `at` on; -1 if there is none, and it may be missed in the last three bytes before `end`. */
export function findColon(words: DataView, at: number, end: number): number {
  const last = end - 4
  for (; at <= last; at += 4) {
    const word = words.getInt32(at, true) ^ COLONS
    const marks = (word - ONES) & ~word & HIGH_BITS
    if (marks !== 0) return at + lowest(marks)
  }
  return -1
}

/** Which byte the lowest mark is on: it is exact, while a borrow may set false ones above it. */
function lowest(marks: number): number {
  return (31 - Math.clz32(marks & -marks)) >> 3
}
