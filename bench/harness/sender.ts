/** A client that keeps a number of connections, sends requests byte for byte and checks each answer to its last byte. */
import { connect, type Socket } from 'node:net'
import { bodyOf, requestText, SIGNATURE_BYTES } from './requests.ts'
import type { Scenario } from './scenario.ts'

const READ_BYTES = 256 * 1024

/** What is sent to one target in one scenario. */
export interface Errand {
  readonly port: number
  readonly scenario: Scenario
  /** Whether Age must, or must not, be there; `null` where both are right. */
  readonly age: boolean | null
  /** Whether each body has to be that of its path. */
  readonly distinct: boolean
  /** In the place of its address, where servers are asked for the same thing. */
  readonly host?: string
  /** What every head has to say somewhere. */
  readonly says?: string
}

/** Told once of each request that was sent; `right` is false for a wrong answer, and for none. */
export type Answered = (line: Line, right: boolean) => void

/** One connection. It carries one request at a time. */
export class Line {
  readonly #errand: Errand
  readonly #answered: Answered
  readonly #body: Buffer
  #socket: Socket
  #busy = false
  #path = ''
  /** A head that has not ended yet. */
  #head: Buffer | null = null
  /** Bytes of the body so far; -1 while the head is read. */
  #read = -1
  #right = true

  constructor(errand: Errand, answered: Answered) {
    this.#errand = errand
    this.#answered = answered
    const { bodyBytes, expect } = errand.scenario
    this.#body = Buffer.from(bodyOf('', bodyBytes).slice(expect.from, expect.from + expect.bytes), 'latin1')
    this.#socket = this.#connect()
  }

  send(path: string): void {
    const { port, scenario, host = `127.0.0.1:${port}` } = this.#errand
    this.#busy = true
    this.#path = path
    this.#right = true
    this.#read = -1
    this.#head = null
    this.#socket.write(requestText(scenario.shape, host, path, scenario.fields), 'latin1')
  }

  close(): void {
    this.#busy = false
    this.#socket.destroy()
  }

  #connect(): Socket {
    const buffer = Buffer.allocUnsafe(READ_BYTES)
    const onread = { buffer, callback: (bytes: number): boolean => this.#take(buffer.subarray(0, bytes)) }
    const socket = connect({ port: this.#errand.port, host: '127.0.0.1', noDelay: true, onread })
    socket.on('error', () => undefined)
    socket.on('close', () => {
      if (!this.#busy) return
      this.#socket = this.#connect()
      this.#done(false)
    })
    return socket
  }

  /** Reads on, so it answers true always. */
  #take(bytes: Buffer): boolean {
    const body = this.#read < 0 ? this.#takeHead(bytes) : bytes
    if (body === null || !this.#busy) return true
    const end = this.#read + body.length
    this.#right &&= end <= this.#body.length && this.#same(body)
    this.#read = end
    if (end >= this.#body.length) this.#done(this.#right)
    return true
  }

  /** What follows the head, once it has ended. */
  #takeHead(bytes: Buffer): Buffer | null {
    const all = this.#head === null ? bytes : Buffer.concat([this.#head, bytes])
    const end = all.indexOf('\r\n\r\n')
    this.#head = end < 0 ? Buffer.from(all) : null
    if (end < 0) return null
    this.#right = this.#rightHead(all.toString('latin1', 0, end + 2))
    this.#read = 0
    // An answer of another length cannot be told from the next one: the connection ends with it.
    if (!this.#right) this.#socket.destroy()
    return this.#right ? all.subarray(end + 4) : null
  }

  #rightHead(head: string): boolean {
    const { says = '' } = this.#errand
    const { status, bytes, fields } = this.#errand.scenario.expect
    return (
      Number(head.slice(9, 12)) === status &&
      (status === 304 || head.includes(`\r\nContent-Length: ${bytes}\r\n`)) &&
      (this.#errand.age === null || head.includes('\r\nAge: ') === this.#errand.age) &&
      fields.every((name) => head.includes(`\r\n${name}: `)) &&
      head.includes(says)
    )
  }

  /** Whether a piece of the body that begins at `#read` is as it has to be. */
  #same(piece: Buffer): boolean {
    const { scenario, distinct } = this.#errand
    const from = Math.max(0, SIGNATURE_BYTES - scenario.expect.from - this.#read)
    if (from > 0 && distinct && this.#read === 0 && piece.length >= SIGNATURE_BYTES) {
      if (piece.toString('latin1', 0, this.#path.length) !== this.#path || (piece[this.#path.length] ?? 32) !== 32) return false
    }
    if (from >= piece.length) return true
    return piece.compare(this.#body, this.#read + from, this.#read + piece.length, from) === 0
  }

  #done(right: boolean): void {
    this.#busy = false
    this.#answered(this, right)
  }
}
