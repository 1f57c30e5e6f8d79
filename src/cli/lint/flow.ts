/** Whether code goes on behind a statement, and whether a hook always answers. */
import type { AnyNode } from 'acorn'
import { type FunctionNode, type HookTree, isFunction, verbOf } from './policy-tree.ts'
import { children } from './source-tree.ts'

/** Whether nothing behind it in the same block can run. */
export function ends(node: AnyNode): boolean {
  switch (node.type) {
    case 'ReturnStatement':
    case 'ThrowStatement':
    case 'BreakStatement':
    case 'ContinueStatement':
      return true
    case 'BlockStatement':
      return node.body.some(ends)
    case 'IfStatement':
      return node.alternate !== null && node.alternate !== undefined && ends(node.consequent) && ends(node.alternate)
    case 'TryStatement':
      return node.finalizer ? ends(node.finalizer) || triedEnds(node) : triedEnds(node)
    case 'SwitchStatement':
      return (
        node.cases.some(({ test }) => test === null) &&
        node.cases.every(({ consequent }) => !consequent.some(breaks)) &&
        (node.cases.at(-1)?.consequent.some(ends) ?? false)
      )
    default:
      return false
  }
}

function triedEnds({ block, handler }: AnyNode & { type: 'TryStatement' }): boolean {
  return ends(block) && (handler === null || handler === undefined || ends(handler.body))
}

/** Whether a `break` in it leaves the switch that it belongs to. */
function breaks(node: AnyNode): boolean {
  if (node.type === 'BreakStatement') return true
  if (isFunction(node) || /^(?:For|While|DoWhile|Switch)/.test(node.type)) return false
  return children(node).some(breaks)
}

/** The returns of a function, not those of functions within it. */
export function returnsOf(node: AnyNode): (AnyNode & { type: 'ReturnStatement' })[] {
  if (node.type === 'ReturnStatement') return [node]
  return isFunction(node) ? [] : children(node).flatMap(returnsOf)
}

/** Whether every way through the hook answers a verb, so that nobody behind it is asked. */
export function alwaysAnswers(hook: HookTree): boolean {
  const { body }: FunctionNode = hook.function
  if (body.type !== 'BlockStatement') return answers(body, hook)
  return ends(body) && returnsOf(body).every(({ argument }) => argument !== null && argument !== undefined && answers(argument, hook))
}

function answers(node: AnyNode, hook: HookTree): boolean {
  if (node.type === 'ConditionalExpression') return answers(node.consequent, hook) && answers(node.alternate, hook)
  return verbOf(node, hook) !== null
}
