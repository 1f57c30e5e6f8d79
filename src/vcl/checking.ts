/** What the check of one program shares: symbols, problems, and what each sub uses. */
import type { Expression, Program } from './ast.ts'
import { collectSymbols, type Symbols } from './check-symbols.ts'
import type { CheckedExpression } from './checked-ast.ts'
import { converted } from './convert.ts'
import type { Problem } from './problem.ts'
import type { Scope } from './scopes.ts'
import type { Span } from './source.ts'
import type { ValueType } from './value-types.ts'
import type { VclVersion } from './variables.ts'

export interface CheckOptions {
  /** What is wrong with a PCRE pattern; `null`: nothing. Asked for each literal pattern, after a check that its brackets match. */
  readonly validateRegex?: (pattern: string) => string | null
}

/** Something that is legal in some hooks only. */
export interface Use {
  readonly span: Span
  readonly scope: Scope
  /** `obj.hits cannot be read`; “in vcl_recv” follows. */
  readonly reason: string
  readonly hint: string | null
}

export interface Return {
  readonly span: Span
  readonly action: string
}

export interface SubCall {
  readonly span: Span
  readonly name: string
}

/** What the bodies of one name do. */
export interface Doings {
  readonly uses: Use[]
  readonly returns: Return[]
  readonly calls: SubCall[]
}

/** The expression as what it is of itself where that type is wanted; `null`: something is wrong with it, and was complained of. */
export type Evaluate = (checking: Checking, expression: Expression, want: ValueType) => CheckedExpression | null

/** After so many problems nobody reads on. */
const MOST_PROBLEMS = 20

export class Checking {
  readonly version: VclVersion
  readonly options: CheckOptions
  readonly problems: Problem[] = []
  readonly symbols: Symbols
  /** Names of ACLs, backends, probes and subs that something refers to. */
  readonly referred: Set<string> = new Set()
  readonly doings: Map<string, Doings> = new Map()
  readonly #evaluate: Evaluate
  /** Of the sub that is being checked. */
  #present: Doings = { uses: [], returns: [], calls: [] }

  constructor(program: Program, options: CheckOptions, evaluate: Evaluate) {
    this.#evaluate = evaluate
    this.version = program.version
    this.options = options
    this.symbols = collectSymbols(program, this.complain)
  }

  readonly complain = (span: Span, reason: string, hint: string | null = null): void => {
    if (this.problems.length < MOST_PROBLEMS) this.problems.push({ kind: 'illegal', span, reason, hint })
  }

  untranslatable(span: Span, reason: string, hint: string | null): void {
    if (this.problems.length < MOST_PROBLEMS) this.problems.push({ kind: 'untranslatable', span, reason, hint })
  }

  evaluate(expression: Expression, want: ValueType): CheckedExpression | null {
    return this.#evaluate(this, expression, want)
  }

  /** The expression as a value of that type. */
  value(expression: Expression, want: ValueType): CheckedExpression | null {
    const found = this.evaluate(expression, want)
    return found === null ? null : converted(this.complain, found, want)
  }

  enter(sub: string): void {
    const known = this.doings.get(sub)
    this.#present = known ?? { uses: [], returns: [], calls: [] }
    if (known === undefined) this.doings.set(sub, this.#present)
  }

  use(use: Use): void {
    this.#present.uses.push(use)
  }

  returns(span: Span, action: string): void {
    this.#present.returns.push({ span, action })
  }

  calls(span: Span, name: string): void {
    this.referred.add(name)
    this.#present.calls.push({ span, name })
  }
}
