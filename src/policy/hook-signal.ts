/** The noun `signal`: an `AbortSignal` that is made when a hook asks for it. */

export class HookSignal {
  #controller: AbortController | null = null
  #ended = false

  get signal(): AbortSignal {
    if (this.#controller === null) {
      this.#controller = new AbortController()
      if (this.#ended) this.#controller.abort()
    }
    return this.#controller.signal
  }

  /** What hooks began is broken off; hooks that run later have another signal. */
  interrupt(cause: unknown): void {
    const controller = this.#controller
    this.#controller = null
    controller?.abort(cause)
  }

  /** As `interrupt`, for good. */
  end(): void {
    this.#ended = true
    this.#controller?.abort()
  }
}
