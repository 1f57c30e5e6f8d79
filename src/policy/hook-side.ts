/** The tools that the hooks of both sides have alike, made when a hook looks at them. */
import type { HookTools, Log } from '../../vcl-ts/hook-tools.ts'
import { HookSignal } from './hook-signal.ts'
import { logInto, type ToolOwner } from './notes.ts'

export class HookSide {
  readonly #owner: ToolOwner
  #signal: HookSignal | null = null
  #log: Log | null = null
  #now = 0

  constructor(owner: ToolOwner) {
    this.#owner = owner
  }

  /** A hook begins, which has a `now` of its own. */
  begins(): void {
    this.#now = 0
  }

  /** Seconds since the epoch, the same as long as a hook runs. */
  get now(): number {
    if (this.#now === 0) this.#now = this.#owner.epochSeconds()
    return this.#now
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

/** A context, which makes its side when one of the tools is looked at. */
export interface Sided {
  readonly side: HookSide
}

type Tool = 'now' | 'signal' | 'log' | 'healthy' | 'invalidate'

/**
 * Gives the contexts of a class these tools. They are properties of its prototype and not inherited: V8 makes objects of derived classes by calls of
 * its own, which cost as much as the rest of a context.
 */
export function giveTools(prototype: Sided): void {
  const tools: readonly Tool[] = ['now', 'signal', 'log', 'healthy', 'invalidate']
  for (const tool of tools)
    Object.defineProperty(prototype, tool, {
      configurable: true,
      get(this: Sided): HookSide[Tool] {
        return this.side[tool]
      },
    })
}
