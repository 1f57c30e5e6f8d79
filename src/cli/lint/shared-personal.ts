/** Ways to let one person's answer be stored for others. */
import type { AnyNode, Property } from 'acorn'
import type { Complaint, Lint, LintInput } from './finding.ts'
import { callsOf, guardsOf, type HookTree, type PolicyTree, pathOf } from './policy-tree.ts'
import { calleeName, descendants, keyOf, type SourceTree, stringOf } from './source-tree.ts'

export const SHARED_PERSONAL: Lint = {
  name: 'shared-personal',
  severity: 'error',
  what: 'one person’s answer stored for others',
  why: 'somebody would see what was made for somebody else',
  how: "do it only where the answer is the same for everybody, such as if (bereq.url.startsWith('/assets/'))",
  find: ({ tree, policies, hooks }: LintInput) => [
    ...policies.flatMap((policy) => policy.builtin.flatMap((entry) => switchedOff(entry, policy))),
    ...hooks.flatMap((hook) => [...strippedFields(hook, tree), ...skippedSteps(hook, tree), ...calledAnonymous(hook, tree)]),
  ],
}

/** Steps that keep personal answers apart, and the words of a policy that does it in their place. */
const STEPS: Readonly<
  Record<string, { readonly hooks: readonly string[]; readonly words: RegExp; readonly shares: string; readonly how: string }>
> = {
  reqCookie: {
    hooks: ['recv', 'hash'],
    words: /cookie|credentialed/i,
    shares: 'what is fetched for a request with cookies is stored for everybody',
    how: "remove the cookies that do not matter instead: cookies.keep(req.headers, 'cart'), and pass what has others",
  },
  reqAuthorization: {
    hooks: ['recv', 'hash'],
    words: /authorization|credentialed/i,
    shares: 'what is fetched for a request with Authorization is stored for everybody',
    how: 'pass such requests, or let the origin say public or s-maxage where an answer is for all (RFC 9111 §3.5)',
  },
  berespCookie: {
    hooks: ['backendResponse'],
    words: /set-cookie|uncacheable|hitForPass/i,
    shares: 'one client’s Set-Cookie is stored and sent to all',
    how: "remove the field where it does no harm: beresp.headers.delete('set-cookie')",
  },
  berespControl: {
    hooks: ['backendResponse'],
    words: /private|noStore|uncacheable|hitForPass/i,
    shares: 'answers that say private or no-store are stored for everybody',
    how: 'leave the step on, and give lifetimes with beresp.ttl',
  },
  berespClass: {
    hooks: ['backendResponse', 'recv'],
    words: /credentialed|uncacheable|hitForPass|cookie/i,
    shares: 'what was fetched for somebody is stored for everybody, although the origin does not say that it may be',
    how: 'let the origin say public or s-maxage, or remove the cookies that do not matter in recv',
  },
}

function switchedOff(entry: Property, policy: PolicyTree): Complaint[] {
  const name = keyOf(entry) ?? ''
  const step = Object.hasOwn(STEPS, name) ? STEPS[name] : undefined
  if (step === undefined || entry.value.type !== 'Literal' || entry.value.value !== false) return []
  const instead = [...policy.hooks, ...policy.steps].some((hook) => step.hooks.includes(hook.hook) && mentions(hook.function, step.words))
  return instead ? [] : [{ node: entry, message: `without ${name}, ${step.shares}`, how: step.how }]
}

/** Names and texts of the code. */
function mentions(node: AnyNode, words: RegExp): boolean {
  return descendants(node).some((each) => (each.type === 'Identifier' && words.test(each.name)) || words.test(stringOf(each) ?? ''))
}

const FIELDS: Readonly<Record<string, string>> = {
  'set-cookie': 'every answer with Set-Cookie, those of somebody’s own pages too, becomes one for everybody',
  vary: 'pages that differ by cookie or language become one for everybody',
}

function strippedFields(hook: HookTree, tree: SourceTree): Complaint[] {
  if (hook.hook !== 'backendResponse') return []
  return descendants(hook.function.body).flatMap((node) => {
    if (node.type !== 'CallExpression' || calleeName(node) !== 'delete' || node.callee.type !== 'MemberExpression') return []
    const field = stringOf(node.arguments[0])?.toLowerCase() ?? ''
    const shares = Object.hasOwn(FIELDS, field) ? FIELDS[field] : undefined
    if (shares === undefined || pathOf(node.callee.object, hook.names)?.join('.') !== 'beresp.headers') return []
    return isGuarded(node, hook, tree) || raisesUncacheable(hook)
      ? []
      : [{ node, message: `${field} is removed whatever the page: ${shares}` }]
  })
}

/** An action decides, and the built-in steps behind it do not run. */
function skippedSteps(hook: HookTree, tree: SourceTree): Complaint[] {
  if (hook.hook === 'backendResponse' && !raisesUncacheable(hook) && !mentions(hook.function, /set-cookie|credentialed/i))
    return callsOf(hook, 'deliver')
      .filter((call) => !isGuarded(call, hook, tree))
      .map((node) => ({
        node,
        message: 'deliver() decides for every answer, so the built-in steps that refuse Set-Cookie, private and no-store never run',
        how: 'return nothing where you have no opinion: return undefined',
      }))
  if (hook.hook === 'recv' && !mentions(hook.function, /cookie|credentialed/i))
    return callsOf(hook, 'hash')
      .filter((call) => !isGuarded(call, hook, tree))
      .map((node) => ({
        node,
        message:
          'hash() decides for every request, so the built-in steps that keep requests with cookies and Authorization apart never run',
        how: 'return nothing where you have no opinion: return undefined',
      }))
  return []
}

function calledAnonymous(hook: HookTree, tree: SourceTree): Complaint[] {
  return descendants(hook.function.body).flatMap((node) => {
    if (node.type !== 'AssignmentExpression' || pathOf(node.left, hook.names)?.join('.') !== 'req.credentialed') return []
    const isFalse = node.right.type === 'Literal' && node.right.value === false
    if (!isFalse || isGuarded(node, hook, tree)) return []
    return [{ node, message: 'every request is called anonymous, so what is fetched for somebody is stored for everybody' }]
  })
}

function isGuarded(node: AnyNode, hook: HookTree, tree: SourceTree): boolean {
  return guardsOf(node, hook, tree).length > 0
}

function raisesUncacheable(hook: HookTree): boolean {
  return descendants(hook.function.body).some(
    (node) => node.type === 'AssignmentExpression' && pathOf(node.left, hook.names)?.join('.') === 'beresp.uncacheable',
  )
}
