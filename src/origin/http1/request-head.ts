/**
 * The head of a request as it goes out. The last line of defence: what is not a valid request with one Host and one framing is not sent,
 * whoever built it.
 */
import { NameSet } from '../../../vcl-ts/headers.ts'
import { CONNECTION_FIELDS, checkFieldLines, InvalidHead } from '../../wire/message-head.ts'
import type { OriginRequest } from '../exchange.ts'

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
/** 0x21–0x7E but `#`: DECISIONS, characters in the target. */
const TARGET = /^[!"$-~]+$/
const PROTOCOL = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+(?:\/[!#$%&'*+\-.^_`|~0-9A-Za-z]+)?$/

const CLOSE = 'Connection: close\r\n'

/** Those that are looked for among the lines. */
const CHECKED = new NameSet(['host', ...CONNECTION_FIELDS.names])

/** The whole head with its framing, latin-1, empty line included. `last`: the connection ends with it. Throws `InvalidHead`. */
export function requestHead(request: OriginRequest, last: boolean = false): string {
  const { method, target, fieldLines } = request
  if (!TOKEN.test(method)) throw new InvalidHead(`method ${JSON.stringify(method.slice(0, 40))} is not a token`)
  if (!TARGET.test(target) || !(target.charCodeAt(0) === 47 || target === '*'))
    throw new InvalidHead(`target ${JSON.stringify(target.slice(0, 100))} is not in origin form`)
  checkNames(checkFieldLines(fieldLines))
  return `${method} ${target} HTTP/1.1\r\n${fieldLines}${framingLines(request)}${last && request.upgrade === null ? CLOSE : ''}\r\n`
}

function framingLines(request: OriginRequest): string {
  let lines = ''
  if (request.body === null) {
    if (request.announceEmpty) lines = 'Content-Length: 0\r\n'
  } else if (request.body.length === null) lines = 'Transfer-Encoding: chunked\r\n'
  else lines = `Content-Length: ${request.body.length}\r\n`
  if (request.upgrade === null) return lines
  if (!PROTOCOL.test(request.upgrade)) throw new InvalidHead('the upgrade protocol is not a token')
  return `${lines}Connection: Upgrade\r\nUpgrade: ${request.upgrade}\r\n`
}

/** Exactly one Host (RFC 9112 §3.2), and none of the fields that the connection writes itself. */
function checkNames(lines: string): void {
  let hosts = 0
  for (let at = 0; at < lines.length; at = lines.indexOf('\n', at) + 1) {
    const end = lines.indexOf(':', at)
    // Most lines need no string of their own.
    if (!CHECKED.mayHave(lines.charCodeAt(at), end - at)) continue
    const name = lines.slice(at, end).toLowerCase()
    if (name === 'host') hosts++
    else if (CONNECTION_FIELDS.has(name)) throw new InvalidHead(`${name} is the connection's own field`)
  }
  if (hosts !== 1) throw new InvalidHead(`${hosts} Host lines`)
}
