/** Single characters of a pattern: by an escape, or as the bytes of one in UTF-8. */
import type { RegexCursor } from './regex-cursor.ts'
import { RegexError } from './regex-error.ts'

const CONTROLS: Readonly<Record<string, number>> = { a: 7, e: 27, f: 12, n: 10, r: 13, t: 9 }

/** Escapes that have no counterpart, and why. */
export const REFUSED_ESCAPES: Readonly<Record<string, string>> = {
  G: '\\G, the place where the last match ended, does not exist in VCL',
  K: '\\K, which drops what was matched before it, has no counterpart; use a look-behind, (?<=…)',
  X: '\\X needs Unicode, and VCL matches bytes',
  p: '\\p needs Unicode, and VCL matches bytes',
  P: '\\P needs Unicode, and VCL matches bytes',
  L: '\\L is not a PCRE escape',
  l: '\\l is not a PCRE escape',
  U: '\\U is not a PCRE escape',
  u: '\\u is not a PCRE escape; write \\xhh',
}

/** The one character that an escape means, in and out of brackets. */
export function escapedCharacter(cursor: RegexCursor, char: string, start: number): number {
  if (char === 'x') {
    const hex = cursor.match(/\{([0-9A-Fa-f]+)\}|([0-9A-Fa-f]{0,2})/y)
    return byte(Number.parseInt(hex?.[1] ?? (hex?.[2] || '0'), 16), start)
  }
  if (char === 'o') {
    const octal = cursor.match(/\{([0-7]+)\}/y)
    if (octal !== null) return byte(Number.parseInt(octal[1] as string, 8), start)
  }
  if (char === 'c') {
    const control = cursor.match(/[ -~]/y)
    if (control !== null) return control[0].toUpperCase().charCodeAt(0) ^ 64
  }
  if (/[0-7]/.test(char)) {
    const octal = char + (cursor.match(/[0-7]{0,2}/y)?.[0] ?? '')
    return byte(Number.parseInt(octal, 8), start)
  }
  const control = CONTROLS[char]
  if (control !== undefined) return control
  if (/[0-9A-Za-z]/.test(char)) throw new RegexError(`PCRE has no escape \\${char}`, start)
  return char.charCodeAt(0)
}

function byte(code: number, start: number): number {
  if (code > 0xff) throw new RegexError('VCL matches bytes, and this is none', start)
  return code
}

/** In UTF-8. */
export function bytesOf(char: string): number[] {
  return char.charCodeAt(0) < 0x80 ? [char.charCodeAt(0)] : [...new TextEncoder().encode(char)]
}
