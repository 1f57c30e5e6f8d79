/** What the reference says of hooks and steps beside what their tables say; `explain` prints it too. Markdown. */
import type { StepName } from './builtin/step-names.ts'
import type { Hook } from './legal.ts'

export interface HookProse {
  /** When it runs. */
  readonly runs: string
  /** What happens when no policy answers. */
  readonly unanswered: string
  /** What it may change. */
  readonly changes: string
}

export const HOOK_PROSE: Readonly<Record<Hook, HookProse>> = {
  recv: {
    runs: 'first; again after a restart',
    unanswered: 'built-in steps, then `hash`',
    changes: '`client.identity`, `state`, `req`',
  },
  hash: {
    runs: 'behind `recv`, whatever that decides but fail and restart; not asynchronous',
    unanswered: '`lookup`',
    changes: '`client.identity`, `state`, `req`, `key`',
  },
  purge: {
    runs: 'after a purge',
    unanswered: 'built-in step',
    changes: '`client.identity`, `state`, `req`',
  },
  hit: {
    runs: 'an object was found, fresh or in grace',
    unanswered: '`deliver`',
    changes: '`client.identity`, `state`, `req`',
  },
  miss: {
    runs: 'nothing usable is stored; this request fetches',
    unanswered: '`fetch`',
    changes: '`client.identity`, `state`, `req`',
  },
  pass: {
    runs: 'the request goes to the origin for itself alone',
    unanswered: '`fetch`',
    changes: '`client.identity`, `state`, `req`',
  },
  pipe: {
    runs: 'before client and origin become a tunnel',
    unanswered: '`pipe`',
    changes: '`client.identity`, `state`, `req`, `bereq`',
  },
  deliver: {
    runs: 'before every answer but synthetic ones',
    unanswered: '`deliver`',
    changes: '`client.identity`, `state`, `req`, `resp`',
  },
  synth: {
    runs: 'before an answer made here',
    unanswered: 'error page where there is no body, then `deliver`',
    changes: '`client.identity`, `state`, `req`, `resp` with `body`',
  },
  backendFetch: {
    runs: 'before each request to the origin, retries included',
    unanswered: '`fetch`',
    changes: '`state`, `bereq`',
  },
  backendRefresh: {
    runs: 'a 304 came for a stale object',
    unanswered: 'built-in steps, then `merge`',
    changes: '`state`, `bereq`, `beresp`',
  },
  backendResponse: {
    runs: 'the head of the origin’s answer is here',
    unanswered: 'built-in steps, then `deliver`',
    changes: '`state`, `bereq`, `beresp`',
  },
  backendError: {
    runs: 'the fetch failed, or `error` was answered',
    unanswered: 'error page where there is no body, then `deliver`',
    changes: '`state`, `bereq`, `beresp` with `body`',
  },
  init: {
    runs: 'once, before the policy gets traffic',
    unanswered: '`ok`',
    changes: 'nothing',
  },
  fini: {
    runs: 'once, when its last transaction has ended',
    unanswered: '`ok`',
    changes: 'nothing',
  },
}

/** What each built-in step does. */
export const STEP_PROSE: Readonly<Record<StepName, string>> = {
  reqHost: 'HTTP/1.1 without Host: 400. Lower case, no trailing dot, no default port',
  reqInvalidate:
    '`PURGE` from those who may: `purge`, of the tags in `xkey-purge` `xkey` `xkey-softpurge` `Surrogate-Key` `Cache-Tag`, else of the URL; soft with `X-Purge-Soft: 1` or `Fastly-Soft-Purge: 1`. `BAN` from those: `purge`, of what `X-Ban` says. From others: 405',
  reqUpgrade: 'GET over HTTP/1.1 with `Upgrade: websocket`: `pipe`',
  reqMethod: 'looks GET and HEAD up, but passes them with a body, If-Match or If-Unmodified-Since; other methods pass or are refused',
  reqAuthorization: 'makes the request credentialed, or passes it',
  reqCookie: 'the same for a Cookie that is not on the analytics list',
  reqCacheControl:
    "stands for honouring the client's Cache-Control, which the look-up does where the preset wants it, and `no-cache` of refresh clients under every preset",
  purgeAnswer:
    '200 with verb and count (`Purged 3`, `Banned 3`, `Banned 3 so far`) as reason phrase and text; JSON where Accept asks for it',
  synthPage: 'an error page where there is no body; `Allow` with 405',
  refreshValid: 'the stale object was invalidated meanwhile: asked again without it (`varnish`: 503)',
  refreshConditions: 'a 304 that nobody asked for: 502 (`varnish`: 503)',
  refreshStatus: '`varnish` renews only a stored 200',
  berespRange: '`varnish` removes a Content-Range without meaning; a part that contradicts itself is relayed, not stored',
  berespStale: 'no lifetime and no other use: `NO_FRESHNESS`, `STATUS`',
  berespCookie: '`SET_COOKIE`',
  berespControl: '`NO_STORE` `PRIVATE` `MUST_UNDERSTAND` `STATUS` `CONFLICT` `NO_LENGTH`, under `varnish` also `NO_CACHE`',
  berespVary: '`VARY_STAR` `VARY_MALFORMED`',
  berespClass: 'what a credentialed request fetched, when the origin does not share it: `AUTHORIZATION` `COOKIE`',
  berespPage: 'an error page where there is no body',
}
