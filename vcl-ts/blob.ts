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
  encode: (encoding: BlobEncoding, value: Uint8Array | string) => ENCODERS[encoding](Buffer.from(value as Uint8Array)),
  decode: (encoding: BlobEncoding, text: string) => {
    const bytes = DECODERS[encoding](text)
    return bytes === null ? null : new Uint8Array(bytes)
  },
})

const ENCODERS: Readonly<Record<BlobEncoding, (bytes: Buffer) => string>> = {
  text: (bytes) => bytes.toString('utf8'),
  base64: (bytes) => bytes.toString('base64'),
  base64url: (bytes) => bytes.toString('base64url'),
  base64cf: (bytes) => bytes.toString('base64').replace(/[+/=]/g, (character) => TO_CF[character] ?? ''),
  hex: (bytes) => bytes.toString('hex'),
  url: (bytes) => Array.from(bytes, percentEncoded).join(''),
}

const DECODERS: Readonly<Record<BlobEncoding, (text: string) => Buffer | null>> = {
  text: (text) => Buffer.from(text, 'utf8'),
  base64: (text) => fromBase64(text, /^[A-Za-z0-9+/]*={0,2}$/),
  base64url: (text) => fromBase64(text, /^[\w-]*={0,2}$/),
  base64cf: (text) =>
    /^[A-Za-z0-9~-]*_{0,2}$/.test(text) ? DECODERS.base64(text.replace(/[~_-]/g, (character) => FROM_CF[character] ?? '')) : null,
  hex: (text) => (text.length % 2 === 0 && /^[0-9a-f]*$/i.test(text) ? Buffer.from(text, 'hex') : null),
  url: percentDecoded,
}

const TO_CF: Readonly<Record<string, string>> = { '+': '-', '/': '~', '=': '_' }
const FROM_CF: Readonly<Record<string, string>> = { '-': '+', '~': '/', _: '=' }
const UNRESERVED = /^[\w.~-]$/

function fromBase64(text: string, alphabet: RegExp): Buffer | null {
  const bare = text.replace(/=+$/, '')
  // A single character more than a multiple of four is half a byte.
  return alphabet.test(text) && bare.length % 4 !== 1 ? Buffer.from(bare, 'base64url') : null
}

function percentEncoded(byte: number): string {
  const character = String.fromCharCode(byte)
  return UNRESERVED.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
}

function percentDecoded(text: string): Buffer | null {
  if (/%(?![0-9a-f]{2})/i.test(text)) return null
  return Buffer.concat(
    text
      .split(/(%[0-9a-f]{2})/i)
      .map((part) => Buffer.from(part.startsWith('%') ? part.slice(1) : part, part.startsWith('%') ? 'hex' : 'utf8')),
  )
}
