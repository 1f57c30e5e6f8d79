/** A server beside the cache that policies ask: what it answers is a function that a test may change. Closes with the test. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'

export type Answering = (request: IncomingMessage, response: ServerResponse) => void

export class Neighbour {
  readonly url: string
  readonly asked: IncomingMessage[] = []
  /** Requests that their sender gave up on. */
  gone = 0
  answer: Answering
  readonly stop: () => Promise<void>

  constructor(url: string, answer: Answering, stop: () => Promise<void>) {
    this.url = url
    this.answer = answer
    this.stop = stop
  }
}

export async function neighbour(answer: Answering): Promise<Neighbour> {
  const server = createServer((request, response) => {
    found.asked.push(request)
    response.once('close', () => {
      if (!response.writableFinished) found.gone++
    })
    found.answer(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const stop = (): Promise<void> => {
    server.closeAllConnections()
    return new Promise((resolve) => server.close(() => resolve()))
  }
  const found: Neighbour = new Neighbour(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, answer, stop)
  onTestFinished(stop)
  return found
}
