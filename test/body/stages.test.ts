import { describe, expect, it } from 'vitest'
import type { Body, BodyFlow, BodySink } from '../../src/body/body.ts'
import { COMPLETE } from '../../src/body/body.ts'
import { type Stage, staged } from '../../src/body/stages.ts'
import { bodyOf } from '../../src/object/stored-body.ts'
import fc from '../support/properties.ts'
import { Reader, ScriptedBody } from './source.ts'

type Push = (bytes: Buffer) => void

/** Doubles every byte and adds `!`; synchronous, or after as many turns of the microtask queue as it is told. */
class Doubling implements Stage {
  closes = 0
  ends = 0
  readonly turns: number
  onChunk: (() => void) | null = null

  constructor(turns: number = 0) {
    this.turns = turns
  }

  chunk(bytes: Buffer, push: Push): void | Promise<void> {
    this.onChunk?.()
    if (this.turns === 0) return this.#double(bytes, push)
    return turns(this.turns).then(() => this.#double(bytes, push))
  }

  end(push: Push): void | Promise<void> {
    this.ends++
    if (this.turns === 0) return push(Buffer.from('!'))
    return turns(this.turns).then(() => push(Buffer.from('!')))
  }

  close(): void {
    this.closes++
  }

  #double(bytes: Buffer, push: Push): void {
    for (const byte of bytes) push(Buffer.of(byte, byte))
  }
}

/** A stage that a test holds up. */
class Held implements Stage {
  readonly calls: { readonly bytes: string; readonly push: Push; done(): void; fail(error: unknown): void }[] = []
  readonly told: string[] = []
  closes = 0

  chunk(bytes: Buffer, push: Push): Promise<void> {
    return new Promise((done, fail) => this.calls.push({ bytes: bytes.toString(), push, done, fail }))
  }

  end(push: Push): Promise<void> {
    return new Promise((done, fail) => this.calls.push({ bytes: 'END', push, done, fail }))
  }

  close(): void {
    this.closes++
  }

  pause(): void {
    this.told.push('pause')
  }

  resume(): void {
    this.told.push('resume')
  }
}

async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await null
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** Sends its pieces as long as it is not told to pause. */
class Pieces implements Body, BodyFlow {
  readonly length = null
  readonly #pieces: Buffer[]
  #sink: BodySink | null = null
  #busy = false
  cancelled: Error | null = null

  constructor(pieces: readonly string[]) {
    this.#pieces = pieces.map((piece) => Buffer.from(piece, 'latin1'))
  }

  read(sink: BodySink): BodyFlow {
    this.#sink = sink
    this.resume()
    return this
  }

