/** A server in this thread: alone, or with workers that have its clock, policy and logs, where the environment says so (`vitest.config.ts`, the project “two workers”). */
import type { Assembly, AssemblyParts } from '../../src/assembly.ts'
import { systemClock } from '../../src/clock.ts'
import { createServer, type Server, type ServerOptions } from '../../src/index.ts'
import { openServer } from '../../src/server.ts'
import type { Spawn } from '../../src/workers/handle.ts'
import { localWorkers } from '../../src/workers/local-worker.ts'
import { supervise } from '../../src/workers/supervise.ts'

export const WORKERS: number = Number(process.env['CLEARCOAT_TEST_WORKERS'] ?? 1)

/** What takes the place of Redis. */
export type TierParts = Pick<AssemblyParts, 'tier' | 'vouching'>

/** A Redis behind every server that has no tier of its own, each with a prefix to itself: to see what journeys leave there. */
const REDIS: string | undefined = process.env['CLEARCOAT_TEST_REDIS']
/** What entries there are authenticated with. */
export const REDIS_SECRET = 'of-all-the-journeys-of-tests'
let prefixes = 0

export function serve(given: ServerOptions, parts: TierParts = {}): Promise<Server> {
  const options = REDIS === undefined || parts.tier !== undefined ? given : withRedis(given, REDIS)
  if (WORKERS === 1) return parts.tier === undefined && parts.vouching === undefined ? createServer(options) : openServer(options, parts)
  const { clock = systemClock, policy, accessLog = null } = options
  const spawn = ({ log }: Assembly): Spawn =>
    localWorkers({ clock, accessLog, eventLog: log, ...(policy === undefined ? {} : { policy }), ...parts })
  return supervise(options, { workers: WORKERS, spawn, output: null })
}

function withRedis(options: ServerOptions, servers: string): ServerOptions {
  const prefix = `journey-${process.pid}-${++prefixes}:`
  return { ...options, redis: options.redis ?? { servers, prefix, secret: REDIS_SECRET, deadline: 1 } }
}
