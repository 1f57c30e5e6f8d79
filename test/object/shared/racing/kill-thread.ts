/** Each thread kills all entries in their order, and posts how many it killed: who is behind finds dead ones, and catches up with the first. */
import { parentPort } from 'node:worker_threads'
import { Entries } from '../../../../src/object/shared/entries.ts'
import type { SharedMemory } from '../../../../src/object/shared/memory.ts'
import { start } from './threads.ts'

const { memory } = start<{ readonly memory: SharedMemory }>()
const entries = new Entries(memory)
let killed = 0
for (let entry = 1; entry <= memory.entries; entry++) if (entries.kill(entry)) killed++

parentPort?.postMessage(killed)
