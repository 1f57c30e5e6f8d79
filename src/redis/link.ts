/**
 * A connection to one Redis that is kept up: opened anew when it has ended, given up when nothing comes back, tried again until it answers in
 * time. Who asks never waits for it to stand, and never longer than the deadline.
 */
import type { Clock, Timer } from '../clock.ts'
import type { Endpoint } from './address.ts'
import { Breaker } from './breaker.ts'
import { type Asked, type Connection, type Dialing, openConnection } from './connection.ts'
import { Deadlines } from './deadlines.ts'
import type { Load } from './load.ts'
import { RedisFailure, type Reply } from './port.ts'
import { blameOf, ReplyError, redirectOf } from './reply-error.ts'

export type Replies = readonly (Reply | ReplyError)[]

export interface LinkInit {
  readonly dialing: Dialing
  readonly endpoint: Endpoint
  /** Milliseconds within which a probe has to be answered. */
  readonly deadline: number
  /** What all links of the thread may have under way. */
  readonly load: Load
  /** Its state has changed, or it has failed once more to come up. */
  readonly changed: () => void
}

/** Milliseconds between probes, and the longest between attempts to connect. */
export const PROBE_EVERY = 500
const FIRST_BACKOFF = 50
/** Probes without an answer until the connection is given up. */
const UNANSWERED = 4

export class Link {
  readonly endpoint: Endpoint
  readonly #init: LinkInit
  readonly #clock: Clock
  readonly #breaker = new Breaker()
  readonly #deadlines: Deadlines
  #connection: Connection | null = null
  /** What was asked last of all that told that the server is in no state to answer. */
  #probed: Asked = ['ping']
  #timer: Timer | null = null
  #attempts = 0
  #stopped = false
  /** Why it is away; `null`: it is not, or nothing is known yet. */
  reason: string | null = null

  constructor(init: LinkInit) {
    this.endpoint = init.endpoint
    this.#init = init
    this.#clock = init.dialing.clock
    this.#deadlines = new Deadlines(this.#clock)
    this.#breaker.trip()
    this.#open()
  }

  get ready(): boolean {
    return this.#connection !== null && !this.#breaker.open
  }

  /**
   * Sends commands together. `ms`: until when all have to be answered. `key`: one that they are about, or `null`. Answers that are errors are
   * among the answers. Rejects with a `RedisFailure` in time: `away`, `timeout` or `lost`.
   */
  ask(commands: readonly Asked[], ms: number, key: string | null): Promise<Replies> {
    const connection = this.#connection
    const { load } = this.#init
    if (connection === null || this.#breaker.open) return Promise.reject(new RedisFailure('away', this.reason ?? 'it is not connected yet'))
    if (!load.begin(commands.length)) return Promise.reject(new RedisFailure('away', 'too much is under way'))
    return new Promise((resolve, reject) => {
      const deadline = this.#deadlines.set(ms, () => {
        reject(new RedisFailure('timeout', `no answer within ${Math.ceil(ms)} ms`))
        this.#failed(connection, 'it does not answer in time', true)
      })
      connection.send(commands).then(
        (replies) => {
          load.end(commands.length)
          if (!this.#deadlines.met(deadline)) return
          this.#judge(connection, replies, key)
          resolve(replies)
        },
        (failure: RedisFailure) => {
          load.end(commands.length)
          if (this.#deadlines.met(deadline)) reject(failure)
        },
      )
    })
  }

  /** Its connection cannot be believed any more; another takes its place. */
  distrust(reason: string): void {
    if (this.#connection !== null) this.#drop(reason, 0)
  }

  stop(): void {
    this.#stopped = true
    this.#timer?.cancel()
    this.#connection?.destroy()
    this.#connection = null
    this.reason = 'it is stopped'
  }

  #judge(connection: Connection, replies: Replies, key: string | null): void {
    for (const reply of replies) {
      if (!(reply instanceof ReplyError) || redirectOf(reply) !== null) continue
      const blame = blameOf(reply)
      if (blame === 'command') continue
      if (key !== null) this.#probed = ['pttl', key]
      if (blame === 'server') this.#failed(connection, reply.text, false)
      else if (connection === this.#connection) this.#drop(reply.text, PROBE_EVERY)
      return
    }
    if (connection === this.#connection) this.#breaker.succeeded()
  }

  /** `lost`: what was asked may be answered whenever; nobody waits for that. */
  #failed(connection: Connection, reason: string, lost: boolean): void {
    if (connection !== this.#connection || !this.#breaker.failed()) return
    if (lost) {
      this.#drop(reason, PROBE_EVERY)
      return
    }
    this.reason = reason
    this.#init.changed()
    this.#again(PROBE_EVERY, () => this.#probe(connection, 0))
  }

  #drop(reason: string, wait: number): void {
    this.#connection?.destroy()
    this.#connection = null
    this.#away(reason, wait)
  }

  #away(reason: string, wait: number): void {
    if (this.#stopped) return
    this.#breaker.trip()
    this.reason = reason
    this.#again(wait, () => this.#open())
    this.#init.changed()
  }

  #again(wait: number, act: () => void): void {
    this.#timer?.cancel()
    this.#timer = this.#clock.after(wait, act)
  }

  #open(): void {
    let opened: Connection | null = null
    openConnection(this.#init.dialing, this.endpoint, (reason) => {
      if (opened === this.#connection && opened !== null) this.#drop(reason, FIRST_BACKOFF)
    }).then(
      (connection) => {
        opened = connection
        if (this.#stopped) {
          connection.destroy()
          return
        }
        this.#attempts = 0
        this.#connection = connection
        this.#probe(connection, 0)
      },
      (failure: RedisFailure) => this.#away(failure.message, Math.min(PROBE_EVERY, FIRST_BACKOFF * 2 ** this.#attempts++)),
    )
  }

  /** It is asked one thing, and by nobody else until that is answered in time. */
  #probe(connection: Connection, unanswered: number): void {
    if (connection !== this.#connection) return
    const deadline = this.#deadlines.set(this.#init.deadline, () => {
      if (connection !== this.#connection) return
      if (unanswered + 1 === UNANSWERED) this.#drop('it does not answer', PROBE_EVERY)
      else this.#stays(connection, 'it does not answer in time', unanswered + 1)
    })
    connection.send([this.#probed]).then(
      ([reply]) => {
        if (!this.#deadlines.met(deadline) || connection !== this.#connection) return
        const blame = reply instanceof ReplyError && redirectOf(reply) === null ? blameOf(reply) : null
        if (blame === 'connection') this.#drop((reply as ReplyError).text, PROBE_EVERY)
        else if (blame === 'server') this.#stays(connection, (reply as ReplyError).text, 0)
        else this.#back()
      },
      // Its end is told of elsewhere.
      () => this.#deadlines.met(deadline),
    )
  }

  #stays(connection: Connection, reason: string, unanswered: number): void {
    this.reason = reason
    this.#again(Math.max(0, PROBE_EVERY - this.#init.deadline), () => this.#probe(connection, unanswered))
    this.#init.changed()
  }

  #back(): void {
    this.#breaker.close()
    this.#probed = ['ping']
    this.reason = null
    this.#init.changed()
  }
}
