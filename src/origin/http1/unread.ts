/**
 * Whether an idle socket holds bytes or an end that the event loop has not told yet. An event cannot answer that: while the loop is
 * busy, what an origin planted on an idle connection lies in the kernel, and the request written next would take it for its answer.
 * Waiting for a poll phase (two `setImmediate`) still leaves the time between that poll and the write, which is long when it matters.
 * One non-blocking read answers it for certain, on reused connections only; it also sees a FIN or RST that has already come, so that a
 * connection the origin closed is not used.
 */
import { readvSync } from 'node:fs'
import type { Socket } from 'node:net'
import { type QuietReader, quietReader } from './quiet-read.ts'

/** True unless the socket is open and there is nothing to read. The byte it may consume is lost: destroy the socket then. */
export type Unread = () => boolean

const probe = [Buffer.alloc(1)]

/** For a socket that is connected. `quiet` gives the cheaper read, where there is one. */
export function unreadOf(socket: Socket, quiet: (fd: number) => QuietReader | null = quietReader): Unread {
  const fd = descriptorOf(socket)
  // Windows has no descriptors for sockets: there the guard on read events is all there is.
  if (fd < 0) return () => process.platform !== 'win32' || socket.destroyed
  const read = quiet(fd)
  return () => {
    // Its descriptor may be another's by now.
    if (socket.destroyed) return true
    const outcome = read === null ? 'unknown' : read()
    return outcome === 'unknown' ? hasUnread(fd) : outcome === 'bytes'
  }
}

/** -1 where there is none. */
export function descriptorOf(socket: Socket): number {
  return (socket as { _handle?: { fd?: number } | null })._handle?.fd ?? -1
}

/** That there is nothing is reported by a throw, which costs ten times as much as the read. */
function hasUnread(fd: number): boolean {
  const depth = Error.stackTraceLimit
  Error.stackTraceLimit = 0
  try {
    readvSync(fd, probe)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'EAGAIN'
  } finally {
    Error.stackTraceLimit = depth
  }
}
