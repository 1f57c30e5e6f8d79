/** One Redis, with or without Sentinels who know where it is: a connection for each lane. */
import type { Endpoint } from './address.ts'
import { Link, type LinkInit } from './link.ts'
import type { Lane } from './port.ts'
import type { Routes } from './routes.ts'
import type { StateLog } from './state-log.ts'

export class ServerRoutes implements Routes {
  readonly #lanes: Readonly<Record<Lane, Link>>
  readonly #endpoint: Endpoint
  readonly #states: StateLog
  /** How often the bulk lane was seen away while the small one was not. Once is nothing: both end when Redis does, in some order. */
  #bulkAway = 0

  constructor(init: Omit<LinkInit, 'endpoint' | 'changed'>, endpoint: Endpoint, states: StateLog) {
    this.#endpoint = endpoint
    this.#states = states
    this.#lanes = {
      small: new Link({ ...init, endpoint, changed: () => this.#tell() }),
      bulk: new Link({ ...init, endpoint, changed: () => this.#tellBulk() }),
    }
  }

  get ready(): boolean {
    return this.#lanes.small.ready
  }

  link(lane: Lane): Link {
    return this.#lanes[lane]
  }

  redirected(): null {
    return null
  }

  anywhere(): Endpoint {
    return this.#endpoint
  }

  distrust(lane: Lane, reason: string): void {
    this.#lanes[lane].distrust(reason)
  }

  stop(): void {
    for (const link of Object.values(this.#lanes)) link.stop()
  }

  #tellBulk(): void {
    const { small, bulk } = this.#lanes
    this.#bulkAway = bulk.ready || !small.ready ? 0 : this.#bulkAway + 1
    if (small.ready) this.#tell()
  }

  #tell(): void {
    const { small, bulk } = this.#lanes
    if (!small.ready) this.#states.tell('away', small.reason)
    else if (this.#bulkAway > 1) this.#states.tell('slow', bulk.reason)
    else this.#states.tell('ready', null)
  }
}
