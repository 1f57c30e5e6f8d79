import { describe, expect, it } from 'vitest'
import type { BodyEnd } from '../../src/body/body.ts'
import { FillBudget } from '../../src/object/fill-budget.ts'
import { Filling, type FillingOwner } from '../../src/object/filling.ts'
import type { StoredBody } from '../../src/object/stored-body.ts'
import { Reader, ScriptedBody } from '../body/source.ts'
import fc from '../support/properties.ts'

/** Remembers what the filling reports. */
class Owner implements FillingOwner {
  readonly heard: string[] = []
  stored: StoredBody | null = null
  filling: Filling | null = null
  /** Done when everybody has left. */
  onDeserted: (() => void) | null = null

  oversize(): void {
    this.heard.push('oversize')
  }

  deserted(): void {
    this.heard.push('deserted')
    this.onDeserted?.()
  }

  filled(end: BodyEnd, stored: StoredBody | null): void {
    this.heard.push(end.type === 'complete' ? 'filled' : 'broken')
    this.stored = stored
  }
}

interface Options {
  readonly length?: number | null
  readonly kept?: boolean
  readonly keep?: number
  readonly window?: number
  readonly budget?: FillBudget
}

function make(options: Options = {}): { filling: Filling; owner: Owner; source: ScriptedBody; budget: FillBudget } {
  const { length = null, kept = true, keep = 1_000_000, window = 1_000_000 } = options
  const budget = options.budget ?? new FillBudget(10_000_000)
  const owner = new Owner()
  const filling = new Filling(length, kept, { keep, window, budget }, owner)
  owner.filling = filling
  const source = new ScriptedBody(length)
  filling.fill(source)
  return { filling, owner, source, budget }
}

function reading(filling: Filling, appetite?: number): { reader: Reader; flow: ReturnType<Filling['read']> } {
  const reader = new Reader(appetite)
  return { reader, flow: filling.read(reader) }
}

