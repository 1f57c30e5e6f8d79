/** Writes to what a hook may not write: they throw, or nobody ever sees them. */
import type { AnyNode } from 'acorn'
import type { Bereq, Beresp, BerespError, Client, ObjStale, Purged, Req, RespSynth, Session } from '../../../vcl-ts/context.ts'
import { HOOK_TOOLS } from '../../../vcl-ts/hook-tools.ts'
import { type Hook, LEGAL, NOUNS, REQUEST_HOOKS } from '../../../vcl-ts/legal.ts'
import type { Complaint, Lint } from './finding.ts'
import { type HookTree, pathOf } from './policy-tree.ts'
import { descendants, keyOf, stringOf } from './source-tree.ts'

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
/** The properties that the contract does not call `readonly`. */
type Writable<T> = { [K in keyof T]-?: Same<{ [P in K]: T[K] }, { -readonly [P in K]: T[K] }> extends true ? K : never }[keyof T]
type Names<T> = { readonly [K in Writable<T>]: true }

/** What may be assigned on each noun; the compiler compares it with the contract. */
const WRITABLE: Readonly<{
  client: Names<Client>
  session: Names<Session>
  req: Names<Req>
  bereq: Names<Bereq>
  beresp: Names<Beresp> & Names<BerespError>
  resp: Names<RespSynth>
  obj: Names<ObjStale>
  objStale: Names<ObjStale>
  purged: Names<Purged>
}> = {
  client: { identity: true },
  session: {},
  req: {
    ...{ method: true, url: true, host: true, scheme: true, backend: true, ttl: true, grace: true, credentialed: true },
    ...{ hashAlwaysMiss: true, hashIgnoreBusy: true, hashIgnoreVary: true, cacheBody: true, esi: true, slice: true },
  },
  bereq: { method: true, url: true, backend: true, connectTimeout: true, firstByteTimeout: true, betweenBytesTimeout: true },
  beresp: {
    ...{ status: true, reason: true, ttl: true, grace: true, staleIfError: true, keep: true, uncacheable: true, stream: true, why: true },
    ...{ compress: true, body: true, detail: true, esi: true },
  },
  resp: { status: true, reason: true, body: true, detail: true },
  obj: {},
  objStale: {},
  purged: {},
}

/** Properties of nouns that only these hooks have. */
const ONLY_IN: Readonly<Record<string, Hook>> = {
  'resp.body': 'synth',
  'resp.detail': 'synth',
  'beresp.body': 'backendError',
  'beresp.detail': 'backendError',
}
const READ_ONLY_PARTS = [['obj'], ['objStale'], ['req', 'original'], ['req', 'cookies'], ['req', 'cacheControl'], ['beresp', 'control']]
const MUTATORS: ReadonlySet<string> = new Set(['set', 'append', 'delete', 'add', 'clear'])

export const ILLEGAL_WRITE: Lint = {
  name: 'illegal-write',
  severity: 'error',
  what: 'a write that a hook may not make',
  why: 'the write throws, or nobody ever sees it',
  how: 'write it in a hook that may: vcl-ts/README.md, “Hook × noun”',
  find: ({ hooks }) => hooks.flatMap(complaintsOf),
}

function complaintsOf(hook: HookTree): Complaint[] {
  return [
    ...absentNames(hook),
    ...descendants(hook.function.body).flatMap((node) => {
      const target = targetOf(node)
      if (target !== null) return assignment(node, target, hook)
      if (node.type === 'CallExpression') return mutation(node, hook)
      return node.type === 'MemberExpression' ? absentMember(node, hook) : []
    }),
  ]
}

function targetOf(node: AnyNode): AnyNode | null {
  if (node.type === 'AssignmentExpression') return node.left
  if (node.type === 'UpdateExpression' || (node.type === 'UnaryExpression' && node.operator === 'delete')) return node.argument
  return null
}

