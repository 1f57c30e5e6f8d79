/** In which hooks something may be used: sets of VCL's hook names, and how they are spoken of. */
import { HOOK_SUBS, type HookSub } from './checked-ast.ts'

export type Scope = ReadonlySet<HookSub>

export const ALL: Scope = new Set(HOOK_SUBS)
export const HOUSEKEEPING: Scope = new Set<HookSub>(['vcl_init', 'vcl_fini'])
export const BACKEND: Scope = new Set<HookSub>(['vcl_backend_fetch', 'vcl_backend_refresh', 'vcl_backend_response', 'vcl_backend_error'])
export const CLIENT: Scope = new Set(HOOK_SUBS.filter((hook) => !BACKEND.has(hook) && !HOUSEKEEPING.has(hook)))
export const TASKS: Scope = new Set([...CLIENT, ...BACKEND])
export const NOWHERE: Scope = new Set()

const GROUPS: readonly (readonly [scope: Scope, text: string])[] = [
  [CLIENT, 'the client’s subs'],
  [BACKEND, 'the vcl_backend_* subs'],
  [HOUSEKEEPING, 'vcl_init and vcl_fini'],
]

export function only(...hooks: readonly HookSub[]): Scope {
  return new Set(hooks)
}

export function join(...scopes: readonly Scope[]): Scope {
  return new Set(scopes.flatMap((scope) => [...scope]))
}

/** `vcl_pipe and the vcl_backend_* subs` */
export function spoken(scope: Scope): string {
  const whole = GROUPS.filter(([group]) => [...group].every((hook) => scope.has(hook)))
  const rest = [...scope].filter((hook) => !whole.some(([group]) => group.has(hook)))
  return listed([...rest, ...whole.map(([, text]) => text)])
}

/** `a, b and c` */
export function listed(words: readonly string[], last = 'and'): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} ${last} ${words.at(-1)}`
}
