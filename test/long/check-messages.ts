/** What must hold of every message, good or bad: one verdict however it is cut, and what is accepted is canonical when it goes out. */
import { CHUNK_END, ChunkedDecoder, chunkHead, LAST_CHUNK } from '../../src/body/chunked.ts'
import { answerHead } from '../../src/listen/http1/answer-head.ts'
import { MORE, RequestParser } from '../../src/listen/http1/parser.ts'
import { requestHead } from '../../src/origin/http1/request-head.ts'
import { ResponseParser } from '../../src/origin/http1/response-parser.ts'
import { stripHopByHop } from '../../src/wire/hop-by-hop.ts'
import { normaliseHost } from '../../src/wire/host.ts'
import { serializeFields } from '../../src/wire/message-head.ts'
import type { HeaderMap } from '../../vcl-ts/headers.ts'
import { lintRequest } from '../support/lint.ts'
import { parseResponses } from '../support/raw-client.ts'
import type { Random } from './random.ts'

const LIMITS = { head: 2048, line: 512, fields: 20 }
const ANSWER_LIMITS = { head: 2048, line: 2048, fields: 20 }
const parser = new RequestParser(LIMITS)
const second = new RequestParser(LIMITS)

export function same(actual: unknown, wanted: unknown, what: string): void {
  const [a, b] = [JSON.stringify(actual), JSON.stringify(wanted)]
  if (a !== b) throw new Error(`${what}: ${a} instead of ${b}`)
}

/** Answers whether the message was accepted. */
export function checkRequest(text: string, random: Random): boolean {
  const bytes = Buffer.from(text, 'latin1')
  const whole = requestVerdict(parser, bytes, [bytes.length])
  same(requestVerdict(second, bytes, [...random.cuts(bytes.length, 4), bytes.length]), whole, 'cut in pieces')
  if (random.once(16))
    same(
      requestVerdict(
        second,
        bytes,
        Array.from(bytes, (_, at) => at + 1),
      ),
      whole,
      'byte by byte',
    )
  const { head, framing } = parser
  if (whole.after === MORE || head === null) return false
  const framings = text.slice(0, whole.after).match(/\r\n(?:content-length|transfer-encoding):/gi)
  if (framings !== null && framings.length > 1) throw new Error('two framings were accepted')
  const taken = text.slice(text.startsWith('\r\n') ? 2 : 0, whole.after)
  const linted = lintRequest(taken.replace(/(?<=\r\n)(?:content-length|transfer-encoding|expect):[^\r]*\r\n/gi, ''), 0, { hopByHop: true })
  if (linted.type !== 'request') throw new Error(`accepted what is not valid: ${JSON.stringify(linted)}`)
  checkForwarded(head.method, head.target, head.host, head.headers, framing)
  return true
}

function requestVerdict(
  from: RequestParser,
  bytes: Buffer,
  ends: readonly number[],
): { after: number; refusal: string | null; head: unknown } {
  from.begin(0)
  let after = MORE
  for (const end of ends) {
    after = from.parse(bytes, end)
    if (after !== MORE || from.refusal !== null) break
  }
  const { head, framing, keepAlive, expectContinue, refusal } = from
  if (after === MORE || head === null) return { after: MORE, refusal, head: null }
  if (after > bytes.length) throw new Error('passed the end of what it was given')
  const { method, target, host, version, headers } = head
  return { after, refusal, head: { method, target, host, version, fields: [...headers], framing, keepAlive, expectContinue } }
}

/** As it goes to the origin it passes the strict validator, and it is what the parser makes of it again. */
function checkForwarded(
  method: string,
  target: string,
  host: string | null,
  received: HeaderMap,
  framing: 'none' | 'chunked' | number,
): void {
  const headers = received.clone()
  stripHopByHop(headers, 'request')
  headers.set('Host', normaliseHost(host ?? 'h', 'http') || 'h')
  const length = framing === 'chunked' ? null : framing === 'none' ? 0 : framing
  const body = framing === 'none' || framing === 0 ? null : { length, read: () => ({ resume() {}, cancel() {} }) }
  const deadlines = { connect: 1, firstByte: 1, betweenBytes: 1 }
  const fieldLines = serializeFields(headers)
  const sent = requestHead({
    method,
    target,
    fieldLines,
    body,
    announceEmpty: false,
    upgrade: null,
    deadlines,
    client: null,
    replayable: false,
  })
  const content = framing === 'chunked' ? LAST_CHUNK : typeof framing === 'number' && framing < 1000 ? 'b'.repeat(framing) : ''
  const linted = lintRequest(sent + content)
  if (linted.type === 'violation' || (linted.type === 'more' && !(typeof framing === 'number' && framing >= 1000)))
    throw new Error(`sent what is not valid: ${JSON.stringify(linted)} for ${JSON.stringify(sent)}`)
  const bytes = Buffer.from(sent, 'latin1')
  const roomy = new RequestParser({ head: 1 << 16, line: 1 << 16, fields: 100 })
  roomy.begin(0)
  if (roomy.parse(bytes, bytes.length) !== bytes.length || roomy.head === null)
    throw new Error(`refuses what it sent (${roomy.refusal}): ${JSON.stringify(sent)}`)
  const again = roomy.head.headers
  same(
    [roomy.head.method, roomy.head.target, roomy.framing === 0 ? 'none' : roomy.framing],
    [method, target, framing === 0 ? 'none' : framing],
    'read again',
  )
  same(serializeFields(again), fieldLines, 'serialized again')
}

