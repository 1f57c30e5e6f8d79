/** Expressions by recursive descent, a function for each precedence: or, and, not, comparison, sum, product, member, operand. */
import type { Argument, Binary, BinaryOperator, Call, Expression, Literal, Name } from './ast.ts'
import { type Cursor, DEEPEST, spanOf } from './parse-cursor.ts'
import { through } from './source.ts'
import { isMark, shown, type Token } from './token.ts'
import { unitOf } from './units.ts'

/** So many operators in a row are a slip of a generator's. They nest to the left. */
export const LONGEST_CHAIN = 1000

const COMPARISONS: ReadonlySet<string> = new Set(['==', '!=', '<', '>', '<=', '>=', '~', '!~'])
/** What begins a statement is no operand, so that a missing `;` is found where it is missing. */
const STATEMENT_WORDS: ReadonlySet<string> = new Set(['set', 'unset', 'call', 'return', 'if', 'else', 'elseif', 'elsif', 'elif', 'new'])

export function parseExpression(cursor: Cursor): Expression {
  return cursor.deeper(() => parseOr(cursor), nothing(cursor))
}

function parseOr(cursor: Cursor): Expression {
  return chain(cursor, parseAnd, (token) => isMark(token, '||'))
}

function parseAnd(cursor: Cursor): Expression {
  return chain(cursor, parseNot, (token) => isMark(token, '&&'))
}

function parseNot(cursor: Cursor): Expression {
  if (!cursor.at('!')) return parseComparison(cursor)
  const mark = cursor.take()
  const operand = parseComparison(cursor)
  return { kind: 'unary', operator: '!', operand, span: through(mark.span, operand.span) }
}

function parseComparison(cursor: Cursor): Expression {
  const left = parseSum(cursor)
  const { token } = cursor
  if (token.kind !== 'mark' || !COMPARISONS.has(token.text)) return left
  cursor.take()
  const right = token.text.endsWith('~') ? parsePattern(cursor) : parseSum(cursor)
  return binary(token, left, right)
}

/** A pattern may be put together of literal texts. */
function parsePattern(cursor: Cursor): Expression {
  const first = parseMember(cursor)
  const parts = [first]
  while (first.kind === 'string' && cursor.at('+') && cursor.following.kind === 'string') {
    cursor.take()
    parts.push(stringLiteral(cursor.take()))
  }
  return parts.length === 1 ? first : { kind: 'concatenation', parts, span: through(first.span, cursor.previous.span) }
}

/** Values side by side are one text, as if `+` stood between them. */
function parseSum(cursor: Cursor): Expression {
  let left = parseProduct(cursor)
  for (let length = 0; !cursor.failed; length++) {
    const { token } = cursor
    if (isMark(token, '+') || isMark(token, '-')) {
      cursor.take()
      left = binary(token, left, parseProduct(cursor))
    } else if (beginsOperand(token)) left = parseSideBySide(cursor, left)
    else return left
    if (length > LONGEST_CHAIN) tooLong(cursor)
  }
  return left
}

function parseSideBySide(cursor: Cursor, first: Expression): Expression {
  const parts = [first]
  while (beginsOperand(cursor.token)) parts.push(parseProduct(cursor))
  return { kind: 'concatenation', parts, span: through(first.span, cursor.previous.span) }
}

function parseProduct(cursor: Cursor): Expression {
  return chain(cursor, parseMember, (token) => isMark(token, '*') || isMark(token, '/') || isMark(token, '%'))
}

/** Operands of one precedence, from the left to the right. */
function chain(cursor: Cursor, parse: (cursor: Cursor) => Expression, isOperator: (token: Token) => boolean): Expression {
  let left = parse(cursor)
  for (let length = 0; isOperator(cursor.token); length++) {
    if (length > LONGEST_CHAIN) tooLong(cursor)
    left = binary(cursor.take(), left, parse(cursor))
  }
  return left
}

function tooLong(cursor: Cursor): void {
  cursor.fail(`this expression has more than ${LONGEST_CHAIN} operators in a row`, 'divide it by parentheses')
}

function binary(operator: Token, left: Expression, right: Expression): Binary {
  return {
    kind: 'binary',
    operator: operator.text as BinaryOperator,
    operatorSpan: operator.span,
    left,
    right,
    span: through(left.span, right.span),
  }
}

function parseMember(cursor: Cursor): Expression {
  let expression = parseOperand(cursor)
  for (let length = 0; cursor.at('.'); length++) {
    if (length > DEEPEST) tooLong(cursor)
    cursor.take()
    const method = cursor.identifier('a method')
    const args = cursor.at('(') ? parseArguments(cursor) : missingParentheses(cursor)
    expression = { kind: 'method', of: expression, method, arguments: args, span: through(expression.span, cursor.previous.span) }
  }
  return expression
}

