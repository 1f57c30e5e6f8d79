/**
 * Tests of a policy without a socket: `import { expect, test, testPolicy } from 'clearcoat/vcl-ts/testing'`. `test` and its kin are those of
 * `node:test`, for `clearcoat test FILE`; under another runner import its own.
 */
export { after, afterEach, before, beforeEach, describe, it, test } from 'node:test'
export { type Expectation, expect, type Matchers, type ThrowExpectation } from './expect.ts'
export type { OriginAnswer, OriginFails, OriginHandler, OriginReply, OriginSeen } from './fake-origin.ts'
export type { HeadersGiven } from './headers.ts'
export type { BereqGiven, BerespGiven, ObjGiven, ReqGiven, RespGiven } from './nouns.ts'
export { actions, type HookOptions, type HookRun, type NounsGiven, runHook, runHookSync } from './run-hook.ts'
export { type PolicyTest, type TestAnswer, type TestOptions, type TestRequest, testPolicy } from './test-policy.ts'
export type { Trace, TracedHook } from './trace.ts'
