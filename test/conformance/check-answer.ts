/** What a step demands of the answer its client received. The order of the checks decides which failure is reported. */
import type { Answer } from './http-client.ts'
import { resolveValue } from './magic-values.ts'
import { type Failure, failure } from './outcome.ts'
import type { ExpectedField, Step } from './suite.ts'

const BODILESS: ReadonlySet<number> = new Set([204, 304])

/** Whether a failure of this kind of check only means that the test could not be carried out. */
export function isSetup(step: Step, check: keyof Step): boolean {
  return step.setup === true || step.setup_tests?.includes(check) === true
}

/** Checks all but the body. `number` counts from 1. */
export function checkHead(step: Step, number: number, answer: Answer): Failure | null {
  return (
    checkRetries(answer) ??
    checkType(step, number, answer) ??
    checkStatus(step, number, answer) ??
    checkExpectedFields(step, number, answer) ??
    checkMissingFields(step, number, answer) ??
    checkInterim(step, number, answer)
  )
}

/** `id` is the body of an answer for which the suite gives none. */
export function checkBody(step: Step, number: number, status: number, body: string, id: string): Failure | null {
  if (step.check_body === false) return null
  const differs = (setup: boolean, expected: string): Failure | null =>
    body === expected ? null : failure(setup, `response ${number} has the body "${body}", not "${expected}"`)
  if (step.expected_response_text !== undefined) {
    return step.expected_response_text === null ? null : differs(isSetup(step, 'expected_response_text'), step.expected_response_text)
  }
  if (typeof step.response_body === 'string') return differs(true, step.response_body)
  return BODILESS.has(status) || step.request_method === 'HEAD' ? null : differs(true, id)
}

function checkRetries({ fields }: Answer): Failure | null {
  const numbers = fields.get('Request-Numbers')?.split(' ') ?? []
  return new Set(numbers).size === numbers.length ? null : { kind: 'retry', reason: `the origin saw the requests ${numbers.join(' ')}` }
}

function checkType(step: Step, number: number, { status, fields }: Answer): Failure | null {
  const setup = isSetup(step, 'expected_type')
  const answered = fields.integer('Server-Request-Count')
  if (step.expected_type === 'cached') {
    // Some caches leave the origin's own fields out of a 304.
    if (answered < number || (status === 304 && Number.isNaN(answered))) return null
    return failure(setup, `response ${number} does not come from the cache`)
  }
  if (step.expected_type === 'not_cached' && answered !== number) return failure(setup, `response ${number} comes from the cache`)
  return null
}

function checkStatus(step: Step, number: number, { status }: Answer): Failure | null {
  const differs = (setup: boolean, expected: number): Failure | null =>
    status === expected ? null : failure(setup, `response ${number} has the status ${status}, not ${expected}`)
  if (step.expected_status !== undefined) {
    return step.expected_status === null ? null : differs(isSetup(step, 'expected_status'), step.expected_status)
  }
  if (step.response_status !== undefined) return differs(true, step.response_status[0])
  // The origin's own status for "this should have been a conditional request that matches".
  if (status === 999) return failure(isSetup(step, 'expected_type'), `request ${number} should have validated the stored response`)
  return differs(true, 200)
}

function checkExpectedFields(step: Step, number: number, answer: Answer): Failure | null {
  const setup = isSetup(step, 'expected_response_headers')
  for (const expected of step.expected_response_headers ?? []) {
    const reason = fieldFault(expected, step, answer)
    if (reason !== null) return failure(setup, `response ${number} ${reason}`)
  }
  return null
}

function fieldFault(expected: ExpectedField, step: Step, { fields }: Answer): string | null {
  if (typeof expected === 'string') return fields.has(expected) ? null : `has no ${expected}`
  const [name, value, operand] = expected
  const received = fields.get(name)
  if (operand === undefined) {
    const wanted = resolveValue(name, value, step, { now: fields.integer('Server-Now'), url: fields.get('Server-Base-Url') })
    return received === wanted ? null : `has ${name} "${received}", not "${wanted}"`
  }
  if (received === null) return `has no ${name}`
  if (value === '=') return received === fields.get(String(operand)) ? null : `has ${name} "${received}", unlike ${operand}`
  return Number.parseInt(received, 10) > Number(operand) ? null : `has ${name} "${received}", not more than ${operand}`
}

/**
 * A pair (name and value that must be gone) is not checked: the suite's own harness looks the field up in a way that never finds
 * it, and results are comparable with published ones only when this runner is as lenient.
 */
function checkMissingFields(step: Step, number: number, { fields }: Answer): Failure | null {
  const setup = isSetup(step, 'expected_response_headers_missing')
  for (const name of step.expected_response_headers_missing ?? []) {
    if (typeof name === 'string' && fields.has(name)) return failure(setup, `response ${number} has ${name} "${fields.get(name)}"`)
  }
  return null
}

function checkInterim(step: Step, number: number, { interim }: Answer): Failure | null {
  const wanted = step.expected_interim_responses
  if (wanted === undefined) return null
  const setup = isSetup(step, 'expected_interim_responses')
  for (const [index, [status, lines = []]] of wanted.entries()) {
    const received = interim[index]
    if (received === undefined) return failure(setup, `response ${number} came without interim response ${index + 1}`)
    if (received.status !== status) return failure(setup, `interim response ${index + 1} has the status ${received.status}, not ${status}`)
    for (const [name] of lines) if (!received.fields.has(name)) return failure(setup, `interim response ${index + 1} has no ${name}`)
  }
  if (interim.length === wanted.length) return null
  return failure(setup, `response ${number} came with ${interim.length} interim responses, not ${wanted.length}`)
}
