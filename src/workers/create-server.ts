/** Starts a server, in one thread or with workers. */
import { availableParallelism } from 'node:os'
import type { ServerOptions } from '../assembly.ts'
import { ConfigError } from '../config/config-error.ts'
import { resolveWorkers } from '../config/resolve.ts'
import { parseListenAddress } from '../listen/address.ts'
import { type EventLog, jsonEventLog } from '../log.ts'
import type { Server } from '../server/server.ts'
import { DEFAULT_LISTEN } from '../server/traffic.ts'
import { openServer } from '../server.ts'
import { heapLimits } from './heap-limit.ts'
import { canSharePort } from './reservation.ts'
import { supervise, type WorkerOutput } from './supervise.ts'
import { threadWorkers } from './thread-worker.ts'

/**
 * Starts a server; its sockets are open when the promise resolves. Rejects with a `ConfigError` for an option that cannot be, a
 * `PolicyError` or `PolicyLoadError` for a policy that cannot be used, a `ListenError` for an address that cannot be listened on.
 */
export function createServer(options: ServerOptions = {}): Promise<Server> {
  return startServer(options, null)
}

/** As `createServer`; `output` takes what the workers log in place of `accessLog`. */
export async function startServer(options: ServerOptions, output: WorkerOutput | null): Promise<Server> {
  const workers = resolveWorkers(options.workers, availableParallelism())
  if (workers === 1) return openServer(options)
  refuseUnshared(options)
  const log = options.eventLog ?? jsonEventLog((line) => process.stderr.write(`${line}\n`))
  if (!(await mayShare(options.listen ?? DEFAULT_LISTEN, workers, log))) return openServer(options)
  return supervise(
    { ...options, eventLog: log },
    { workers, spawn: ({ settings }) => threadWorkers(heapLimits(settings.memory, workers)), output },
  )
}

/** What lives in the thread that made it. */
function refuseUnshared({ policy, clock }: ServerOptions): void {
  const refuse = (what: string, how: string): never => {
    throw new ConfigError({ what: `${what} cannot be used with several workers`, why: 'it cannot go to another thread', how })
  }
  if (policy !== undefined) refuse('policy', 'give policyFile, the name of the file that exports it, or workers: 1')
  if (clock !== undefined) refuse('clock', 'leave it out, or give workers: 1')
}

/** Whether several workers can serve there; says so once where not all can. */
async function mayShare(listen: readonly string[], workers: number, log: EventLog): Promise<boolean> {
  const unix = listen.filter((text) => parseListenAddress(text).type === 'unix')
  if (unix.length === listen.length) {
    log.warn({ event: 'workers', workers, listen: unix }, 'one worker serves: Unix sockets cannot be shared')
    return false
  }
  if (!(await canSharePort())) {
    log.warn({ event: 'workers', workers }, 'one worker serves: this system does not share ports among sockets')
    return false
  }
  if (unix.length > 0)
    log.warn({ event: 'workers', workers, listen: unix }, 'the first worker alone serves Unix sockets: they cannot be shared')
  return true
}
