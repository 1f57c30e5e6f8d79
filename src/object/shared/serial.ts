/** Numbers that only grow and wrap round in 32 bits, as those of RFC 1982: two of them are compared by the way from one to the other. */

/** `true`: `a` was given out after `b`, less than 2³¹ steps later. */
export function isAfter(a: number, b: number): boolean {
  return ((a - b) | 0) > 0
}