/** Answers whether the message was accepted. */
export function checkAnswer(text: string, random: Random): boolean {
  const bytes = Buffer.from(text, 'latin1')
  const toHead = random.once(8)
  const whole = answerVerdict(bytes, [bytes.length], toHead)
  const pieces = answerVerdict(bytes, [...random.cuts(bytes.length, 4), bytes.length], toHead)
  same(pieces.verdict, whole.verdict, 'cut in pieces')
  if (random.once(16))
    same(
      answerVerdict(
        bytes,
        Array.from(bytes, (_, at) => at + 1),
        toHead,
      ).verdict,
      whole.verdict,
      'byte by byte',
    )
  if (whole.headers === null) return false
  const { status, reason } = whole
  stripHopByHop(whole.headers, 'response')
  if (status < 200) return true
  const lines = serializeFields(whole.headers)
  const sent = answerHead(
    { status, reason, fieldLines: lines, contentLength: null, dated: false, close: true },
    { dateLine: () => 'Date: x\r\n' },
    'Content-Length: 0\r\nConnection: close\r\n\r\n',
  )
  const [read, ...more] = parseResponses(Buffer.from(sent, 'latin1'))
  same([read?.status, read?.reason, read?.body.length, more.length], [status, reason, 0, 0], 'as a client reads it')
  const again = answerVerdict(Buffer.from(`HTTP/1.1 ${status} ${reason}\r\n${lines}\r\n`, 'latin1'), [], toHead)
  if (again.headers === null) throw new Error('refuses what it sent')
  same(serializeFields(again.headers), lines, 'serialized again')
  return true
}

function answerVerdict(
  bytes: Buffer,
  cuts: readonly number[],
  toHead: boolean,
): { verdict: unknown; status: number; reason: string; headers: HeaderMap | null } {
  const from = new ResponseParser(ANSWER_LIMITS, 'fail')
  let start = 0
  for (const end of cuts.length === 0 ? [bytes.length] : cuts) {
    // As from a socket: the bytes of one read do not outlive it.
    const read = Buffer.from(bytes.subarray(start, end))
    const behind = from.push(read, 0, read.length)
    const head = behind < 0 ? null : from.head(read, 0, toHead)
    if (from.fault !== null) return { verdict: from.fault, status: 0, reason: '', headers: null }
    if (head !== null) {
      const { response, keepAlive, idleSeconds } = head
      const { status, reason, version, headers, framing, contentLength } = response
      return {
        verdict: [start + behind, status, reason, version, [...headers], framing, contentLength, keepAlive, idleSeconds],
        status,
        reason,
        headers,
      }
    }
    start = end
  }
  return { verdict: 'more', status: 0, reason: '', headers: null }
}

/** Answers whether the body was accepted. */
export function checkChunked(text: string, random: Random): boolean {
  const bytes = Buffer.from(text, 'latin1')
  const whole = decode(bytes, [bytes.length])
  same(decode(bytes, [...random.cuts(bytes.length, 6), bytes.length]), whole, 'cut in pieces')
  if (random.once(16))
    same(
      decode(
        bytes,
        Array.from(bytes, (_, at) => at + 1),
      ),
      whole,
      'byte by byte',
    )
  const independent = readChunks(text)
  if (whole.done) same([whole.data, whole.at], independent, 'beside an independent decoder')
  else if (independent !== null && whole.fault === null) throw new Error('a whole body is not taken for one')
  if (!whole.done) return false
  const data = Buffer.from(whole.data, 'latin1')
  const coded = data.length === 0 ? LAST_CHUNK : `${chunkHead(data.length)}${whole.data}${CHUNK_END}${LAST_CHUNK}`
  const linted = lintRequest(`POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n${coded}`)
  if (linted.type !== 'request' || linted.request.body !== whole.data) throw new Error('an independent decoder reads it otherwise')
  const again = decode(Buffer.from(coded, 'latin1'), [coded.length])
  same([again.data, again.at], [whole.data, coded.length], 'decoded again')
  return true
}

/** Data and end of a chunked body (RFC 9112 §7.1) by its grammar, or `null`. */
function readChunks(text: string): [data: string, end: number] | null {
  const token = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]+"
  const quoted = '"(?:[^"\\\\\\x00-\\x08\\x0a-\\x1f\\x7f]|\\\\[^\\x00-\\x08\\x0a-\\x1f\\x7f])*"'
  const head = new RegExp(`([0-9A-Fa-f]+)(?:;${token}(?:=(?:${token}|${quoted}))?)*\\r\\n`, 'y')
  const trailers = new RegExp(`(?:${token}:[^\\x00-\\x08\\x0a-\\x1f\\x7f]*\\r\\n)*\\r\\n`, 'y')
  let data = ''
  for (let at = 0; ; ) {
    head.lastIndex = at
    const match = head.exec(text)
    if (match === null) return null
    const size = Number.parseInt(match[1] ?? '', 16)
    if (size === 0) {
      trailers.lastIndex = head.lastIndex
      return trailers.test(text) ? [data, trailers.lastIndex] : null
    }
    const end = head.lastIndex + size
    if (!text.startsWith('\r\n', end)) return null
    data += text.slice(head.lastIndex, end)
    at = end + 2
  }
}

function decode(bytes: Buffer, ends: readonly number[]): { data: string; at: number; done: boolean; fault: string | null } {
  const decoder = new ChunkedDecoder()
  let data = ''
  let at = 0
  for (const end of ends) {
    at = decoder.push(bytes.subarray(0, end), at, (view) => {
      data += view.toString('latin1')
      return true
    })
    if (decoder.done || decoder.fault !== null) break
    if (at !== end) throw new Error('stopped in the middle')
  }
  return { data, at, done: decoder.done, fault: decoder.fault }
}