describe('a body that is kept while it arrives', () => {
  it('is made of copies, so that bytes can be lent to it, also those with which it grows too large', () => {
    const { filling } = make({ keep: 4000 })
    const { reader, flow } = reading(filling, 1)
    const lent = Buffer.alloc(3000)
    for (const letter of 'abc') {
      if (filling.copies) {
        filling.chunk(lent.fill(letter))
        lent.fill('!')
      } else filling.chunk(Buffer.alloc(3000, letter))
    }
    while (reader.text.length < 9000) flow.resume()
    expect(reader.text).toBe(`${'a'.repeat(3000)}${'b'.repeat(3000)}${'c'.repeat(3000)}`)
    expect(filling.copies).toBe(false)
  })

  it.each([null, 6])('gives every reader all of it from byte 0, whenever it came (length %s)', (length) => {
    const { filling, owner, source } = make({ length })
    const early = reading(filling).reader
    source.send('ab')
    const middle = reading(filling).reader
    expect([early.text, middle.text]).toEqual(['ab', 'ab'])
    source.send('cd')
    source.send('ef')
    source.end()
    const late = reading(filling).reader
    for (const reader of [early, middle, late]) expect([reader.text, reader.ends]).toEqual(['abcdef', ['complete']])
    expect(owner.heard).toEqual(['filled'])
    expect(owner.stored?.whole?.toString()).toBe('abcdef')
  })

  it.each([null, 0])('may be empty (length %s)', (length) => {
    const { filling, owner, source } = make({ length })
    const { reader } = reading(filling)
    source.send('')
    source.end()
    expect([reader.chunks.length, reader.ends]).toEqual([0, ['complete']])
    expect([owner.stored?.length, owner.stored?.whole?.length]).toEqual([0, 0])
  })

  it('takes pieces of no bytes for nothing', () => {
    const { filling, source } = make()
    const { reader } = reading(filling)
    expect(source.send('')).toBe(true)
    source.send('a')
    source.send('')
    source.end()
    expect([reader.chunks.length, reader.text]).toEqual([1, 'a'])
  })

  it('waits for no reader, and goes on where a slow one paused', () => {
    const { filling, source } = make()
    const slow = reading(filling, 1)
    const fast = reading(filling)
    for (const piece of ['ab', 'cd', 'ef']) expect(source.send(piece)).toBe(true)
    source.end()
    expect([slow.reader.text, slow.reader.ends, fast.reader.text]).toEqual(['ab', [], 'abcdef'])
    slow.reader.appetite = 9
    slow.flow.resume()
    expect([slow.reader.text, slow.reader.ends]).toEqual(['abcdef', ['complete']])
  })

  it('is stored in exact buffers that nothing else refers to, in pieces of moderate size', () => {
    for (const length of [null, 700_000]) {
      const { owner, source } = make({ length })
      for (let i = 0; i < 70; i++) source.send(Buffer.alloc(10_000, i))
      source.end()
      const segments = owner.stored?.segments ?? []
      expect(segments.length).toBeLessThanOrEqual(4)
      for (const segment of segments) expect(segment.buffer.byteLength).toBe(segment.length)
      expect(Buffer.concat(segments)).toEqual(Buffer.concat(Array.from({ length: 70 }, (_, i) => Buffer.alloc(10_000, i))))
    }
  })

  it('copies out of the buffers that it is given', () => {
    const { filling, owner, source } = make()
    const { reader } = reading(filling, 1)
    const shared = Buffer.from('abcd')
    filling.chunk(shared)
    shared.fill('x')
    filling.chunk(shared.subarray(0, 2))
    shared.fill('y')
    source.end()
    expect(owner.stored?.whole?.toString()).toBe('abcdxx')
    expect(reader.text).toBe('abcd')
  })

  it('that comes byte by byte takes hardly more memory than its bytes', () => {
    const { filling, owner, source } = make()
    const { reader } = reading(filling, 1)
    for (let i = 0; i < 100_000; i++) source.send(Buffer.from([i & 255]))
    const buffers = new Set<ArrayBufferLike>()
    filling.read({ chunk: (bytes) => buffers.add(bytes.buffer) !== undefined, end: () => {} })
    expect(buffers.size).toBeLessThan(30)
    expect([...buffers].reduce((sum, buffer) => sum + buffer.byteLength, 0)).toBeLessThan(250_000)
    source.end()
    expect([owner.stored?.length, reader.bytes.length]).toEqual([100_000, 1])
  })

  it('breaks visibly for everybody when its source breaks, behind what has come', () => {
    const { filling, owner, source } = make()
    const readers = [reading(filling).reader, reading(filling).reader]
    source.send('ab')
    source.end({ type: 'reset', cause: new Error('the origin died') })
    readers.push(reading(filling).reader)
    for (const reader of readers) expect([reader.text, reader.ends]).toEqual(['ab', ['the origin died']])
    expect([owner.heard, owner.stored]).toEqual([['broken'], null])
  })

  it.each(['abc', 'abcdefg'])('breaks when %s comes where six bytes were announced', (sent) => {
    const { filling, owner, source } = make({ length: 6 })
    const { reader } = reading(filling)
    source.send(sent)
    source.end()
    expect(owner.heard).toEqual(['broken'])
    expect([reader.ends.length, reader.ends.includes('complete')]).toEqual([1, false])
  })

  it('cancels its source and resets its readers when it is broken off, once', () => {
    const { filling, owner, source } = make()
    const { reader } = reading(filling)
    filling.abort(new Error('enough'))
    filling.abort(new Error('again'))
    source.end()
    filling.end({ type: 'complete' })
    expect([source.cancelled?.message, reader.ends, owner.heard]).toEqual(['enough', ['enough'], ['broken']])
  })

  it('takes nothing more once it has ended', () => {
    const { filling, source } = make()
    source.send('a')
    source.end()
    expect(filling.chunk(Buffer.from('b'))).toBe(false)
    expect(reading(filling).reader.text).toBe('a')
  })
})

