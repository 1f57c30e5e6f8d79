/** How a run ends: the exit codes, and errors told as what, why and how to mend. */
import { type ConfigComplaint, ConfigError } from '../config/config-error.ts'
import { UsageError } from '../config/resolve.ts'
import { ListenError } from '../listen/listener.ts'
import { PolicyLoadError } from '../policy/load-error.ts'

export const EXIT = { ok: 0, failure: 1, usage: 2, untranslatable: 3, unavailable: 69, config: 78 } as const

export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

/** A command that failed for a reason with an exit code of its own. */
export class CommandError extends Error {
  readonly what: string
  readonly why: string
  readonly how: string
  readonly code: ExitCode

  constructor(code: ExitCode, { what, why, how }: ConfigComplaint) {
    super(`${what}: ${why}; ${how}`)
    this.name = 'CommandError'
    this.code = code
    this.what = what
    this.why = why
    this.how = how
  }
}

export interface Ending {
  readonly code: ExitCode
  /** For standard error, with its line ends. */
  readonly text: string
}

/** What a failed start means. Errors that are nobody's mistake but ours keep their stack. */
export function endingOf(error: unknown): Ending {
  if (error instanceof ConfigError) return { code: error instanceof UsageError ? EXIT.usage : EXIT.config, text: told(error) }
  if (error instanceof CommandError) return { code: error.code, text: told(error) }
  if (error instanceof PolicyLoadError) return { code: EXIT.config, text: told(error) }
  const failure = systemFailure(error)
  if (failure !== null) return { code: EXIT.unavailable, text: told(failure) }
  return { code: EXIT.failure, text: `clearcoat: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n` }
}

export function told({ what, why, how }: { readonly what: string; readonly why: string; readonly how: string }): string {
  return `clearcoat: ${printable(what)}\n  why: ${printable(why)}\n  fix: ${printable(how)}\n`
}

const SYSTEM: Readonly<Record<string, readonly [why: string, how: string]>> = {
  EADDRINUSE: [
    'another process uses this address already',
    'end that process, or choose another address with --listen or --admin (port 0: any free one)',
  ],
  EACCES: ['this user may not open it', 'choose a port from 1024 up, or a socket path in a folder of your own'],
  EPERM: ['this user may not open it', 'choose a port from 1024 up, or a socket path in a folder of your own'],
  EADDRNOTAVAIL: ['this machine has no such address', 'use one of its own addresses, 127.0.0.1, or :port for all'],
  EAFNOSUPPORT: ['this machine has no such kind of address', 'use an IPv4 address, or a socket path'],
  ENOTFOUND: ['the name has no address', 'use an IP address'],
  EAI_AGAIN: ['the name could not be resolved', 'use an IP address, or mend the name service'],
  ENOENT: ['the folder does not exist', 'make it, or choose another path'],
  EMFILE: ['this process may open no more files', 'raise the limit with ulimit -n'],
}

const SOCKET_CALLS: ReadonlySet<string | undefined> = new Set(['listen', 'bind', 'getaddrinfo', 'chmod'])

/** Failures to open a socket, as the system names them. */
function systemFailure(error: unknown): { what: string; why: string; how: string } | null {
  if (!(error instanceof Error)) return null
  const {
    code = '',
    address,
    port,
    hostname,
    syscall,
  } = error as NodeJS.ErrnoException & { address?: string; port?: number; hostname?: string }
  if (!(error instanceof ListenError || SOCKET_CALLS.has(syscall))) return null
  const host = address ?? hostname
  const where = host === undefined ? '' : ` on ${host}${port === undefined || port < 0 ? '' : `:${port}`}`
  const [why, how] = SYSTEM[code] ?? [error.message, 'choose another address']
  return { what: `cannot listen${where}`, why: `${why} (${code})`, how }
}

function printable(text: string): string {
  return text.replace(/[\x00-\x1f\x7f-\x9f]/g, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`)
}
