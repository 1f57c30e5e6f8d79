import { describe, expect, it } from 'vitest'
import { HeapRoom } from '../../src/object/heap-room.ts'
import { bodyOf, EMPTY_BODY, keptBody, StoredBody } from '../../src/object/stored-body.ts'
import { Reader } from '../body/source.ts'

const THREE = new StoredBody([Buffer.from('ab'), Buffer.from('cd'), Buffer.from('ef')])

describe('a stored body', () => {
  it('knows its length, and is whole when it lies in one piece', () => {
    expect([THREE.length, THREE.whole]).toEqual([6, null])
    expect(bodyOf(Buffer.from('abc')).whole?.toString()).toBe('abc')
    expect([EMPTY_BODY.length, EMPTY_BODY.whole?.length]).toEqual([0, 0])
  })

  it('can be read any number of times', () => {
    for (const reader of [new Reader(), new Reader()]) {
      THREE.read(reader)
      expect([reader.text, reader.ends]).toEqual(['abcdef', ['complete']])
    }
  })

  it('pauses and goes on with its reader, and ends behind the last byte', () => {
    const reader = new Reader(1)
    const flow = THREE.read(reader)
    for (const text of ['abcd', 'abcdef']) {
      expect(reader.ends).toEqual([])
      flow.resume()
      expect(reader.text).toBe(text)
    }
    flow.resume()
    flow.resume()
    expect(reader.ends).toEqual(['complete'])
  })

  it('is silent once its reader has left, also within a piece', () => {
    const reader = new Reader(1)
    const flow = THREE.read(reader)
    reader.onChunk = () => flow.cancel(new Error('x'))
    flow.resume()
    flow.resume()
    expect([reader.text, reader.ends]).toEqual(['abcd', []])
  })

  it('is given once to a reader that resumes within a piece', () => {
    const reader = new Reader(1)
    const flow = THREE.read(reader)
    reader.appetite = 9
    reader.onChunk = () => flow.resume()
    flow.resume()
    expect([reader.text, reader.ends]).toEqual(['abcdef', ['complete']])
  })
})

describe('a small body that is kept', () => {
  const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i))

  it('is a string of its bytes, from one buffer or one of several, and none of them is lost', () => {
    for (const body of [keptBody(bodyOf(bytes)), new StoredBody(bytes).settled(), new StoredBody([bytes]).settled()]) {
      expect(body.atHand).toBe(bytes.toString('latin1'))
      expect([body.length, body.whole?.equals(bytes), Buffer.concat(body.segments).equals(bytes)]).toEqual([256, true, true])
      expect(body.settled()).toBe(body)
      expect(body.held).toBeLessThan(300)
      const reader = new Reader()
      body.read(reader)
      expect([reader.text, reader.ends]).toEqual([bytes.toString('latin1'), ['complete']])
    }
  })

  it('is a buffer of its own when it is larger, or lies in several pieces', () => {
    const large = Buffer.alloc(4096, 'x')
    const view = large.subarray(1000, 4000)
    const kept = keptBody(bodyOf(view))
    expect([kept.whole?.equals(view), kept.whole?.buffer.byteLength]).toEqual([true, 3000])
    expect([THREE.settled(), THREE.held > 3 * 300]).toEqual([THREE, true])
    const one = new StoredBody([large]).settled()
    expect([one.atHand, one.segments]).toEqual([large, [large]])
  })

  it('of no bytes is nothing', () => {
    expect([keptBody(bodyOf(Buffer.alloc(0))), new StoredBody([Buffer.alloc(0)]).settled()]).toEqual([EMPTY_BODY, EMPTY_BODY])
  })
})

describe('the room in the heap', () => {
  it('is ample until half of it is used, and looked at once in a while', () => {
    let used = 0
    let looks = 0
    const room = new HeapRoom(() => {
      looks++
      return { used_heap_size: used, heap_size_limit: 100 }
    })
    const take = (times: number): Set<boolean> => new Set(Array.from({ length: times }, () => room.take()))
    expect([take(1024), looks]).toEqual([new Set([true]), 1])
    used = 50
    expect([take(1024), looks]).toEqual([new Set([false]), 2])
    used = 49
    expect([take(1), looks]).toEqual([new Set([true]), 3])
  })
})
