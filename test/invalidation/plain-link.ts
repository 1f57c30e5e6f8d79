/** A node's way to a real Redis that can be cut: one question after the other, scripts as they stand. */
import { RedisFailure, type RedisFeed, type RedisPort, type Reply, type Script, type StreamEntry } from '../../src/redis/port.ts'
import { RespClient, type RespReply } from '../support/resp-client.ts'

type NodePort = Pick<RedisPort, 'state' | 'read' | 'run'>

export class PlainLink implements NodePort, RedisFeed {
  /** Where Redis is. */
  port: number
  #cut = false
  #deaf = false
  #stopped = false
  readonly #clients: Promise<RespClient>[] = []
  #asking: Promise<RespClient> | null = null
  #following: Promise<RespClient> | null = null
  /** Questions that did not go through. */
  refused = 0
  /** Names of the scripts that were run. */
  readonly ran: string[] = []

  constructor(port: number) {
    this.port = port
  }

  get state(): 'ready' | 'away' {
    return this.#cut ? 'away' : 'ready'
  }

  /** Nothing goes through any more. */
  cut(): void {
    this.#cut = true
    this.#close()
  }

  mend(port: number = this.port): void {
    this.port = port
    this.#cut = false
    this.#deaf = false
    this.#close()
  }

  /** It can ask, but does not hear of entries. */
  deafen(): void {
    this.#deaf = true
    this.#close()
  }

  async read(keys: readonly string[]): ReturnType<RedisPort['read']> {
    const values = await Promise.all(keys.map((key) => this.#ask('GET', key)))
    return values.map((value) => (typeof value === 'string' ? { value: Buffer.from(value, 'latin1'), left: 1 } : null))
  }

  async run(script: Script, keys: readonly string[], args: readonly (string | number | Buffer)[]): Promise<Reply> {
    const reply = await this.#ask('EVAL', script.lua, keys.length, ...keys, ...args)
    this.ran.push(script.name)
    return replyOf(reply)
  }

  async follow(stream: string, after: string, wait: number, count: number): Promise<readonly StreamEntry[]> {
    this.#check(this.#deaf)
    let reply: RespReply
    try {
      if ((await this.#following)?.open !== true) this.#following = this.#open()
      reply = await (await (this.#following as Promise<RespClient>)).ask('XREAD', 'COUNT', count, 'BLOCK', wait, 'STREAMS', stream, after)
    } catch (error) {
      this.#following = null
      this.refused++
      throw new RedisFailure('lost', String(error))
    }
    this.#check(this.#deaf)
    if (!Array.isArray(reply)) return []
    const [[, entries]] = reply as [[string, [string, [string, string]][]]]
    return entries.map(([id, [, value]]) => ({ id, value: Buffer.from(value, 'latin1') }))
  }

  stop(): void {
    this.#stopped = true
    this.#close()
  }

  async #ask(...args: readonly (string | number | Buffer)[]): Promise<RespReply> {
    this.#check(false)
    let reply: RespReply
    try {
      if ((await this.#asking)?.open !== true) this.#asking = this.#open()
      reply = await (await (this.#asking as Promise<RespClient>)).ask(...args)
    } catch (error) {
      if (error instanceof Error && /^(?:ERR|WRONG|NOSCRIPT)/.test(error.message)) throw error
      this.#asking = null
      this.refused++
      throw new RedisFailure('lost', String(error))
    }
    this.#check(false)
    return reply
  }

  #check(deaf: boolean): void {
    if (!this.#cut && !this.#stopped && !deaf) return
    this.refused++
    throw new RedisFailure('away', 'the link is cut')
  }

  #open(): Promise<RespClient> {
    const client = RespClient.open(this.port)
    this.#clients.push(client)
    return client
  }

  #close(): void {
    this.#asking = null
    this.#following = null
    for (const client of this.#clients.splice(0))
      client.then(
        (open) => open.close(),
        () => {},
      )
  }
}

function replyOf(reply: RespReply): Reply {
  if (typeof reply === 'string') return Buffer.from(reply, 'latin1')
  return typeof reply === 'object' && reply !== null ? reply.map(replyOf) : reply
}
