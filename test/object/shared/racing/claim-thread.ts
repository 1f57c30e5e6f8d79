/** Takes claims of a few keys that lie in one group, until it had so many, and ends them; with `steals` it also takes over what others hold. */
import { parentPort } from 'node:worker_threads'
import { ClaimCells } from '../../../../src/object/shared/claim-cells.ts'
import type { SharedMemory } from '../../../../src/object/shared/memory.ts'
import { randomFrom, start } from './threads.ts'

export interface Claims {
  readonly memory: SharedMemory
  /** Of each key: who is at it. */
  readonly at: Int32Array
  readonly claims: number
  readonly steals: boolean
}

export interface Claimed {
  readonly taken: number
  readonly stolen: number
  /** Claims that were this thread's own when it ended them, and that were not. */
  readonly freed: number
  readonly lost: number
  /** How often two were at one key, or something else was not as it must be. */
  readonly wrong: number
}

const { thread, memory, at, claims, steals } = start<Claims>()
const worker = thread + 1
const cells = new ClaimCells(memory)
const random = randomFrom(thread)
let taken = 0
let stolen = 0
let freed = 0
let lost = 0
let wrong = 0

while (taken < claims) {
  const key = random(at.length)
  const tag = (key + 1) << 8
  let claim = cells.take(0, tag, worker)
  if (claim > 0) {
    taken++
  } else if (claim < 0 && steals) {
    claim = cells.steal(0, tag, -claim, worker)
    if (claim > 0) stolen++
  }
  if (claim <= 0) continue
  if (!steals && Atomics.compareExchange(at, key, 0, worker) !== 0) wrong++
  for (let times = random(20); times > 0; times--) if (!steals && cells.holder(0, tag) !== worker) wrong++
  if (!steals && Atomics.compareExchange(at, key, worker, 0) !== worker) wrong++
  if (cells.free(claim, tag, worker)) freed++
  else lost++
}

parentPort?.postMessage({ taken, stolen, freed, lost, wrong } satisfies Claimed)
