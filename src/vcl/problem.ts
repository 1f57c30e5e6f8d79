/** What is wrong with a VCL, and where. */
import type { Span } from './source.ts'

/**
 * `illegal`: Varnish would refuse it (exit 1). `untranslatable`: legal, but there is no way to say it here (exit 3, or a marked place with
 * `--partial`).
 */
export type ProblemKind = 'illegal' | 'untranslatable'

export interface Problem {
  readonly kind: ProblemKind
  readonly span: Span
  /** What is wrong and why. */
  readonly reason: string
  /** How to mend it. */
  readonly hint: string | null
}
