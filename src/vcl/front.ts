/** From text to a checked program. */
import { type CheckResult, checkVcl } from './check.ts'
import type { CheckOptions } from './checking.ts'
import type { VclReader } from './include.ts'
import { parseVcl } from './parser.ts'
import type { SourceFile } from './source.ts'

/** Parses, and if there is nothing wrong with the text, checks. */
export function readVcl(file: SourceFile, options: Partial<VclReader> & CheckOptions = {}): CheckResult {
  const { read = () => null } = options
  const { program, problems } = parseVcl(file, { ...options, read })
  return problems.length > 0 ? { program: null, problems } : checkVcl(program, options)
}
