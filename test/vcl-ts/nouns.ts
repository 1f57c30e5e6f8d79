/** Plain nouns for hooks and steps, with the fields that a test wants to differ. */
import { verbs } from '../../vcl-ts/actions.ts'
import type { CacheControl } from '../../vcl-ts/cache-control.ts'
import type { Bereq, Beresp, BerespError, Obj, ObjStale, Req, Resp, ResponseControl, RespSynth } from '../../vcl-ts/context.ts'
import { seconds } from '../../vcl-ts/duration.ts'
import { HeaderMap, type HeaderPairs } from '../../vcl-ts/headers.ts'
import type { ClientContext, FetchContext } from '../../vcl-ts/hook-context.ts'
import type { HookTools } from '../../vcl-ts/hook-tools.ts'

export const noCacheControl: CacheControl = {
  noStore: false,
  noCache: false,
  noCacheFields: [],
  private: false,
  privateFields: [],
  public: false,
  maxAge: null,
  sMaxage: null,
  mustRevalidate: false,
  proxyRevalidate: false,
  mustUnderstand: false,
  noTransform: false,
  immutable: false,
  staleWhileRevalidate: null,
  staleIfError: null,
  onlyIfCached: false,
  maxStale: null,
  minFresh: null,
}

/** A 200 with `max-age=60`: nothing against sharing it. */
export const freshControl: ResponseControl = {
  ...noCacheControl,
  maxAge: 60,
  source: 'max-age',
  explicit: true,
  targeted: false,
  validator: false,
  heuristicallyCacheable: true,
  understood: true,
  vary: 'none',
  varyCookie: false,
  conflict: false,
  contentRange: 'none',
  framing: 'length',
}

export function req(changes: Partial<Req> = {}, headers: HeaderPairs = []): Req {
  return {
    method: 'GET',
    url: '/',
    path: '/',
    query: '',
    host: 'example.com',
    scheme: 'http',
    proto: '1.1',
    headers: HeaderMap.of(headers),
    cookies: new Map(),
    hasBody: false,
    body: null,
    cacheBody: () => Promise.resolve(new Uint8Array()),
    upgrade: null,
    backend: null,
    hashAlwaysMiss: false,
    hashIgnoreBusy: false,
    hashIgnoreVary: false,
    ttl: null,
    grace: null,
    credentialed: null,
    restarts: 0,
    esi: true,
    esiLevel: 0,
    slice: null,
    id: 'id-1',
    cacheControl: noCacheControl,
    original: { method: 'GET', url: '/', headers: HeaderMap.of(headers) },
    top: { method: 'GET', url: '/', headers: HeaderMap.of(headers) },
    isHitMiss: false,
    isHitPass: false,
    ...changes,
  }
}

export function bereq(changes: Partial<Bereq> = {}, headers: HeaderPairs = []): Bereq {
  return {
    method: 'GET',
    url: '/',
    headers: HeaderMap.of(headers),
    backend: null,
    connectTimeout: 3.5,
    firstByteTimeout: 60,
    betweenBytesTimeout: 60,
    retries: 0,
    isBgfetch: false,
    isHitMiss: false,
    isHitPass: false,
    dropBody: () => {},
    uncacheable: false,
    credentialed: false,
    authorized: false,
    id: 'id-1',
    ...changes,
  }
}

export interface BerespChanges {
  readonly status?: number
  readonly ttl?: number
  readonly grace?: number
  readonly uncacheable?: boolean
  readonly control?: Partial<ResponseControl>
  readonly headers?: HeaderPairs
}

export function beresp(changes: BerespChanges = {}): Beresp & BerespError {
  let ttl = changes.ttl ?? 60
  return {
    status: changes.status ?? 200,
    reason: 'OK',
    headers: HeaderMap.of(changes.headers ?? []),
    get ttl() {
      return ttl
    },
    set ttl(value) {
      ttl = seconds(value)
    },
    grace: changes.grace ?? 0,
    staleIfError: 86_400,
    keep: 0,
    age: 0,
    uncacheable: changes.uncacheable ?? false,
    stream: true,
    esi: false,
    compress: null,
    filters: [],
    deny: () => {},
    tags: new Set(),
    backend: 'app',
    control: { ...freshControl, ...changes.control },
    why: 'STORED',
    was304: false,
    body: '',
    detail: '',
  }
}

export const obj: Obj = {
  status: 200,
  reason: 'OK',
  headers: new HeaderMap(),
  hits: 1,
  age: 5,
  ttl: 55,
  grace: 0,
  staleIfError: 0,
  keep: 0,
  uncacheable: false,
  esi: false,
  tags: new Set(),
}

export function objStale(changes: Partial<ObjStale> = {}): ObjStale {
  return { ...obj, ttl: -5, isValid: true, ...changes }
}

export function resp(changes: Partial<RespSynth> = {}): Resp & RespSynth {
  return {
    filters: [],
    status: 503,
    reason: 'Service Unavailable',
    headers: new HeaderMap(),
    isStreaming: false,
    body: '',
    detail: '',
    why: 'ERROR',
    ...changes,
  }
}

const TOOLS: HookTools = {
  log: () => {},
  healthy: () => true,
  invalidate: async () => ({ soft: false, objects: 0, complete: true, ban: null, fleet: null }),
}

export function clientContext(changes: Partial<ClientContext> = {}): ClientContext {
  return {
    ...verbs,
    ...TOOLS,
    client: { ip: '127.0.0.1', remoteIp: '127.0.0.1', trusted: false, mayInvalidate: false, identity: '127.0.0.1' },
    session: { localIp: '127.0.0.1', localPort: 80, scheme: 'http' },
    now: 0,
    signal: new AbortController().signal,
    state: {},
    req: req(),
    key: { add: () => {}, clear: () => {}, dropScheme: () => {} },
    purged: { soft: false, objects: 0, complete: true, ban: null, fleet: null },
    obj,
    resp: resp(),
    bereq: bereq(),
    ...changes,
  }
}

export function fetchContext(changes: Partial<FetchContext> = {}): FetchContext {
  const { signal } = new AbortController()
  return { ...verbs, ...TOOLS, now: 0, signal, state: {}, bereq: bereq(), beresp: beresp(), objStale: objStale(), ...changes }
}

/** A limit that lets every promise take its time. */
export const patient = (promise: Promise<unknown>): Promise<unknown> => promise
