/** The log's stream, read by the one thread of a process that follows it, on a connection that waits for entries and does nothing else. */
import type { Clock } from '../clock.ts'
import type { RedisSettings } from '../config/settings.ts'
import { clusterAddress, type Endpoint, redisTarget, showEndpoint } from './address.ts'
import { type Connection, type Dialing, openConnection } from './connection.ts'
import { RedisFailure, type RedisFeed, type Reply, type StreamEntry } from './port.ts'
import { ReplyError, redirectOf } from './reply-error.ts'

export interface RedisFeedInit {
  readonly settings: RedisSettings
  readonly clock: Clock
}

/** Milliseconds between attempts to connect. Whoever follows in a loop is held up so long when nobody is there. */
const BACKOFF = 250
/** Redis looks ten times a second whether somebody has waited long enough. */
const GRAIN = 100
const MOST_REDIRECTS = 5
/** Where an entry's value stands; it has this one field. */
const FIELD = 'e'

/** Throws a `TypeError` for servers that cannot be used. */
export function openRedisFeed(init: RedisFeedInit): RedisFeed {
  return new LiveFeed(init)
}

class LiveFeed implements RedisFeed {
  readonly #dialing: Dialing
  readonly #clock: Clock
  readonly #deadline: number
  #connection: Connection | null = null
  #endpoint: Endpoint | null = null
  /** The node that was said to have the stream; `null`: any seed is asked. */
  #told: Endpoint | null = null
  #turn = 0
  /** Not before this moment does it connect again. */
  #from = 0
  #over = false
  #stop: () => void = () => {}
  readonly #stopped: Promise<never>

  constructor({ settings, clock }: RedisFeedInit) {
    this.#dialing = { target: redisTarget(settings.servers, settings.password), ca: settings.ca, clock }
    this.#clock = clock
    this.#deadline = settings.deadline * 1000
    this.#stopped = new Promise((_, reject) => {
      this.#stop = () => reject(new RedisFailure('away', 'it is stopped'))
    })
    this.#stopped.catch(() => {})
  }

  follow(stream: string, after: string, wait: number, count: number): Promise<readonly StreamEntry[]> {
    return Promise.race([this.#follow(stream, after, wait, count), this.#stopped])
  }

  stop(): void {
    this.#over = true
    this.#stop()
    this.#lose()
  }

  async #follow(stream: string, after: string, wait: number, count: number): Promise<readonly StreamEntry[]> {
    for (let redirects = 0; ; redirects++) {
      const connection = await this.#connected()
      const block = Math.floor(wait)
      // Who does not wait is answered at once.
      const ms = block <= 1 ? this.#deadline : block + GRAIN + this.#deadline
      let late = false
      const patience = this.#clock.after(ms, () => {
        late = true
        connection.destroy()
      })
      const [reply] = await connection
        .send([['xread', 'COUNT', count, ...(block <= 1 ? [] : ['BLOCK', block]), 'STREAMS', stream, after]])
        .catch((failure: RedisFailure) => {
          this.#lose(connection)
          throw late ? new RedisFailure('timeout', `no answer within ${ms} ms`) : failure
        })
        .finally(() => patience.cancel())
      if (!(reply instanceof ReplyError)) return this.#entries(connection, reply ?? null)
      const redirect = redirectOf(reply)
      if (redirect === null || redirects === MOST_REDIRECTS) {
        this.#lose(connection)
        throw new RedisFailure('refused', reply.text)
      }
      this.#lose(connection)
      this.#from = 0
      const host = this.#endpoint !== null && 'host' in this.#endpoint ? this.#endpoint.host : ''
      this.#told = clusterAddress(redirect.address.startsWith(':') ? `${host}${redirect.address}` : redirect.address)
    }
  }

  async #connected(): Promise<Connection> {
    if (this.#connection !== null) return this.#connection
    const wait = this.#from - this.#clock.now()
    if (wait > 0) await new Promise<void>((resolve) => void this.#clock.after(wait, resolve))
    const { endpoints } = this.#dialing.target
    const endpoint = this.#told ?? (endpoints[this.#turn++ % endpoints.length] as Endpoint)
    // A node that cannot be reached is no place to go to again.
    this.#told = null
    this.#endpoint = endpoint
    this.#from = this.#clock.now() + BACKOFF
    const connection: Connection = await openConnection(this.#dialing, endpoint, () => this.#lose(connection)).catch(
      (failure: RedisFailure) => {
        throw new RedisFailure(failure.fault, `${showEndpoint(endpoint)}: ${failure.message}`)
      },
    )
    if (this.#over) {
      connection.destroy()
      throw new RedisFailure('away', 'it is stopped')
    }
    this.#connection = connection
    return connection
  }

  /** `[[stream, [[id, [field, value]], …]]]`, or nothing. Anything else is another question's answer. */
  #entries(connection: Connection, reply: Reply): readonly StreamEntry[] {
    if (reply === null) return []
    const entries = readEntries(reply)
    if (entries !== null) return entries
    this.#lose(connection)
    throw new RedisFailure('lost', 'the answer was not that to the question')
  }

  #lose(connection: Connection | null = this.#connection): void {
    connection?.destroy()
    if (connection === this.#connection) this.#connection = null
  }
}

function readEntries(reply: Reply): StreamEntry[] | null {
  if (!Array.isArray(reply) || reply.length !== 1 || !Array.isArray(reply[0])) return null
  const [, list] = reply[0] as readonly Reply[]
  if (!Array.isArray(list)) return null
  const entries: StreamEntry[] = []
  for (const item of list as readonly Reply[]) {
    if (!Array.isArray(item)) return null
    const [id, fields] = item as readonly Reply[]
    if (!Buffer.isBuffer(id) || !/^\d+-\d+$/.test(id.toString('latin1')) || !Array.isArray(fields)) return null
    const at = (fields as readonly Reply[]).findIndex(
      (name, index) => index % 2 === 0 && Buffer.isBuffer(name) && name.toString('latin1') === FIELD,
    )
    const value = at < 0 ? null : (fields as readonly Reply[])[at + 1]
    // An entry of somebody else's has a place, too, which has to be passed.
    entries.push({ id: id.toString('latin1'), value: Buffer.isBuffer(value) ? value : Buffer.alloc(0) })
  }
  return entries
}
