/**
 * A model of the Redis that nodes share, at the level of commands: masters that hold their slots, each with a replica that follows it some time
 * later, and what befalls them. All that happens is an event of a simulation.
 */
import { type Change, Keyspace } from './model-keyspace.ts'
import { EPOCH, type VirtualTime } from './virtual-time.ts'

/** Who hears of messages and of connections that end. */
export interface Listening {
  readonly server: ModelServer
  message(channel: string, message: string): void
}

/** Who waits for a stream to grow. */
interface Blocked {
  readonly key: string
  readonly grown: () => void
}

export interface ModelRedisInit {
  readonly time: VirtualTime
  /** Chance, from 0 to below 1. */
  readonly random: () => number
  /** Masters among which slots are shared. Default 1. */
  readonly shards?: number
  /** Milliseconds that a replica is behind its master, at most. Default 20. */
  readonly lag?: number
  /** Milliseconds by which servers' clocks are wrong, at most. Default 1,000. */
  readonly skew?: number
}

export class ModelServer {
  readonly name: string
  readonly keys: Keyspace
  /** A master that takes commands; a deposed one still does so for whoever has not heard of it. */
  alive = true
  /** Why commands that write are refused, such as `OOM command not allowed`; `null`: they are not. */
  refuses: string | null = null
  readonly #blocked = new Set<Blocked>()

  constructor(name: string, time: VirtualTime, ahead: number) {
    this.name = name
    this.keys = new Keyspace(() => Math.floor(EPOCH + time.now + ahead))
    this.keys.grown = (key) => {
      for (const blocked of [...this.#blocked]) if (blocked.key === key) blocked.grown()
    }
  }

  /** Tells of each growth of a stream, until the function that it answers is called. */
  watch(key: string, grown: () => void): () => void {
    const blocked = { key, grown }
    this.#blocked.add(blocked)
    return () => this.#blocked.delete(blocked)
  }
}

/** Some of the slots: a master, and a replica that follows it. */
class Shard {
  master: ModelServer
  replica: ModelServer
  /** Changes that the replica has not made. */
  behind: Change[] = []
  /** Counts masters. */
  reign = 0

  constructor(master: ModelServer, replica: ModelServer) {
    this.master = master
    this.replica = replica
  }
}

export class ModelRedis {
  readonly time: VirtualTime
  readonly random: () => number
  readonly #lag: number
  readonly #skew: number
  readonly #shards: Shard[] = []
  readonly #listening = new Set<Listening>()
  /** Servers that were masters and do not know that they are no more. */
  readonly #deposed = new Set<ModelServer>()
  #servers = 0
  /** Moment until which replicas hear nothing. */
  #stalled = 0
  /** Told when a shard has another master. */
  readonly promoted: Set<(shard: number) => void> = new Set()

  constructor({ time, random, shards = 1, lag = 20, skew = 1000 }: ModelRedisInit) {
    this.time = time
    this.random = random
    this.#lag = lag
    this.#skew = skew
    for (let i = 0; i < shards; i++) {
      const shard = new Shard(this.#server(), this.#server())
      this.#shards.push(shard)
      this.#follow(shard)
    }
  }

  get shards(): number {
    return this.#shards.length
  }

  /** By what lies between the first braces, as a Cluster does. */
  shardOf(key: string): number {
    const open = key.indexOf('{')
    const close = open < 0 ? -1 : key.indexOf('}', open)
    const tag = close > open + 1 ? key.slice(open + 1, close) : key
    let sum = 0
    for (let i = 0; i < tag.length; i++) sum = (Math.imul(sum, 31) + tag.charCodeAt(i)) >>> 0
    return sum % this.#shards.length
  }

  master(shard: number): ModelServer {
    return this.#of(shard).master
  }

  /** Changes of which a failover would lose all traces. */
  unreplicated(shard: number): number {
    return this.#of(shard).behind.length
  }

  listen(listening: Listening): () => void {
    this.#listening.add(listening)
    return () => this.#listening.delete(listening)
  }

  /** A message of a client of `server`: it comes to all who listen, in a Cluster by whatever server, but not across a split. Answers how many. */
  publish(server: ModelServer, channel: string, message: string): number {
    let heard = 0
    for (const listening of this.#listening) {
      if (listening.server !== server && (this.#deposed.has(listening.server) || this.#deposed.has(server))) continue
      listening.message(channel, message)
      heard++
    }
    return heard
  }

  /**
   * The replica becomes the master, with what it has: the rest is lost, whoever it was acknowledged to. The old master dies, or serves for
   * a while those who have not heard.
   */
  failover(shard: number, lingers: number): void {
    const its = this.#of(shard)
    const old = its.master
    old.keys.changed = () => {}
    if (lingers > 0) {
      this.#deposed.add(old)
      this.time.after(lingers, () => this.#end(old))
    } else this.#end(old)
    its.master = its.replica
    its.behind = []
    its.reign++
    const replica = this.#server()
    for (const change of its.master.keys.whole()) replica.keys.replay(change)
    its.replica = replica
    this.#follow(its)
    for (const told of this.promoted) told(shard)
  }

  /** Replicas hear nothing of their masters for so long, and then of all. */
  stall(ms: number): void {
    this.#stalled = this.time.now + ms
  }

  flush(): void {
    for (const { master } of this.#shards) master.keys.flush()
  }

  /** Keys at random go, as at `maxmemory`; what the log needs goes as well. */
  evict(share: number): number {
    let gone = 0
    for (const { master } of this.#shards) for (const key of master.keys.keys) if (this.random() < share) gone += master.keys.del(key)
    return gone
  }

  #end(server: ModelServer): void {
    server.alive = false
    this.#deposed.delete(server)
  }

  #server(): ModelServer {
    const ahead = Math.floor((this.random() - 0.5) * 2 * this.#skew)
    return new ModelServer(`redis ${++this.#servers}`, this.time, ahead)
  }

  /** Each change comes to the replica a little later, in order. */
  #follow(shard: Shard): void {
    const { reign, replica } = shard
    shard.master.keys.changed = (change) => {
      shard.behind.push(change)
      this.time.after(Math.max(this.random() * this.#lag, this.#stalled - this.time.now), () => {
        const next = shard.reign === reign ? shard.behind.shift() : undefined
        if (next !== undefined) replica.keys.replay(next)
      })
    }
  }

  #of(shard: number): Shard {
    const its = this.#shards[shard]
    if (its === undefined) throw new Error(`there is no shard ${shard}`)
    return its
  }
}
