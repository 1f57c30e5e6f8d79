/**
 * What a process with workers is begun with, since it is read once.
 *
 * One arena: glibc gives each thread one of its own to allocate from, and what one thread frees in another's arena leaves holes, with two workers
 * 50 to 100 MB of memory that nobody uses.
 *
 * Little room for young objects: V8 may take three times 16 MiB of it for the thread that keeps the books, in which what is new is there to stay.
 * (Workers have as much as `workers/heap-limit.ts` says.)
 */

const ARENAS = 'MALLOC_ARENA_MAX'
const YOUNG = '--max-semi-space-size=8'

/**
 * Replaces the running program by itself with what it should be begun with, unless it was told otherwise. The process keeps its number, its open
 * standard streams and its arguments. Returns where nothing is left to do, where that cannot be done, or is of no use: anywhere but on Linux.
 */
export function beginAnew(): void {
  const { env, execArgv, execPath, argv } = process
  if (process.platform !== 'linux' || process.execve === undefined) return
  const arenas = env[ARENAS] === undefined ? { [ARENAS]: '1' } : {}
  const young = saysHowYoung([...execArgv, env['NODE_OPTIONS'] ?? '']) ? [] : [YOUNG]
  if (env[ARENAS] !== undefined && young.length === 0) return
  process.execve(execPath, [execPath, ...young, ...execArgv, ...argv.slice(1)], { ...env, ...arenas })
}

function saysHowYoung(flags: readonly string[]): boolean {
  return flags.some((flag) => /semi[-_]space[-_]size/.test(flag))
}
