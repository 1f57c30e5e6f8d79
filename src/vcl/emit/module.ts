/** The policy that is being written: what all its functions share. */
import type { RequestHook } from '../../../vcl-ts/legal.ts'
import type { CheckedBackend, CheckedProgram } from '../checked-ast.ts'
import type { Problem } from '../problem.ts'
import type { Span } from '../source.ts'
import { Names } from './names.ts'
import type { Scope } from './scope.ts'

/** Something legal that has no translation. Caught where a statement or declaration ends: that becomes a marked place. */
export class Refusal extends Error {
  readonly span: Span
  readonly hint: string | null

  constructor(span: Span, reason: string, hint: string | null = null) {
    super(reason)
    this.name = 'Refusal'
    this.span = span
    this.hint = hint
  }
}

export class PolicyModule {
  readonly program: CheckedProgram
  readonly names: Names = new Names()
  readonly problems: Problem[] = []
  /** What is imported from `clearcoat/vcl-ts`. */
  readonly #values = new Set<string>()
  readonly #types = new Set<string>()
  readonly #node = new Map<string, Set<string>>()
  /** Before everything else that is declared. */
  readonly constants: string[] = []
  readonly #constantNames = new Map<string, string>()
  /** Fields of the transaction's state, and how each begins. */
  readonly state: Map<string, string> = new Map()
  /** What the backend side wants to know of the client's connection: fields of the state, and what `recv` sets them to. */
  readonly carried: Map<string, { readonly noun: string; readonly code: string }> = new Map()
  /** What the policy announces under `services`. */
  readonly services: Set<string> = new Set()
  /** What `init` does, in order. */
  readonly init: string[] = []
  /** What `fini` does, in order. */
  readonly fini: string[] = []
  /** Hooks whose contexts have a name. */
  readonly #contexts = new Map<RequestHook, string>()
  /** VCL's names of what goes into `backends`. */
  readonly choices: string[] = []
  /** Whether some function needs them all. */
  namesBackends = false

  /** Labels of the VCLs that a request can be handed to. */
  readonly labels: readonly string[]
  /** Its own; `null`: it is the first VCL. */
  readonly label: string | null

  constructor(program: CheckedProgram, labels: readonly string[], label: string | null) {
    this.program = program
    this.labels = labels
    this.label = label
  }

  /** Imports what a policy within this one needs. */
  importFor(inner: PolicyModule): void {
    for (const name of inner.#values) this.use(name)
    for (const name of inner.#types) this.useType(name)
    for (const [module, names] of inner.#node) for (const name of names) this.node(module, name)
  }

  /** What something is called among all policies of the file: `shop.images`. */
  nameOutside(name: string): string {
    return this.label === null ? name : `${this.label}.${name}`
  }

  /** A value of `clearcoat/vcl-ts`. */
  use(name: string): string {
    this.#values.add(name)
    this.names.reserve(name)
    return name
  }

  useType(name: string): string {
    this.#types.add(name)
    this.names.reserve(name)
    return name
  }

  /** A function of the namespace `vcl`. */
  lib(name: string): string {
    return `${this.use('vcl')}.${name}`
  }

  /** Something out of one of Node's modules. */
  node(module: string, name: string): string {
    const names = this.#node.get(module) ?? new Set()
    this.#node.set(module, names.add(name))
    this.names.reserve(name)
    return name
  }

  /** A constant of the whole policy, made once for each value. */
  constant(wanted: string, value: string): string {
    const known = this.#constantNames.get(value)
    if (known !== undefined) return known
    const name = this.names.free(wanted)
    this.#constantNames.set(value, name)
    this.constants.push(`const ${name} = ${value}`)
    return name
  }

  /** Of each sub that has been written: what its promises resolve with. */
  readonly promises: Map<string, Scope['promises']> = new Map()

  refuse(refusal: Refusal): void {
    this.problems.push({ kind: 'untranslatable', span: refusal.span, reason: refusal.message, hint: refusal.hint })
  }

  backend(name: string): string {
    return this.names.of(name, 'backend')
  }

  get defaultBackend(): CheckedBackend | null {
    return this.program.defaultBackend
  }

  /** The type of a hook's context, under a short name. */
  contextType(hook: RequestHook): string {
    const known = this.#contexts.get(hook)
    if (known !== undefined) return known
    this.useType('HookContext')
    const name = this.names.free(`${hook[0]?.toUpperCase() ?? ''}${hook.slice(1)}`)
    this.#contexts.set(hook, name)
    return name
  }

  typeLines(): string[] {
    const state = this.state.size === 0 ? '' : ', State'
    return [...this.#contexts].map(([hook, name]) => `type ${name} = HookContext<'${hook}'${state}>`)
  }

  stateLines(): string[] {
    if (this.state.size === 0) return []
    const fields = [...this.state].map(([name, begin]) => `${name}: ${begin}`)
    return [
      `const state = () => ({ ${fields.join(', ')} })`,
      ...(this.#contexts.size === 0 ? [] : ['type State = ReturnType<typeof state>']),
    ]
  }

  initLines(): string[] {
    const lines: string[] = []
    for (const [name, body] of [
      ['init', this.init],
      ['fini', this.fini],
    ] as const) {
      if (body.length === 0) continue
      const waits = body.some((line) => line.includes('await '))
      lines.push(`${waits ? 'async ' : ''}${name}() {`, ...body.map((line) => (line === '' ? '' : `  ${line}`)), '},')
    }
    return lines
  }

  importLines(): string[] {
    const lines = [...this.#node].sort().map(([module, names]) => `import { ${[...names].sort().join(', ')} } from '${module}'`)
    const own = [...[...this.#values].map((name) => name), ...[...this.#types].map((name) => `type ${name}`)]
    own.sort((a, b) => (bare(a) < bare(b) ? -1 : 1))
    const line = `import { ${own.join(', ')} } from 'clearcoat/vcl-ts'`
    return [...lines, ...(line.length <= 120 ? [line] : ['import {', ...own.map((name) => `  ${name},`), "} from 'clearcoat/vcl-ts'"])]
  }
}

function bare(name: string): string {
  return name.replace(/^type /, '').toLowerCase()
}
