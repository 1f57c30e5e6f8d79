/** Everything that a policy imports: `import { definePolicy } from 'clearcoat/vcl-ts'`. */
export { type Acl, acl } from './acl.ts'
export type {
  Abandon,
  Action,
  ActionType,
  Deliver,
  ErrorAnswer,
  Fail,
  Fetch,
  Hash,
  HitForPass,
  Lookup,
  Merge,
  Ok,
  Pass,
  Pipe,
  Purge,
  PurgeOptions,
  PurgeSubject,
  Restart,
  Retry,
  Synth,
  UseFresh,
  UseStale,
  Verbs,
} from './actions.ts'
export { type Backend, type BackendOptions, backend } from './backend.ts'
export type { BackendTls, TlsOptions } from './backend-tls.ts'
export { checkBan, quoteForBan } from './ban.ts'
export type { PresetName } from './builtin/decisions.ts'
export { type ErrorPage, type ErrorPageInput, errorPage, escapeHtml } from './builtin/error-page.ts'
export type { StepName } from './builtin/step-names.ts'
export type { CacheControl } from './cache-control.ts'
export { CODINGS, type Coding } from './coding.ts'
export type {
  Bereq,
  Beresp,
  BerespError,
  Client,
  Key,
  LifetimeSource,
  Obj,
  ObjStale,
  OriginalRequest,
  Purged,
  Req,
  Resp,
  ResponseControl,
  RespSynth,
  Session,
} from './context.ts'
export { type Cookies, cookies } from './cookies.ts'
export {
  type ByNameOptions,
  byName,
  type ConsistentOptions,
  consistent,
  type DirectorOptions,
  type FallbackOptions,
  fallback,
  hash,
  type KeyOptions,
  leastConnections,
  random,
  roundRobin,
  sticky,
  type WeightedOptions,
  withKey,
} from './directors/build.ts'
export type { BackendChoice, Director, Split } from './directors/director.ts'
export type { Ejection, EjectionOptions } from './directors/ejection.ts'
export type { KeyBy } from './directors/key-by.ts'
export { type Arm, armOf, type SplitOptions, split } from './directors/split.ts'
export { type Duration, days, hours, minutes, seconds } from './duration.ts'
export type { EsiRules } from './esi.ts'
export { type Filter, type FilterSource, type Push, replaceText } from './filters.ts'
export { HeaderMap, type HeaderPairs } from './headers.ts'
export type { HookAnswer, HookContext, HookResult } from './hook-context.ts'
export type { HookTools, Log } from './hook-tools.ts'
export { type Hook, type HookAction, LEGAL, type RequestHook } from './legal.ts'
export type { NamePattern } from './name-pattern.ts'
export { type BuiltinChanges, definePolicy, type Policy, PolicyError, type StepReplacement, stack } from './policy.ts'
export type { Probe, ProbeOptions, StatusBelow } from './probe.ts'
export { type Query, query, TRACKING_PARAMETERS } from './query.ts'
export { REASONS, type Reason } from './reason.ts'
