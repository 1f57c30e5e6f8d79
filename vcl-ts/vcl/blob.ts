/** VMOD blob: bytes, as texts of a character each, and their encodings. */

export type BlobEncoding = 'IDENTITY' | 'BASE64' | 'BASE64URL' | 'BASE64URLNOPAD' | 'BASE64CF' | 'HEX' | 'URL'

/** Throws a `TypeError` for what is not so encoded. `length`: only so many characters are read. */
export function decode(encoding: BlobEncoding, text: string, length?: number): string {
  const encoded = length === undefined || length <= 0 ? text : text.slice(0, length)
  switch (encoding) {
    case 'IDENTITY':
      return encoded
    case 'HEX': {
      const even = encoded.length % 2 === 0 ? encoded : `0${encoded}`
      if (!/^[0-9a-fA-F]*$/.test(even)) throw new TypeError('blob.decode(HEX): this is no hexadecimal text')
      return even.replace(/../g, (pair) => String.fromCharCode(Number.parseInt(pair, 16)))
    }
    case 'URL':
      return encoded.replace(/%([0-9a-fA-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
    default: {
      const plain = standard(encoding, encoded)
      if (!/^[A-Za-z0-9+/]*={0,2}$/.test(plain)) throw new TypeError(`blob.decode(${encoding}): this is no base64`)
      return atob(plain.replace(/=+$/, ''))
    }
  }
}

/** `letters`: of hexadecimal digits, `UPPER` or (default) in lower case. */
export function encode(encoding: BlobEncoding, blob: string, letters: 'UPPER' | 'LOWER' = 'LOWER'): string {
  switch (encoding) {
    case 'IDENTITY':
      return blob
    case 'HEX': {
      const hex = [...blob].map((char) => char.charCodeAt(0).toString(16).padStart(2, '0')).join('')
      return letters === 'UPPER' ? hex.toUpperCase() : hex
    }
    case 'URL':
      // RFC 3986 §2.3: unreserved characters stand for themselves.
      return blob.replace(/[^A-Za-z0-9_.~-]/g, (char) => {
        const hex = char.charCodeAt(0).toString(16).padStart(2, '0')
        return `%${letters === 'UPPER' ? hex.toUpperCase() : hex}`
      })
    case 'BASE64':
      return btoa(blob)
    case 'BASE64URL':
      return btoa(blob).replaceAll('+', '-').replaceAll('/', '_')
    case 'BASE64URLNOPAD':
      return btoa(blob).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '')
    case 'BASE64CF':
      return btoa(blob).replaceAll('+', '-').replaceAll('/', '~').replaceAll('=', '_')
  }
}

function standard(encoding: BlobEncoding, text: string): string {
  if (encoding === 'BASE64') return text
  if (encoding === 'BASE64CF') return text.replaceAll('_', '=').replaceAll('-', '+').replaceAll('~', '/')
  return text.replaceAll('-', '+').replaceAll('_', '/')
}
