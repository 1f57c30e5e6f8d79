/** The statements of subs. */
import { nearest } from '../../vcl-ts/nearest.ts'
import type {
  Annotated,
  Block,
  Branch,
  CallStatement,
  ExpressionStatement,
  Name,
  NewStatement,
  ReturnAction,
  ReturnStatement,
  SetStatement,
  Statement,
} from './ast.ts'
import { bind, classOf, refer } from './check-call.ts'
import { isVariableRoot, variable } from './check-variable.ts'
import type {
  CheckedAction,
  CheckedBlock,
  CheckedBranch,
  CheckedExpression,
  CheckedReturn,
  CheckedStatement,
  Untranslatable,
  VariableExpression,
} from './checked-ast.ts'
import type { Checking } from './checking.ts'
import { ACTIONS } from './legal-returns.ts'
import { only } from './scopes.ts'
import { textOf } from './source.ts'
import { isHookSub, isSplitSub } from './steps.ts'
import { assignable } from './value-types.ts'

const INIT = only('vcl_init')
const RESPONSE = only('vcl_backend_response')

/** `sub`: the name of the one that it belongs to. Statements that something is wrong with are left out. */
export function checkBlock(checking: Checking, { statements, closing, span }: Block, sub: string): CheckedBlock {
  return { statements: checkStatements(checking, statements, sub), closing, span }
}

function checkStatements(checking: Checking, statements: readonly Statement[], sub: string): readonly CheckedStatement[] {
  return statements.flatMap((statement) => checkStatement(checking, statement, sub) ?? [])
}

function checkStatement(checking: Checking, statement: Statement, sub: string): CheckedStatement | null {
  const annotated = annotatedOf(statement)
  switch (statement.kind) {
    case 'set':
      return checkSet(checking, statement, annotated)
    case 'unset': {
      const target = targetOf(checking, statement.target, 'unset')
      return target === null ? null : { kind: 'unset', target, ...annotated }
    }
    case 'call':
      return checkCall(checking, statement, annotated)
    case 'return':
      return checkReturn(checking, statement, annotated, sub)
    case 'if': {
      const branches = statement.branches.flatMap((branch) => checkBranch(checking, branch, sub) ?? [])
      const { otherwise } = statement
      const last: CheckedBranch<null> | null = otherwise === null ? null : { ...otherwise, body: checkBlock(checking, otherwise.body, sub) }
      return { kind: 'if', branches, otherwise: last, ...annotated }
    }
    case 'new':
      return checkNew(checking, statement, annotated)
    case 'expression':
      return checkExpression(checking, statement, annotated)
    case 'block':
      return { kind: 'block', body: checkBlock(checking, statement.body, sub), ...annotated }
    case 'include': {
      const { path, content, closing } = statement
      return { kind: 'include', path, statements: checkStatements(checking, content, sub), closing, ...annotated }
    }
    case 'inline-c':
      return inlineC(checking, annotated)
  }
}

export function annotatedOf({ span, leading, trailing, inner, blankBefore }: Annotated): Annotated {
  return { span, leading, trailing, inner, blankBefore }
}

export function inlineC(checking: Checking, annotated: Annotated): Untranslatable {
  const start = { ...annotated.span, end: Math.min(annotated.span.end, annotated.span.start + 2) }
  checking.untranslatable(start, 'inline C cannot be translated', 'say in VCL or in TypeScript what it does')
  return { kind: 'untranslatable', what: 'inline-c', name: '', source: textOf(annotated.span), ...annotated }
}

function checkSet(checking: Checking, statement: SetStatement, annotated: Annotated): CheckedStatement | null {
  const { operator, value } = statement
  const target = targetOf(checking, statement.target, 'set')
  if (target === null) {
    // What else is wrong with it is said, too.
    checking.evaluate(value, 'STRING')
    return null
  }
  const want = assignable(target.type, operator)
  if (want === null) {
    checking.complain(statement.target.span, `${operator} is not possible on ${target.type}`, 'write =')
    return null
  }
  // `+=` reads what it adds to.
  if (operator !== '=' && target.type !== 'BODY') variable(checking, statement.target, 'read')
  const found = checking.value(value, want)
  return found === null ? null : { kind: 'set', target, operator, value: found, ...annotated }
}

function targetOf(checking: Checking, name: Name, access: 'set' | 'unset'): VariableExpression | null {
  const { parts, span } = name
  if (isVariableRoot(parts[0] ?? '')) return variable(checking, name, access)
  const hint = 'VCL has no variables of your own: use a field such as req.http.X-Name, or import var'
  checking.complain(span, `there is no variable ‘${parts.join('.')}’`, hint)
  return null
}

function checkCall(checking: Checking, { sub: { name, span } }: CallStatement, annotated: Annotated): CheckedStatement | null {
  const { subs } = checking.symbols
  if (!subs.has(name) && !isHookSub(name) && !isSplitSub(name)) {
    const meant = nearest(name, [...subs.keys()])
    checking.complain(span, `there is no sub ‘${name}’`, meant === null ? null : `did you mean ${meant}?`)
    return null
  }
  checking.calls(span, name)
  return { kind: 'call', sub: name, ...annotated }
}

