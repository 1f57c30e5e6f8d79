/** What a preset must score. Presets without a row are measured and not judged. */
import { notPassing, type Report } from './report.ts'

export interface Gate {
  /** The suite must hold this many tests, so that a cut-down one cannot satisfy the minimum. */
  readonly required: { readonly minimum: number; readonly of: number }
  readonly optimal: { readonly minimum: number; readonly of: number }
  /** The tests that may fail, each for its reason. */
  readonly refused: Readonly<Record<string, string>>
}

const inconsistentRange = 'a part whose Content-Range contradicts its length is not stored'

export const gates: Readonly<Partial<Record<string, Gate>>> = {
  rfc9111: {
    required: { minimum: 159, of: 160 },
    optimal: { minimum: 100, of: 105 },
    refused: {
      'headers-store-Transfer-Encoding': 'an unknown transfer coding is answered 502: what it hides cannot be framed safely',
      'conditional-lm-fresh-no-lm': 'If-Modified-Since is compared with Date when there is no Last-Modified (RFC 9111 §4.3.2)',
      'partial-store-partial-reuse-partial': inconsistentRange,
      'partial-store-partial-reuse-partial-byterange': inconsistentRange,
      'partial-store-partial-reuse-partial-absent': inconsistentRange,
      'partial-store-partial-reuse-partial-suffix': inconsistentRange,
    },
  },
}

/** Every way in which a report falls short, one line each; none: it passes. With `partial` only tests that were run count. */
export function gateFaults(report: Report, gate: Gate, partial: boolean): string[] {
  const faults: string[] = []
  if (!partial) {
    for (const kind of ['required', 'optimal'] as const) {
      const [passed, of] = report[kind]
      const { minimum, of: expected } = gate[kind]
      if (of !== expected) faults.push(`the suite holds ${of} ${kind} tests, not ${expected}`)
      if (passed < minimum) faults.push(`${passed} ${kind} tests pass, at least ${minimum} must`)
    }
  }
  for (const id of notPassing(report)) {
    if (!Object.hasOwn(gate.refused, id))
      faults.push(`${id} must pass: ${report.results[id]?.result} (${report.results[id]?.reason ?? ''})`)
  }
  return faults
}
