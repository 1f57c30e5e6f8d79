/** Which step of the built-in VCL is called by which: a policy's bodies of a step run where the built-in one does. */
import { HOOK_SUBS, type HookSub, SPLIT_SUBS, type SplitSub } from './checked-ast.ts'

const RECV: readonly SplitSub[] = ['vcl_req_url', 'vcl_req_host', 'vcl_req_method', 'vcl_req_authorization', 'vcl_req_cookie']
const REFRESH: readonly SplitSub[] = ['vcl_refresh_valid', 'vcl_refresh_conditions', 'vcl_refresh_status']
const JUDGED: readonly SplitSub[] = ['vcl_beresp_stale', 'vcl_beresp_cookie', 'vcl_beresp_control', 'vcl_beresp_vary']

const CALLS: ReadonlyMap<string, readonly SplitSub[]> = new Map<string, readonly SplitSub[]>([
  ...HOOK_SUBS.filter((hook) => hook !== 'vcl_init' && hook !== 'vcl_fini').map(
    (hook) => [hook, [`vcl_builtin_${hook.slice('vcl_'.length)}` as SplitSub]] as const,
  ),
  ['vcl_builtin_recv', RECV],
  ['vcl_builtin_backend_refresh', REFRESH],
  ['vcl_builtin_backend_response', ['vcl_beresp_range', ...JUDGED]],
  ...JUDGED.map((step) => [step, ['vcl_beresp_hitmiss']] as const satisfies readonly [string, readonly SplitSub[]]),
])

/** What the built-in body of a hook or step calls. */
export function builtinCalls(sub: string): readonly SplitSub[] {
  return CALLS.get(sub) ?? []
}

const HOOK_NAMES: ReadonlySet<string> = new Set(HOOK_SUBS)
const STEP_NAMES: ReadonlySet<string> = new Set(SPLIT_SUBS)

export function isHookSub(name: string): name is HookSub {
  return HOOK_NAMES.has(name)
}

export function isSplitSub(name: string): name is SplitSub {
  return STEP_NAMES.has(name)
}
