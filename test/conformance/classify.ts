/** From how a test ended to what that says about the cache, its kind and the tests it depends on considered. */
import type { Outcome } from './outcome.ts'
import { type CacheTest, kindOf, type Suite } from './suite.ts'

/**
 * - `pass`, `fail`: of a required test; an optimal one passes or is `optional_fail`.
 * - `yes`, `no`: of a check; neither is wrong.
 * - `dependency_fail`: a test it builds on is neither `pass` nor `yes`.
 * - `setup_fail`, `retry`, `harness_fail`: the test could not be carried out; the proxy repeated a request; no answer in time.
 * - `untested`: not run.
 */
export type Result =
  | 'pass'
  | 'fail'
  | 'optional_fail'
  | 'yes'
  | 'no'
  | 'dependency_fail'
  | 'setup_fail'
  | 'retry'
  | 'harness_fail'
  | 'untested'

export interface Classified {
  readonly group: string
  readonly test: CacheTest
  readonly result: Result
  /** Why, unless it passed. */
  readonly reason: string | null
}

/** In the suite's order. With `withDependencies` false each test is judged by itself, as when only a few were run. */
export function classify(suite: Suite, outcomes: ReadonlyMap<string, Outcome>, withDependencies: boolean): Classified[] {
  const tests = new Map(suite.flatMap((group) => group.tests.map((test) => [test.id, test])))
  const judged = new Map<string, Result>()
  const judge = (test: CacheTest, honour: boolean): Result => {
    const known = honour ? judged.get(test.id) : undefined
    if (known !== undefined) return known
    const outcome = outcomes.get(test.id)
    const result =
      outcome === undefined ? 'untested' : honour && brokenDependency(test) !== null ? 'dependency_fail' : resultOf(test, outcome)
    if (honour) judged.set(test.id, result)
    return result
  }
  const brokenDependency = (test: CacheTest): string | null => {
    for (const id of test.depends_on ?? []) {
      const dependency = tests.get(id)
      const result = dependency === undefined ? 'untested' : judge(dependency, true)
      if (result !== 'pass' && result !== 'yes') return `${id}: ${result}`
    }
    return null
  }
  return suite.flatMap((group) =>
    group.tests.map((test): Classified => {
      const result = judge(test, withDependencies)
      const reason = result === 'dependency_fail' ? `depends on ${brokenDependency(test)}` : (outcomes.get(test.id)?.reason ?? null)
      return { group: group.id, test, result, reason }
    }),
  )
}

function resultOf(test: CacheTest, outcome: Outcome): Result {
  const kind = kindOf(test)
  if (outcome === null) return kind === 'check' ? 'yes' : 'pass'
  switch (outcome.kind) {
    case 'setup':
      return 'setup_fail'
    case 'retry':
      return 'retry'
    case 'timeout':
      return 'harness_fail'
    case 'assertion':
    case 'network':
      return kind === 'check' ? 'no' : kind === 'optimal' ? 'optional_fail' : 'fail'
    default:
      return outcome.kind satisfies never
  }
}
