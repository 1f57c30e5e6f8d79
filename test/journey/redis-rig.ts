/** Whole nodes over real sockets, with a real Redis between them, in front of one origin. Everything ends with the test. */
import { onTestFinished } from 'vitest'
import type { Assembly } from '../../src/assembly.ts'
import { systemClock } from '../../src/clock.ts'
import type { RedisInput } from '../../src/config/resolve.ts'
import { createServer, type Server, type ServerOptions } from '../../src/index.ts'
import type { Spawn } from '../../src/workers/handle.ts'
import { localWorkers } from '../../src/workers/local-worker.ts'
import { supervise } from '../../src/workers/supervise.ts'
import { RawClient, type RawResponse } from '../support/raw-client.ts'
import { type OriginScript, ScriptedOrigin } from '../support/scripted-origin.ts'
import { until } from '../support/until.ts'
import { type Fields, type Logged, message, reply } from './site.ts'

export const FRESH: Fields = { 'Cache-Control': 'max-age=600' }
export const SECRET = 'known-to-all-nodes-of-it'

/** What nodes of tests ask for until what they fetch is written into Redis. */
export const WARMING = '/warming/'

export interface NodeOptions extends Omit<ServerOptions, 'redis' | 'origin'> {
  readonly redis?: Partial<RedisInput>
  /** Default 1. */
  readonly workers?: number
}

export class RedisNode {
  readonly server: Server
  readonly events: Logged[]
  #warmings = 0

  constructor(server: Server, events: Logged[]) {
    this.server = server
    this.events = events
  }

  get address(): string {
    return this.server.addresses[0] as string
  }

  connect(): Promise<RawClient> {
    return RawClient.connect(this.address)
  }

  /** One request on a connection of its own. */
  async ask(method: string, path: string, fields: Fields = {}, body: string = ''): Promise<RawResponse> {
    const client = await this.connect()
    try {
      return await client.request(message(method, path, { Connection: 'close', ...fields }, body), { head: method === 'HEAD' })
    } finally {
      client.destroy()
    }
  }

  get(path: string, fields: Fields = {}): Promise<RawResponse> {
    return this.ask('GET', path, fields)
  }

  stat(name: string): number {
    return this.server.stat()[name] ?? 0
  }

  /** Sum of all counters of a family, such as `tier_distrust_`. */
  sum(prefix: string): number {
    return Object.entries(this.server.stat()).reduce((sum, [name, value]) => (name.startsWith(prefix) ? sum + value : sum), 0)
  }

  /** What it said of Redis, one word for each line. */
  get said(): readonly string[] {
    return this.events.filter(({ fields }) => fields['event'] === 'redis').map(({ fields }) => String(fields['redis']))
  }

  written(count: number): Promise<void> {
    return until(() => this.stat('tier_written') >= count, `${count} entries in Redis`)
  }

  /** Resolves when what it fetches is written into Redis. */
  async sharing(): Promise<void> {
    await until(() => this.stat('fleet_connected') === 1, 'the log of the fleet')
    for (const before = this.stat('tier_written'); this.stat('tier_written') === before; ) {
      await this.get(`${WARMING}${this.address}/${this.#warmings++}`)
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  }
}

/** An origin that knows how often each path was asked for. */
export class CountingOrigin {
  readonly scripted: ScriptedOrigin

  constructor(scripted: ScriptedOrigin) {
    this.scripted = scripted
  }

  get url(): string {
    return this.scripted.url
  }

  fetches(path: string): number {
    return this.scripted.hits.filter(({ url }) => url === path).length
  }

  /** Of all paths that tests ask for. */
  get all(): number {
    return this.scripted.hits.filter(({ url }) => !url.startsWith(WARMING)).length
  }
}

export async function originOf(script: OriginScript): Promise<CountingOrigin> {
  const origin = await ScriptedOrigin.start((hit, response) =>
    hit.url.startsWith(WARMING) ? reply(response, 200, { 'Cache-Control': 'max-age=1' }, 'warming') : script(hit, response),
  )
  onTestFinished(() => origin.close())
  return new CountingOrigin(origin)
}

/** A node, which whoever starts it closes; whether Redis is there is not waited for. */
export async function startNode(
  origin: { readonly url: string },
  servers: string | readonly string[],
  options: NodeOptions = {},
): Promise<RedisNode> {
  const { workers = 1, redis, ...own } = options
  const events: Logged[] = []
  const note = (fields: Readonly<Record<string, unknown>>, text: string): void => void events.push({ fields, message: text })
  const eventLog = { info: note, warn: note, error: note }
  const all = {
    ...{ origin: origin.url, listen: ['127.0.0.1:0'], memory: 64 * 1024 * 1024, eventLog, purgeFrom: ['127.0.0.0/8'] },
    ...(own as ServerOptions),
    redis: { servers, secret: SECRET, deadline: 1, ...redis },
  }
  const { policy, accessLog = null, clock = systemClock } = all
  const spawn = ({ log }: Assembly): Spawn => localWorkers({ clock, accessLog, eventLog: log, ...(policy === undefined ? {} : { policy }) })
  const server = workers === 1 ? await createServer(all) : await supervise(all, { workers, spawn, output: null })
  return new RedisNode(server, events)
}

/** The same, closed with the test. */
export async function openNode(
  origin: { readonly url: string },
  servers: string | readonly string[],
  options: NodeOptions = {},
): Promise<RedisNode> {
  const node = await startNode(origin, servers, options)
  onTestFinished(() => node.server.close())
  return node
}

/** A node that has found its Redis. */
export async function joinNode(
  origin: { readonly url: string },
  servers: string | readonly string[],
  options: NodeOptions = {},
): Promise<RedisNode> {
  const node = await openNode(origin, servers, options)
  await node.sharing()
  return node
}

/** Bytes that tell what they are a part of, and which part. */
export function pattern(name: string, length: number): string {
  const parts: string[] = []
  for (let at = 0, size = 0; size < length; at++) {
    const part = `${name}:${at};`
    parts.push(part)
    size += part.length
  }
  return parts.join('').slice(0, length)
}

/** Asks for these paths again and again on connections that stay, until stopped; every answer is judged. */
export class Load {
  answers = 0
  readonly failures: string[] = []
  readonly #running: Promise<void>[]
  #stopped = false

  /** `judge`: what is wrong with an answer, or `null`. */
  constructor(
    nodes: readonly RedisNode[],
    paths: readonly string[],
    judge: (path: string, answer: RawResponse) => string | null,
    clients: number = 4,
  ) {
    this.#running = nodes.flatMap((node, which) =>
      Array.from({ length: clients }, async (_, number) => {
        const client = await node.connect()
        for (let turn = number * 7 + which; !this.#stopped; turn++) {
          const path = paths[turn % paths.length] as string
          try {
            const wrong = judge(path, await client.request(message('GET', path)))
            if (wrong !== null) this.failures.push(`${path}: ${wrong}`)
          } catch (error) {
            this.failures.push(`${path}: ${String(error)}`)
            break
          }
          this.answers++
        }
        client.destroy()
      }),
    )
  }

  /** Waits for so many more answers. */
  more(count: number): Promise<void> {
    const goal = this.answers + count
    return until(() => this.answers >= goal || this.failures.length > 0, `${count} answers`)
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await Promise.all(this.#running)
  }
}
