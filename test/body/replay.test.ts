import { describe, expect, it } from 'vitest'
import { ReplayBody } from '../../src/body/replay.ts'
import { Reader, ScriptedBody } from './source.ts'

const LETTERS = 'abcdefgh'

describe('a request body that can be sent again', () => {
  it('passes its bytes on as they come', () => {
    const source = new ScriptedBody(4)
    const body = new ReplayBody(source, 100)
    const reader = new Reader()
    body.read(reader)
    source.send('ab')
    expect(reader.text).toBe('ab')
    source.send('cd')
    source.end()
    expect([body.length, reader.text, reader.ends, source.reads]).toEqual([4, 'abcd', ['complete'], 1])
  })

  it.each(Array.from({ length: LETTERS.length + 1 }, (_, i) => i))('starts at byte 0 for a second attempt after %i bytes', (until) => {
    const source = new ScriptedBody()
    const body = new ReplayBody(source, 100)
    const [first, second] = [new Reader(), new Reader()]
    const flow = body.read(first)
    for (const letter of LETTERS.slice(0, until)) source.send(letter)
    flow.cancel(new Error('the origin closed'))
    body.read(second)
    for (const letter of LETTERS.slice(until)) source.send(letter)
    source.end()
    expect([first.text, first.ends]).toEqual([LETTERS.slice(0, until), []])
    expect([second.text, second.ends]).toEqual([LETTERS, ['complete']])
    expect([source.reads, source.cancelled]).toEqual([1, null])
  })

  it('gives all of it again when it has ended', () => {
    const body = new ReplayBody(new ScriptedBody(null, ['ab', 'cd'], true), 100)
    for (const reader of [new Reader(), new Reader(), new Reader()]) {
      body.read(reader)
      expect([reader.text, reader.ends]).toEqual(['abcd', ['complete']])
    }
  })

  it('pauses the source while nobody reads, and lets it go on for the next attempt', () => {
    const source = new ScriptedBody()
    const body = new ReplayBody(source, 100)
    const flow = body.read(new Reader())
    source.send('a')
    flow.cancel(new Error('x'))
    expect(source.send('b')).toBe(false)
    const reader = new Reader()
    body.read(reader)
    expect([reader.text, source.resumes]).toEqual(['ab', 1])
  })

  it('pauses the source when the reader pauses, and resumes it with the reader', () => {
    const source = new ScriptedBody()
    const flow = new ReplayBody(source, 100).read(new Reader(1))
    expect(source.send('a')).toBe(false)
    expect(source.resumes).toBe(0)
    flow.resume()
    expect(source.resumes).toBe(1)
  })

  it('heeds a second reader that pauses at once: neither more of what is kept nor more of the source', () => {
    const source = new ScriptedBody()
    const body = new ReplayBody(source, 100)
    body.read(new Reader()).cancel(new Error('x'))
    source.send('ab')
    const reader = new Reader(1)
    const flow = body.read(reader)
    expect(source.resumes).toBe(0)
    source.send('cd')
    expect(reader.text).toBe('ab')
    reader.appetite = 9
    flow.resume()
    expect([reader.text, source.resumes]).toEqual(['abcd', 1])
  })

  it('tells a reader of the end only behind its last byte', () => {
    const source = new ScriptedBody()
    const reader = new Reader(1)
    const flow = new ReplayBody(source, 100).read(reader)
    source.send('a')
    source.send('b')
    source.end()
    expect([reader.text, reader.ends]).toEqual(['a', []])
    flow.resume()
    expect([reader.text, reader.ends]).toEqual(['ab', ['complete']])
  })

  it('can be replayed up to its bound and not beyond', () => {
    const source = new ScriptedBody()
    const body = new ReplayBody(source, 4)
    const reader = new Reader()
    body.read(reader)
    source.send('abcd')
    expect(body.replayable).toBe(true)
    source.send('e')
    expect(body.replayable).toBe(false)
    source.send('fgh')
    source.end()
    expect([reader.text, reader.ends]).toEqual(['abcdefgh', ['complete']])
    expect(() => body.read(new Reader())).toThrow()
  })

  it('cannot be replayed when it broke', () => {
    const source = new ScriptedBody()
    const body = new ReplayBody(source, 100)
    const reader = new Reader()
    body.read(reader)
    source.end({ type: 'reset', cause: new Error('the client left') })
    expect([body.replayable, reader.ends]).toEqual([false, ['the client left']])
  })

  it('says nothing more to a reader that left, and nothing of an earlier attempt to a later one', () => {
    const source = new ScriptedBody()
    const body = new ReplayBody(source, 100)
    const [first, second] = [new Reader(), new Reader()]
    const left = body.read(first)
    left.cancel(new Error('x'))
    body.read(second)
    left.resume()
    source.send('a')
    source.end()
    expect([first.text, first.ends, second.text]).toEqual(['', [], 'a'])
    expect(source.resumes).toBe(1)
  })

  it('stays silent for a reader that leaves within a chunk', () => {
    const source = new ScriptedBody()
    const reader = new Reader()
    const flow = new ReplayBody(source, 100).read(reader)
    reader.onChunk = () => flow.cancel(new Error('x'))
    source.send('a')
    source.send('b')
    source.end()
    expect([reader.text, reader.ends]).toEqual(['a', []])
  })

  it('ends the source when no further attempt will come', () => {
    const source = new ScriptedBody()
    const body = new ReplayBody(source, 100)
    body.read(new Reader())
    body.cancel(new Error('over'))
    expect(source.cancelled?.message).toBe('over')
  })

  it('keeps a body that comes byte by byte in hardly more memory than its bytes', () => {
    const source = new ScriptedBody()
    const body = new ReplayBody(source, 64 * 1024)
    const reader = new Reader()
    const flow = body.read({ chunk: () => true, end: () => {} })
    for (let i = 0; i < 60_000; i++) source.send(Buffer.from([i & 255]))
    flow.cancel(new Error('x'))
    body.read(reader)
    expect(reader.chunks).toHaveLength(1)
    expect(reader.bytes).toEqual(Buffer.from(Array.from({ length: 60_000 }, (_, i) => i & 255)))
  })

  const collected = (body: ReplayBody, limit: number): { result: string | null | undefined; cause: string } => {
    const seen: { result: string | null | undefined; cause: string } = { result: undefined, cause: '' }
    body.collect(limit, (bytes, cause) => {
      seen.result = bytes === null ? null : bytes.toString()
      seen.cause = cause?.message ?? ''
    })
    return seen
  }

  it('is collected whole, up to a limit beyond the bound, and read any number of times then', () => {
    const source = new ScriptedBody()
    const body = new ReplayBody(source, 1)
    const seen = collected(body, LETTERS.length)
    for (const letter of LETTERS) expect(source.send(letter)).toBe(true)
    expect([seen.result, body.whole]).toEqual([undefined, null])
    source.end()
    expect([seen.result, body.whole?.toString(), body.replayable]).toEqual([LETTERS, LETTERS, true])
    for (const reader of [new Reader(), new Reader()]) {
      body.read(reader)
      expect([reader.text, reader.ends]).toEqual([LETTERS, ['complete']])
    }
    expect(collected(body, LETTERS.length).result).toBe(LETTERS)
    expect(collected(body, LETTERS.length - 1).result).toBe(null)
  })

  it('can be read as if nobody had asked when it is longer than the limit', () => {
    const source = new ScriptedBody()
    const body = new ReplayBody(source, 4)
    const seen = collected(body, 2)
    expect(source.send('ab')).toBe(true)
    expect(source.send('cde')).toBe(false)
    expect([seen.result, body.whole]).toEqual([null, null])
    const reader = new Reader()
    body.read(reader)
    expect([reader.text, source.resumes]).toEqual(['abcde', 1])
    source.send('f')
    source.end()
    expect([reader.text, reader.ends, body.replayable]).toEqual(['abcdef', ['complete'], false])
  })

  it('is not begun to be collected when it is announced to be longer', () => {
    const source = new ScriptedBody(3)
    expect(collected(new ReplayBody(source, 100), 2).result).toBe(null)
    expect(source.reads).toBe(0)
  })

  it('tells who collects it that it broke off', () => {
    const source = new ScriptedBody()
    const seen = collected(new ReplayBody(source, 100), 10)
    source.send('a')
    source.end({ type: 'reset', cause: new Error('left') })
    expect(seen).toEqual({ result: null, cause: 'left' })
  })
})
