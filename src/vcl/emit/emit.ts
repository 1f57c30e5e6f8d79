/** A checked VCL as one TypeScript policy that does the same. */
import type { CheckedBlock, CheckedDeclaration, CheckedProgram, CheckedStatement, CheckedSub } from '../checked-ast.ts'
import type { Problem } from '../problem.ts'
import { textOf } from '../source.ts'
import { emitAcl } from './acls.ts'
import { emitBackend, emitProbe } from './backends.ts'
import { commentLines, leadingLines } from './comments.ts'
import { emitHooks, emitSteps, emitSub } from './hooks.ts'
import { emitInit } from './init.ts'
import { key } from './javascript.ts'
import { PolicyModule, Refusal } from './module.ts'
import { indented, marked } from './statement.ts'

export interface Emitted {
  /** The policy. What has no translation is a marked place in it, and a problem. */
  readonly code: string
  /** All of the kind `untranslatable`. */
  readonly problems: readonly Problem[]
}

/** `labels`: the VCLs that the first hands requests to, by their labels. */
export function emitPolicy(program: CheckedProgram, labels: ReadonlyMap<string, CheckedProgram> = new Map()): Emitted {
  const behind = [...labels].map(([label, inner]) => emitLabelled(label, inner))
  const module = new PolicyModule(program, [...labels.keys()], null)
  for (const each of behind) module.importFor(each.module)
  if (behind.length > 0) module.use('front')
  const made = behind.map(({ module: { label } }) => module.names.free(functionName(label ?? '')))
  const body = moduleLines(module)
  const lines = [
    ...commentLines(program.opening),
    ...(program.opening.length === 0 ? [] : ['']),
    `// From ${sourceOf(program)} by clearcoat import-vcl. It is meant for --preset varnish.`,
    ...module.importLines(),
    ...body.declared,
    ...behind.flatMap(({ lines: inner, module: { label, program: from } }, at) => [
      '',
      `/** The label ${label}: from ${sourceOf(from)}. */`,
      `function ${made[at]}() {`,
      ...indented(inner),
      '}',
    ]),
    '',
    ...body.before,
    ...exported(module, body.policy, made),
    ...section(commentLines(program.closing)),
  ]
  const problems = [module, ...behind.map((each) => each.module)].flatMap((each) => each.problems)
  return { code: `${lines.join('\n').replace(/\n{3,}/g, '\n\n')}\n`, problems }
}

function exported(module: PolicyModule, policy: readonly string[], behind: readonly string[]): readonly string[] {
  if (behind.length === 0) return prefixed('export default ', policy)
  const members = behind.map((name, at) => `${key(module.labels[at] ?? '')}: ${name}()`)
  return ['export default front(', ...indented(suffixed(policy, ',')), ...indented([`{ ${members.join(', ')} },`]), ')']
}

/** The policy of a labelled VCL, as the body of a function, so that its names are its own. */
function emitLabelled(label: string, program: CheckedProgram): { readonly module: PolicyModule; readonly lines: readonly string[] } {
  const module = new PolicyModule(program, [], label)
  const { declared, before, policy } = moduleLines(module)
  const opening = commentLines(program.opening)
  const lines = [...opening, ...declared, '', ...before, ...prefixed('return ', policy), ...section(commentLines(program.closing))]
  return { module, lines: lines.slice(lines.findIndex((line) => line !== '')) }
}

interface ModuleLines {
  readonly declared: readonly string[]
  /** What the policy alone needs. */
  readonly before: readonly string[]
  /** `definePolicy({ … })` */
  readonly policy: readonly string[]
}

function moduleLines(module: PolicyModule): ModuleLines {
  reserveNames(module)
  const declared = declarations(module)
  const steps = emitSteps(module)
  const hooks = emitHooks(module)
  const { before, policy } = policyLines(module, steps, hooks)
  const top = [...section(module.constants), ...section(module.stateLines()), ...section(module.typeLines())]
  return { declared: [...top, ...declared], before, policy }
}

function functionName(label: string): string {
  const plain = label.replace(/[^A-Za-z0-9]+(.)?/g, (_, next: string | undefined) => next?.toUpperCase() ?? '')
  return `${plain.replace(/^(?=\d)/, '_')}Policy`
}

function sourceOf({ files: [file] }: CheckedProgram): string {
  return file?.name ?? 'VCL'
}

function prefixed(prefix: string, [first = '', ...rest]: readonly string[]): readonly string[] {
  return [`${prefix}${first}`, ...rest]
}

function suffixed(lines: readonly string[], suffix: string): readonly string[] {
  return [...lines.slice(0, -1), `${lines.at(-1) ?? ''}${suffix}`]
}

/** What is declared gets its name before anything is written. */
function reserveNames(module: PolicyModule): void {
  const { backends, acls, probes, objects, subs } = module.program
  for (const name of backends.keys()) module.names.of(name, 'backend')
  for (const name of acls.keys()) module.names.of(name, 'acl')
  for (const name of probes.keys()) module.names.of(name, 'probe')
  for (const [name, { module: vmod }] of objects) module.names.of(name, vmod === 'blob' ? 'blob' : 'director')
  for (const name of subs.keys()) module.names.of(name, 'sub')
}

