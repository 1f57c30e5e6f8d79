/**
 * The scripted origin. `PUT /config/ID` stores the steps of one test, `/test/ID` answers as the step numbered in `Req-Num` says,
 * `GET /state/ID` tells what reached the origin. It listens on 127.0.0.1 only.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { resolveValue } from './magic-values.ts'
import type { ResponseLine, Step } from './suite.ts'

/** One request as the origin saw it, with the lines of its answer that the client must find unchanged. */
export interface SeenRequest {
  /** The client's `Req-Num`; null when it did not arrive. */
  readonly request_num: number | null
  readonly request_method: string
  readonly request_headers: Readonly<Record<string, string | string[]>>
  readonly response_headers: ReadonlyArray<readonly [name: string, value: string | string[]]>
}

export interface Origin {
  readonly port: number
  close(): Promise<void>
}

export interface OriginOptions {
  /** 0: any free port. */
  readonly port?: number
  readonly trace?: (line: string) => void
}

interface Script {
  readonly steps: readonly Step[]
  readonly seen: SeenRequest[]
  /** Lines with dates worked out, per step index. A step asked for again repeats the dates of the first time. */
  readonly lines: Map<number, readonly ResponseLine[]>
}

const BODILESS: ReadonlySet<number> = new Set([204, 304])

/** Rejects when the port is taken. */
export async function startOrigin(options: OriginOptions = {}): Promise<Origin> {
  const scripts = new Map<string, Script>()
  const trace = options.trace ?? (() => {})
  const server = createServer((request, response) => {
    const [, place, id = ''] = new URL(request.url ?? '/', 'http://origin').pathname.split('/')
    const script = scripts.get(id)
    if (place === 'config') receiveScript(scripts, id, request, response)
    else if (place === 'state' && script !== undefined) response.setHeader('Content-Type', 'text/plain').end(JSON.stringify(script.seen))
    else if (place === 'test' && script !== undefined) answerStep(script, id, request, response, trace)
    else refuse(response, place === 'test' ? 409 : 404, `nothing known of ${request.url}`)
  })
  // The suite counts on a body delimited by the end of its connection to end, through this time-out, before the client's 10 s are over.
  server.keepAliveTimeout = 5000
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port ?? 0, '127.0.0.1', resolve)
  })
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function receiveScript(scripts: Map<string, Script>, id: string, request: IncomingMessage, response: ServerResponse): void {
  if (request.method !== 'PUT') {
    refuse(response, 405, `${request.method} of a configuration`)
    return
  }
  if (scripts.has(id)) {
    refuse(response, 409, `${id} is configured already`)
    return
  }
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    try {
      scripts.set(id, { steps: JSON.parse(Buffer.concat(chunks).toString()) as Step[], seen: [], lines: new Map() })
    } catch {
      refuse(response, 400, 'not JSON')
      return
    }
    response.statusCode = 201
    response.end('OK')
  })
}

function answerStep(script: Script, id: string, request: IncomingMessage, response: ServerResponse, trace: (line: string) => void): void {
  const index = (stepNumber(request) || script.seen.length + 1) - 1
  const step = script.steps[index]
  if (step === undefined) {
    refuse(response, 409, `no step ${index + 1} of ${script.steps.length}`)
    return
  }
  trace(`origin < ${request.method} ${request.url}`)
  for (const [name, value] of Object.entries(request.headers)) trace(`origin <   ${name}: ${String(value)}`)
  const answer = (): void => sendAnswer(script, index, step, id, request, response, trace)
  if (step.response_pause === undefined) answer()
  else setTimeout(answer, step.response_pause * 1000)
}

function sendAnswer(
  script: Script,
  index: number,
  step: Step,
  id: string,
  request: IncomingMessage,
  response: ServerResponse,
  trace: (line: string) => void,
): void {
  const clientNumber = stepNumber(request)
  for (const [status, lines = []] of step.interim_responses ?? []) {
    trace(`origin > ${status}`)
    if (status === 102) response.writeProcessing()
    else response.writeEarlyHints(Object.fromEntries(lines))
  }
  const [status, reason] = answerStatus(script, index, step, request)
  response.statusCode = status
  response.statusMessage = reason
  const now = Date.now()
  response.setHeader('Server-Base-Url', request.url ?? '')
  response.setHeader('Server-Request-Count', script.seen.length + 1)
  response.setHeader('Client-Request-Count', clientNumber)
  response.setHeader('Server-Now', now)

  const lines =
    script.lines.get(index) ??
    (step.response_headers ?? []).map(([name, value, checked = true]): ResponseLine => {
      return [name, resolveValue(name, value, step, { now, url: request.url ?? '' }), checked]
    })
  script.lines.set(index, lines)
  const checkedNames = new Set<string>()
  for (const [name, value, checked] of lines) {
    const earlier = response.getHeader(name)
    if (earlier === undefined) response.setHeader(name, String(value))
    else response.setHeader(name, [...(Array.isArray(earlier) ? earlier : [String(earlier)]), String(value)])
    if (checked === true) checkedNames.add(name)
  }
  if (!response.hasHeader('content-type')) response.setHeader('Content-Type', 'text/plain')

  script.seen.push({
    request_num: Number.isNaN(clientNumber) ? null : clientNumber,
    request_method: request.method ?? '',
    request_headers: request.headers as Record<string, string | string[]>,
    response_headers: [...checkedNames].map((name) => [name, response.getHeader(name) as string | string[]]),
  })
  response.setHeader('Request-Numbers', script.seen.map((seen) => seen.request_num).join(' '))
  trace(step.disconnect === true ? 'origin > closes the connection' : `origin > ${status} ${reason}`)
  if (step.disconnect !== true)
    for (const [name, value] of Object.entries(response.getHeaders())) trace(`origin >   ${name}: ${String(value)}`)

  if (step.disconnect === true) response.socket?.destroy()
  else if (BODILESS.has(status)) response.end()
  else response.end(step.response_body || id)
}

/** A step that expects validation gets a 304, or 999 when the proxy did not validate with what the previous step gave it. */
function answerStatus(script: Script, index: number, step: Step, request: IncomingMessage): readonly [status: number, reason: string] {
  if (step.expected_type?.endsWith('validated') !== true) return step.response_status ?? [200, 'OK']
  const previous = script.lines.get(index - 1) ?? script.steps[index - 1]?.response_headers ?? []
  const last = (name: string): unknown => previous.findLast((line) => line[0].toLowerCase() === name)?.[1]
  const modified = last('last-modified')
  const tag = last('etag')
  const matches =
    (typeof modified === 'string' && request.headers['if-modified-since'] === modified) ||
    (typeof tag === 'string' && request.headers['if-none-match'] === tag)
  return matches ? [304, 'Not Modified'] : [999, '304 Not Generated']
}

function stepNumber(request: IncomingMessage): number {
  return Number.parseInt(String(request.headers['req-num']), 10)
}

function refuse(response: ServerResponse, status: number, reason: string): void {
  response.writeHead(status, { 'Content-Type': 'text/plain' })
  response.end(`${reason}\n`)
}
