/**
 * The fields of a stored answer, kept as text: what hits send, and beside it what they leave out. Whoever asks for single fields gets them
 * read anew. The heads that were read last stay read, so that policies that look at popular ones do not pay each time.
 */
import { HeaderMap } from '../../vcl-ts/headers.ts'
import { lowerName } from '../wire/fields.ts'

/** Fields that were read, until as many other heads have been. */
export interface ReadFields {
  headers: HeaderMap | null
}

/** The fields of an object beside those that hits send, as they are kept. */
export class KeptFields {
  readonly leftOut: string
  /** Whether Date is among all of them. */
  readonly dated: boolean

  constructor(leftOut: string, dated: boolean) {
    this.leftOut = leftOut
    this.dated = dated
  }
}

/** Heads that stay read. */
const RECENT = 1024
/** Characters of a head that stays read. */
const LONGEST = 4096

const recent: (ReadFields | undefined)[] = []
let oldest = 0

const LENGTH = 'content-length'
/** Stands for the length of the body, so that the texts of most objects are alike. */
const BODY_LENGTH = '*'

/**
 * The lines of `headers` that `sent` lacks, each behind its place among all; `null` when `sent` is not made of lines of `headers` in their
 * order, so that they cannot be told from these two texts. `length` is that of the body.
 */
export function leftOut(headers: HeaderMap, sent: string, length: number | null): string | null {
  const same = `${length}`
  let lines = ''
  let at = 0
  for (let i = 0; i < headers.size; i++) {
    const [name, value] = [headers.nameAt(i), headers.valueAt(i)]
    const line = `${name}: ${value}\r\n`
    if (sent.startsWith(line, at)) at += line.length
    else if (headers.lowerAt(i) !== LENGTH) lines += `${i} ${line}`
    else if (value === BODY_LENGTH) return null
    else lines += `${i} ${name}: ${value === same ? BODY_LENGTH : value}\r\n`
  }
  return at === sent.length ? lines : null
}

/** All fields, in their order. */
export function readFields(sent: string, left: string, length: number | null): HeaderMap {
  const headers = new HeaderMap()
  let at = 0
  for (let from = 0; from < left.length; ) {
    const place = left.indexOf(' ', from)
    const index = Number(left.slice(from, place))
    while (headers.size < index) at = readLine(headers, sent, at, null)
    from = readLine(headers, left, place + 1, length)
  }
  while (at < sent.length) at = readLine(headers, sent, at, null)
  return headers
}

/** Holds on to fields that were just read, in the place of those that were read longest ago; `null` for a head that is too long for that. */
export function stayRead(headers: HeaderMap, sent: string): ReadFields | null {
  if (sent.length > LONGEST) return null
  const before = recent[oldest]
  if (before !== undefined) before.headers = null
  const read: ReadFields = { headers }
  recent[oldest] = read
  oldest = (oldest + 1) % RECENT
  return read
}

/** Answers where the next line begins. A name holds no colon and a value no line break. */
function readLine(headers: HeaderMap, text: string, at: number, length: number | null): number {
  const colon = text.indexOf(':', at)
  const end = text.indexOf('\r\n', colon)
  const name = text.slice(at, colon)
  const lower = lowerName(name)
  const value = text.slice(colon + 2, end)
  headers.appendRaw(name, lower, length !== null && value === BODY_LENGTH && lower === LENGTH ? `${length}` : value)
  return end + 2
}
