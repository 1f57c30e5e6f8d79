/** Messages between two threads, in order. Who must know at once what has been posted takes it without waiting for a turn of the event loop. */
import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads'

export interface Channel<Out, In> {
  /** Lost when the other side has ended. */
  post(message: Out): void
  /** The next message that has not been told, here and now; `undefined`: there is none. */
  take(): In | undefined
  /** Is told each message, in order, unless it is taken before. */
  listen(listener: (message: In) => void): void
  close(): void
}

export class PortChannel<Out, In> implements Channel<Out, In> {
  readonly #port: MessagePort

  /** It does not keep the process alive. */
  constructor(port: MessagePort) {
    this.#port = port
  }

  post(message: Out): void {
    this.#port.postMessage(message)
  }

  take(): In | undefined {
    return (receiveMessageOnPort(this.#port) as { message: In } | undefined)?.message
  }

  listen(listener: (message: In) => void): void {
    this.#port.on('message', listener)
    this.#port.unref()
  }

  close(): void {
    this.#port.close()
  }
}
