/** What a lint finds, and what a lint is. */
import type { AnyNode } from 'acorn'
import type { HookTree, PolicyTree } from './policy-tree.ts'
import type { SourceTree } from './source-tree.ts'

/** A note does not fail a check. */
export type Severity = 'error' | 'warning' | 'note'

export interface Finding {
  /** The lint's name, `policy` for what keeps it from loading, `TS2345` for the compiler's. */
  readonly rule: string
  readonly severity: Severity
  readonly file: string
  /** From 1; `null` when no place is to blame. */
  readonly line: number | null
  readonly column: number | null
  readonly message: string
  /** How to mend it; `''` where the message says it all. */
  readonly how: string
}

export interface LintInput {
  readonly tree: SourceTree
  readonly policies: readonly PolicyTree[]
  /** Hooks, and functions in place of built-in steps. */
  readonly hooks: readonly HookTree[]
}

/** What is wrong at a node. */
export interface Complaint {
  readonly node: AnyNode
  readonly message: string
  /** In place of the lint's own. */
  readonly how?: string
}

export interface Lint {
  readonly name: string
  readonly severity: Severity
  /** What it finds, in a few words. */
  readonly what: string
  /** Why it matters, one sentence. */
  readonly why: string
  readonly how: string
  readonly find: (input: LintInput) => readonly Complaint[]
}
