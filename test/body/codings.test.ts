import { brotliCompressSync, brotliDecompressSync, gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import type { Body, BodyEnd } from '../../src/body/body.ts'
import { decodedWhole } from '../../src/body/coding-engines.ts'
import { BadCoding, coderFree, coding, decoding, HIGHEST_RATIO } from '../../src/body/codings.ts'
import { staged } from '../../src/body/stages.ts'
import { StoredBody } from '../../src/object/stored-body.ts'
import { CODINGS, type Coding } from '../../vcl-ts/coding.ts'
import fc from '../support/properties.ts'
import { Reader, ScriptedBody } from './source.ts'

const STANDARD: Readonly<Record<Coding, { readonly code: (bytes: Buffer) => Buffer; readonly decode: (bytes: Buffer) => Buffer }>> = {
  gzip: { code: gzipSync, decode: gunzipSync },
  br: { code: brotliCompressSync, decode: brotliDecompressSync },
  zstd: { code: zstdCompressSync, decode: zstdDecompressSync },
}
const PAGE = Buffer.from('The quick brown fox jumps over the lazy dog. '.repeat(40))

/** All that a body gives to a reader that pauses after every `appetite` pieces. */
function read(body: Body, appetite: number = Number.POSITIVE_INFINITY): Promise<{ readonly bytes: Buffer; readonly end: BodyEnd }> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    const flow = body.read({
      chunk: (bytes) => {
        chunks.push(Buffer.from(bytes))
        if (chunks.length % appetite !== 0) return true
        setImmediate(() => flow.resume())
        return false
      },
      end: (end) => resolve({ bytes: Buffer.concat(chunks), end }),
    })
  })
}

const pieces = (bytes: Buffer, size: number): Buffer[] =>
  Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => bytes.subarray(i * size, (i + 1) * size))

