/** Every variable of VCL, read, set and unset where that is legal, one statement each. */
import { HOOK_SUBS, type HookSub } from '../../src/vcl/checked-ast.ts'
import type { ValueType } from '../../src/vcl/value-types.ts'
import { VARIABLES, type Variable } from '../../src/vcl/variables.ts'
import { withImports } from './with-imports.ts'

export interface VariableUse {
  readonly variable: Variable
  readonly how: 'read' | 'write' | 'unset'
  readonly hook: HookSub
  readonly statement: string
}

const SAMPLES: Readonly<Partial<Record<ValueType, string>>> = {
  BACKEND: 'second',
  BODY: '"body"',
  BOOL: 'true',
  BYTES: '1KB',
  DURATION: '30s',
  HEADER: '"value"',
  INT: '404',
  STEVEDORE: 'storage.s1',
  STRING: '"/text"',
}

/** Where a text can be put in each hook. */
function sink(hook: HookSub): string {
  return hook.startsWith('vcl_backend') ? 'bereq.http.X-Sink' : 'req.http.X-Sink'
}

function hookOf(scope: ReadonlySet<string>): HookSub | null {
  return HOOK_SUBS.find((hook) => scope.has(hook) && hook !== 'vcl_init' && hook !== 'vcl_fini') ?? null
}

function nameOf({ name }: Variable): string {
  return name.startsWith('storage.') ? name.replace('*', 's1') : name.replace('*', 'X-Field')
}

function usesOf(variable: Variable): readonly VariableUse[] {
  const name = nameOf(variable)
  const uses: VariableUse[] = []
  const reading = hookOf(variable.readable)
  if (reading !== null && variable.type !== 'HTTP')
    uses.push({ variable, how: 'read', hook: reading, statement: `set ${sink(reading)} = ${name};` })
  const writing = hookOf(variable.writable)
  if (writing !== null) uses.push({ variable, how: 'write', hook: writing, statement: `set ${name} = ${SAMPLES[variable.type] ?? '""'};` })
  const unsetting = hookOf(variable.unsettable)
  if (unsetting !== null) uses.push({ variable, how: 'unset', hook: unsetting, statement: `unset ${name};` })
  return uses
}

export const VARIABLE_USES: readonly VariableUse[] = VARIABLES.flatMap(usesOf)

/** One VCL with these uses, of the version that has them. */
export function variableVcl(uses: readonly VariableUse[], version: '4.0' | '4.1'): string {
  const subs = HOOK_SUBS.flatMap((hook) => {
    const statements = uses.filter((use) => use.hook === hook && (use.variable.version ?? version) === version)
    return statements.length === 0 ? [] : [`sub ${hook} {\n${statements.map(({ statement }) => `  ${statement}`).join('\n')}\n}`]
  })
  const text = withImports(`sub vcl_recv { if (false) { set req.backend_hint = second; } }\n${subs.join('\n')}\n`)
  return text.replace('vcl 4.1;', `vcl ${version};`)
}
