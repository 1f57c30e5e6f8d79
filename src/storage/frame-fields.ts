/** The fields of an answer in a frame: read as strictly as those of a message, and nothing that a stored answer may not say. */
import { HeaderMap } from '../../vcl-ts/headers.ts'
import { lowerName } from '../wire/fields.ts'
import { HOP_BY_HOP } from '../wire/hop-by-hop.ts'
import { isToken } from '../wire/list.ts'
import { CONNECTION_FIELDS } from '../wire/message-head.ts'
import { Doubt, type FrameReader, type FrameWriter } from './frame-bytes.ts'

const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/
const DIGITS = /^[0-9]{1,15}$/
/** Of all fields. */
const MOST_FIELDS = 2048
const MOST_CHARACTERS = 512 * 1024

/** Those of one connection, and what is somebody's own. `Content-Length` is kept as it was received; it frames nothing. */
const NEVER: ReadonlySet<string> = new Set(
  [...CONNECTION_FIELDS.names, ...HOP_BY_HOP, 'set-cookie', 'set-cookie2'].filter((name) => name !== 'content-length'),
)

/** Those that a hit makes anew. */
const DERIVED: ReadonlySet<string> = new Set(['content-length', 'age'])

/** What an answer said, and which of it a hit sends. */
export interface FrameFields {
  readonly headers: HeaderMap
  readonly fieldLines: string
}

export function writeFields(writer: FrameWriter, { headers, fieldLines }: FrameFields): void {
  let lines = ''
  const sent = Buffer.alloc(headers.size)
  let at = 0
  for (let i = 0; i < headers.size; i++) {
    const line = `${headers.nameAt(i)}: ${headers.valueAt(i)}\r\n`
    lines += line
    if (!fieldLines.startsWith(line, at)) continue
    sent[i] = 1
    at += line.length
  }
  // Where what is sent is not made of lines of all fields, it is told itself.
  const apart = at < fieldLines.length
  if (apart) sent.fill(0)
  writer.text(lines)
  writer.short(sent.length)
  writer.raw(sent)
  writer.text(apart ? fieldLines : '')
}

/** Throws `Doubt`. */
export function readFields(reader: FrameReader): FrameFields {
  const lines = reader.text(MOST_CHARACTERS)
  const headers = fieldsOf(lines)
  const count = reader.short()
  if (count !== headers.size) throw new Doubt('fields are missing')
  const sent = reader.raw(count)
  const apart = reader.text(MOST_CHARACTERS)
  let fieldLines = apart
  for (let i = 0; i < count; i++) {
    if (sent[i] === 0) continue
    if (sent[i] !== 1 || apart !== '' || DERIVED.has(headers.lowerAt(i))) throw new Doubt('a field cannot be sent')
    fieldLines += `${headers.nameAt(i)}: ${headers.valueAt(i)}\r\n`
  }
  const others = fieldsOf(apart)
  for (const name of DERIVED) if (others.hasLower(name)) throw new Doubt('a field cannot be sent')
  return { headers, fieldLines }
}

function fieldsOf(lines: string): HeaderMap {
  const headers = new HeaderMap()
  for (let at = 0; at < lines.length; ) {
    const end = lines.indexOf('\r\n', at)
    const colon = lines.indexOf(': ', at)
    if (end < 0 || colon < 0 || colon > end || headers.size === MOST_FIELDS) throw new Doubt('a field line is not valid')
    const name = lines.slice(at, colon)
    const value = lines.slice(colon + 2, end)
    if (!isToken(name) || !VALUE.test(value)) throw new Doubt('a field is not valid')
    const lower = lowerName(name)
    if (NEVER.has(lower) || (lower === 'content-length' && !DIGITS.test(value))) throw new Doubt('a field is not one of a stored answer')
    headers.appendRaw(name, lower, value)
    at = end + 2
  }
  return headers
}
