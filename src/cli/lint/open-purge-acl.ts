/** A purge that anybody may send empties the cache for everybody. */
import type { AnyNode } from 'acorn'
import type { Complaint, Lint, LintInput } from './finding.ts'
import { callsOf, guardsOf, type HookTree, pathOf } from './policy-tree.ts'
import { calleeName, descendants, keyOf, type SourceTree, stringOf } from './source-tree.ts'

export const OPEN_PURGE_ACL: Lint = {
  name: 'open-purge-acl',
  severity: 'error',
  what: 'a purge that anybody may send',
  why: 'whoever may can empty the cache again and again, so that the origin gets every request',
  how: 'ask who it is first: if (!office.matches(client.ip)) return undefined, with const office = acl(…); or leave PURGE to --purge-from and --purge-token',
  find: ({ tree, hooks }: LintInput) =>
    hooks.flatMap((hook) => callsOf(hook, 'purge').flatMap((call) => judge(call, guardsOf(call, hook, tree), hook, tree))),
}

function judge(call: AnyNode, guards: readonly AnyNode[], hook: HookTree, tree: SourceTree): Complaint[] {
  const within = guards.flatMap(descendants)
  const lists = within.filter((node) => calleeName(node) === 'matches')
  if (lists.length > 0) return lists.flatMap((use) => judgeList(use, hook, tree))
  if (within.some((node) => asksWho(node, hook))) return []
  return [{ node: call, message: 'anybody may purge: nothing before it asks who the client is' }]
}

function judgeList(use: AnyNode, { names }: HookTree, tree: SourceTree): Complaint[] {
  if (use.type !== 'CallExpression' || use.callee.type !== 'MemberExpression') return []
  const [address] = use.arguments
  if (address !== undefined && pathOf(address, names)?.join('.') === 'client.remoteIp')
    return [
      {
        node: use,
        message: 'the list is asked about client.remoteIp: behind a proxy that is the proxy for everybody',
        how: 'ask about client.ip, and name the proxy with --trust',
      },
    ]
  if (address !== undefined && descendants(address).some((node) => pathOf(node, names)?.includes('headers') === true))
    return [
      {
        node: use,
        message: 'the list is asked about a field of the request, which anybody can write',
        how: 'ask about client.ip, and name the proxy with --trust',
      },
    ]
  const list = tree.resolved(use.callee.object)
  if (list.type !== 'CallExpression' || calleeName(list) !== 'acl') return []
  const entries = list.arguments.map(stringOf)
  if (entries.length === 0)
    return [{ node: list, message: 'the list is empty, so nobody may purge', how: "name the networks that may: acl('10.0.0.0/8')" }]
  return list.arguments.flatMap((node) => {
    const entry = stringOf(node)
    return entry !== null && isWide(entry)
      ? [
          {
            node,
            message: `${entry} is ${entry.endsWith('/0') ? 'everybody' : 'a large part of the internet'}`,
            how: "name the networks that may purge: acl('10.0.0.0/8')",
          },
        ]
      : []
  })
}

/** Shorter prefixes than any network of one's own has. */
function isWide(entry: string): boolean {
  const length = /^[^!].*\/(\d+)$/.exec(entry)?.[1]
  return length !== undefined && Number(length) < (entry.includes(':') ? 16 : 8)
}

/** Parts of the context, itself included, that tell who the client is. */
const TELLING: ReadonlySet<string> = new Set(['', 'req', 'req.headers', 'req.cookies'])
const SECRET_NAME = /auth|token|key|secret|sign/i

/** The client's address or right, a secret in a field, or somebody else's function that is given client or request. */
function asksWho(node: AnyNode, { names }: HookTree): boolean {
  const path = pathOf(node, names)
  if (path?.[0] === 'client' && ['ip', 'mayInvalidate', 'identity'].includes(path[1] ?? '')) return true
  if (node.type !== 'CallExpression') return false
  const field = stringOf(node.arguments[0])
  if (field !== null && SECRET_NAME.test(field)) return true
  const ofContext = node.callee.type === 'MemberExpression' && (pathOf(node.callee, names) !== null || isText(node.callee.object))
  const method = node.callee.type === 'MemberExpression' ? keyOf(node.callee) : null
  if (ofContext || method === 'test') return false
  return node.arguments.some((argument) => {
    const given = pathOf(argument, names)
    return given !== null && (given[0] === 'client' || TELLING.has(given.join('.')))
  })
}

function isText(node: AnyNode): boolean {
  return node.type === 'Literal' || node.type === 'ArrayExpression'
}
