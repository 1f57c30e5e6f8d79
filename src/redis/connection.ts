/**
 * One connection to one Redis, from its opening to its end; it never opens anew. ioredis speaks the protocol and finds the master that Sentinels
 * tell of; when to connect, what to wait for and what an error means is decided by who owns the connection.
 */
import { createRequire } from 'node:module'
import { isIP, type Socket } from 'node:net'
import type { Command as IoCommand, Redis as IoRedis, RedisOptions } from 'ioredis'
import type { Clock, Timer } from '../clock.ts'
import type { Endpoint, RedisTarget } from './address.ts'
import { Outbox } from './outbox.ts'
import { RedisFailure, type Reply } from './port.ts'
import { ReplyError } from './reply-error.ts'

/** A command: its name and its arguments. */
export type Asked = readonly [name: string, ...args: (string | number | Buffer)[]]

/** How to connect to the nodes of a target. */
export interface Dialing {
  readonly target: RedisTarget
  /** Certificates (PEM) in place of the system's. */
  readonly ca: string | null
  readonly clock: Clock
}

/** Milliseconds until a connection has to stand: TCP, TLS and the first answers. */
export const OPENING = 2000

interface IoRedisModule {
  readonly Redis: new (options: RedisOptions) => IoRedis
  readonly Command: typeof IoCommand
}

let loaded: IoRedisModule | null = null

/** Nobody without a Redis loads it. */
function ioredis(): IoRedisModule {
  loaded ??= createRequire(import.meta.url)('ioredis') as IoRedisModule
  return loaded
}

/**
 * `endpoint`: a server or a node of the Cluster; of no meaning with Sentinels. `ended` is called once when a connection that stood has ended, with
 * the reason. Rejects with a `RedisFailure` whose message tells no password.
 */
export function openConnection(dialing: Dialing, endpoint: Endpoint, ended: (reason: string) => void): Promise<Connection> {
  return new Promise((resolve, reject) => {
    const { clock } = dialing
    const redis = new (ioredis().Redis)(optionsOf(dialing, endpoint))
    const connection = new Connection(redis)
    let reason: string | null = null
    let opened = false
    const fail = (failure: RedisFailure): void => {
      patience.cancel()
      connection.destroy()
      reject(failure)
    }
    const patience: Timer = clock.after(OPENING, () => fail(new RedisFailure('timeout', `no answer within ${OPENING} ms`)))
    redis.on('error', (error: Error) => {
      reason ??= describe(error)
      connection.destroy()
    })
    redis.on('end', () => {
      if (opened) ended(reason ?? 'the connection was closed')
      else fail(new RedisFailure('lost', reason ?? 'the connection was closed before it stood'))
    })
    redis.on('ready', () => {
      guardReplies(redis)
      greet(connection, dialing.target).then(
        () => {
          patience.cancel()
          opened = true
          resolve(connection)
        },
        (failure: RedisFailure) => fail(failure.fault === 'lost' && reason !== null ? new RedisFailure('lost', reason) : failure),
      )
    })
    redis.connect().catch((error: Error) => {
      reason ??= describe(error)
    })
  })
}

export class Connection {
  readonly #redis: IoRedis
  readonly #outbox: Outbox
  /** How ioredis is told where to write. */
  readonly #way: Exclude<Parameters<IoRedis['sendCommand']>[1], undefined>
  #destroyed = false

  constructor(redis: IoRedis) {
    this.#redis = redis
    const outbox = new Outbox(() => redis.stream as Socket | undefined)
    this.#outbox = outbox
    this.#way = { isPipeline: true, write: (piece: string | Buffer) => outbox.write(piece), destination: { redis } }
  }

  get destroyed(): boolean {
    return this.#destroyed
  }

