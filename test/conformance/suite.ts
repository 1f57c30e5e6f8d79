/**
 * The HTTP cache test suite (http-tests/cache-tests) as typed data: loading and validation of its `suite.json`. The suite itself
 * is not part of this repository.
 */
import { readFileSync } from 'node:fs'
import { requestMemberFault } from './suite-members.ts'

/** Seconds relative to the origin's clock where a field carries a date, otherwise text. */
export type MagicValue = string | number

/** `checked` false: the client does not insist on receiving the field unchanged. */
export type ResponseLine = readonly [name: string, value: MagicValue, checked?: boolean]

/** Present; equal to a value; equal to another field; greater than a number. */
export type ExpectedField =
  | string
  | readonly [name: string, value: MagicValue]
  | readonly [name: string, operator: '=' | '>', operand: MagicValue]

export type ExpectedType = 'cached' | 'not_cached' | 'etag_validated' | 'lm_validated'

export type Interim = readonly [status: number, lines?: ReadonlyArray<readonly [name: string, value: string]>]

/** One step of a test: what the client sends, what the origin answers, what both must then have seen. Names are the suite's. */
export interface Step {
  readonly request_method?: string
  readonly request_headers?: ReadonlyArray<readonly [name: string, value: MagicValue]>
  readonly request_body?: string
  readonly query_arg?: string
  readonly filename?: string
  readonly magic_ims?: boolean
  readonly pause_after?: boolean
  readonly response_status?: readonly [status: number, reason: string]
  readonly response_headers?: readonly ResponseLine[]
  readonly response_body?: string | null
  readonly response_pause?: number
  readonly interim_responses?: readonly Interim[]
  readonly magic_locations?: boolean
  readonly rfc850date?: readonly string[]
  readonly disconnect?: boolean
  readonly setup?: boolean
  readonly setup_tests?: readonly string[]
  readonly check_body?: boolean
  readonly expected_type?: ExpectedType
  readonly expected_status?: number | null
  readonly expected_method?: string
  readonly expected_response_headers?: readonly ExpectedField[]
  readonly expected_response_headers_missing?: ReadonlyArray<string | readonly [name: string, value: string]>
  readonly expected_response_text?: string | null
  readonly expected_interim_responses?: readonly Interim[]
  readonly expected_request_headers?: ReadonlyArray<string | readonly [name: string, value: string]>
  readonly expected_request_headers_missing?: ReadonlyArray<string | readonly [name: string, value: string]>
}

export type Kind = 'required' | 'optimal' | 'check'

export interface CacheTest {
  readonly id: string
  readonly name: string
  /** Absent: required. */
  readonly kind?: Kind
  readonly requests: readonly Step[]
  readonly depends_on?: readonly string[]
  readonly browser_only?: boolean
}

export interface Group {
  readonly id: string
  readonly name: string
  readonly tests: readonly CacheTest[]
}

export type Suite = readonly Group[]

/** The suite cannot be used; the message is one line for the user. */
export class SuiteError extends Error {
  override readonly name = 'SuiteError'
}

/** @throws {SuiteError} when the file is missing or does not hold a suite. */
export function loadSuite(path: string): Suite {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    throw new SuiteError(`cannot read the cache test suite ${path}: ${error instanceof Error ? error.message : String(error)}`)
  }
  let data: unknown
  try {
    data = JSON.parse(text)
  } catch (error) {
    throw new SuiteError(`the cache test suite ${path} is not JSON: ${error instanceof Error ? error.message : String(error)}`)
  }
  return validateSuite(data, path)
}

/**
 * Strict on purpose: a member this runner does not know would otherwise make a test pass that checks nothing.
 * @throws {SuiteError}
 */
export function validateSuite(data: unknown, source: string): Suite {
  const fault = suiteFault(data)
  if (fault !== null) throw new SuiteError(`the cache test suite ${source} is malformed: ${fault}`)
  return data as Suite
}

/** The tests that apply to a reverse proxy, in the suite's order. */
export function applicableTests(suite: Suite): CacheTest[] {
  return suite.flatMap((group) => group.tests.filter((test) => test.browser_only !== true))
}

export function kindOf(test: CacheTest): Kind {
  return test.kind ?? 'required'
}

function suiteFault(data: unknown): string | null {
  if (!Array.isArray(data) || data.length === 0) return 'expected a non-empty array of groups'
  const ids = new Set<string>()
  const wanted = new Map<string, string>()
  for (const group of data as unknown[]) {
    if (!isRecord(group) || typeof group['id'] !== 'string' || !Array.isArray(group['tests']))
      return 'a group needs an id and a list of tests'
    for (const test of group['tests'] as unknown[]) {
      if (!isRecord(test) || typeof test['id'] !== 'string') return `a test in ${group['id']} has no id`
      const fault = testFault(test)
      if (fault !== null) return `${test['id']}: ${fault}`
      if (ids.has(test['id'])) return `${test['id']} occurs twice`
      ids.add(test['id'])
      for (const dependency of (test['depends_on'] as string[] | undefined) ?? []) wanted.set(dependency, test['id'])
    }
  }
  for (const [dependency, dependant] of wanted) {
    if (!ids.has(dependency)) return `${dependant} depends on ${dependency}, which does not exist`
  }
  return null
}

function testFault(test: Record<string, unknown>): string | null {
  const { kind, name, requests, depends_on: dependencies } = test
  if (typeof name !== 'string') return 'no name'
  if (kind !== undefined && kind !== 'required' && kind !== 'optimal' && kind !== 'check') return `unknown kind ${JSON.stringify(kind)}`
  if (dependencies !== undefined && !(Array.isArray(dependencies) && dependencies.every((id) => typeof id === 'string'))) {
    return 'depends_on is not a list of ids'
  }
  if (!Array.isArray(requests) || requests.length === 0) return 'no requests'
  for (const [index, step] of (requests as unknown[]).entries()) {
    if (!isRecord(step)) return `request ${index + 1} is not an object`
    for (const [member, value] of Object.entries(step)) {
      const fault = requestMemberFault(member, value)
      if (fault !== null) return `request ${index + 1}: ${fault}`
    }
  }
  return null
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
