/** How one test ended: passed, or the first thing that was not as it should be. */

/**
 * - `setup`: a precondition did not hold, so nothing was learned about the behaviour in question.
 * - `retry`: the proxy sent a request to the origin more than once.
 * - `assertion`: the behaviour in question was not there.
 * - `network`: the proxy gave no usable answer.
 * - `timeout`: it gave none in time.
 */
export interface Failure {
  readonly kind: 'setup' | 'retry' | 'assertion' | 'network' | 'timeout'
  readonly reason: string
}

/** Null: passed. */
export type Outcome = Failure | null

export function failure(isSetup: boolean, reason: string): Failure {
  return { kind: isSetup ? 'setup' : 'assertion', reason }
}
