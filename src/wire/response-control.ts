/** What an answer says about its storing, in one object: of one shape, written out, because spreading thirty properties is no fast path of V8's. */
import type { CacheControl } from '../../vcl-ts/cache-control.ts'
import type { ResponseControl } from '../../vcl-ts/context.ts'

/** Its directives, and what follows from the rest of the answer. */
export function controlOf(directives: CacheControl, facts: Omit<ResponseControl, keyof CacheControl>): ResponseControl {
  return {
    noStore: directives.noStore,
    noCache: directives.noCache,
    noCacheFields: directives.noCacheFields,
    private: directives.private,
    privateFields: directives.privateFields,
    public: directives.public,
    maxAge: directives.maxAge,
    sMaxage: directives.sMaxage,
    mustRevalidate: directives.mustRevalidate,
    proxyRevalidate: directives.proxyRevalidate,
    mustUnderstand: directives.mustUnderstand,
    noTransform: directives.noTransform,
    immutable: directives.immutable,
    staleWhileRevalidate: directives.staleWhileRevalidate,
    staleIfError: directives.staleIfError,
    onlyIfCached: directives.onlyIfCached,
    maxStale: directives.maxStale,
    minFresh: directives.minFresh,
    source: facts.source,
    explicit: facts.explicit,
    targeted: facts.targeted,
    validator: facts.validator,
    heuristicallyCacheable: facts.heuristicallyCacheable,
    understood: facts.understood,
    vary: facts.vary,
    varyCookie: facts.varyCookie,
    conflict: facts.conflict,
    contentRange: facts.contentRange,
    framing: facts.framing,
  }
}

/** The same answer after a policy has given it a lifetime. */
export function assignedControl(control: ResponseControl): ResponseControl {
  return controlOf(control, {
    source: 'policy',
    explicit: true,
    targeted: control.targeted,
    validator: control.validator,
    heuristicallyCacheable: control.heuristicallyCacheable,
    understood: control.understood,
    vary: control.vary,
    varyCookie: control.varyCookie,
    conflict: control.conflict,
    contentRange: control.contentRange,
    framing: control.framing,
  })
}
