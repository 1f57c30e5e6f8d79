/** The head of an answer as it goes out: status line, the fields given, then framing and connection fields, which are ours alone. */
import type { ResponseHead } from '../../request/exchange.ts'
import { InvalidHead } from '../../wire/message-head.ts'
import { RepeatedText } from '../../wire/repeated-text.ts'
import { reasonPhrase } from '../../wire/status.ts'

/** How the end of the answer's body is told: nothing follows, a length, chunks, or the end of the connection. */
export type AnswerFraming = 'none' | 'chunked' | 'close' | number

/** Where the Date of an answer comes from that has none of its own. */
export interface DateSource {
  dateLine(): string
}

const REASON = /^[\t\x20-\x7e\x80-\xff]*$/
const DATE = /(?:^|\n)date:/i

/** Throws `InvalidHead` for a status line that must not go out. `ending` is framing, connection fields and the empty line. */
export function answerHead(head: ResponseHead, dates: DateSource, ending: string): string {
  const { fieldLines } = head
  const line = statusLine(head.status, head.reason, 200)
  return head.dated || hasDate(fieldLines) ? line + fieldLines + ending : line + fieldLines + dates.dateLine() + ending
}

/** How a head ends. `length` is announced even when no body follows (HEAD, 304). */
export function headEnding(length: number | null, chunked: boolean, connectionLines: string): string {
  if (length !== null) return lengthEndings.of(length, 0, connectionLines)
  return chunked ? `Transfer-Encoding: chunked\r\n${connectionLines}` : connectionLines
}

const lengthEndings = new RepeatedText((length, _, connectionLines) => `Content-Length: ${length}\r\n${connectionLines}`)

/** Status line of an answer whose status is at least `lowest`. */
export function statusLine(status: number, reason: string, lowest: 100 | 200): string {
  if (status >= lowest && status <= 599 && reason !== '' && reason === reasonPhrase(status))
    return (USUAL_LINES[status] ??= `HTTP/1.1 ${status} ${reason}\r\n`)
  if (!Number.isInteger(status) || status < lowest || status > 999) throw new InvalidHead(`status ${status} cannot be sent here`)
  if (!REASON.test(reason)) throw new InvalidHead('the reason phrase holds a control character')
  return `HTTP/1.1 ${status} ${reason}\r\n`
}

/** Status lines with the registered phrase, by status. */
const USUAL_LINES: (string | undefined)[] = new Array<string | undefined>(600).fill(undefined)

function hasDate(fieldLines: string): boolean {
  return fieldLines.startsWith('Date: ') || fieldLines.includes('\nDate: ') || DATE.test(fieldLines)
}

/** Whether an answer has no body whatever its fields say (RFC 9112 §6.3). */
export function isBodiless(method: string, status: number): boolean {
  return method === 'HEAD' || status === 204 || status === 304
}
