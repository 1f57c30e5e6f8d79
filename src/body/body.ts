/**
 * One readable source of bytes, whatever is behind it: a stored body, one that still arrives, a request body on a socket.
 * Push with back-pressure, no promises: a source calls its sink synchronously, the sink says when to pause.
 */

/** How a body ends: whole, or broken off. A reset is never shown to a reader as a clean end. */
export type BodyEnd = { readonly type: 'complete' } | { readonly type: 'reset'; readonly cause: Error }

export const COMPLETE: BodyEnd = { type: 'complete' }

export interface BodySink {
  /** Whether the next `chunk` copies what it keeps, so that bytes may be lent to it that are overwritten once it has returned. Absent: no. */
  readonly copies?: boolean
  /**
   * Takes bytes. They are immutable, and may be a view of a read buffer: what is kept beyond the write has to be copied.
   * Answers `false` when the source shall pause until `BodyFlow.resume()`.
   */
  chunk(bytes: Buffer): boolean
  /** Called exactly once, unless the reader cancelled. */
  end(end: BodyEnd): void
}

export interface BodyFlow {
  /** Goes on after `chunk` answered `false`. Harmless otherwise. */
  resume(): void
  /** The reader leaves; no further call reaches its sink. Harmless after the end. */
  cancel(cause: Error): void
}

export interface Body {
  /** Length in bytes if it is known before reading, else `null`. */
  readonly length: number | null
  /** Whether all its bytes lie in memory as long as anybody reads it, however much of them was taken. Absent: no. */
  readonly lasting?: boolean
  /**
   * Attaches a sink; bytes may arrive before this returns, so the sink must be ready when it is passed.
   * A request or origin body can be read once; stored and filling bodies any number of times.
   */
  read(sink: BodySink): BodyFlow
}
