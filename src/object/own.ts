/**
 * Strings and bytes that refer to nothing else. A short piece cut from a message head keeps the whole head alive, and a key put together from
 * such pieces keeps them all; what is stored is copied out of there.
 */
import { HeaderMap } from '../../vcl-ts/headers.ts'
import { commonName, lowerName } from '../wire/fields.ts'

const LATIN1 = /^[\x00-\xff]*$/

/** The same text in memory of its own. */
export function ownText(text: string): string {
  const encoding = LATIN1.test(text) ? 'latin1' : 'utf16le'
  return Buffer.from(text, encoding).toString(encoding)
}

/** The same bytes in a buffer of exact size. */
export function ownBytes(bytes: Buffer): Buffer {
  const own = Buffer.allocUnsafeSlow(bytes.length)
  bytes.copy(own)
  return own
}

/** The bytes of a string that has one latin-1 character for each, in a buffer of exact size. */
export function ownLatin1(text: string): Buffer {
  const own = Buffer.allocUnsafeSlow(text.length)
  own.write(text, 'latin1')
  return own
}

/** The same fields, in arrays of exact size. Names that are common are shared by all. */
export function ownHeaders(headers: HeaderMap): HeaderMap {
  const { size } = headers
  const names = new Array<string>(size)
  const lower = new Array<string>(size)
  const values = new Array<string>(size)
  for (let i = 0; i < size; i++) {
    const name = commonName(headers.nameAt(i)) ?? ownText(headers.nameAt(i))
    names[i] = name
    lower[i] = lowerName(name)
    values[i] = ownText(headers.valueAt(i))
  }
  return new HeaderMap(names, lower, values)
}
