/** Options of a pattern, `(?i)` and the like. */

/** Options that are on: letters in both cases, `.` takes newlines, `^ $` at lines, white space is none. */
export interface RegexOptions {
  readonly i: boolean
  readonly s: boolean
  readonly m: boolean
  readonly x: boolean
}

export const NO_OPTIONS: RegexOptions = { i: false, s: false, m: false, x: false }

/** With the letters of `on`, without those of `off`. */
export function withOptions(options: RegexOptions, on: string, off: string): RegexOptions {
  const has = (letter: keyof RegexOptions): boolean => (off.includes(letter) ? false : on.includes(letter) || options[letter])
  return { i: has('i'), s: has('s'), m: has('m'), x: has('x') }
}
