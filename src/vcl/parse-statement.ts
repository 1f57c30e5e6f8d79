/** The bodies of subs: blocks and the statements in them. */
import type {
  Annotated,
  Block,
  Branch,
  Expression,
  IfStatement,
  NewStatement,
  ReturnAction,
  ReturnStatement,
  SetOperator,
  SetStatement,
  Statement,
} from './ast.ts'
import { type Begun, type Cursor, spanOf } from './parse-cursor.ts'
import { parseArguments, parseCall, parseExpression, parseName } from './parse-expression.ts'
import { parseInclude } from './parse-include.ts'
import { shown } from './token.ts'

const SET_OPERATORS: ReadonlySet<string> = new Set(['=', '+=', '-=', '*=', '/='])

/** Words of VCL 3 and slips, and what to write. */
const INSTEAD: Readonly<Record<string, string>> = {
  remove: 'write ‘unset’',
  error: 'write return (synth(status, reason)), or in vcl_backend_* return (error(status, reason))',
  synthetic: 'write synthetic(text);',
  rollback: 'import std and write std.rollback(req);',
  purge: 'write return (purge) in vcl_recv, or import purge and write purge.hard() in vcl_hit and vcl_miss',
  esi: 'write set beresp.do_esi = true;',
  restart: 'write return (restart);',
  pass: 'write return (pass);',
  pipe: 'write return (pipe);',
  deliver: 'write return (deliver);',
  sub: 'close the block before it with ‘}’',
  import: 'imports stand outside of subs',
  acl: 'ACLs stand outside of subs',
  backend: 'backends stand outside of subs',
}

export function parseBlock(cursor: Cursor, after: string): Block {
  return cursor.deeper(() => block(cursor, after), { statements: [], closing: [], span: cursor.token.span })
}

function block(cursor: Cursor, after: string): Block {
  const open = cursor.token
  cursor.expect('{', after)
  const statements = parseStatements(cursor, () => cursor.at('}'))
  const closing = cursor.claim()
  if (!cursor.failed && cursor.atEnd) cursor.failUnclosed('the block that begins here is never closed', 'close it with ‘}’', open.span)
  cursor.skip('}')
  return { statements, closing, span: spanOf(open, cursor.previous) }
}

/** Those that could be read; what is wrong with the others is among the problems. */
export function parseStatements(cursor: Cursor, isOver: () => boolean): Statement[] {
  const statements: Statement[] = []
  while (!cursor.failed && !cursor.atEnd && !isOver() && !cursor.exhausted) {
    const statement = parseStatement(cursor)
    if (cursor.failed) {
      cursor.recover()
      // What belongs to an if that could not be read is not read either.
      while (beginsElse(cursor)) cursor.skipStatement()
      if (!isOver()) cursor.skip('}')
    } else statements.push(statement)
  }
  return statements
}

function parseStatement(cursor: Cursor): Statement {
  const begun = cursor.begin()
  const { token } = cursor
  if (token.kind === 'inline-c') {
    cursor.take()
    return { kind: 'inline-c', code: token.text, ...cursor.finish(begun) }
  }
  if (cursor.at('{')) {
    const body = parseBlock(cursor, '')
    return { kind: 'block', body, ...cursor.finish(begun) }
  }
  switch (token.kind === 'name' ? token.text : '') {
    case 'set':
      return parseSet(cursor, begun)
    case 'unset': {
      cursor.take()
      const target = parseName(cursor)
      return { kind: 'unset', target, ...finished(cursor, begun, 'unset') }
    }
    case 'call': {
      cursor.take()
      const sub = cursor.identifier('a sub')
      return { kind: 'call', sub, ...finished(cursor, begun, 'call') }
    }
    case 'return':
      return parseReturn(cursor, begun)
    case 'if':
      return parseIf(cursor, begun)
    case 'new':
      return parseNew(cursor, begun)
    case 'include':
      return { kind: 'include', ...parseInclude(cursor, begun, (inside) => parseStatements(inside, () => false)) }
  }
  return parseAction(cursor, begun)
}

