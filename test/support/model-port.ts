/** The doors to Redis over the model: `RedisPort` for a thread's objects and claims, `RedisFeed` for who follows the log. */
import {
  type Lane,
  RedisFailure,
  type RedisFault,
  type RedisFeed,
  type RedisPort,
  type Reply,
  type Script,
  type Stored,
  type StreamEntry,
  type Writing,
} from '../../src/redis/port.ts'
import { CommandError } from './model-keyspace.ts'
import type { Command, ModelLink } from './model-link.ts'
import { TWINS } from './model-scripts.ts'
import type { Answer, Twin } from './model-twin.ts'

/** Failures in a row after which nothing is asked for a while. */
const BREAKS = 5
/** Milliseconds until one call is let through. */
const PROBES = 500

export class ModelPort implements RedisPort {
  readonly #link: ModelLink
  readonly #deadline: number
  readonly #twins: ReadonlyMap<string, Twin>
  readonly #heard = new Map<string, ((message: string) => void)[]>()
  readonly #stopped: (() => void)[] = []
  #failures = 0
  #retryAt = 0
  #over = false

  /** `deadline`: milliseconds for each call. */
  constructor(link: ModelLink, deadline: number = 50, twins: ReadonlyMap<string, Twin> = TWINS) {
    this.#link = link
    this.#deadline = deadline
    this.#twins = twins
  }

  get state(): 'ready' | 'away' {
    return this.#failures >= BREAKS ? 'away' : 'ready'
  }

