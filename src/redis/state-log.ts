/** One line for each change of what an operator has to know of Redis, and none for its repetition. */
import type { EventLog } from '../log.ts'

/** `partly`: some nodes of the Cluster are away. `slow`: large values are not read and written, small ones are. */
export type RedisState = 'ready' | 'partly' | 'slow' | 'away'

const SAID: Readonly<Record<RedisState, string>> = {
  ready: 'Redis is back',
  partly: 'a part of the Redis Cluster is away; for its keys the origin is asked',
  slow: 'Redis is too slow for large values; for those the origin is asked',
  away: 'Redis is away; what is not in memory is asked of the origin',
}

export class StateLog {
  readonly #log: EventLog
  readonly #server: string
  #state: RedisState = 'ready'
  readonly #refused = new Map<string, string>()

  /** `server`: without passwords. */
  constructor(log: EventLog, server: string) {
    this.#log = log
    this.#server = server
  }

  tell(state: RedisState, reason: string | null): void {
    if (state === this.#state) return
    this.#state = state
    const fields = { event: 'redis', redis: state, server: this.#server, ...(reason === null ? {} : { reason }) }
    if (state === 'ready') this.#log.info(fields, SAID[state])
    else this.#log.warn(fields, SAID[state])
  }

  /** A command is answered with an error again and again, such as OOM or NOPERM, while others are not. `code`: its first word. */
  refused(command: string, code: string, reason: string): void {
    if (this.#refused.get(command) === code) return
    this.#refused.set(command, code)
    this.#log.warn({ event: 'redis', redis: 'refuses', server: this.#server, command, reason }, 'Redis refuses a command')
  }

  accepted(command: string): void {
    if (this.#refused.size === 0 || !this.#refused.delete(command)) return
    this.#log.info({ event: 'redis', redis: 'takes', server: this.#server, command }, 'Redis takes the command again')
  }
}
