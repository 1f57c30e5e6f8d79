/** Which core a process runs on: the server alone on one, load and origin on another, where there are two and `taskset` exists. */
import { spawnSync } from 'node:child_process'
import { availableParallelism } from 'node:os'

export type Role = 'server' | 'load'

const CORES: Readonly<Record<Role, string>> = { server: '0', load: '1' }

/** Whether processes are pinned; if not, figures include what they take from each other. */
export const pinned: boolean = availableParallelism() >= 2 && installed('taskset')

/** The command line that runs `command` on the core of its role. */
export function onCore(role: Role, command: readonly string[]): readonly string[] {
  return pinned ? ['taskset', '-c', CORES[role], ...command] : command
}

export function installed(program: string): boolean {
  return spawnSync('sh', ['-c', `command -v ${program}`]).status === 0
}
