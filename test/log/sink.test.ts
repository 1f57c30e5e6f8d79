import { closeSync, mkdtempSync, openSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { LogSink } from '../../src/log-sink.ts'

describe('a log sink', () => {
  let folder = ''
  let dropped = 0
  let failures: Error[] = []
  const events = {
    dropped: (lines: number) => {
      dropped += lines
    },
    failed: (error: Error) => failures.push(error),
  }

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'clearcoat-log-'))
    dropped = 0
    failures = []
  })

  afterEach(() => rmSync(folder, { recursive: true }))

  it('writes whole lines in order, behind what the file holds', async () => {
    const file = join(folder, 'a.log')
    for (const part of [0, 1]) {
      const sink = LogSink.toFile(file, events)
      for (let i = 0; i < 1000; i++) sink.line(`line ${part * 1000 + i}`)
      await sink.flushed()
    }
    expect(readFileSync(file, 'utf8')).toBe(Array.from({ length: 2000 }, (_, i) => `line ${i}\n`).join(''))
    expect(dropped).toBe(0)
  })

  it('loses, splits and repeats no line when the file is rotated under load', async () => {
    const file = join(folder, 'a.log')
    const sink = LogSink.toFile(file, events)
    const rotated: string[] = []
    for (let i = 0; i < 20_000; i++) {
      sink.line(`line ${i} ${'x'.repeat(50)}`)
      if (i % 2000 === 1999) {
        const old = join(folder, `old-${i}.log`)
        renameSync(file, old)
        rotated.push(old)
        sink.reopen()
        await sink.flushed()
      } else if (i % 500 === 0) await new Promise((resolve) => setImmediate(resolve))
    }
    await sink.flushed()
    const text = [...rotated, file].map((name) => readFileSync(name, 'utf8')).join('')
    expect(text).toBe(Array.from({ length: 20_000 }, (_, i) => `line ${i} ${'x'.repeat(50)}\n`).join(''))
    expect(rotated.some((name) => readFileSync(name, 'utf8') !== '')).toBe(true)
  })

  it('drops whole lines beyond its bound, counts them, and goes on', async () => {
    const file = join(folder, 'a.log')
    const sink = LogSink.toFile(file, events, 100)
    for (let i = 0; i < 20; i++) sink.line('123456789')
    await sink.flushed()
    expect(readFileSync(file, 'utf8')).toBe('123456789\n'.repeat(10))
    expect(dropped).toBe(10)
    sink.line('after')
    await sink.flushed()
    expect(readFileSync(file, 'utf8')).toMatch(/after\n$/)
  })

  it('survives a full disk: counts what is lost, tells it once, and goes on', async () => {
    const sink = LogSink.toFile('/dev/full', events)
    for (let round = 0; round < 3; round++) {
      sink.line('one')
      sink.line('two')
      await sink.flushed()
    }
    expect(dropped).toBe(6)
    expect(failures.map((error) => (error as NodeJS.ErrnoException).code)).toEqual(['ENOSPC'])
  })

  it('survives a descriptor that cannot be written', async () => {
    const fd = openSync('/dev/null', 'r')
    const sink = LogSink.toDescriptor(fd, events)
    sink.line('x')
    await sink.flushed()
    sink.line('y')
    sink.flushNow()
    closeSync(fd)
    expect(dropped).toBe(2)
  })

  it('keeps the file it has when a new one cannot be opened', async () => {
    const inner = mkdtempSync(join(folder, 'inner-'))
    const sink = LogSink.toFile(join(inner, 'a.log'), events)
    renameSync(inner, join(folder, 'moved'))
    sink.reopen()
    sink.line('still here')
    await sink.flushed()
    expect(failures).toHaveLength(1)
    expect(readFileSync(join(folder, 'moved', 'a.log'), 'utf8')).toBe('still here\n')
  })

  it('throws at the start when the file cannot be opened', () => {
    expect(() => LogSink.toFile(join(folder, 'absent', 'a.log'), events)).toThrow('ENOENT')
  })
})
