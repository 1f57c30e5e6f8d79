/** What a worker has posted, in the order in which the librarian is told of it. */
import { expect, it } from 'vitest'
import type { Channel } from '../../../src/object/shared/channel.ts'
import type { FromLibrarian, ToLibrarian } from '../../../src/object/shared/messages.ts'
import { WorkerLine } from '../../../src/object/shared/worker-line.ts'
import { ManualPace } from '../things.ts'

/** A channel whose messages are delivered when a test says so. */
class ByHand implements Channel<FromLibrarian, ToLibrarian> {
  readonly posted: ToLibrarian[] = []
  #listener: (message: ToLibrarian) => void = () => {}

  post(): void {}

  take(): ToLibrarian | undefined {
    return this.posted.shift()
  }

  listen(listener: (message: ToLibrarian) => void): void {
    this.#listener = listener
  }

  close(): void {}

  /** The next message comes with a turn of its own. */
  deliver(): void {
    const next = this.posted.shift()
    if (next !== undefined) this.#listener(next)
  }
}

const large = (handle: number): ToLibrarian => ({ type: 'large', handle, buffers: [] })
const want = (handle: number): ToLibrarian => ({ type: 'want', handle })

function nameOf(message: ToLibrarian): string {
  return 'handle' in message ? `${message.type} ${message.handle}` : message.type
}

function opened(onTold: (name: string, line: WorkerLine) => void = () => {}): {
  readonly channel: ByHand
  readonly line: WorkerLine
  readonly told: string[]
  readonly pace: ManualPace
} {
  const channel = new ByHand()
  const pace = new ManualPace(0)
  const told: string[] = []
  const line: WorkerLine = new WorkerLine(channel, pace, (message) => {
    told.push(nameOf(message))
    onTold(nameOf(message), line)
  })
  return { channel, line, told, pace }
}

it('all that was posted is told in order when it is asked for', () => {
  const { channel, line, told } = opened()
  channel.posted.push(want(1), large(2), { type: 'wake' })
  channel.deliver()
  line.drain()
  expect(told).toEqual(['want 1', 'large 2', 'wake'])
})

it('bytes can be had in the middle of something, and the rest waits for a turn of its own', () => {
  const { channel, line, told, pace } = opened()
  channel.posted.push(want(1), large(2), want(3), large(4))
  line.takeBytes()
  expect(pace.waiting).toBe(1)
  line.takeBytes()
  expect([told, pace.waiting]).toEqual([['large 2', 'large 4'], 1])
  while (pace.take());
  expect(told).toEqual(['large 2', 'large 4', 'want 1', 'want 3'])
})

it('what waits is told before what comes, but bytes are there for it', () => {
  const { channel, line, told } = opened()
  channel.posted.push(want(1))
  line.takeBytes()
  channel.posted.push(large(1), want(2))
  channel.deliver()
  channel.deliver()
  expect(told).toEqual(['large 1', 'want 1', 'want 2'])
})

it('keeps its order where bytes are wanted while something is told', () => {
  const { channel, line, told } = opened((name, of) => {
    if (name === 'want 1') of.takeBytes()
  })
  channel.posted.push(want(1), want(2), large(3), want(4))
  line.drain()
  expect(told).toEqual(['large 3', 'want 1', 'want 2', 'want 4'])
  channel.posted.push(want(1), want(5), large(6))
  channel.deliver()
  expect(told.slice(4)).toEqual(['want 1', 'large 6', 'want 5'])
})

it('that is closed tells nothing more', () => {
  const { channel, line, told, pace } = opened()
  channel.posted.push(want(1))
  line.takeBytes()
  line.close()
  while (pace.take());
  expect(told).toEqual([])
})
