/** The coding of a stored body that this cache undoes for clients that do not take it. */
import { CODINGS, type Coding } from '../../vcl-ts/coding.ts'

export interface StoredCoding {
  readonly coding: Coding
  /** Coded here, so that its bytes are beyond doubt; else by the origin. */
  readonly here: boolean
}

const ALL: readonly StoredCoding[] = CODINGS.flatMap((coding) => [
  { coding, here: false },
  { coding, here: true },
])

/** The same constant each time. */
export function storedCoding(coding: Coding, here: boolean): StoredCoding {
  return ALL[CODINGS.indexOf(coding) * 2 + (here ? 1 : 0)] as StoredCoding
}

/** A number of three bits for it; 0 for none. */
export function numberOfCoding(coding: StoredCoding | null): number {
  return coding === null ? 0 : ALL.indexOf(coding) + 1
}

export function codingOfNumber(number: number): StoredCoding | null {
  return ALL[number - 1] ?? null
}
