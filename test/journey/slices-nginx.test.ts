/** A file that a real nginx serves, in slices. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { bytesOf } from '../support/large-file.ts'
import { startNginx } from '../support/nginx.ts'
import { RawClient, type RawResponse } from '../support/raw-client.ts'
import { serve } from '../support/serving.ts'
import { message } from './site.ts'

const SLICE = 64 * 1024
const LENGTH = 10 * SLICE + 333

it('asks nginx for the slices of a static file that are wanted, and for none of a small one', async () => {
  const nginx = await startNginx({
    pages: { 'small.html': 'small\n' },
    server: 'gzip on; gzip_min_length 1; gzip_proxied any; add_header Cache-Control "max-age=60";',
  })
  writeFileSync(join(nginx.root, 'film.bin'), bytesOf(0, LENGTH - 1))
  const quiet = { info() {}, warn() {}, error() {} }
  const server = await serve({ origin: nginx.url, listen: ['127.0.0.1:0'], slice: SLICE, eventLog: quiet })
  onTestFinished(async () => {
    await server.close()
    await nginx.stop()
  })
  const get = async (path: string, fields: Record<string, string> = {}): Promise<RawResponse> => {
    const client = await RawClient.connect(server.addresses[0] as string)
    const answer = await client.request(message('GET', path, { Connection: 'close', ...fields }))
    client.destroy()
    return answer
  }
  const range = await get('/film.bin', { Range: `bytes=${3 * SLICE + 7}-${4 * SLICE + 6}`, 'Accept-Encoding': 'gzip' })
  expect([range.status, range.get('content-range')]).toEqual([206, `bytes ${3 * SLICE + 7}-${4 * SLICE + 6}/${LENGTH}`])
  expect(range.body.equals(bytesOf(3 * SLICE + 7, 4 * SLICE + 6))).toBe(true)
  await expect.poll(() => nginx.requests()).toEqual(['GET /film.bin 206', 'GET /film.bin 206'])
  const whole = await get('/film.bin')
  expect([whole.status, whole.body.equals(bytesOf(0, LENGTH - 1))]).toEqual([200, true])
  await expect.poll(() => nginx.requests().length).toBe(11)
  const small = await get('/small.html', { 'Accept-Encoding': 'gzip' })
  expect([small.status, small.get('content-encoding')]).toEqual([200, 'gzip'])
  await expect.poll(() => nginx.requests().slice(11)).toEqual(['GET /small.html 200'])
  writeFileSync(join(nginx.root, 'film.bin'), bytesOf(0, LENGTH, 1))
  const other = await RawClient.connect(server.addresses[0] as string)
  await other.request(message('PURGE', '/film.bin'))
  other.destroy()
  const changed = await get('/film.bin', { Range: 'bytes=-500' })
  expect(changed.body.equals(bytesOf(LENGTH - 499, LENGTH, 1))).toBe(true)
})
