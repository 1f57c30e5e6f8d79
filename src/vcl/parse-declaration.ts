/** What stands outside of subs, and sub itself. */
import type {
  Annotated,
  BackendDeclaration,
  Declaration,
  ImportDeclaration,
  ProbeDeclaration,
  SubDeclaration,
  UnusedDeclaration,
  VersionDeclaration,
} from './ast.ts'
import { parseAcl } from './parse-acl.ts'
import { parseAttributes } from './parse-attribute.ts'
import type { Begun, Cursor } from './parse-cursor.ts'
import { parseInclude } from './parse-include.ts'
import { parseBlock } from './parse-statement.ts'
import { isWord, shown } from './token.ts'

const KEYWORDS = ['acl', 'backend', 'import', 'include', 'probe', 'sub', 'unused', 'vcl']

export function parseDeclarations(cursor: Cursor): Declaration[] {
  const declarations: Declaration[] = []
  while (!cursor.atEnd && !cursor.exhausted) {
    const declaration = parseDeclaration(cursor)
    if (cursor.failed) recover(cursor)
    else declarations.push(declaration)
  }
  return declarations
}

/** To the next word that can begin a declaration, outside of all braces. */
function recover(cursor: Cursor): void {
  cursor.recover()
  if (cursor.at('}')) cursor.take()
  while (!cursor.atEnd && cursor.token.kind !== 'inline-c' && !KEYWORDS.some((word) => isWord(cursor.token, word))) cursor.take()
}

function parseDeclaration(cursor: Cursor): Declaration {
  const begun = cursor.begin()
  const { token } = cursor
  switch (token.kind === 'name' ? token.text : token.kind) {
    case 'vcl':
      return parseVersion(cursor, begun)
    case 'sub':
      return parseSub(cursor, begun)
    case 'backend':
      return parseBackend(cursor, begun)
    case 'probe':
      return parseProbe(cursor, begun)
    case 'acl':
      return parseAcl(cursor, begun)
    case 'import':
      return parseImport(cursor, begun)
    case 'include':
      return { kind: 'include', ...parseInclude(cursor, begun, parseDeclarations) }
    case 'unused':
      return parseUnused(cursor, begun)
    case 'inline-c':
      cursor.take()
      return { kind: 'inline-c', code: token.text, ...cursor.finish(begun) }
  }
  const hint = isWord(token, 'director')
    ? 'directors are made in vcl_init: new name = directors.round_robin();'
    : `here may stand ${KEYWORDS.join(', ')}`
  cursor.fail(`a declaration cannot begin with ${shown(token)}`, hint)
  return { kind: 'unused', names: [], ...cursor.finish(begun) }
}

function parseVersion(cursor: Cursor, begun: Begun): VersionDeclaration {
  cursor.take()
  const { token } = cursor
  if (token.kind === 'real' || token.kind === 'int') cursor.take()
  else cursor.fail(`the version is missing; found ${shown(token)}`, 'write vcl 4.1;')
  if (!cursor.failed && token.text !== '4.0' && token.text !== '4.1')
    cursor.complain(`VCL ${token.text} is not known here`, 'write vcl 4.1; or vcl 4.0;', token.span)
  return { kind: 'version', version: token.text, ...finished(cursor, begun, 'the version') }
}

function parseSub(cursor: Cursor, begun: Begun): SubDeclaration {
  cursor.take()
  const name = cursor.identifier('the sub')
  const body = parseBlock(cursor, 'before the sub’s body')
  return { kind: 'sub', name, body, ...cursor.finish(begun) }
}

function parseBackend(cursor: Cursor, begun: Begun): BackendDeclaration {
  cursor.take()
  const name = cursor.identifier('the backend')
  if (cursor.atWord('none') || cursor.atWord('None')) {
    cursor.take()
    return { kind: 'backend', name, attributes: null, closing: [], ...finished(cursor, begun, 'none') }
  }
  const body = parseAttributes(cursor, 'before the backend’s attributes')
  return { kind: 'backend', name, ...body, ...cursor.finish(begun) }
}

function parseProbe(cursor: Cursor, begun: Begun): ProbeDeclaration {
  cursor.take()
  const name = cursor.identifier('the probe')
  const body = parseAttributes(cursor, 'before the probe’s attributes')
  return { kind: 'probe', name, ...body, ...cursor.finish(begun) }
}

function parseImport(cursor: Cursor, begun: Begun): ImportDeclaration {
  cursor.take()
  const module = cursor.identifier('the VMOD')
  let alias = null
  if (cursor.atWord('as')) {
    cursor.take()
    alias = cursor.identifier('the VMOD here')
  }
  let from = null
  if (cursor.atWord('from')) {
    cursor.take()
    if (cursor.token.kind === 'string') from = cursor.take().text
    else cursor.fail(`from is followed by a path in quotes; found ${shown(cursor.token)}`, null)
  }
  return { kind: 'import', module, alias, from, ...finished(cursor, begun, 'import') }
}

function parseUnused(cursor: Cursor, begun: Begun): UnusedDeclaration {
  cursor.take()
  const names = [cursor.identifier('what is unused')]
  while (cursor.skip(',')) names.push(cursor.identifier('what is unused'))
  return { kind: 'unused', names, ...finished(cursor, begun, 'unused') }
}

function finished(cursor: Cursor, begun: Begun, what: string): Annotated {
  cursor.expectSemicolon(what)
  return cursor.finish(begun)
}
