/** The policies of a bundle as syntax: their hooks, what names in a hook stand for, and what has to hold for a node to run. */
import type { AnyNode, ArrowFunctionExpression, FunctionDeclaration, FunctionExpression, ObjectExpression, Pattern, Property } from 'acorn'
import { type StepName, stepsOf } from '../../../vcl-ts/builtin/step-names.ts'
import { HOOKS, type Hook, type RequestHook } from '../../../vcl-ts/legal.ts'
import { calleeName, descendants, keyOf, type SourceTree } from './source-tree.ts'

export type FunctionNode = FunctionExpression | ArrowFunctionExpression | FunctionDeclaration

export interface HookTree {
  readonly hook: Hook
  readonly policy: PolicyTree
  readonly function: FunctionNode
  /** Names of the function that stand for a part of the context: `h` → `['req', 'headers']`; the context itself is `[]`. */
  readonly names: ReadonlyMap<string, readonly string[]>
}

export interface PolicyTree {
  readonly object: ObjectExpression
  readonly hooks: readonly HookTree[]
  /** The entries of `builtin`. */
  readonly builtin: readonly Property[]
  /** Functions in place of built-in steps, which see what their hook sees. */
  readonly steps: readonly HookTree[]
}

/** What `definePolicy` is given, and a default export that is a bare object. */
export function policiesOf(tree: SourceTree): PolicyTree[] {
  const found = new Set<ObjectExpression>()
  const add = (node: AnyNode | undefined): void => {
    const object = node === undefined ? null : tree.resolved(node)
    if (object?.type === 'ObjectExpression') found.add(object)
  }
  for (const node of descendants(tree.program))
    if (node.type === 'CallExpression' && calleeName(node) === 'definePolicy') add(node.arguments[0])
  for (const [name, value] of tree.declared) if (name.endsWith('_default')) add(value)
  return [...found].map((object) => policyOf(object, tree))
}

/** The policies of each `stack(…)`, first asked first. */
export function stacksOf(tree: SourceTree, policies: readonly PolicyTree[]): PolicyTree[][] {
  const policyAt = (node: AnyNode): PolicyTree[] => {
    const value = tree.resolved(node)
    const given = value.type === 'CallExpression' && calleeName(value) === 'definePolicy' ? value.arguments[0] : value
    const object = given === undefined ? null : tree.resolved(given)
    return policies.filter((policy) => policy.object === object)
  }
  return descendants(tree.program).flatMap((node) =>
    node.type === 'CallExpression' && calleeName(node) === 'stack' ? [node.arguments.flatMap(policyAt)] : [],
  )
}

function policyOf(object: ObjectExpression, tree: SourceTree): PolicyTree {
  const hooks: HookTree[] = []
  const properties = object.properties.filter((property): property is Property => property.type === 'Property')
  const builtin = properties
    .filter((property) => keyOf(property) === 'builtin')
    .flatMap((property) => propertiesOf(tree.resolved(property.value)))
  const steps: HookTree[] = []
  const policy: PolicyTree = { object, hooks, builtin, steps }
  for (const property of properties) {
    const hook = HOOKS.find((name) => name === keyOf(property))
    const body = tree.resolved(property.value)
    if (hook !== undefined && isFunction(body)) hooks.push({ hook, policy, function: body, names: namesOf(body) })
  }
  for (const entry of builtin) {
    const hook = HOOKS.find((name) => stepsOf(name as RequestHook).includes(keyOf(entry) as StepName))
    const body = tree.resolved(entry.value)
    if (hook !== undefined && isFunction(body)) steps.push({ hook, policy, function: body, names: namesOf(body) })
  }
  return policy
}

export function propertiesOf(node: AnyNode): Property[] {
  return node.type === 'ObjectExpression' ? node.properties.filter((property): property is Property => property.type === 'Property') : []
}

export function isFunction(node: AnyNode): node is FunctionNode {
  return node.type === 'FunctionExpression' || node.type === 'ArrowFunctionExpression' || node.type === 'FunctionDeclaration'
}

/** From the first parameter, and from constants that are taken out of what it gives. A name that is declared twice stands for nothing. */
function namesOf(body: FunctionNode): Map<string, readonly string[]> {
  const names = new Map<string, readonly string[]>()
  const twice = new Set<string>()
  const bind = (pattern: Pattern | null | undefined, path: readonly string[] | null): void => {
    if (pattern === null || pattern === undefined) return
    if (pattern.type === 'AssignmentPattern') bind(pattern.left, path)
    else if (pattern.type === 'Identifier') {
      if (names.has(pattern.name)) twice.add(pattern.name)
      else if (path !== null) names.set(pattern.name, path)
    } else if (pattern.type === 'ObjectPattern')
      for (const property of pattern.properties) {
        if (property.type !== 'Property') continue
        const key = keyOf(property)
        bind(property.value, path === null || key === null ? null : [...path, key])
      }
  }
  bind(body.params[0], [])
  for (const node of descendants(body.body)) {
    if (node.type === 'VariableDeclarator') bind(node.id, node.init ? pathOf(node.init, names) : null)
    else if (isFunction(node)) for (const parameter of node.params) bind(parameter, null)
  }
  for (const name of twice) names.delete(name)
  return names
}

/** The part of the context that an expression is: `['req', 'headers']`; `null`: none, or not one that can be told. */
export function pathOf(node: AnyNode, names: ReadonlyMap<string, readonly string[]>): readonly string[] | null {
  if (node.type === 'ChainExpression' || node.type === 'ParenthesizedExpression') return pathOf(node.expression, names)
  if (node.type === 'Identifier') return names.get(node.name) ?? null
  if (node.type !== 'MemberExpression') return null
  const path = pathOf(node.object, names)
  const key = keyOf(node)
  return path === null || key === null ? null : [...path, key]
}

/** The verb that a call is of, if it is one of the context. */
export function verbOf(node: AnyNode, { names }: HookTree): string | null {
  if (node.type !== 'CallExpression') return null
  const path = pathOf(node.callee, names)
  return path?.length === 1 ? (path[0] ?? null) : null
}

/** Calls of a verb in a hook. */
export function callsOf(hook: HookTree, verb: string): AnyNode[] {
  return descendants(hook.function.body).filter((node) => verbOf(node, hook) === verb)
}

/**
 * The conditions on the way to a node within its hook: those that surround it, and those of an `if` before it that may have ended the hook.
 */
export function guardsOf(node: AnyNode, hook: HookTree, tree: SourceTree): AnyNode[] {
  const guards: AnyNode[] = []
  let inner = node
  for (const outer of tree.ancestors(node)) {
    if (outer.type === 'IfStatement' || outer.type === 'ConditionalExpression') {
      if (outer.test !== inner) guards.push(outer.test)
    } else if (outer.type === 'LogicalExpression') {
      if (outer.left !== inner) guards.push(outer.left)
    } else if (outer.type === 'SwitchCase') {
      if (outer.test !== null && outer.test !== undefined) guards.push(outer.test)
    } else if (outer.type === 'SwitchStatement') guards.push(outer.discriminant)
    else if (outer.type === 'BlockStatement') {
      for (const statement of outer.body.slice(0, (outer.body as readonly AnyNode[]).indexOf(inner)))
        if (statement.type === 'IfStatement' && mayEnd(statement)) guards.push(statement.test)
    }
    if (outer === hook.function) break
    inner = outer
  }
  return guards
}

function mayEnd(node: AnyNode): boolean {
  return descendants(node).some((each) => each.type === 'ReturnStatement' || each.type === 'ThrowStatement')
}
