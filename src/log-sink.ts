/**
 * Where lines go: a file or a standard stream, written in order by one write at a time. It never throws, never blocks and never grows
 * beyond its bound: lines that find no room, or that the disk or the reader refuses, are dropped whole and counted.
 */
import { close, open, openSync, write, writeSync } from 'node:fs'

/** Bytes that wait for the disk or the reader. */
const LONGEST_QUEUE = 8 * 1024 * 1024
const BATCH = 256 * 1024
const RETRY_MS = 50
const NEWLINE = 0x0a

export interface SinkEvents {
  /** Lines were dropped. */
  readonly dropped: (lines: number) => void
  /** A write or an open failed; told once until something succeeds again. */
  readonly failed: (error: Error) => void
}

export class LogSink {
  #fd: number
  readonly #file: string | null
  readonly #events: SinkEvents
  readonly #bound: number
  #queue: string[] = []
  #queued = 0
  #writing = false
  #reopening = false
  #failing = false
  /** The last batch broke off inside a line, which has to be ended before the next. */
  #torn = false
  #idle: (() => void)[] = []

  private constructor(fd: number, file: string | null, events: SinkEvents, bound: number) {
    this.#fd = fd
    this.#file = file
    this.#events = events
    this.#bound = bound
  }

  /** Appends to a file, made when missing. Throws what the system says when it cannot be opened. */
  static toFile(file: string, events: SinkEvents, bound: number = LONGEST_QUEUE): LogSink {
    return new LogSink(openSync(file, 'a', 0o640), file, events, bound)
  }

  /** Writes to an open descriptor, such as 1 for standard output, which is never closed. */
  static toDescriptor(fd: number, events: SinkEvents, bound: number = LONGEST_QUEUE): LogSink {
    return new LogSink(fd, null, events, bound)
  }

  /** Takes a line without its end, or several with line ends between them. */
  line(text: string, lines: number = 1): void {
    const size = text.length + 1
    if (this.#queued + size > this.#bound) {
      this.#events.dropped(lines)
      return
    }
    this.#queue.push(text)
    this.#queued += size
    if (!this.#writing) {
      this.#writing = true
      // What one turn of the event loop logs goes out together.
      setImmediate(() => this.#next())
    }
  }

  /** Opens the file anew, as after a rotation: what is being written ends in the old file, all else goes to the new one. Without a file: nothing. */
  reopen(): void {
    if (this.#file === null) return
    this.#reopening = true
    if (!this.#writing) {
      this.#writing = true
      this.#next()
    }
  }

  /** Resolves when all lines taken so far are written or dropped. */
  flushed(): Promise<void> {
    if (!this.#writing) return Promise.resolve()
    return new Promise((resolve) => this.#idle.push(resolve))
  }

  /** The last words of a process that exits at once: tries to write what waits, synchronously. */
  flushNow(): void {
    const text = this.#take()
    if (text === '') return
    try {
      writeSync(this.#fd, text)
    } catch {
      this.#events.dropped(1)
    }
  }

  #next(): void {
    if (this.#reopening) {
      this.#swap()
      return
    }
    if (this.#queue.length === 0) {
      this.#writing = false
      const idle = this.#idle
      this.#idle = []
      for (const resolve of idle) resolve()
      return
    }
    this.#write(Buffer.from(this.#take(), 'utf8'), 0)
  }

  #take(): string {
    if (this.#queue.length === 0) return ''
    const text = `${this.#torn ? '\n' : ''}${this.#queue.join('\n')}\n`
    this.#queue = []
    this.#queued = 0
    return text
  }

  #write(bytes: Buffer, from: number): void {
    write(this.#fd, bytes, from, Math.min(bytes.length - from, BATCH), null, (error, written) => {
      if (error !== null) {
        if ((error as NodeJS.ErrnoException).code === 'EAGAIN') {
          setTimeout(() => this.#write(bytes, from), RETRY_MS)
          return
        }
        this.#fail(error, unwritten(bytes, from))
        if (from > 0) this.#torn = bytes[from - 1] !== NEWLINE
        this.#next()
        return
      }
      this.#failing = false
      if (from + written < bytes.length) this.#write(bytes, from + written)
      else {
        this.#torn = false
        this.#next()
      }
    })
  }

  #swap(): void {
    this.#reopening = false
    open(this.#file ?? '', 'a', 0o640, (error, fd) => {
      if (error !== null) this.#fail(error, 0)
      else {
        const old = this.#fd
        this.#fd = fd
        this.#torn = false
        close(old, () => {})
      }
      this.#next()
    })
  }

  #fail(error: Error, lines: number): void {
    if (lines > 0) this.#events.dropped(lines)
    if (this.#failing) return
    this.#failing = true
    this.#events.failed(error)
  }
}

/** Lines whose end has not been written. The newline that ends a torn line is none of them. */
function unwritten(bytes: Buffer, from: number): number {
  let lines = 0
  for (let at = bytes.indexOf(NEWLINE, Math.max(from, 1)); at >= 0; at = bytes.indexOf(NEWLINE, at + 1)) lines++
  return lines
}
