/**
 * A body read through stages: each takes bytes and gives bytes, in order, as fast as its reader takes them. A stage may work at once or
 * answer a promise; while it works, and while its reader pauses, the source pauses too.
 */
import { type Body, type BodyEnd, type BodyFlow, type BodySink, COMPLETE } from './body.ts'

/** One stage over a body: takes bytes, gives bytes, in order. Made anew for each time that the body is read. */
export interface Stage {
  /**
   * Gives what the bytes become to `push`, before it returns or before its promise resolves; what is pushed later is lost. Bytes are
   * immutable, and may be views of a read buffer. The next call comes when this one is through. A throw or rejection breaks the body off.
   */
  chunk(bytes: Buffer, push: (bytes: Buffer) => void): void | Promise<void>
  /** The source ended whole: gives what is left over. Not called after a reset. */
  end(push: (bytes: Buffer) => void): void | Promise<void>
  /** Once, whatever happened, also while a promise is pending: gives back what it holds. Must not throw. */
  close(): void
  /**
   * For a stage that makes much out of little: the reader is not ready for more of what this call gives. What is pushed all the same
   * is kept. Called from within `push`.
   */
  pause?(): void
  /** The reader is ready again. Only called after `pause`, while the same call is under way. */
  resume?(): void
}

/**
 * `body` read through stages, the first of `makes` nearest the source; with none, `body` itself. The length is unknown unless `length`
 * says it. A source's reset passes through; a stage that fails resets with its error, and the source is cancelled.
 */
export function staged(body: Body, makes: readonly (() => Stage)[], length: number | null = null): Body {
  const last = makes.length - 1
  return makes.reduce((source, make, at) => new StagedBody(source, make, at === last ? length : null), body)
}

class StagedBody implements Body {
  readonly length: number | null
  readonly #body: Body
  readonly #make: () => Stage

  constructor(body: Body, make: () => Stage, length: number | null) {
    this.#body = body
    this.#make = make
    this.length = length
  }

  read(sink: BodySink): BodyFlow {
    let stage: Stage
    try {
      stage = this.#make()
    } catch (error) {
      return refused(this.#body, sink, asError(error))
    }
    const reader = new StageReader(stage, sink)
    reader.start(this.#body)
    return reader
  }
}

/** The source may hold a connection: it is told that nobody will read. */
function refused(body: Body, sink: BodySink, cause: Error): BodyFlow {
  body.read({ chunk: () => false, end: () => {} }).cancel(cause)
  sink.end({ type: 'reset', cause })
  return { resume: () => {}, cancel: () => {} }
}

class StageReader implements BodyFlow, BodySink {
  readonly #stage: Stage
  readonly #sink: BodySink
  #flow: BodyFlow | null = null
  /** Came while the stage could not take it: at the most what the source sends before it pauses. */
  readonly #waiting: Buffer[] = []
  /** Made while the reader paused: at the most what one call makes. */
  readonly #made: Buffer[] = []
  /** `chunk` or `end` of the stage is under way. */
  #busy = false
  #stagePaused = false
  #sinkPaused = false
  /** The source was told to pause. */
  #sourcePaused = false
  #sourceEnded = false
  #stageEnded = false
  #over = false
  #cause: Error | null = null

  constructor(stage: Stage, sink: BodySink) {
    this.#stage = stage
    this.#sink = sink
  }

  start(body: Body): void {
    const flow = body.read(this)
    this.#flow = flow
    if (this.#cause !== null) flow.cancel(this.#cause)
    else this.#goOn()
  }

  chunk(bytes: Buffer): boolean {
    if (this.#over) return false
    if (bytes.length > 0) {
      this.#waiting.push(bytes)
      this.#work()
    }
    this.#sourcePaused = !this.#ready
    return !this.#sourcePaused
  }

  end(end: BodyEnd): void {
    if (this.#over) return
    if (end.type === 'reset') {
      this.#finish(end)
      return
    }
    this.#sourceEnded = true
    this.#work()
  }

  resume(): void {
    if (!this.#sinkPaused || this.#over) return
    this.#sinkPaused = false
    while (this.#made.length > 0 && !this.#sinkPaused && !this.#over) this.#give(this.#made.shift() as Buffer)
    if (this.#sinkPaused || this.#over) return
    if (this.#stagePaused) {
      this.#stagePaused = false
      this.#stage.resume?.()
    }
    this.#work()
    this.#goOn()
  }

  cancel(cause: Error): void {
    if (this.#over) return
    this.#close(cause)
    this.#flow?.cancel(cause)
  }

  /** Whether more of the source could be taken at once. */
  get #ready(): boolean {
    return !this.#over && !this.#busy && !this.#sinkPaused && this.#waiting.length === 0 && !this.#sourceEnded
  }

  /** Lets the stage have what waits, then the end, as far as it goes without waiting. */
  #work(): void {
    while (!this.#over && !this.#busy && !this.#sinkPaused) {
      const bytes = this.#waiting.shift()
      if (bytes !== undefined) this.#call(bytes)
      else if (!this.#sourceEnded) return
      else if (!this.#stageEnded) {
        this.#stageEnded = true
        this.#call(null)
      } else this.#finish(COMPLETE)
    }
  }

  /** `null`: the end. */
  #call(bytes: Buffer | null): void {
    this.#busy = true
    let pending: void | Promise<void>
    try {
      pending = bytes === null ? this.#stage.end(this.#push) : this.#stage.chunk(bytes, this.#push)
    } catch (error) {
      this.#fail(error)
      return
    }
    if (pending instanceof Promise) {
      pending.then(this.#settled, this.#failed)
      return
    }
    this.#busy = false
    this.#stagePaused = false
  }

  readonly #push = (bytes: Buffer): void => {
    if (this.#over || !this.#busy || bytes.length === 0) return
    if (this.#sinkPaused || this.#made.length > 0) this.#made.push(bytes)
    else this.#give(bytes)
    if (this.#over || !this.#sinkPaused || this.#stagePaused) return
    this.#stagePaused = true
    this.#stage.pause?.()
  }

  readonly #settled = (): void => {
    this.#busy = false
    this.#stagePaused = false
    this.#work()
    this.#goOn()
  }

  readonly #failed = (error: unknown): void => this.#fail(error)

  #give(bytes: Buffer): void {
    if (!this.#sink.chunk(bytes)) this.#sinkPaused = true
  }

  #goOn(): void {
    if (!this.#sourcePaused || !this.#ready || this.#flow === null) return
    this.#sourcePaused = false
    this.#flow.resume()
  }

  #fail(error: unknown): void {
    if (this.#over) return
    const cause = asError(error)
    this.#finish({ type: 'reset', cause })
    this.#flow?.cancel(cause)
  }

  #finish(end: BodyEnd): void {
    this.#close(end.type === 'reset' ? end.cause : null)
    this.#sink.end(end)
  }

  #close(cause: Error | null): void {
    this.#over = true
    this.#cause = cause
    this.#waiting.length = 0
    this.#made.length = 0
    this.#stage.close()
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error))
}
