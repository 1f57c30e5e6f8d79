/** What a worker asks of the librarian, and who waits for the answers. */
import type { Asking, FromLibrarian, ToLibrarian, ToldError } from './messages.ts'

interface Asked {
  readonly resolve: (result: unknown) => void
  readonly reject: (error: Error) => void
}

/** An error that the librarian had; `name` is that of its class there. */
export class AskedError extends Error {
  /** Seconds after which it may be tried again, where that is known. */
  readonly retryAfter: number | null

  constructor({ name, message, retryAfter }: ToldError) {
    super(message)
    this.name = name
    this.retryAfter = retryAfter
  }
}

export class Asker {
  readonly #tell: (message: ToLibrarian) => void
  readonly #asked = new Map<number, Asked>()
  #nextId = 1

  constructor(tell: (message: ToLibrarian) => void) {
    this.#tell = tell
  }

  /** Rejects with an `AskedError`. */
  ask(asking: Asking): Promise<unknown> {
    const id = this.#nextId++
    return new Promise((resolve, reject) => {
      this.#asked.set(id, { resolve, reject })
      this.#tell({ type: 'ask', id, asking })
    })
  }

  answer({ id, result, error }: Extract<FromLibrarian, { type: 'answer' }>): void {
    const asked = this.#asked.get(id)
    this.#asked.delete(id)
    if (error === null) asked?.resolve(result)
    else asked?.reject(new AskedError(error))
  }
}
