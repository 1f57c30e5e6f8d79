/** How much memory this process may use, control groups included, and the cache's share of it when nobody says otherwise. */
import { readFileSync } from 'node:fs'
import { totalmem } from 'node:os'
import { posix } from 'node:path'

const SHARE = 1 / 4
const MIB = 1024 * 1024
/** Below this a cache is of no use; above the limit of a process nobody starts one. */
export const SMALLEST_BUDGET: number = MIB

export interface MemoryView {
  /** Where `/proc` and `/sys` lie. */
  readonly root: string
  /** Bytes of the machine. */
  readonly total: number
}

/**
 * The smallest of the machine's memory and the limits of the process's control group and all groups above it (cgroup v2 `memory.max`,
 * v1 `memory.limit_in_bytes`), in bytes.
 */
export function memoryLimit(view: MemoryView = { root: '/', total: totalmem() }): number {
  let limit = view.total
  for (const file of limitFiles(view.root)) limit = Math.min(limit, readLimit(file))
  return limit
}

/** A quarter of the memory limit in whole MiB, at least one. */
export function defaultBudget(limit: number = memoryLimit()): number {
  return Math.max(SMALLEST_BUDGET, Math.floor((limit * SHARE) / MIB) * MIB)
}

/** In a container the group's own path is often not visible while its limit lies at the mount's root, so every level is asked. */
function limitFiles(root: string): string[] {
  const files: string[] = []
  for (const line of read(posix.join(root, 'proc/self/cgroup')).split('\n')) {
    const [id, controllers, ...path] = line.split(':')
    const group = path.join(':')
    if (id === '0' && controllers === '') files.push(...levels(posix.join(root, 'sys/fs/cgroup'), group, 'memory.max'))
    else if (controllers?.split(',').includes('memory'))
      files.push(...levels(posix.join(root, 'sys/fs/cgroup/memory'), group, 'memory.limit_in_bytes'))
  }
  return files
}

function levels(mount: string, group: string, name: string): string[] {
  const files: string[] = []
  // A group outside the namespace's root is shown as `/../…`; what lies above the mount is not ours to read.
  let path = posix.join('/', group)
  for (;;) {
    files.push(posix.join(mount, path, name))
    if (path === '/') return files
    path = posix.dirname(path)
  }
}

/** Infinity for `max`, for a missing file, and for v1's way of saying "none", which no machine has. */
function readLimit(file: string): number {
  const text = read(file).trim()
  return /^\d+$/.test(text) && Number(text) > 0 ? Number(text) : Number.POSITIVE_INFINITY
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
