/** What functions and methods take and yield, as data. */
import { ALL, only, type Scope, TASKS } from './scopes.ts'
import type { ValueType } from './value-types.ts'

export interface Parameter {
  /** `null`: it can be given by its place only. */
  readonly name: string | null
  readonly type: ValueType
  /** May be left out; `preset` stands in, if there is one. */
  readonly optional: boolean
  readonly preset: string | number | boolean | null
  /** Of an ENUM: its words. */
  readonly words: readonly string[]
}

export interface Signature {
  readonly name: string
  readonly returns: ValueType
  readonly parameters: readonly Parameter[]
  /** The hooks that it may be called in. */
  readonly scope: Scope
}

export interface VmodClass {
  readonly name: string
  readonly parameters: readonly Parameter[]
  readonly methods: ReadonlyMap<string, Signature>
}

export interface Vmod {
  readonly name: string
  readonly functions: ReadonlyMap<string, Signature>
  readonly classes: ReadonlyMap<string, VmodClass>
}

export function need(type: ValueType, name: string | null = null): Parameter {
  return { name, type, optional: false, preset: null, words: [] }
}

export function may(type: ValueType, name: string, preset: Parameter['preset'] = null): Parameter {
  return { name, type, optional: true, preset, words: [] }
}

export function word(name: string, words: readonly string[], preset: string | null): Parameter {
  return { name, type: 'ENUM', optional: true, preset, words }
}

export function signature(name: string, returns: ValueType, parameters: readonly Parameter[] = [], scope: Scope = ALL): Signature {
  return { name, returns, parameters, scope }
}

export function vmodClass(name: string, parameters: readonly Parameter[], methods: readonly Signature[]): VmodClass {
  return { name, parameters, methods: named(methods) }
}

export function vmod(name: string, functions: readonly Signature[], classes: readonly VmodClass[] = []): Vmod {
  return { name, functions: named(functions), classes: named(classes) }
}

function named<T extends { readonly name: string }>(items: readonly T[]): ReadonlyMap<string, T> {
  return new Map(items.map((item) => [item.name, item]))
}

/** What VCL has without any import. `regsub` and `regsuball` yield a text, the others are statements. */
export const BUILTINS: ReadonlyMap<string, Signature> = named([
  signature('regsub', 'STRING', [need('STRING'), need('REGEX'), need('STRING')]),
  signature('regsuball', 'STRING', [need('STRING'), need('REGEX'), need('STRING')]),
  signature('hash_data', 'VOID', [need('STRANDS')], only('vcl_hash')),
  signature('synthetic', 'VOID', [need('STRANDS')], only('vcl_synth', 'vcl_backend_error')),
  signature('ban', 'VOID', [need('STRING')], TASKS),
])
