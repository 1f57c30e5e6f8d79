/** Rules that can never run. */
import type { AnyNode } from 'acorn'
import { STEPS } from '../../../vcl-ts/builtin/step-names.ts'
import type { Complaint, Lint, LintInput } from './finding.ts'
import { alwaysAnswers, ends } from './flow.ts'
import { type HookTree, isFunction, type PolicyTree, pathOf, stacksOf } from './policy-tree.ts'
import { descendants, keyOf, type SourceTree, stringOf } from './source-tree.ts'

export const DEAD_RULE: Lint = {
  name: 'dead-rule',
  severity: 'error',
  what: 'a rule that can never run',
  why: 'what it was written for never happens',
  how: 'move it before what decides, or remove it',
  find: ({ tree, policies, hooks }: LintInput) => [
    ...hooks.flatMap((hook) => [...behindAnEnd(hook), ...impossible(hook), ...decidedBefore(hook, tree)]),
    ...stacksOf(tree, policies).flatMap(neverAsked),
    ...policies.flatMap(stepsNeverReached),
  ],
}

function behindAnEnd(hook: HookTree): Complaint[] {
  return descendants(hook.function.body).flatMap((node) => {
    const statements = node.type === 'BlockStatement' ? node.body : node.type === 'SwitchCase' ? node.consequent : []
    const end = statements.findIndex(ends)
    const dead = end < 0 ? undefined : statements.slice(end + 1).find(runs)
    return dead === undefined ? [] : [{ node: dead, message: `this never runs: ${hook.hook} has ended before it` }]
  })
}

/** Functions are there before the block begins, and `break` behind `return` is a habit. */
function runs(node: AnyNode): boolean {
  return node.type !== 'FunctionDeclaration' && node.type !== 'EmptyStatement' && node.type !== 'BreakStatement'
}

interface Comparison {
  readonly path: string
  readonly value: string
  readonly equal: boolean
}

function comparisonOf(node: AnyNode, hook: HookTree): Comparison | null {
  if (node.type !== 'BinaryExpression' || !/^[!=]==?$/.test(node.operator)) return null
  const sides = [node.left, node.right] as const
  for (const [side, other] of [sides, sides.toReversed() as [typeof node.left, typeof node.right]]) {
    const path = side.type === 'PrivateIdentifier' ? null : pathOf(side, hook.names)
    const value = stringOf(other)
    if (path !== null && value !== null) return { path: path.join('.'), value, equal: node.operator.startsWith('=') }
  }
  return null
}

/** Values that a noun never has. */
const NEVER: Readonly<Record<string, readonly [values: RegExp, why: string]>> = {
  'req.method': [/[a-z]/, 'methods are in capitals'],
  'req.host': [/[A-Z]|\.$|:80$/, 'req.host is in lower case, without the default port and a dot at its end'],
  'req.url': [/^[^/*]|^$/, 'req.url begins with /'],
  'req.path': [/^[^/*]|^$|\?/, 'req.path begins with / and ends before the ?'],
  'req.query': [/^\?/, 'req.query begins behind the ?'],
}

function impossible(hook: HookTree): Complaint[] {
  return descendants(hook.function.body).flatMap((node) => {
    const compared = comparisonOf(node, hook) ?? startOf(node, hook)
    const never = compared !== null && Object.hasOwn(NEVER, compared.path) ? NEVER[compared.path] : undefined
    if (compared === null || never === undefined || !never[0].test(compared.value)) return []
    return [
      { node, message: `${compared.path} is never ${JSON.stringify(compared.value)}: ${never[1]}`, how: 'compare with what it can be' },
    ]
  })
}

/** `req.url.startsWith('x')`. */
function startOf(node: AnyNode, hook: HookTree): Comparison | null {
  if (node.type !== 'CallExpression' || node.callee.type !== 'MemberExpression' || keyOf(node.callee) !== 'startsWith') return null
  const path = pathOf(node.callee.object, hook.names)?.join('.')
  const value = stringOf(node.arguments[0])
  return value === null || (path !== 'req.url' && path !== 'req.path') || value === '' ? null : { path, value, equal: true }
}

/** An `if` whose condition an `if` before it has ended the hook for; of what nobody assigns in between. */
function decidedBefore(hook: HookTree, tree: SourceTree): Complaint[] {
  const assigned = new Set(
    descendants(hook.function.body).flatMap((node) =>
      node.type === 'AssignmentExpression' ? [pathOf(node.left, hook.names)?.join('.') ?? ''] : [],
    ),
  )
  const statements = hook.function.body.type === 'BlockStatement' ? hook.function.body.body : []
  const excluded: AnyNode[] = []
  const found: Complaint[] = []
  for (const statement of statements) {
    if (statement.type !== 'IfStatement') continue
    if (excluded.some((test) => neverWith(test, statement.test, hook, tree, assigned)))
      found.push({ node: statement, message: `this never runs: ${hook.hook} has ended before where ${tree.textOf(statement.test)}` })
    if (ends(statement.consequent)) excluded.push(statement.test)
  }
  return found
}

/** Whether `later` cannot hold where `ended` does not. */
function neverWith(ended: AnyNode, later: AnyNode, hook: HookTree, tree: SourceTree, assigned: ReadonlySet<string>): boolean {
  const before = comparisonOf(ended, hook)
  const after = comparisonOf(later, hook)
  if (before !== null && after !== null) {
    if (before.path !== after.path || assigned.has(before.path)) return false
    if (before.equal) return after.equal && before.value === after.value
    // It ended for all other values, so this one is left.
    return after.equal ? before.value !== after.value : before.value === after.value
  }
  const calls = descendants(later).some((node) => node.type === 'CallExpression' || node.type === 'AssignmentExpression')
  return assigned.size === 0 && !calls && tree.textOf(ended) === tree.textOf(later)
}

/** The hooks of policies behind one that always answers. */
function neverAsked(stack: readonly PolicyTree[]): Complaint[] {
  return stack.flatMap((policy, index) =>
    policy.hooks.flatMap(({ hook, function: body }) => {
      const answered = stack.slice(0, index).some((before) => before.hooks.some((each) => each.hook === hook && alwaysAnswers(each)))
      return answered
        ? [
            {
              node: body,
              message: `this ${hook} is never asked: a policy before it in the stack always answers`,
              how: 'put it first, or let the other return nothing where it has no opinion',
            },
          ]
        : []
    }),
  )
}

/** Replaced built-in steps behind a hook that always answers. */
function stepsNeverReached(policy: PolicyTree): Complaint[] {
  return policy.builtin.flatMap((entry) => {
    const hook = policy.hooks.find(
      (each) => (STEPS as Readonly<Record<string, readonly string[]>>)[each.hook]?.includes(keyOf(entry) ?? '') === true,
    )
    if (hook === undefined || !isFunction(entry.value) || !alwaysAnswers(hook)) return []
    return [{ node: entry, message: `this ${keyOf(entry)} never runs: ${hook.hook} always answers before it` }]
  })
}
