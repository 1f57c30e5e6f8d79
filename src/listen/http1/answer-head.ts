/** The head of an answer as it goes out: status line, the fields given, then framing and connection fields, which are ours alone. */
import type { ResponseHead } from '../../request/exchange.ts'
import { InvalidHead } from '../../wire/message-head.ts'

/** How the end of the answer's body is told: nothing follows, a length, chunks, or the end of the connection. */
export type AnswerFraming = 'none' | 'chunked' | 'close' | number

/** Where the Date of an answer comes from that has none of its own. */
export interface DateSource {
  dateLine(): string
}

const REASON = /^[\t\x20-\x7e\x80-\xff]*$/
const DATE = /(?:^|\n)date:/i

/** Throws `InvalidHead` for a status line that must not go out. `length` is announced even when no body follows (HEAD, 304). */
export function answerHead(
  head: ResponseHead,
  length: number | null,
  chunked: boolean,
  dates: DateSource,
  connectionLines: string,
): string {
  const { fieldLines } = head
  const framing = length !== null ? `Content-Length: ${length}\r\n` : chunked ? 'Transfer-Encoding: chunked\r\n' : ''
  return `${statusLine(head.status, head.reason, 200)}${fieldLines}${head.dated || hasDate(fieldLines) ? '' : dates.dateLine()}${framing}${connectionLines}`
}

/** Status line of an answer whose status is at least `lowest`. */
export function statusLine(status: number, reason: string, lowest: 100 | 200): string {
  if (status === 200 && reason === 'OK') return 'HTTP/1.1 200 OK\r\n'
  if (!Number.isInteger(status) || status < lowest || status > 999) throw new InvalidHead(`status ${status} cannot be sent here`)
  if (!REASON.test(reason)) throw new InvalidHead('the reason phrase holds a control character')
  return `HTTP/1.1 ${status} ${reason}\r\n`
}

function hasDate(fieldLines: string): boolean {
  return fieldLines.startsWith('Date: ') || fieldLines.includes('\nDate: ') || DATE.test(fieldLines)
}

/** Whether an answer has no body whatever its fields say (RFC 9112 §6.3). */
export function isBodiless(method: string, status: number): boolean {
  return method === 'HEAD' || status === 204 || status === 304
}
