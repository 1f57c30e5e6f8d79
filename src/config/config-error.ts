/** A setting that cannot be used: what is wrong, why, and how to mend it. The command line ends with 78 on it, or 2 for a usage mistake. */

export interface ConfigComplaint {
  readonly what: string
  readonly why: string
  readonly how: string
}

export class ConfigError extends Error {
  readonly what: string
  readonly why: string
  readonly how: string

  constructor({ what, why, how }: ConfigComplaint) {
    super(`${what}: ${why}; ${how}`)
    this.name = 'ConfigError'
    this.what = what
    this.why = why
    this.how = how
  }
}
