/** Rules on host and path that match more than they mean, or less. */
import type { AnyNode } from 'acorn'
import type { Complaint, Lint, LintInput } from './finding.ts'
import { callsOf, type HookTree, pathOf } from './policy-tree.ts'
import { descendants, keyOf, type SourceTree, stringOf } from './source-tree.ts'

export const UNANCHORED: Lint = {
  name: 'unanchored',
  severity: 'warning',
  what: 'a rule on host or path that matches more than it means',
  why: 'a client chooses host, path and query, and writes what fits the rule',
  how: 'anchor it: ^ and $, startsWith, or ===',
  find: ({ tree, hooks }: LintInput) => hooks.flatMap((hook) => descendants(hook.function.body).flatMap((node) => judge(node, hook, tree))),
}

function judge(node: AnyNode, hook: HookTree, tree: SourceTree): Complaint[] {
  if (node.type !== 'CallExpression' || node.callee.type !== 'MemberExpression') return []
  const method = keyOf(node.callee) ?? ''
  const [argument] = node.arguments
  if (argument === undefined) return []
  const [subject, pattern] = method === 'test' || method === 'exec' ? [argument, node.callee.object] : [node.callee.object, argument]
  const noun = pathOf(subject, hook.names)?.join('.') ?? ''
  const expression = regexpOf(tree.resolved(pattern))
  if (expression !== null && /^(?:test|exec|match|search)$/.test(method)) return judgePattern(node, noun, expression)
  const text = stringOf(tree.resolved(pattern))
  return text === null ? [] : judgeText(node, noun, method, text)
}

function regexpOf(node: AnyNode): string | null {
  return node.type === 'Literal' && 'regex' in node && node.regex ? node.regex.pattern : null
}

function judgePattern(node: AnyNode, noun: string, pattern: string): Complaint[] {
  const begins = pattern.startsWith('^')
  const finishes = /(?<!\\)\$$/.test(pattern)
  if (noun === 'req.host') {
    if (!begins || !finishes)
      return [
        {
          node,
          message: `/${pattern}/ also matches hosts that only contain it, such as example.com.evil.net`,
          how: 'anchor both ends: /^(?:www\\.)?example\\.com$/, or compare with ===',
        },
      ]
    if (/[a-z0-9]\.[a-z0-9]/i.test(pattern)) return [{ node, message: `the . of /${pattern}/ stands for any character`, how: 'write \\.' }]
    return []
  }
  if ((noun === 'req.url' || noun === 'req.path' || noun === 'bereq.url') && !begins) {
    const url = noun !== 'req.path'
    if (!finishes || url)
      return [
        {
          node,
          message: `/${pattern}/ matches anywhere in ${noun}${url ? ', its query too: /x?a=…' : ''}`,
          how: url ? 'anchor it with ^, or match req.path with $ at the end' : UNANCHORED.how,
        },
      ]
  }
  return []
}

function judgeText(node: AnyNode, noun: string, method: string, text: string): Complaint[] {
  if (noun === 'req.host') {
    if (method === 'includes' || method === 'indexOf' || method === 'startsWith')
      return [{ node, message: `${method}(${JSON.stringify(text)}) also matches hosts such as ${text}.evil.net`, how: 'compare with ===' }]
    if (method === 'endsWith' && !text.startsWith('.'))
      return [
        {
          node,
          message: `endsWith(${JSON.stringify(text)}) also matches evil${text}`,
          how: `compare with ===, or endsWith(${JSON.stringify(`.${text}`)})`,
        },
      ]
  }
  if ((noun === 'req.url' || noun === 'bereq.url') && (method === 'includes' || method === 'indexOf') && text.startsWith('/'))
    return [{ node, message: `${method}(${JSON.stringify(text)}) matches anywhere in ${noun}, its query too`, how: 'use startsWith' }]
  return []
}

export const DECODED_PATH: Lint = {
  name: 'raw-path',
  severity: 'note',
  what: 'a refusal of one spelling of a path (a note)',
  why: 'paths are compared byte for byte: /%61dmin, //admin and /admin;x are other texts that an origin may read as the same page',
  how: 'let the origin refuse it as well, or allow what is meant and refuse the rest',
  find: ({ tree, hooks }: LintInput) =>
    hooks.flatMap((hook) =>
      hook.hook !== 'recv'
        ? []
        : refusals(hook)
            .filter((call) => conditionsOf(call, tree).some((test) => comparesPath(test, hook)))
            .map((node) => ({ node, message: 'this refuses one spelling of a path only' })),
    ),
}

/** The conditions that hold where a node runs; what runs where one does not hold refuses the rest. */
function conditionsOf(node: AnyNode, tree: SourceTree): AnyNode[] {
  const outwards = [node, ...tree.ancestors(node)]
  return outwards.flatMap((outer, index) =>
    (outer.type === 'IfStatement' || outer.type === 'ConditionalExpression') && outer.consequent === outwards[index - 1]
      ? [outer.test]
      : [],
  )
}

/** `synth(401)`, `synth(403)`, `synth(404)`. */
function refusals(hook: HookTree): AnyNode[] {
  return callsOf(hook, 'synth').filter((call) => {
    const status = call.type === 'CallExpression' ? call.arguments[0] : undefined
    return status?.type === 'Literal' && [401, 403, 404].includes(Number(status.value))
  })
}

function comparesPath(guard: AnyNode, { names }: HookTree): boolean {
  const nodes = descendants(guard)
  if (nodes.some((node) => (node.type === 'UnaryExpression' || node.type === 'BinaryExpression') && node.operator.startsWith('!')))
    return false
  const decodes = nodes.some((node) => node.type === 'Identifier' && /^decodeURI/.test(node.name))
  return !decodes && nodes.some((node) => /^req\.(?:url|path)$/.test(pathOf(node, names)?.join('.') ?? ''))
}