function missingParentheses(cursor: Cursor): readonly Argument[] {
  cursor.fail(`a method needs parentheses; found ${shown(cursor.token)}`, null)
  return []
}

function parseOperand(cursor: Cursor): Expression {
  const { token } = cursor
  switch (token.kind) {
    case 'int':
    case 'real':
      return parseNumber(cursor)
    case 'string': {
      cursor.take()
      return stringLiteral(token)
    }
    case 'blob': {
      cursor.take()
      return { kind: 'blob', base64: token.text, span: token.span }
    }
    case 'name':
      return parseNamed(cursor)
    case 'mark':
      if (token.text === '(') return parseParenthesised(cursor)
      if (token.text === '-') return parseNegative(cursor)
  }
  cursor.fail(`a value is missing; found ${shown(token)}`, null)
  return nothing(cursor)
}

function parseParenthesised(cursor: Cursor): Expression {
  const open = cursor.take()
  const inner = parseExpression(cursor)
  cursor.expect(')', 'to close the parenthesis')
  return { kind: 'parenthesised', inner, span: spanOf(open, cursor.previous) }
}

function parseNegative(cursor: Cursor): Expression {
  const mark = cursor.take()
  const operand = cursor.deeper(() => parseMember(cursor), nothing(cursor))
  return { kind: 'unary', operator: '-', operand, span: through(mark.span, operand.span) }
}

export function stringLiteral(token: Token): Literal & { readonly kind: 'string' } {
  const mark = token.span.file.text.slice(token.span.start, token.span.start + 3)
  const form = mark === '"""' ? '"""' : mark.startsWith('{"') ? '{"' : '"'
  return { kind: 'string', value: token.text, span: token.span, form }
}

/** A number, with the unit of time or size behind it. */
export function parseNumber(cursor: Cursor): Expression {
  const number = cursor.take()
  const value = Number(number.text)
  const { token } = cursor
  const unit = token.kind === 'name' ? unitOf(token.text) : null
  if (unit !== null) {
    cursor.take()
    return { kind: unit.kind, value: value * unit.factor, span: spanOf(number, token) }
  }
  if (token.kind === 'name' && token.span.start === number.span.end)
    cursor.fail(`‘${token.text}’ is no unit`, 'times are in ms, s, m, h, d, w, y; sizes in B, KB, MB, GB, TB')
  return { kind: number.kind === 'real' ? 'real' : 'int', value, span: number.span }
}

function parseNamed(cursor: Cursor): Expression {
  const name = parseName(cursor)
  const [only] = name.parts
  const truth = name.parts.length === 1 ? truthOf(only) : null
  if (truth !== null) return { kind: 'bool', value: truth, span: name.span }
  return cursor.at('(') && !name.quoted ? parseCall(cursor, name) : name
}

/** Case does not matter. */
export function truthOf(word: string | undefined): boolean | null {
  return word !== undefined && /^(?:true|false)$/i.test(word) ? word.toLowerCase() === 'true' : null
}

/** `req.http.X-Name`, `req.http."odd.name"`, `std.log`. */
export function parseName(cursor: Cursor): Name {
  const first = cursor.token
  const parts = [cursor.identifier('a variable or function').name]
  let quoted = false
  while (!quoted && cursor.at('.')) {
    cursor.take()
    const { token } = cursor
    quoted = token.kind === 'string'
    parts.push(quoted ? cursor.take().text : cursor.identifier('what stands behind the point').name)
  }
  return { kind: 'name', parts, quoted, span: spanOf(first, cursor.previous) }
}

export function parseCall(cursor: Cursor, callee: Name): Call {
  const args = parseArguments(cursor)
  return { kind: 'call', callee, arguments: args, span: through(callee.span, cursor.previous.span) }
}

export function parseArguments(cursor: Cursor): readonly Argument[] {
  cursor.expect('(', 'before the arguments')
  const args: Argument[] = []
  while (!cursor.atEnd && !cursor.at(')')) {
    args.push(parseArgument(cursor))
    if (!cursor.skip(',')) break
  }
  cursor.expect(')', 'after the arguments')
  return args
}

function parseArgument(cursor: Cursor): Argument {
  if (cursor.token.kind !== 'name' || !isMark(cursor.following, '=')) return { name: null, value: parseExpression(cursor) }
  const name = cursor.identifier('an argument')
  cursor.take()
  return { name, value: parseExpression(cursor) }
}

function beginsOperand(token: Token): boolean {
  if (token.kind === 'name') return !STATEMENT_WORDS.has(token.text)
  return token.kind === 'string' || token.kind === 'int' || token.kind === 'real' || token.kind === 'blob' || isMark(token, '(')
}

/** In place of what could not be parsed; the statement is dropped. */
function nothing(cursor: Cursor): Expression {
  return { kind: 'string', value: '', span: cursor.token.span, form: '"' }
}