  resume(): void {
    if (this.#busy) return
    this.#busy = true
    while (this.cancelled === null && this.#sink !== null) {
      const next = this.#pieces.shift()
      if (next === undefined) {
        this.#sink.end(COMPLETE)
        this.#sink = null
      } else if (!this.#sink.chunk(next)) break
    }
    this.#busy = false
  }

  cancel(cause: Error): void {
    this.cancelled ??= cause
  }
}

function doubled(text: string): string {
  return `${[...text].map((letter) => letter + letter).join('')}!`
}

const seen = (reader: Reader): string[] => [reader.text, ...reader.ends]

describe('a body read through stages', () => {
  it('is the body itself without stages, and else of unknown length unless it is said', () => {
    const body = bodyOf(Buffer.from('abc'))
    expect(staged(body, [])).toBe(body)
    expect(staged(body, [() => new Doubling()]).length).toBeNull()
    expect(staged(body, [() => new Doubling(), () => new Doubling()], 42).length).toBe(42)
  })

  it('passes through synchronous stages within the call that brings the bytes', () => {
    const source = new ScriptedBody()
    const reader = new Reader()
    staged(source, [() => new Doubling(), () => new Doubling()]).read(reader)
    expect(source.send('ab')).toBe(true)
    expect(reader.text).toBe('aaaabbbb')
    source.end()
    expect(seen(reader)).toEqual(['aaaabbbb!!!', 'complete'])
  })

  it('makes its stages anew for each reader', () => {
    const made: Doubling[] = []
    const body = staged(bodyOf(Buffer.from('xy')), [
      () => {
        made.push(new Doubling())
        return made.at(-1) as Doubling
      },
    ])
    for (const reader of [new Reader(), new Reader()]) {
      body.read(reader)
      expect(seen(reader)).toEqual(['xxyy!', 'complete'])
    }
    expect(made.map(({ closes, ends }) => [closes, ends])).toEqual([
      [1, 1],
      [1, 1],
    ])
  })

  it('gives the same bytes, however the source splits them, how slow the stages are and how often the reader pauses', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.string({ maxLength: 5 }), { maxLength: 6 }),
        fc.array(fc.nat(2), { minLength: 1, maxLength: 3 }),
        fc.integer({ min: 1, max: 4 }),
        async (pieces, slow, appetite) => {
          const plain = pieces.map((piece) => Buffer.from(piece).toString('latin1'))
          const stages: Doubling[] = []
          const reader = new Reader(appetite)
          const makes = slow.map((count) => () => {
            const stage = new Doubling(count)
            stages.push(stage)
            return stage
          })
          const flow = staged(new Pieces(plain), makes).read(reader)
          for (let i = 0; i < 2000 && reader.ends.length === 0; i++) {
            if (reader.appetite <= 0) {
              const taken = reader.chunks.length
              await turns(3)
              // Nothing comes while it pauses.
              expect(reader.chunks.length).toBe(taken)
              reader.appetite = appetite
              flow.resume()
            } else await turns(1)
          }
          const expected = slow.reduce((text) => doubled(text), plain.join(''))
          expect(seen(reader)).toEqual([expected, 'complete'])
          expect(stages.map(({ closes, ends }) => [closes, ends])).toEqual(slow.map(() => [1, 1]))
        },
      ),
      { numRuns: 200 },
    )
  })

  it('pauses the source while a stage works, and takes what it sends all the same afterwards and in order', async () => {
    const source = new ScriptedBody()
    const held = new Held()
    const reader = new Reader()
    staged(source, [() => held]).read(reader)
    expect(source.send('a')).toBe(false)
    expect(source.send('b')).toBe(false)
    expect([held.calls.length, source.resumes]).toEqual([1, 0])
    held.calls[0]!.push(Buffer.from('A'))
    held.calls[0]!.done()
    await settled()
    expect([reader.text, held.calls.length, source.resumes]).toEqual(['A', 2, 0])
    held.calls[1]!.push(Buffer.from('B'))
    held.calls[1]!.done()
    await settled()
    expect([reader.text, source.resumes]).toEqual(['AB', 1])
  })

  it('keeps what is made while the reader pauses, tells the stage, and ends only when all is taken', async () => {
    const source = new ScriptedBody()
    const held = new Held()
    const reader = new Reader(1)
    const flow = staged(source, [() => held]).read(reader)
    source.send('a')
    const [call] = held.calls
    call!.push(Buffer.from('1'))
    call!.push(Buffer.from('2'))
    expect([reader.text, held.told]).toEqual(['1', ['pause']])
    reader.appetite = 2
    flow.resume()
    expect([reader.text, held.told, source.resumes]).toEqual(['12', ['pause', 'resume'], 0])
    reader.appetite = 0
    call!.push(Buffer.from('3'))
    call!.push(Buffer.from('4'))
    call!.done()
    source.end()
    await settled()
    expect([reader.text, held.calls.length, held.told]).toEqual(['123', 1, ['pause', 'resume', 'pause']])
    reader.appetite = 10
    flow.resume()
    expect([reader.text, held.calls[1]!.bytes, reader.ends]).toEqual(['1234', 'END', []])
    held.calls[1]!.push(Buffer.from('5'))
    held.calls[1]!.done()
    await settled()
    // Nothing is under way any more that could be resumed.
    expect([seen(reader), held.told, held.closes]).toEqual([['12345', 'complete'], ['pause', 'resume', 'pause'], 1])
  })

  it('does not take for its own what a stage pushes after it was through', async () => {
    const source = new ScriptedBody()
    const held = new Held()
    const reader = new Reader()
    staged(source, [() => held]).read(reader)
    source.send('a')
    held.calls[0]!.done()
    await settled()
    held.calls[0]!.push(Buffer.from('late'))
    expect(reader.text).toBe('')
  })

  it('passes a reset on at once, also while a stage works or the reader pauses, and closes each stage once', async () => {
    const source = new ScriptedBody()
    const [first, held] = [new Doubling(), new Held()]
    const reader = new Reader(1)
    staged(source, [() => first, () => held]).read(reader)
    source.send('a')
    held.calls[0]!.push(Buffer.from('x'))
    source.end({ type: 'reset', cause: new Error('origin gone') })
    expect([seen(reader), first.closes, first.ends, held.closes]).toEqual([['x', 'origin gone'], 1, 0, 1])
    held.calls[0]!.push(Buffer.from('y'))
    held.calls[0]!.fail(new Error('too late'))
    await settled()
    expect(seen(reader)).toEqual(['x', 'origin gone'])
  })

  it('lets go of source and stages when the reader leaves', async () => {
    const source = new ScriptedBody()
    const [first, held] = [new Doubling(), new Held()]
    const reader = new Reader()
    const flow = staged(source, [() => first, () => held]).read(reader)
    source.send('a')
    const cause = new Error('left')
    flow.cancel(cause)
    flow.cancel(cause)
    held.calls[0]!.push(Buffer.from('y'))
    held.calls[0]!.done()
    await settled()
    flow.resume()
    expect([source.cancelled, first.closes, held.closes, seen(reader)]).toEqual([cause, 1, 1, ['']])
  })

  it('lets go when the reader leaves within the first bytes, before it has the flow in hand', () => {
    const source = new ScriptedBody(null, ['ab', 'cd'], true)
    const stage = new Doubling()
    const reader = new Reader()
    const body = staged(source, [() => stage])
    const outer = staged(body, [
      () => ({
        chunk: () => {
          throw new Error('no')
        },
        end: () => {},
        close: () => {},
      }),
    ])
    outer.read(reader)
    expect([seen(reader), source.cancelled?.message, stage.closes]).toEqual([['', 'no'], 'no', 1])
  })

  it.each([
    ['throws on a chunk', 0, 'chunk'],
    ['throws at the end', 0, 'end'],
    ['rejects on a chunk', 1, 'chunk'],
    ['rejects at the end', 1, 'end'],
  ] as const)('resets with the error of a stage that %s', async (_title, slow, where) => {
    const source = new ScriptedBody()
    const before = new Doubling()
    let closes = 0
    const broken = (): void | Promise<void> => {
      if (slow === 0) throw new Error('stage failed')
      return Promise.reject(new Error('stage failed'))
    }
    const failing: Stage = {
      chunk: (bytes, push) => {
        push(bytes)
        if (where === 'chunk') return broken()
      },
      end: () => broken(),
      close: () => {
        closes++
      },
    }
    const reader = new Reader()
    staged(source, [() => before, () => failing]).read(reader)
    source.send('ab')
    await settled()
    if (where === 'end') source.end()
    await settled()
    source.send('cd')
    expect([reader.text, reader.ends, closes, before.closes]).toEqual([where === 'end' ? 'aabb!' : 'aa', ['stage failed'], 1, 1])
    expect(source.cancelled?.message).toBe(where === 'end' ? undefined : 'stage failed')
  })

  it('resets and lets go of the source when a stage cannot be made; what is thrown need not be an Error', () => {
    const source = new ScriptedBody()
    const reader = new Reader()
    const flow = staged(source, [
      () => {
        throw 'no memory'
      },
    ]).read(reader)
    flow.resume()
    flow.cancel(new Error('x'))
    expect([seen(reader), source.cancelled?.message]).toEqual([['', 'no memory'], 'no memory'])
  })

  it('holds of an endless source no more than what one call makes, while the reader pauses', () => {
    const stage = new Doubling()
    const source = new ScriptedBody()
    const reader = new Reader(1)
    staged(source, [() => stage]).read(reader)
    let sent = 0
    while (source.send('abc')) sent++
    expect([sent, reader.text]).toEqual([0, 'aa'])
  })
})
