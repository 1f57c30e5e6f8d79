/** What is said of several rounds: the median, and how far they lie apart. */

export interface Spread {
  readonly median: number
  readonly lowest: number
  readonly highest: number
}

/** The middle one, or what lies between the two in the middle; not a number if there are none. */
export function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2
}

export function spread(numbers: readonly number[]): Spread {
  return { median: median(numbers), lowest: Math.min(...numbers), highest: Math.max(...numbers) }
}

/** The smallest number that at least this `share` (0 to 1) of all does not exceed, of numbers in ascending order; 0 if there are none. */
export function quantile(ascending: ArrayLike<number>, share: number): number {
  return ascending[Math.max(0, Math.ceil(share * ascending.length) - 1)] ?? 0
}

/** Round by round: `ours` divided by `theirs`. */
export function ratios(ours: readonly number[], theirs: readonly number[]): readonly number[] {
  return ours.slice(0, theirs.length).map((one, round) => one / (theirs[round] ?? Number.NaN))
}
