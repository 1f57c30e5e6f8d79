/**
 * Loads of several servers at once, of which one at a time goes on, for a tenth of a second or so, while the others stand still: what a machine does
 * beside, and how fast its cores are just then, is the same for all of them. Rounds of seconds, one server after the other, differ by a factor of two
 * on a shared host; ratios out of slices by some per cent.
 */
import type { LoadResult, LoadRun } from './load.ts'

export interface Slices {
  /** How long one goes on, milliseconds. */
  readonly slice: number
  /** How long each goes on in all, on average. */
  readonly seconds: number
}

export interface SlicedRun extends LoadResult {
  /** Seconds in which it went on. */
  readonly active: number
}

/** The time that is told from outside: the machine's, but for tests. */
export interface Watch {
  /** Milliseconds. */
  now(): number
  pause(ms: number): Promise<void>
}

const WATCH: Watch = {
  now: () => performance.now(),
  pause: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
}

/** Until the answers that are under way have arrived. */
const DRAIN_MS = 2
/** Until a load has all its connections. */
const BEGIN_MS = 50

/** `begin` starts a load that runs by the clock, standing still or not, for so many whole seconds. */
export async function inSlices(
  begins: readonly ((seconds: number) => Promise<LoadRun>)[],
  { slice, seconds }: Slices,
  { now, pause }: Watch = WATCH,
): Promise<readonly SlicedRun[]> {
  const total = Math.ceil(seconds * begins.length)
  const runs: { run: LoadRun; active: number; since: number }[] = []
  const began = now()
  const halt = (one: (typeof runs)[number]): Promise<void> => {
    one.run.signal('SIGSTOP')
    one.active += now() - one.since
    return pause(DRAIN_MS)
  }
  const goOn = (one: (typeof runs)[number]): void => {
    one.since = now()
    one.run.signal('SIGCONT')
  }
  for (const begin of begins) {
    const run = await begin(total)
    runs.push({ run, active: 0, since: now() })
    await pause(BEGIN_MS)
    await halt(runs.at(-1) as (typeof runs)[number])
  }
  for (let turn = 0; now() - began < total * 1000; turn++) {
    const one = runs[turn % runs.length] as (typeof runs)[number]
    goOn(one)
    await pause(slice)
    await halt(one)
  }
  // Their time is over: each ends as soon as it sees the clock.
  const results: SlicedRun[] = []
  for (const one of runs) {
    goOn(one)
    const result = await one.run.result
    const active = (one.active + now() - one.since) / 1000
    results.push({ ...result, active })
  }
  return results
}
