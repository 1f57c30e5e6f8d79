/** Static fragments of a real nginx, which compresses what it is let, put together to one page. */
import { expect, it, onTestFinished } from 'vitest'
import { definePolicy } from '../../vcl-ts/index.ts'
import { startNginx } from '../support/nginx.ts'
import { RawClient } from '../support/raw-client.ts'
import { serve } from '../support/serving.ts'
import { message } from './site.ts'

const PARTS = Array.from({ length: 10 }, (_, at) => `<section>${`part ${at} `.repeat(500)}</section>\n`)

it('assembles static pages of nginx, whatever it compresses', async () => {
  const nginx = await startNginx({
    pages: {
      'page.html': `<!doctype html>\n${PARTS.map((_, at) => `<esi:include src="parts/${at}.html"/>`).join('')}\n`,
      ...Object.fromEntries(PARTS.map((part, at) => [`parts/${at}.html`, part])),
    },
    server: 'gzip on; gzip_min_length 1; gzip_proxied any; add_header Cache-Control "max-age=60";',
  })
  const policy = definePolicy({
    backendResponse({ bereq, beresp }) {
      beresp.esi = bereq.url === '/page.html'
    },
  })
  const server = await serve({ origin: nginx.url, listen: ['127.0.0.1:0'], policy, eventLog: { info() {}, warn() {}, error() {} } })
  onTestFinished(async () => {
    await server.close()
    await nginx.stop()
  })
  for (const fields of [{ 'Accept-Encoding': 'gzip' }, {}, { 'Accept-Encoding': 'gzip' }]) {
    const client = await RawClient.connect(server.addresses[0] as string)
    const answer = await client.request(message('GET', '/page.html', { Connection: 'close', ...fields }))
    client.destroy()
    expect(answer.get('content-encoding')).toBeUndefined()
    // That of the page alone never; that of all of it, once all of it is at hand.
    expect([undefined, String(answer.body.length)]).toContain(answer.get('content-length'))
    expect(answer.body.toString()).toBe(`<!doctype html>\n${PARTS.join('')}\n`)
  }
  await expect
    .poll(() => nginx.requests().toSorted())
    .toEqual(['GET /page.html 200', ...PARTS.map((_, at) => `GET /parts/${at}.html 200`)].toSorted())
})
