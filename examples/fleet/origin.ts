/** A web server that tells how often each page was made: what a fleet saves is what it is not asked. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface CountingOrigin {
  /** `http://127.0.0.1:port` */
  readonly url: string
  /** Paths that were asked for, in order. */
  readonly asked: readonly string[]
  close(): Promise<void>
}

/** Starts it on loopback; port 0 lets the system choose. */
export async function startOrigin(port: number = 0): Promise<CountingOrigin> {
  const asked: string[] = []
  const server = createServer((request, response) => {
    const path = request.url ?? '/'
    asked.push(path)
    const times = asked.filter((each) => each === path).length
    const body = `${path} as the origin made it for the ${ordinal(times)} time\n`
    // A minute, and an hour more while a new one is fetched or the origin is down.
    response.setHeader('Cache-Control', 's-maxage=60, stale-while-revalidate=3600, stale-if-error=3600')
    response.setHeader('Cache-Tag', `site, page-${path.slice(1) || 'home'}`)
    response.writeHead(200, { 'Content-Type': 'text/plain; charset=utf-8', 'Content-Length': Buffer.byteLength(body) }).end(body)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    close: () =>
      new Promise<void>((closed) => {
        server.close(() => closed())
        server.closeAllConnections()
      }),
  }
}

function ordinal(count: number): string {
  const teen = count % 100 > 10 && count % 100 < 14
  return `${count}${teen ? 'th' : (['th', 'st', 'nd', 'rd'][count % 10] ?? 'th')}`
}
