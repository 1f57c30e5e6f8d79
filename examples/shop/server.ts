/**
 * A small shop to try a cache on: pages that everybody shares, pictures, a cart that is personal, an API. It is an ordinary web server
 * and knows nothing of the cache in front; what may be kept is said in Cache-Control alone.
 */
import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { cartPage, homePage, notFoundPage, picture, productPage, slowPage } from './pages.ts'
import { PRODUCTS, productById } from './products.ts'

export interface Shop {
  /** `http://127.0.0.1:port` */
  readonly url: string
  close(): Promise<void>
}

interface Answer {
  readonly status?: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

const HTML = { 'Content-Type': 'text/html; charset=utf-8' }
const JSON_TYPE = { 'Content-Type': 'application/json' }
const LARGEST_FORM = 1024
const LONGEST_CART = 50
const SLOW_MS = 1000

/** Starts the shop on loopback; port 0 lets the system choose. */
export function startShop(port: number = 0): Promise<Shop> {
  const server = createServer((request, response) => {
    handle(request, response).catch(() => response.destroy())
  })
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => {
      resolve({
        url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
        close: () =>
          new Promise((closed) => {
            server.close(() => closed())
            server.closeAllConnections()
          }),
      })
    })
  })
}

async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = (request.url ?? '/').split('?', 1)[0] ?? '/'
  if (request.method === 'POST' && path === '/cart') return send(request, response, await addToCart(request))
  if (request.method !== 'GET' && request.method !== 'HEAD')
    return send(request, response, { status: 405, headers: { ...HTML, Allow: 'GET, HEAD' }, body: '' })
  if (path === '/slow') await new Promise((resolve) => setTimeout(resolve, SLOW_MS))
  send(request, response, get(path, request))
}

function get(path: string, request: IncomingMessage): Answer {
  const now = new Date()
  const [, folder, name] = path.split('/')
  switch (folder) {
    case '':
      return { headers: { ...HTML, 'Cache-Control': 's-maxage=30, stale-while-revalidate=60' }, body: homePage(now) }
    case 'shop': {
      const product = productById(name ?? '')
      if (product === null) break
      return { headers: { ...HTML, 'Cache-Control': 'max-age=10, s-maxage=60' }, body: productPage(product, now) }
    }
    case 'images': {
      const product = productById((name ?? '').replace(/\.svg$/, ''))
      if (product === null) break
      return {
        headers: { 'Content-Type': 'image/svg+xml', 'Cache-Control': 'public, max-age=31536000, immutable' },
        body: picture(product),
      }
    }
    case 'cart':
      return { headers: { ...HTML, 'Cache-Control': 'private, no-store' }, body: cartPage(cartOf(request).flatMap(productOf), now) }
    case 'slow':
      return { headers: { ...HTML, 'Cache-Control': 's-maxage=10, stale-while-revalidate=60' }, body: slowPage(now) }
    case 'api':
      if (name === 'products')
        return { headers: { ...JSON_TYPE, 'Cache-Control': 's-maxage=5, stale-if-error=600' }, body: `${JSON.stringify(PRODUCTS)}\n` }
      if (name === 'time') return { headers: { ...JSON_TYPE, 'Cache-Control': 'no-store' }, body: `${JSON.stringify({ now })}\n` }
  }
  return { status: 404, headers: { ...HTML, 'Cache-Control': 's-maxage=5' }, body: notFoundPage(now) }
}

function send(request: IncomingMessage, response: ServerResponse, answer: Answer): void {
  const etag = `"${createHash('sha256').update(answer.body).digest('base64url').slice(0, 16)}"`
  const cachable = (answer.status ?? 200) === 200 && !answer.headers['Cache-Control']?.includes('no-store')
  const headers = { ...answer.headers, ...(cachable ? { ETag: etag } : {}) }
  if (cachable && request.headers['if-none-match'] === etag) {
    response.writeHead(304, headers).end()
    return
  }
  response.writeHead(answer.status ?? 200, { ...headers, 'Content-Length': Buffer.byteLength(answer.body) })
  response.end(request.method === 'HEAD' ? undefined : answer.body)
}

async function addToCart(request: IncomingMessage): Promise<Answer> {
  const product = productById(new URLSearchParams(await readForm(request)).get('id') ?? '')
  if (product === null) return { status: 400, headers: { ...HTML, 'Cache-Control': 'no-store' }, body: notFoundPage(new Date()) }
  const cart = [...cartOf(request), product.id].slice(-LONGEST_CART)
  return { status: 303, headers: { Location: '/cart', 'Set-Cookie': `cart=${cart.join('.')}; Path=/; HttpOnly; SameSite=Lax` }, body: '' }
}

async function readForm(request: IncomingMessage): Promise<string> {
  let form = ''
  for await (const part of request) {
    form += String(part)
    if (form.length > LARGEST_FORM) throw new Error('the form is too large')
  }
  return form
}

function cartOf(request: IncomingMessage): string[] {
  const cart = /(?:^|;\s*)cart=([a-z.]*)/.exec(request.headers.cookie ?? '')?.[1] ?? ''
  return cart.split('.').filter((id) => id !== '')
}

function productOf(id: string): (typeof PRODUCTS)[number][] {
  const product = productById(id)
  return product === null ? [] : [product]
}
