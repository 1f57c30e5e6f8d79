/** VCL's text as a tree. */
import type { Declaration, Program } from './ast.ts'
import { NO_READER, type VclReader } from './include.ts'
import { lex } from './lexer.ts'
import { Cursor, type ParseRun } from './parse-cursor.ts'
import { parseDeclarations } from './parse-declaration.ts'
import type { Problem } from './problem.ts'
import type { SourceFile } from './source.ts'

export interface Parsed {
  readonly program: Program
  /** Twenty at most, in the order of the text; all of them `illegal`. */
  readonly problems: readonly Problem[]
}

/** Whatever the text, this returns, in time linear in its length: with a program without what is among the problems. */
export function parseVcl(file: SourceFile, reader: VclReader = NO_READER): Parsed {
  const { tokens, problems } = lex(file)
  const run: ParseRun = { problems: [...problems], files: [file], reader }
  const cursor = new Cursor(run, file, tokens, [file.name])
  const declarations = parseDeclarations(cursor)
  const closing = cursor.claim()
  const version = versionOf(cursor, declarations)
  return { program: { files: run.files, version, declarations, closing }, problems: inOrder(run) }
}

function versionOf(cursor: Cursor, declarations: readonly Declaration[]): Program['version'] {
  const [first] = declarations
  if (first?.kind === 'version') return first.version === '4.0' ? '4.0' : '4.1'
  const [start] = declarations.length > 0 ? declarations : [cursor.token]
  if (cursor.run.problems.length === 0)
    cursor.complain('the version is missing: VCL begins with it', 'write vcl 4.1; on the first line', start?.span)
  return '4.1'
}

/** What the lexer found comes between what the parser found. */
function inOrder({ problems, files }: ParseRun): readonly Problem[] {
  const place = ({ span }: Problem): number => files.indexOf(span.file)
  return problems.toSorted((a, b) => place(a) - place(b) || a.span.start - b.span.start)
}
