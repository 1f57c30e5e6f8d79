/**
 * The one strict serializer of message heads. What it lets out has valid names and values, CRLF only, and no framing or
 * connection fields: those are derived from the body by whoever owns the connection.
 */
import { type HeaderMap, NameSet } from '../../vcl-ts/headers.ts'

/** Fields that belong to the connection or to message framing; a protocol implementation writes them itself. */
export const CONNECTION_FIELDS: NameSet = new NameSet([
  'connection',
  'content-length',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
])

const FIELD_LINES = /^(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+: [\t\x20-\x7e\x80-\xff]*\r\n)*$/

/** A head that would not be valid on the wire. Whoever caused it (a policy, a stored object) must not get it sent. */
export class InvalidHead extends Error {
  constructor(detail: string) {
    super(detail)
    this.name = 'InvalidHead'
  }
}

/** Field lines in final form, each ended by CRLF; connection and framing fields left out. Throws `InvalidHead`. */
export function serializeFields(headers: HeaderMap): string {
  let lines = ''
  let count = 0
  for (let i = 0; i < headers.size; i++) {
    const lower = headers.lowerAt(i)
    if (CONNECTION_FIELDS.has(lower)) continue
    lines += `${headers.nameAt(i)}: ${headers.valueAt(i)}\r\n`
    count++
  }
  // A value that brings lines of its own, each valid, would pass as a whole.
  if (lineBreaks(lines) !== count) throw new InvalidHead('a header line holds a line break')
  return checkFieldLines(lines)
}

function lineBreaks(lines: string): number {
  let count = 0
  for (let at = lines.indexOf('\n'); at >= 0; at = lines.indexOf('\n', at + 1)) count++
  return count
}

/** What was found valid last: a head is checked where it is made, and again where it leaves. */
let valid = ''

/** Answers `lines` if every one is a valid field line, else throws `InvalidHead`. */
export function checkFieldLines(lines: string): string {
  if (lines === valid) return lines
  if (FIELD_LINES.test(lines)) {
    valid = lines
    return lines
  }
  for (const line of lines.split('\r\n').slice(0, -1))
    if (!FIELD_LINES.test(`${line}\r\n`))
      throw new InvalidHead(`header line ${JSON.stringify(line.slice(0, 100))} is not valid in HTTP/1.1`)
  throw new InvalidHead('header lines are not ended by CRLF')
}