function checkReturn(checking: Checking, { action }: ReturnStatement, annotated: Annotated, sub: string): CheckedReturn | null {
  if (action === null) {
    if (!isHookSub(sub)) return { kind: 'return', action: null, ...annotated }
    checking.complain(annotated.span, `a bare return leaves a sub of your own; ${sub} returns an action`, 'write return (action);')
    return null
  }
  const { name, span } = action.name
  if (!ACTIONS.has(name)) {
    // Judged with the others where the hooks are known, which have words for what older versions had.
    checking.returns(span, name)
    return null
  }
  checking.returns(span, name)
  const found = checkAction(checking, action)
  return found === null ? null : { kind: 'return', action: found, ...annotated }
}

function checkAction(checking: Checking, action: ReturnAction): CheckedAction | null {
  const { name, span } = action.name
  const args = action.arguments ?? []
  const named = args.find((argument) => argument.name !== null)?.name ?? null
  if (named !== null) {
    checking.complain(named.span, 'the arguments of an action have no names', null)
    return null
  }
  const values = args.map(({ value }) => value)
  const most = name === 'synth' || name === 'error' ? 2 : name === 'pass' || name === 'fail' || name === 'vcl' ? 1 : 0
  const surplus = values[most]
  if (surplus !== undefined) {
    checking.complain(
      surplus.span,
      most === 0 ? `${name} takes no arguments` : `${name} takes ${most === 1 ? 'one argument' : 'a status and a reason'}`,
      null,
    )
    return null
  }
  const [first, second] = values
  switch (name) {
    case 'synth':
    case 'error': {
      if (first === undefined) {
        if (name === 'error' && action.arguments === null) return { name, status: null, reason: null }
        checking.complain(span, `${name} needs a status`, `write ${name}(503, "reason")`)
        return null
      }
      const status = checking.value(first, 'INT')
      const reason = second === undefined ? null : checking.value(second, 'STRING')
      return status === null || (second !== undefined && reason === null) ? null : { name, status, reason }
    }
    case 'pass': {
      if (first === undefined) return { name, ttl: null }
      checking.use({ span, scope: RESPONSE, reason: 'pass with a duration cannot be returned', hint: 'it can in vcl_backend_response' })
      const ttl = checking.value(first, 'DURATION')
      return ttl === null ? null : { name, ttl }
    }
    case 'fail': {
      const reason = first === undefined ? null : checking.value(first, 'STRING')
      return first !== undefined && reason === null ? null : { name, reason }
    }
    case 'vcl': {
      if (first?.kind === 'name' && first.parts.length === 1) return { name, label: first.parts[0] ?? '' }
      checking.complain(first?.span ?? span, 'vcl needs a label', 'write return (vcl(label));')
      return null
    }
    default:
      return { name: name as (CheckedAction & { readonly name: 'deliver' })['name'] }
  }
}

function checkBranch(checking: Checking, { condition, body, leading }: Branch, sub: string): CheckedBranch | null {
  const found: CheckedExpression | null = checking.value(condition, 'BOOL')
  const checked = checkBlock(checking, body, sub)
  return found === null ? null : { condition: found, body: checked, leading }
}

function checkNew(checking: Checking, statement: NewStatement, annotated: Annotated): CheckedStatement | null {
  const { name, constructed } = statement
  const [module = '', className = ''] = constructed.callee.parts
  const shown = constructed.callee.parts.join('.')
  checking.use({ span: annotated.span, scope: INIT, reason: 'objects cannot be made', hint: 'they are made in vcl_init' })
  const imported = checking.symbols.imports.get(module)
  if (imported === undefined || constructed.callee.parts.length !== 2) {
    const { span } = constructed.callee
    checking.complain(
      span,
      imported === undefined ? `the VMOD ‘${module}’ is not imported` : `‘${shown}’ is no class`,
      imported === undefined ? `write import ${module}; at the beginning` : null,
    )
    return null
  }
  const found = classOf(checking, name.name)
  if (typeof found === 'string') {
    refer(checking, constructed.arguments)
    return { kind: 'untranslatable', what: 'vmod', name: found, source: textOf(annotated.span), ...annotated }
  }
  const of = imported.vmod?.classes.get(className)
  if (of === undefined) {
    const known = [...(imported.vmod?.classes.keys() ?? [])]
    const meant = nearest(className, known)
    const hint =
      meant !== null ? `did you mean ${module}.${meant}?` : known.length > 0 ? `there are ${known.join(', ')}` : 'it makes no objects'
    checking.complain(constructed.callee.span, `the VMOD ${module} has no class ‘${className}’`, hint)
    return null
  }
  const args = bind(checking, constructed, of.parameters, shown)
  if (args === null) return null
  const object = {
    kind: 'object',
    name: name.name,
    module: imported.declaration.module.name,
    class: className,
    arguments: args,
    span: annotated.span,
  } as const
  return { kind: 'new', object, ...annotated }
}

function checkExpression(checking: Checking, { call }: ExpressionStatement, annotated: Annotated): CheckedStatement | null {
  const found = checking.evaluate(call, 'VOID')
  if (found === null) return null
  if (found.kind === 'untranslatable')
    return { kind: 'untranslatable', what: 'vmod', name: found.module, source: textOf(annotated.span), ...annotated }
  if (found.kind === 'call' && (found.callee.kind === 'type-method' || (found.callee.kind === 'builtin' && found.type !== 'VOID'))) {
    checking.complain(call.span, `what ${textOf(call.callee.span)}() yields is taken by nothing`, 'write set variable = before it')
    return null
  }
  return { kind: 'expression', call: found, ...annotated }
}