  read(keys: readonly string[], lane: Lane): Promise<readonly (Stored | null)[]> {
    return this.#call(lane, keys, ({ keys: held }) =>
      keys.map((key) => {
        const value = held.get(key)
        return value === null ? null : { value: Buffer.from(value), left: held.pttl(key) }
      }),
    )
  }

  write(writings: readonly Writing[], lane: Lane): Promise<void> {
    const keys = writings.map(({ key }) => key)
    return this.#call(lane, keys, (server) => {
      if (server.refuses !== null) throw new CommandError(server.refuses)
      for (const { key, value, life } of writings) server.keys.set(key, Buffer.from(value), Math.max(1, Math.floor(life)))
    })
  }

  remove(keys: readonly string[]): Promise<void> {
    return this.#call('small', keys, ({ keys: held }) => {
      held.del(...keys)
    })
  }

  run(script: Script, keys: readonly string[], args: readonly (string | number | Buffer)[]): Promise<Reply> {
    const twin = this.#twins.get(script.name)
    if (twin === undefined) throw new Error(`the model does not know the script “${script.name}”`)
    const texts = args.map((arg) => (typeof arg === 'number' ? String(arg) : arg))
    return this.#call('small', keys, (server) => {
      const publish = (channel: string, message: string): number => this.#link.redis.publish(server, channel, message)
      return answered(twin({ keys: server.keys, publish }, keys, texts))
    })
  }

  subscribe(channel: string, heard: (message: string) => void): void {
    const before = this.#heard.get(channel)
    if (before !== undefined) before.push(heard)
    else this.#heard.set(channel, [heard])
    if (this.#heard.size === 1 && before === undefined) this.#listen()
  }

  distrust(lane: Lane): void {
    for (let shard = 0; shard < this.#link.redis.shards; shard++) this.#link.close(`${lane} ${shard}`)
  }

  stop(): void {
    this.#over = true
    for (const stop of this.#stopped) stop()
    for (const lane of ['small', 'bulk', 'messages'])
      for (let shard = 0; shard < this.#link.redis.shards; shard++) this.#link.close(`${lane} ${shard}`)
  }

  async #call<T>(lane: Lane, keys: readonly string[], command: Command<T>): Promise<T> {
    const { time } = this.#link.redis
    const shards = new Set(keys.map((key) => this.#link.redis.shardOf(key)))
    if (shards.size > 1) throw new RedisFailure('refused', "CROSSSLOT Keys in request don't hash to the same slot")
    if (this.#over || (this.#failures >= BREAKS && time.now < this.#retryAt)) throw new RedisFailure('away', 'Redis is away')
    // While it is away, one call is let through.
    if (this.#failures >= BREAKS) this.#retryAt = time.now + PROBES
    try {
      const answer = await this.#link.call(lane, [...shards][0] ?? 0, this.#deadline, command)
      this.#failures = 0
      return answer
    } catch (error) {
      if (isFault(error, 'refused')) this.#failures = 0
      else if (++this.#failures === BREAKS) this.#retryAt = time.now + PROBES
      throw error
    }
  }

  /** One connection for messages; when it has ended, another one. What is sent meanwhile is lost. */
  #listen(): void {
    if (this.#over) return
    const link = this.#link
    const connection = link.connection('messages', 0)
    let leave = (): void => {}
    link.send(connection, () => {
      if (!connection.open || this.#over) return
      leave = link.redis.listen({
        server: connection.server,
        message: (channel, message) => {
          if (this.#heard.has(channel)) link.reply(connection, () => this.#tell(channel, message))
        },
      })
      this.#stopped.push(leave)
    })
    const ended = (name: string): void => {
      if (name !== 'messages 0') return
      link.ended.delete(ended)
      leave()
      this.#listen()
    }
    link.ended.add(ended)
    // The subscription itself may be lost: that it is there is asked for now and then.
    const check = (): void => {
      if (this.#over || !connection.open) return
      link
        .call('messages', 0, this.#deadline * 4, () => null)
        .then(
          () => link.redis.time.after(PROBES, check, link.owner),
          () => {
            if (connection.open) link.close('messages 0')
          },
        )
    }
    link.redis.time.after(PROBES, check, link.owner)
  }

  #tell(channel: string, message: string): void {
    if (this.#over) return
    for (const heard of this.#heard.get(channel) ?? []) heard(message)
  }
}

export class ModelFeed implements RedisFeed {
  readonly #link: ModelLink
  readonly #deadline: number
  #over = false

  constructor(link: ModelLink, deadline: number = 50) {
    this.#link = link
    this.#deadline = deadline
  }

  async follow(stream: string, after: string, wait: number, count: number): Promise<readonly StreamEntry[]> {
    if (this.#over) throw new RedisFailure('away', 'it was stopped')
    const link = this.#link
    const { time } = link.redis
    const connection = link.connection('feed', link.redis.shardOf(stream))
    try {
      return await new Promise<readonly StreamEntry[]>((resolve, reject) => {
        const fail = (failure: RedisFailure): void => {
          connection.waiting.delete(fail)
          cancel()
          reject(failure)
        }
        const patience = wait + this.#deadline
        const cancel = time.after(patience, () => fail(new RedisFailure('timeout', `nothing heard for ${patience} ms`)), link.owner)
        connection.waiting.add(fail)
        link.send(connection, () => {
          if (!connection.open || !connection.server.alive) return
          const found = (): readonly StreamEntry[] =>
            connection.server.keys.xbehind(stream, after, count).map(({ id, fields }) => ({ id, value: fields[1] as Buffer }))
          const answer = (entries: readonly StreamEntry[]): void => {
            leave()
            endWait()
            link.reply(connection, () => {
              if (!connection.waiting.delete(fail)) return
              cancel()
              resolve(entries)
            })
          }
          const leave = connection.server.watch(stream, () => {
            const grown = found()
            if (grown.length > 0) answer(grown)
          })
          const endWait = time.after(wait, () => {
            if (connection.server.alive) answer([])
          })
          const now = found()
          if (now.length > 0) answer(now)
        })
      })
    } catch (error) {
      // Who was left in the middle of an answer does not ask on the same connection again.
      if (isFault(error, 'timeout')) link.close(`feed ${connection.shard}`)
      throw error
    }
  }

  stop(): void {
    this.#over = true
    for (let shard = 0; shard < this.#link.redis.shards; shard++) this.#link.close(`feed ${shard}`)
  }
}

function isFault(error: unknown, fault: RedisFault): boolean {
  return error instanceof RedisFailure && error.fault === fault
}

/** As it comes from a script: texts are bytes, `true` is 1, `false` nothing, and numbers are whole. */
function answered(value: Answer): Reply {
  if (value === null || value === false) return null
  if (value === true) return 1
  if (typeof value === 'number') return Math.trunc(value)
  if (typeof value === 'string') return Buffer.from(value)
  if (Buffer.isBuffer(value)) return Buffer.from(value)
  const items: Reply[] = []
  for (const item of value as readonly Answer[]) {
    // A table of Lua ends where nothing stands.
    if (item === null) break
    items.push(answered(item))
  }
  return items
}
