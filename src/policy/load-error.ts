/** Why a policy file or a policy's name cannot be used, told as what, why and how to mend. */

/** Where in the user's sources something is wrong. Lines and columns count from 1. */
export interface Place {
  readonly file: string
  readonly line: number
  readonly column: number
}

/** A policy file that cannot be loaded: a syntax error, a missing import, a throw while it runs, a wrong shape, an `init` that failed. */
export class PolicyLoadError extends Error {
  /** The file with the fault: the policy's, or that of a module it imports. */
  readonly file: string
  /** From 1; `null` when no place is to blame. */
  readonly line: number | null
  /** From 1. */
  readonly column: number | null
  readonly reason: string
  readonly what: string
  readonly why: string
  readonly how: string

  constructor(policyFile: string, reason: string, place: Place | null, options?: ErrorOptions) {
    const where = place === null ? policyFile : `${place.file}:${place.line}:${place.column}`
    super(`${where}: ${reason}`, options)
    this.name = 'PolicyLoadError'
    this.file = place?.file ?? policyFile
    this.line = place?.line ?? null
    this.column = place?.column ?? null
    this.reason = reason
    this.what = `the policy ${policyFile} cannot be used`
    this.why = place === null ? reason : `${where}: ${reason}`
    this.how = place === null ? 'correct the file, or the path to it' : 'correct it there'
  }
}

/** A name that no loaded policy has, that one has already, or that cannot be one; or a policy that is in use and must stay. */
export class PolicyNameError extends Error {
  constructor(detail: string) {
    super(detail)
    this.name = 'PolicyNameError'
  }
}