describe('a body that is not kept', () => {
  const window = { kept: false, window: 10 }

  it('pauses its source a window ahead of its only reader, and lets it go on with the reader', () => {
    const { filling, source } = make(window)
    const { reader, flow } = reading(filling, 1)
    expect(source.send('a')).toBe(true)
    expect(source.send('bcdefghij')).toBe(true)
    expect(source.send('k')).toBe(false)
    const { resumes } = source
    reader.appetite = 9
    flow.resume()
    expect(source.resumes).toBe(resumes + 1)
    source.end()
    expect([reader.text, reader.ends]).toEqual(['abcdefghijk', ['complete']])
  })

  it('waits for its first reader, a window full', () => {
    const { filling, source } = make(window)
    expect(source.send('abcdef')).toBe(true)
    expect(source.send('ghijkl')).toBe(false)
    const { resumes } = source
    const { reader } = reading(filling)
    expect([reader.text, source.resumes]).toEqual(['abcdefghijkl', resumes + 1])
  })

  it('follows the fastest of several readers', () => {
    const { filling, source } = make({ ...window, keep: 100 })
    const slow = reading(filling, 1)
    const fast = reading(filling)
    for (let i = 0; i < 10; i++) expect(source.send('abcde')).toBe(true)
    slow.reader.appetite = 99
    slow.flow.resume()
    expect(slow.reader.text).toBe(fast.reader.text)
  })

  it('gives up what all have read', () => {
    const { filling, source } = make({ kept: false, window: 1000 })
    reading(filling)
    for (let i = 0; i < 1000; i++) source.send(Buffer.alloc(5000))
    expect(filling.received).toBe(5_000_000)
    expect(filling.held).toBeLessThan(20_000)
  })

  it('cuts off, visibly, who falls too far behind, and bounds what it holds', () => {
    const { filling, source } = make({ kept: false, window: 10_000, keep: 50_000 })
    const slow = reading(filling, 1)
    const fast = reading(filling)
    let most = 0
    for (let i = 0; i < 100; i++) {
      source.send(Buffer.alloc(5000, i))
      most = Math.max(most, filling.held)
    }
    source.end()
    expect(fast.reader.bytes).toHaveLength(500_000)
    expect(fast.reader.ends).toEqual(['complete'])
    expect(slow.reader.ends).toHaveLength(1)
    expect(slow.reader.ends).not.toContain('complete')
    expect(most).toBeLessThanOrEqual(50_000 + 10_000 + 5000)
  })

  it('resets who comes when the beginning is gone', () => {
    const { filling, source } = make({ kept: false, window: 10 })
    reading(filling)
    source.send(Buffer.alloc(5000))
    source.send(Buffer.alloc(5000))
    const { reader } = reading(filling)
    expect([reader.chunks.length, reader.ends.length]).toEqual([0, 1])
    expect(reader.ends).not.toContain('complete')
  })

  it('keeps the beginning for who is going to read, as long as that takes', () => {
    const { filling, source } = make({ kept: false, window: 1_000_000 })
    const release = filling.hold()
    const first = reading(filling)
    for (let i = 0; i < 10; i++) source.send(Buffer.alloc(5000, i))
    expect(filling.held).toBe(50_000)
    const late = reading(filling)
    expect(late.reader.bytes).toEqual(first.reader.bytes)
    release()
    release()
    expect(filling.held).toBeLessThan(10_000)
  })

  it('gives up a hold that has become too dear', () => {
    const { filling, source } = make({ kept: false, window: 10_000, keep: 10_000 })
    const release = filling.hold()
    reading(filling)
    for (let i = 0; i < 20; i++) source.send(Buffer.alloc(5000))
    expect(filling.held).toBeLessThanOrEqual(25_000)
    const { reader } = reading(filling)
    expect(reader.ends).toHaveLength(1)
    release()
    source.send('x')
    source.end()
  })

  it('with ten thousand readers takes time in proportion to them', () => {
    const { filling, source } = make({ kept: false })
    let bytes = 0
    for (let i = 0; i < 10_000; i++) {
      filling.read({
        chunk: (piece) => {
          bytes += piece.length
          return true
        },
        end: () => {},
      })
    }
    for (let i = 0; i < 20; i++) source.send(Buffer.alloc(3000))
    expect(bytes).toBe(10_000 * 60_000)
  })

  it('holds small pieces that nobody has read yet together', () => {
    const { filling, source } = make({ kept: false })
    const { reader, flow } = reading(filling, 1)
    for (let i = 0; i < 50_000; i++) source.send(Buffer.from([i & 255]))
    reader.appetite = Number.POSITIVE_INFINITY
    flow.resume()
    expect(reader.bytes.length).toBe(50_000)
    expect(reader.chunks.length).toBeLessThan(20)
    expect(reader.bytes).toEqual(Buffer.from(Array.from({ length: 50_000 }, (_, i) => i & 255)))
  })
})