function declarations(module: PolicyModule): readonly string[] {
  const { program } = module
  const subs = new Map(inOrderOfCalls(program).map((sub) => [sub.name, emitSub(sub, module)]))
  // Probes are constants that backends need.
  const ordered = [...program.declarations].sort((a, b) => Number(b.kind === 'probe') - Number(a.kind === 'probe'))
  let made = false
  // What is made in vcl_init comes behind all that it is made of.
  const last = ordered.findLastIndex((each) => each.kind === 'backend' || (each.kind === 'sub' && each.name === 'vcl_init'))
  return ordered.flatMap((declaration, index) => {
    const lines = [...declarationLines(declaration, module, subs)]
    if (index === last && !made) {
      made = true
      const objects = emitInit(module)
      if (objects.length > 0) lines.push(...(lines.length > 0 ? [''] : []), ...objects)
    }
    return lines.length === 0 ? [] : ['', ...lines]
  })
}

function declarationLines(
  declaration: CheckedDeclaration,
  module: PolicyModule,
  subs: ReadonlyMap<string, readonly string[]>,
): readonly string[] {
  try {
    switch (declaration.kind) {
      case 'backend':
        return emitBackend(declaration, module)
      case 'probe':
        return emitProbe(declaration, module)
      case 'acl':
        return emitAcl(declaration, module)
      case 'sub':
        return declaration.role === 'own' ? (subs.get(declaration.name) ?? []) : []
      case 'import':
      case 'comments': {
        // What the file begins with is said at the top.
        const leading = declaration.leading.filter((comment) => !module.program.opening.includes(comment))
        return [...leadingLines({ ...declaration, leading }), ...commentLines(declaration.trailing)]
      }
      case 'untranslatable':
        return marked(
          new Refusal(declaration.span, declaration.what === 'inline-c' ? 'inline C' : `VMOD ${declaration.name}`),
          declaration.source,
        )
    }
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    module.refuse(error)
    return [...leadingLines(declaration), ...marked(error, textOf(declaration.span))]
  }
}

/** Subs behind those that they call. */
function inOrderOfCalls({ subs }: CheckedProgram): readonly CheckedSub[] {
  const order: CheckedSub[] = []
  const seen = new Set<string>()
  const visit = (name: string): void => {
    const sub = subs.get(name)
    if (sub === undefined || seen.has(name)) return
    seen.add(name)
    for (const called of callsIn(sub.body.statements)) visit(called)
    order.push(sub)
  }
  for (const name of subs.keys()) visit(name)
  return order
}

function callsIn(statements: readonly CheckedStatement[]): readonly string[] {
  return statements.flatMap((statement): readonly string[] => {
    switch (statement.kind) {
      case 'call':
        return [statement.sub]
      case 'if':
        return [...statement.branches.map(({ body }) => body), ...(statement.otherwise === null ? [] : [statement.otherwise.body])].flatMap(
          (body: CheckedBlock) => callsIn(body.statements),
        )
      case 'block':
        return callsIn(statement.body.statements)
      case 'include':
        return callsIn(statement.statements)
      default:
        return []
    }
  })
}

function policyLines(module: PolicyModule, steps: readonly string[], hooks: readonly string[]): Omit<ModuleLines, 'declared'> {
  const choices = choiceLine(module)
  const body = [
    ...choices.members,
    ...(module.services.size === 0 ? [] : [`services: { ${members(module, [...module.services], (name) => name)} },`]),
    ...(module.state.size === 0 ? [] : ['state,']),
    ...steps,
    ...hooks,
    ...module.initLines(),
  ]
  return { before: choices.before, policy: [`${module.use('definePolicy')}({`, ...indented(body), '})'] }
}

/** The default backend is the first. */
function choiceLine(module: PolicyModule): { readonly before: readonly string[]; readonly members: readonly string[] } {
  const { choices, defaultBackend, namesBackends } = module
  if (choices.length === 0) return { before: namesBackends ? ['const backends = {}', ''] : [], members: [] }
  const first = defaultBackend?.name
  const ordered = first === undefined || !choices.includes(first) ? choices : [first, ...choices.filter((name) => name !== first)]
  const known = (name: string): string => module.names.of(name, 'backend')
  const object = `{ ${members(module, ordered, known)} }`
  if (!namesBackends) return { before: [], members: [`backends: ${object},`] }
  if (module.label === null) return { before: [`const backends = ${object}`, ''], members: ['backends,'] }
  // Its own names are those of the VCL; the others see them with the label.
  const own = ordered.map((name) => (known(name) === name ? name : `${key(name)}: ${known(name)}`))
  return { before: [`const backends = { ${own.join(', ')} }`, ''], members: [`backends: ${object},`] }
}

/** Members of an object by the names that they have among all policies. */
function members(module: PolicyModule, names: readonly string[], of: (name: string) => string): string {
  return names
    .map((name) => {
      const [outside, value] = [module.nameOutside(name), of(name)]
      return outside === value ? value : `${key(outside)}: ${value}`
    })
    .join(', ')
}

function section(lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : ['', ...lines]
}
