/** vcl_hash: what a policy adds to the key, which holds URL and host unless it says otherwise. */
import type { CheckedExpression, CheckedStatement } from '../checked-ast.ts'

/** What is left to say, and whether URL and host have to be said, too. */
export interface HashBody {
  readonly statements: readonly CheckedStatement[]
  /** The key begins empty, and where the body ends without `lookup`, URL and host are added. */
  readonly bare: boolean
}

/**
 * Bodies that hash URL and host themselves, as the built-in code does, need not say so. Only one that ends with `lookup` somewhere, and does
 * not hash both always, begins with an empty key.
 */
export function hashBody(statements: readonly CheckedStatement[]): HashBody {
  const rest = statements.filter((statement) => !isUrl(statement) && !isHost(statement))
  const both = statements.some(isUrl) && statements.some(isHost)
  const last = rest.at(-1)
  const looksUp = last?.kind === 'return' && last.action?.name === 'lookup'
  const body = looksUp ? rest.slice(0, -1) : rest
  if (both && !body.some(endsEarly)) return { statements: body, bare: false }
  if (!looksUp && !rest.some(endsEarly)) return { statements: rest, bare: false }
  return { statements, bare: true }
}

/** Before the parts behind it were added. */
function endsEarly(statement: CheckedStatement): boolean {
  switch (statement.kind) {
    case 'return':
    case 'call':
      return true
    case 'if':
      return (
        statement.branches.some(({ body }) => body.statements.some(endsEarly)) ||
        (statement.otherwise?.body.statements.some(endsEarly) ?? false)
      )
    case 'block':
      return statement.body.statements.some(endsEarly)
    case 'include':
      return statement.statements.some(endsEarly)
    default:
      return false
  }
}

function isUrl(statement: CheckedStatement): boolean {
  return hashed(statement, 'req.url', null)
}

/** `hash_data(req.http.host)`, or with server.ip where there is none. */
function isHost(statement: CheckedStatement): boolean {
  if (hashed(statement, 'req.http.*', 'host')) return true
  if (statement.kind !== 'if' || statement.branches.length !== 1 || statement.otherwise === null) return false
  const [then] = statement.branches
  const first = then?.body.statements ?? []
  const second = statement.otherwise.body.statements
  if (first.length !== 1 || second.length !== 1 || then?.condition.kind !== 'convert') return false
  return hashed(first[0] as CheckedStatement, 'req.http.*', 'host') && hashed(second[0] as CheckedStatement, 'server.ip', null)
}

function hashed(statement: CheckedStatement, variable: string, name: string | null): boolean {
  if (statement.kind !== 'expression' || statement.call.kind !== 'call' || statement.leading.length > 0) return false
  const { callee, arguments: args } = statement.call
  if (callee.kind !== 'builtin' || callee.name !== 'hash_data') return false
  const given = unwrapped(args[0] ?? null)
  return given?.kind === 'variable' && given.variable === variable && (given.name?.toLowerCase() ?? null) === name
}

function unwrapped(expression: CheckedExpression | null): CheckedExpression | null {
  if (expression?.kind === 'convert') return unwrapped(expression.operand)
  return expression?.kind === 'concat' && expression.parts.length === 1 ? unwrapped(expression.parts[0] ?? null) : expression
}
