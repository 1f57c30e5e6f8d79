/** Byte classes of HTTP/1.1 messages as 256-entry tables (RFC 9110 §5.5, §5.6.2; RFC 9112 §3). */

function table(accepts: (byte: number) => boolean): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, byte) => (accepts(byte) ? 1 : 0))
}

const TCHAR_MARKS = "!#$%&'*+-.^_`|~"

/** `tchar`: what a method, field name or directive name is made of. */
export const TOKEN_BYTE: Uint8Array = table(
  (byte) => /[0-9A-Za-z]/.test(String.fromCharCode(byte)) || TCHAR_MARKS.includes(String.fromCharCode(byte)),
)

/** Field values: HTAB, SP, visible ASCII, obs-text. */
export const VALUE_BYTE: Uint8Array = table((byte) => byte === 9 || (byte >= 0x20 && byte !== 0x7f))

/** Request target: 0x21–0x7E but `#` (DECISIONS: characters in the target). */
export const TARGET_BYTE: Uint8Array = table((byte) => byte >= 0x21 && byte <= 0x7e && byte !== 0x23)

/** Reason phrase: visible ASCII, SP, HTAB, obs-text. */
export const REASON_BYTE: Uint8Array = table((byte) => byte === 9 || (byte >= 0x20 && byte !== 0x7f))

/** Value of a hexadecimal digit, or 255. */
export const HEX_DIGIT: Uint8Array = Uint8Array.from({ length: 256 }, (_, byte) => {
  const digit = Number.parseInt(String.fromCharCode(byte), 16)
  return Number.isNaN(digit) ? 255 : digit
})

export const CR = 13
export const LF = 10
export const SP = 32
export const HTAB = 9
export const COLON = 58
