/** How much heap each worker may have: what the process may use, without the budget for objects, in equal shares for workers and supervisor. */
import type { ResourceLimits } from 'node:worker_threads'
import { memoryLimit } from '../config/memory.ts'

const MIB = 1024 * 1024
/** For objects that are young, both halves and what is large: a hit leaves nothing alive, so that more room only takes memory. */
const YOUNG = 24
/**
 * With less V8 collects at once, in one pause of tens of milliseconds and as thoroughly as it can, whenever what stands in for shared memory
 * (`object/shared/shared-garbage.ts`) is there: it takes half of this limit for more than it may have outside its heap. With this it marks beside.
 */
const LEAST = 192
/**
 * More heap than this makes the pauses of V8's collector longer, and a worker that fills it dies later. Below 2 GiB V8 collects once the heap is
 * twice what was alive, from there on four times.
 */
const MOST = 2000

/** `memory` in bytes, as is `limit`. */
export function heapLimits(memory: number, workers: number, limit: number = memoryLimit()): ResourceLimits {
  const share = Math.floor((limit - memory) / (workers + 1) / MIB)
  return { maxYoungGenerationSizeMb: YOUNG, maxOldGenerationSizeMb: Math.min(Math.max(share, LEAST), MOST) }
}
