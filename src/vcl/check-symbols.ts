/** What a program declares, by name. All names are of one space: an ACL and a VMOD cannot both be called `purge`. */
import { nearest } from '../../vcl-ts/nearest.ts'
import type {
  AclDeclaration,
  BackendDeclaration,
  Declaration,
  ImportDeclaration,
  NewStatement,
  ProbeDeclaration,
  Program,
  Statement,
  SubDeclaration,
} from './ast.ts'
import { HOOK_SUBS } from './checked-ast.ts'
import type { Complain } from './problem.ts'
import type { Vmod } from './signature.ts'
import type { Span } from './source.ts'
import { isHookSub, isSplitSub } from './steps.ts'
import { ROOTS } from './variables.ts'
import { VMODS } from './vmods.ts'

export interface ImportedVmod {
  readonly declaration: ImportDeclaration
  /** `null`: nobody knows it here. */
  readonly vmod: Vmod | null
}

export interface Symbols {
  readonly acls: ReadonlyMap<string, AclDeclaration>
  readonly backends: ReadonlyMap<string, BackendDeclaration>
  readonly probes: ReadonlyMap<string, ProbeDeclaration>
  /** In all bodies of its name, in their order. */
  readonly subs: ReadonlyMap<string, readonly SubDeclaration[]>
  readonly objects: ReadonlyMap<string, NewStatement>
  readonly imports: ReadonlyMap<string, ImportedVmod>
  /** Said to be unused. */
  readonly unused: ReadonlySet<string>
  /** `backend default`, or the first. */
  readonly defaultBackend: string | null
}

/** Declarations with those that were included, in the order of the text. */
export function* flattened(declarations: readonly Declaration[]): Generator<Declaration> {
  for (const declaration of declarations) {
    if (declaration.kind === 'include') yield* flattened(declaration.content)
    yield declaration
  }
}

export function collectSymbols(program: Program, complain: Complain): Symbols {
  return new Collector(complain).collect(program)
}

class Collector {
  readonly #complain: Complain
  readonly #taken = new Map<string, string>()
  readonly #acls = new Map<string, AclDeclaration>()
  readonly #backends = new Map<string, BackendDeclaration>()
  readonly #probes = new Map<string, ProbeDeclaration>()
  readonly #subs = new Map<string, SubDeclaration[]>()
  readonly #objects = new Map<string, NewStatement>()
  readonly #imports = new Map<string, ImportedVmod>()
  readonly #unused = new Set<string>()

  constructor(complain: Complain) {
    this.#complain = complain
  }

  collect(program: Program): Symbols {
    const all = [...flattened(program.declarations)]
    for (const declaration of all) this.#declare(declaration)
    for (const declaration of all) if (declaration.kind === 'sub') this.#findObjects(declaration.body.statements)
    for (const declaration of all) if (declaration.kind === 'unused') this.#markUnused(declaration.names)
    const [first = null] = this.#backends.keys()
    return {
      acls: this.#acls,
      backends: this.#backends,
      probes: this.#probes,
      subs: this.#subs,
      objects: this.#objects,
      imports: this.#imports,
      unused: this.#unused,
      defaultBackend: this.#backends.has('default') ? 'default' : first,
    }
  }

  #declare(declaration: Declaration): void {
    switch (declaration.kind) {
      case 'acl':
        if (this.#claim(declaration.name, 'ACL')) this.#acls.set(declaration.name.name, declaration)
        return
      case 'backend':
        if (this.#claim(declaration.name, 'backend')) this.#backends.set(declaration.name.name, declaration)
        return
      case 'probe':
        if (this.#claim(declaration.name, 'probe')) this.#probes.set(declaration.name.name, declaration)
        return
      case 'sub':
        this.#declareSub(declaration)
        return
      case 'import':
        this.#declareImport(declaration)
        return
    }
  }

  #declareSub(declaration: SubDeclaration): void {
    const { name, span } = declaration.name
    const bodies = this.#subs.get(name)
    const isSeveral = isHookSub(name) || isSplitSub(name)
    if (bodies !== undefined && isSeveral) bodies.push(declaration)
    else if (/^vcl_/i.test(name) && !isSeveral)
      this.#complain(span, `the names vcl_* are Varnish’s own, and ${name} is none of them`, this.#meant(name))
    else if (this.#claim(declaration.name, 'sub')) this.#subs.set(name, [declaration])
  }

  #meant(name: string): string | null {
    const known = nearest(name, HOOK_SUBS)
    if (name === 'vcl_fetch') return 'it is vcl_backend_response since VCL 4'
    if (name === 'vcl_error') return 'it is vcl_synth since VCL 4, and vcl_backend_error for failed fetches'
    return known === null ? null : `did you mean ${known}?`
  }

  #declareImport(declaration: ImportDeclaration): void {
    const name = declaration.alias ?? declaration.module
    const earlier = this.#imports.get(name.name)
    // Two files may each import what they need.
    if (earlier !== undefined && earlier.declaration.module.name === declaration.module.name) return
    if (this.#claim(name, 'VMOD')) this.#imports.set(name.name, { declaration, vmod: VMODS.get(declaration.module.name) ?? null })
  }

  #findObjects(statements: readonly Statement[]): void {
    for (const statement of statements) {
      switch (statement.kind) {
        case 'new':
          if (this.#claim(statement.name, 'object')) this.#objects.set(statement.name.name, statement)
          break
        case 'if':
          for (const { body } of statement.branches) this.#findObjects(body.statements)
          this.#findObjects(statement.otherwise?.body.statements ?? [])
          break
        case 'block':
          this.#findObjects(statement.body.statements)
          break
        case 'include':
          this.#findObjects(statement.content)
      }
    }
  }

  #markUnused(names: readonly { readonly name: string; readonly span: Span }[]): void {
    for (const { name, span } of names) {
      const known = this.#acls.has(name) || this.#backends.has(name) || this.#probes.has(name) || this.#subs.has(name)
      if (!known) this.#complain(span, `there is no sub, ACL, backend or probe ‘${name}’ that could be unused`, null)
      this.#unused.add(name)
    }
  }

  #claim({ name, span }: { readonly name: string; readonly span: Span }, kind: string): boolean {
    // Functions are known by their parentheses: `acl ban` is common.
    if (ROOTS.has(name) || name === 'true' || name === 'false') {
      this.#complain(span, `‘${name}’ is a word of VCL and cannot name ${article(kind)}`, 'choose another name')
      return false
    }
    // A backend and a probe may both be the default.
    const key = name === 'default' ? `default ${kind}` : name
    const earlier = this.#taken.get(key)
    if (earlier === undefined) {
      this.#taken.set(key, kind)
      return true
    }
    const hint =
      earlier === kind ? null : kind === 'VMOD' ? `import it under another name: import ${name} as other;` : 'choose another name'
    this.#complain(span, earlier === kind ? `the ${kind} ‘${name}’ is declared twice` : `‘${name}’ is ${article(earlier)} already`, hint)
    return false
  }
}

export function article(kind: string): string {
  return /^(?:[AEIOaeio]|HTTP)/.test(kind) ? `an ${kind}` : `a ${kind}`
}
