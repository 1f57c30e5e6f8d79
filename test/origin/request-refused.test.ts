import { expect, test } from 'vitest'
import { ByteOrigin } from '../support/byte-origin.ts'
import { ask, get, ok, rig, textBody, turns } from './rig.ts'

test.each([
  ['CR and LF in a value', { fieldLines: 'Host: a\r\nX-A: b\r\nX-B: c\r\n\r\nGET /evil HTTP/1.1\r\n' }],
  ['a bare LF', { fieldLines: 'Host: a\r\nX-A: b\nX-Evil: 1\r\n' }],
  ['NUL', { fieldLines: 'Host: a\r\nX-A: b\x00c\r\n' }],
  ['a name that is no token', { fieldLines: 'Host: a\r\nX A: b\r\n' }],
  ['a folded line', { fieldLines: 'Host: a\r\n X-A: b\r\n' }],
  ['a line that is not ended', { fieldLines: 'Host: a' }],
  ['no Host', { fieldLines: 'X-A: b\r\n' }],
  ['two Hosts', { fieldLines: 'Host: a\r\nhost: b\r\n' }],
  ['a second Content-Length', { fieldLines: 'Host: a\r\ncontent-length: 5\r\n', body: textBody('hello') }],
  ['a Content-Length without a body', { fieldLines: 'Host: a\r\nContent-Length: 5\r\n' }],
  ['a Transfer-Encoding', { fieldLines: 'Host: a\r\nTransfer-Encoding: chunked\r\n', body: textBody('hello') }],
  ['a Connection', { fieldLines: 'Host: a\r\nConnection: close\r\n' }],
  ['an Upgrade', { fieldLines: 'Host: a\r\nupgrade: h2c\r\n' }],
  ['a Keep-Alive', { fieldLines: 'Host: a\r\nKEEP-ALIVE: timeout=5\r\n' }],
  ['a Proxy-Connection', { fieldLines: 'Host: a\r\nProxy-Connection: close\r\n' }],
  ['a Trailer', { fieldLines: 'Host: a\r\ntrailer: X-A\r\n' }],
  ['an HTTP2-Settings', { fieldLines: 'Host: a\r\nHTTP2-Settings: AAMAAABk\r\n' }],
  ['TE', { fieldLines: 'Host: a\r\nTE: trailers\r\n' }],
  ['a space in the target', { target: '/a b' }],
  ['CR and LF in the target', { target: '/a\r\nX-Evil: 1' }],
  ['a fragment in the target', { target: '/a#b' }],
  ['obs-text in the target', { target: '/\xe4' }],
  ['a target in absolute form', { target: 'http://other/' }],
  ['an empty target', { target: '' }],
  ['a method that is no token', { method: 'GE T' }],
  ['an upgrade that is no token', { upgrade: 'x\r\nX-Evil: 1' }],
])('a request with %s is refused and not a byte of it is sent', async (_, wrong) => {
  const { origin, server, counters } = await rig(await ByteOrigin.answering(() => ok('x')))
  await ask(origin, get('/before'))
  const before = server.connections[0]!.received.length
  const answer = await ask(origin, get('/', wrong))
  expect(answer.outcome).toBe('request_refused')
  expect(answer.failure!.untouched).toBe(true)
  await turns()
  expect(server.connections).toHaveLength(1)
  expect(server.connections[0]!.received).toHaveLength(before)
  expect(counters.reasonCount('fetch_fail', 'request_refused')).toBe(1)
})
