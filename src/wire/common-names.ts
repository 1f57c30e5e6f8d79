/** The field names that nearly all messages are made of, known by their bytes. */
import { nameBit } from '../../vcl-ts/headers.ts'

const COMMON_NAMES = `Accept Accept-Charset Accept-Encoding Accept-Language Accept-Ranges Access-Control-Allow-Origin Age Allow Alt-Svc
Authorization Cache-Control Cache-Status CDN-Cache-Control CDN-Loop Clearcoat-Cache-Control Connection Content-Disposition Content-Encoding
Content-Language Content-Length Content-Location Content-Range Content-Security-Policy Content-Type Cookie Date DNT ETag Expect Expires
Forwarded Host If-Match If-Modified-Since If-None-Match If-Range If-Unmodified-Since Keep-Alive Last-Modified Link Location Origin Pragma
Priority Proxy-Connection Range Referer Retry-After Sec-CH-UA Sec-CH-UA-Mobile Sec-CH-UA-Platform Sec-Fetch-Dest Sec-Fetch-Mode
Sec-Fetch-Site Sec-Fetch-User Server Set-Cookie Strict-Transport-Security Surrogate-Control Surrogate-Key TE Trailer Transfer-Encoding
Upgrade Upgrade-Insecure-Requests User-Agent Vary Via Warning X-Cache X-Content-Type-Options X-Forwarded-For X-Forwarded-Host
X-Forwarded-Proto X-Frame-Options X-Powered-By X-Request-Id`.split(/\s+/)

const LOWER: ReadonlyMap<string, string> = new Map(
  COMMON_NAMES.flatMap((name) => [name, name.toLowerCase()].map((key) => [key, name.toLowerCase()])),
)

/** Of each common name both spellings, with lower case and bit; all their bytes in one piece, and where those of each begin. */
export const SPELLINGS: readonly string[] = [...LOWER.keys()]
export const LOWERED: readonly string[] = [...LOWER.values()]
export const BITS: Int32Array = Int32Array.from(LOWERED, nameBit)
const SPELLED: Uint8Array = Uint8Array.from(SPELLINGS.join(''), (character) => character.charCodeAt(0))
const SPELLED_AT: Int32Array = Int32Array.from([...SPELLINGS, ''], (_, at) => SPELLINGS.slice(0, at).join('').length)

export const LONGEST_COMMON: number = Math.max(...SPELLINGS.map((name) => name.length))

const BUCKETS = 1024
/** Of each bucket the first name in it, of each name the next in its bucket; -1 for none. */
const FIRST: Int16Array = new Int16Array(BUCKETS).fill(-1)
const NEXT: Int16Array = Int16Array.from(SPELLINGS, (_, at) => {
  const begin = SPELLED_AT[at] as number
  const length = (SPELLED_AT[at + 1] as number) - begin
  const bucket = bucketOf(length, SPELLED[begin], SPELLED[begin + length - 1], SPELLED[begin + (length >> 1)])
  const next = FIRST[bucket] as number
  FIRST[bucket] = at
  return next
})

/** By the length and three of the bytes. */
function bucketOf(length: number, first = 0, last = 0, middle = 0): number {
  return (length * 37 + first * 5 + last * 11 + middle * 3) & (BUCKETS - 1)
}

/** Which common name stands there, or -1; told without making a string. */
export function commonAt(bytes: Uint8Array, from: number, to: number): number {
  const length = to - from
  const bucket = bucketOf(length, bytes[from], bytes[to - 1], bytes[from + (length >> 1)])
  for (let common = FIRST[bucket] as number; common >= 0; common = NEXT[common] as number) {
    const begin = SPELLED_AT[common] as number
    if ((SPELLED_AT[common + 1] as number) - begin !== length) continue
    let at = 0
    while (at < length && SPELLED[begin + at] === bytes[from + at]) at++
    if (at === length) return common
  }
  return -1
}

/** Bytes of the shortest name that is compared four at a time. */
export const SHORTEST_WORD = 4
const SPELLED_WORDS: DataView = new DataView(SPELLED.buffer, SPELLED.byteOffset, SPELLED.length)

/** The same of `SHORTEST_WORD` bytes and more, compared four at a time. */
export function commonIn(words: DataView, from: number, to: number): number {
  const length = to - from
  if (length < SHORTEST_WORD) return -1
  const bucket = bucketOf(length, words.getUint8(from), words.getUint8(to - 1), words.getUint8(from + (length >> 1)))
  for (let common = FIRST[bucket] as number; common >= 0; common = NEXT[common] as number) {
    const begin = SPELLED_AT[common] as number
    if ((SPELLED_AT[common + 1] as number) - begin !== length) continue
    let at = length - 4
    if (SPELLED_WORDS.getInt32(begin + at, true) !== words.getInt32(from + at, true)) continue
    at &= -4
    while (at >= 0 && SPELLED_WORDS.getInt32(begin + at, true) === words.getInt32(from + at, true)) at -= 4
    if (at < 0) return common
  }
  return -1
}

const COMMON: ReadonlyMap<string, string> = new Map(COMMON_NAMES.flatMap((name) => [name, name.toLowerCase()].map((key) => [key, key])))

/** The one string of a common field name, in its usual or in lower case; `undefined` for any other. */
export function commonName(name: string): string | undefined {
  return COMMON.get(name)
}

/** Lower case of a field name; common names without making a string. */
export function lowerName(name: string): string {
  return LOWER.get(name) ?? name.toLowerCase()
}
