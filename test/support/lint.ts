/**
 * What an origin may be sent, checked independently of our own parsers and more strictly than any server would: one Host, one framing,
 * CRLF only, no folding, no control bytes, no hop-by-hop fields, chunks without extensions or trailers. Text is latin-1.
 */

export interface LintedRequest {
  readonly method: string
  readonly target: string
  readonly fields: readonly (readonly [name: string, value: string])[]
  readonly body: string
}

export type Linted =
  /** Nothing is wrong so far, and more has to come. */
  | { readonly type: 'more' }
  | { readonly type: 'violation'; readonly detail: string }
  /** `end`: position behind the request. */
  | { readonly type: 'request'; readonly request: LintedRequest; readonly end: number }

export interface LintOptions {
  /** Fields of one connection are allowed: the head is a client's, not ours. */
  readonly hopByHop?: boolean
}

const TCHAR = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]"
const REQUEST_LINE = new RegExp(`^(${TCHAR}+) (/[\\x21\\x22\\x24-\\x7e]*|\\*) HTTP/1\\.1$`)
const CLIENT_LINE = new RegExp(`^(${TCHAR}+) ([\\x21\\x22\\x24-\\x7e]+) HTTP/1\\.[01]$`)
const FIELD = new RegExp(
  `^(${TCHAR}+):[ \\t]*((?:[\\x21-\\x7e\\x80-\\xff](?:[\\t\\x20-\\x7e\\x80-\\xff]*[\\x21-\\x7e\\x80-\\xff])?)?)[ \\t]*$`,
)
const HOST = /^(?:[A-Za-z0-9_~-]+(?:\.[A-Za-z0-9_~-]+)*\.?|\[[0-9A-Fa-f:.]+\])(?::[0-9]{0,5})?$/
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authentication-info',
  'proxy-authorization',
  'te',
  'trailer',
  'upgrade',
  'http2-settings',
])

const MORE: Linted = { type: 'more' }
const violation = (detail: string): Linted => ({ type: 'violation', detail })

/** The request that begins at `start`. */
export function lintRequest(bytes: string, start: number = 0, options: LintOptions = {}): Linted {
  const headEnd = bytes.indexOf('\r\n\r\n', start)
  if (headEnd < 0) {
    const soFar = bytes.slice(start)
    return /[^\r]\n|^\n|\r(?!\n|$)|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]/.test(soFar)
      ? violation(`bytes ${JSON.stringify(soFar.slice(0, 200))}`)
      : MORE
  }
  const head = bytes.slice(start, headEnd)
  if (head.replaceAll('\r\n', '').search(/[\x00-\x08\x0a-\x1f\x7f]/) >= 0) return violation(`a control byte in ${JSON.stringify(head)}`)
  const [line = '', ...rest] = head.split('\r\n')
  const match = (options.hopByHop === true ? CLIENT_LINE : REQUEST_LINE).exec(line)
  if (match === null) return violation(`request line ${JSON.stringify(line)}`)
  const fields: [string, string][] = []
  for (const text of rest) {
    const field = FIELD.exec(text)
    if (field === null) return violation(`field line ${JSON.stringify(text)}`)
    fields.push([field[1] ?? '', field[2] ?? ''])
  }
  const fault = fieldFault(fields, options.hopByHop === true)
  if (fault !== null) return violation(`${fault} in ${JSON.stringify(head)}`)
  return withBody(bytes, headEnd + 4, match[1] ?? '', match[2] ?? '', fields)
}

/** Every request of a transcript, the last of which may be cut off when `open`. Throws at the first violation. */
export function lintTranscript(bytes: string, open: boolean = false): LintedRequest[] {
  const requests: LintedRequest[] = []
  for (let at = 0; at < bytes.length; ) {
    const linted = lintRequest(bytes, at)
    if (linted.type === 'violation') throw new Error(linted.detail)
    if (linted.type === 'more') {
      if (open) return requests
      throw new Error(`half a request: ${JSON.stringify(bytes.slice(at, at + 200))}`)
    }
    requests.push(linted.request)
    at = linted.end
  }
  return requests
}

function fieldFault(fields: readonly (readonly [string, string])[], hopByHop: boolean): string | null {
  const count = (name: string): number => fields.filter(([key]) => key.toLowerCase() === name).length
  const hosts = fields.filter(([key]) => key.toLowerCase() === 'host')
  if (!hopByHop && hosts.length !== 1) return `${hosts.length} Host fields`
  if (hosts.length > 1 || hosts.some(([, value]) => !HOST.test(value))) return 'a Host that is none'
  if (count('content-length') + count('transfer-encoding') > 1) return 'two framings'
  for (const [key, value] of fields) {
    const name = key.toLowerCase()
    if (name === 'content-length' && !/^[0-9]+$/.test(value)) return 'a length that is none'
    if (name === 'transfer-encoding' && value.toLowerCase() !== 'chunked') return 'a coding other than chunked'
    if (name.replaceAll('_', '-') !== name && ['content-length', 'transfer-encoding'].includes(name.replaceAll('_', '-')))
      return 'framing in disguise'
    if (hopByHop || !HOP_BY_HOP.has(name)) continue
    const upgrades = count('upgrade') === 1 && count('connection') === 1
    if (!upgrades || !(name === 'upgrade' || (name === 'connection' && value === 'Upgrade'))) return `the hop-by-hop field ${key}`
  }
  return null
}

function withBody(bytes: string, start: number, method: string, target: string, fields: readonly (readonly [string, string])[]): Linted {
  const value = (name: string): string | undefined => fields.find(([key]) => key.toLowerCase() === name)?.[1]
  const length = value('content-length')
  const request = (body: string, end: number): Linted => ({ type: 'request', request: { method, target, fields, body }, end })
  if (value('transfer-encoding') === undefined) {
    const end = start + Number(length ?? 0)
    return bytes.length < end ? MORE : request(bytes.slice(start, end), end)
  }
  let body = ''
  for (let at = start; ; ) {
    const lineEnd = bytes.indexOf('\r\n', at)
    const line = lineEnd < 0 ? bytes.slice(at, at + 20) : bytes.slice(at, lineEnd)
    if (!/^[0-9a-f]*\r?$/.test(line)) return violation(`chunk size ${JSON.stringify(line)}`)
    if (lineEnd < 0) return MORE
    if (!/^(?:0|[1-9a-f][0-9a-f]*)$/.test(line)) return violation(`chunk size ${JSON.stringify(line)}`)
    const size = Number.parseInt(line, 16)
    const end = lineEnd + 2 + size
    if (bytes.length < end + 2) return MORE
    if (bytes.slice(end, end + 2) !== '\r\n') return violation('a chunk that does not end where it should')
    if (size === 0) return request(body, end + 2)
    body += bytes.slice(lineEnd + 2, end)
    at = end + 2
  }
}
