/** Sets of characters U+0000–U+00FF: all that URLs and header fields can hold, one character a byte. */

/** Eight words of 32 bits; never changed once made. */
export type CharSet = Readonly<Uint32Array>

export const NO_CHARACTERS: CharSet = new Uint32Array(8)

export function charRange(first: number, last: number): CharSet {
  const set = new Uint32Array(8)
  for (let code = first; code <= last; code++) set[code >> 5] = (set[code >> 5] as number) | (1 << (code & 31))
  return set
}

export const ANY_CHARACTER: CharSet = charRange(0, 255)

/** The set of the characters of a text. */
export function charsOf(text: string): CharSet {
  return charUnion(...Array.from(text, (char) => charRange(char.charCodeAt(0), char.charCodeAt(0))))
}

export function charUnion(...sets: readonly CharSet[]): CharSet {
  const union = new Uint32Array(8)
  for (const set of sets) for (let i = 0; i < 8; i++) union[i] = (union[i] as number) | (set[i] as number)
  return union
}

export function charsShared(a: CharSet, b: CharSet): CharSet {
  return Uint32Array.from(a, (word, i) => word & (b[i] as number))
}

export function charsExcept(set: CharSet): CharSet {
  return Uint32Array.from(set, (word) => ~word)
}

export function charsOverlap(a: CharSet, b: CharSet): boolean {
  return a.some((word, i) => (word & (b[i] as number)) !== 0)
}

export function hasChar(set: CharSet, code: number): boolean {
  return (((set[code >> 5] as number) >>> (code & 31)) & 1) === 1
}

const STORABLE: CharSet = charUnion(charRange(9, 9), charRange(0x20, 0x7e), charRange(0x80, 0xff))

/** Whether it has every character that a stored URL or field can hold; control characters are not among them. */
export function hasEveryChar(set: CharSet): boolean {
  return STORABLE.every((word, i) => (word & ~(set[i] as number)) === 0)
}

/** With the other case of each ASCII letter. */
export function foldCase(set: CharSet): CharSet {
  const folded = Uint32Array.from(set)
  for (let code = 65; code <= 90; code++) {
    if (hasChar(set, code)) folded[(code + 32) >> 5] = (folded[(code + 32) >> 5] as number) | (1 << ((code + 32) & 31))
    if (hasChar(set, code + 32)) folded[code >> 5] = (folded[code >> 5] as number) | (1 << (code & 31))
  }
  return folded
}

/** First and last code of each run, in order. */
export function charRuns(set: CharSet): readonly (readonly [first: number, last: number])[] {
  const runs: [number, number][] = []
  for (let code = 0; code < 256; code++) {
    if (!hasChar(set, code)) continue
    const run = runs.at(-1)
    if (run !== undefined && run[1] === code - 1) run[1] = code
    else runs.push([code, code])
  }
  return runs
}
