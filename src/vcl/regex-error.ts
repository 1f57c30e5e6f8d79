/** A regular expression of VCL that JavaScript cannot have. */
export class RegexError extends Error {
  /** PCRE knows it; there is only no counterpart. */
  readonly legal: boolean
  /** Index into the pattern of what it is about. */
  readonly at: number

  constructor(message: string, at: number, legal: boolean = false) {
    super(message)
    this.legal = legal
    this.name = 'RegexError'
    this.at = at
  }
}
