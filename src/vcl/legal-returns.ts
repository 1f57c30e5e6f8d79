/** What each hook may return, in VCL’s words: `vcl-ts/legal.ts` by other names. */
import { LEGAL } from '../../vcl-ts/legal.ts'
import { HOOK_SUBS, type HookSub } from './checked-ast.ts'

/** Where VCL has another word for it. */
const WORDS: Readonly<Record<string, string>> = { hitForPass: 'pass', useFresh: 'beresp', useStale: 'obj_stale' }

/** Only VCL has these: another policy by its label, and a load that is refused. */
const MORE: Readonly<Partial<Record<HookSub, readonly string[]>>> = { vcl_recv: ['vcl'], vcl_init: ['fail'] }

/** Hook → the actions that are legal there. */
export const LEGAL_RETURNS: ReadonlyMap<HookSub, ReadonlySet<string>> = new Map(
  HOOK_SUBS.map((hook) => {
    const actions: readonly string[] = LEGAL[hookOf(hook)]
    return [hook, new Set([...actions.map((action) => WORDS[action] ?? action), ...(MORE[hook] ?? [])])]
  }),
)

/** Every action that some hook knows. */
export const ACTIONS: ReadonlySet<string> = new Set([...LEGAL_RETURNS.values()].flatMap((actions) => [...actions]))

/** `vcl_backend_fetch` is `backendFetch` in TypeScript. */
export function hookOf(sub: HookSub): keyof typeof LEGAL {
  return sub.slice('vcl_'.length).replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()) as keyof typeof LEGAL
}

/** Why an action that was legal in older versions is not, and what takes its place. */
export function formerReturn(hook: HookSub, action: string): string | null {
  if (hook === 'vcl_hit' && (action === 'fetch' || action === 'miss'))
    return 'an object that vcl_hit sees is fresh or in grace: return (deliver), which fetches in the background, or return (restart) after set req.hash_always_miss = true'
  if (hook === 'vcl_recv' && action === 'lookup') return 'write return (hash)'
  if (hook === 'vcl_recv' && action === 'error') return 'write return (synth(status, reason))'
  if (hook === 'vcl_hash' && action === 'hash') return 'write return (lookup)'
  if (hook === 'vcl_backend_response' && (action === 'hit_for_pass' || action === 'miss'))
    return 'write set beresp.uncacheable = true; return (deliver);, or return (pass(120s)) for hit-for-pass'
  return null
}
