/**
 * Threads from 1 on link entries at the heads of a few chains, each announced before. Thread 0 takes out what stands at a head, and what was just
 * announced, which may be about to be linked. It posts how many entries it never found, or found twice.
 */
import { parentPort } from 'node:worker_threads'
import { Entries, LIVE } from '../../../../src/object/shared/entries.ts'
import type { SharedMemory } from '../../../../src/object/shared/memory.ts'
import { arrive, arrived, randomFrom, start } from './threads.ts'

export interface Links {
  readonly memory: SharedMemory
  readonly buckets: number
  /** Of each thread: the entry that it links next, or has linked last. */
  readonly announced: Int32Array
}

/** Entries that are linked slowly, so that the librarian keeps up, before as many that are linked at full speed. */
const SPELL = 4096

const data = start<Links>()
const { thread, threads, memory, buckets, announced } = data
const entries = new Entries(memory)
const random = randomFrom(thread)

function link(): number {
  for (let entry = thread; entry <= memory.entries; entry += threads - 1) {
    entries.setHash(entry, entry % buckets)
    entries.setState(entry, LIVE)
    if (Math.floor(entry / SPELL) % 2 === 0) for (let times = random(16); times > 0; times--) entries.version(0)
    Atomics.store(announced, thread, entry)
    entries.link(entry)
  }
  arrive(data)
  return 0
}

function takeOut(): number {
  const out = new Uint8Array(memory.entries + 1)
  let count = 0
  const take = (entry: number): void => {
    if (out[entry] !== 0 || !entries.unlink(entry)) return
    out[entry] = 1
    count++
  }
  for (let over = false; !over; ) {
    over = arrived(data) === threads - 1
    for (let bucket = 0; bucket < buckets; bucket++) {
      for (let entry = entries.first(bucket); entry !== 0 && out[entry] === 0; entry = entries.first(bucket)) take(entry)
    }
    for (let worker = 1; worker < threads; worker++) {
      const entry = Atomics.load(announced, worker)
      if (entry !== 0) take(entry)
    }
  }
  return memory.entries - count
}

parentPort?.postMessage(thread === 0 ? takeOut() : link())
