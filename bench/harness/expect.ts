/** What an answer has to be, and what is wrong with one that is not. */
import { type Answer, fieldOf } from './ask.ts'
import { bodyOf } from './requests.ts'
import type { Scenario } from './scenario.ts'

/** The part of the body of `path` that an answer carries. */
export function expectedBody({ bodyBytes, expect }: Scenario, path: string): string {
  return bodyOf(path, bodyBytes).slice(expect.from, expect.from + expect.bytes)
}

/** What is wrong with an answer to a request for `path`, or `null`. */
export function faultOf(answer: Answer, scenario: Scenario, path: string, age: boolean): string | null {
  const { expect } = scenario
  if (answer.status !== expect.status) return `status ${answer.status} in place of ${expect.status}`
  if ((fieldOf(answer.head, 'Age') !== undefined) !== age) return age ? 'there is no Age' : 'there is an Age'
  const missing = expect.fields.find((name) => fieldOf(answer.head, name) === undefined)
  if (missing !== undefined) return `there is no ${missing}`
  if (answer.body.length !== expect.bytes) return `a body of ${answer.body.length} bytes in place of ${expect.bytes}`
  return answer.body.toString('latin1') === expectedBody(scenario, path) ? null : 'another body'
}
