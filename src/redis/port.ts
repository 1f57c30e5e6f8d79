/**
 * What Clearcoat asks of Redis: everything goes through this door, so that a server, a Cluster, Sentinels and the model that simulations run on
 * are alike. Nothing here waits without end: every call ends within its deadline, and fails at once while Redis is known to be away.
 */

/** Why a call brought nothing. `away`: not asked, the breaker is open or too much is under way. `refused`: Redis answered an error. */
export type RedisFault = 'timeout' | 'away' | 'lost' | 'refused'

export class RedisFailure extends Error {
  readonly fault: RedisFault

  constructor(fault: RedisFault, message: string) {
    super(message)
    this.name = 'RedisFailure'
    this.fault = fault
  }
}

/** Small values never queue behind large ones: each kind has a connection of its own. */
export type Lane = 'small' | 'bulk'

/** What lies under a key. `left`: milliseconds until Redis frees it. */
export interface Stored {
  readonly value: Buffer
  readonly left: number
}

export interface Writing {
  readonly key: string
  readonly value: Buffer
  /** Milliseconds until Redis frees it, at least 1. */
  readonly life: number
}

/** A Lua script: only commands that Redis 7.0 and Valkey share; every key that it touches is among its keys, in one slot. */
export interface Script {
  readonly name: string
  readonly lua: string
}

export type Reply = Buffer | number | null | readonly Reply[]

export interface StreamEntry {
  /** As Redis has it: `<generation>-<number>`. */
  readonly id: string
  readonly value: Buffer
}

/** What one thread asks for objects and claims. Rejects with a `RedisFailure` only. */
export interface RedisPort {
  /** `away` while the breaker is open; there is no need to ask before a call. */
  readonly state: 'ready' | 'away'
  /** What lies under keys of one slot, in their order. */
  read(keys: readonly string[], lane: Lane): Promise<readonly (Stored | null)[]>
  /** Writes under keys of one slot, in their order. */
  write(writings: readonly Writing[], lane: Lane): Promise<void>
  remove(keys: readonly string[]): Promise<void>
  run(script: Script, keys: readonly string[], args: readonly (string | number | Buffer)[]): Promise<Reply>
  /** Calls back for every message on a channel; again and again after reconnects. Messages sent while it is cut off are lost. */
  subscribe(channel: string, heard: (message: string) => void): void
  /** An answer was not that to its question: the connection is not used any more. */
  distrust(lane: Lane): void
  stop(): void
}

/** What the one thread of a process that follows the log asks beside it, on connections of its own. */
export interface RedisFeed {
  /**
   * Entries behind `after` in their order, at most `count`; none after `wait` milliseconds. Rejects with a `RedisFailure`, also when nothing at
   * all was heard for longer than `wait` and a deadline.
   */
  follow(stream: string, after: string, wait: number, count: number): Promise<readonly StreamEntry[]>
  stop(): void
}
