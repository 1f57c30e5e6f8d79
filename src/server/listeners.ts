/** The client sockets of one thread, in front of its engine. */
import type { Assembly } from '../assembly.ts'
import { createListener, type Listener } from '../listen/listener.ts'
import { refused } from '../request/refused.ts'
import { serve } from '../request/serve.ts'
import type { Traffic } from './traffic.ts'

export class Listeners implements Traffic {
  readonly #assembly: Assembly
  readonly #reusePort: boolean
  readonly #listeners: Listener[] = []
  #ended = false

  /** `reusePort`: other threads listen at the same addresses. */
  constructor(assembly: Assembly, reusePort: boolean) {
    this.#assembly = assembly
    this.#reusePort = reusePort
  }

  get addresses(): readonly string[] {
    return this.#listeners.map((listener) => listener.address)
  }

  get serving(): boolean {
    return this.#listeners.length > 0 && !this.#ended
  }

  async open(listen: readonly string[]): Promise<void> {
    const { engine, settings, counters, clock, log } = this.#assembly
    for (const address of listen) {
      const listener = await createListener({
        address,
        reusePort: this.#reusePort,
        settings,
        clock,
        counters,
        log,
        isTrusted: engine.isTrusted,
        xids: engine.xids,
        journal: engine.journal,
        handler: (exchange) => serve(engine, exchange),
        onRefused: (peer, status, reason) => refused(engine, peer, status, reason),
      })
      this.#listeners.push(listener)
    }
  }

  async drain(ms: number): Promise<void> {
    this.#ended = true
    await Promise.all(this.#listeners.map((listener) => listener.drain(ms)))
  }

  async close(): Promise<void> {
    this.#ended = true
    await Promise.all(this.#listeners.map((listener) => listener.close()))
  }
}
