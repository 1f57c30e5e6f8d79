/** The client: carries out tests through the proxy, each with its own URL and its own connections. */
import { randomUUID } from 'node:crypto'
import { Agent } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { checkBody, checkHead } from './check-answer.ts'
import { checkSeen } from './check-origin.ts'
import { type Answer, exchange, type Outgoing } from './http-client.ts'
import { resolveValue } from './magic-values.ts'
import type { SeenRequest } from './origin.ts'
import type { Failure, Outcome } from './outcome.ts'
import type { CacheTest, Step } from './suite.ts'

export interface ClientOptions {
  /** The proxy, `http://host:port`. */
  readonly base: string
  /** Lets the time pass in which stored responses age: 3 s. */
  readonly pause?: () => Promise<void>
  /** For an answer with its body, in ms: 10 s. */
  readonly timeout?: number
  readonly trace?: (line: string) => void
}

type Send = (outgoing: Outgoing) => Promise<Answer>

const IDEMPOTENT: ReadonlySet<string> = new Set(['GET', 'HEAD', 'PUT', 'DELETE'])
const PAUSE_MS = 3000
const TIMEOUT_MS = 10_000

/** All tests at once; outcomes by id. */
export async function runTests(tests: readonly CacheTest[], options: ClientOptions): Promise<Map<string, Outcome>> {
  const outcomes = await Promise.all(tests.map(async (test): Promise<[string, Outcome]> => [test.id, await runTest(test, options)]))
  return new Map(outcomes)
}

export async function runTest(test: CacheTest, options: ClientOptions): Promise<Outcome> {
  const base = new URL(options.base)
  const agent = new Agent({ keepAlive: true })
  const timeout = options.timeout ?? TIMEOUT_MS
  try {
    return await carryOut(test, options, (outgoing) => exchange(base, outgoing, agent, AbortSignal.timeout(timeout)))
  } catch (error) {
    return brokenExchange(error)
  } finally {
    agent.destroy()
  }
}

async function carryOut(test: CacheTest, options: ClientOptions, send: Send): Promise<Outcome> {
  const id = randomUUID()
  const pause = options.pause ?? ((): Promise<void> => sleep(PAUSE_MS))
  await sendScript(id, test.requests, send)
  const answers: Answer[] = []
  for (const [index, step] of test.requests.entries()) {
    const outgoing = outgoingFor(test, index, step, id, answers.at(-1))
    traceRequest(options, outgoing)
    const answer = await send(outgoing)
    traceAnswer(options, answer)
    answers.push(answer)
    const fault = checkHead(step, index + 1, answer) ?? checkBody(step, index + 1, answer.status, await answer.text(), id)
    if (fault !== null) return fault
    if (step.pause_after === true) await pause()
  }
  return checkSeen(test.requests, answers, await fetchSeen(id, send))
}

/** A proxy that does not carry the configuration through shows in the first step, which the origin then cannot answer. */
async function sendScript(id: string, steps: readonly Step[], send: Send): Promise<void> {
  try {
    const body = JSON.stringify(steps)
    const answer = await send({
      method: 'PUT',
      path: `/config/${id}`,
      lines: [['Content-Type', 'application/json']],
      body,
      mayResend: true,
    })
    await answer.text()
  } catch {}
}

async function fetchSeen(id: string, send: Send): Promise<SeenRequest[]> {
  const answer = await send({ method: 'GET', path: `/state/${id}`, lines: [], body: null, mayResend: true })
  const text = await answer.text()
  return answer.status === 200 ? (JSON.parse(text) as SeenRequest[]) : []
}

function outgoingFor(test: CacheTest, index: number, step: Step, id: string, previous: Answer | undefined): Outgoing {
  const facts = { now: previous?.fields.integer('Server-Now') ?? null, url: previous?.fields.get('Server-Base-Url') ?? null }
  const lines: Array<readonly [string, string]> = [
    // Both keep a client's own cache out of the way in browsers; a proxy must not mind them.
    ['Pragma', 'foo'],
    ['Cache-Control', 'nothing-to-see-here'],
  ]
  for (const [name, value] of step.request_headers ?? []) {
    const relative = step.magic_ims === true && name.toLowerCase() === 'if-modified-since'
    lines.push([name, String(relative ? resolveValue(name, value, step, facts) : value)])
  }
  lines.push(['Test-Name', test.name], ['Test-ID', test.id], ['Req-Num', String(index + 1)])
  const file = step.filename === undefined ? '' : `/${step.filename}`
  const query = step.query_arg === undefined ? '' : `?${step.query_arg}`
  const method = step.request_method ?? 'GET'
  return {
    method,
    path: `/test/${id}${file}${query}`,
    lines,
    body: step.request_body ?? null,
    // Where the origin hangs up by script, a proxy that hangs up in turn is the finding.
    mayResend: step.disconnect !== true && IDEMPOTENT.has(method),
  }
}

function brokenExchange(error: unknown): Failure {
  if (error instanceof Error && error.name === 'TimeoutError') return { kind: 'timeout', reason: 'no complete answer in time' }
  return { kind: 'network', reason: error instanceof Error ? error.message : String(error) }
}

function traceRequest({ trace }: ClientOptions, { method, path, lines }: Outgoing): void {
  if (trace === undefined) return
  trace(`client > ${method} ${path}`)
  for (const [name, value] of lines) trace(`client >   ${name}: ${value}`)
}

function traceAnswer({ trace }: ClientOptions, answer: Answer): void {
  if (trace === undefined) return
  for (const { status, fields, reason } of [...answer.interim.map((interim) => ({ ...interim, reason: '' })), answer]) {
    trace(`client < ${status} ${reason}`)
    for (const [name, value] of fields.lines) trace(`client <   ${name}: ${value}`)
  }
}
