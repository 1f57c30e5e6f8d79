/** Statements that were written, and where they stand. */

/** Lines, and what must be known of them to put them together. */
export interface Lines {
  readonly lines: readonly string[]
  /** They wait for something, in the function that they stand in. */
  readonly awaits: boolean
  /** Nothing that comes behind them is reached. */
  readonly ends: boolean
}

/** What a bare `return` says; it differs where VCL's built-in code goes on behind the sub. */
export interface Surroundings {
  readonly leave: string
  /** The end of these statements is the end of the function: nothing of it comes behind them. */
  readonly last: boolean
}
