/**
 * What a socket tells its connection. The listeners are the same functions on every socket, which knows its connection: with closures
 * each idle connection would hold 0.4 KiB more.
 */
import { Socket } from 'node:net'

/** The connection as its socket sees it. */
export interface SocketOwner {
  /** The first bytes of a buffer, to be looked at before this returns: it is read into again. */
  received(buffer: Buffer, length: number): void
  /** The client sends nothing any more. */
  inputEnded(): void
  /** Everything that was written has gone to the operating system, after it had not. */
  drained(): void
  /** The socket failed; `closed` follows. */
  socketFailed(error: Error): void
  closed(): void
}

const OWNER = Symbol('owner')
/** Whether what comes is the owner's. */
const READS = Symbol('reads')
type OwnedSocket = Socket & { [OWNER]: SocketOwner; [READS]: boolean }

/** Where the sockets of this thread are read into. What is not used at once is copied; an idle connection keeps nothing. */
const SHARED: Buffer = Buffer.allocUnsafeSlow(64 * 1024)
const SHARED_READS = { buffer: SHARED, callback: onRead as (length: number, buffer: Uint8Array) => boolean }

/**
 * The accepted connection as a socket that reads into one buffer for all, in place of one that is allocated for each read: a tenth of what a
 * small request and its answer cost a bare socket. `net.Server`, which has to be told to leave it paused, cannot do so itself; a connection
 * whose handle cannot be had stays as it is.
 */
export function readShared(accepted: Socket): Socket {
  const own = accepted as unknown as { _handle: object | null }
  const handle = own._handle
  if (handle === null || typeof handle !== 'object') return accepted.resume()
  own._handle = null
  accepted.destroy()
  return new Socket({ handle, allowHalfOpen: true, onread: SHARED_READS } as object)
}

export function listenTo(socket: Socket, owner: SocketOwner): void {
  const owned = socket as OwnedSocket
  owned[OWNER] = owner
  owned[READS] = true
  socket.on('data', onData)
  socket.on('end', onEnd)
  socket.on('drain', onDrain)
  socket.on('error', onError)
  socket.on('close', onClose)
}

/** What the socket brings is somebody else's from now on; the owner only learns of its end. */
export function leaveInput(socket: Socket): void {
  ;(socket as OwnedSocket)[READS] = false
  socket.off('data', onData)
  socket.off('end', onEnd)
  socket.off('drain', onDrain)
}

function ownerOf(socket: Socket): SocketOwner {
  return (socket as OwnedSocket)[OWNER]
}

/** Into the shared buffer. In a tunnel the socket's stream is read by somebody else. */
function onRead(this: OwnedSocket, length: number, buffer: Buffer): boolean {
  if (!this[READS]) return this.push(Buffer.from(buffer.subarray(0, length)))
  this[OWNER].received(buffer, length)
  return true
}

function onData(this: Socket, chunk: Buffer): void {
  ownerOf(this).received(chunk, chunk.length)
}

function onEnd(this: Socket): void {
  ownerOf(this).inputEnded()
}

function onDrain(this: Socket): void {
  ownerOf(this).drained()
}

function onError(this: Socket, error: Error): void {
  ownerOf(this).socketFailed(error)
}

function onClose(this: Socket): void {
  ownerOf(this).closed()
}
