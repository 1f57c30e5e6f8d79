/** Programs that tests run beside our own: found on PATH, else installed where that can be done, else one clear error. */
import { execFileSync, spawnSync } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

export interface Tool {
  /** The program's name. */
  readonly program: string
  /** The Debian packages that bring it, the first that installs is taken. */
  readonly packages: readonly string[]
}

export const NGINX: Tool = { program: 'nginx', packages: ['nginx-light', 'nginx'] }
export const REDIS: Tool = { program: 'redis-server', packages: ['redis-server'] }

const SYSTEM_FOLDERS = ['/usr/local/sbin', '/usr/sbin', '/sbin']

/** The program's path, or `null`. Administrators' folders count, which an ordinary user's PATH leaves out. */
export function findTool(program: string, path: string = process.env['PATH'] ?? ''): string | null {
  for (const folder of [...path.split(delimiter), ...SYSTEM_FOLDERS]) {
    const file = join(folder, program)
    try {
      accessSync(file, constants.X_OK)
      return file
    } catch {
      // Not in this folder.
    }
  }
  return null
}

/** The program's path. Throws an error that says what to install. */
export function requireTool({ program, packages }: Tool): string {
  const found = findTool(program) ?? (mayInstall() ? install(program, packages) : null)
  if (found !== null) return found
  throw new Error(`the tests need ${program}: install it (Debian, Ubuntu: apt-get install ${packages[0]}) or put it on PATH`)
}

function mayInstall(): boolean {
  return process.getuid?.() === 0 && findTool('apt-get') !== null
}

function install(program: string, packages: readonly string[]): string | null {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  spawnSync('apt-get', ['update'], { env, stdio: 'ignore' })
  for (const name of packages) {
    try {
      execFileSync('apt-get', ['install', '-y', '--no-install-recommends', name], { env, stdio: 'ignore' })
      return findTool(program)
    } catch {
      // The next package may do.
    }
  }
  return null
}