describe('a body that outgrows what is kept', () => {
  it('is relayed to its readers and stored for nobody', () => {
    const { filling, owner, source } = make({ keep: 10, window: 10 })
    const { reader } = reading(filling)
    source.send('abcdef')
    expect(owner.heard).toEqual([])
    source.send('ghijkl')
    expect(owner.heard).toEqual(['oversize'])
    source.send('mn')
    source.end()
    expect([reader.text, reader.ends]).toEqual(['abcdefghijklmn', ['complete']])
    expect([owner.heard, owner.stored]).toEqual([['oversize', 'filled'], null])
  })

  it('is kept at exactly the largest size', () => {
    const { owner, source } = make({ keep: 6 })
    source.send('abcdef')
    source.end()
    expect([owner.heard, owner.stored?.length]).toEqual([['filled'], 6])
  })

  it('is never kept when its announced length is too large', () => {
    const { filling, owner, source } = make({ length: 11, keep: 10 })
    reading(filling)
    source.send('abcdefghijk')
    source.end()
    expect([owner.heard, owner.stored]).toEqual([['filled'], null])
  })

  it('goes on from where each reader is', () => {
    const { filling, source } = make({ keep: 10, window: 100 })
    const slow = reading(filling, 1)
    const fast = reading(filling)
    for (const piece of ['abc', 'def', 'ghi', 'jkl', 'mno']) source.send(piece)
    slow.reader.appetite = 9
    slow.flow.resume()
    source.end()
    for (const { reader } of [slow, fast]) expect([reader.text, reader.ends]).toEqual(['abcdefghijklmno', ['complete']])
  })
})

describe('the memory of all bodies that arrive', () => {
  it('is bounded: what does not fit is relayed and not stored', () => {
    const budget = new FillBudget(100)
    const fills = Array.from({ length: 5 }, () => make({ budget }))
    const readers = fills.map(({ filling }) => reading(filling).reader)
    for (const { source } of fills) source.send(Buffer.alloc(30))
    for (const { source } of fills) source.end()
    expect(fills.map(({ owner }) => owner.stored !== null)).toEqual([true, true, true, false, false])
    expect(fills.map(({ owner }) => owner.heard.includes('oversize'))).toEqual([false, false, false, true, true])
    for (const reader of readers) expect([reader.bytes.length, reader.ends]).toEqual([30, ['complete']])
    expect(budget.used).toBe(0)
  })

  it('is given back by bodies that are stored, that break, and that grow too large', () => {
    const budget = new FillBudget(1000)
    const [stored, broken, large] = [make({ budget }), make({ budget }), make({ budget, keep: 50 })]
    for (const { source } of [stored, broken, large]) source.send(Buffer.alloc(40))
    expect(budget.used).toBe(120)
    large.source.send(Buffer.alloc(40))
    expect(budget.used).toBe(80)
    stored.source.end()
    expect(budget.used).toBe(40)
    broken.filling.abort(new Error('x'))
    expect(budget.used).toBe(0)
  })
})

describe('readers that leave', () => {
  it('hear nothing more; the others go on', () => {
    const { filling, owner, source } = make()
    const [stays, leaves] = [reading(filling), reading(filling)]
    source.send('ab')
    leaves.flow.cancel(new Error('x'))
    source.send('cd')
    source.end()
    expect([leaves.reader.text, leaves.reader.ends, stays.reader.text]).toEqual(['ab', [], 'abcd'])
    expect(owner.heard).toEqual(['filled'])
  })

  it('desert it when the last one has gone, not before', () => {
    const { filling, owner } = make()
    const [one, other] = [reading(filling), reading(filling)]
    one.flow.cancel(new Error('x'))
    expect(owner.heard).toEqual([])
    other.flow.cancel(new Error('x'))
    other.flow.cancel(new Error('x'))
    expect(owner.heard).toEqual(['deserted'])
  })

  it('do not desert it while somebody is going to read', () => {
    const { filling, owner } = make({ kept: false })
    const release = filling.hold()
    reading(filling).flow.cancel(new Error('x'))
    expect([owner.heard, filling.wanted]).toEqual([[], true])
    release()
    release()
    expect([owner.heard, filling.wanted]).toEqual([['deserted'], false])
  })

  it('may do so within a piece', () => {
    const { filling, owner, source } = make()
    const reader = new Reader()
    const flow = filling.read(reader)
    reader.onChunk = () => flow.cancel(new Error('x'))
    source.send('a')
    source.send('b')
    expect([reader.text, reader.ends, owner.heard, filling.readers]).toEqual(['a', [], ['deserted'], 0])
  })

  it('may break it off within the first piece, before the source is connected, which is cancelled then', () => {
    const owner = new Owner()
    const filling = new Filling(null, false, { keep: 10, window: 10, budget: new FillBudget(10) }, owner)
    owner.onDeserted = () => filling.abort(new Error('nobody is left'))
    const reader = new Reader()
    const flow = filling.read(reader)
    reader.onChunk = () => flow.cancel(new Error('x'))
    const source = new ScriptedBody(null, ['ab', 'cd'])
    filling.fill(source)
    expect([reader.text, owner.heard]).toEqual(['ab', ['deserted', 'broken']])
    expect(source.cancelled).not.toBeNull()
  })

  it('before the source is connected leave it nothing to do', () => {
    const owner = new Owner()
    const filling = new Filling(null, false, { keep: 10, window: 10, budget: new FillBudget(10) }, owner)
    filling.abort(new Error('x'))
    const source = new ScriptedBody()
    filling.fill(source)
    expect(source.cancelled).not.toBeNull()
  })

  it('may come and go within a piece that others get', () => {
    const { filling, source } = make()
    const first = new Reader()
    const second = new Reader()
    filling.read(first)
    first.onChunk = () => {
      if (second.chunks.length === 0) filling.read(second)
    }
    source.send('ab')
    source.send('cd')
    source.end()
    for (const reader of [first, second]) expect([reader.text, reader.ends]).toEqual(['abcd', ['complete']])
  })
})

