/**
 * Processor time of running processes, from `/proc`: to the nanosecond where the kernel says so for each thread, else in hundredths of a
 * second. A thread that runs just then is up to a tick (4 ms) behind: it is read while it stands still.
 */
import { readdirSync, readFileSync } from 'node:fs'

/** Linux counts processor time in hundredths of a second for every program that asks (`USER_HZ`). */
const NANOSECONDS_PER_TICK = 10_000_000

/** User and system time of a process, of all its threads and of all that descends from it. */
export class ProcessorTime {
  readonly #root: number
  /** By thread, nanoseconds. A thread that has ended keeps what it had when it was last looked at. */
  readonly #spent = new Map<number, number>()

  constructor(root: number) {
    this.#root = root
  }

  /** Microseconds so far. */
  read(): number {
    for (const pid of family(this.#root)) {
      for (const thread of entriesOf(`/proc/${pid}/task`)) {
        const spent = nanosecondsOf(`/proc/${pid}/task/${thread}`)
        if (spent !== null) this.#spent.set(Number(thread), spent)
      }
    }
    let sum = 0
    for (const spent of this.#spent.values()) sum += spent
    return sum / 1000
  }
}

/** A process and all that descend from it. */
function family(root: number): readonly number[] {
  const children = new Map<number, number[]>()
  for (const name of entriesOf('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const parent = Number(statOf(`/proc/${name}`)[1])
    children.set(parent, [...(children.get(parent) ?? []), Number(name)])
  }
  const found = [root]
  for (const pid of found) found.push(...(children.get(pid) ?? []))
  return found
}

/** `null` for a thread that has gone. */
function nanosecondsOf(directory: string): number | null {
  const [exact] = (textOf(`${directory}/schedstat`) ?? '').split(' ')
  if (exact !== undefined && exact !== '') return Number(exact)
  const stat = statOf(directory)
  return stat.length === 0 ? null : (Number(stat[11]) + Number(stat[12])) * NANOSECONDS_PER_TICK
}

/** The fields behind the program's name, which may hold spaces (proc(5)); none when it has gone. */
function statOf(directory: string): readonly string[] {
  const text = textOf(`${directory}/stat`)
  return text === null ? [] : text.slice(text.lastIndexOf(')') + 2).split(' ')
}

function textOf(file: string): string | null {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return null
  }
}

function entriesOf(directory: string): readonly string[] {
  try {
    return readdirSync(directory)
  } catch {
    return []
  }
}
