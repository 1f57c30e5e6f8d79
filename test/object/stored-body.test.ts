import { describe, expect, it } from 'vitest'
import { bodyOf, EMPTY_BODY, StoredBody } from '../../src/object/stored-body.ts'
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