  /**
   * Sends commands together, at the end of this turn of the loop or `now`; resolves with their answers when all are there. Rejects with a
   * `RedisFailure` if it ends before.
   */
  send(commands: readonly Asked[], now: boolean = false): Promise<readonly (Reply | ReplyError)[]> {
    if (this.#destroyed) return Promise.reject(new RedisFailure('lost', 'the connection has ended'))
    const { Command } = ioredis()
    return new Promise((resolve, reject) => {
      const replies: (Reply | ReplyError)[] = []
      let left = commands.length
      for (const [index, [name, ...args]] of commands.entries()) {
        const take = (reply: Reply | ReplyError): void => {
          replies[index] = reply
          if (--left === 0) resolve(replies)
        }
        const command = new Command(name, args, { replyEncoding: null })
        command.promise.then(take as (reply: unknown) => void, (error: Error) => {
          if (error.name === 'ReplyError') take(new ReplyError(error.message))
          else reject(new RedisFailure('lost', 'the connection was lost before the answer'))
        })
        this.#redis.sendCommand(command, this.#way)
      }
      // The sooner something is taken away, the less likely is it something newer.
      if (now || commands[0]?.[0] === 'unlink') this.#outbox.flush()
    })
  }

  /** Every message of the channels that were subscribed to. */
  onMessage(heard: (channel: string, message: string) => void): void {
    this.#redis.on('message', heard)
  }

  /** At once and for good: what was asked is lost, what comes is not read. */
  destroy(): void {
    if (this.#destroyed) return
    this.#destroyed = true
    this.#redis.disconnect()
    // Absent while it looks for the master.
    const stream: IoRedis['stream'] | undefined = this.#redis.stream
    stream?.destroy()
  }
}

function optionsOf({ target, ca }: Dialing, endpoint: Endpoint): RedisOptions {
  const tls = target.tls ? { rejectUnauthorized: true, ...(ca === null ? {} : { ca }) } : null
  const base: RedisOptions = {
    protocol: 2,
    lazyConnect: true,
    retryStrategy: null,
    enableOfflineQueue: false,
    enableReadyCheck: false,
    autoResubscribe: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: null,
    disableClientInfo: true,
    noDelay: true,
    keepAlive: 10_000,
    connectTimeout: OPENING,
  }
  if (target.type === 'sentinel')
    return {
      ...base,
      sentinels: target.endpoints.map((place) => ('path' in place ? {} : place)),
      name: target.master ?? '',
      sentinelRetryStrategy: () => null,
      sentinelCommandTimeout: OPENING,
      ...(tls === null ? {} : { tls, sentinelTLS: tls, enableTLSForSentinelMode: true }),
    }
  if ('path' in endpoint) return { ...base, path: endpoint.path }
  const servername = isIP(endpoint.host) === 0 ? { servername: endpoint.host } : {}
  return { ...base, host: endpoint.host, port: endpoint.port, ...(tls === null ? {} : { tls: { ...tls, ...servername } }) }
}

/** The first words: who we are, and whether it is what it has to be. */
async function greet(connection: Connection, { type, user, password, db }: RedisTarget): Promise<void> {
  const commands: Asked[] = [['hello'], ['ping']]
  if (db !== 0) commands.splice(1, 0, ['select', db])
  const known = user !== null || password !== null
  // A user without a password takes any.
  if (known) commands.unshift(user === null ? ['auth', password ?? ''] : ['auth', user, password ?? ''])
  const replies = await connection.send(commands, true)
  const refused = replies.find((reply) => reply instanceof ReplyError)
  if (refused !== undefined) throw new RedisFailure('refused', refused.text)
  const hello = replies[known ? 1 : 0]
  const said = Array.isArray(hello) ? hello.map(String) : []
  const mode = factOf(said, 'mode')
  const role = factOf(said, 'role')
  if (mode === 'sentinel') throw new RedisFailure('refused', 'it is a Sentinel; write redis+sentinel://host:port/master')
  if (type === 'cluster' && mode !== 'cluster') throw new RedisFailure('refused', 'it is not a node of a Cluster; write redis://host:port')
  if (type !== 'cluster' && mode === 'cluster')
    throw new RedisFailure('refused', 'it is a node of a Cluster; write redis+cluster://host:port')
  // In a Cluster the slots decide, and a replica knows them as well.
  if (type !== 'cluster' && role !== 'master') throw new RedisFailure('refused', 'it is a replica, which takes no writes')
}

function factOf(pairs: readonly string[], name: string): string | undefined {
  const at = pairs.findIndex((text, index) => index % 2 === 0 && text === name)
  return at < 0 ? undefined : pairs[at + 1]
}

/**
 * A reply that nobody asked for ends the connection. ioredis tells of it by an event too, but it throws on the way there, out of everybody's
 * reach, when the reply is null.
 */
function guardReplies(redis: IoRedis): void {
  const inner = redis as unknown as { commandQueue: { shift: () => unknown }; flushQueue: (...args: unknown[]) => void }
  const { commandQueue } = inner
  const shift = commandQueue.shift.bind(commandQueue)
  const flush = inner.flushQueue.bind(redis)
  let flushing = false
  const stray = (): void => {
    redis.emit('error', new Error('an answer came that nobody asked for'))
  }
  const nobody = { command: { name: 'none', args: [], resolve: stray, reject: stray } }
  commandQueue.shift = () => shift() ?? (flushing ? undefined : nobody)
  // It takes from the queue until there is nothing.
  inner.flushQueue = (...args) => {
    flushing = true
    flush(...args)
    flushing = false
  }
}

/** What can be told of an error of a socket, of TLS or of ioredis: never what was sent. */
function describe(error: Error): string {
  const { code } = error as NodeJS.ErrnoException
  const text = error.message === '' ? (code ?? error.name) : error.message
  return text.replace(/[\x00-\x1f\x7f]+/g, ' ').slice(0, 200)
}
