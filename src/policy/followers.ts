/** Threads that serve with the same policies: one leads, the others do as it says. */
import type { PolicyBundle } from './load.ts'

/** A policy as another thread makes it: its bundle, `null` for what every thread has from the start, and a number that names no other soon. */
export interface PolicyCopy {
  readonly name: string
  readonly bundle: PolicyBundle | null
  readonly mark: number
}

/** What a thread needs to have the same policies as this one. */
export interface PolicyState {
  readonly current: string
  /** In the order in which they were loaded; `warm` are those that are initialised. */
  readonly copies: readonly (PolicyCopy & { readonly warm: boolean })[]
}

/** Threads that have the same policies and serve with them, while this one leads. */
export interface PolicyFollowers {
  /** Evaluated and initialised everywhere when it resolves. Rejects with why one of them refuses it. */
  prepare(copy: PolicyCopy): Promise<void>
  /** Every next transaction begins with it when it resolves. */
  use(copy: PolicyCopy): Promise<void>
  /** Ends it unless it is in use. */
  rest(name: string): void
  /** Ends and forgets it. */
  discard(name: string): void
  /** Transactions that use the one of that number, in all threads. */
  users(mark: number): number
}

/** Where the threads count their transactions: gauges by the policies' numbers, which come round. */
export const POLICY_CELLS = { name: 'policy', width: 64 } as const