function parseSet(cursor: Cursor, begun: Begun): SetStatement {
  cursor.take()
  const target = parseName(cursor)
  const { token } = cursor
  const operator = (token.kind === 'mark' && SET_OPERATORS.has(token.text) ? cursor.take().text : '=') as SetOperator
  if (cursor.token === token) cursor.fail(`‘=’ is missing after the variable; found ${shown(token)}`, null)
  const value = parseExpression(cursor)
  return { kind: 'set', target, operator, value, ...finished(cursor, begun, 'set') }
}

function parseReturn(cursor: Cursor, begun: Begun): ReturnStatement {
  cursor.take()
  const action = cursor.at(';') ? null : parseReturnAction(cursor)
  return { kind: 'return', action, ...finished(cursor, begun, 'return') }
}

function parseReturnAction(cursor: Cursor): ReturnAction {
  if (cursor.token.kind === 'name') cursor.fail('the action stands in parentheses', `write return (${cursor.token.text});`)
  cursor.expect('(', 'after return')
  const name = cursor.identifier('an action')
  const args = cursor.at('(') ? parseArguments(cursor) : null
  cursor.expect(')', 'after the action')
  return { name, arguments: args }
}

function parseIf(cursor: Cursor, begun: Begun): IfStatement {
  cursor.take()
  const branches: Branch[] = [parseBranch(cursor, [])]
  let otherwise: Branch<null> | null = null
  while (otherwise === null && !cursor.failed && beginsElse(cursor)) {
    const leading = cursor.claim()
    const isElse = cursor.take().text === 'else'
    if (isElse && !cursor.atWord('if')) otherwise = { condition: null, body: parseBlock(cursor, 'or ‘if’ after else'), leading }
    else {
      if (isElse) cursor.take()
      branches.push(parseBranch(cursor, leading))
    }
  }
  return { kind: 'if', branches, otherwise, ...cursor.finish(begun) }
}

function beginsElse(cursor: Cursor): boolean {
  return cursor.atWord('else') || cursor.atWord('elseif') || cursor.atWord('elsif') || cursor.atWord('elif')
}

function parseBranch(cursor: Cursor, leading: Branch['leading']): Branch {
  cursor.expect('(', 'before the condition')
  const condition: Expression = parseExpression(cursor)
  if (cursor.at('=')) cursor.fail('‘=’ sets; it does not compare', 'write == to compare')
  cursor.expect(')', 'after the condition')
  return { condition, body: parseBlock(cursor, 'after the condition'), leading }
}

function parseNew(cursor: Cursor, begun: Begun): NewStatement {
  cursor.take()
  const name = cursor.identifier('an object')
  cursor.expect('=', 'after the object’s name')
  const callee = parseName(cursor)
  const constructed = parseCall(cursor, callee)
  return { kind: 'new', name, constructed, ...finished(cursor, begun, 'new') }
}

/** A call, or nothing that VCL knows. */
function parseAction(cursor: Cursor, begun: Begun): Statement {
  const { token } = cursor
  if (token.kind !== 'name') cursor.fail(`a statement cannot begin with ${shown(token)}`, null)
  else if (beginsElse(cursor)) cursor.fail(`‘${token.text}’ follows no if`, null)
  const callee = parseName(cursor)
  if (!cursor.at('(')) {
    const [first = ''] = callee.parts
    const hint = Object.hasOwn(INSTEAD, first)
      ? (INSTEAD[first] ?? null)
      : callee.parts.length > 1
        ? 'write set before it, or call it with ()'
        : null
    cursor.fail(`‘${callee.parts.join('.')}’ is no statement of VCL 4`, hint, callee.span)
  }
  const call = parseCall(cursor, callee)
  return { kind: 'expression', call, ...finished(cursor, begun, 'a call') }
}

function finished(cursor: Cursor, begun: Begun, what: string): Annotated {
  cursor.expectSemicolon(what)
  return cursor.finish(begun)
}
