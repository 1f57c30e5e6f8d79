/** A server in one thread, with its sockets. */
import { refetch } from './admin/refetch.ts'
import { type AssemblyParts, assemble, type ServerOptions } from './assembly.ts'
import { ConfigError } from './config/config-error.ts'
import { resolveAdminToken } from './config/resolve.ts'
import { Listeners } from './server/listeners.ts'
import { Running } from './server/running.ts'
import type { Server } from './server/server.ts'

/**
 * Starts a server in this thread; its sockets are open when the promise resolves. Rejects with a `ConfigError` for an option that cannot be, a
 * `PolicyError` or `PolicyLoadError` for a policy that cannot be used, a `ListenError` for an address that cannot be listened on.
 */
export async function openServer(options: ServerOptions, parts: AssemblyParts = {}): Promise<Server> {
  checkPolicyOptions(options)
  const adminToken = resolveAdminToken(options.adminToken)
  const assembly = assemble(options, parts)
  const running = new Running({
    assembly,
    traffic: new Listeners(assembly, false),
    origins: assembly.origins,
    refetch: (target) => refetch(assembly.engine, target),
    workers: [assembly.counters],
  })
  return opened(running, options, adminToken)
}

/** Opens a server, and closes it again when that fails. */
export async function opened(running: Running, options: ServerOptions, adminToken: string | null): Promise<Server> {
  try {
    await running.open(options, adminToken)
  } catch (error) {
    await running.close()
    throw error
  }
  return running
}

export function checkPolicyOptions({ policy, policyFile, watch }: ServerOptions): void {
  if (policy !== undefined && policyFile !== undefined)
    throw new ConfigError({
      what: 'policy and policyFile are both given',
      why: 'only one policy can be in use',
      how: 'leave one of them out',
    })
  if (watch === true && policyFile === undefined)
    throw new ConfigError({
      what: 'watch cannot be used',
      why: 'there is no policy file to watch',
      how: 'give the file: --policy FILE, or policyFile',
    })
}
