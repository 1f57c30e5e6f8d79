/** Everything that a policy imports: `import { definePolicy } from 'clearcoat/vcl-ts'`. */
export { type Accept, accept, type Device } from './accept.ts'
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
  SynthFields,
  UseFresh,
  UseStale,
  Verbs,
} from './actions.ts'
export { type Backend, type BackendOptions, backend } from './backend.ts'
export type { BackendTls, TlsOptions } from './backend-tls.ts'
export { checkBan, quoteForBan } from './ban.ts'
export { type BlobCodec, type BlobEncoding, blob } from './blob.ts'
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
export { type Convert, convert } from './convert.ts'
export { type Cookies, cookies } from './cookies.ts'
export { type CorsOptions, type CorsOrigin, cors } from './cors.ts'
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
export { type Fields, fields } from './fields.ts'
export { type Filter, type FilterSource, type Push, replaceText } from './filters.ts'
export { front } from './front.ts'
export { type GeoOptions, geo, type Place } from './geo.ts'
export { fnmatch, type GlobOptions } from './glob.ts'
export { handOver } from './hand-over.ts'
export { HeaderMap, type HeaderPairs } from './headers.ts'
export type { HookAnswer, HookContext, HookResult } from './hook-context.ts'
export type { HookTools, Log } from './hook-tools.ts'
export { type Html, type HtmlValue, html, rawHtml } from './html.ts'
export { type Hook, type HookAction, LEGAL, type RequestHook } from './legal.ts'
export type { Maybe } from './maybe.ts'
export type { NamePattern } from './name-pattern.ts'
export { networkOf } from './network.ts'
export { type PageOptions, type Pages, type Problem, type ProblemMembers, page } from './page.ts'
export { type BuiltinChanges, definePolicy, type Policy, PolicyError, type StepReplacement, stack } from './policy.ts'
export { type ApiOptions, api } from './presets/api.ts'
export { drupal } from './presets/drupal.ts'
export { type MagentoOptions, magento } from './presets/magento.ts'
export { nextjs } from './presets/nextjs.ts'
export type { PathPattern } from './presets/path-pattern.ts'
export { type Presets, presets } from './presets/presets.ts'
export { type ShopwareOptions, shopware } from './presets/shopware.ts'
export type { PresetOptions } from './presets/site.ts'
export { type StaticSiteOptions, staticSite } from './presets/static-site.ts'
export { type SymfonyOptions, symfony } from './presets/symfony.ts'
export { typo3 } from './presets/typo3.ts'
export { wordpress } from './presets/wordpress.ts'
export type { Probe, ProbeOptions, StatusBelow } from './probe.ts'
export { type Query, query, TRACKING_PARAMETERS } from './query.ts'
export { REASONS, type Reason } from './reason.ts'
export { type RedirectOptions, redirect } from './redirect.ts'
export type { RoutePattern } from './route-pattern.ts'
export { type Routing, routes } from './routes.ts'
export { type Hsts, type ReferrerPolicy, type SecurityHeadersOptions, securityHeaders } from './security-headers.ts'
export {
  type BasicAuth,
  type BasicAuthOptions,
  type BasicAuthPolicyOptions,
  type BasicAuthResult,
  basicAuth,
} from './services/basic-auth.ts'
export { type ForwardAuth, type ForwardAuthOptions, type ForwardAuthResult, forwardAuth } from './services/forward-auth.ts'
export type { GateOptions } from './services/gate.ts'
export { type HttpAnswer, type HttpClient, type HttpClientOptions, type HttpRequest, httpClient } from './services/http-client.ts'
export {
  type JsonWebKeyGiven,
  type Jwt,
  type JwtAlgorithm,
  type JwtClaims,
  type JwtOptions,
  type JwtPolicyOptions,
  type JwtResult,
  jwt,
} from './services/jwt.ts'
export { type Memo, type MemoOptions, memo } from './services/memo.ts'
export { type RateLimit, type RateLimitPolicyOptions, type RateRule, rateLimit } from './services/rate-limit.ts'
export { type Service, ServiceError, type ServiceKind } from './services/service.ts'
export { localAddress, type SessionOptions, session } from './session.ts'
export { type SetCookieOptions, setCookie } from './set-cookie.ts'
export { type SignedUrls, type SignedUrlsOptions, type SignOptions, signedUrls, type Verdict, type VerifyOptions } from './signed-urls.ts'
export { strftime } from './strftime.ts'
export { type Vars, type VarsOptions, vars } from './vars.ts'
export * as vcl from './vcl/index.ts'
