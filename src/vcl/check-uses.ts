/** Judges what subs do by the hooks that they run in: a sub that two hooks call must be legal in both. */

import { nearest } from '../../vcl-ts/nearest.ts'
import type { HookSub } from './checked-ast.ts'
import { HOOK_SUBS } from './checked-ast.ts'
import type { Checking, Doings, SubCall } from './checking.ts'
import { ACTIONS, formerReturn, LEGAL_RETURNS } from './legal-returns.ts'
import { listed } from './scopes.ts'
import { builtinCalls, isHookSub, isSplitSub } from './steps.ts'

export interface SubFacts {
  /** The hooks that it runs in. */
  readonly runsIn: readonly HookSub[]
  /** Whether it may end the hook. */
  readonly decides: boolean
}

const NOTHING: Doings = { uses: [], returns: [], calls: [] }

export function checkUses(checking: Checking): ReadonlyMap<string, SubFacts> {
  refuseRecursion(checking)
  const runsIn = new Map<string, HookSub[]>()
  for (const hook of HOOK_SUBS) {
    const callers = reachedFrom(checking, hook)
    for (const sub of callers.keys()) append(runsIn, sub, hook)
    judge(checking, hook, callers)
  }
  refuseUnused(checking)
  const deciding = decidingSubs(checking)
  return new Map([...checking.doings.keys()].map((sub) => [sub, { runsIn: runsIn.get(sub) ?? [], decides: deciding.has(sub) }]))
}

export function append<K, V>(lists: Map<K, V[]>, key: K, value: V): void {
  const list = lists.get(key)
  if (list === undefined) lists.set(key, [value])
  else list.push(value)
}

/** What the bodies of that name call, the built-in one included. */
function callsOf(checking: Checking, sub: string): readonly string[] {
  return [...(checking.doings.get(sub) ?? NOTHING).calls.map(({ name }) => name), ...builtinCalls(sub)]
}

/** Every sub that runs in the hook, and which one it is called by. */
function reachedFrom(checking: Checking, hook: HookSub): ReadonlyMap<string, string | null> {
  const callers = new Map<string, string | null>([[hook, null]])
  // A map goes on to what is added to it on the way.
  for (const sub of callers.keys()) for (const called of callsOf(checking, sub)) if (!callers.has(called)) callers.set(called, sub)
  return callers
}

/** Each use is complained of once, by the first hook that it is not legal in. */
function judge(checking: Checking, hook: HookSub, callers: ReadonlyMap<string, string | null>): void {
  const legal = LEGAL_RETURNS.get(hook) ?? new Set()
  for (const sub of callers.keys()) {
    const doings = checking.doings.get(sub)
    if (doings === undefined) continue
    const where = (): string => spokenPath(hook, sub, callers)
    for (const use of doings.uses.splice(0)) {
      if (use.scope.has(hook)) doings.uses.push(use)
      else checking.complain(use.span, `${use.reason} in ${where()}`, use.hint)
    }
    for (const returned of doings.returns.splice(0)) {
      const { span, action } = returned
      if (legal.has(action)) doings.returns.push(returned)
      else {
        const meant = ACTIONS.has(action) ? null : nearest(action, [...legal])
        const hint = formerReturn(hook, action) ?? (meant === null ? `legal there: ${listed([...legal])}` : `did you mean ${meant}?`)
        checking.complain(span, `return (${action}) is not legal in ${where()}`, hint)
      }
    }
  }
}

/** `vcl_deliver, which calls a, which calls b` */
function spokenPath(hook: HookSub, sub: string, callers: ReadonlyMap<string, string | null>): string {
  const path: string[] = []
  for (let at: string | null = sub; at !== null && at !== hook; at = callers.get(at) ?? null) path.push(at)
  const shown = path.length > 6 ? [...path.slice(0, 3), '…', ...path.slice(-2)] : path
  return [hook, ...shown.reverse()].join(', which calls ')
}

type Mark = 'open' | 'done'

/** Depth first, without the machine’s stack: chains of calls may be as long as the text. */
function refuseRecursion(checking: Checking): void {
  const marks = new Map<string, Mark>()
  for (const root of checking.doings.keys()) {
    if (marks.has(root)) continue
    const path: { readonly sub: string; readonly calls: readonly (SubCall | string)[]; next: number }[] = []
    const enter = (sub: string): void => {
      marks.set(sub, 'open')
      path.push({ sub, calls: [...(checking.doings.get(sub) ?? NOTHING).calls, ...builtinCalls(sub)], next: 0 })
    }
    enter(root)
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const call = top.calls[top.next++]
      if (call === undefined) {
        marks.set(top.sub, 'done')
        path.pop()
        continue
      }
      const name = typeof call === 'string' ? call : call.name
      if (!marks.has(name)) enter(name)
      else if (marks.get(name) === 'open') {
        const cycle = path.slice(path.findIndex(({ sub }) => sub === name)).map(({ sub }) => sub)
        const last = typeof call === 'string' ? null : call.span
        if (last !== null) checking.complain(last, `a sub must not call itself: ${[...cycle, name].join(' → ')}`, null)
      }
    }
  }
}

function refuseUnused(checking: Checking): void {
  const { acls, backends, probes, subs, unused, defaultBackend } = checking.symbols
  const refuse = (what: string, name: string, span: Parameters<Checking['complain']>[0]): void => {
    if (checking.referred.has(name) || unused.has(name)) return
    checking.complain(span, `the ${what} ‘${name}’ is never used`, `use it, remove it, or write unused ${name};`)
  }
  for (const [name, { name: declared }] of acls) refuse('ACL', name, declared.span)
  for (const [name, { name: declared }] of backends) if (name !== defaultBackend) refuse('backend', name, declared.span)
  for (const [name, { name: declared }] of probes) if (name !== 'default') refuse('probe', name, declared.span)
  for (const [name, [first]] of subs) if (first !== undefined && !isHookSub(name) && !isSplitSub(name)) refuse('sub', name, first.name.span)
}

/** Those that return an action, and those that call them. */
function decidingSubs(checking: Checking): ReadonlySet<string> {
  const callers = new Map<string, string[]>()
  for (const [sub, { calls }] of checking.doings) for (const { name } of calls) append(callers, name, sub)
  const deciding = new Set<string>()
  for (const [sub, { returns }] of checking.doings) if (returns.length > 0) deciding.add(sub)
  // The built-in steps decide.
  for (const name of callers.keys()) if (isSplitSub(name) || isHookSub(name)) deciding.add(name)
  for (const sub of deciding) for (const caller of callers.get(sub) ?? []) deciding.add(caller)
  return deciding
}
