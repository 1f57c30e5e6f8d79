/** Bytes as text and back, in the encodings of VCL's `blob`. */

/**
 * `text` UTF-8; `base64` with padding; `base64url` without (RFC 4648 §5); `base64cf` with `-` `~` `_` for `+` `/` `=`, as CloudFront has it; `hex` in lower
 * case; `url` percent-encoded but for unreserved characters (RFC 3986 §2.3).
 */
export type BlobEncoding = 'text' | 'base64' | 'base64url' | 'base64cf' | 'hex' | 'url'

/** Encodes and decodes. */
export interface BlobCodec {
  /** Bytes, or text as UTF-8, in an encoding; of bytes that are no UTF-8 `text` makes U+FFFD. */
  readonly encode: (encoding: BlobEncoding, value: Uint8Array | string) => string
  /** The bytes of what is written in an encoding, `null` where it is not. Padding may be missing; case of `hex` does not count. */
  readonly decode: (encoding: BlobEncoding, text: string) => Uint8Array | null
}

/** `blob.encode('base64url', user)`, `blob.decode('hex', req.headers.get('x-id') ?? '')`. */
export const blob: BlobCodec = Object.freeze({
  encode: (encoding: BlobEncoding, value: Uint8Array | string) => ENCODERS[encoding](typeof value === 'string' ? utf8(value) : value),
  decode: (encoding: BlobEncoding, text: string) => DECODERS[encoding](text),
})

const ENCODERS: Readonly<Record<BlobEncoding, (bytes: Uint8Array) => string>> = {
  text: (bytes) => new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes),
  base64,
  base64url: (bytes) => base64(bytes).replace(/[+/=]/g, (character) => TO_URL[character] ?? ''),
  base64cf: (bytes) => base64(bytes).replace(/[+/=]/g, (character) => TO_CF[character] ?? ''),
  hex: (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(''),
  url: (bytes) => Array.from(bytes, percentEncoded).join(''),
}

const DECODERS: Readonly<Record<BlobEncoding, (text: string) => Uint8Array | null>> = {
  text: utf8,
  base64: (text) => fromBase64(text, /^[A-Za-z0-9+/]*={0,2}$/),
  base64url: (text) => fromBase64(text, /^[\w-]*={0,2}$/),
  base64cf: (text) =>
    /^[A-Za-z0-9~-]*_{0,2}$/.test(text) ? DECODERS.base64(text.replace(/[~_-]/g, (character) => FROM_CF[character] ?? '')) : null,
  hex: (text) => (text.length % 2 === 0 && /^[0-9a-f]*$/i.test(text) ? fromHex(text) : null),
  url: percentDecoded,
}

const TO_URL: Readonly<Record<string, string>> = { '+': '-', '/': '_' }
const TO_CF: Readonly<Record<string, string>> = { '+': '-', '/': '~', '=': '_' }
const FROM_CF: Readonly<Record<string, string>> = { '-': '+', '~': '/', _: '=' }
const UNRESERVED = /^[\w.~-]$/

function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

function base64(bytes: Uint8Array): string {
  let characters = ''
  for (const byte of bytes) characters += String.fromCharCode(byte)
  return btoa(characters)
}

function fromBase64(text: string, alphabet: RegExp): Uint8Array | null {
  const bare = text.replace(/=+$/, '')
  // A single character more than a multiple of four is half a byte.
  if (!alphabet.test(text) || bare.length % 4 === 1) return null
  return Uint8Array.from(atob(bare.replaceAll('-', '+').replaceAll('_', '/')), (character) => character.charCodeAt(0))
}

function fromHex(text: string): Uint8Array {
  return Uint8Array.from({ length: text.length / 2 }, (_, at) => Number.parseInt(text.slice(2 * at, 2 * at + 2), 16))
}

function percentEncoded(byte: number): string {
  const character = String.fromCharCode(byte)
  return UNRESERVED.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
}

function percentDecoded(text: string): Uint8Array | null {
  if (/%(?![0-9a-f]{2})/i.test(text)) return null
  const parts = text.split(/(%[0-9a-f]{2})/i)
  return Uint8Array.from(parts.flatMap((part) => [...(part.startsWith('%') ? fromHex(part.slice(1)) : utf8(part))]))
}
