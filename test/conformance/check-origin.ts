/** What a test demands of the requests that reached the origin, and that its answers reached the client unchanged. */
import { isSetup } from './check-answer.ts'
import type { Answer } from './http-client.ts'
import type { SeenRequest } from './origin.ts'
import { type Failure, failure } from './outcome.ts'
import type { Step } from './suite.ts'

export function checkSeen(steps: readonly Step[], answers: readonly Answer[], seen: readonly SeenRequest[]): Failure | null {
  let next = 0
  for (const [index, step] of steps.entries()) {
    if (step.expected_type === 'cached') continue
    const request = seen[next++]
    const fault =
      checkRequest(step, index + 1, request) ?? checkDelivered(index + 1, request, answers[index]) ?? checkMethod(step, index + 1, request)
    if (fault !== null) return fault
  }
  return null
}

function checkRequest(step: Step, number: number, request: SeenRequest | undefined): Failure | null {
  const setup = isSetup(step, 'expected_type')
  if (request === undefined) return absenceFault(step, number, setup)
  if (step.expected_type === 'not_cached' && request.request_num !== number) {
    return failure(setup, `the origin saw request ${request.request_num} in place of ${number}`)
  }
  const validator = VALIDATORS[step.expected_type ?? '']
  if (validator !== undefined && !Object.hasOwn(request.request_headers, validator)) {
    return failure(setup, `request ${number} reached the origin without ${validator}`)
  }
  for (const expected of step.expected_request_headers ?? []) {
    const [name, value] = typeof expected === 'string' ? [expected, null] : expected
    const received = request.request_headers[name.toLowerCase()]
    if (value === null ? received === undefined : received !== value) {
      return failure(
        isSetup(step, 'expected_request_headers'),
        `request ${number} reached the origin with ${name} "${String(received)}", not "${value ?? ''}"`,
      )
    }
  }
  for (const unwanted of step.expected_request_headers_missing ?? []) {
    const [name, value] = typeof unwanted === 'string' ? [unwanted, null] : unwanted
    const received = request.request_headers[name.toLowerCase()]
    if (value === null ? received !== undefined : received === value) {
      return failure(
        isSetup(step, 'expected_request_headers_missing'),
        `request ${number} reached the origin with ${name} "${String(received)}"`,
      )
    }
  }
  return null
}

const VALIDATORS: Readonly<Record<string, string | undefined>> = { etag_validated: 'if-none-match', lm_validated: 'if-modified-since' }

/** A step that looks at a request the origin never saw has failed, and not merely in its setup. One that looks at nothing is content. */
function absenceFault(step: Step, number: number, setup: boolean): Failure | null {
  const reason = `request ${number} did not reach the origin`
  if (step.expected_type === 'not_cached') return failure(false, reason)
  if (step.expected_type !== undefined) return failure(setup, reason)
  const looksAtIt =
    step.expected_method !== undefined ||
    (step.expected_request_headers ?? []).length > 0 ||
    (step.expected_request_headers_missing ?? []).length > 0
  return looksAtIt ? failure(false, reason) : null
}

function checkDelivered(number: number, request: SeenRequest | undefined, answer: Answer | undefined): Failure | null {
  for (const [name, value] of request?.response_headers ?? []) {
    if (name.toLowerCase() === 'date') continue
    const sent = Array.isArray(value) ? value.join(', ') : value
    const received = answer?.fields.get(name) ?? null
    if (received !== sent) return failure(true, `response ${number} has ${name} "${received}", not "${sent}"`)
  }
  return null
}

function checkMethod(step: Step, number: number, request: SeenRequest | undefined): Failure | null {
  if (step.expected_method === undefined || request?.request_method === step.expected_method) return null
  return failure(
    isSetup(step, 'expected_method'),
    `request ${number} reached the origin as ${request?.request_method}, not ${step.expected_method}`,
  )
}
