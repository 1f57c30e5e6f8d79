/** `include` wherever it may stand: what is in the file is parsed as what may stand there. */
import type { Comment, Include } from './ast.ts'
import { type Included, includedFiles } from './include.ts'
import { lex } from './lexer.ts'
import { type Begun, Cursor, MOST_PROBLEMS } from './parse-cursor.ts'
import type { SourceFile, Span } from './source.ts'
import { shown } from './token.ts'

/** With this many files something includes itself twice over. */
const MOST_FILES = 1000
const DEEPEST_INCLUDE = 50

export function parseInclude<D>(cursor: Cursor, begun: Begun, parse: (inside: Cursor) => readonly D[]): Include<D> {
  cursor.take()
  const glob = cursor.skip('+') && parseFlag(cursor)
  const { token } = cursor
  if (token.kind === 'string') cursor.take()
  else cursor.fail(`include is followed by a path in quotes; found ${shown(token)}`, null)
  cursor.expectSemicolon('include')
  const annotated = cursor.finish(begun)
  const found = cursor.failed ? { files: [] } : includedFiles(cursor.run.reader, token.text, glob, cursor.path)
  return { ...annotated, path: token.text, glob, ...read(cursor, found, token.span, parse) }
}

function parseFlag(cursor: Cursor): boolean {
  const { name, span } = cursor.identifier('a flag')
  if (name !== 'glob') cursor.fail(`include has no flag +${name}`, 'the only one is +glob', span)
  return true
}

function read<D>(
  cursor: Cursor,
  found: Included,
  span: Span,
  parse: (inside: Cursor) => readonly D[],
): Pick<Include<D>, 'content' | 'closing'> {
  const content: D[] = []
  let closing: readonly Comment[] = []
  if ('reason' in found) cursor.complain(found.reason, found.hint, span)
  else
    for (const file of found.files) {
      const inside = enter(cursor, file, span)
      if (inside === null) continue
      content.push(...parse(inside))
      closing = inside.claim()
    }
  return { content, closing }
}

function enter(cursor: Cursor, file: SourceFile, span: Span): Cursor | null {
  const { run, path } = cursor
  if (cursor.exhausted) return null
  if (path.includes(file.name)) {
    cursor.complain(`${file.name} includes itself: ${[...path.slice(path.indexOf(file.name)), file.name].join(' → ')}`, null, span)
    return null
  }
  if (run.files.length >= MOST_FILES || path.length >= DEEPEST_INCLUDE) {
    cursor.complain(`more than ${path.length >= DEEPEST_INCLUDE ? `${DEEPEST_INCLUDE} levels of` : MOST_FILES} includes`, null, span)
    return null
  }
  run.files.push(file)
  const { tokens, problems } = lex(file)
  run.problems.push(...problems.slice(0, MOST_PROBLEMS - run.problems.length))
  return new Cursor(run, file, tokens, [...path, file.name])
}
