/**
 * Thread 0 publishes one place after another and spoils those before, once they are reclaimed. The others look at what is published, for as long as
 * they are inside, and post how often they found it spoiled.
 */
import { parentPort } from 'node:worker_threads'
import { Control } from '../../../../src/object/shared/control.ts'
import { Epochs } from '../../../../src/object/shared/epochs.ts'
import type { SharedMemory } from '../../../../src/object/shared/memory.ts'
import { arrive, arrived, start } from './threads.ts'

export interface Places {
  readonly memory: SharedMemory
  /** Word 0: the place that is published. A place is good while it holds its own number. */
  readonly places: Int32Array
  readonly rounds: number
}

const SPOILED = -1
const data = start<Places>()
const { thread, threads, places, rounds } = data
const epochs = new Epochs(new Control(data.memory))

function publish(): number {
  const spare: number[] = []
  for (let place = 2; place < places.length; place++) spare.push(place)
  let reclaimed = 0
  for (let round = 0; round < rounds || arrived(data) < threads - 1; round++) {
    const next = spare.shift()
    if (next !== undefined) {
      const last = Atomics.load(places, 0)
      Atomics.store(places, next, next)
      Atomics.store(places, 0, next)
      epochs.retire(() => {
        Atomics.store(places, last, SPOILED)
        spare.push(last)
      })
    }
    reclaimed += epochs.reclaim()
  }
  // A thread may have been inside, without a turn, for all that time; nobody is now.
  for (let times = 0; times < 3; times++) reclaimed += epochs.reclaim()
  return reclaimed
}

function look(): number {
  let spoiled = 0
  for (let round = 0; round < rounds; round++) {
    epochs.enter(thread)
    const place = Atomics.load(places, 0)
    for (let times = 0; times < 20; times++) if (Atomics.load(places, place) !== place) spoiled++
    epochs.leave(thread)
  }
  arrive(data)
  return spoiled
}

parentPort?.postMessage(thread === 0 ? publish() : look())
