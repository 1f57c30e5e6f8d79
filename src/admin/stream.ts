/** Lines of JSON without end, as long as the client reads them. */
import type { ServerResponse } from 'node:http'
import type { LineStream } from './route.ts'

/** Bytes that wait for a slow client. */
const MOST_WAITING = 1024 * 1024

/** The head goes out when nothing is missed any more. */
export async function streamLines(response: ServerResponse, stream: LineStream): Promise<void> {
  let over = response.req.method === 'HEAD'
  let end = (): void => {}
  response
    .on('error', () => {})
    .on('close', () => {
      over = true
      end()
    })
  const head = { 'Content-Type': 'application/x-ndjson', 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' }
  if (over) {
    response.writeHead(200, head).end()
    return
  }
  const early: string[] = []
  const stop = await stream({
    get full() {
      return response.writableLength > MOST_WAITING
    },
    write: (line) => void (response.headersSent ? response.write(`${line}\n`) : early.push(`${line}\n`)),
    drained: (call) => void response.on('drain', call),
  })
  end = stop
  if (over) {
    stop()
    return
  }
  response.writeHead(200, head)
  response.flushHeaders()
  for (const line of early) response.write(line)
}
