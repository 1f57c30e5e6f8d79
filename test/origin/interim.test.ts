import { expect, test } from 'vitest'
import { ByteOrigin } from '../support/byte-origin.ts'
import { ask, get, ok, rig } from './rig.ts'

test('100 is consumed, other interim answers are relayed in order, and the pairing stays', async () => {
  const { origin, counters } = await rig(
    await ByteOrigin.answering(
      ({ target }) =>
        `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n${ok(`final ${target}`)}`,
    ),
  )
  for (const target of ['/1', '/2']) {
    const answer = await ask(origin, get(target))
    expect(answer.interims.map(({ status, reason }) => [status, reason])).toEqual([
      [103, 'Early Hints'],
      [102, 'Processing'],
    ])
    expect(answer.interims[0]!.headers.get('link')).toBe('</a>')
    expect(answer.text).toBe(`final ${target}`)
  }
  expect(counters.get('backend_reuse')).toBe(1)
})

test('ten interim answers pass, eleven fail', async () => {
  const { origin } = await rig(
    await ByteOrigin.answering(({ target }) => 'HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(Number(target.slice(1))) + ok('x')),
  )
  const ten = await ask(origin, get('/10'))
  expect([ten.interims.length, ten.outcome]).toEqual([10, 'complete'])
  const many = await ask(origin, get('/5000'))
  expect([many.interims.length, many.outcome]).toEqual([10, 'too_many_interim'])
})

test('an endless row of 100 fails too', async () => {
  const { origin } = await rig(await ByteOrigin.answering(() => 'HTTP/1.1 100 Continue\r\n\r\n'.repeat(5000) + ok('x')))
  expect((await ask(origin, get('/'))).outcome).toBe('too_many_interim')
})

test('an interim answer with a body fails', async () => {
  const { origin } = await rig(await ByteOrigin.answering(() => `HTTP/1.1 103 Early Hints\r\nContent-Length: 4\r\n\r\nbody${ok('x')}`))
  expect((await ask(origin, get('/'))).outcome).toBe('malformed_head')
})

test('a 101 that nobody asked for fails', async () => {
  const { origin, counters } = await rig(
    await ByteOrigin.answering(() => `HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n${ok('x')}`),
  )
  expect((await ask(origin, get('/'))).outcome).toBe('unexpected_upgrade')
  expect(counters.reasonCount('fetch_fail', 'unexpected_upgrade')).toBe(1)
})
