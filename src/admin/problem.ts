/** What goes wrong at the admin listener, told as problem details (RFC 9457), with how to mend it. */
import { BanError } from '../../vcl-ts/ban.ts'
import { ConfigError } from '../config/config-error.ts'
import { ParamError } from '../config/params.ts'
import { BanLimitError } from '../invalidation/bans.ts'
import { PolicyLoadError, PolicyNameError } from '../policy/load-error.ts'
import { QueryError } from '../vsl/query-words.ts'

/** The last part of a problem's `type`, and its title. */
const TITLES = {
  'bad-request': 'The request cannot be understood',
  'not-found': 'There is nothing here',
  'method-not-allowed': 'This method does not apply here',
  'too-large': 'The body is too large',
  'unsupported-type': 'The body is of the wrong type',
  'token-needed': 'A token is needed',
  'from-a-page': 'The request comes from a web page',
  misdirected: 'The request is for another host',
  'unknown-name': 'There is nothing of this name',
  conflict: 'This cannot be as things stand',
  'bad-value': 'The value cannot be used',
  'policy-refused': 'The policy is refused',
  'too-many': 'There are too many',
  'not-ready': 'This node is not ready for clients',
  internal: 'An internal error',
} as const

export type ProblemName = keyof typeof TITLES

export interface ProblemDocument {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly detail: string
  /** How to mend it. */
  readonly how: string
}

export class Problem extends Error {
  readonly status: number
  readonly problem: ProblemName
  readonly how: string
  /** Header fields of the answer. */
  readonly fields: Readonly<Record<string, string>>

  constructor(status: number, problem: ProblemName, detail: string, how: string, fields: Readonly<Record<string, string>> = {}) {
    super(detail)
    this.name = 'Problem'
    this.status = status
    this.problem = problem
    this.how = how
    this.fields = fields
  }

  get document(): ProblemDocument {
    const { problem, status, message: detail, how } = this
    return { type: `urn:clearcoat:problem:${problem}`, title: TITLES[problem], status, detail, how }
  }
}

/** Something that operators name and that there is not. */
export class UnknownName extends ConfigError {}

/** What an operation threw, as a problem; `null` for what nobody foresaw. */
export function problemOf(error: unknown): Problem | null {
  if (error instanceof Problem) return error
  if (error instanceof PolicyLoadError) return new Problem(422, 'policy-refused', error.why, error.how)
  if (error instanceof PolicyNameError) return new Problem(409, 'conflict', error.message, 'GET /api/policies lists the policies')
  if (error instanceof QueryError)
    return new Problem(400, 'bad-value', error.shown, 'the language of queries is in src/admin/README.md, under The transaction log')
  if (error instanceof BanError) return new Problem(400, 'bad-value', error.message, 'the grammar of bans is in vcl-ts/README.md')
  if (error instanceof BanLimitError)
    return new Problem(429, 'too-many', error.message, 'send it again later', { 'Retry-After': String(error.retryAfter) })
  if (error instanceof UnknownName || (error instanceof ParamError && error.code === 'unknown'))
    return new Problem(404, 'unknown-name', `${error.what}: ${error.why}`, error.how)
  if (error instanceof ConfigError) return new Problem(400, 'bad-value', `${error.what}: ${error.why}`, error.how)
  return null
}
