/** What a record's text may hold of what strangers sent: printable ASCII on one line, at most 4 KiB, no credentials (HARDENING 231, 232). */
import { LONGEST_FIELD, redactUrl } from '../log-escape.ts'

const MARK = '...'
const UNPRINTABLE = /[^\x20-\x7e]/g
const CLEAN = /^[\x20-\x7e]*$/
const CREDENTIALS: ReadonlySet<string> = new Set(['authorization', 'proxy-authorization'])
const SECRET = /(?:^|[-_])(?:token|secret|password|passwd|api-?key|credentials?)$/
const URLS: ReadonlySet<string> = new Set(['referer', 'location', 'content-location'])

/** Bytes that are not printable ASCII as `\xHH`. */
export function recordText(text: string): string {
  const cut = text.length > LONGEST_FIELD ? text.slice(0, LONGEST_FIELD) : text
  const printable = CLEAN.test(cut) ? cut : cut.replace(UNPRINTABLE, escaped)
  return printable.length > LONGEST_FIELD || cut !== text ? `${printable.slice(0, LONGEST_FIELD - MARK.length)}${MARK}` : printable
}

/** `Name: value`. Of cookies the names stay, of Authorization the scheme; the rest of them is `***`. */
export function fieldText(name: string, value: string): string {
  return `${name}: ${redacted(name.toLowerCase(), value)}`
}

export { redactUrl as urlText }

function redacted(lower: string, value: string): string {
  if (lower === 'cookie') return value.split(';').map(withoutValue).join(';')
  if (lower === 'set-cookie') {
    const [pair = '', ...attributes] = value.split(';')
    return [withoutValue(pair), ...attributes].join(';')
  }
  if (CREDENTIALS.has(lower))
    return value.replace(/^(\s*[A-Za-z][\w-]*) .*$|^.*$/s, (_all, scheme?: string) => (scheme === undefined ? '***' : `${scheme} ***`))
  if (SECRET.test(lower)) return '***'
  return URLS.has(lower) ? redactUrl(value) : value
}

/** What has no name may be a value. */
function withoutValue(pair: string): string {
  const at = pair.indexOf('=')
  if (at >= 0) return `${pair.slice(0, at)}=***`
  return pair.trim() === '' ? pair : pair.replace(pair.trim(), '***')
}

function escaped(character: string): string {
  const code = character.charCodeAt(0)
  return code <= 0xff ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`
}
