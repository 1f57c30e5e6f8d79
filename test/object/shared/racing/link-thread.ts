/**
 * Threads from 1 on link entries at the heads of a few chains, each announced before. Thread 0 takes out what is announced, as soon as it can, and
 * posts how many entries it never found.
 */
import { parentPort } from 'node:worker_threads'
import { Entries, LIVE } from '../../../../src/object/shared/entries.ts'
import type { SharedMemory } from '../../../../src/object/shared/memory.ts'
import { noticesOf } from '../../../../src/object/shared/ring.ts'
import { arrive, arrived, start } from './threads.ts'

export interface Links {
  readonly memory: SharedMemory
  readonly buckets: number
  readonly counts: Int32Array
}

/** So few that the chains stay short: what is taken out is near the head. */
const MOST_ANNOUNCED = 64
/** Words that are counted up when there is something to do for the librarian, and for those who link. */
const ANNOUNCED = 0
const READ = 1

const data = start<Links>()
const { thread, threads, memory, buckets, counts } = data
const entries = new Entries(memory)

function link(): number {
  const notices = noticesOf(memory, thread)
  for (let entry = thread; entry <= memory.entries; entry += threads - 1) {
    entries.setHash(entry, entry % buckets)
    entries.setState(entry, LIVE)
    for (let seen = Atomics.load(counts, READ); notices.length >= MOST_ANNOUNCED; seen = Atomics.load(counts, READ)) {
      Atomics.wait(counts, READ, seen)
    }
    notices.push(entry)
    tell(ANNOUNCED)
    entries.link(entry)
  }
  arrive(data)
  tell(ANNOUNCED)
  return 0
}

function takeOut(): number {
  const announced = new Set<number>()
  for (let over = false; !over; ) {
    const seen = Atomics.load(counts, ANNOUNCED)
    over = arrived(data) === threads - 1
    for (let worker = 1; worker < threads; worker++) {
      const notices = noticesOf(memory, worker)
      for (let entry = notices.shift(); entry !== 0; entry = notices.shift()) announced.add(entry)
    }
    tell(READ)
    for (const entry of announced) if (entries.unlink(entry)) announced.delete(entry)
    if (!over && announced.size === 0) Atomics.wait(counts, ANNOUNCED, seen)
  }
  return announced.size
}

function tell(word: number): void {
  Atomics.add(counts, word, 1)
  Atomics.notify(counts, word)
}

parentPort?.postMessage(thread === 0 ? takeOut() : link())