describe('whatever happens to a filling', () => {
  type Step =
    | { readonly do: 'send'; readonly size: number }
    | { readonly do: 'join'; readonly appetite: number }
    | { readonly do: 'resume' | 'leave'; readonly which: number; readonly appetite: number }
    | { readonly do: 'hold' | 'release' }

  const which = fc.nat({ max: 20 })
  const appetite = fc.integer({ min: 1, max: 5 })
  const steps: fc.Arbitrary<Step[]> = fc.array(
    fc.oneof(
      {
        weight: 6,
        arbitrary: fc.record({
          do: fc.constant('send' as const),
          size: fc.oneof(fc.nat({ max: 40 }), fc.integer({ min: 2000, max: 9000 })),
        }),
      },
      { weight: 2, arbitrary: fc.record({ do: fc.constant('join' as const), appetite }) },
      { weight: 4, arbitrary: fc.record({ do: fc.constant('resume' as const), which, appetite }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('leave' as const), which, appetite }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('hold' as const, 'release' as const) }) },
    ),
    { maxLength: 80 },
  )

  it('every reader sees exactly the bytes from the first on, and then the end or a reset; memory is bounded', () => {
    const sizes = fc.record({ kept: fc.boolean(), keep: fc.integer({ min: 0, max: 60_000 }), window: fc.integer({ min: 1, max: 20_000 }) })
    fc.assert(
      fc.property(steps, sizes, fc.boolean(), (script, { kept, keep, window }, breaks) => {
        const { filling, owner, source, budget } = make({ kept, keep, window })
        const readers: { reader: Reader; flow: ReturnType<Filling['read']>; left: boolean }[] = []
        const holds: (() => void)[] = []
        const sent: Buffer[] = []
        let counter = 0
        let largest = 0
        for (const step of script) {
          const chosen = 'which' in step ? readers[step.which % Math.max(1, readers.length)] : undefined
          if (step.do === 'send' && source.wanted) {
            const piece = Buffer.from(Array.from({ length: step.size }, () => counter++ & 255))
            largest = Math.max(largest, step.size)
            sent.push(piece)
            source.send(piece)
          } else if (step.do === 'join') readers.push({ ...reading(filling, step.appetite), left: false })
          else if (step.do === 'hold') holds.push(filling.hold())
          else if (step.do === 'release') holds.pop()?.()
          else if (chosen !== undefined && step.do === 'resume') {
            chosen.reader.appetite = step.appetite
            chosen.flow.resume()
          } else if (chosen !== undefined && step.do === 'leave') {
            chosen.left = true
            chosen.flow.cancel(new Error('left'))
          }
          expect(filling.held).toBeLessThanOrEqual(keep + window + largest + 16 * 1024)
        }
        if (breaks) source.end({ type: 'reset', cause: new Error('broken') })
        else source.end()
        for (const { reader, flow } of readers) {
          reader.appetite = Number.POSITIVE_INFINITY
          flow.resume()
        }
        const whole = Buffer.concat(sent)
        for (const { reader, left } of readers) {
          expect(reader.bytes.equals(whole.subarray(0, reader.bytes.length))).toBe(true)
          if (left) expect(reader.ends.length).toBeLessThanOrEqual(1)
          else expect(reader.ends).toHaveLength(1)
          if (reader.ends[0] === 'complete') expect([breaks, reader.bytes.length]).toEqual([false, whole.length])
        }
        if (owner.stored !== null) expect(Buffer.concat(owner.stored.segments).equals(whole)).toBe(true)
        expect(owner.stored !== null).toBe(!breaks && kept && whole.length <= keep)
        expect([budget.used, filling.readers]).toEqual([0, 0])
      }),
      { numRuns: 300 },
    )
  })
})
