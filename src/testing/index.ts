/** Tests of a policy without a socket: `import { runHook, testPolicy } from 'clearcoat/vcl-ts/testing'`. */
export type { OriginAnswer, OriginFails, OriginHandler, OriginReply, OriginSeen } from './fake-origin.ts'
export type { HeadersGiven } from './headers.ts'
export type { BereqGiven, BerespGiven, ObjGiven, ReqGiven, RespGiven } from './nouns.ts'
export { actions, type HookOptions, type HookRun, type NounsGiven, runHook, runHookSync } from './run-hook.ts'
export { type PolicyTest, type TestAnswer, type TestOptions, type TestRequest, testPolicy } from './test-policy.ts'
export type { Trace, TracedHook } from './trace.ts'
