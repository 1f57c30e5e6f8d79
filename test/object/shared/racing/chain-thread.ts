/** Thread 0 is the librarian; the others link, find and kill entries in a few short chains, which are used again and again. */
import { parentPort } from 'node:worker_threads'
import { Control } from '../../../../src/object/shared/control.ts'
import { DEAD, Entries, HANDED, LIVE } from '../../../../src/object/shared/entries.ts'
import { Epochs } from '../../../../src/object/shared/epochs.ts'
import type { SharedMemory } from '../../../../src/object/shared/memory.ts'
import { noticesOf, spareEntriesOf } from '../../../../src/object/shared/ring.ts'
import { arrive, arrived, randomFrom, start } from './threads.ts'

export interface Chains {
  readonly memory: SharedMemory
  /** How many are used. */
  readonly buckets: number
  readonly steps: number
}

/** What was live under a bucket when it had that version. */
export interface Remembered {
  readonly version: number
  readonly live: readonly number[]
}

export interface Chained {
  readonly linked: number
  readonly killed: number
  /** Entries that the librarian gave back. */
  readonly renewed: number
  /** What must never be seen: each kind once. */
  readonly wrong: readonly string[]
  readonly remembered: readonly Remembered[]
}

const data = start<Chains>()
const { thread, threads, memory, buckets, steps } = data
const entries = new Entries(memory)
const control = new Control(memory)
const epochs = new Epochs(control)
const random = randomFrom(thread)
const wrong = new Set<string>()
const remembered: Remembered[] = Array.from({ length: buckets }, () => ({ version: -1, live: [] }))
let linked = 0
let killed = 0
let renewed = 0

/** What a record says of itself, from its hash and its number. */
const recordOf = (hash: number, sequence: number): number => Math.imul(hash ^ Math.imul(sequence, 0x9e37_79b9), 0x85eb_ca6b) >>> 1

/** Looks at an entry that a walk of that bucket found; its generation. */
function check(entry: number, bucket: number): number {
  const generation = entries.generation(entry)
  const hash = entries.hash(entry)
  const record = recordOf(hash, entries.sequence(entry))
  if (entries.bucketOf(hash) !== bucket) wrong.add('an entry of another bucket')
  if (entries.address(entry) !== record || entries.size(entry) !== record + 1) wrong.add('a torn entry')
  if (entries.state(entry) < LIVE) wrong.add('an entry that is not in use')
  return generation
}

/** Walks a chain, and tells what was live; then looks whether all that was found is still what it was. */
function walk(bucket: number): number[] {
  const version = entries.version(bucket)
  const found: number[] = []
  const generations: number[] = []
  const live: number[] = []
  for (let entry = entries.first(bucket); entry !== 0 && found.length <= memory.entries; entry = entries.next(entry)) {
    generations.push(check(entry, bucket))
    found.push(entry)
    if (entries.isLive(entry)) live.push(entry)
  }
  if (new Set(found).size < found.length) wrong.add('an entry twice in a chain')
  found.forEach((entry, at) => {
    if (check(entry, bucket) !== generations[at]) wrong.add('an entry used anew while somebody stands on it')
  })
  remembered[bucket] = { version, live: live.map((entry) => entries.sequence(entry)) }
  return live
}

function link(entry: number): void {
  const bucket = random(buckets)
  const hash = bucket + random(1000) * memory.buckets
  const sequence = control.next()
  if (entries.state(entry) !== HANDED) wrong.add('an entry handed out while it was in use')
  entries.setHash(entry, hash)
  entries.setSequence(entry, sequence)
  entries.setAddress(entry, recordOf(hash, sequence))
  entries.setSize(entry, recordOf(hash, sequence) + 1)
  entries.setState(entry, LIVE)
  if (!noticesOf(memory, thread).push(entry)) wrong.add('no room for a notice')
  const before = entries.version(bucket)
  entries.link(entry)
  linked++
  if (entries.version(bucket) === before) wrong.add('a version that stayed the same')
  if (!walk(bucket).includes(entry) && entries.isLive(entry)) wrong.add('a live entry that is not in its chain')
}

function work(): void {
  const spare = spareEntriesOf(memory, thread)
  for (let step = 0; step < steps; step++) {
    epochs.enter(thread)
    const entry = random(3) === 0 ? spare.shift() : 0
    if (entry !== 0) link(entry)
    else {
      const live = walk(random(buckets))
      const victim = live[random(live.length || 1)]
      if (victim !== undefined && random(2) === 0 && entries.kill(victim)) killed++
    }
    epochs.leave(thread)
  }
  arrive(data)
}

/** Hands out what is free, and takes back what is dead, until all have arrived and all dead entries are back. */
function keep(): void {
  const books = new Set<number>()
  const hand = (entry: number): void => {
    entries.setState(entry, HANDED)
    spareEntriesOf(memory, 1 + (entry % (threads - 1))).push(entry)
  }
  for (let entry = 1; entry <= memory.entries; entry++) hand(entry)
  for (let over = false; !over; ) {
    over = arrived(data) === threads - 1
    for (let worker = 1; worker < threads; worker++) {
      const notices = noticesOf(memory, worker)
      for (let entry = notices.shift(); entry !== 0; entry = notices.shift()) books.add(entry)
    }
    for (const entry of books) {
      if (entries.state(entry) !== DEAD || !entries.unlink(entry)) continue
      books.delete(entry)
      epochs.retire(() => {
        entries.renew(entry)
        renewed++
        hand(entry)
      })
    }
    epochs.reclaim()
  }
  epochs.reclaim()
}

if (thread === 0) keep()
else work()
parentPort?.postMessage({ linked, killed, renewed, wrong: [...wrong], remembered } satisfies Chained)
