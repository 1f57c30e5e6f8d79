/** A VCL file as the source of a policy: read with all that it includes, checked, written as TypeScript. */
import { globSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { CheckResult } from '../vcl/check.ts'
import { emitPolicy } from '../vcl/emit/emit.ts'
import { readVcl } from '../vcl/front.ts'
import type { Problem } from '../vcl/problem.ts'
import { patternFault } from '../vcl/regex.ts'
import { PolicyLoadError } from './load-error.ts'

export interface VclSource {
  /** TypeScript; `null`: it is illegal, and the problems say why. What has no translation is a marked place in it. */
  readonly code: string | null
  readonly problems: readonly Problem[]
  /** Every file that was read, absolute. */
  readonly files: readonly string[]
}

/** Files of other VCLs that requests are handed to by `return (vcl(label))`, by label. */
export type VclLabels = Readonly<Record<string, string>>

/** `folders`: where includes are looked for first. Throws a `PolicyLoadError` for a file that cannot be read. */
export function readVclFile(path: string, folders: readonly string[] = [], labels: VclLabels = {}): VclSource {
  const files = new Set<string>()
  const read = (name: string): string | null => {
    const file = resolve(name)
    // A file that is not there yet may be what a reload waits for.
    files.add(file)
    try {
      return readFileSync(file, 'utf8')
    } catch {
      return null
    }
  }
  const checked = (name: string): CheckResult => {
    const text = read(name)
    if (text === null) throw new PolicyLoadError(resolve(name), 'there is no such file, or it cannot be read', null)
    return readVcl({ name, text }, { read, list: (glob) => globSync(glob).sort(), vclPath: folders, validateRegex: patternFault })
  }
  const first = checked(path)
  const others = Object.entries(labels).map(([label, file]) => [label, checked(file)] as const)
  const problems = [first, ...others.map(([, result]) => result)].flatMap((result) => result.problems)
  const programs = others.flatMap(([label, { program }]) => (program === null ? [] : [[label, program] as const]))
  if (first.program === null || programs.length < others.length) return { code: null, problems, files: [...files] }
  const emitted = emitPolicy(first.program, new Map(programs))
  // What the checker has named already is not named again by the writer.
  const all = [...problems, ...emitted.problems].filter(
    (problem, index, list) => list.findIndex(({ span }) => span.file === problem.span.file && span.start === problem.span.start) === index,
  )
  return { code: emitted.code, problems: all, files: [...files] }
}

export interface VclPolicy {
  readonly code: string
  /** Absolute. */
  readonly files: readonly string[]
}

/** The policy of a VCL that can be translated as a whole. Throws a `PolicyLoadError` with the place of its first problem. */
export function policyOfVcl(path: string, labels: VclLabels = {}): VclPolicy {
  const { code, problems, files } = readVclFile(path, [], labels)
  const [first] = problems
  if (code !== null && first === undefined) return { code, files }
  const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : ''
  const hint = first?.hint == null ? '' : `; ${first.hint}`
  const place = first === undefined ? null : { file: resolve(first.span.file.name), line: first.span.line, column: first.span.column }
  throw new PolicyLoadError(resolve(path), `${first?.reason ?? 'it is no VCL'}${hint}${more}`, place)
}
