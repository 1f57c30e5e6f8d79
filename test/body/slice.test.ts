import { describe, expect, it } from 'vitest'
import { OpenSliceBody, SliceBody } from '../../src/body/slice.ts'
import { StoredBody } from '../../src/object/stored-body.ts'
import fc from '../support/properties.ts'
import { Reader, ScriptedBody } from './source.ts'

describe('a slice of a body', () => {
  it('is exactly the bytes asked for, however the body is cut', () => {
    const cut = fc
      .array(fc.uint8Array({ maxLength: 5 }), { minLength: 1, maxLength: 12 })
      .filter((pieces) => pieces.some((piece) => piece.length > 0))
    fc.assert(
      fc.property(cut, fc.nat(), fc.nat(), fc.boolean(), (pieces, a, b, stored) => {
        const whole = Buffer.concat(pieces)
        const [x, y] = [a % whole.length, b % whole.length]
        const [first, last] = [Math.min(x, y), Math.max(x, y)]
        const buffers = pieces.map((piece) => Buffer.from(piece))
        const reader = new Reader()
        const slice = new SliceBody(stored ? new StoredBody(buffers) : new ScriptedBody(null, buffers, true), first, last)
        slice.read(reader)
        expect(slice.length).toBe(last - first + 1)
        expect(reader.bytes).toEqual(whole.subarray(first, last + 1))
        expect(reader.ends).toEqual(['complete'])
      }),
      { numRuns: 300 },
    )
  })

  it('lets go of the body as soon as it has its bytes', () => {
    const body = new ScriptedBody()
    const reader = new Reader()
    new SliceBody(body, 2, 3).read(reader)
    body.send('abc')
    expect(body.cancelled).toBeNull()
    body.send('defg')
    expect([reader.text, reader.ends]).toEqual(['cd', ['complete']])
    expect(body.cancelled).not.toBeNull()
  })

  it('lets go of a body that gave everything at once', () => {
    const body = new ScriptedBody(null, ['abcdef'])
    new SliceBody(body, 0, 1).read(new Reader())
    expect(body.cancelled).not.toBeNull()
  })

  it('breaks when the body ends before the slice does, and when the body breaks', () => {
    const [short, broken] = [new ScriptedBody(), new ScriptedBody()]
    const [first, second] = [new Reader(), new Reader()]
    new SliceBody(short, 1, 9).read(first)
    new SliceBody(broken, 1, 9).read(second)
    short.send('abc')
    short.end()
    broken.end({ type: 'reset', cause: new Error('broken') })
    expect(first.text).toBe('bc')
    expect(first.ends).toHaveLength(1)
    expect(first.ends).not.toContain('complete')
    expect(second.ends).toEqual(['broken'])
  })

  it('may be shorter where nobody knows the length, but is not whole where the body breaks', () => {
    const [short, broken] = [new ScriptedBody(), new ScriptedBody()]
    const [first, second] = [new Reader(), new Reader()]
    new OpenSliceBody(short, 1, 9).read(first)
    new OpenSliceBody(broken, 1, 9).read(second)
    short.send('abc')
    short.end()
    broken.end({ type: 'reset', cause: new Error('broken') })
    expect([first.text, first.ends]).toEqual(['bc', ['complete']])
    expect(second.ends).toEqual(['broken'])
  })

  it('passes pauses on, but asks for none within what it skips', () => {
    const body = new ScriptedBody()
    const flow = new SliceBody(body, 2, 9).read(new Reader(1))
    expect(body.send('ab')).toBe(true)
    expect(body.send('cd')).toBe(false)
    flow.resume()
    expect(body.resumes).toBe(1)
  })

  it('goes on with a stored body after a pause', () => {
    const reader = new Reader(1)
    const flow = new SliceBody(new StoredBody([Buffer.from('abc'), Buffer.from('def'), Buffer.from('ghi')]), 1, 7).read(reader)
    expect(reader.text).toBe('bc')
    reader.appetite = 1
    flow.resume()
    expect([reader.text, reader.ends]).toEqual(['bcdef', []])
    flow.resume()
    expect([reader.text, reader.ends]).toEqual(['bcdefgh', ['complete']])
  })

  it('is silent once its reader has left', () => {
    const body = new ScriptedBody()
    const reader = new Reader()
    const flow = new SliceBody(body, 0, 9).read(reader)
    flow.cancel(new Error('left'))
    body.send('abc')
    expect([body.cancelled?.message, reader.text, reader.ends]).toEqual(['left', '', []])
  })
})