describe.each(CODINGS)('content coded as %s', (name) => {
  const { code, decode } = STANDARD[name]

  it('is what the standard decoder decodes to the same bytes, and comes back through our own, however it is split', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.uint8Array({ maxLength: 3000 }), { maxLength: 5 }),
        fc.boolean(),
        fc.integer({ min: 1, max: 3 }),
        fc.integer({ min: 1, max: 500 }),
        async (given, known, appetite, size) => {
          const source = given.map((piece) => Buffer.from(piece))
          const plain = Buffer.concat(source)
          const coded = await read(staged(new StoredBody(source), [coding(name, known ? plain.length : null)]), appetite)
          expect(coded.end.type).toBe('complete')
          expect(decode(coded.bytes).equals(plain)).toBe(true)
          const back = await read(staged(new StoredBody(pieces(coded.bytes, size)), [decoding(name, HIGHEST_RATIO)]), appetite)
          expect([back.end.type, back.bytes.equals(plain)]).toEqual(['complete', true])
        },
      ),
      { numRuns: 25 },
    )
  })

  it('is decoded from what the standard coder made, cut at any place', async () => {
    const coded = code(PAGE)
    for (let at = 0; at <= coded.length; at++) {
      const body = new StoredBody([coded.subarray(0, at), coded.subarray(at)])
      const { bytes, end } = await read(staged(body, [decoding(name, HIGHEST_RATIO)]))
      expect([at, end.type, bytes.equals(PAGE)]).toEqual([at, 'complete', true])
    }
  })

  it('breaks off when it is cut short anywhere', async () => {
    const coded = code(PAGE)
    for (let length = 1; length < coded.length; length++) {
      const { end } = await read(staged(new StoredBody(coded.subarray(0, length)), [decoding(name, HIGHEST_RATIO)]))
      expect([length, end.type === 'reset' && end.cause instanceof BadCoding]).toEqual([length, true])
      expect(decodedWhole(coded.subarray(0, length), name, 1 << 20)).toBeNull()
    }
  })

  it('breaks off when something follows it, in the same piece or the next (HARDENING 193)', async () => {
    const coded = code(PAGE)
    for (const segments of [
      [Buffer.concat([coded, Buffer.from('GET /')])],
      [coded, Buffer.from('GET /')],
      [coded, Buffer.from('G'), Buffer.from('ET')],
    ]) {
      const { end } = await read(staged(new StoredBody(segments), [decoding(name, HIGHEST_RATIO)]))
      expect(end.type === 'reset' && end.cause instanceof BadCoding).toBe(true)
    }
    expect(decodedWhole(Buffer.concat([coded, Buffer.from('GET /')]), name, 1 << 20)).toBeNull()
  })

  it('never ends as anything but what it was, or broken off, when bytes of it change', async () => {
    const coded = (await read(staged(new StoredBody(PAGE), [coding(name, PAGE.length)]))).bytes
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(coded.length - 1), fc.integer({ min: 1, max: 255 })), { minLength: 1, maxLength: 3 }),
        async (flips) => {
          const damaged = Buffer.from(coded)
          for (const [at, mask] of flips) damaged[at] = (damaged[at] as number) ^ mask
          const { bytes, end } = await read(staged(new StoredBody(damaged), [decoding(name, HIGHEST_RATIO)]))
          // Brotli has no checksum: some of its damage nobody can see. None of it may hang, throw or outgrow its bounds.
          if (name !== 'br' && end.type === 'complete') expect(bytes.equals(PAGE)).toBe(true)
        },
      ),
      { numRuns: 60 },
    )
  })

  it('is a bomb that is stopped soon after its first mebibyte, unless it was coded here (HARDENING 191)', async () => {
    const bomb = code(Buffer.alloc(8 << 20))
    const { bytes, end } = await read(staged(new StoredBody(pieces(bomb, 512)), [decoding(name, HIGHEST_RATIO)]))
    expect(end.type === 'reset' && end.cause.message).toMatch(/is a bomb/)
    expect(bytes.length).toBeLessThan(3 << 20)
    const trusted = await read(staged(new StoredBody(pieces(bomb, 512)), [decoding(name, Number.POSITIVE_INFINITY)]), 3)
    expect([trusted.end.type, trusted.bytes.length]).toEqual(['complete', 8 << 20])
  })

  it('is decoded no further than its reader takes it', async () => {
    const bomb = code(Buffer.alloc(8 << 20))
    const reader = new Reader(1)
    const flow = staged(new StoredBody(bomb), [decoding(name, Number.POSITIVE_INFINITY)]).read(reader)
    while (reader.chunks.length === 0) await new Promise((resolve) => setImmediate(resolve))
    const before = process.memoryUsage().arrayBuffers
    for (let i = 0; i < 50; i++) await new Promise((resolve) => setImmediate(resolve))
    expect(reader.chunks.length).toBe(1)
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(4 << 20)
    flow.cancel(new Error('left'))
  })

  it('is empty where nothing was coded', async () => {
    const { bytes, end } = await read(staged(new StoredBody(''), [decoding(name, HIGHEST_RATIO)]))
    expect([bytes.length, end.type]).toEqual([0, 'complete'])
  })

  it('is decoded at once where it is small enough, to the same bytes', () => {
    expect(decodedWhole(code(PAGE), name, PAGE.length)?.equals(PAGE)).toBe(true)
    expect(decodedWhole(code(PAGE), name, PAGE.length - 1)).toBeNull()
  })

  it('passes a reset on and gives its engine back when its reader leaves', async () => {
    const [source, other] = [new ScriptedBody(), new ScriptedBody()]
    const [reader, leaver] = [new Reader(), new Reader()]
    staged(source, [coding(name, null)]).read(reader)
    const flow = staged(other, [coding(name, null)]).read(leaver)
    for (const body of [source, other]) body.send(PAGE)
    source.end({ type: 'reset', cause: new Error('origin gone') })
    flow.cancel(new Error('left'))
    await new Promise((resolve) => setImmediate(resolve))
    expect([reader.ends, leaver.ends, other.cancelled?.message]).toEqual([['origin gone'], [], 'left'])
    expect(coderFree()).toBe(true)
  })
})

it('says when so much is being coded that a body had better go uncoded (HARDENING 200)', () => {
  const flows = Array.from({ length: 128 }, () => staged(new ScriptedBody(), [coding('gzip', null)]).read(new Reader()))
  expect(coderFree()).toBe(false)
  flows[0]?.cancel(new Error('left'))
  expect(coderFree()).toBe(true)
  for (const flow of flows) flow.cancel(new Error('left'))
})
