/**
 * glibc gives each thread an arena of its own to allocate from, and what one thread frees in another's arena leaves holes: with two workers 50 to
 * 100 MB of memory that nobody uses. The number of arenas is read once, when a process begins.
 */

const VARIABLE = 'MALLOC_ARENA_MAX'

/**
 * Replaces the running program by itself with one arena for all threads, unless the environment says how many there are to be. The process keeps
 * its number, its open standard streams and its arguments. Returns where that cannot be done, or is of no use: anywhere but on Linux.
 */
export function useOneArena(): void {
  if (process.platform !== 'linux' || process.env[VARIABLE] !== undefined || process.execve === undefined) return
  process.execve(process.execPath, [process.execPath, ...process.execArgv, ...process.argv.slice(1)], { ...process.env, [VARIABLE]: '1' })
}