function assignment(node: AnyNode, target: AnyNode, { hook, names }: HookTree): Complaint[] {
  if (target.type !== 'MemberExpression') return []
  const path = pathOf(target, names)
  const [noun = '', property = '', ...deeper] = path ?? []
  if (path === null || path.length < 2 || noun === 'state' || !isHere(hook, noun)) return []
  const shown = path.join('.')
  const only = ONLY_IN[shown]
  if (only !== undefined && only !== hook) return [{ node, message: `${hook} writes ${shown}, which only ${only} has` }]
  if (shown === 'beresp.uncacheable' && node.type === 'AssignmentExpression' && node.right.type === 'Literal' && node.right.value === false)
    return [
      {
        node,
        message: 'beresp.uncacheable can only be raised, so this changes nothing',
        how: 'leave it out; a step that makes answers uncacheable can be replaced: builtin',
      },
    ]
  const writable = Object.hasOwn(WRITABLE, noun) ? (WRITABLE as Readonly<Record<string, object>>)[noun] : {}
  if (deeper.length === 0 && Object.hasOwn(writable ?? {}, property)) return []
  return [{ node, message: `${hook} assigns ${shown}, which is read only`, how: advice(noun, property) }]
}

function advice(noun: string, property: string): string {
  if (noun === 'obj' || noun === 'objStale') return 'what is stored is decided in backendResponse: beresp; what this client gets is resp'
  if (property === 'headers') return `change its fields: ${noun}.headers.set(name, value)`
  if (noun === 'req' && (property === 'path' || property === 'query')) return 'assign req.url'
  return ILLEGAL_WRITE.how
}

function mutation(node: AnyNode & { type: 'CallExpression' }, { hook, names }: HookTree): Complaint[] {
  if (node.callee.type !== 'MemberExpression' || !MUTATORS.has(keyOf(node.callee) ?? '')) return []
  const path = pathOf(node.callee.object, names)
  const part = READ_ONLY_PARTS.find((each) => each.every((name, index) => path?.[index] === name))
  if (path === null || part === undefined || !isHere(hook, path[0] ?? '')) return []
  const field = stringOf(node.arguments[0])
  const call = `${path.join('.')}.${keyOf(node.callee)}(${field === null ? '…' : JSON.stringify(field)})`
  return [{ node, message: `${hook} calls ${call}, but ${part.join('.')} is read only`, how: advice(part[0] ?? '', path.at(-1) ?? '') }]
}

/** Names taken out of the context that this hook does not have. */
function absentNames({ hook, function: { params } }: HookTree): Complaint[] {
  const [first] = params
  if (first?.type !== 'ObjectPattern') return []
  return first.properties.flatMap((property) => (property.type === 'Property' ? absent(property, keyOf(property), hook) : []))
}

function absentMember(node: AnyNode & { type: 'MemberExpression' }, { hook, names }: HookTree): Complaint[] {
  return pathOf(node.object, names)?.length === 0 ? absent(node, keyOf(node), hook) : []
}

function absent(node: AnyNode, name: string | null, hook: Hook): Complaint[] {
  const tools: readonly string[] = (REQUEST_HOOKS as readonly Hook[]).includes(hook) ? HOOK_TOOLS : []
  if (name === null || isHere(hook, name) || tools.includes(name) || (LEGAL[hook] as readonly string[]).includes(name)) return []
  const hooksWith = (table: Readonly<Record<string, readonly string[]>>): string[] =>
    Object.keys(table).filter((each) => table[each]?.includes(name))
  const nounIn = hooksWith(NOUNS)
  const verbIn = hooksWith(LEGAL)
  if (nounIn.length > 0) return [{ node, message: `${hook} has no ${name}`, how: `${name} is in ${nounIn.join(', ')}` }]
  if (verbIn.length > 0) return [{ node, message: `${hook} may not answer ${name}()`, how: `${name}() is for ${verbIn.join(', ')}` }]
  return [{ node, message: `${hook} has no ${name}`, how: `it has ${[...NOUNS[hook], ...tools, ...LEGAL[hook]].join(', ')}` }]
}

function isHere(hook: Hook, noun: string): boolean {
  return (NOUNS[hook] as readonly string[]).includes(noun)
}
