/** A regular expression of VCL that JavaScript cannot have. */
export class RegexError extends Error {
  /** Index into the pattern of what it is about. */
  readonly at: number

  constructor(message: string, at: number) {
    super(message)
    this.name = 'RegexError'
    this.at = at
  }
}
