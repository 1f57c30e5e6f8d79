/** Judges a program as Varnish does, and resolves what it says. */
import type { Declaration, Program, SubDeclaration } from './ast.ts'
import { checkAcl } from './check-acl.ts'
import { checkBackend, checkProbe } from './check-backend.ts'
import { evaluate } from './check-expression.ts'
import { annotatedOf, checkBlock, inlineC } from './check-statement.ts'
import { flattened } from './check-symbols.ts'
import { append, checkUses, type SubFacts } from './check-uses.ts'
import type {
  CheckedBackend,
  CheckedBlock,
  CheckedDeclaration,
  CheckedImport,
  CheckedProbe,
  CheckedProgram,
  CheckedStatement,
  CheckedSub,
  HookSub,
  ObjectSymbol,
  SplitSub,
  Untranslatable,
} from './checked-ast.ts'
import { Checking, type CheckOptions } from './checking.ts'
import type { Problem } from './problem.ts'
import { textOf } from './source.ts'
import { isHookSub, isSplitSub } from './steps.ts'

export interface CheckResult {
  /** `null` exactly if something is `illegal`. What is `untranslatable` stands in it as such. */
  readonly program: CheckedProgram | null
  /** In the order of the text, twenty at most. */
  readonly problems: readonly Problem[]
}

/** `program` is what a parse without problems yielded; of another one only what could be read is judged. */
export function checkVcl(program: Program, options: CheckOptions = {}): CheckResult {
  const checking = new Checking(program, options, evaluate)
  checkVersions(checking, program)
  const declarations = [...flattened(program.declarations)]
  const probes = new Map<string, CheckedProbe>()
  const bodies = new Map<SubDeclaration, CheckedBlock>()
  for (const declaration of declarations)
    if (declaration.kind === 'probe') probes.set(declaration.name.name, checkProbe(checking, declaration))
    else if (declaration.kind === 'sub') bodies.set(declaration, checkBody(checking, declaration))
  const others = new Map(declarations.map((declaration) => [declaration, checkDeclaration(checking, declaration, probes)]))
  const facts = checkUses(checking)
  refuseNoBackend(checking, program)
  const problems = inOrder(checking.problems, program)
  if (problems.some(({ kind }) => kind === 'illegal')) return { program: null, problems }
  // The comments of the version line are the program's own.
  const [opening] = program.declarations
  const checked = declarations.flatMap((declaration) =>
    declaration.kind === 'sub'
      ? subOf(declaration, bodies.get(declaration), facts)
      : declaration.kind === 'version' && declaration === opening
        ? []
        : (others.get(declaration) ?? []),
  )
  return { program: assembled(checking, program, checked), problems }
}

function checkBody(checking: Checking, { name, body }: SubDeclaration): CheckedBlock {
  checking.enter(name.name)
  return checkBlock(checking, body, name.name)
}

/** All but subs, which wait for what is known at the end. */
function checkDeclaration(
  checking: Checking,
  declaration: Declaration,
  probes: ReadonlyMap<string, CheckedProbe>,
): CheckedDeclaration | null {
  switch (declaration.kind) {
    case 'sub':
      return null
    case 'backend':
      return checkBackend(checking, declaration, probes)
    case 'probe':
      return probes.get(declaration.name.name) ?? null
    case 'acl':
      return checkAcl(checking, declaration)
    case 'import':
      return checkImport(checking, declaration)
    case 'inline-c':
      return inlineC(checking, annotatedOf(declaration))
    case 'include':
      return { kind: 'comments', closing: declaration.closing, ...annotatedOf(declaration) }
    case 'version':
    case 'unused':
      return { kind: 'comments', closing: [], ...annotatedOf(declaration) }
  }
}

function checkImport(checking: Checking, declaration: Declaration & { readonly kind: 'import' }): CheckedImport | Untranslatable {
  const { module, alias } = declaration
  const annotated = annotatedOf(declaration)
  const name = (alias ?? module).name
  if (checking.symbols.imports.get(name)?.vmod != null) return { kind: 'import', module: module.name, name, ...annotated }
  checking.untranslatable(module.span, `the VMOD ${module.name} has no translation`, 'leave it out, or say in TypeScript what it does')
  return { kind: 'untranslatable', what: 'vmod', name: module.name, source: textOf(annotated.span), ...annotated }
}

