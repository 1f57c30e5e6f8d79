/** One HTTP/1.1 request out, one answer in, with its interim answers; redirects are not followed, bodies are decoded. */
import { type Agent, type IncomingMessage, request as openRequest } from 'node:http'
import { brotliDecompressSync, gunzipSync, inflateRawSync, inflateSync } from 'node:zlib'
import { Fields } from './fields.ts'

export interface Outgoing {
  readonly method: string
  readonly path: string
  /** Lines of one name are joined into one, as browsers and `fetch` do. */
  readonly lines: ReadonlyArray<readonly [name: string, value: string]>
  readonly body: string | null
  /**
   * Sent once more when a connection that was kept alive turns out to be closed: any server may close an idle one while a
   * request is on its way (RFC 9112 §9.3.1). If the origin saw it the first time, the second shows there as a repetition.
   */
  readonly mayResend: boolean
}

export interface InterimAnswer {
  readonly status: number
  readonly fields: Fields
}

export interface Answer {
  readonly status: number
  readonly reason: string
  readonly fields: Fields
  readonly interim: readonly InterimAnswer[]
  /** Rejects when the body breaks off. */
  text(): Promise<string>
}

const ALWAYS_SENT: ReadonlyArray<readonly [string, string]> = [
  ['accept', '*/*'],
  ['accept-language', '*'],
  ['sec-fetch-mode', 'cors'],
  ['user-agent', 'clearcoat-conformance'],
]

/** Resolves at the end of the final head. Rejects with `signal`'s reason, or with what the connection says. */
export function exchange(base: URL, outgoing: Outgoing, agent: Agent, signal: AbortSignal): Promise<Answer> {
  const { method, path, body } = outgoing
  return new Promise((resolve, reject) => {
    const interim: InterimAnswer[] = []
    const request = openRequest({
      agent,
      signal,
      method,
      path,
      host: base.hostname,
      port: base.port === '' ? 80 : Number(base.port),
      headers: headersFor(outgoing),
    })
    request.on('information', (info) => interim.push({ status: info.statusCode, fields: new Fields(info.rawHeaders) }))
    let answered = false
    request.on('error', (error: NodeJS.ErrnoException) => {
      const closedWhileIdle = request.reusedSocket && error.code === 'ECONNRESET' && interim.length === 0 && !answered
      if (signal.aborted) reject(signal.reason)
      else if (closedWhileIdle && outgoing.mayResend) resolve(exchange(base, { ...outgoing, mayResend: false }, agent, signal))
      else reject(error)
    })
    request.on('response', (response) => {
      answered = true
      // A broken body is reported where it is read; unread it is of no interest.
      response.on('error', () => {})
      const fields = new Fields(response.rawHeaders)
      resolve({
        status: response.statusCode ?? 0,
        reason: response.statusMessage ?? '',
        fields,
        interim,
        text: () => readText(response, fields, signal),
      })
    })
    request.end(body ?? undefined)
  })
}

function headersFor({ method, lines, body }: Outgoing): Record<string, string> {
  const joined = new Map<string, string>()
  for (const [name, value] of lines) {
    const key = name.toLowerCase()
    const earlier = joined.get(key)
    joined.set(key, earlier === undefined ? value : `${earlier}${key === 'cookie' ? '; ' : ', '}${value}`)
  }
  const absent = (name: string, value: string): void => {
    if (!joined.has(name)) joined.set(name, value)
  }
  for (const [name, value] of ALWAYS_SENT) absent(name, value)
  absent('accept-encoding', joined.has('range') ? 'identity' : 'gzip, deflate')
  if (body !== null) {
    absent('content-type', 'text/plain;charset=UTF-8')
    // Node frames no body of a DELETE by itself, and its bytes would then be read as the next request.
    joined.set('content-length', String(Buffer.byteLength(body)))
  } else if (method === 'POST' || method === 'PUT') joined.set('content-length', '0')
  return Object.fromEntries(joined)
}

async function readText(response: IncomingMessage, fields: Fields, signal: AbortSignal): Promise<string> {
  const chunks: Buffer[] = []
  try {
    for await (const chunk of response) chunks.push(chunk as Buffer)
  } catch (error) {
    throw signal.aborted ? signal.reason : error
  }
  return new TextDecoder().decode(decodeBody(Buffer.concat(chunks), fields))
}

/** Undoes the codings the client offered. A body with any other coding is left as it is. */
function decodeBody(bytes: Buffer, fields: Fields): Buffer {
  const codings = (fields.get('content-encoding') ?? '')
    .toLowerCase()
    .split(',')
    .map((coding) => coding.trim())
    .reverse()
  const decoders = codings.map((coding) => DECODERS[coding])
  if (bytes.length === 0) return bytes
  return decoders.every((decoder) => decoder !== undefined) ? decoders.reduce((body, decoder) => decoder?.(body) ?? body, bytes) : bytes
}

const DECODERS: Readonly<Record<string, (bytes: Buffer) => Buffer>> = {
  gzip: (bytes) => gunzipSync(bytes),
  'x-gzip': (bytes) => gunzipSync(bytes),
  br: (bytes) => brotliDecompressSync(bytes),
  // "deflate" is the zlib format, but raw deflate is what some send (RFC 9110 §8.4.1.2).
  deflate: (bytes) => (((bytes[0] ?? 0) & 0x0f) === 8 ? inflateSync(bytes) : inflateRawSync(bytes)),
}
