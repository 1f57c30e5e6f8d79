/**
 * What is asked in one turn of the loop, on its way out in one write: a system call for each question costs more than all else that is done for
 * it. Small texts become one; what was handed in keeps its order.
 */
import type { Socket } from 'node:net'

/** Characters and bytes that wait at most. */
const MOST = 64 * 1024

export class Outbox {
  readonly #socket: () => Socket | undefined
  #text = ''
  readonly #pieces: (string | Buffer)[] = []
  #size = 0
  #due = false

  /** `socket`: where it goes; none once the connection has ended. */
  constructor(socket: () => Socket | undefined) {
    this.#socket = socket
  }

  write(piece: string | Buffer): void {
    if (typeof piece === 'string') this.#text += piece
    else {
      this.#endText()
      this.#pieces.push(piece)
    }
    this.#size += piece.length
    if (this.#size > MOST) this.flush()
    else if (!this.#due) {
      this.#due = true
      // After everything that was read from clients in this turn.
      setImmediate(() => {
        this.#due = false
        this.flush()
      })
    }
  }

  /** Everything that waits goes now. */
  flush(): void {
    this.#endText()
    this.#size = 0
    const pieces = this.#pieces.splice(0)
    const socket = this.#socket()
    // What has ended tells so to everybody who waits.
    if (socket === undefined || !socket.writable) return
    const [only] = pieces
    if (only === undefined) return
    if (pieces.length === 1) {
      socket.write(only)
      return
    }
    socket.cork()
    for (const piece of pieces) socket.write(piece)
    socket.uncork()
  }

  #endText(): void {
    if (this.#text !== '') this.#pieces.push(this.#text)
    this.#text = ''
  }
}