function checkVersions(checking: Checking, program: Program): void {
  let isFirst = true
  for (const declaration of flattened(program.declarations)) {
    if (declaration.kind === 'version' && !isFirst && declaration.version > program.version)
      checking.complain(
        declaration.span,
        `this file is of VCL ${declaration.version}, and what includes it of ${program.version}`,
        `begin ${program.files[0]?.name} with vcl ${declaration.version};`,
      )
    isFirst = false
  }
}

/** A director may stand in where no backend is declared, but it needs some itself; an unknown VMOD may bring its own. */
function refuseNoBackend(checking: Checking, program: Program): void {
  const { backends, imports } = checking.symbols
  if (backends.size > 0 || [...imports.values()].some(({ vmod }) => vmod === null)) return
  const [file] = program.files
  const last = program.declarations.at(-1)?.span
  const start = last ?? (file === undefined ? null : { file, start: 0, end: 0, line: 1, column: 1 })
  if (start !== null)
    checking.complain(
      { ...start, end: start.start },
      'no backend is declared',
      'add backend default { .host = "127.0.0.1"; .port = "8080"; }, or backend default none;',
    )
}

function subOf(declaration: SubDeclaration, body: CheckedBlock | undefined, facts: ReadonlyMap<string, SubFacts>): CheckedSub {
  const { name } = declaration.name
  const { runsIn = [], decides = false } = facts.get(name) ?? {}
  const role = isHookSub(name) ? 'hook' : isSplitSub(name) ? 'step' : 'own'
  const empty: CheckedBlock = { statements: [], closing: [], span: declaration.body.span }
  return { kind: 'sub', name, role, body: body ?? empty, runsIn, decides, ...annotatedOf(declaration) }
}

function assembled(checking: Checking, program: Program, declarations: readonly CheckedDeclaration[]): CheckedProgram {
  const hooks = new Map<HookSub, CheckedSub[]>()
  const steps = new Map<SplitSub, CheckedSub[]>()
  const subs = new Map<string, CheckedSub>()
  const objects = new Map<string, ObjectSymbol>()
  for (const item of declarations) {
    if (item.kind !== 'sub') continue
    if (isHookSub(item.name)) append(hooks, item.name, item)
    else if (isSplitSub(item.name)) append(steps, item.name, item)
    else subs.set(item.name, item)
    for (const object of madeIn(item.body.statements)) objects.set(object.name, object)
  }
  const [first] = program.declarations
  const backends = byName<CheckedBackend>(declarations, 'backend')
  return {
    files: program.files,
    version: program.version,
    declarations: declarations.filter(
      (item) => item.kind !== 'comments' || item.leading.length + item.trailing.length + item.closing.length > 0,
    ),
    opening: first?.kind === 'version' ? [...first.leading, ...first.trailing] : [],
    closing: program.closing,
    defaultBackend: backends.get(checking.symbols.defaultBackend ?? '') ?? null,
    hooks,
    steps,
    subs,
    objects,
    acls: byName(declarations, 'acl'),
    probes: byName(declarations, 'probe'),
    backends,
    imports: byName(declarations, 'import'),
  }
}

function byName<T extends CheckedDeclaration & { readonly name: string | null }>(
  declarations: readonly CheckedDeclaration[],
  kind: T['kind'],
): ReadonlyMap<string, T> {
  return new Map(declarations.filter((item): item is T => item.kind === kind).map((item) => [item.name ?? '', item]))
}

function* madeIn(statements: readonly CheckedStatement[]): Generator<ObjectSymbol> {
  for (const statement of statements) {
    if (statement.kind === 'new') yield statement.object
    else if (statement.kind === 'block') yield* madeIn(statement.body.statements)
    else if (statement.kind === 'include') yield* madeIn(statement.statements)
    else if (statement.kind === 'if')
      for (const { body } of [...statement.branches, ...(statement.otherwise === null ? [] : [statement.otherwise])])
        yield* madeIn(body.statements)
  }
}

export function inOrder(problems: readonly Problem[], { files }: Pick<Program, 'files'>): readonly Problem[] {
  const place = ({ span }: Problem): number => files.indexOf(span.file)
  return problems.toSorted((a, b) => place(a) - place(b) || a.span.start - b.span.start)
}
