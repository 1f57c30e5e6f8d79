/** Hears what is said on channels, on a connection of its own that is kept up; it is asked for a sign of life each second. */
import type { Timer } from '../clock.ts'
import type { Endpoint } from './address.ts'
import { type Asked, type Connection, type Dialing, openConnection } from './connection.ts'
import { ReplyError } from './reply-error.ts'

const BEAT = 1000
const BACKOFF = 250

export interface SubscriberInit {
  readonly dialing: Dialing
  /** Where to connect next. */
  readonly anywhere: () => Endpoint
  /** Something cannot be subscribed to, and why; or it can again. */
  readonly told: (reason: string | null) => void
}

export class Subscriber {
  readonly #init: SubscriberInit
  readonly #heard = new Map<string, ((message: string) => void)[]>()
  #connection: Connection | null = null
  #timer: Timer | null = null
  #stopped = false

  constructor(init: SubscriberInit) {
    this.#init = init
    this.#open()
  }

  subscribe(channel: string, heard: (message: string) => void): void {
    const others = this.#heard.get(channel)
    if (others !== undefined) {
      others.push(heard)
      return
    }
    this.#heard.set(channel, [heard])
    if (this.#connection !== null) this.#ask(this.#connection, ['subscribe', channel])
  }

  stop(): void {
    this.#stopped = true
    this.#timer?.cancel()
    this.#connection?.destroy()
    this.#connection = null
  }

  #open(): void {
    if (this.#stopped) return
    let opened: Connection | null = null
    openConnection(this.#init.dialing, this.#init.anywhere(), () => {
      if (opened !== null && opened === this.#connection) this.#lose()
    }).then(
      (connection) => {
        opened = connection
        if (this.#stopped) {
          connection.destroy()
          return
        }
        this.#connection = connection
        connection.onMessage((channel, message) => {
          for (const heard of this.#heard.get(channel) ?? []) heard(message)
        })
        if (this.#heard.size > 0) this.#ask(connection, ['subscribe', ...this.#heard.keys()])
        this.#watch(connection)
      },
      () => this.#lose(),
    )
  }

  #watch(connection: Connection): void {
    this.#timer = this.#init.dialing.clock.after(BEAT, () => {
      this.#timer = this.#init.dialing.clock.after(BEAT, () => this.#lose())
      this.#ask(connection, ['ping'], () => {
        if (connection !== this.#connection) return
        this.#timer?.cancel()
        this.#watch(connection)
      })
    })
  }

  #ask(connection: Connection, command: Asked, answered: () => void = () => {}): void {
    connection.send([command]).then(
      ([reply]) => {
        this.#init.told(reply instanceof ReplyError ? reply.text : null)
        answered()
      },
      () => {},
    )
  }

  #lose(): void {
    this.#connection?.destroy()
    this.#connection = null
    this.#timer?.cancel()
    if (!this.#stopped) this.#timer = this.#init.dialing.clock.after(BACKOFF, () => this.#open())
  }
}
