/** One call of a function or method, as those who translate it need it. */
import type { CallExpression, CheckedExpression } from '../../checked-ast.ts'
import { definite, type Js, js } from '../javascript.ts'
import type { Scope } from '../scope.ts'

/** How expressions are said in TypeScript; given, so that calls and expressions do not import each other. */
export type Emit = (expression: CheckedExpression, scope: Scope) => Js

export class CallUse {
  readonly call: CallExpression
  readonly scope: Scope
  readonly emit: Emit

  constructor(call: CallExpression, scope: Scope, emit: Emit) {
    this.call = call
    this.scope = scope
    this.emit = emit
  }

  /** An argument as it was written, or `null`. */
  given(index: number): CheckedExpression | null {
    return this.call.arguments[index] ?? null
  }

  has(index: number): boolean {
    return this.given(index) !== null
  }

  /** An argument that may be unset. */
  value(index: number): Js {
    const given = this.given(index)
    return given === null ? js('undefined') : this.emit(given, this.scope)
  }

  /** A text; unset and not given are empty. */
  text(index: number): Js {
    const given = this.given(index)
    return given === null ? js("''") : definite(this.emit(given, this.scope))
  }

  /** Several arguments, without those at the end that are not given. */
  values(from: number, to: number): Js[] {
    const all: Js[] = []
    for (let index = from; index < to; index++) all.push(this.value(index))
    while (all.at(-1)?.code === 'undefined') all.pop()
    return all
  }

  /** What a literal argument says, or `null`. */
  literal(index: number): string | number | boolean | null {
    const given = this.given(index)
    if (given?.kind === 'enum') return given.value
    return given?.kind === 'literal' ? given.value : null
  }

  /** The name of a function of the namespace `vcl`. */
  lib(name: string): string {
    return this.scope.module.lib(name)
  }

  refuse(reason: string, hint: string | null = null): never {
    return this.scope.refuse(this.call.span, reason, hint)
  }
}

/** How a function is said in TypeScript. */
export type Translation = (use: CallUse) => Js

/** By VCL's name; methods as `class.method`. */
export type Translations = Readonly<Record<string, Translation>>
