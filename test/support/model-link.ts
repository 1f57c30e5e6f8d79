/** A node's way to the modelled Redis: a connection for each kind of call and each master, on which order is kept; the way may be cut or slow. */
import { RedisFailure } from '../../src/redis/port.ts'
import { CommandError } from './model-keyspace.ts'
import type { ModelRedis, ModelServer } from './model-redis.ts'
import type { Owner } from './virtual-time.ts'

/** What a node asks a server to do; throws a `CommandError` for what Redis refuses. */
export type Command<T> = (server: ModelServer) => T

interface Connection {
  readonly server: ModelServer
  readonly shard: number
  open: boolean
  /** Moments before which nothing sent later arrives, there and here. */
  there: number
  here: number
  /** Calls that wait for an answer. */
  readonly waiting: Set<(failure: RedisFailure) => void>
}

/** Milliseconds that a message takes. */
export interface Delay {
  readonly least: number
  readonly most: number
}

export const QUICK: Delay = { least: 0.1, most: 2 }

/** Milliseconds after which a new connection is there. */
const CONNECTING = 5
/** Milliseconds that nodes take to hear of another master, at most. */
const NOTICING = 300

export class ModelLink {
  readonly redis: ModelRedis
  readonly owner: Owner
  delay: Delay = QUICK
  /** Told when a connection of this name has ended. */
  readonly ended: Set<(name: string) => void> = new Set()
  #cut = false
  /** Commands that were on their way when it was cut, and still arrive. */
  #late: (() => void)[] = []
  readonly #connections = new Map<string, Connection>()
  /** What this node takes for the masters. */
  readonly #masters: ModelServer[]

  constructor(redis: ModelRedis, owner: Owner) {
    this.redis = redis
    this.owner = owner
    this.#masters = Array.from({ length: redis.shards }, (_, shard) => redis.master(shard))
    redis.promoted.add((shard) => redis.time.after(redis.random() * NOTICING, () => this.#notice(shard)))
  }

  get cut(): boolean {
    return this.#cut
  }

  /** Whether calls would come through to the real masters. */
  get well(): boolean {
    return !this.#cut && this.#masters.every((master, shard) => master === this.redis.master(shard) && master.alive)
  }

  master(shard: number): ModelServer {
    return this.#masters[shard] as ModelServer
  }

  /** Nothing comes through any more; what was under way is lost, or arrives when it is mended. */
  sever(): void {
    this.#cut = true
  }

  mend(): void {
    if (!this.#cut) return
    this.#cut = false
    const { time, random } = this.redis
    for (const command of this.#late) time.after(random() * 50, command)
    this.#late = []
    // Packets of a connection that was cut for long do not arrive: each side begins anew.
    for (const name of [...this.#connections.keys()]) this.close(name)
  }

  /** A connection ends: who waits for answers is told, what was sent may still be carried out. */
  close(name: string): void {
    const connection = this.#connections.get(name)
    if (connection === undefined) return
    this.#connections.delete(name)
    connection.open = false
    const { time, random } = this.redis
    time.after(
      random() * CONNECTING,
      () => {
        const lost = new RedisFailure('lost', 'the connection ended')
        for (const fail of [...connection.waiting]) fail(lost)
        for (const told of [...this.ended]) told(name)
      },
      this.owner,
    )
  }

  /** Sends a command; the answer comes, or a failure, within `deadline` milliseconds. */
  call<T>(name: string, shard: number, deadline: number, command: Command<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const { time } = this.redis
      const connection = this.connection(name, shard)
      const over = (): void => {
        connection.waiting.delete(fail)
        cancel()
      }
      const fail = (failure: RedisFailure): void => {
        over()
        reject(failure)
      }
      const cancel = time.after(deadline, () => fail(new RedisFailure('timeout', `no answer within ${deadline} ms`)), this.owner)
      connection.waiting.add(fail)
      this.send(connection, () => {
        const answer = attempt(connection.server, command)
        if (answer === null) return
        this.reply(connection, () => {
          if (!connection.waiting.has(fail)) return
          over()
          if (answer.type === 'refused') reject(new RedisFailure('refused', answer.why))
          else resolve(answer.value)
        })
      })
    })
  }

  /** Something goes to the server, behind all that was sent on the connection before. */
  send(connection: Connection, arrives: () => void): void {
    const { time, random } = this.redis
    connection.there = Math.max(connection.there, time.now + this.#takes())
    time.at(connection.there, () => {
      if (this.#cut) {
        if (random() < 0.5) this.#late.push(arrives)
      } else arrives()
    })
  }

  /** Something comes from the server, behind all that came on the connection before. */
  reply(connection: Connection, arrives: () => void): void {
    const { time } = this.redis
    connection.here = Math.max(connection.here, time.now + this.#takes())
    time.at(
      connection.here,
      () => {
        if (!this.#cut && connection.open) arrives()
      },
      this.owner,
    )
  }

  connection(name: string, shard: number): Connection {
    const full = `${name} ${shard}`
    const before = this.#connections.get(full)
    if (before !== undefined) return before
    const begin = this.redis.time.now + this.redis.random() * CONNECTING
    const connection = { server: this.master(shard), shard, open: true, there: begin, here: begin, waiting: new Set<() => void>() }
    this.#connections.set(full, connection)
    return connection
  }

  /** Another server is the master of a shard: calls go there from now on. */
  #notice(shard: number): void {
    this.#masters[shard] = this.redis.master(shard)
    for (const [name, connection] of [...this.#connections]) if (connection.shard === shard) this.close(name)
  }

  #takes(): number {
    const { least, most } = this.delay
    return least + this.redis.random() * (most - least)
  }
}

/** `null`: the server does not answer. */
function attempt<T>(server: ModelServer, command: Command<T>): { type: 'done'; value: T } | { type: 'refused'; why: string } | null {
  if (!server.alive) return null
  try {
    return { type: 'done', value: command(server) }
  } catch (error) {
    if (error instanceof CommandError) return { type: 'refused', why: error.message }
    throw error
  }
}
