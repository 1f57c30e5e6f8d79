/** The attributes of backends and probes: `.name = value;`. */
import type { Attribute, Comment, Expression, ProbeBody } from './ast.ts'
import { type Cursor, spanOf } from './parse-cursor.ts'
import { parseNumber, stringLiteral, truthOf } from './parse-expression.ts'
import { through } from './source.ts'
import { shown } from './token.ts'

export interface AttributeBlock {
  readonly attributes: readonly Attribute[]
  readonly closing: readonly Comment[]
}

export function parseAttributes(cursor: Cursor, after: string): AttributeBlock {
  const open = cursor.token
  cursor.expect('{', after)
  const attributes: Attribute[] = []
  while (!cursor.failed && !cursor.atEnd && !cursor.at('}') && !cursor.exhausted) {
    const attribute = parseAttribute(cursor)
    if (cursor.failed) cursor.recover()
    else attributes.push(attribute)
  }
  const closing = cursor.claim()
  if (!cursor.failed && cursor.atEnd) cursor.failUnclosed('the attributes that begin here have no end', 'close them with ‘}’', open.span)
  cursor.skip('}')
  return { attributes, closing }
}

function parseAttribute(cursor: Cursor): Attribute {
  const begun = cursor.begin()
  if (cursor.atWord('set')) cursor.fail('attributes are written without ‘set’', 'write .name = value;')
  cursor.expect('.', 'before the name of an attribute')
  const name = cursor.identifier('an attribute')
  cursor.expect('=', `after .${name.name}`)
  const value = parseValue(cursor)
  if (value.kind === 'probe-body') cursor.skip(';')
  else cursor.expectSemicolon(`.${name.name}`)
  return { name, value, ...cursor.finish(begun) }
}

function parseValue(cursor: Cursor): Expression | ProbeBody {
  const { token } = cursor
  switch (token.kind) {
    case 'string':
      return parseStrings(cursor)
    case 'int':
    case 'real':
      return parseNumber(cursor)
    case 'blob':
      cursor.take()
      return { kind: 'blob', base64: token.text, span: token.span }
    case 'name': {
      cursor.take()
      const truth = truthOf(token.text)
      return truth !== null
        ? { kind: 'bool', value: truth, span: token.span }
        : { kind: 'name', parts: [token.text], quoted: false, span: token.span }
    }
    case 'mark':
      if (token.text === '{') {
        const body = parseAttributes(cursor, 'before the probe’s attributes')
        return { kind: 'probe-body', ...body, span: spanOf(token, cursor.previous) }
      }
  }
  cursor.fail(`a value is missing; found ${shown(token)}`, null)
  return { kind: 'bool', value: false, span: token.span }
}

/** A text, or several side by side, as the lines of a probe's request are. */
function parseStrings(cursor: Cursor): Expression {
  const first = stringLiteral(cursor.take())
  const parts: Expression[] = [first]
  while (cursor.token.kind === 'string') parts.push(stringLiteral(cursor.take()))
  return parts.length === 1 ? first : { kind: 'concatenation', parts, span: through(first.span, cursor.previous.span) }
}
