/**
 * A newspaper's web server. A page is put together of fragments that live for different times; who can do that by itself (a browser cannot, this
 * cache can) says so in `Surrogate-Capability` and gets the page with `<esi:include>` in it. All others get a page with links in their place.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface NewsOrigin {
  /** `http://127.0.0.1:port` */
  readonly url: string
  /** Paths that were asked for, in order. */
  readonly asked: readonly string[]
  /** Whether the weather service answers. */
  weather: boolean
  /** What the ticker says. */
  headline: string
  close(): Promise<void>
}

const HTML = { 'Content-Type': 'text/html; charset=utf-8' }

/** Starts it on loopback; port 0 lets the system choose. */
export async function startNews(port: number = 0): Promise<NewsOrigin> {
  const asked: string[] = []
  const state = { weather: true, headline: 'Nothing happened today' }
  const server = createServer((request, response) => {
    asked.push(request.url ?? '')
    answer(state, request, response)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
  return Object.assign(state, {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    close: () =>
      new Promise<void>((closed) => {
        server.close(() => closed())
        server.closeAllConnections()
      }),
  })
}

function answer(state: Pick<NewsOrigin, 'weather' | 'headline'>, request: IncomingMessage, response: ServerResponse): void {
  const send = (status: number, fields: Readonly<Record<string, string>>, body: string): void => {
    response.writeHead(status, { ...HTML, ...fields, 'Content-Length': Buffer.byteLength(body) }).end(body)
  }
  switch (request.url) {
    case '/':
      send(200, { 'Cache-Control': 's-maxage=3600', Vary: 'Surrogate-Capability', ...capable(request) }, frontPage())
      return
    case '/fragments/ticker':
      send(200, { 'Cache-Control': 's-maxage=5' }, `<p class="ticker">${state.headline}</p>`)
      return
    case '/fragments/weather':
      if (state.weather) send(200, { 'Cache-Control': 's-maxage=600' }, '<p class="weather">Rain later</p>')
      else send(503, { 'Cache-Control': 'no-store' }, 'the weather service does not answer')
      return
    case '/fragments/reader':
      send(200, { 'Cache-Control': 'private', 'Set-Cookie': 'seen=1' }, `<p class="reader">Good morning, ${readerOf(request)}</p>`)
      return
    default:
      send(404, {}, 'no such page')
  }
}

/** The page is only to be assembled by somebody who can. */
function capable({ headers }: IncomingMessage): Readonly<Record<string, string>> {
  return String(headers['surrogate-capability'] ?? '').includes('ESI/1.0') ? { 'Surrogate-Control': 'content="ESI/1.0"' } : {}
}

function frontPage(): string {
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>The Daily Fragment</title></head>
<body>
<!--esi <esi:include src="/fragments/reader" onerror="continue"/> -->
<esi:remove><a href="/fragments/ticker">News</a></esi:remove>
<!--esi <esi:include src="/fragments/ticker"/> -->
<main><h1>The long read</h1><p>It was a quiet day.</p></main>
<!--esi <esi:include src="/fragments/weather" onerror="continue"/> -->
</body>
</html>
`
}

function readerOf({ headers }: IncomingMessage): string {
  const name = /(?:^|;\s*)reader=([a-z]+)/.exec(headers.cookie ?? '')?.[1]
  return name === undefined ? 'reader' : name
}
