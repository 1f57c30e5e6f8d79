/** The policy for files, tested without a server: `clearcoat test examples/files/policy.test.ts`. */
import { beforeEach, describe, expect, it, type OriginHandler, type PolicyTest, testPolicy } from 'clearcoat/vcl-ts/testing'
import files from './policy.ts'

const MIB = 1024 * 1024
const LENGTH = 20 * MIB

let sent = 0
let version = 1
let cache: PolicyTest

/** Serves one long film, all of whose bytes tell its version, and a page. */
const origin: OriginHandler = ({ url, headers }) => {
  if (url === '/') return { headers: { 'Cache-Control': 'max-age=60' }, body: 'a list of films' }
  const [, from = '0', to = ''] = /^bytes=(\d+)-(\d+)$/.exec(headers.get('range') ?? '') ?? []
  const [first, last] = [Number(from), Math.min(Number(to), LENGTH - 1)]
  sent += last - first + 1
  const body = new Uint8Array(last - first + 1).fill(version)
  return { status: 206, headers: { ETag: `"${version}"`, 'Content-Range': `bytes ${first}-${last}/${LENGTH}` }, body }
}

beforeEach(async () => {
  sent = 0
  version = 1
  cache = await testPolicy(files, { origin, memory: 256 * MIB })
})

const jump = (position: number, url: string = '/film.mp4') =>
  cache.request({ url, headers: { Range: `bytes=${position}-${position + 99}` } })

describe('a server of files', () => {
  it('costs the origin what is watched, once for all who watch', async () => {
    expect(await jump(15 * MIB)).toMatchObject({ status: 206, broken: false })
    expect(sent).toBe(MIB)
    expect((await jump(15 * MIB + 500, '/film.mp4?from=mail')).headers.get('x-cache')).toBe('HIT')
    expect(sent).toBe(MIB)
    expect((await cache.request('/film.mp4')).bytes.length).toBe(LENGTH)
    expect(sent).toBe(LENGTH)
  })

  it('shows the new film as soon as it notices it', async () => {
    await jump(0)
    version = 2
    expect((await jump(5 * MIB)).bytes[0]).toBe(2)
    expect((await jump(0)).bytes[0]).toBe(2)
  })

  it('stores pages as ever', async () => {
    await cache.request('/')
    expect((await cache.request('/')).trace.decision).toBe('hit')
  })
})
