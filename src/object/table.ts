/**
 * The object table: what is remembered under each primary key, who fetches it, who waits. `find` is synchronous and awaits
 * nothing between finding and claiming. The in-process form is `local-table.ts`; a form in shared memory has to pass the
 * same suite, `test/object/table-contract.ts`.
 */
import type { Claim, ClaimOutcome, Waiter } from './claim.ts'
import type { Place } from './key-text.ts'
import type { Freshness } from './lifetime.ts'
import type { Marker } from './marker.ts'
import type { CachedObject } from './object.ts'
import type { SubjectPurge } from './subject.ts'

/** A look-up, as the table sees it: it asks for what only HTTP knows. */
export interface Lookup {
  readonly key: string
  readonly credentialed: boolean
  readonly now: number
  /** The variant this request selects under a list of Vary names (lower case, sorted). */
  variant(names: readonly string[]): string
  /** Whether a stored variant matches although its variant key differs (Content-Language, DECISIONS “Vary: Accept-Language”). */
  alsoMatches(object: CachedObject, names: readonly string[]): boolean
  /** What the object is good for, this request's own limits (req.ttl, req.grace, honoured Cache-Control) included. */
  judge(object: CachedObject): Freshness
  /** A single byte range, resolved against a part: whether the part holds it. Only asked when `range` is set. */
  covers(part: CachedObject): boolean
  /** The Range field that a miss would forward; `null` for a request of the whole representation. */
  readonly range: string | null
  readonly alwaysMiss: boolean
  readonly ignoreBusy: boolean
  readonly ignoreVary: boolean
  /** Fetches on behalf of this request cannot be shared while they run (HEAD). It gets no claim and waits for none. */
  readonly solitary: boolean
  /** A fetch that failed before for this request's waiters. */
  readonly attempt: number
  /** Whether the request insists on asking the origin, so that a stale object is not served without an attempt. */
  readonly demanding: boolean
  /** Whether stored parts are completed for this request. */
  readonly completesParts: boolean
}

/** Why the origin has to be asked. */
export type MissReason = 'ABSENT' | 'VARY' | 'EXPIRED' | 'PARTIAL' | 'RANGE' | 'FORCED'

export type Found =
  /**
   * Serve it. With a claim: it is in grace, and the claim's holder refreshes it after the answer. `stale`: its refresh failed a
   * moment ago and it may be served on errors.
   */
  | { readonly type: 'object'; readonly object: CachedObject; readonly freshness: Freshness; readonly claim: Claim | null }
  /** Fetch. Without a claim (solitary) the result serves this request alone. */
  | { readonly type: 'fetch'; readonly claim: Claim | null; readonly stale: CachedObject | null; readonly why: MissReason }
  /** The last answer could not be shared: go to the origin without waiting. */
  | { readonly type: 'refused'; readonly marker: Marker }
  /** Somebody fetches it. With `claim.detached` the wait is for another look-up, and worth OVERTAKEN_WAIT from `claim.overtakenAt`. */
  | { readonly type: 'wait'; readonly claim: Claim; readonly stale: CachedObject | null }
  /** It is stored, but not at hand: who waits looks up again in a moment. */
  | { readonly type: 'away'; readonly claim: Claim }

/** What became of something since a position of the invalidation log. `soft`: it is stale now. `hard`: it is of no use any more. */
export type Verdict = 'valid' | 'soft' | 'hard'

/** What the table needs of the invalidation log. */
export interface Invalidations {
  /** Position of the last entry. */
  readonly head: number
  purgeKey(key: string, soft: boolean): unknown
  /** Answers the position of the entry. */
  purgeSubject(subject: SubjectPurge, soft: boolean): number
  /** Of something fetched under `key`, with these tags, by a fetch that began at `since`. `target`: what it is of, where the key does not tell. */
  verdict(key: string, since: number, tags: readonly string[], target: Place | null): Verdict
}

/** Fetches under way, by the position of the invalidation log at which they began. */
export interface InFlight {
  begin(position: number): void
  end(position: number): void
}

export interface PurgeResult {
  /** Objects that went, or were made stale. */
  readonly objects: number
}

export interface ObjectTable {
  /** Whether other threads have a part in it, so that a purge is in force only once it is answered. */
  readonly distributed: boolean
  find(lookup: Lookup): Found
  /** Waits for a claim's release. Answers a function that leaves the queue. */
  wait(claim: Claim, waiter: Waiter): () => void
  /**
   * The claim's answer may be shared: the object is readable from now on, under its real Vary, and the waiters are told.
   * `variant` is the one that the fetch's own request selects under `names`. Ends the claim.
   * With `store` the object is kept once it is complete; without, it serves the waiters and who joins while it arrives.
   */
  publish(claim: Claim | null, object: CachedObject, names: readonly string[], variant: string, store: boolean): void
  /** The object's body is whole: from now on it takes the place of its predecessor. `false`: an invalidation overtook it, or there is no room. */
  complete(object: CachedObject): boolean
  /** Whether it is what a look-up finds in its place, and nothing is arriving there. */
  holds(object: CachedObject): boolean
  /** The object's body broke or shall not be kept: nobody finds it any more. Its predecessor stays. */
  discard(object: CachedObject): void
  /** A refresh of the object failed for the `failures`th time in a row: none is tried before `retryAt` (monotonic ms). */
  postpone(object: CachedObject, failures: number, retryAt: number): void
  /** The answer cannot be shared. Remembers the refusal (unless `marker` is `null`), frees the waiters. Ends the claim. */
  refuse(claim: Claim, names: readonly string[], variant: string, marker: Marker | null, supersedes: boolean): void
  /** Remembers a refusal of a fetch that held no claim. */
  remember(key: string, names: readonly string[], variant: string, marker: Marker): void
  /** The claim's fetch is to confirm an object that was found elsewhere since. */
  confirm(claim: Claim, object: CachedObject): void
  /** Gives the claim up. Ends it. Harmless when it has ended. */
  release(claim: Claim, outcome: ClaimOutcome): void
  /**
   * All variants under a key. Claims under way are overtaken, and nobody joins what is arriving. In force once it is answered: at once where one
   * thread has the table, else when all of them know of it.
   */
  purge(key: string, soft: boolean): PurgeResult | Promise<PurgeResult>
  /**
   * Everything that a subject names: stored or arriving. In force when this returns, or with several threads once it is answered: from then on no
   * look-up finds what it names, and who waits for a fetch that brings such an object looks up again. What is many is taken in slices, and
   * counted when all are through. `gone` is told of each object as it goes.
   */
  purgeSubject(subject: SubjectPurge, soft: boolean, gone?: (object: CachedObject) => void): PurgeResult | Promise<PurgeResult>
  /** How many objects a purge would take; changes nothing. */
  count(subject: SubjectPurge): PurgeResult | Promise<PurgeResult>
  /** Whether an invalidation by key, URL, host, prefix or of all overtook a fetch that began at `position` under `key`. */
  overtaken(key: string, position: number): Verdict
  /** Whether any invalidation since `position` names the object. */
  outdated(object: CachedObject, position: number): Verdict
  /** Each fetch enters here when it begins, and leaves when nothing of it can be stored any more. */
  readonly flights: InFlight
  /** Position of the invalidation log, for fetches without a claim. */
  readonly position: number
  /** Objects kept, bytes of everything kept. */
  readonly objects: number
  readonly bytes: number
  stop(): void
}
