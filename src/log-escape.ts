/** What a log line may hold of what strangers sent: printable ASCII, at most 4 KiB a field, no credentials. */

/** Characters of a field in its escaped form. */
export const LONGEST_FIELD = 4096

const CLEAN = /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/
const MARK = '...'

/** Names of query parameters, in any case, whose values open doors. */
const SECRET =
  /^(?:.*(?:token|secret|passw(?:or)?d|passphrase|signature|credentials?|session[-_]?id|api[-_]?key|access[-_]?key(?:id)?)|(?:.*[-_.])?key|auth|authorization|jwt|pass|pwd|sid|sig|jsessionid|phpsessid|code|otp)$/i
const PARAMETER = /([?&;#])([^=&;?#/]+)=([^&;#]*)/g
const USERINFO = /^([a-z][a-z0-9+.-]*:)?\/\/[^/?#]*@/i

/** A URL without the values of parameters that carry credentials, and without user and password. */
export function redactUrl(url: string): string {
  const bare = url.includes('@') ? url.replace(USERINFO, '$1//***@') : url
  if (!bare.includes('=')) return bare
  return bare.replace(PARAMETER, (all: string, separator: string, name: string) =>
    SECRET.test(decodeName(name)) ? `${separator}${name}=***` : all,
  )
}

/** As NCSA logs have it: `\xHH` for bytes that are not printable ASCII, `\"` and `\\`. Never longer than `LONGEST_FIELD`. */
export function escapeField(text: string): string {
  return escapeWith(text, hexEscape)
}

/** A quoted JSON string of printable ASCII, which reads back as the same characters. Never longer than `LONGEST_FIELD` between the quotes. */
export function jsonString(text: string): string {
  return `"${escapeWith(text, jsonEscape)}"`
}

function escapeWith(text: string, escapeCode: (code: number) => string): string {
  if (text.length <= LONGEST_FIELD && CLEAN.test(text)) return text
  let out = ''
  /** Where the mark fits in without cutting an escape in two. */
  let cut = 0
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    out += code >= 0x20 && code < 0x7f && code !== 0x22 && code !== 0x5c ? (text[at] as string) : escapeCode(code)
    if (out.length > LONGEST_FIELD) return out.slice(0, cut) + MARK
    if (out.length <= LONGEST_FIELD - MARK.length) cut = out.length
  }
  return out
}

function hexEscape(code: number): string {
  if (code === 0x22 || code === 0x5c) return `\\${String.fromCharCode(code)}`
  return code <= 0xff ? `\\x${hex(code, 2)}` : `\\u${hex(code, 4)}`
}

function jsonEscape(code: number): string {
  return code === 0x22 || code === 0x5c ? `\\${String.fromCharCode(code)}` : `\\u${hex(code, 4)}`
}

const hex = (code: number, digits: number): string => code.toString(16).padStart(digits, '0')

function decodeName(name: string): string {
  if (!name.includes('%')) return name
  try {
    return decodeURIComponent(name)
  } catch {
    return name
  }
}
