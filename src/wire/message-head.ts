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

/**
 * Field lines in final form, each ended by CRLF; connection and framing fields left out. Lines that are as they were read go out as they came:
 * whoever read them (`fields.ts`) let in nothing else. Throws `InvalidHead`.
 */
export function serializeFields(headers: HeaderMap): string {
  let lines = ''
  /** Lines that were made here, and how many. */
  let made = ''
  let count = 0
  /** Where what was read and is to be written next begins and ends. */
  let from = 0
  let to = 0
  for (let i = 0; i < headers.size; i++) {
    if (CONNECTION_FIELDS.has(headers.lowerAt(i))) continue
    const start = headers.lineStart(i)
    if (start < 0) {
      if (to > from) lines += headers.cut(from, to)
      from = to
      made += `${headers.nameAt(i)}: ${headers.valueAt(i)}\r\n`
      count++
      continue
    }
    if (count > 0) lines += checkMade(made, count)
    made = ''
    count = 0
    if (start !== to) {
      if (to > from) lines += headers.cut(from, to)
      from = start
    }
    to = headers.lineEnd(i)
  }
  if (count > 0) lines += checkMade(made, count)
  else if (to > from) lines += headers.cut(from, to)
  valid = lines
  return lines
}

/** The lines made last, and how many: what we add is the same for one message after the other. */
let lately = ''
let latelyCount = 0

/** A value that brings lines of its own, each valid, would pass as a whole. */
function checkMade(lines: string, count: number): string {
  if (lines === lately && count === latelyCount) return lines
  if (lineBreaks(lines) !== count) throw new InvalidHead('a header line holds a line break')
  lately = checkFieldLines(lines)
  latelyCount = count
  return lately
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
