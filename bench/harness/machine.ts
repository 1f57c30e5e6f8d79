/** Where and with what something was measured. */
import { spawnSync } from 'node:child_process'
import { cpus, loadavg, release, totalmem, type } from 'node:os'
import { pinned } from './pinning.ts'
import { ROOT } from './target.ts'

export interface Machine {
  readonly processor: string
  readonly cores: number
  readonly memoryGiB: number
  readonly system: string
  /** Whether server and load had a core each. */
  readonly pinned: boolean
  /** Of the last minute, when the run began: what else the machine did. */
  readonly loadAverage: number
}

export function machine(): Machine {
  return {
    processor: cpus()[0]?.model ?? 'unknown processor',
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 1024 ** 3),
    system: `${type()} ${release()}`,
    pinned,
    loadAverage: Math.round((loadavg()[0] ?? 0) * 100) / 100,
  }
}

/** The versions of what takes part; a program that is not installed has none. */
export function versions(): Readonly<Record<string, string>> {
  const found: Record<string, string> = { node: process.versions.node }
  for (const [name, command, pattern] of PROGRAMS) {
    const [program = '', ...args] = command
    const { stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', cwd: ROOT })
    const version = pattern.exec(`${stdout ?? ''}${stderr ?? ''}`)?.[1]
    if (version !== undefined) found[name] = version
  }
  return found
}

const PROGRAMS: readonly (readonly [name: string, command: readonly string[], pattern: RegExp])[] = [
  ['clearcoat', ['git', 'describe', '--always', '--dirty', '--exclude=*'], /^(\S+)/],
  ['nginx', ['nginx', '-v'], /nginx\/(\S+)/],
  ['varnish', ['varnishd', '-V'], /varnish-(\d[\d.]*)/],
  ['wrk', ['wrk', '-v'], /wrk (?:\S*\/)?v?(\d[\d.]*)/],
]
