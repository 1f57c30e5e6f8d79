import { describe, expect, it } from 'vitest'
import { ConcatBody } from '../../src/body/concat.ts'
import { bodyOf } from '../../src/object/stored-body.ts'
import { Reader, ScriptedBody } from './source.ts'

const broken = { type: 'reset', cause: new Error('broken') } as const

describe('one body behind another', () => {
  it('is as long as both, and of unknown length when one is', () => {
    expect(new ConcatBody(bodyOf(Buffer.from('abc')), bodyOf(Buffer.from('de'))).length).toBe(5)
    expect(new ConcatBody(bodyOf(Buffer.from('abc')), new ScriptedBody()).length).toBeNull()
    expect(new ConcatBody(new ScriptedBody(), bodyOf(Buffer.from('abc'))).length).toBeNull()
  })

  it('gives the bytes of both in order and ends once', () => {
    const [first, second] = [new ScriptedBody(), new ScriptedBody()]
    const reader = new Reader()
    new ConcatBody(first, second).read(reader)
    first.send('ab')
    expect(second.reads).toBe(0)
    first.end()
    second.send('cd')
    expect(reader.ends).toEqual([])
    second.end()
    expect([reader.text, reader.ends]).toEqual(['abcd', ['complete']])
  })

  it('gives all at once when all is there', () => {
    const reader = new Reader()
    new ConcatBody(bodyOf(Buffer.from('ab')), new ScriptedBody(2, ['cd'], true)).read(reader)
    expect([reader.text, reader.ends]).toEqual(['abcd', ['complete']])
  })

  it('passes a pause on to whichever flows, and resumes it', () => {
    const [first, second] = [new ScriptedBody(), new ScriptedBody()]
    const reader = new Reader(1)
    const flow = new ConcatBody(first, second).read(reader)
    expect(first.send('ab')).toBe(false)
    flow.resume()
    expect([first.resumes, second.resumes]).toEqual([1, 0])
    first.end()
    expect(second.send('cd')).toBe(false)
    flow.resume()
    expect([first.resumes, second.resumes]).toEqual([1, 1])
  })

  it('breaks when the first breaks, and tells the second that nobody will read it', () => {
    const [first, second] = [new ScriptedBody(), new ScriptedBody()]
    const reader = new Reader()
    new ConcatBody(first, second).read(reader)
    first.send('a')
    first.end(broken)
    expect([reader.text, reader.ends, second.cancelled?.message]).toEqual(['a', ['broken'], 'broken'])
  })

  it('breaks when the second breaks', () => {
    const second = new ScriptedBody()
    const reader = new Reader()
    new ConcatBody(bodyOf(Buffer.from('ab')), second).read(reader)
    second.end(broken)
    expect([reader.text, reader.ends]).toEqual(['ab', ['broken']])
  })

  it('lets go of both when its reader leaves during the first', () => {
    const [first, second] = [new ScriptedBody(), new ScriptedBody()]
    const reader = new Reader()
    const flow = new ConcatBody(first, second).read(reader)
    const cause = new Error('left')
    flow.cancel(cause)
    flow.cancel(cause)
    first.send('a')
    first.end()
    expect([first.cancelled, second.cancelled, second.reads]).toEqual([cause, cause, 1])
    expect([reader.text, reader.ends]).toEqual(['', []])
  })

  it('lets go of the second when its reader leaves within the first bytes of it', () => {
    const first = new ScriptedBody()
    const second = new ScriptedBody(null, ['cd', 'ef'], true)
    const reader = new Reader()
    const flow = new ConcatBody(first, second).read(reader)
    reader.onChunk = () => flow.cancel(new Error('left'))
    first.end()
    expect([reader.text, reader.ends, second.cancelled?.message]).toEqual(['cd', [], 'left'])
  })
})
