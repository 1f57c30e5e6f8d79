import { describe, expect, it } from 'vitest'
import { Breaker, PATIENCE } from '../../src/redis/breaker.ts'
import { Load, MOST_UNDER_WAY } from '../../src/redis/load.ts'
import { blameOf, ReplyError, redirectOf } from '../../src/redis/reply-error.ts'
import { slotOf } from '../../src/redis/slot.ts'

describe('a breaker', () => {
  it('opens with the fifth failure in a row, and closes by a probe alone', () => {
    const breaker = new Breaker()
    for (let round = 0; round < 3; round++) {
      for (let count = 1; count < PATIENCE; count++) expect(breaker.failed()).toBe(false)
      breaker.succeeded()
    }
    expect(Array.from({ length: 6 }, () => breaker.failed())).toEqual([false, false, false, false, true, false])
    breaker.succeeded()
    expect(breaker.open).toBe(true)
    breaker.close()
    expect([breaker.open, breaker.failed()]).toEqual([false, false])
  })
})

it('bounds what is under way', () => {
  const load = new Load()
  expect([load.begin(MOST_UNDER_WAY - 1), load.begin(2), load.begin(1), load.begin(1)]).toEqual([true, false, true, false])
  load.end(1)
  expect([load.begin(1), load.count]).toEqual([true, MOST_UNDER_WAY])
})

it.each([
  ['READONLY You can’t write against a read only replica.', 'connection'],
  ['LOADING Redis is loading the dataset in memory', 'connection'],
  ['NOAUTH Authentication required.', 'connection'],
  ['ERR max number of clients reached', 'connection'],
  ['BUSY Redis is busy running a script.', 'server'],
  ['CLUSTERDOWN Hash slot not served', 'server'],
  ['OOM command not allowed', 'command'],
  ['NOPERM this user has no permissions', 'command'],
  ['ERR anything', 'command'],
  ['', 'command'],
])('%j is the fault of the %s', (text, blame) => {
  expect(blameOf(new ReplyError(text))).toBe(blame)
})

it('reads where a node of a Cluster sends to', () => {
  const read = (text: string): unknown => redirectOf(new ReplyError(text))
  expect(read('MOVED 3999 127.0.0.1:6381')).toEqual({ type: 'MOVED', slot: 3999, address: '127.0.0.1:6381' })
  expect(read('ASK 1 ::1:6381')).toEqual({ type: 'ASK', slot: 1, address: '::1:6381' })
  expect(read('MOVED 1 :6381')).toEqual({ type: 'MOVED', slot: 1, address: ':6381' })
  for (const text of ['MOVED', 'MOVED x a:1', 'MOVED 1 a', 'ERR MOVED 1 a:1']) expect(read(text)).toBeNull()
})

it('makes one short line of an error', () => {
  expect(new ReplyError(`ERR a\r\nb${'x'.repeat(1000)}`).text).toMatch(/^ERR a bx{189,}$/)
})

it.each([
  // The check value of CRC-16/XMODEM.
  ['123456789', 0x31c3],
  ['', 0],
  ['foo', 12_182],
  ['{foo}.bar', 12_182],
  ['a{foo}{bar}', 12_182],
  // Nothing between braces, or no end: the whole key counts.
  ['{}foo', 9500],
])('%j has the slot %d', (key, slot) => {
  expect(slotOf(key)).toBe(slot)
})
