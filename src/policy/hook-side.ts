/** The tools that the hooks of both sides have alike, made when a hook looks at them. */
import type { HookTools, Log } from '../../vcl-ts/hook-tools.ts'
import { HookSignal } from './hook-signal.ts'
import { logInto, type ToolOwner } from './notes.ts'

export abstract class HookSide {
  readonly #owner: ToolOwner
  #signal: HookSignal | null = null
  #log: Log | null = null

  constructor(owner: ToolOwner) {
    this.#owner = owner
  }

  get signal(): AbortSignal {
    this.#signal ??= new HookSignal()
    return this.#signal.signal
  }

  interrupt(cause: unknown): void {
    this.#signal?.interrupt(cause)
  }

  /** The transaction is over. */
  end(): void {
    this.#signal?.end()
  }

  get log(): Log {
    this.#log ??= logInto(this.#owner)
    return this.#log
  }

  get healthy(): HookTools['healthy'] {
    return this.#owner.healthy
  }

  get invalidate(): HookTools['invalidate'] {
    const owner = this.#owner
    return (options) => owner.invalidate(options)
  }
}
