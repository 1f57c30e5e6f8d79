/** Thread 0 hands numbers from 1 on to thread 1, which posts the first that is not the next, or 0. */
import { parentPort } from 'node:worker_threads'
import { LINE_WORDS } from '../../../../src/object/shared/memory.ts'
import { Ring } from '../../../../src/object/shared/ring.ts'
import { randomFrom, start } from './threads.ts'

/** Values for which one side is the slower one: the ring is now nearly empty, now full. */
const SPELL = 4096

const { thread, words, capacity, count } = start<{ readonly words: Int32Array; readonly capacity: number; readonly count: number }>()
const ring = new Ring(words, capacity)
const random = randomFrom(thread)

function pause(value: number): void {
  if (Math.floor(value / SPELL) % 2 === thread) for (let times = random(64); times > 0; times--) ring.length
}

function produce(): number {
  for (let value = 1; value <= count; ) {
    const head = Atomics.load(words, 0)
    if (!ring.push(value)) {
      Atomics.wait(words, 0, head)
      continue
    }
    Atomics.notify(words, LINE_WORDS)
    pause(value)
    value++
  }
  return 0
}

function consume(): number {
  for (let next = 1; next <= count; ) {
    const tail = Atomics.load(words, LINE_WORDS)
    const value = ring.shift()
    if (value === 0) {
      Atomics.wait(words, LINE_WORDS, tail)
      continue
    }
    if (value !== next) return value
    Atomics.notify(words, 0)
    pause(value)
    next++
  }
  return ring.shift()
}

parentPort?.postMessage(thread === 0 ? produce() : consume())
