/** A server whose clients are served by workers. This thread has the admin listener and no traffic. */
import { type Assembly, assemble, type ServerOptions } from '../assembly.ts'
import { ConfigError } from '../config/config-error.ts'
import { resolveAdminToken, resolveSettings } from '../config/resolve.ts'
import { Counters, workerCounterBuffer } from '../counters.ts'
import { SummedCounters } from '../counters-summed.ts'
import { shareOf } from '../origin/registry.ts'
import { bucketMemory } from '../policy/services/buckets.ts'
import { sharedLimits } from '../policy/services/redis-limits.ts'
import { Seal } from '../redis/seal.ts'
import { Running } from '../server/running.ts'
import type { Server } from '../server/server.ts'
import { checkPolicyOptions, opened } from '../server.ts'
import { leastMemory, shareMemory } from '../stores.ts'
import { sharedXids, Xids } from '../vsl/xids.ts'
import { Fleet } from './fleet.ts'
import type { Spawn } from './handle.ts'
import type { AccessTarget, WorkerOptions } from './messages.ts'

/** Where the workers' access records go when no `accessLog` takes them. */
export interface WorkerOutput {
  readonly access: AccessTarget
  /** Takes lines, of which there are `count`. */
  readonly lines: (text: string, count: number) => void
  /** Is given what opens the workers' files anew. */
  readonly reopening: (reopen: () => void) => void
}

export interface Supervision {
  readonly workers: number
  readonly spawn: (assembly: Assembly) => Spawn
  readonly output: WorkerOutput | null
}

/** Starts them; all serve when the promise resolves. Rejects as `createServer` does. */
export async function supervise(options: ServerOptions, { workers, spawn, output }: Supervision): Promise<Server> {
  checkPolicyOptions(options)
  const adminToken = resolveAdminToken(options.adminToken)
  const counters = Array.from({ length: workers }, () => new Counters(workerCounterBuffer()))
  const settings = resolveSettings(options)
  checkMemory(settings.memory, workers)
  const memory = shareMemory(settings, workers)
  const limits = settings.redis === null ? bucketMemory() : sharedLimits(new Seal(settings.redis.secret, settings.redis.prefix))
  const xids = sharedXids()
  const assembly = assemble(options, {
    xids: new Xids(xids),
    counters: new SummedCounters(counters),
    limits,
    shared: { role: 'librarian', memory },
  })
  const { librarian } = assembly.stores
  if (librarian === null) throw new Error('there is nobody who keeps the books')
  const accessLog = options.accessLog ?? null
  const fleet = new Fleet({
    assembly,
    counters,
    spawn: spawn(assembly),
    options: workerOptions(options, assembly, workers),
    access: output?.access ?? (accessLog === null ? { type: 'none' } : { type: 'records' }),
    accessLog,
    lines: output?.lines ?? (() => {}),
    ...{ librarian, memory, limits, xids },
  })
  output?.reopening(() => fleet.reopenLogs())
  const running = new Running({ assembly, traffic: fleet, origins: fleet, refetch: (target) => fleet.refetch(target), workers: counters })
  return opened(running, options, adminToken)
}

function checkMemory(memory: number, workers: number): void {
  const least = leastMemory(workers)
  if (memory < least)
    throw new ConfigError({
      what: `memory ${memory} is too little for ${workers} workers`,
      why: `they need ${least} bytes to work with`,
      how: `give at least ${Math.ceil(least / (1024 * 1024))}M, or fewer workers`,
    })
}

/** The budget is one for all; of the connections each has a share. */
function workerOptions(options: ServerOptions, { settings }: Assembly, workers: number): WorkerOptions {
  const {
    listen: _l,
    admin: _a,
    adminToken: _t,
    workers: _w,
    policy: _p,
    policyFile: _f,
    vclLabels: _v,
    watch: _h,
    accessLog: _g,
    eventLog: _e,
    ...rest
  } = options
  const { clock: _c, ...given } = rest
  const { connections, originConnections } = settings.limits
  return {
    ...given,
    memory: settings.memory,
    limits: {
      ...given.limits,
      connections: shareOf(connections, workers),
      originConnections: shareOf(originConnections, workers),
    },
  }
}
